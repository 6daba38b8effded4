"""Registries on real processes: every worker sees an activation, kill -9 breaks nothing, damage is found at start."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from daemon_running import running
from dncd import journal, registries
from dncd.administration import create_account, create_token
from dncd.app import build_app
from dncd.config import effective
from dncd.nouns import Role
from dncd.storage.lmdb import LmdbStore
from registries.operating import (
    ALLOW,
    BLOCK,
    IN_FORCE,
    MISSING,
    REGISTRY,
    UNSCREENED,
    Operator,
    apply_policy,
    content,
    damage,
    header,
    lines,
    lying_in,
    require,
    rules,
    upload,
    verdicts,
)
from replaying import assert_replay_equals
from serving import START_MS, WAIT_S, Api, daemon, new_id

LISTED, OTHER = 14155550101, 14155550102
ROUNDS = int(os.environ.get("DNCD_CRASH_ROUNDS", "3"))
SEED = int(os.environ["DNCD_CRASH_SEED"])


@dataclass(frozen=True)
class Tokens:
    """A token of the account that calls, and one of the operator."""

    caller: str
    operator: str


@pytest.fixture
def tokens(store: Path) -> Tokens:
    opened = LmdbStore.own(store)
    build_app(opened, lambda: START_MS, new_id, effective({"store": store}))
    made = [create_token(opened, START_MS, name, "tester", Role.ADMIN) for name in ("default", "operator")]
    create_account(opened, START_MS, "beta", "US")
    opened.close()
    return Tokens(*made)


@contextmanager
def callers(address: str, tokens: Tokens) -> Iterator[tuple[Api, Operator]]:
    with closing(Api(address, tokens.caller)) as api, closing(Operator(address, tokens.operator)) as operator:
        yield api, operator


def begin(api: Api, operator: Operator) -> str:
    """Put a list of one number in force; give its id."""
    operator.create("us", "+1")
    apply_policy(api, require("us"))
    return str(operator.list_numbers("us", LISTED).id)


def test_both_workers_see_every_activation_at_once(store: Path, tokens: Tokens) -> None:
    with daemon(store) as server, ExitStack() as closing_all:
        apis = server.api_on_each_worker(tokens.caller, closing_all)
        operator = closing_all.enter_context(closing(Operator(server.address, tokens.operator)))
        first = begin(apis[0], operator)
        second = operator.list_numbers("us", OTHER, activate=False).id
        for turn in range(12):
            listed, snapshot = ((OTHER, second), (LISTED, first))[turn % 2]
            operator.activate("us", snapshot)
            for api in apis:
                [found, other] = verdicts(api, listed, LISTED + OTHER - listed)
                assert (found, other) == (BLOCK, ALLOW)
        operator.grant("us")
        assert [verdicts(api, LISTED) for api in apis] == [[UNSCREENED]] * 2
        operator.call("PruneSnapshot", registry="us", snapshot=second)
        operator.grant("us", "+1")
        assert [verdicts(api, LISTED, OTHER) for api in apis] == [[BLOCK, ALLOW]] * 2


def test_checks_that_run_during_activations_are_never_disturbed(store: Path, tokens: Tokens) -> None:
    phones = [LISTED, OTHER, 14155550103]
    lists = {(BLOCK, ALLOW, ALLOW), (ALLOW, BLOCK, ALLOW)}
    seen: set[tuple[int, ...]] = set()
    done = threading.Event()

    def ask(address: str) -> None:
        with closing(Api(address, tokens.caller)) as api:
            while not done.is_set():
                seen.add(tuple(verdicts(api, *phones)))

    with daemon(store) as server, callers(server.address, tokens) as (api, operator):
        first = begin(api, operator)
        second = operator.list_numbers("us", OTHER, activate=False).id
        asking = [threading.Thread(target=ask, args=(server.address,)) for _ in range(3)]
        for thread in asking:
            thread.start()
        for _ in range(25):
            operator.activate("us", second)
            operator.activate("us", first)
        done.set()
        for thread in asking:
            thread.join(WAIT_S)

    assert seen == lists, "each answer is of one list or of the other"


# The seed stands in the test's name, so that a failing run tells it.
@pytest.mark.parametrize("seed", [SEED])
def test_kill_9_during_imports_and_activations_leaves_the_last_acknowledged_list_or_the_next(
    store: Path, tokens: Tokens, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    owed = Owed()
    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
        owed.in_force = begin(api, operator)
        server.kill()
    for number in range(ROUNDS):
        with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
            owed.hold(api, operator, store)
            owner = threading.Thread(target=owed.work, args=(operator, number))
            owner.start()
            if number % 2:
                assert owed.uploaded.wait(WAIT_S)
            time.sleep(dice.uniform(0.0, 1.6))  # the moment of the crash is what is tested: any is right
            server.kill()
            owner.join()
    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
        owed.hold(api, operator, store)
        assert api.call("VerifyJournal").intact
        server.stop()
    opened = LmdbStore.own(store)
    assert_replay_equals(opened, tmp_path / "replay")
    opened.close()


class Owed:
    """What the server promised: the snapshot in force, or the one that nobody said yes or no to."""

    def __init__(self) -> None:
        self.in_force = ""
        self.maybe: set[str] = set()
        self.acknowledged: set[str] = set()
        self.uploaded = threading.Event()

    def work(self, operator: Operator, number: int) -> None:
        """Import and activate until the server is gone."""
        self.uploaded.clear()
        try:
            while True:
                phones = range(14155550100, 14155550200 + number)
                new = operator.list_numbers("us", *phones, activate=False).id
                self.acknowledged.add(new)
                self.uploaded.set()
                for snapshot in (new, self.in_force, new):
                    self.maybe = {snapshot}
                    operator.activate("us", snapshot, "a crash is being tested")
                    self.in_force, self.maybe = snapshot, set()
        except grpc.RpcError:
            self.uploaded.set()

    def hold(self, api: Api, operator: Operator, store: Path) -> None:
        """Assert what was promised, and that nothing else lies about."""
        states = operator.states("us")
        [found] = [snapshot for snapshot, state in states.items() if state == IN_FORCE]
        assert found in {self.in_force, *self.maybe}, "an acknowledged activation is lost"
        assert self.acknowledged <= set(states), "an acknowledged import is lost"
        assert verdicts(api, LISTED, 14155559999) == [BLOCK, ALLOW]
        left = set(lying_in(store)) - set(states)
        # A list that was whole and never acknowledged may stay; it has no part in any answer.
        assert not [name for name in left if "." in name], "leftovers are swept at start"
        assert set(states) <= set(lying_in(store))
        self.in_force, self.maybe = found, set()


def test_what_a_crash_left_of_an_upload_is_swept_at_start(store: Path, tokens: Tokens) -> None:
    going_on = threading.Event()

    def half() -> Iterator[Any]:
        yield header("us")
        yield content(lines(OTHER))
        assert going_on.wait(WAIT_S)

    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
        first = begin(api, operator)
        uploading = operator.stream(half())
        until(lambda: any(name.endswith(".upload") for name in lying_in(store)))
        server.kill()
        going_on.set()
        assert uploading.exception()
    folder = store / "registries" / "us"
    (folder / "f00d.building").mkdir()
    (folder / "f00d.building" / "1.bits").write_bytes(b"half")
    (folder / "f00d.removing").mkdir()
    (folder / "cafe").mkdir()
    (folder / "f00d.rejects.csv").write_text("file,line,reason,masked\n")

    with running(store) as said, callers(said.address, tokens) as (api, operator):
        assert "WARNING" in said.log_until("cafe is no list of this store")
        assert lying_in(store) == sorted(["cafe", first])
        assert verdicts(api, LISTED, OTHER) == [BLOCK, ALLOW]
        assert operator.list_numbers("us", LISTED, OTHER).numbers == 2


def until(happened: Any) -> None:
    end = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


# Each damaged in a way of its own, in the order of their names; the last one is sound.
LISTS = {
    "australia": ("+61", 61291234567, "gone"),
    "india": ("+91", 919812345601, "missing"),
    "uk": ("+44", 442079460101, "cut off"),
    "us": ("+1", LISTED, "altered"),
    "vietnam": ("+84", 84912345678, ""),
}


def test_damaged_lists_are_named_at_start_and_never_served(store: Path, tokens: Tokens) -> None:
    phones = [phone for _, phone, _ in LISTS.values()]
    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
        for name, (scope, phone, _) in LISTS.items():
            operator.create(name, scope)
            operator.list_numbers(name, phone)
        apply_policy(api, *map(require, LISTS))
        first = {name: next(iter(operator.states(name))) for name in LISTS}
        assert verdicts(api, *phones) == [BLOCK] * 5
        server.stop()
    folders = {name: store / "registries" / name / first[name] for name in LISTS}
    files = {name: damage(folders[name], kind) for name, (_, _, kind) in LISTS.items() if kind}

    with running(store, workers=1) as said, callers(said.address, tokens) as (api, operator):
        for name, file in files.items():
            line = said.log_until(f"snapshot {first[name]} of {name} is not served")
            assert "ERROR" in line
            assert file in line
        for name, (_, phone, kind) in LISTS.items():
            expected = {MISSING: UNSCREENED} if kind else {REGISTRY: BLOCK}
            assert rules(api, phone) == rules(api, phone) == expected
            assert folders[name].exists() == (not kind)
            assert folders[name].with_name(f"{first[name]}.damaged").exists() == (kind not in {"", "gone"})
        assert verdicts(api, OTHER, 84912345679) == [UNSCREENED, ALLOW], "the others go on"
        assert operator.refused("ActivateSnapshot", registry="us", snapshot=first["us"]).code.name == "DATA_LOSS"

        again = operator.list_numbers("us", LISTED).id
        operator.call("PruneSnapshot", registry="us", snapshot=first["us"])

        assert verdicts(api, LISTED, OTHER) == [BLOCK, ALLOW], "a new import heals it"
        assert sorted(path.name for path in (store / "registries" / "us").iterdir()) == [again]


def test_a_damaged_older_list_frees_nobody(store: Path, tokens: Tokens) -> None:
    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
        operator.create("tps", "+44")
        apply_policy(api, require("tps", listed_days_min=28))
        old = operator.list_numbers("tps", 442079460101, list_date="2025-01-01").id
        operator.list_numbers("tps", 442079460101, list_date=days_ago(1))
        assert verdicts(api, 442079460101, 442079460102) == [BLOCK, ALLOW]
        server.stop()
    damage(store / "registries" / "tps" / old, "altered")

    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, _):
        assert verdicts(api, 442079460101, 442079460102) == [BLOCK, ALLOW]
        assert f"{old}.damaged" in lying_in(store)


def days_ago(days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86_400))


def test_an_import_ends_with_its_server(store: Path, tokens: Tokens) -> None:
    # Written so that only the slow parser reads them: the import takes seconds.
    many = b"".join(b"tel:(415) %03d-%04d\n" % divmod(number, 10_000) for number in range(2_000_000, 2_010_000))
    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
        first = begin(api, operator)
        uploading = operator.stream(upload("us", many))
        until(lambda: any(name.endswith(".building") for name in lying_in(store)))
        importing = [child for worker in server.workers() for child in worker.children()]
        assert verdicts(api, LISTED, OTHER) == [BLOCK, ALLOW], "checks go on during an import"
        server.kill()
        assert importing
        for process in importing:
            process.wait(WAIT_S)
        assert uploading.exception()

    with daemon(store, workers=1) as server, callers(server.address, tokens) as (api, operator):
        assert lying_in(store) == [first]
        assert operator.states("us") == {first: IN_FORCE}
        assert verdicts(api, LISTED, OTHER) == [BLOCK, ALLOW]
    opened = LmdbStore.own(store)
    with opened.snapshot() as snapshot:
        assert journal.verify(snapshot).intact
        assert registries.find(snapshot, "us")[1] == first
    opened.close()
