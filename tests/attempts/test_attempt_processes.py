"""Many dialers as processes, against workers as processes: together they never exceed a limit."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from attempts.reserving import MIAMI, NEW_YORK, apply_policy, complete, limit, names, policies, reserve
from dncd.nouns import AttemptOutcome, AttemptScope, Role, Verdict
from serving import Api, Daemon, daemon, pb, prepared_store

TESTS = Path(__file__).parents[1]
DIALERS = 8
CALLS = 12


@pytest.fixture
def token(tmp_path: Path) -> str:
    return prepared_store(tmp_path / "store", Role.ADMIN)


@pytest.fixture
def running(tmp_path: Path, token: str) -> Iterator[Daemon]:
    with daemon(tmp_path / "store") as started:
        yield started


def dialed(address: str, token: str, policy: str, *numbers: str) -> list[list[str]]:
    """Let dialers claim attempts, all at once; returns the words of each answer: number, verdict, any claim."""
    return all_at_once([["attempts.dialer", address, token, policy, str(CALLS), *numbers]] * DIALERS)


def all_at_once(programs: list[list[str]]) -> list[list[str]]:
    """Run programs by the names of their modules, which begin together; returns the words of each line they say."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    dialers = [
        subprocess.Popen(
            [sys.executable, "-m", *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for program in programs
    ]
    for dialer in dialers:
        assert dialer.stdout is not None
        assert dialer.stdout.readline() == "ready\n"
    for dialer in dialers:
        assert dialer.stdin is not None
        dialer.stdin.write("go\n")
        dialer.stdin.flush()
    said = [dialer.communicate(timeout=60)[0] for dialer in dialers]
    return [line.split() for words in said for line in words.splitlines()]


def test_dialers_in_many_processes_never_make_a_fourth_call_in_florida(running: Daemon, token: str) -> None:
    with closing(Api(running.address, token)) as api:
        apply_policy(api, "campaign", [limit(20, 168)], attempt_packs=["us-states"])

        answers = dialed(running.address, token, "campaign", MIAMI, NEW_YORK)

        assert len(answers) == DIALERS * CALLS * 2
        claims = {
            number: [words[2] for words in answers if words[0] == number and words[2:]] for number in (MIAMI, NEW_YORK)
        }
        assert {number: len(set(found)) for number, found in claims.items()} == {MIAMI: 3, NEW_YORK: 20}
        assert all((words[1] == str(int(Verdict.ALLOW))) == bool(words[2:]) for words in answers)
        assert complete(api, AttemptOutcome.RELEASED, claims[MIAMI][0]) == [1]
        assert names(reserve(api, MIAMI, policy="campaign")) != [""]
        assert names(reserve(api, MIAMI, policy="campaign")) == [""]


def test_senders_in_many_processes_never_send_more_than_the_limit_of_one_person(running: Daemon, token: str) -> None:
    people = [f"+1305555{digits}" for digits in range(2000, 2024)]
    with closing(Api(running.address, token)) as api:
        per_person = limit(3, 24, per=AttemptScope.CONTACT)
        apply_policy(api, "asked", [per_person], one_time_permission=policies.OneTimePermission(channels=[1]))
        permissions = []
        for number in people:
            api.add(number, label="do-not-phone")
            row = pb.CheckRow(address=number, contact_id="ann")
            asked = pb.AuthorizeOneTimeSendRequest(
                policy="asked", channel=1, row=row, permission_given=True, note="kim asked"
            )
            permissions.append(api.call("AuthorizeOneTimeSend", asked).permission)

    senders = [["attempts.sender", running.address, token, *permissions[turn::8]] for turn in range(8)]
    answers = all_at_once(senders)

    assert len(answers) == len(people)
    assert len({words[2] for words in answers if words[2:]}) == 3
    assert sorted(words[1] for words in answers) == ["1"] * 3 + ["3"] * 21


def test_claims_survive_a_power_cut(tmp_path: Path, token: str) -> None:
    with daemon(tmp_path / "store") as first, closing(Api(first.address, token)) as api:
        apply_policy(api, "campaign", [limit(2, 168)])
        claims = [names(reserve(api, MIAMI, policy="campaign")) for _ in range(2)]
        complete(api, AttemptOutcome.NO_ANSWER, *claims[0])
        first.kill()

    with daemon(tmp_path / "store") as second, closing(Api(second.address, token)) as api:
        assert names(reserve(api, MIAMI, policy="campaign")) == [""]
        assert complete(api, AttemptOutcome.RELEASED, *claims[0], *claims[1]) == [2, 1]
        assert names(reserve(api, MIAMI, policy="campaign")) != [""]
