"""Comparing: every answer of the server with the model's, now, explained later, and after a replay."""

import math
import os
import random
import shutil
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from dncd import attempt_log
from dncd.administration import create_token
from dncd.nouns import Role
from dncd.storage.contract import Table
from model import answering
from model.changed import Asked, Changed
from model.drawing import ACCOUNTS, ROWS, accounts
from model.facts import DAY_MS, DEFER, EMAIL, INVALID, SMS, STRENGTH, VOICE
from model.messages import column_findings, finding_columns, finding_of, row_message, scrub_message, told
from model.nouns import Finding, Row
from model.reference import Account, covers
from replaying import replayed, tables_of
from serving import Api, in_ms, moment, pb, served

# Attempts are explained for as long as windows of a week, and pauses as long, are sure to be kept.
EXPLAINED_MS = 20 * DAY_MS

Expected = tuple[int, int, list[Finding]]


class Compared(Changed):
    """Two accounts on one server, each with a model beside it: every answer is compared."""

    @invariant()
    def nothing_else_was_written(self) -> None:
        assert self.server.head() == self.head

    @invariant()
    def every_answer_is_the_models(self) -> None:
        self.read_stream()
        for account in ACCOUNTS:
            names = self.models[account].policies if account == self.touched else [""]
            for policy in names:
                for channel in self.models[account].policies[policy][0].channels or range(1, 5):
                    self.compare_scrub(account, policy, channel, self.compare_check(account, policy, channel))
        # Whatever comes next comes later: so a time names what was known when this was answered.
        self.server.clock.advance(1)

    def look(self) -> None:
        self.every_answer_is_the_models()

    def compare_check(self, account: str, policy: str, channel: int, later_ms: int = 0) -> list[Expected]:
        model, when_ms = self.models[account], self.now_ms + later_ms
        asked_for = {"contact_time": moment(when_ms)} if later_ms else {}
        answer = self.check(self.api(account), policy, channel, **asked_for)
        assert answer.checked_at.position == self.head
        assert answer.policy_version == model.policies[policy][1]
        counts_attempts = model.policies[policy][0].counts_attempts
        histories = {row.address: self.history_of(account, row.address) for row in ROWS}
        every = []
        for row, result in zip(ROWS, answer.results, strict=True):
            expected = compare_result(model, policy, channel, row, when_ms, result)
            every.append(expected)
            history = histories[row.address] if expected[0] != INVALID else ()
            times = self.head, self.now_ms, when_ms, counts_attempts
            kept = expected[0], expected[1], frozenset(expected[2])
            self.asked.append(Asked(account, policy, channel, row, *times, kept, history))
        return every

    @staticmethod
    def check(api: Api, policy: str, channel: int, **fields: Any) -> Any:
        request = pb.CheckRequest(policy=policy, channel=channel, rows=map(row_message, ROWS), **fields)
        return api.call("Check", request)

    def history_of(self, account: str, address: str) -> tuple[int, ...]:
        known = self.models[account].history
        found = {position for target in known if covers(target, address) for position in known[target]}
        return tuple(sorted(found, reverse=True))

    def compare_scrub(self, account: str, policy: str, channel: int, expected: list[Expected]) -> None:
        # By texts and by numbers in turn: the two differ in how they are read alone.
        numbers = channel != EMAIL and self.now_ms % 2 == 0
        request = scrub_message(ROWS, policy, channel, numbers=numbers)
        self.compare_columns(self.api(account).call("Scrub", request), expected)

    def compare_columns(self, answer: Any, expected: list[Expected]) -> None:
        assert list(answer.verdicts) == [verdict for verdict, _, _ in expected]
        assert list(answer.shadow_verdicts) == ([s for _, s, _ in expected] if expected[0][1] else [])
        assert list(answer.findings.rows) == sorted(answer.findings.rows)
        assert column_findings(answer.findings) == finding_columns([found for _, _, found in expected])

    @rule(account=accounts, channel=st.integers(1, 4), later_ms=st.sampled_from([1, 600, 5000, DAY_MS]))
    def check_a_planned_moment(self, account: str, channel: int, later_ms: int) -> None:
        self.compare_check(account, "", channel, later_ms)

    def teardown(self) -> None:
        try:
            for account in ACCOUNTS:
                self.check_at_the_edges_of_entries(account)
            self.read_stream()
            with TemporaryDirectory() as folder:
                self.replay(Path(folder))
        finally:
            super().teardown()

    def replay(self, folder: Path) -> None:
        """Build a store from the journal and the stream of attempts alone: its tables and its answers are the same."""
        original = self.server.store
        with replayed(original, folder) as copy:
            with copy.transaction() as txn:
                for encoded in self.stream:
                    attempt_log.replay(txn, encoded)
            with original.snapshot() as there, copy.snapshot() as here:
                expected, found = tables_of(there), tables_of(here)
            for table in Table:
                assert found[table] == expected[table], f"{table} differs after a replay"
        # Linked, since a copy would fill the holes of files that are mostly holes.
        shutil.copytree(self.folder / "registries", folder / "registries", copy_function=os.link, dirs_exist_ok=True)
        with served(folder, self.server.clock) as again:
            for name, model in self.models.items():
                token = create_token(again.store, self.now_ms, name, "replay", Role.CHECKER)
                with closing(Api(again.address, token)) as api:
                    self.compare_with_models(api, model)

    def compare_with_models(self, api: Api, model: Account) -> None:
        for policy, (known, _) in model.policies.items():
            for channel in known.channels or range(1, 5):
                answer = self.check(api, policy, channel)
                for row, result in zip(ROWS, answer.results, strict=True):
                    compare_result(model, policy, channel, row, self.now_ms, result)

    def check_at_the_edges_of_entries(self, account: str) -> None:
        entries = self.models[account].entries.values()
        edges = {edge + step for entry in entries for edge in (entry.starts_ms, entry.ends_ms) for step in (-1, 0)}
        for later_ms in sorted(int(edge - self.now_ms) for edge in edges if self.now_ms < edge < math.inf):
            for channel in (VOICE, SMS, EMAIL):
                self.compare_check(account, "", channel, later_ms)

    @precondition(lambda self: self.asked)
    @rule(choice=st.integers(0, 10**6))
    def explain_what_was_answered(self, choice: int) -> None:
        order = random.Random(choice)
        # Attempts are told by other means than everything else, so that half of them are about those.
        counted = [asked for asked in self.asked if asked.counts_attempts and self.was_contacted(asked)]
        for asked in _some(order, self.asked) + _some(order, counted):
            # Of a planned moment, no revision tells when it was asked about, and so which attempts were known.
            planned = asked.contact_ms != asked.asked_ms
            by_time = (asked.counts_attempts and planned) or order.random() < 0.3
            if asked.counts_attempts and asked.asked_ms < self.now_ms - EXPLAINED_MS:
                continue
            self.explain(asked, by_time=by_time)

    def was_contacted(self, asked: Asked) -> bool:
        return any(asked.row.address == each.row.address for each in self.models[asked.account].attempts.values())

    def explain(self, asked: Asked, *, by_time: bool) -> None:
        """Explain as of the revision of an answer, or as of the time at which it was asked for."""
        revision = pb.Revision(store=self.server.store.id, position=asked.position)
        request = pb.ExplainRequest(
            policy=asked.policy,
            channel=asked.channel,
            row=row_message(asked.row),
            contact_time=moment(asked.contact_ms),
            history_max=1000,
            **({"time": moment(asked.asked_ms)} if by_time else {"revision": revision}),
        )
        answer = self.api(asked.account, Role.AUDITOR).call("Explain", request)
        assert told(answer.result) == asked.result, asked
        assert answer.answered_at.position == asked.position
        history = tuple(event.position for event in answer.history)
        assert history == asked.history, asked
        considered = {finding_of(each.finding) for each in answer.considered if each.HasField("finding")}
        assert considered == asked.result[2]


def _some(order: random.Random, among: list[Asked]) -> list[Asked]:
    return order.sample(among, min(5, len(among)))


def compare_result(model: Account, policy: str, channel: int, row: Row, when_ms: int, result: Any) -> Expected:
    """Hold a result against the model's, which it gives; what is loose must be among what the model permits."""
    verdict, shadow, found = expected = answering.answer(model, policy, channel, row, when_ms)
    where = model.name, policy, channel, row
    assert told(result) == (verdict, shadow, frozenset(found)), where
    ranks = [STRENGTH.index(finding.verdict) for finding in result.findings]
    assert ranks == sorted(ranks, reverse=True), "the strongest comes first"
    permitted = {finding: finding.loose for finding in found}
    for message in result.findings:
        finding = finding_of(message)
        assert finding.loose <= permitted[finding], where
    assert result.address == ("" if verdict == INVALID else row.address)
    retry_ms = answering.retry_at(model, policy, channel, row, when_ms) if verdict == DEFER else 0
    assert in_ms(result.retry_at) == retry_ms, where
    return expected
