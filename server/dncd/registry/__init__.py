"""External do-not-contact registers: read by formats, kept as immutable snapshots of bits, asked in columns."""
