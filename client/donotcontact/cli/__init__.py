"""The `dnc` command. Its parts: `app` is the root, one module for each noun, `callfile` reads what people have."""

import os
import sys

EXTRA_MODULES = {"typer", "rich", "yaml"}


def main() -> None:
    """Run `dnc` with the arguments of the process and leave with one of its exit codes."""
    try:
        from donotcontact.cli.app import run  # noqa: PLC0415 - the library installs without what the command needs
    except ModuleNotFoundError as error:
        if error.name not in EXTRA_MODULES:
            raise
        sys.exit(f"dnc needs {error.name}: pip install 'donotcontact[cli]'")
    # gRPC's own lines about a connection say nothing that the command does not.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    run()
