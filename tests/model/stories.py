"""Short stories of what persons say: changes that matter to each other, which chance alone seldom brings together."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from model.drawing import LIMITS, MAIL_ROWS, accounts, numbers, people
from model.facts import AGENT, EMAIL, REQUESTED_BY_PERSON, SENT, SMS, WHATSAPP
from model.nouns import OptIn, Policy
from model.saying import Saying, evidence
from serving import pb

_channels = st.sampled_from([frozenset(), frozenset({1, 2}), frozenset({2}), frozenset({3})])
_purposes = st.sampled_from([0, 0, 1, 5])


class Stories(Saying):
    """The rules of persons' words, and stories of several of them."""

    @rule(
        account=accounts,
        number=numbers,
        messages=st.lists(
            st.tuples(
                st.sampled_from([SMS, SMS, WHATSAPP]), st.sampled_from(["STOP", "START", "START", "YES", "maybe stop"])
            ),
            min_size=2,
            max_size=4,
        ),
        asked_first=st.booleans(),
    )
    def write_one_after_another(
        self, account: str, number: str, messages: list[tuple[int, str]], asked_first: bool
    ) -> None:
        if asked_first:
            self.set_status(account, number, SENT)
        for channel, text in messages:
            self.write(account, number, channel, text, dry=False, named=False)

    @rule(
        account=accounts,
        number=numbers,
        stopped_on=st.lists(st.sampled_from([SMS, WHATSAPP]), min_size=1, max_size=2),
        then=st.sampled_from(["START", "START", "STOP"]),
        channel=st.sampled_from([SMS, WHATSAPP, WHATSAPP]),
    )
    def write_after_the_entry_of_a_stop_went(
        self, account: str, number: str, stopped_on: list[int], then: str, channel: int
    ) -> None:
        """The status stays where a MANAGER removes the entry that STOP made beside it."""
        for each in stopped_on:
            self.write(account, number, each, "STOP", dry=False, named=False)
        self.renew_consent(account, number, "do-not-text")
        for text in dict.fromkeys([then, "START"]):
            self.write(account, number, channel, text, dry=False, named=False)

    def set_status(self, account: str, number: str, status: int) -> None:
        request = pb.SetOptInRequest(address=number, status=status, source=5, evidence=evidence(True))
        wanted = OptIn(status, 5, self.now_ms, self.head + 1)
        answer, expected = self.change(
            account,
            "SetOptIn",
            request,
            lambda model: model.set_opt_in(number, wanted, manager=True, has_evidence=True),
        )
        assert (answer.before, answer.status) == expected

    @rule(
        account=accounts,
        address=people,
        by_word=st.booleans(),
        kind=st.integers(1, 4),
        channels=_channels,
        about=st.sampled_from([frozenset(), frozenset({1}), frozenset({5})]),
        of=_channels,
        purpose=_purposes,
        days_ago=st.sampled_from([0, 1, 30, None]),
    )
    def record_a_consent_after_it_was_taken_back(
        self,
        account: str,
        address: str,
        by_word: bool,
        kind: int,
        channels: frozenset[int],
        about: frozenset[int],
        of: frozenset[int],
        purpose: int,
        days_ago: int | None,
    ) -> None:
        if by_word:
            self.person_opts_out(account, address, "do-not-contact", AGENT, REQUESTED_BY_PERSON)
        else:
            self.revoke_consent(account, address, channels, about)
        # What is given now is given later.
        self.server.clock.advance(1)
        self.record_consent(account, address, kind, of, purpose, "", days_ago, 40, AGENT)

    @rule(
        account=accounts,
        choice=st.integers(0, 99),
        then=st.sampled_from(["", "", "no", "yes", "entry", "revocation"]),
    )
    def use_permission(self, account: str, choice: int, then: str) -> None:
        """Give permission for a send to a mailbox that opted out, let one thing happen, and use it up, twice."""
        policy = Policy(permission=frozenset({EMAIL}), limits=(LIMITS[3],) if choice % 2 else ())
        self.apply_policy(account, "p1", policy)
        row = MAIL_ROWS[-1]
        self.person_opts_out(account, row.address, "do-not-email", AGENT, REQUESTED_BY_PERSON)
        # The last of the mailboxes comes with context.
        self.authorize(account, "p1", True, len(MAIL_ROWS) * 3 - 1, True)
        if then in {"no", "yes"}:
            self.authorize(account, "p1", True, len(MAIL_ROWS) * 3 - 1, then == "yes")
        if then == "entry":
            self.person_opts_out(account, row.address, "do-not-email", 6, REQUESTED_BY_PERSON)
        if then == "revocation":
            self.revoke_consent(account, row.address, frozenset({EMAIL} if choice % 3 else {SMS}), frozenset())
        for _ in range(2 if self.made else 0):
            self.claim_send(account, 0)
