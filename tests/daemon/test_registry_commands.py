"""`dncd registry`: what each command does, tells and refuses."""

import gzip
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from daemon_running import dncd
from dncd.cli.registry_import import FormatName
from dncd.registry.formats import FORMATS
from dncd.registry.shelf import Shelf
from registry_commands import FIRST, SECOND, files_of, ftc, imported, registry, states, told


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    assert registry(path, "create", "us-national", "--scope", "+1").returncode == 0
    return path


def test_created_registry_is_listed_without_a_list(store: Path) -> None:
    again = told(store, "create", "us-national", "--scope", "+1")

    assert again["created"] is False
    assert told(store, "list") == [
        {
            "name": "us-national",
            "scope": ["+1"],
            "description": "",
            "in_force": None,
            "list_date": None,
            "age_days": None,
            "numbers": None,
            "damaged": None,
            "snapshots_kept": 0,
        }
    ]


def test_import_puts_the_list_in_force_and_tells_what_it_read(store: Path) -> None:
    made = imported(store, range(100))

    assert made["state"] == "in-force"
    assert (made["list_date"], made["numbers"], made["lines"], made["rejects"]) == ("2026-11-19", 100, 100, 0)
    assert made["coverage"] == ["+1415"]
    assert made["rejects_file"] is None
    assert made["files"][0]["name"] == FIRST
    assert told(store, "list")[0]["in_force"] == made["id"]


def test_import_beside_the_list_in_force_leaves_it(store: Path) -> None:
    first = imported(store, range(100))

    second = imported(store, range(101), SECOND, "--no-activate")

    assert states(store) == {first["id"]: "in-force", second["id"]: "ready"}


@pytest.mark.parametrize("suffix", [".zip", ".gz"])
def test_archive_is_read(store: Path, suffix: str) -> None:
    plain = Path(ftc(store.parent, range(100)))
    path = plain.with_name(plain.name + suffix)
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(plain, plain.name)
    else:
        path.write_bytes(gzip.compress(plain.read_bytes()))

    made = told(store, "import", "us-national", str(path), "--format", "ftc")

    assert (made["numbers"], made["list_date"]) == (100, "2026-11-19")
    assert made["files"][0]["name"] == path.name


def test_rejects_are_shown_masked_and_lie_in_a_file(store: Path) -> None:
    path = Path(ftc(store.parent, range(100)))
    path.write_text(path.read_text() + "415,55501\n")

    shown = registry(store, "import", "us-national", str(path), "--format", "ftc")
    made = told(store, "import", "us-national", str(path), "--format", "ftc")

    report = Path(made["rejects_file"]).read_text()
    assert made["rejects"] == 1
    assert [(each["line"], each["masked"]) for each in made["first_rejects"]] == [(101, "415,*****")]
    assert f"{FIRST},101," in report
    assert "415,*****" in shown.stdout
    assert "rejects.csv" in shown.stdout
    assert "55501" not in shown.stdout + shown.stderr + report


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("list.txt", "4155550123\n", ["--format", "numbers", "--region", "US"], "--list-date"),
        (FIRST, "hello\n" * 20 + "415,5550123\n" * 5, ["--format", "ftc"], "20 of 25 lines are rejects"),
        (FIRST, "415,5550123\n\0\n", ["--format", "ftc"], f"{FIRST}, line 2: has a NUL byte"),
        (FIRST, "", ["--format", "ftc"], "nothing was read"),
    ],
)
def test_file_that_cannot_be_relied_on_is_refused_and_leaves_nothing(
    store: Path, name: str, content: str, options: list[str], said: str
) -> None:
    path = store.parent / name
    path.write_text(content)

    refused = registry(store, "import", "us-national", str(path), *options)

    assert refused.returncode == 1
    assert said in refused.stderr
    assert files_of(store) == []
    assert states(store) == {}


def test_a_file_of_mostly_rejects_is_shown_by_its_first_lines_masked(store: Path) -> None:
    path = store.parent / FIRST
    path.write_text("name,phone\n" + "Ann,415-555-0123\n" * 30)

    refused = registry(store, "import", "us-national", str(path), "--format", "ftc")

    assert refused.stderr.count("\n") == 1
    assert "or for another registry? The first: line 1 '****,*****', not" in refused.stderr
    assert "line 2 '***,415-***-****', not a number" in refused.stderr
    assert "line 4" not in refused.stderr
    assert "0123" not in refused.stderr


def test_a_file_of_mostly_rejects_in_an_archive_is_named(store: Path) -> None:
    path = store.parent / "us.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(FIRST, "415 none\n")

    refused = registry(store, "import", "us-national", str(path), "--format", "ftc")

    assert f"line 1 of {FIRST} '415 ****', not" in refused.stderr


