"""Changes to a real server, made to a reference model too: both accept one, or both refuse it for the same reason."""

import copy
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from dncd.nouns import Role
from model.reference import (
    AGENT,
    INBOUND_MESSAGE,
    SMS,
    Account,
    Entry,
    Finding,
    Label,
    OptIn,
    Policy,
    Refused,
)
from replaying import assert_replay_equals
from serving import Api, moment, new_id, pb, served

PHONES = ["+14155550101", "+14155550102", "+14152220111", "+12125550101", "+442079460123", "+4930123456"]
EMAILS = ["ann@example.com", "bob@mail.example.com", "cy@deep.mail.example.com", "di@myexample.com"]
PATTERNS = ["+1*", "+1415*", "+14155550101*", "+44*", "@example.com", "@mail.example.com"]
ASKED = [*PHONES, *EMAILS, "no address", "911", ""]
ACCOUNTS = ["default", "beta"]
OWN_LABELS = ["sales", "surveys"]
LABELS = ["do-not-contact", "do-not-phone", "do-not-text", "do-not-email", *OWN_LABELS]
POLICIES = ["p1", "p2"]
DAY_MS = 86_400_000
RETRY_MS = 7 * DAY_MS

accounts = st.sampled_from(ACCOUNTS)
targets = st.sampled_from([*PHONES[:4], *EMAILS, *PATTERNS, *PHONES])
numbers = st.sampled_from(PHONES)
sources = st.integers(1, 8)
offsets = st.sampled_from([None, -1000, 500, 5000])
lengths = st.sampled_from([None, 1, 700, 4000, 10_000])
channel_sets = st.frozensets(st.integers(1, 4), min_size=1)
purposes = st.frozensets(st.integers(1, 5), max_size=2)
rows = st.lists(st.tuples(targets, st.sampled_from(LABELS), sources, offsets, lengths), min_size=1, max_size=4)
refs = st.lists(st.tuples(targets, st.sampled_from(LABELS)), min_size=1, max_size=3)


@dataclass(frozen=True)
class Sent:
    """A change that was acknowledged, to be retried."""

    account: str
    role: Role
    method: str
    request: Any
    answer: Any
    at_ms: int


@dataclass(frozen=True)
class Asked:
    """An answer that was given, to be explained later."""

    account: str
    policy: str
    channel: int
    address: str
    position: int
    contact_ms: int
    result: tuple[int, int, frozenset[Finding]]
    history: tuple[int, ...]


