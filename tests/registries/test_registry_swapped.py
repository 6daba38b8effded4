"""A folder that is not what the journal says, or that cannot be opened, is nobody's list."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dncd import registries
from dncd.catalog import read
from dncd.daemon.inspection import inspect
from dncd.registry import membership
from dncd.registry.failures import SnapshotDamaged
from dncd.registry.files import remove
from dncd.registry.manifest import Manifest, read_manifest, write_manifest
from dncd.registry.membership import Membership
from dncd.registry.shelf import Shelf
from dncd.registry.verify import check_shape, verify
from dncd.rulebook import read_rulebook
from dncd.screens import Screen, Unopened
from registries.operating import Operator, apply_policy, damage, lying_in, require, upload
from serving import Served

LISTED, OTHER = 14155550101, 14155550102


@pytest.fixture
def two(server: Served, operator: Operator, store: Path) -> tuple[Path, Path]:
    """Two registries, of which only the second lists a number; give the folders of their lists."""
    for name in ("empty", "us"):
        operator.create(name, "+1")
    numbers = {"empty": OTHER, "us": LISTED}
    apply_policy(server.api(), require("us"))
    empty, us = (store / "registries" / name / operator.list_numbers(name, numbers[name]).id for name in numbers)
    return empty, us


def opened(server: Served, shelf: Shelf) -> Screen:
    """Open the registry of the policy anew, as a worker that starts."""
    with server.store.snapshot() as snapshot:
        [screen] = read(snapshot, 1, shelf, read_rulebook()).policy(snapshot, "calls").screens
    return screen


def swap(there: Path, other: Path) -> None:
    shutil.rmtree(there)
    shutil.copytree(other, there)


def test_the_folder_of_another_registry_is_not_intact_and_not_served(
    server: Served, store: Path, two: tuple[Path, Path]
) -> None:
    empty, us = two
    swap(us, empty)

    with pytest.raises(SnapshotDamaged, match=f"is that of another snapshot, empty/{empty.name}"):
        verify(us)
    screen = opened(server, Shelf(store / "registries"))

    assert (screen.in_force, screen.unopened is not None) == (None, True)


def test_the_folder_of_another_registry_is_put_aside_at_start(
    server: Served, store: Path, two: tuple[Path, Path]
) -> None:
    empty, us = two
    swap(us, empty)

    with server.store.snapshot() as snapshot:
        inspect(snapshot, store / "registries")

    assert sorted(lying_in(store)) == sorted([empty.name, f"{us.name}.damaged"])


def test_a_list_of_other_files_than_the_journal_says_is_not_served(
    server: Served, operator: Operator, store: Path, two: tuple[Path, Path]
) -> None:
    _, us = two
    manifest = read_manifest(us)
    [source] = manifest.about.sources
    sources = (replace(source, sha256="0" * 64),)
    write_manifest(us, replace(manifest, about=replace(manifest.about, sources=sources)))

    screen = opened(server, Shelf(store / "registries"))
    with server.store.snapshot() as snapshot:
        said = registries.damage(us, registries.find_snapshot(snapshot, "us", us.name).snapshot)

    assert isinstance(screen.unopened, Unopened)
    assert "what the journal says" in said


class ClosedShelf(Shelf):
    """A shelf whose lists this process may not read."""

    def open(self, registry: str, snapshot_id: str) -> Membership:
        raise PermissionError(13, "Permission denied", str(self.folder(registry, snapshot_id) / "manifest.json"))


def test_a_list_that_may_not_be_read_screens_nobody_and_is_logged_with_its_file(
    server: Served, store: Path, two: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    assert two
    with caplog.at_level(logging.ERROR, "dncd.screens"):
        screen = opened(server, ClosedShelf(store / "registries"))

    assert screen.in_force is None
    assert "manifest.json" in caplog.text


def test_a_list_that_is_pruned_while_a_worker_opens_it_fails_no_call(
    server: Served, store: Path, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert two

    def pruned_after(folder: Path) -> Manifest:
        manifest = check_shape(folder)
        remove(folder)
        return manifest

    monkeypatch.setattr(membership, "check_shape", pruned_after)

    assert opened(server, Shelf(store / "registries")).in_force is None


@pytest.mark.parametrize("kind", ["altered", "cut off", "missing", "gone"])
def test_changes_to_a_damaged_list_are_refused_and_leave_nothing(operator: Operator, store: Path, kind: str) -> None:
    operator.create("us", "+1")
    name = "2025-06-10_415_1.txt"
    base = operator.upload("us", b"415,5550101\n415,5550102\n", format="ftc", file_name=name, list_date="").snapshot
    folder = store / "registries" / "us" / base.id
    file = damage(folder, kind)
    said = {"format": "ftc-change", "list_date": "", "changes_since": "2025-06-10", "file_name": "2025-06-11_415_c.txt"}

    refused = operator.upload_refused(upload("us", b"415,5550103,A\n", **said))

    assert refused.reason == "ERROR_REASON_SNAPSHOT_DAMAGED"
    assert file in refused.message
    assert lying_in(store) == ([] if kind == "gone" else [base.id])
