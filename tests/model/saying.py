"""What persons say, on the server and in the model: opt-outs, consents, permission for one send."""

import math
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from dncd.nouns import Role
from model import answering, words
from model.changed import RETRY_MS
from model.drawing import MAIL_ROWS, PHONE_ROWS, POLICIES, accounts, people, word_policies
from model.facts import (
    ALLOW,
    BLOCK,
    CONSENT_RENEWED,
    DAY_MS,
    DEFER,
    EMAIL,
    SMS,
)
from model.messages import end_of, row_message
from model.nouns import Consent, ConsentKey, Entry, Policy
from model.writing import Writing
from serving import in_ms, moment, pb

_policies = st.sampled_from(["", "p1", "p1", "p1", "p2"])
_purposes = st.sampled_from([0, 0, 1, 5])
_days = st.sampled_from([None, None, 0, 30, 85, 100, 200, 540, 600, -1])
_lengths = st.sampled_from([None, None, 1, 40, 400])


def evidence(given: bool) -> Any:
    return pb.Evidence(reference="form 7") if given else None


class Saying(Writing):
    """The rules of persons' words."""

    def __init__(self) -> None:
        super().__init__()
        # The claims of sends that were granted, with the permission, the attempt and the time.
        self.granted: list[tuple[str, Any, int, str, int]] = []

    @initialize(policy=word_policies)
    def begin_with_a_policy_of_words(self, policy: Policy) -> None:
        self.apply_policy("default", "p1", policy)

    @rule(account=accounts, name=st.sampled_from(POLICIES), policy=word_policies)
    def apply_a_policy_of_words(self, account: str, name: str, policy: Policy) -> None:
        self.apply_policy(account, name, policy)

    @rule(
        account=accounts,
        address=people,
        label=st.sampled_from(["do-not-email", "do-not-text", "do-not-phone", "do-not-contact"]),
        source=st.sampled_from([1, 4, 5, 6]),
        reason=st.sampled_from([1, 1, 1, 3, 5]),
    )
    def person_opts_out(self, account: str, address: str, label: str, source: int, reason: int) -> None:
        request = pb.AddEntriesRequest(
            entries=[pb.NewEntry(address=address, label=label, source=source, reason=reason)]
        )
        entry = Entry(address, label, source, reason, 0, math.inf, self.now_ms, self.head + 1, "")
        answer, expected = self.change(account, "AddEntries", request, lambda model: model.add([entry]))
        if answer:
            assert list(answer.outcomes) == expected

    @rule(account=accounts, address=people, label=st.sampled_from(["do-not-email", "do-not-text", "do-not-contact"]))
    def renew_consent(self, account: str, address: str, label: str) -> None:
        entry = pb.EntryRef(address=address, label=label)
        request = pb.RemoveEntriesRequest(entries=[entry], reason=CONSENT_RENEWED, evidence=evidence(True))
        position = self.head + 1
        answer, expected = self.change(
            account,
            "RemoveEntries",
            request,
            lambda model: model.remove([(address, label)], CONSENT_RENEWED, True, position),
        )
        assert list(answer.outcomes) == expected

    @rule(
        account=accounts,
        address=people,
        kind=st.integers(1, 4),
        channels=st.frozensets(st.integers(1, 4), max_size=2),
        purpose=_purposes,
        policy=_policies,
        days_ago=_days,
        lasts_days=_lengths,
        source=st.sampled_from([1, 5]),
    )
    def record_consent(
        self,
        account: str,
        address: str,
        kind: int,
        channels: frozenset[int],
        purpose: int,
        policy: str,
        days_ago: int | None,
        lasts_days: int | None,
        source: int,
    ) -> None:
        channels &= words.reach(address)
        given_ms = self.now_ms - (days_ago or 0) * DAY_MS
        ends_ms = self.now_ms + lasts_days * DAY_MS if lasts_days else None
        message = pb.Consent(
            kind=kind,
            channels=channels,
            purpose=purpose,
            policy=policy,
            given_at=None if days_ago is None else moment(given_ms),
            expires_at=moment(ends_ms) if ends_ms else None,
        )
        request = pb.RecordConsentRequest(address=address, consent=message, source=source, evidence=evidence(True))
        key = ConsentKey(address, kind, channels or words.reach(address), purpose, policy)
        consent = Consent(source, given_ms, ends_ms or math.inf, self.now_ms, self.head + 1)
        answer, expected = self.change(
            account, "RecordConsent", request, lambda model: words.record_consent(model, key, consent)
        )
        if answer:
            outcome, stands = expected
            assert (answer.outcome, answer.changed) == (outcome, outcome == words.RECORDED)
            assert self.told_consent(address, answer.consent) == (key, stands.given_ms, stands.ends_ms)

    @staticmethod
    def told_consent(address: str, message: Any) -> tuple[ConsentKey, int, float]:
        facts = message.kind, frozenset(message.channels), message.purpose, message.policy
        return ConsentKey(address, *facts), in_ms(message.given_at), end_of(message)

    @rule(
        account=accounts,
        address=people,
        channels=st.frozensets(st.integers(1, 4), max_size=2),
        about=st.frozensets(st.sampled_from([1, 2, 5]), max_size=2),
    )
    def revoke_consent(self, account: str, address: str, channels: frozenset[int], about: frozenset[int]) -> None:
        request = pb.RevokeConsentRequest(address=address, channels=channels, purposes=about, source=1)
        now_ms, position = self.now_ms, self.head + 1
        answer, expected = self.change(
            account,
            "RevokeConsent",
            request,
            lambda model: words.revoke(model, address, channels, about, now_ms, position),
            Role.AGENT,
        )
        assert (answer.revoked, answer.widened) == expected

    @rule(
        account=accounts,
        policy=_policies,
        mailed=st.sampled_from([True, True, False]),
        choice=st.integers(0, 99),
        given=st.sampled_from([True, True, False]),
    )
    def authorize(self, account: str, policy: str, mailed: bool, choice: int, given: bool) -> None:
        among = MAIL_ROWS if mailed else PHONE_ROWS
        row = among[choice % len(among)] if choice % 3 else among[0]
        channel = EMAIL if mailed else SMS
        request = pb.AuthorizeOneTimeSendRequest(
            policy=policy, channel=channel, row=row_message(row), permission_given=given, note="kim asked"
        )
        now_ms, position = self.now_ms, self.head + 1
        answer, expected = self.change(
            account,
            "AuthorizeOneTimeSend",
            request,
            lambda model: words.authorize(model, policy, channel, row, now_ms, position, given=given),
            Role.AGENT,
        )
        if not answer:
            return
        verdict, ends_ms = expected
        assert (answer.verdict, in_ms(answer.expires_at)) == (verdict, ends_ms or 0)
        assert answer.permission == (str(position) if ends_ms else "")
        assert answer.HasField("result") == (verdict != ALLOW)
        if ends_ms:
            self.made[position] = account, row.address

    @precondition(lambda self: self.made)
    @rule(account=accounts, choice=st.integers(0, 99))
    def claim_send(self, account: str, choice: int) -> None:
        name = list(self.made)[-1 - choice % min(3, len(self.made))]
        owner, _ = self.made[name]
        account = account if choice % 4 == 0 else owner
        mine = {each: address for each, (whose, address) in self.made.items() if whose == account}
        request = pb.ClaimSendRequest(permission=str(name))
        now_ms, position = self.now_ms, self.head + 1
        answer, expected = self.change(
            account,
            "ClaimSend",
            request,
            lambda model: words.claim_send(model, mine, name, now_ms, position),
            Role.CHECKER,
            written=lambda expected: bool(expected[2]),
        )
        if answer:
            granted, verdict, _ = expected
            assert (answer.granted, answer.verdict) == (granted, verdict)
            assert answer.address == (mine[name] if granted else "")
            assert not answer.HasField("retry_at") or verdict == DEFER
            assert bool(answer.reservation) == granted
            if granted:
                known = self.models[account].permissions[name]
                self.count_send(account, answer.reservation, known.row, known.channel)
                self.granted.append((account, request, name, answer.reservation, now_ms))

    @precondition(lambda self: self.granted)
    @rule(choice=st.integers(0, 99))
    def claim_send_again(self, choice: int) -> None:
        """A retry of a granted claim is granted until the permission would have ended, while nothing new stops it."""
        account, request, name, reservation, at_ms = self.granted[-1 - choice % min(3, len(self.granted))]
        model = self.models[account]
        known = model.permissions.get(name)
        if self.now_ms - at_ms >= RETRY_MS or (known and not answering.answers(model, known.policy, known.channel)):
            return
        answer = self.api(account, Role.CHECKER).call("ClaimSend", request)
        granted = self.is_claimed(account, reservation) and words.may_send_again(model, name, self.now_ms)
        assert (answer.granted, answer.verdict) == (granted, ALLOW if granted else BLOCK)
        assert answer.reservation == (reservation if granted else "")

    @rule(account=accounts, address=people)
    def list_consents(self, account: str, address: str) -> None:
        listed = self.api(account, Role.AUDITOR).call("ListConsents", pb.ListConsentsRequest(address=address)).consents
        told = [
            (*self.told_consent(address, each.consent), each.source, in_ms(each.recorded_at), each.event_position)
            for each in listed
        ]
        known = self.models[account].consents.items()
        mine = [(key, consent) for key, consent in known if key.address == address]
        assert set(told) == {
            (key, each.given_ms, each.ends_ms, each.source, each.recorded_ms, each.position) for key, each in mine
        }
        assert len(told) == len(mine)
        active = {each.event_position for each in listed if each.active}
        assert active == {each.position for _, each in mine if words.in_force(each, self.now_ms)}
