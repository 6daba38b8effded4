"""`dncd registry verify` and `rebuild`: what they say of sound and damaged files, and what they make of them."""

from pathlib import Path

import pytest

from registry_commands import imported, registry, told


@pytest.fixture(name="store")
def with_a_list(tmp_path: Path) -> Path:
    store = tmp_path / "store"
    assert registry(store, "create", "us-national", "--scope", "+1").returncode == 0
    imported(store, range(3))
    return store


def snapshot_of(store: Path) -> tuple[str, Path]:
    [folder] = [path for path in (store / "registries" / "us-national").iterdir() if path.is_dir()]
    return folder.name, folder


def test_a_sound_snapshot_is_intact_by_the_first_digits_of_its_id(store: Path) -> None:
    name, _ = snapshot_of(store)

    answer = told(store, "verify", "us-national", name[:6])

    assert answer == {"registry": "us-national", "id": name, "intact": True, "numbers": 3}


@pytest.mark.parametrize("part", ["1-10.bits", "members.roaring", "manifest.json"])
def test_a_damaged_file_is_named_with_exit_code_1(store: Path, part: str) -> None:
    name, folder = snapshot_of(store)
    with (folder / part).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")

    ended = registry(store, "verify", "us-national", name)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert part in ended.stderr


def test_a_snapshot_that_came_as_manifest_and_roaring_file_alone_is_built_as_it_was(store: Path) -> None:
    name, folder = snapshot_of(store)
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".bits"}
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()
    assert registry(store, "verify", "us-national", name).returncode == 1

    answer = told(store, "rebuild", "us-national", name)

    assert (answer["rebuilt"], answer["numbers"]) == (True, 3)
    assert told(store, "verify", "us-national", name)["intact"]


def test_an_unknown_snapshot_is_refused(store: Path) -> None:
    for command in ("verify", "rebuild"):
        ended = registry(store, command, "us-national", "abcd")

        assert ended.returncode == 1
        assert "abcd" in ended.stderr
