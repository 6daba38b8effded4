"""`python -m dncd` is `dncd`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with one line, also while it loads."""
    try:
        from dncd.cli import main as run  # noqa: PLC0415 - it takes a second, in which Ctrl-C may come

        run()
    except KeyboardInterrupt:
        sys.stderr.write("dncd: stopped\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
