"""Ordered tables of bytes, with transactions: the contract, LMDB, and memory."""