def test_show_tells_who_may_rely_on_which_part(store: Path) -> None:
    nobody = registry(store, "show", "us-national").stdout
    assert dncd("account", "create", "acme", "--store", str(store)).returncode == 0
    registry(store, "coverage", "us-national", "acme", "+1415", "+1212")
    registry(store, "coverage", "us-national", "default", "+1")

    shown = registry(store, "show", "us-national").stdout

    assert "No account may rely on it" in nobody
    assert told(store, "show", "us-national")["coverage"] == [
        {"account": "acme", "prefixes": ["+1212", "+1415"]},
        {"account": "default", "prefixes": ["+1"]},
    ]
    assert [line.split() for line in shown.splitlines()[-2:]] == [["acme", "+1212", "+1415"], ["default", "+1"]]


def test_every_format_can_be_asked_for() -> None:
    assert [each.value for each in FormatName] == list(FORMATS)


def test_what_a_file_covers_can_be_said(store: Path) -> None:
    path = store.parent / "list.txt"
    path.write_text("4155550123\n")
    options = ["--format", "numbers", "--region", "us", "--list-date", "2026-11-18"]

    made = told(store, "import", "us-national", str(path), *options, "--covers", "+1415", "--covers", "+1212")
    wrong = registry(store, "import", "us-national", str(path), *options, "--covers", "west")

    assert made["coverage"] == ["+1212", "+1415"]
    assert wrong.returncode == 2
    assert "--covers[0]" in wrong.stderr


def test_list_date_can_be_given(store: Path) -> None:
    path = store.parent / "list.txt"
    path.write_text("4155550123\n")

    made = told(
        store, "import", "us-national", str(path), "--format", "numbers", "--region", "us", "--list-date", "2026-11-18"
    )

    assert made["list_date"] == "2026-11-18"


def test_shrunken_list_is_held_until_confirmed_with_a_reason(store: Path) -> None:
    first = imported(store, range(100))
    path = ftc(store.parent, range(50), SECOND)

    held = registry(store, "import", "us-national", path, "--format", "ftc")
    second = told(store, "show", "us-national")["snapshots"][0]["id"]
    refused = registry(store, "activate", "us-national", second)
    before = states(store)
    confirmed = told(store, "activate", "us-national", second[:8], "--reason", "the area was split")

    assert held.returncode == 1
    assert f"dncd registry activate us-national {second} --reason" in held.stderr
    assert refused.returncode == 1
    assert "50 numbers" in refused.stderr
    assert "--reason" in refused.stderr
    assert before == {first["id"]: "in-force", second: "held"}
    assert confirmed["state"] == "in-force"


def test_older_list_can_be_put_in_force_again(store: Path) -> None:
    first, second = imported(store, range(100)), imported(store, range(100), SECOND)

    refused = registry(store, "activate", "us-national", first["id"])
    told(store, "activate", "us-national", first["id"], "--reason", "the newer one was of another register")

    assert refused.returncode == 1
    assert "it is of 2026-11-19, and the list in force is of 2026-11-20" in refused.stderr
    assert "--reason" in refused.stderr
    assert states(store) == {first["id"]: "in-force", second["id"]: "retired"}


def test_damaged_snapshot_is_not_put_in_force(store: Path) -> None:
    first, second = imported(store, range(100)), imported(store, range(100), SECOND, "--no-activate")
    (bits,) = (store / "registries" / "us-national" / second["id"]).glob("*.bits")
    with bits.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff")

    refused = registry(store, "activate", "us-national", second["id"])

    assert refused.returncode == 1
    assert bits.name in refused.stderr
    assert states(store)[first["id"]] == "in-force"


def test_diff_counts_and_writes_what_changed(store: Path) -> None:
    first, second = imported(store, range(100)), imported(store, range(1, 102), SECOND)
    out = store.parent / "changes.txt"

    counted = told(store, "diff", "us-national", first["id"], second["id"], "--out", str(out))
    again = registry(store, "diff", "us-national", first["id"], second["id"], "--out", str(out))

    assert (counted["added"], counted["removed"]) == (2, 1)
    assert out.read_text().splitlines() == ["+14155550100", "+14155550101", "-14155550000"]
    assert again.returncode == 2


def test_prune_keeps_the_newest_and_the_one_in_force(store: Path) -> None:
    made = [imported(store, range(100 + day), f"2026-11-{day}_415_1.txt")["id"] for day in (10, 11, 12, 13)]
    told(store, "activate", "us-national", made[0], "--reason", "the oldest was right")

    pruned = told(store, "prune", "us-national", "--keep", "2")
    refused = registry(store, "prune", "us-national", made[0])

    assert pruned["pruned"] == [made[1]]
    assert refused.returncode == 1
    assert set(states(store)) == set(files_of(store)) == {made[0], made[2], made[3]}


def test_prune_takes_one_away_by_its_id(store: Path) -> None:
    first, second = imported(store, range(100)), imported(store, range(100), SECOND)

    told(store, "prune", "us-national", first["id"])

    assert set(states(store)) == set(files_of(store)) == {second["id"]}


def test_prune_removes_folders_that_the_journal_does_not_know_and_says_so(store: Path) -> None:
    known = imported(store, range(100))["id"]
    folder = store / "registries" / "us-national"
    for stray in ("left-by-a-crash", "damaged-and-pruned.damaged"):
        shutil.copytree(folder / known, folder / stray)

    said = registry(store, "prune", "us-national")

    assert said.returncode == 0
    assert "removed us-national/left-by-a-crash, which the journal does not know" in said.stderr
    assert files_of(store) == [known]