class Changed(RuleBasedStateMachine):
    """Two accounts on one server, each with a model beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        folder = self.closing.enter_context(TemporaryDirectory())
        self.server = self.closing.enter_context(served(Path(folder) / "store"))
        self.server.account("beta")
        self.models = {name: Account() for name in ACCOUNTS}
        for name in ACCOUNTS:
            for role in (Role.ADMIN, Role.AGENT, Role.AUDITOR):
                self.server.api(name, role)
        self.head = self.server.head()
        self.touched = "default"
        self.sent: list[Sent] = []
        self.asked: list[Asked] = []

    def teardown(self) -> None:
        with self.closing, TemporaryDirectory() as folder:
            assert_replay_equals(self.server.store, Path(folder) / "replay")

    @property
    def now_ms(self) -> int:
        return self.server.clock()

    def api(self, account: str, role: Role = Role.ADMIN) -> Api:
        return self.server.api(account, role)

    def change(
        self, account: str, method: str, request: Any, apply: Callable[[Account], Any], role: Role = Role.ADMIN
    ) -> tuple[Any, Any]:
        """Send a change to the server and the model: both accept it, or both refuse it for the same reason."""
        self.touched = account
        request.request_id = new_id()
        dry = getattr(request, "validate_only", False)
        model = copy.deepcopy(self.models[account])
        try:
            expected = apply(model)
        except Refused as refused:
            expected = refused
        if isinstance(expected, Refused):
            reason = self.api(account, role).refused(method, request).reason
            assert reason in {f"ERROR_REASON_{each}" for each in expected.reasons}
            return None, None
        answer = self.api(account, role).call(method, request)
        if not dry:
            self.models[account] = model
            self.head += 1
            self.sent.append(Sent(account, role, method, request, answer, self.now_ms))
        assert answer.written_at.position == self.head
        return answer, expected

    # Changes

    @initialize(account=accounts)
    def begin_with_labels_and_policies(self, account: str) -> None:
        self.create_label(account, "sales", frozenset({1, 2, 3}), frozenset())
        self.apply_policy(account, "p1", frozenset(), 1, ("sales",), opt_in=True, shadow=False, dry=False)

    @rule(account=accounts, wanted=rows, dry=st.sampled_from([False, False, False, True]))
    def add(self, account: str, wanted: list[tuple[str, str, int, int | None, int | None]], dry: bool) -> None:
        messages, entries = [], []
        for index, (target, label, source, offset, length) in enumerate(wanted):
            starts_ms = 0 if offset is None else self.now_ms + offset
            ends_ms = None if length is None else max(starts_ms, self.now_ms) + length
            messages.append(
                pb.NewEntry(
                    address=target,
                    label=label,
                    source=source,
                    note=f"row {index}",
                    starts_at=moment(starts_ms) if offset is not None else None,
                    expires_at=moment(ends_ms) if ends_ms else None,
                )
            )
            # What a person said themselves is REQUESTED_BY_PERSON, everything else INTERNAL_DECISION.
            reason = 1 if source <= INBOUND_MESSAGE else 6
            facts = starts_ms, ends_ms or math.inf, self.now_ms, self.head + 1, f"row {index}"
            entries.append(Entry(target, label, source, reason, *facts))
        request = pb.AddEntriesRequest(entries=messages, validate_only=dry)
        answer, expected = self.change(account, "AddEntries", request, lambda model: model.add(entries))
        if answer:
            assert list(answer.outcomes) == expected
            assert (answer.added, answer.extended, answer.unchanged) == tuple(map(expected.count, (1, 2, 3)))

    @rule(
        account=accounts,
        wanted=refs,
        reason=st.integers(1, 5),
        evidence=st.booleans(),
        dry=st.sampled_from([False, False, True]),
    )
    def remove(self, account: str, wanted: list[tuple[str, str]], reason: int, evidence: bool, dry: bool) -> None:
        request = pb.RemoveEntriesRequest(
            entries=[pb.EntryRef(address=target, label=label) for target, label in wanted],
            reason=reason,
            evidence=pb.Evidence(call_id="c-1") if evidence or reason == 2 else None,
            validate_only=dry,
        )
        position = self.head + 1
        answer, expected = self.change(
            account,
            "RemoveEntries",
            request,
            lambda model: model.remove(wanted, reason, evidence or reason == 2, position),
        )
        if answer:
            assert list(answer.outcomes) == expected
            assert (answer.removed, answer.unchanged, answer.kept) == tuple(map(expected.count, (4, 3, 5)))

    @rule(
        account=accounts,
        number=numbers,
        status=st.integers(1, 4),
        source=st.sampled_from([AGENT, INBOUND_MESSAGE, 6]),
        manager=st.booleans(),
        evidence=st.booleans(),
    )
    def set_opt_in(self, account: str, number: str, status: int, source: int, manager: bool, evidence: bool) -> None:
        request = pb.SetOptInRequest(
            address=number, status=status, source=source, evidence=pb.Evidence(reference="r") if evidence else None
        )
        position, now_ms = self.head + 1, self.now_ms
        wanted = OptIn(status, source, now_ms, position)
        stop = Entry(number, "do-not-text", INBOUND_MESSAGE, 1, 0, math.inf, now_ms, position, "")
        answer, expected = self.change(
            account,
            "SetOptIn",
            request,
            lambda model: model.set_opt_in(number, wanted, manager=manager, has_evidence=evidence, stop=stop),
            Role.ADMIN if manager else Role.AGENT,
        )
        if answer:
            assert (answer.before, answer.status) == expected

    @rule(account=accounts, number=numbers)
    def claim(self, account: str, number: str) -> None:
        position, now_ms = self.head + 1, self.now_ms
        answer, expected = self.change(
            account,
            "ClaimOptInRequest",
            pb.ClaimOptInRequestRequest(address=number, campaign="spring"),
            lambda model: model.claim(number, position, now_ms),
        )
        assert (answer.granted, answer.status, answer.blocked_by_entry) == expected

    @rule(account=accounts, name=st.sampled_from(OWN_LABELS), channels=channel_sets, about=purposes)
    def create_label(self, account: str, name: str, channels: frozenset[int], about: frozenset[int]) -> None:
        request = pb.CreateLabelRequest(label=pb.Label(name=name, channels=channels, purposes=about))
        self.change(account, "CreateLabel", request, lambda model: model.create_label(name, Label(channels, about)))

    @rule(account=accounts, name=st.sampled_from(LABELS), channels=channel_sets, about=purposes)
    def update_label(self, account: str, name: str, channels: frozenset[int], about: frozenset[int]) -> None:
        request = pb.UpdateLabelRequest(label=pb.Label(name=name, channels=channels, purposes=about))
        self.change(account, "UpdateLabel", request, lambda model: model.update_label(name, Label(channels, about)))

    @rule(account=accounts, name=st.sampled_from([*OWN_LABELS, "do-not-text"]), really=st.integers(0, 3))
    def archive_label(self, account: str, name: str, really: int) -> None:
        # Archiving is for good, so it stays rare: else most labels were closed in most runs.
        if really == 0:
            request = pb.ArchiveLabelRequest(name=name)
            self.change(account, "ArchiveLabel", request, lambda model: model.archive_label(name))

    @rule(
        account=accounts,
        name=st.sampled_from(POLICIES),
        channels=st.frozensets(st.integers(1, 4), max_size=3),
        purpose=st.integers(1, 5),
        labels=st.lists(st.sampled_from(OWN_LABELS), unique=True).map(tuple),
        opt_in=st.booleans(),
        shadow=st.booleans(),
        dry=st.sampled_from([False, False, True]),
    )
    def apply_policy(
        self,
        account: str,
        name: str,
        channels: frozenset[int],
        purpose: int,
        labels: tuple[str, ...],
        opt_in: bool,
        shadow: bool,
        dry: bool,
    ) -> None:
        message = pb.Policy(name=name, channels=channels, purpose=purpose, labels=labels, mode=2 if shadow else 1)
        if opt_in:
            message.require_opt_in.channels.append(SMS)
        policy, position = Policy(channels, purpose, labels, opt_in, shadow), self.head + 1
        request = pb.ApplyPolicyRequest(policy=message, validate_only=dry)
        answer, changed = self.change(
            account, "ApplyPolicy", request, lambda model: model.apply_policy(name, policy, position)
        )
        if answer:
            assert answer.changed == changed

    @rule(account=accounts, name=st.sampled_from(POLICIES))
    def delete_policy(self, account: str, name: str) -> None:
        request = pb.DeletePolicyRequest(name=name)
        answer, changed = self.change(account, "DeletePolicy", request, lambda model: model.delete_policy(name))
        assert answer.changed == changed

    @rule(ms=st.sampled_from([1, 500, 700, 5000, 3 * DAY_MS]))
    def let_time_pass(self, ms: int) -> None:
        self.server.clock.advance(ms)

    @rule()
    def keep_house(self) -> None:
        self.server.app.housekeep(self.now_ms)
        for name in sorted(ACCOUNTS):
            if self.models[name].ended(self.now_ms):
                self.head += 1
                self.models[name].tidy(self.now_ms, self.head)
        # Forgetting old request ids is an event too, and touches nothing that the model knows.
        assert self.server.head() - self.head in {0, 1}
        self.head = self.server.head()

    @precondition(lambda self: self.sent)
    @rule(choice=st.integers(0, 10**6))
    def retry(self, choice: int) -> None:
        sent = self.sent[choice % len(self.sent)]
        if self.now_ms - sent.at_ms >= RETRY_MS or sent.method in {"CreateLabel", "UpdateLabel", "ArchiveLabel"}:
            return  # labels are told as they are now
        if sent.method == "ApplyPolicy" and not sent.answer.changed:
            return  # tells what is in force now
        again = self.api(sent.account, sent.role).call(sent.method, sent.request)
        assert again == sent.answer
