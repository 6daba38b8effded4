"""Nobody but the owner of a store reads what lies in it: folders have mode 700 and files 600, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_running import Ended, dncd
from registry_commands import imported, registry


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Have the system give every new file to everybody who may look."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    assert registry(path, "create", "us-national", "--scope", "+1").returncode == 0
    return path


def open_to_others(folder: Path) -> dict[str, str]:
    """Name the folders that others may enter, and the files that they may read or write."""
    found = [folder, *folder.rglob("*")]
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in found}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def backed_up(store: Path, destination: Path) -> Ended:
    return dncd("backup", str(destination), "--store", str(store))


def test_a_store_with_lists_and_rejects_is_for_its_owner_alone(store: Path) -> None:
    listed = imported(store, [*range(100), 99_999])

    assert listed["rejects"] == 1
    assert {"manifest.json", "members.roaring", "rejects.csv"} <= {path.name for path in store.rglob("*")}
    assert open_to_others(store) == {}


def test_an_import_closes_a_folder_of_lists_that_was_open(store: Path) -> None:
    (store / "registries/us-national").mkdir(parents=True)
    before = open_to_others(store)

    imported(store, range(100))

    assert set(before) == {"registries", "registries/us-national"}
    assert open_to_others(store) == {}


def test_a_backup_is_for_its_owner_alone(store: Path, tmp_path: Path) -> None:
    assert backed_up(store, tmp_path / "copy").returncode == 0

    assert (tmp_path / "copy/data.mdb").stat().st_size
    assert open_to_others(tmp_path / "copy") == {}


def test_a_backup_into_an_open_folder_has_files_for_its_owner_alone(store: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir(mode=0o755)

    assert backed_up(store, tmp_path / "copy").returncode == 0

    # The folder stays as somebody made it: it may be the root of a volume.
    assert open_to_others(tmp_path / "copy") == {".": "0o755"}


@pytest.mark.parametrize("kind", ["used", "impossible", "file"])
def test_a_backup_to_where_it_cannot_be_says_so(store: Path, tmp_path: Path, kind: str) -> None:
    if kind == "used":
        assert backed_up(store, tmp_path / "used").returncode == 0
    (tmp_path / "file").write_text("mine")
    place = {"used": tmp_path / "used", "impossible": Path("/proc/nope"), "file": tmp_path / "file"}[kind]
    word = {"used": "not empty", "impossible": "No such file", "file": "exists"}[kind]

    refused = backed_up(store, place)

    assert refused.returncode == 2
    assert word in refused.stderr
    assert str(place) in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"
