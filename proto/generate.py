"""Generate the committed stubs from the protos, or check that they match: `make proto`, `make check`."""

import argparse
import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

PROTO = Path(__file__).parent
CLIENT = PROTO.parent / "client"
STUBS = Path("donotcontact/v1")
# The protos as they were released last: `buf build -o released.binpb`, in proto/, at each release.
RELEASED = "released.binpb"


def generate(out: Path) -> None:
    """Write the stubs of every proto below `out`."""
    protos = sorted(str(path.relative_to(PROTO)) for path in (PROTO / STUBS).glob("*.proto"))
    outputs = [f"--{kind}_out={out}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *outputs, *protos]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command line


def differing(fresh: Path) -> list[str]:
    """Name the stubs that differ from, are missing from, or are left over in the committed ones."""
    names = {path.name for root in (fresh, CLIENT) for path in (root / STUBS).glob("*_pb2*")}
    _, mismatched, missing = filecmp.cmpfiles(fresh / STUBS, CLIENT / STUBS, sorted(names), shallow=False)
    return sorted(mismatched + missing)


def main() -> int:
    """Generate, or check; either way buf lints the protos and holds them to the released ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where stubs and protos differ")
    check = parser.parse_args().check
    for command in (["buf", "lint"], ["buf", "breaking", "--against", RELEASED]):
        subprocess.run(command, cwd=PROTO, check=True)  # noqa: S603 - our own command lines
    if not check:
        generate(CLIENT)
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        stale = differing(Path(fresh))
    if stale:
        sys.stderr.write(f"stubs differ from proto/: {', '.join(stale)}; run `make proto` and commit\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
