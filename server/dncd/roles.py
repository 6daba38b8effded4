"""Roles, where the transport looks for them."""

from dncd.nouns import Role

__all__ = ["Role"]
