"""A full disk is named, with what to do about it."""

from pathlib import Path
from typing import Any

import pytest

from daemon_running import dncd
from dncd.errors import StorageFull
from dncd.storage.lmdb import LmdbStore


def full(*_arguments: Any, **_options: Any) -> Any:
    raise StorageFull("The disk is full. Nothing was changed.")


def test_server_that_cannot_start_names_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LmdbStore, "own", full)

    ended = dncd("serve", "--store", str(tmp_path / "store"), "--listen", "127.0.0.1:0")

    assert ended.returncode == 3
    assert f"the disk of {tmp_path / 'store'} is full" in ended.stderr
    assert "make room" in ended.stderr


def test_command_names_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LmdbStore, "attach", full)

    ended = dncd("token", "list", "--store", str(tmp_path / "store"))

    assert ended.returncode == 1
    assert f"the disk of {tmp_path / 'store'} is full" in ended.stderr


def test_backup_names_the_disk_of_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, copy = str(tmp_path / "store"), str(tmp_path / "copy")
    dncd("account", "create", "acme", "--store", store)
    monkeypatch.setattr(LmdbStore, "copy_to", full)

    ended = dncd("backup", copy, "--store", store)

    assert ended.returncode == 1
    assert f"the disk of {copy} is full" in ended.stderr
