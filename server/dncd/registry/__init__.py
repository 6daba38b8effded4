"""Registries: external do-not-contact registers as immutable snapshots, read by formats, kept as bits, asked in columns."""
