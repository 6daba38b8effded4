"""`python -m dncd.demo`, with the options of the demonstration."""

import typer

from dncd.demo.run import run

typer.run(run)