def test_prune_leaves_the_folders_of_an_import_that_runs(store: Path) -> None:
    known = imported(store, range(100))["id"]
    folder = store / "registries" / "us-national"
    (folder / "whole-and-not-yet-told").mkdir()

    with Shelf(store / "registries").importing("us-national"):
        while_it_runs = told(store, "prune", "us-national")
    afterwards = told(store, "prune", "us-national")

    assert while_it_runs["unknown_removed"] is None
    assert afterwards["unknown_removed"] == ["whole-and-not-yet-told"]
    assert files_of(store) == [known]


@pytest.mark.parametrize("how", ["cut off", "put aside"])
def test_a_list_that_is_not_served_is_shown_as_damaged(store: Path, how: str) -> None:
    made = imported(store, range(100))["id"]
    folder = store / "registries" / "us-national" / made
    if how == "cut off":
        [bits] = folder.glob("*.bits")
        os.truncate(bits, 4096)
    else:
        folder.rename(folder.with_name(f"{made}.damaged"))

    [listed], shown = told(store, "list"), told(store, "show", "us-national")
    tables = [registry(store, *command).stdout for command in (["list"], ["show", "us-national"])]

    assert listed["damaged"] == shown["damaged"] == shown["snapshots"][0]["damaged"]
    assert (".bits" if how == "cut off" else f"{made}.damaged") in listed["damaged"]
    assert all("damaged" in table for table in tables)


def test_a_reason_of_blanks_confirms_no_held_list(store: Path) -> None:
    imported(store, range(100))
    held = imported(store, range(10), SECOND)["id"]

    refused = registry(store, "activate", "us-national", held, "--reason", " \u200b ")

    assert refused.returncode == 1
    assert states(store)[held] == "held"


def test_coverage_is_shown_set_and_taken_away(store: Path) -> None:
    shown = [
        told(store, "coverage", "us-national", "default", *options)["prefixes"]
        for options in ([], ["+1415", "+1212"], [], ["--none"])
    ]

    assert shown == [[], ["+1212", "+1415"], ["+1212", "+1415"], []]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["create", "us-national", "--scope", "+44"], 1, "different registry"),
        (["create", "uk-tps"], 2, "--scope"),
        (["create", "uk tps", "--scope", "+44"], 2, "NAME"),
        (["create", "uk-tps", "--scope", "forty-four"], 2, "--scope[0]"),
        (["show", "nope"], 1, "no registry 'nope'"),
        (["activate", "us-national", "0000"], 1, "no snapshot '0000'"),
        (["diff", "nope", "0000", "1111"], 1, "no registry 'nope'"),
        (["prune", "us-national", "0000", "--keep", "1"], 2, "--keep"),
        (["coverage", "us-national", "nobody", "+1415"], 1, "no such account"),
        (["coverage", "nope", "default", "+1415"], 1, "no registry 'nope'"),
        (["coverage", "us-national", "default", "+1415", "+44"], 2, "PREFIX[1]: must lie within"),
        (["coverage", "us-national", "default", "--replace"], 2, "--none"),
        (["coverage", "us-national", "default", "--none", "+1415"], 2, "--none"),
        (["import", "us-national", "/nowhere", "--format", "ftc"], 2, "does not exist"),
        (["import", "us-national", __file__, "--format", "excel"], 2, "excel"),
        (["import", "nope", __file__, "--format", "ftc"], 1, "no registry 'nope'"),
    ],
)
def test_refused_command_says_why_and_exits_with_its_code(
    store: Path, arguments: list[str], code: int, said: str
) -> None:
    refused = registry(store, *arguments)

    assert refused.returncode == code
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_store_that_is_not_there_exits_3(tmp_path: Path) -> None:
    assert registry(tmp_path / "nothing", "list").returncode == 3
    assert not (tmp_path / "nothing").exists()


def test_tables_show_the_snapshots(store: Path) -> None:
    made = imported(store, range(1_234))

    shown, listed = registry(store, "show", "us-national").stdout, registry(store, "list").stdout

    assert all(word in shown for word in (made["id"], "in-force", "2026-11-19", "1,234", "+1415", "operator"))
    assert all(word in listed for word in (made["id"], "us-national", "1,234"))


def test_every_step_is_an_event_of_a_journal_that_verifies(store: Path) -> None:
    first, second = imported(store, range(100)), imported(store, range(100), SECOND)
    told(store, "coverage", "us-national", "default", "+1415")
    told(store, "prune", "us-national", first["id"])

    verified = json.loads(dncd("journal", "verify", "--store", str(store), "--json").stdout)

    # Two accounts, the registry, two imports that were put in force each, coverage, prune.
    assert verified["events"] == 2 + 1 + 2 * 2 + 1 + 1
    assert verified["intact"] is True
    assert second["state"] == "in-force"
