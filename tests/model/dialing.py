"""Short stories of calls: claims and reports that matter to each other, which chance alone seldom brings together."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import rule

from dncd.nouns import Role
from model.calling import LEASE_S, Calling
from model.drawing import accounts, call_policies
from model.facts import ABANDONED, CONVERSATION, HOUR_MS, MINUTE_MS, NO_ANSWER, RELEASED, VOICE
from model.nouns import Policy
from serving import new_id, pb

_REPORTS = [
    (ABANDONED, CONVERSATION),
    (NO_ANSWER, ABANDONED),
    (RELEASED, CONVERSATION),
    (NO_ANSWER, ABANDONED, CONVERSATION),
    (RELEASED, NO_ANSWER, ABANDONED, CONVERSATION),
]


class Dialing(Calling):
    """The rules of calls, and stories of several of them."""

    @rule(
        account=accounts,
        policy=call_policies,
        choice=st.integers(0, 40).map(lambda number: number * 2),
        reports=st.sampled_from(_REPORTS),
        ms=st.sampled_from([1, MINUTE_MS, HOUR_MS]),
    )
    def tell_one_call_again_and_again(
        self, account: str, policy: Policy, choice: int, reports: tuple[int, ...], ms: int
    ) -> None:
        self.apply_policy(account, "p1", policy)
        before = len(self.claims)
        self.reserve(account, "", VOICE, [choice], LEASE_S, again=False)
        if len(self.claims) == before:
            return
        _, name = list(self.claims)[-1]
        for outcome in reports:
            self.look()
            self.server.clock.advance(ms)
            completion = pb.AttemptCompletion(reservation=name, outcome=outcome)
            request = pb.CompleteAttemptsRequest(completions=[completion], request_id=new_id())
            [found] = self.api(account, Role.CHECKER).call("CompleteAttempts", request).outcomes
            self.complete_one(self.models[account], name, outcome, found)

    @rule(
        account=accounts,
        policy=call_policies,
        choice=st.integers(0, 40).map(lambda number: number * 2),
        rows=st.integers(2, 4),
    )
    def claim_one_person_again_and_again(self, account: str, policy: Policy, choice: int, rows: int) -> None:
        """Under a policy in SHADOW mode no claim is refused, and each is told of those before it."""
        self.apply_policy(account, "p1", replace(policy, shadow=True))
        if not policy.channels or VOICE in policy.channels:
            self.reserve(account, "p1", VOICE, [choice] * rows, LEASE_S, again=False)
