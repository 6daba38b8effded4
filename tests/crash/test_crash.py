"""Guarantee 2 the hard way: kill -9 at random moments, many times, under load; nothing acknowledged may be missing."""

import os
import random
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from crash.callers import Caller, Change, Told
from dncd import journal
from dncd.storage.lmdb import LmdbStore
from replaying import assert_replay_equals
from serving import Api, Daemon, daemon, new_id, pb, prepared_store, served

ALLOW, BLOCK = 1, 2
ROUNDS = int(os.environ.get("DNCD_CRASH_ROUNDS", "5"))
SEED = int(os.environ["DNCD_CRASH_SEED"])
CALLERS = 4


@dataclass
class Promises:
    """What the server owes: the verdict of each number, the changes that must stand, and those that may."""

    verdicts: dict[str, int] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    unanswered: list[Change] = field(default_factory=list)

    def take(self, told: Told) -> None:
        for change in told.acknowledged:
            self.acknowledged.add(change.request.request_id)
            self.verdicts |= dict.fromkeys(change.numbers, BLOCK if change.method == "AddEntries" else ALLOW)
        for change in told.unanswered:
            # Whether it happened is open, and so is what its numbers say.
            self.unanswered.append(change)
            for number in change.numbers:
                self.verdicts.pop(number, None)


# The seed stands in the test's name, so that a failing run tells it.
@pytest.mark.parametrize("seed", [SEED])
def test_what_was_acknowledged_survives_kill_9_at_any_moment_and_the_rest_is_all_or_nothing(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    token = prepared_store(tmp_path / "store")
    promises = Promises()
    for number in range(ROUNDS):
        with daemon(tmp_path / "store") as running:
            keep_promises(Api(running.address, token), promises)
            for told in told_while_killed(running, token, number, dice):
                promises.take(told)
    with daemon(tmp_path / "store") as running:
        keep_promises(Api(running.address, token), promises)
        running.stop()
    assert promises.acknowledged, "the rounds did something"
    assert_journal_holds(tmp_path, promises)


def told_while_killed(running: Daemon, token: str, number: int, dice: random.Random) -> list[Told]:
    """Let callers work, kill one worker and then everything at moments by chance; give what the callers were told."""
    callers = [
        Caller(running.address, token, 200 + number * CALLERS + serial, dice.randrange(10**9))
        for serial in range(CALLERS)
    ]
    for caller in callers:
        caller.start()
    time.sleep(dice.uniform(0.1, 0.8))  # the moment of the crash is what is tested: any is right
    if dice.random() < 0.5:
        dice.choice(running.workers()).kill()
        time.sleep(dice.uniform(0.0, 0.5))
    for caller in callers:
        caller.stop()
    running.kill()
    for caller in callers:
        caller.join()
    return [caller.told for caller in callers]


def keep_promises(api: Api, promises: Promises) -> None:
    for start in range(0, len(promises.verdicts), 1000):
        numbers = list(islice(promises.verdicts, start, start + 1000))
        expected = [promises.verdicts[number] for number in numbers]
        assert api.verdicts(*numbers) == expected, "an acknowledged change is lost"
    for change in promises.unanswered:
        assert len(set(api.verdicts(*change.numbers))) == 1, "half a batch is there"
        # A retry finishes it, whether it had happened or not, and it happens once.
        answer = api.call(change.method, change.request)
        assert len(set(answer.outcomes)) == 1
        verdict = BLOCK if change.method == "AddEntries" else ALLOW
        assert api.verdicts(*change.numbers) == [verdict] * len(change.numbers)
        promises.verdicts |= dict.fromkeys(change.numbers, verdict)
        promises.acknowledged.add(change.request.request_id)
    promises.unanswered.clear()


def assert_journal_holds(folder: Path, promises: Promises) -> None:
    store = LmdbStore.own(folder / "store")
    with store.snapshot() as snapshot:
        assert journal.verify(snapshot).intact
        ids = Counter(bytes(row.event().draft.request_id) for row in journal.read_from(snapshot, 0))
    owed = {bytes.fromhex(request_id.replace("-", "")) for request_id in promises.acknowledged}
    assert {request_id: ids[request_id] for request_id in owed} == dict.fromkeys(owed, 1)
    assert_replay_equals(store, folder / "replay")
    store.close()


@pytest.mark.parametrize("damage", ["older", "missing", "empty", "zeros", "garbage", "cut"])
def test_a_stale_address_index_after_a_crash_never_hides_an_entry(tmp_path: Path, damage: str) -> None:
    early, late = "+14155550101", "+14155550102"
    with served(tmp_path / "store") as server:
        server.api().add(early)
    index = {path.name: path.read_bytes() for path in (tmp_path / "store").glob("address-index-*")}
    with served(tmp_path / "store") as server:
        server.api().add(late, "late@example.com")
        # What a power cut leaves: everything committed, and no clean close.
        shutil.copytree(tmp_path / "store", tmp_path / "crashed")
    for path in (tmp_path / "crashed").glob("address-index-*"):
        spoil(path, damage, index)

    with served(tmp_path / "crashed") as again:
        verdicts = again.api().verdicts(early, late, "+14155550103")
        mail = again.api().verdicts("late@example.com", channel=3)

    assert verdicts == [BLOCK, BLOCK, ALLOW]
    assert mail == [BLOCK]


def spoil(path: Path, damage: str, older: dict[str, bytes]) -> None:
    content = path.read_bytes()
    spoiled = {
        "older": older.get(path.name, b""),
        "empty": b"",
        "zeros": bytes(len(content)),
        "garbage": random.Random(1).randbytes(len(content)),
        "cut": content[: len(content) // 2],
    }
    path.unlink()
    if damage in spoiled:
        path.write_bytes(spoiled[damage])


def test_two_workers_racing_on_one_address_give_each_thing_once(tmp_path: Path) -> None:
    token = prepared_store(tmp_path / "store")
    with daemon(tmp_path / "store") as running, ExitStack() as closing:
        apis = running.api_on_each_worker(token, closing)
        for turn in range(8):
            number = f"+1415555{turn:04d}"
            claims = raced(apis, "ClaimOptInRequest", lambda: claim(number))  # noqa: B023 - called at once
            assert sum(answer.granted for answer in claims) == 1
            assert {answer.status for answer in claims} == {2}
            adds = raced(apis, "AddEntries", lambda: addition(number))  # noqa: B023 - called at once
            assert Counter(answer.outcomes[0] for answer in adds) == {1: 1, 3: 31}
        labels = {label.name: label.entries for label in apis[0].call("ListLabels").labels}
        assert labels["do-not-contact"] == 8
        assert apis[1].call("VerifyJournal").intact


def raced(apis: list[Api], method: str, request: Any) -> list[Any]:
    """Call both workers 16 times each, all at once."""
    calls = [api.start(method, request()) for _ in range(16) for api in apis]
    answers = [call.result() for call in calls]
    response = {"ClaimOptInRequest": pb.ClaimOptInRequestResponse, "AddEntries": pb.AddEntriesResponse}[method]
    return [response.FromString(answer) for answer in answers]


def claim(number: str) -> Any:
    return pb.ClaimOptInRequestRequest(address=number, request_id=new_id())


def addition(number: str) -> Any:
    return pb.AddEntriesRequest(entries=[pb.NewEntry(address=number, label="do-not-contact", source=6)])
