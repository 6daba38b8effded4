"""One sound request for each method, to be spoiled one field at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from serving import METHODS, START_MS, moment, pb

PERSON = "+14155550199"
# What a review and a permission are called in the store of test_bad_input.
REVIEW, PERMISSION = "13", "14"
MAILBOX = "pat.person@example.com"
# Of the account "operator", and not of any other.
OPERATED = {"CreateRegistry", "ImportSnapshot", "ActivateSnapshot", "PruneSnapshot", "GrantCoverage"}
# Its upload streams and ends in a message of its own: tests/registries spoils it.
STREAMED = {"ImportSnapshot"}


def whole_policy(name: str = "fresh", **fields: Any) -> Any:
    """Build a policy with something in every field."""
    whole = {
        "channels": [1, 2],
        "purpose": 1,
        "labels": ["open"],
        "require_opt_in": pb.RequireOptIn(channels=[2]),
        "mode": 1,
        "registries": [pb.RequiredRegistry(name="us", max_age_days=31, categories=[1], lifted_by=[1, 3])],
        "unscreened": 2,
        "calling_hours": ["us-federal"],
        "attempt_limits": [pb.AttemptLimit(max=3, per_hours=24, regions=["US-FL"], per=1, channels=[1])],
        "cooldowns": [pb.Cooldown(after=3, days=7, regions=["US"], per=1, channels=[1])],
        "attempt_packs": ["us-states"],
        "one_time_permission": pb.OneTimePermission(channels=[2]),
    }
    return pb.Policy(**{"name": name, **whole, **fields})


def checked_row(**fields: Any) -> Any:
    known = {"time_zone": "America/Chicago", "postal_code": "60601", "contact_id": "c-1", "debt_id": "d-1"}
    return pb.CheckRow(**{"address": PERSON, "reference": "r", **known, **fields})


def scrub_request(**fields: Any) -> Any:
    known = {"time_zones": ["America/Chicago"], "postal_codes": ["60601"], "contact_ids": ["c-1"], "debt_ids": ["d-1"]}
    return pb.ScrubRequest(**{"channel": 1, "addresses": [PERSON], **known, **fields})


def sound_requests() -> dict[str, Any]:
    return {**_checks(), **_attempts(), **_entries(), **_consents(), **_policies(), **_registries(), **_journal()}


def _checks() -> dict[str, Any]:
    return {
        "Check": pb.CheckRequest(channel=1, rows=[checked_row()]),
        "Scrub": scrub_request(),
        "Preview": pb.PreviewRequest(scrub=scrub_request(), hours=2),
        "Explain": pb.ExplainRequest(channel=1, row=checked_row()),
    }


def _attempts() -> dict[str, Any]:
    completion = pb.AttemptCompletion(reservation="1-0", outcome=2)
    return {
        "ReserveAttempts": pb.ReserveAttemptsRequest(channel=1, rows=[checked_row()], lease_seconds=60),
        "CompleteAttempts": pb.CompleteAttemptsRequest(completions=[completion]),
    }


def _entries() -> dict[str, Any]:
    entry = pb.NewEntry(address=PERSON, label="do-not-contact", source=6, evidence=pb.Evidence(call_id="c"))
    ref = pb.EntryRef(address=PERSON, label="do-not-contact")
    label = pb.Label(name="fresh", channels=[1])
    return {
        "AddEntries": pb.AddEntriesRequest(entries=[entry]),
        "RemoveEntries": pb.RemoveEntriesRequest(entries=[ref], reason=1, evidence=pb.Evidence(call_id="c")),
        "ListEntries": pb.ListEntriesRequest(),
        "GetAddress": pb.GetAddressRequest(address=PERSON),
        "CreateLabel": pb.CreateLabelRequest(label=label),
        "UpdateLabel": pb.UpdateLabelRequest(label=pb.Label(name="open", channels=[1])),
        "ArchiveLabel": pb.ArchiveLabelRequest(name="open"),
        "ListLabels": pb.ListLabelsRequest(),
    }


def _consents() -> dict[str, Any]:
    proof = pb.Evidence(reference="form 7")
    consent = pb.Consent(kind=1, channels=[1], purpose=1, given_at=moment(START_MS))
    return {
        "GetOptIn": pb.GetOptInRequest(address=PERSON),
        "SetOptIn": pb.SetOptInRequest(address=PERSON, status=2, source=6, evidence=pb.Evidence(call_id="c")),
        "ClaimOptInRequest": pb.ClaimOptInRequestRequest(address=PERSON),
        "RecordInboundMessage": pb.RecordInboundMessageRequest(address=PERSON, text="STOP", own_codes=["12345"]),
        "ListReviews": pb.ListReviewsRequest(),
        "DecideReview": pb.DecideReviewRequest(review=REVIEW, decision=1),
        "RecordConsent": pb.RecordConsentRequest(address=PERSON, consent=consent, source=6, evidence=proof),
        "RevokeConsent": pb.RevokeConsentRequest(address=PERSON, channels=[1], purposes=[1], source=1, evidence=proof),
        "ListConsents": pb.ListConsentsRequest(address=PERSON),
        "AuthorizeOneTimeSend": pb.AuthorizeOneTimeSendRequest(
            channel=1, row=checked_row(), permission_given=True, note="asked on the phone", evidence=proof
        ),
        "ClaimSend": pb.ClaimSendRequest(permission=PERMISSION),
    }


def _policies() -> dict[str, Any]:
    until = moment(START_MS + 3_600_000)
    return {
        "ApplyPolicy": pb.ApplyPolicyRequest(policy=whole_policy()),
        "GetPolicy": pb.GetPolicyRequest(name="texts"),
        "ListPolicies": pb.ListPoliciesRequest(),
        "DeletePolicy": pb.DeletePolicyRequest(name="texts"),
        "CloseRegion": pb.CloseRegionRequest(region="US-FL", until=until, reason="a hurricane"),
        "OpenRegion": pb.OpenRegionRequest(region="US-FL", reason="it is over"),
        "ListClosedRegions": pb.ListClosedRegionsRequest(),
        "ListRulePacks": pb.ListRulePacksRequest(),
    }


def _registries() -> dict[str, Any]:
    header = pb.ImportHeader(registry="us", format="numbers", list_date="2025-06-15", file_name="list.txt")
    return {
        "CreateRegistry": pb.CreateRegistryRequest(registry=pb.Registry(name="fresh", scope=["+1"])),
        "ImportSnapshot": pb.ImportSnapshotRequest(header=header),
        "ActivateSnapshot": pb.ActivateSnapshotRequest(registry="us", snapshot="f00d"),
        "PruneSnapshot": pb.PruneSnapshotRequest(registry="us", snapshot="f00d"),
        "ListSnapshots": pb.ListSnapshotsRequest(registry="us"),
        "GetRegistry": pb.GetRegistryRequest(name="us"),
        "ListRegistries": pb.ListRegistriesRequest(),
        "GrantCoverage": pb.GrantCoverageRequest(registry="us", account="default", prefixes=["+1415"]),
    }


def _journal() -> dict[str, Any]:
    return {
        "ListEvents": pb.ListEventsRequest(),
        "WatchEvents": pb.WatchEventsRequest(after_position=0),
        "VerifyJournal": pb.VerifyJournalRequest(),
    }


@dataclass(frozen=True)
class Place:
    """One field of a method's request, as the errors name it."""

    method: str
    path: str
    holder: tuple[str, ...]
    field: Any

    def spoiled(self, value: Any) -> Any:
        """Give the sound request with this field set to a value, the one value of it where it is repeated."""
        request = sound_requests()[self.method]
        if self.holder[:1] == ("draft",):
            # A draft takes the place of the policy that is named, so a sound request has none unless it is spoiled.
            request.draft.CopyFrom(whole_policy())
        message = request
        for name in self.holder:
            message = getattr(message, name)
            if not isinstance(message, Message):
                message = message[0] if message else message.add()
        if self.field.is_repeated:
            del getattr(message, self.field.name)[:]
            getattr(message, self.field.name).append(value)
        elif self.field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, self.field.name).CopyFrom(value)
        else:
            setattr(message, self.field.name, value)
        return request


def places() -> list[Place]:
    """Give every field of every request, those of messages within too."""
    methods = {name: method for name, method in METHODS.items() if name not in STREAMED}
    return [place for name, method in methods.items() for place in _within(name, method.request.DESCRIPTOR, "", ())]


def _within(method: str, descriptor: Any, path: str, holder: tuple[str, ...]) -> Iterator[Place]:
    for field in descriptor.fields:
        yield Place(method, path + field.name, holder, field)
        inner = field.message_type
        if inner is not None and inner.name not in {"Timestamp", "Revision"}:
            below = f"{path}{field.name}[0]." if field.is_repeated else f"{path}{field.name}."
            yield from _within(method, inner, below, (*holder, field.name))
