"""The real server, with its store on disk, does at every step what the reference model says."""

import math
import os
import random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from dncd.nouns import Role
from model.changed import ACCOUNTS, DAY_MS, EMAILS, LABELS, PATTERNS, PHONES, Asked, Changed, accounts, targets
from model.reference import EMAIL, INVALID, SMS, STRENGTH, VOICE, Account, Entry, Finding, covers
from serving import in_ms, moment, pb

# A prefix or domain, an entry that ends, one that begins later, and whatever else.
first_rows = st.tuples(
    st.tuples(st.sampled_from(PATTERNS), st.sampled_from(LABELS[:4]), st.just(6), st.none(), st.none()),
    st.tuples(targets, st.sampled_from(LABELS[:4]), st.just(6), st.none(), st.sampled_from([1, 700, 4000])),
    st.tuples(targets, st.sampled_from(LABELS[:4]), st.just(6), st.sampled_from([500, 5000]), st.none()),
).map(list)
ASKED = [*PHONES, *EMAILS, "no address", "911", ""]


def finding_of(message: Any) -> Finding:
    return Finding(
        message.rule,
        message.verdict,
        message.label,
        message.source,
        message.target,
        in_ms(message.recorded_at),
        in_ms(message.expires_at) if message.HasField("expires_at") else math.inf,
        message.event_position,
        message.shadow,
    )


def told(result: Any) -> tuple[int, int, frozenset[Finding]]:
    found = [finding_of(message) for message in result.findings]
    assert len(set(found)) == len(found), "no finding comes twice"
    ranks = [STRENGTH.index(finding.verdict) for finding in found]
    assert ranks == sorted(ranks, reverse=True), "the strongest comes first"
    return result.verdict, result.shadow_verdict, frozenset(found)


class ServerAndModel(Changed):
    """Two accounts on one server, each with a model beside it: every answer is compared."""

    @initialize(account=accounts, wanted=first_rows)
    def begin_with_entries_that_come_after_a_check(self, account: str, wanted: list[Any]) -> None:
        # What workers hold in memory must be there to become stale.
        self.every_answer_is_the_models()
        self.add(account, wanted, dry=False)

    @invariant()
    def nothing_else_was_written(self) -> None:
        assert self.server.head() == self.head

    @invariant()
    def every_answer_is_the_models(self) -> None:
        for account in ACCOUNTS:
            names = self.models[account].policies if account == self.touched else [""]
            for policy in names:
                for channel in self.models[account].policies[policy][0].channels or range(1, 5):
                    self.compare_check(account, policy, channel)
                    self.compare_scrub(account, policy, channel)

    def compare_check(self, account: str, policy: str, channel: int, later_ms: int = 0) -> None:
        model, when_ms = self.models[account], self.now_ms + later_ms
        answer = self.api(account).check(
            *ASKED, channel=channel, policy=policy, contact_time=moment(when_ms) if later_ms else None
        )
        assert answer.checked_at.position == self.head
        assert answer.policy_version == model.policies[policy][1]
        for address, result in zip(ASKED, answer.results, strict=True):
            verdict, shadow, found = model.answer(policy, channel, address, when_ms)
            assert told(result) == (verdict, shadow, frozenset(found)), (account, policy, channel, address)
            assert result.address == ("" if verdict == INVALID else address)
            history = self.history_of(account, address) if verdict != INVALID else ()
            self.asked.append(Asked(account, policy, channel, address, self.head, when_ms, told(result), history))

    def history_of(self, account: str, address: str) -> tuple[int, ...]:
        known = self.models[account].history
        found = {position for target in known if covers(target, address) for position in known[target]}
        return tuple(sorted(found, reverse=True))

    def compare_scrub(self, account: str, policy: str, channel: int) -> None:
        model = self.models[account]
        expected = [model.answer(policy, channel, address, self.now_ms) for address in ASKED]
        request = pb.ScrubRequest(policy=policy, channel=channel, addresses=ASKED)
        self.compare_columns(self.api(account).call("Scrub", request), expected)
        if channel != EMAIL:
            phones = [int(address[1:]) if address in PHONES else 0 for address in ASKED]
            request = pb.ScrubRequest(policy=policy, channel=channel, phones=phones)
            self.compare_columns(self.api(account).call("Scrub", request), expected)

    def compare_columns(self, answer: Any, expected: list[tuple[int, int, list[Finding]]]) -> None:
        assert list(answer.verdicts) == [verdict for verdict, _, _ in expected]
        assert list(answer.shadow_verdicts) == ([s for _, s, _ in expected] if expected[0][1] else [])
        columns = answer.findings
        found = sorted(
            zip(
                columns.rows,
                columns.rules,
                columns.verdicts,
                [columns.label_names[place] if place != 2**32 - 1 else "" for place in columns.labels],
                columns.sources,
                columns.recorded_at_ms,
                columns.event_positions,
                columns.shadows,
                strict=True,
            )
        )
        assert list(columns.rows) == sorted(columns.rows)
        assert found == sorted(
            (row, f.rule, f.verdict, f.label, f.source, f.recorded_ms, f.position, f.shadow)
            for row, (_, _, findings) in enumerate(expected)
            for f in findings
        )

    @rule(account=accounts, channel=st.integers(1, 4), later_ms=st.sampled_from([1, 600, 5000, DAY_MS]))
    def check_a_planned_moment(self, account: str, channel: int, later_ms: int) -> None:
        self.compare_check(account, "", channel, later_ms)

    def teardown(self) -> None:
        try:
            for account in ACCOUNTS:
                self.check_at_the_edges_of_entries(account)
        finally:
            super().teardown()

    def check_at_the_edges_of_entries(self, account: str) -> None:
        entries = self.models[account].entries.values()
        edges = {edge + step for entry in entries for edge in (entry.starts_ms, entry.ends_ms) for step in (-1, 0)}
        for later_ms in sorted(int(edge - self.now_ms) for edge in edges if self.now_ms < edge < math.inf):
            for channel in (VOICE, SMS, EMAIL):
                self.compare_check(account, "", channel, later_ms)

    @precondition(lambda self: self.asked)
    @rule(choice=st.integers(0, 10**6))
    def explain_what_was_answered(self, choice: int) -> None:
        random_order = random.Random(choice)
        for asked in random_order.sample(self.asked, min(8, len(self.asked))):
            request = pb.ExplainRequest(
                policy=asked.policy,
                channel=asked.channel,
                row=pb.CheckRow(address=asked.address),
                contact_time=moment(asked.contact_ms),
                revision=pb.Revision(store=self.server.store.id, position=asked.position),
                history_max=1000,
            )
            answer = self.api(asked.account, Role.AUDITOR).call("Explain", request)
            assert told(answer.result) == asked.result
            assert answer.answered_at.position == asked.position
            assert tuple(event.position for event in answer.history) == asked.history
            considered = {finding_of(each.finding) for each in answer.considered if each.HasField("finding")}
            assert considered == asked.result[2]

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


ServerAndModel.TestCase.settings = settings(
    max_examples=int(os.environ.get("DNCD_MODEL_EXAMPLES", "12")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestServerAndModel = ServerAndModel.TestCase
