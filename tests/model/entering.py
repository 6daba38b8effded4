"""Entries, labels and opt-ins, on the server and in the model."""

import math
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from dncd.nouns import Role
from model import words
from model.answering import answers
from model.changed import RETRY_MS, Changed
from model.drawing import (
    EMAILS,
    LABELS,
    OWN_LABELS,
    PATTERNS,
    PHONES,
    POLICIES,
    accounts,
    channel_sets,
    numbers,
    policies,
    purposes,
    refs,
    rows,
    targets,
)
from model.facts import (
    ACCEPTED,
    AGENT,
    INBOUND_MESSAGE,
    INTERNAL_DECISION,
    REJECTED,
    REQUESTED_BY_PERSON,
    RULE_LIMIT,
    SENT,
    SMS,
)
from model.nouns import Entry, Label, OptIn, Policy, Row
from model.reference import Account
from serving import in_ms, moment, pb

# A prefix or domain, an entry that ends, one that begins later, and whatever else.
_LABELS = st.sampled_from(LABELS[:4])
first_rows = st.tuples(
    st.tuples(st.sampled_from(PATTERNS), _LABELS, st.just(6), st.none(), st.none(), st.just(0)),
    st.tuples(targets, _LABELS, st.just(6), st.none(), st.sampled_from([1, 700, 4000]), st.just(0)),
    st.tuples(targets, _LABELS, st.just(6), st.sampled_from([500, 5000]), st.none(), st.just(0)),
).map(list)


