"""The daemon: a supervisor, its worker processes, and what they share with the commands."""
