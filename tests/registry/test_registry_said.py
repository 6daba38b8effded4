"""`dncd registry`: what is said about a file that it does not say itself, what is held, and what is granted."""

import zipfile
from pathlib import Path

import pytest

from registry_commands import SECOND, ftc, imported, registry, states, told


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    assert registry(path, "create", "us-national", "--scope", "+1").returncode == 0
    return path


@pytest.mark.parametrize("activate", ["--activate", "--no-activate"])
def test_an_older_list_is_held_and_the_command_fails(store: Path, activate: str) -> None:
    newer = imported(store, range(100), SECOND)

    held = registry(store, "import", "us-national", ftc(store.parent, range(100)), "--format", "ftc", activate)

    assert held.returncode == 1
    assert "HELD, not in force: it is of 2026-11-19, and the list in force is of 2026-11-20" in held.stderr
    assert states(store)[newer["id"]] == "in-force"
    assert "held" in states(store).values()


def test_a_change_list_says_which_part_is_still_old(store: Path) -> None:
    first, second = ftc(store.parent, range(100)), ftc(store.parent, [], "2026-11-19_510_1.txt")
    with zipfile.ZipFile(store.parent / "base.zip", "w") as archive:
        for path in (first, second):
            archive.write(path, Path(path).name)
    told(store, "import", "us-national", str(store.parent / "base.zip"), "--format", "ftc")
    changes = store.parent / SECOND
    changes.write_text("415,5550200,A\n")
    import_ = ("import", "us-national", str(changes), "--format", "ftc-change")

    unsaid = registry(store, *import_)
    gap = registry(store, *import_, "--changes-since", "2026-11-20")
    done = registry(store, *import_, "--changes-since", "2026-11-19")
    whole = told(store, *import_, "--changes-since", "2026-11-19", "--covers", "+1510")

    assert (unsaid.returncode, gap.returncode, done.returncode) == (1, 1, 0)
    assert "--changes-since" in unsaid.stderr
    assert "missing" in gap.stderr
    assert "+1510 is of 2026-11-19 still" in done.stderr
    assert (whole["list_date"], whole["dates"]) == ("2026-11-20", {"+1415": "2026-11-20", "+1510": "2026-11-20"})


def test_the_clean_result_of_a_wash_is_read_with_what_was_washed(store: Path) -> None:
    registry(store, "create", "au-dncr", "--scope", "+61")
    clean, washed = store.parent / "clean.csv", store.parent / "washed.csv"
    clean.write_text("0412345671\n")
    washed.write_text("0412345670\n0412345671\n")
    options = ("--format", "acma", "--shape", "clean", "--list-date", "2026-11-18")

    alone = registry(store, "import", "au-dncr", str(clean), *options)
    made = told(store, "import", "au-dncr", str(clean), *options, "--washed", str(washed))
    shown = registry(store, "show", "au-dncr").stdout

    assert alone.returncode == 1
    assert "--washed" in alone.stderr
    assert (made["numbers"], [file["name"] for file in made["files"]]) == (2, ["clean.csv", "washed.csv"])
    assert "the numbers that were washed" in shown
    assert "all of it" not in shown


def test_columns_of_a_table_can_be_named(store: Path) -> None:
    path = store.parent / "list.csv"
    path.write_text("who,one,two,kind\nAnn,4155550123,4155550124,3\n")
    options = ("--format", "csv", "--region", "us", "--list-date", "2026-11-18")

    unnamed = registry(store, "import", "us-national", str(path), *options)
    made = told(store, "import", "us-national", str(path), *options, "--column", "one", "--category-column", "kind")

    assert "--column" in unnamed.stderr
    assert (made["numbers"], made["rejects"]) == (1, 0)


def test_coverage_is_added_and_only_replaced_where_that_is_said(store: Path) -> None:
    told(store, "coverage", "us-national", "default", "+1415")

    added = told(store, "coverage", "us-national", "default", "+1510")
    replaced = registry(store, "coverage", "us-national", "default", "--replace", "+1212")
    left = told(store, "coverage", "us-national", "default")

    assert (added["prefixes"], added["removed"]) == (["+1415", "+1510"], [])
    assert "taken away: +1415 +1510" in replaced.stderr
    assert left["prefixes"] == ["+1212"]


def test_an_account_has_no_more_prefixes_than_it_may(store: Path) -> None:
    prefixes = [f"+1{area}{digit}" for area in range(201, 301) for digit in range(2, 10)]
    told(store, "coverage", "us-national", "default", *prefixes)

    refused = registry(store, "coverage", "us-national", "default", *(f"+1301{n}" for n in range(200, 401)))

    assert refused.returncode == 1
    assert "at most 1,000" in refused.stderr
    assert told(store, "coverage", "us-national", "default")["prefixes"] == sorted(prefixes)
