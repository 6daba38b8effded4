"""Tags that name types of a program are refused: what they ask for would be ignored in silence."""

from pathlib import Path

import pytest

from cli.conftest import Dnc
from cli.fake_server import FakeServer

APPLY = ("policy", "apply", "-f", "policy.yaml")


@pytest.mark.parametrize(
    ("text", "line", "tag"),
    [
        ("name: spring\npurpose: !!python/object:os.system MARKETING\n", 2, "!!python/object:os.system"),
        ("name: !local spring\n", 1, "!local"),
        ("name: spring\nchannels: !!set {VOICE, SMS}\n", 2, "!!set"),
        ("name: spring\nlabels:\n  - !!binary aGVsbG8=\n", 3, "!!binary"),
        ("!!python/dict\nname: spring\n", 1, "!!python/dict"),
        ("name: spring\n!!python/name:x purpose: MARKETING\n", 2, "!!python/name:x"),
    ],
)
def test_tag_is_refused_with_its_line(
    dnc: Dnc, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int, tag: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(text)

    result = dnc(*APPLY)

    assert result.exit_code == 5
    assert f"line {line}" in result.stderr
    assert tag in result.stderr
    assert not server.requests


def test_cases_of_a_policy_take_no_tags_either(dnc: Dnc, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text("policy: spring\ncases: !!python/tuple []\n")

    result = dnc("policy", "test", "-f", str(tmp_path / "cases.yaml"))

    assert result.exit_code == 5
    assert "!!python/tuple" in result.stderr
