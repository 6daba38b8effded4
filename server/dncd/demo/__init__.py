"""The demonstration: a messy call file against a real server, every verdict compared with the one that must come."""

from dncd.demo.run import run

__all__ = ["run"]
