import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from daemon_running import dncd
from dncd.cli import app
from dncd.config import ENV_PREFIX, Settings

DOC = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = str(tmp_path / "store")
    assert dncd("token", "create", "--store", path, "--role", "admin", "--name", "first").returncode == 0
    return path


def test_every_setting_is_documented_with_its_description() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", DOC.read_text(), re.MULTILINE))

    assert rows == {name: field.description for name, field in Settings.model_fields.items()}


def test_every_setting_is_an_option_of_serve() -> None:
    told = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, ["serve", "--help"]).output

    assert {name for name in Settings.model_fields if f"--{name.replace('_', '-')}" not in told} == set()


def test_every_command_documents_its_exit_codes() -> None:
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"})
    for command in (["--help"], ["serve", "--help"], ["journal", "verify", "--help"], ["token", "create", "--help"]):
        assert "Exit codes:" in runner.invoke(app, command).output


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}DRAIN_GRACE_SECONDS", "3.5")

    told = json.loads(CliRunner().invoke(app, ["config", "--json"]).output)

    assert told["drain_grace_seconds"] == 3.5
    assert set(told) == set(Settings.model_fields)


def test_created_token_is_printed_alone_and_listed_without_its_secret(store: str) -> None:
    made = dncd("token", "create", "--store", store, "--role", "checker", "--name", "dialer-1", "--expires", "30")
    listed = dncd("token", "list", "--store", store, "--json")

    secret = made.stdout.strip().split("_")[2]
    row = next(row for row in json.loads(listed.stdout) if row["name"] == "dialer-1")
    assert re.fullmatch(r"dnc_[0-9a-f]{16}_[0-9a-f]{64}\n", made.stdout)
    assert row["role"] == "checker"
    assert row["valid"] is True
    assert row["expires_at_ms"] > 0
    assert secret not in listed.stdout


def test_revoked_token_is_listed_as_not_valid(store: str) -> None:
    token = json.loads(dncd("token", "list", "--store", store, "--json").stdout)[0]

    first = dncd("token", "revoke", token["id"], "--store", store)
    second = dncd("token", "revoke", token["id"], "--store", store)

    after = json.loads(dncd("token", "list", "--store", store, "--json").stdout)[0]
    assert (first.returncode, second.returncode) == (0, 0)
    assert after["valid"] is False


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["token", "revoke", "0000"], 1),
        (["token", "create", "--role", "admin", "--name", "x", "--account", "nobody"], 1),
        (["token", "create", "--role", "admin", "--name", "bad name"], 2),
        (["token", "create", "--role", "king", "--name", "x"], 2),
        (["account", "create", "acme", "--default-region", "Mars"], 1),
        (["account", "create", "default"], 1),
    ],
)
def test_refused_change_exits_with_its_code(store: str, arguments: list[str], code: int) -> None:
    refused = dncd(*arguments, "--store", store)

    assert refused.returncode == code
    assert refused.stderr
    assert "Traceback" not in refused.stderr


def test_created_account_is_listed(store: str) -> None:
    dncd("account", "create", "acme", "--default-region", "gb", "--store", store)

    rows = json.loads(dncd("account", "list", "--store", store, "--json").stdout)

    assert {"name": "acme", "default_region": "GB", "keep_texts": False} in rows


def test_journal_of_a_copy_verifies_like_the_original(store: str, tmp_path: Path) -> None:
    copied = dncd("backup", str(tmp_path / "copy"), "--store", store)
    original = dncd("journal", "verify", "--store", store, "--json")
    copy = dncd("journal", "verify", "--store", str(tmp_path / "copy"), "--json")

    assert (copied.returncode, original.returncode, copy.returncode) == (0, 0, 0)
    assert json.loads(copy.stdout) == json.loads(original.stdout)
    assert json.loads(copy.stdout)["intact"] is True


@pytest.mark.parametrize("inside", ["copy", "registries/us/copy", "../outside/../store/copy", "link/copy"])
def test_a_copy_into_the_store_itself_is_refused(store: str, tmp_path: Path, inside: str) -> None:
    (tmp_path / "link").symlink_to(store)
    destination = tmp_path / inside if inside.startswith("link") else Path(store) / inside
    before = sorted(Path(store).rglob("*"))

    refused = dncd("backup", str(destination), "--store", store)

    assert refused.returncode == 2
    assert "outside" in refused.stderr
    assert sorted(Path(store).rglob("*")) == before


def test_store_that_is_not_there_exits_3(tmp_path: Path) -> None:
    missing = dncd("journal", "verify", "--store", str(tmp_path / "nothing"))

    assert missing.returncode == 3
    assert not (tmp_path / "nothing").exists()
