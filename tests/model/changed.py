"""Changes to a real server, made to a reference model too: both accept one, or both refuse it for the same reason."""

import copy
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from dncd import attempt_log
from dncd.nouns import Role
from model.drawing import (
    ACCOUNTS,
)
from model.facts import DAY_MS, HOUR_MS, MINUTE_MS, PENDING, SEND_LEASE_MS
from model.furnishing import furnish
from model.messages import policy_message
from model.nouns import Attempt, Finding, Policy, Refused, Row
from model.reference import Account
from serving import Api, new_id, pb, served

RETRY_MS = 7 * DAY_MS
# Told as they are now, not as they were when the first request was answered.
TOLD_ANEW = {"CreateLabel", "UpdateLabel", "ArchiveLabel", "AuthorizeOneTimeSend", "ClaimOptInRequest", "ClaimSend"}
# Until something ends: an entry, a claim's lease, permission, a window, a pause, a consent, a list's age.
SPANS = [
    *(1, 500, 700, 5000, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 7 * HOUR_MS),
    *(24 * HOUR_MS, 48 * HOUR_MS, 72 * HOUR_MS, 3 * DAY_MS, 7 * DAY_MS, 20 * DAY_MS, 100 * DAY_MS),
]


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
    row: Row
    position: int
    asked_ms: int
    contact_ms: int
    counts_attempts: bool
    result: tuple[int, int, frozenset[Finding]]
    history: tuple[int, ...]


class Changed(RuleBasedStateMachine):
    """Two accounts on one server, each with a model beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.folder = Path(self.closing.enter_context(TemporaryDirectory())) / "store"
        self.server = self.closing.enter_context(served(self.folder))
        self.server.account("beta")
        self.models = {name: Account(name=name) for name in ACCOUNTS}
        furnish(self.server)
        for name in ACCOUNTS:
            for role in (Role.ADMIN, Role.AGENT, Role.CHECKER, Role.AUDITOR):
                self.server.api(name, role)
        self.head = self.server.head()
        # The stream of attempts, read as it grows, since its begin is pruned.
        self.stream: list[bytes] = []
        self.touched = "default"
        # The attempts that may be completed, by account and reservation.
        self.claims: dict[tuple[str, str], None] = {}
        self.sent: list[Sent] = []
        self.asked: list[Asked] = []

    def teardown(self) -> None:
        self.closing.close()

    @property
    def now_ms(self) -> int:
        return self.server.clock()

    def api(self, account: str, role: Role = Role.ADMIN) -> Api:
        return self.server.api(account, role)

    def change(
        self,
        account: str,
        method: str,
        request: Any,
        apply: Callable[[Account], Any],
        role: Role = Role.ADMIN,
        written: Callable[[Any], bool] = lambda _: True,
    ) -> tuple[Any, Any]:
        """Send a change to the server and the model: both accept it, or both refuse it for the same reason.

        `written` tells from what the model gave whether an event was to be written.
        """
        self.touched = account
        # A message that has a name of its own needs none for its request, and may have both.
        request.request_id = "" if getattr(request, "message_id", "") and self.now_ms % 2 else new_id()
        dry = getattr(request, "validate_only", False)
        model = copy.deepcopy(self.models[account])
        expected = self.modelled(account, role, method, request, lambda: apply(model))
        if isinstance(expected, Refused):
            return None, None
        answer = self.api(account, role).call(method, request)
        if not dry and written(expected):
            self.models[account] = model
            self.head += 1
            self.sent.append(Sent(account, role, method, request, answer, self.now_ms))
        assert answer.written_at.position == self.head
        return answer, expected

    def modelled(self, account: str, role: Role, method: str, request: Any, ask: Callable[[], Any]) -> Any:
        """Ask the model; where it refuses, the server must refuse for one of the same reasons."""
        try:
            return ask()
        except Refused as refused:
            reason = self.api(account, role).refused(method, request).reason
            expected = {f"ERROR_REASON_{each}" for each in refused.reasons}
            if reason not in expected:
                raise AssertionError(f"{reason} instead of {expected}") from refused
            return refused

    def count_send(self, account: str, name: str, row: Row, channel: int) -> None:
        """Count a send that was granted as an attempt, under the name that the server gave."""
        model = self.models[account]
        assert name, "every send that is granted counts"
        assert name not in model.attempts, "names are unique"
        model.attempts[name] = Attempt(row, channel, self.now_ms, self.now_ms + SEND_LEASE_MS)
        self.claims[account, name] = None

    def is_claimed(self, account: str, name: str) -> bool:
        """Tell whether an attempt has come to no outcome, and its lease runs."""
        attempt = self.models[account].attempts.get(name)
        return attempt is not None and attempt.outcome == PENDING and self.now_ms < attempt.lease_ends_ms

    def read_stream(self) -> None:
        with self.server.store.snapshot() as snapshot:
            new = list(attempt_log.read_from(snapshot, len(self.stream)))
        assert [position for position, _ in new] == list(range(len(self.stream) + 1, len(self.stream) + len(new) + 1))
        self.stream += [encoded for _, encoded in new]

    def apply_policy(self, account: str, name: str, policy: Policy, dry: bool = False) -> None:
        request = pb.ApplyPolicyRequest(policy=policy_message(name, policy), validate_only=dry)
        position = self.head + 1
        answer, changed = self.change(
            account, "ApplyPolicy", request, lambda model: model.apply_policy(name, policy, position)
        )
        if answer:
            assert answer.changed == changed

    def look(self) -> None:
        """Compare all answers amid a story, where there is anything to compare them with."""

    @rule(ms=st.sampled_from(SPANS), step=st.sampled_from([0, 0, -1, 1]))
    def let_time_pass(self, ms: int, step: int) -> None:
        self.server.clock.advance(max(1, ms + step))

    @rule()
    def keep_house(self) -> None:
        self.server.app.housekeep(self.now_ms)
        self.read_stream()
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
        if self.now_ms - sent.at_ms >= RETRY_MS or sent.method in TOLD_ANEW:
            return
        if sent.method == "ApplyPolicy" and not sent.answer.changed:
            return  # tells what is in force now
        again = self.api(sent.account, sent.role).call(sent.method, sent.request)
        assert again == sent.answer