class Entering(Changed):
    """The rules of entries, labels and opt-ins."""

    def __init__(self) -> None:
        super().__init__()
        # The claims of opt-in requests that were granted, with the position, the attempt and the time.
        self.requested: list[tuple[str, Any, int, str, int]] = []

    @initialize(account=accounts, policy=policies)
    def begin_with_labels_and_policies(self, account: str, policy: Policy) -> None:
        self.create_label(account, "sales", frozenset({1, 2, 3}), frozenset())
        self.apply_policy(account, "p1", replace(policy, labels=("sales",)), dry=False)

    @rule(account=accounts, wanted=rows, dry=st.sampled_from([False, False, False, True]), wrong=st.integers(0, 9))
    def add(self, account: str, wanted: list[tuple[Any, ...]], dry: bool, wrong: int = 1) -> None:
        # Entries that would stop nothing are refused, and the whole batch with them: so they stay rare.
        if wrong:
            wanted = [row for row in wanted if self.models[account].reaches(row[1], row[0])] or wanted
        messages, entries = [], []
        for index, (target, label, source, offset, length, why) in enumerate(wanted):
            starts_ms = 0 if offset is None else self.now_ms + offset
            ends_ms = None if length is None else max(starts_ms, self.now_ms) + length
            messages.append(
                pb.NewEntry(
                    address=target,
                    label=label,
                    source=source,
                    reason=why,
                    note=f"row {index}",
                    starts_at=moment(starts_ms) if offset is not None else None,
                    expires_at=moment(ends_ms) if ends_ms else None,
                )
            )
            # What a person said themselves is REQUESTED_BY_PERSON, everything else INTERNAL_DECISION.
            reason = why or (REQUESTED_BY_PERSON if source <= INBOUND_MESSAGE else INTERNAL_DECISION)
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
        answer, expected = self.change(
            account,
            "SetOptIn",
            request,
            lambda model: model.set_opt_in(number, wanted, manager=manager, has_evidence=evidence),
            Role.ADMIN if manager else Role.AGENT,
        )
        if answer:
            assert (answer.before, answer.status) == expected

    @rule(
        account=accounts,
        policy=st.sampled_from(["", "", "p1", "p2"]),
        number=numbers,
        then=st.sampled_from([0, SENT, ACCEPTED, REJECTED]),
    )
    def claim(self, account: str, policy: str, number: str, then: int) -> None:
        request = pb.ClaimOptInRequestRequest(address=number, campaign="spring", policy=policy)
        position, now_ms = self.head + 1, self.now_ms
        answer, expected = self.change(
            account,
            "ClaimOptInRequest",
            request,
            lambda model: words.claim_request(model, policy, number, position, now_ms),
            Role.CHECKER,
            written=lambda expected: not expected[3],
        )
        if not answer:
            return
        *told, stops = expected
        assert [answer.granted, answer.status, answer.blocked_by_entry] == told
        assert answer.HasField("result") == bool(stops)
        if answer.granted:
            self.count_send(account, answer.reservation, Row(number), SMS)
            self.requested.append((account, request, position, answer.reservation, now_ms))
        if then in {ACCEPTED, REJECTED}:
            self.set_opt_in(account, number, then, INBOUND_MESSAGE, manager=False, evidence=False)
        if then and self.requested:
            self.claim_a_request_again(0)

    @precondition(lambda self: self.requested)
    @rule(choice=st.integers(0, 99))
    def claim_a_request_again(self, choice: int) -> None:
        """A retry of a granted claim is granted while the number is SENT and nothing else stops it."""
        account, request, position, reservation, at_ms = self.requested[-1 - choice % min(3, len(self.requested))]
        model = self.models[account]
        if self.now_ms - at_ms >= RETRY_MS or not answers(model, request.policy, SMS):
            return
        answer = self.api(account, Role.CHECKER).call("ClaimOptInRequest", request)
        known = model.opt_ins[request.address]
        holds = known.status == SENT and known.position == position
        stops = words.stops_of_request(model, request.policy, request.address, self.now_ms)
        # In limits counts what it was granted.
        holds = holds and self.is_claimed(account, reservation) and all(each.rule == RULE_LIMIT for each in stops)
        assert (answer.granted, answer.status) == (holds, known.status)
        assert answer.reservation == (reservation if holds else "")

    @rule(account=accounts, name=st.sampled_from(OWN_LABELS), channels=channel_sets, about=purposes)
    def create_label(self, account: str, name: str, channels: frozenset[int], about: frozenset[int]) -> None:
        request = pb.CreateLabelRequest(label=pb.Label(name=name, channels=channels, purposes=about))
        self.change(account, "CreateLabel", request, lambda model: model.create_label(name, Label(channels, about)))

    @rule(
        account=accounts,
        name=st.sampled_from(LABELS),
        channels=channel_sets,
        about=purposes,
        reason=st.sampled_from(["", "texts have their own"]),
    )
    def update_label(
        self, account: str, name: str, channels: frozenset[int], about: frozenset[int], reason: str
    ) -> None:
        request = pb.UpdateLabelRequest(label=pb.Label(name=name, channels=channels, purposes=about), reason=reason)
        label = Label(channels, about)
        self.change(account, "UpdateLabel", request, lambda model: model.update_label(name, label, reason))

    @rule(account=accounts, name=st.sampled_from([*OWN_LABELS, "do-not-text"]), really=st.integers(0, 3))
    def archive_label(self, account: str, name: str, really: int) -> None:
        # Archiving is for good, so it stays rare: else most labels were closed in most runs.
        if really == 0:
            request = pb.ArchiveLabelRequest(name=name)
            self.change(account, "ArchiveLabel", request, lambda model: model.archive_label(name))

    @rule(
        account=accounts,
        name=st.sampled_from(POLICIES),
        policy=policies,
        dry=st.sampled_from([False, False, False, True]),
    )
    def apply_any_policy(self, account: str, name: str, policy: Policy, dry: bool) -> None:
        self.apply_policy(account, name, policy, dry)

    @rule(account=accounts, name=st.sampled_from(POLICIES))
    def delete_policy(self, account: str, name: str) -> None:
        request = pb.DeletePolicyRequest(name=name)
        answer, changed = self.change(account, "DeletePolicy", request, lambda model: model.delete_policy(name))
        assert answer.changed == changed

    @initialize(account=accounts, wanted=first_rows)
    def begin_with_entries_that_come_after_a_check(self, account: str, wanted: list[Any]) -> None:
        # What workers hold in memory must be there to become stale.
        self.api(account).check(*PHONES, *EMAILS)
        self.add(account, wanted, dry=False)

    @rule(account=accounts, address=targets)
    def tell_all_about_one_address(self, account: str, address: str) -> None:
        model = self.models[account]
        answer = self.api(account).call("GetAddress", pb.GetAddressRequest(address=address, history_max=1000))
        mine = [entry for entry in model.entries.values() if entry.target == address]
        assert {self.told_entry(e) for e in answer.entries} == {self.entry_facts(e) for e in mine}
        assert len(answer.entries) == len(mine)
        assert answer.opt_in == model.status(address)
        assert [event.position for event in answer.history] == sorted(model.history.get(address, ()), reverse=True)

    @rule(
        account=accounts,
        label=st.sampled_from(["", "", *LABELS]),
        source=st.integers(0, 8),
        size=st.integers(0, 3),
        state=st.integers(0, 3),
        part=st.sampled_from(["", "", "1415", "example"]),
    )
    def list_entries(self, account: str, label: str, source: int, size: int, state: int, part: str) -> None:
        model = self.models[account]
        if label and label not in model.labels:
            return
        wanted = [
            entry
            for entry in model.entries.values()
            if label in {"", entry.label}
            and source in {0, entry.source}
            and state in {0, entry.state(self.now_ms)}
            and part in entry.target
        ]
        request = pb.ListEntriesRequest(label=label, source=source, state=state, address_contains=part, page_size=size)
        listed = []
        while True:
            page = self.api(account, Role.AGENT).call("ListEntries", request)
            assert len(page.entries) <= (size or 100)
            if not request.page_token:
                assert (page.total, page.total_is_lower_bound) == (len(wanted), False)
            listed += page.entries
            request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        assert sorted(map(self.told_entry, listed)) == sorted(map(self.entry_facts, wanted))
        times = [in_ms(entry.recorded_at) for entry in listed]
        assert times == sorted(times, reverse=True)

    @rule(account=accounts)
    def list_labels(self, account: str) -> None:
        model = self.models[account]
        listed = self.api(account).call("ListLabels").labels
        assert [
            (each.name, frozenset(each.channels), frozenset(each.purposes), each.archived, each.built_in, each.entries)
            for each in listed
        ] == [
            (name, known.channels, known.purposes, known.archived, known.built_in, self.count(model, name))
            for name, known in sorted(model.labels.items())
        ]

    @staticmethod
    def count(model: Account, label: str) -> int:
        return sum(entry.label == label for entry in model.entries.values())

    def entry_facts(self, entry: Entry) -> tuple[Any, ...]:
        starts_ms = entry.starts_ms or entry.recorded_ms
        facts = entry.target, entry.label, entry.source, entry.reason, starts_ms, entry.ends_ms, entry.recorded_ms
        return (*facts, entry.position, entry.note, entry.state(self.now_ms))

    def told_entry(self, entry: Any) -> tuple[Any, ...]:
        ends_ms = in_ms(entry.expires_at) if entry.HasField("expires_at") else math.inf
        facts = entry.address, entry.label, entry.source, entry.reason, in_ms(entry.starts_at), ends_ms
        return (*facts, in_ms(entry.recorded_at), entry.event_position, entry.note, entry.state)
