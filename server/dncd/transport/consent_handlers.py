"""ConsentService, the part of it that is about consents."""

from collections.abc import Iterable
from typing import Any, cast

from dncd import consents, history, journal, limits, policies
from dncd.addresses import Fault, Target
from dncd.encoding import timestamp
from dncd.errors import FieldFault, InvalidAddresses
from dncd.events import ConsentRecorded, ConsentRevoked
from dncd.facts import NEVER_MS, Fact, Form, channels_of, of_form
from dncd.journal import Written
from dncd.nouns import EVERY_CHANNEL, EVERY_PURPOSE, PHONE_CHANNELS, Channel, ConsentKind, Purpose, Source
from dncd.storage.contract import Snapshot
from dncd.storage.keys import Kind
from dncd.terms import Terms
from dncd.touched import read as read_known
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.recorded import recorded_change
from dncd.transport.roles import AGENTS, AGENTS_AND_AUDITORS, MANAGERS
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import consent_service_pb2 as pb

_Consent: Any = pb.Consent
_MAIL_CHANNELS = frozenset({Channel.EMAIL})


class RecordedConsentHandlers:
    """The handlers of ConsentService that are about consents."""

    def __init__(self, changes: Changes, terms: Terms) -> None:
        self._changes = changes
        self._store = changes.store
        self._terms = terms

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "ConsentService", Plane.CONTROL
        recorded = (pb.RecordConsentRequest, pb.RecordConsentResponse)
        revoked = (pb.RevokeConsentRequest, pb.RevokeConsentResponse)
        listed = (pb.ListConsentsRequest, pb.ListConsentsResponse)
        return [
            Rpc(name, "RecordConsent", *recorded, MANAGERS, control, self.record),
            Rpc(name, "RevokeConsent", *revoked, AGENTS, control, self.revoke),
            Rpc(name, "ListConsents", *listed, AGENTS_AND_AUDITORS, control, self.list_),
        ]

    def record(self, call: Call, request: pb.RecordConsentRequest) -> pb.RecordConsentResponse:
        """Record a consent, with the end that a rule gives it."""
        change = self._recorded(call, request)
        with self._store.snapshot() as snapshot:
            _check_policy(snapshot, call.caller.account_id, change.policy)
        written = self._changes.accept(call, request, change)
        # Read back: the end may rest on the moment of the first call.
        stands = cast(ConsentRecorded, recorded_change(self._store, written.position))
        return pb.RecordConsentResponse(
            consent=_consent_message(
                stands.kind, stands.channels, stands.purpose, stands.policy, stands.given_at_ms, stands.expires_at_ms
            ),
            changed=bool(written.codes[0]),
            outcome=self._outcome(call.caller.account_id, written, stands),
            written_at=revision(self._store.id, written.position),
        )

    def revoke(self, call: Call, request: pb.RevokeConsentRequest) -> pb.RevokeConsentResponse:
        """Take consents away, or channels from them."""
        target = _one_address(call, request)
        purposes = fields.choices(Purpose, list(request.purposes), "purposes")
        widened = bool(purposes) and purposes != EVERY_PURPOSE and self._terms.widens(target, self._changes.now_ms())
        change = ConsentRevoked(
            target=target,
            channels=fields.choices(Channel, list(request.channels), "channels") or EVERY_CHANNEL,
            purposes=frozenset() if widened else purposes,
            widened=widened,
            source=fields.choice(Source, request.source, "source"),
            evidence=fields.evidence(request.evidence),
            note=fields.text(request.note, "note", limits.NOTE_BYTES_MAX),
        )
        written = self._changes.accept(call, request, change)
        stands = cast(ConsentRevoked, recorded_change(self._store, written.position))
        return pb.RevokeConsentResponse(
            revoked=written.codes[0],
            widened=stands.widened,
            written_at=revision(self._store.id, written.position),
        )

    def list_(self, call: Call, request: pb.ListConsentsRequest) -> pb.ListConsentsResponse:
        """Tell the consents of one address, ended ones too."""
        target, account_id = _one_address(call, request), call.caller.account_id
        with self._store.snapshot() as snapshot:
            facts = of_form(read_known(snapshot, target.key(account_id)).facts, Form.CONSENT)
            names = consents.scope_names(snapshot, account_id) if facts else {}
            end = journal.head(snapshot)
        now_ms = self._changes.now_ms()
        told = [_recorded_message(fact, names, consents.in_force(fact, now_ms, end.time_ms)) for fact in facts]
        return pb.ListConsentsResponse(
            address=target.text, consents=told, read_at=revision(self._store.id, end.position)
        )

    def _outcome(self, account_id: int, written: Written, change: ConsentRecorded) -> pb.ConsentOutcome.ValueType:
        """Tell what became of a consent, from what was known right then: so a retry is told the same, whenever it is.

        The journal tells only whether it changed anything. Where events about the address came since, its history is
        replayed, which costs some 0.15 ms an event.
        """
        if written.codes[0]:
            return pb.CONSENT_OUTCOME_RECORDED
        key = change.target.key(account_id)
        with self._store.snapshot() as snapshot:
            known = read_known(snapshot, key)
            if known.last_event != written.position:
                with history.rebuild(snapshot, account_id, [key], written.position).snapshot() as then:
                    known = read_known(then, key)
        taken_back = consents.is_taken_back(known.facts, change, written.time_ms)
        return pb.CONSENT_OUTCOME_TAKEN_BACK if taken_back else pb.CONSENT_OUTCOME_STOOD_ALREADY

    def _recorded(self, call: Call, request: pb.RecordConsentRequest) -> ConsentRecorded:
        target, consent = _one_address(call, request), request.consent
        kind = fields.choice(ConsentKind, consent.kind, "consent.kind")
        given_at_ms = self._changes.now_ms()
        if consent.HasField("given_at"):
            given_at_ms = fields.time_ms(consent.given_at, "consent.given_at")
        evidence = fields.evidence(request.evidence)
        if not evidence.reference:
            raise fields.invalid("evidence.reference", "must name what proves the consent")
        return ConsentRecorded(
            target=target,
            kind=kind,
            channels=_channels(target, list(consent.channels)),
            purpose=fields.optional_choice(Purpose, consent.purpose, "consent.purpose"),
            policy=fields.name(consent.policy, "consent.policy") if consent.policy else "",
            given_at_ms=given_at_ms,
            expires_at_ms=self._terms.ends_at_ms(target, kind, given_at_ms, _end_ms(consent)),
            source=fields.choice(Source, request.source, "source"),
            evidence=evidence,
            note=fields.text(request.note, "note", limits.NOTE_BYTES_MAX),
        )


