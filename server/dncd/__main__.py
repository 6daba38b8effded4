"""`python -m dncd` is `dncd`."""

from dncd.cli import main

if __name__ == "__main__":
    main()
