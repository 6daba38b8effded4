"""For each RPC a request of a stranger that reaches for what is acme's, and what the stranger gets."""

from collections.abc import Callable
from typing import Any

from guarantees.story import DAY_MS
from serving import START_MS, moment, pb

ALLOW, BLOCK, DEFER, NOT_SENT = 1, 2, 3, 1
OWN_ADDRESS = "+14155550777"
UNKNOWN = 3
USED_ID = "123e4567-e89b-12d3-a456-426614174000"


def row(address: str) -> Any:
    return pb.CheckRow(address=address)


def acme_entry(**fields: Any) -> Any:
    return pb.NewEntry(address=OWN_ADDRESS, source=6, **fields)


# For each RPC: a request that reaches for what is acme's, and what a stranger gets: a reason, or a look at the answer.
REACHES: dict[str, tuple[Callable[[dict[str, str]], Any], str | Callable[[Any], bool]]] = {
    "Check": (
        lambda _: pb.CheckRequest(channel=1, rows=[row(OWN_ADDRESS)]),
        lambda answer: answer.results[0].verdict == ALLOW and not answer.results[0].findings,
    ),
    "Scrub": (
        lambda _: pb.ScrubRequest(channel=1, addresses=[OWN_ADDRESS], policy="acme-policy"),
        "POLICY_NOT_FOUND",
    ),
    "Preview": (
        lambda _: pb.PreviewRequest(scrub=pb.ScrubRequest(channel=1, addresses=[OWN_ADDRESS]), hours=1),
        lambda answer: [each.verdict for each in answer.verdicts] == [ALLOW] and not answer.reasons,
    ),
    "ReserveAttempts": (
        lambda _: pb.ReserveAttemptsRequest(channel=1, rows=[row(OWN_ADDRESS)], request_id=USED_ID),
        lambda answer: bool(answer.attempts[0].reservation),
    ),
    "CompleteAttempts": (
        lambda names: pb.CompleteAttemptsRequest(
            completions=[pb.AttemptCompletion(reservation=names["reservation"], outcome=5)]
        ),
        lambda answer: list(answer.outcomes) == [UNKNOWN],
    ),
    "Explain": (
        lambda _: pb.ExplainRequest(channel=2, row=row(OWN_ADDRESS)),
        lambda answer: answer.result.verdict == ALLOW and not answer.history and len(answer.considered) == 4,
    ),
    "AddEntries": (lambda _: pb.AddEntriesRequest(entries=[acme_entry(label="client-acme")]), "LABEL_NOT_FOUND"),
    "RemoveEntries": (
        lambda _: pb.RemoveEntriesRequest(
            entries=[pb.EntryRef(address=target, label="do-not-contact") for target in ("+1*", OWN_ADDRESS)],
            reason=2,
            evidence=pb.Evidence(call_id="c"),
        ),
        lambda answer: answer.unchanged == 2 and answer.removed == 0,
    ),
    "ListEntries": (
        lambda _: pb.ListEntriesRequest(address_contains="1415"),
        lambda answer: not answer.entries and answer.total == 0,
    ),
    "GetAddress": (
        lambda _: pb.GetAddressRequest(address=OWN_ADDRESS),
        lambda answer: not answer.entries and answer.opt_in == NOT_SENT,
    ),
    "CreateLabel": (
        lambda _: pb.CreateLabelRequest(label=pb.Label(name="client-acme", channels=[3])),
        lambda answer: list(answer.label.channels) == [3] and answer.label.entries == 0,
    ),
    "UpdateLabel": (
        lambda _: pb.UpdateLabelRequest(label=pb.Label(name="client-acme", channels=[4])),
        lambda answer: list(answer.label.channels) == [4] and answer.label.entries == 0,
    ),
    "ArchiveLabel": (lambda _: pb.ArchiveLabelRequest(name="client-acme"), lambda answer: answer.label.archived),
    "ListLabels": (lambda _: pb.ListLabelsRequest(), lambda answer: all(label.entries == 0 for label in answer.labels)),
    "GetOptIn": (
        lambda _: pb.GetOptInRequest(address=OWN_ADDRESS),
        lambda answer: answer.status == NOT_SENT and answer.event_position == 0,
    ),
    "SetOptIn": (
        lambda _: pb.SetOptInRequest(address=OWN_ADDRESS, status=3, source=6),
        lambda answer: answer.before == NOT_SENT,
    ),
    "ClaimOptInRequest": (
        lambda _: pb.ClaimOptInRequestRequest(address="+14155550778"),
        lambda answer: answer.granted and not answer.blocked_by_entry,
    ),
    "RecordInboundMessage": (
        lambda _: pb.RecordInboundMessageRequest(address=OWN_ADDRESS, text="STOP", message_id="m-1"),
        lambda answer: bool(answer.confirmation) and not answer.review,
    ),
    "ListReviews": (lambda _: pb.ListReviewsRequest(), lambda answer: not answer.reviews),
    "DecideReview": (
        lambda names: pb.DecideReviewRequest(review=names["review"], decision=2),
        "REVIEW_NOT_FOUND",
    ),
    "RecordConsent": (
        lambda _: pb.RecordConsentRequest(
            address=OWN_ADDRESS,
            consent=pb.Consent(kind=1, policy="acme-policy"),
            source=6,
            evidence=pb.Evidence(reference="r"),
        ),
        "POLICY_NOT_FOUND",
    ),
    "RevokeConsent": (
        lambda _: pb.RevokeConsentRequest(address=OWN_ADDRESS, source=1),
        lambda answer: answer.revoked == 0,
    ),
    "ListConsents": (
        lambda _: pb.ListConsentsRequest(address=OWN_ADDRESS),
        lambda answer: not answer.consents,
    ),
    "AuthorizeOneTimeSend": (
        lambda _: pb.AuthorizeOneTimeSendRequest(
            policy="acme-policy", channel=2, row=row(OWN_ADDRESS), permission_given=True, note="asked"
        ),
        "POLICY_NOT_FOUND",
    ),
    "ClaimSend": (lambda names: pb.ClaimSendRequest(permission=names["confirmation"]), "PERMISSION_NOT_FOUND"),
    "OpenRegion": (lambda _: pb.OpenRegionRequest(region="US-CA"), lambda answer: not answer.changed),
    "ListClosedRegions": (lambda _: pb.ListClosedRegionsRequest(), lambda answer: not answer.regions),
    "CloseRegion": (
        lambda _: pb.CloseRegionRequest(region="US-CA", until=moment(START_MS + 20 * DAY_MS), reason="r"),
        lambda answer: answer.written_at.position > 0,
    ),
    "ListRulePacks": (lambda _: pb.ListRulePacksRequest(), lambda answer: len(answer.packs) > 1),
    "CreateRegistry": (
        lambda _: pb.CreateRegistryRequest(registry=pb.Registry(name="us", scope=["+44"])),
        "OPERATOR_ONLY",
    ),
    "ImportSnapshot": (
        lambda _: pb.ImportSnapshotRequest(header=pb.ImportHeader(registry="us", format="numbers")),
        "OPERATOR_ONLY",
    ),
    "ActivateSnapshot": (lambda _: pb.ActivateSnapshotRequest(registry="us", snapshot="s"), "OPERATOR_ONLY"),
    "PruneSnapshot": (lambda _: pb.PruneSnapshotRequest(registry="us", snapshot="s"), "OPERATOR_ONLY"),
    "GrantCoverage": (
        lambda _: pb.GrantCoverageRequest(registry="us", account="acme", prefixes=[]),
        "OPERATOR_ONLY",
    ),
    "ListSnapshots": (lambda _: pb.ListSnapshotsRequest(registry="us"), lambda answer: not answer.snapshots),
    "GetRegistry": (lambda _: pb.GetRegistryRequest(name="us"), lambda answer: not answer.registry.coverage),
    "ListRegistries": (
        lambda _: pb.ListRegistriesRequest(),
        lambda answer: [list(each.coverage) for each in answer.registries] == [[]],
    ),
    "ApplyPolicy": (
        lambda _: pb.ApplyPolicyRequest(policy=pb.Policy(name="acme-policy", purpose=4)),
        lambda answer: answer.changed,
    ),
    "GetPolicy": (lambda _: pb.GetPolicyRequest(name="texts"), "POLICY_NOT_FOUND"),
    "ListPolicies": (
        lambda _: pb.ListPoliciesRequest(),
        lambda answer: [each.policy.purpose for each in answer.policies] == [4],
    ),
    "DeletePolicy": (lambda _: pb.DeletePolicyRequest(name="acme-policy"), lambda answer: answer.changed),
    "ListEvents": (
        lambda _: pb.ListEventsRequest(address="+1*"),
        lambda answer: [event.WhichOneof("change") for event in answer.events] == ["entries_removed"],
    ),
    "WatchEvents": (
        lambda _: pb.WatchEventsRequest(after_position=0),
        lambda answer: answer.event.account_created.name == "stranger",
    ),
    "VerifyJournal": (lambda _: pb.VerifyJournalRequest(), lambda answer: answer.intact),
}
