"""What every command shares: how it opens the store, and how it ends."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from dncd.config import ENV_PREFIX, Settings, effective
from dncd.daemon.certificates import CertificateUnusable
from dncd.daemon.endpoint import EndpointUnusable
from dncd.daemon.readyfile import ReadyFileUnusable
from dncd.daemon.supervisor import ServingRefused
from dncd.errors import DncError, InvalidFields, StorageFull, StoreUnusable
from dncd.storage.lmdb import LmdbStore

FAILED: Final = 1
WRONG: Final = 2
STORE_UNUSABLE: Final = 3
EXIT_CODES: Final = (
    "Exit codes: 0 done; 1 refused, failed, or a broken journal; 2 a wrong option or setting;"
    " 3 the store cannot be used."
)

StoreOption = Annotated[
    Path | None, typer.Option("--store", help=f"The folder of the store. Default: {ENV_PREFIX}STORE, else dncd-store.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def run(command: Callable[[], object]) -> None:
    """Run a command line and end the process; expected failures become one line on stderr and an exit code."""
    try:
        command()
    except ValidationError as error:
        _end(WRONG, "; ".join(f"{_setting(fault)}{fault['msg']}" for fault in error.errors(include_input=False)))
    except (EndpointUnusable, ServingRefused, CertificateUnusable, ReadyFileUnusable) as error:
        _end(WRONG, str(error))
    except StoreUnusable as error:
        _end(STORE_UNUSABLE, str(error))
    except DncError as error:
        _end(FAILED, str(error))


def settings_for(store: Path | None) -> Settings:
    """Build the settings of a command that takes nothing but the store."""
    return effective({"store": store})


@contextmanager
def attached(store: Path | None, *, create: bool = False) -> Iterator[LmdbStore]:
    """Open a store beside the server that may be serving it; with `create`, make one where there is none.

    Raises `StoreUnusable`, and `StorageFull` with the path.
    """
    path = settings_for(store).store
    with room_named(path):
        opened = LmdbStore.attach(path, create=create)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def room_named(path: Path) -> Iterator[None]:
    """Say of a full disk which one it is, and what to do."""
    try:
        yield
    except StorageFull as error:
        raise StorageFull(f"the disk of {path} is full, nothing was changed: make room and try again") from error


@contextmanager
def options_judged() -> Iterator[None]:
    """End the command with `WRONG` where an option or argument is not what it must be."""
    try:
        yield
    except InvalidFields as error:
        say(f"dncd: {error}")
        raise typer.Exit(WRONG) from None


def say(line: str) -> None:
    """Print a line for the person, where it does not disturb what a machine reads."""
    typer.echo(line, err=True)


def _setting(fault: Any) -> str:
    return f"setting {'.'.join(map(str, fault['loc']))}: " if fault["loc"] else ""


def _end(code: int, sentence: str) -> None:
    say(f"dncd: {sentence}")
    sys.exit(code)