def _one_address(
    call: Call, request: pb.RecordConsentRequest | pb.RevokeConsentRequest | pb.ListConsentsRequest
) -> Target:
    target = fields.target(request.address, fields.region(request.region, call.caller.default_region))
    if target.kind not in {Kind.PHONE, Kind.EMAIL}:
        raise InvalidAddresses([FieldFault("address", fields.describe(Fault.NOT_ONE_ADDRESS))])
    return target


def _channels(target: Target, numbers: list[int]) -> frozenset[Channel]:
    """Read the channels of a consent; those that cannot reach the address are refused, and none is each that can."""
    reach = PHONE_CHANNELS if target.kind is Kind.PHONE else _MAIL_CHANNELS
    wanted = fields.choices(Channel, numbers, "consent.channels")
    for index, number in enumerate(numbers):
        if number not in reach:
            raise fields.invalid(f"consent.channels[{index}]", "must be a channel that reaches the address")
    return wanted or reach


def _end_ms(consent: pb.Consent) -> int:
    """Read when a consent is to end; 0 is never."""
    if not consent.HasField("expires_at"):
        return 0
    # Not 0, which is the first moment of 1970 as well.
    return fields.time_ms(consent.expires_at, "consent.expires_at") or 1


def _check_policy(snapshot: Snapshot, account_id: int, name: str) -> None:
    """Judge the policy that a consent is for: it is in force, or a consent named it before. Raises `PolicyNotFound`."""
    if consents.scope_id_of(snapshot, account_id, name) is None:
        policies.find(snapshot, account_id, name)


def _recorded_message(fact: Fact, names: dict[int, str], active: bool) -> pb.RecordedConsent:
    purpose, policy = consents.purpose_of(fact), names[consents.scope_id(fact)]
    ends_ms = 0 if fact.expires_at_ms == NEVER_MS else fact.expires_at_ms
    build: Any = pb.RecordedConsent
    message: pb.RecordedConsent = build(
        consent=_consent_message(fact.reason, channels_of(fact.status), purpose, policy, fact.starts_at_ms, ends_ms),
        source=fact.source,
        event_position=fact.position,
        recorded_at=timestamp(fact.recorded_at_ms),
        active=active,
    )
    return message


def _consent_message(
    kind: int, channels: Iterable[Channel], purpose: Purpose | None, policy: str, given_at_ms: int, expires_at_ms: int
) -> pb.Consent:
    message: pb.Consent = _Consent(
        kind=kind,
        channels=sorted(channels),
        purpose=purpose or 0,
        policy=policy,
        given_at=timestamp(given_at_ms),
        expires_at=timestamp(expires_at_ms) if expires_at_ms else None,
    )
    return message
