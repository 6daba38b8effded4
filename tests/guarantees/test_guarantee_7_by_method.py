"""Guarantee 7 for each method that changes anything: a retry changes nothing twice, other content is refused."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dncd import attempt_log
from guarantees.whole import (
    CALIFORNIA,
    EMAILS,
    FLORIDA,
    HOUR_MS,
    NO_ANSWER,
    reserve,
    whole_server,
)
from registries.operating import Operator
from serving import METHODS, Api, Served, moment, new_id, pb

NUMBER = "+14155550177"
WITH_ID = {name for name, method in METHODS.items() if "request_id" in method.request.DESCRIPTOR.fields_by_name}
OPERATED = {"CreateRegistry", "ActivateSnapshot", "PruneSnapshot", "GrantCoverage"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole_server(tmp_path_factory.mktemp("retries") / "store") as running:
        yield running


def heads(server: Served) -> tuple[int, int]:
    with server.store.snapshot() as snapshot:
        return server.head(), attempt_log.head(snapshot).position


def review(api: Api) -> str:
    """Make a message that waits for a decision; give its name."""
    said = pb.RecordInboundMessageRequest(address=NUMBER, text="maybe you could stop this some day")
    name: str = api.call("RecordInboundMessage", said).review
    return name


def confirmation(api: Api) -> str:
    """Opt a number out by text; give the name of the confirmation."""
    number = f"+1415555{int(new_id()[:4], 16) % 9000 + 1000}"
    said = pb.RecordInboundMessageRequest(address=number, text="STOP")
    name: str = api.call("RecordInboundMessage", said).confirmation
    return name


def snapshot(operator: Operator) -> str:
    name: str = operator.list_numbers("us-national", 14155550102, 14155550103, activate=False).id
    return name


def mailed(**fields: Any) -> Any:
    return pb.AuthorizeOneTimeSendRequest(
        policy="whole", channel=3, row=pb.CheckRow(address=EMAILS[0]), permission_given=True, note="asked", **fields
    )


ENTRY = pb.NewEntry(address=NUMBER, label="do-not-phone", source=6)
PROOF = pb.Evidence(reference="form 7")

# For each method: a request that changes something, made of a caller.
SOUND: dict[str, Callable[[Api], Any]] = {
    "ReserveAttempts": lambda api: pb.ReserveAttemptsRequest(
        policy="hours", channel=1, rows=[pb.CheckRow(address=each) for each in (CALIFORNIA[1], "911", FLORIDA[1])]
    ),
    "CompleteAttempts": lambda api: pb.CompleteAttemptsRequest(
        completions=[pb.AttemptCompletion(reservation=reserve(api, NUMBER), outcome=NO_ANSWER)]
    ),
    "AddEntries": lambda api: pb.AddEntriesRequest(entries=[ENTRY]),
    "RemoveEntries": lambda api: pb.RemoveEntriesRequest(
        entries=[pb.EntryRef(address=NUMBER, label="do-not-phone")], reason=1
    ),
    "CreateLabel": lambda api: pb.CreateLabelRequest(label=pb.Label(name="made", channels=[1])),
    "UpdateLabel": lambda api: pb.UpdateLabelRequest(label=pb.Label(name="made", channels=[1, 2])),
    "ArchiveLabel": lambda api: pb.ArchiveLabelRequest(name="made"),
    "SetOptIn": lambda api: pb.SetOptInRequest(address=NUMBER, status=2, source=6),
    "ClaimOptInRequest": lambda api: pb.ClaimOptInRequestRequest(address="+14155550176"),
    "RecordInboundMessage": lambda api: pb.RecordInboundMessageRequest(address="+14155550175", text="STOP"),
    "DecideReview": lambda api: pb.DecideReviewRequest(review=review(api), decision=1),
    "RecordConsent": lambda api: pb.RecordConsentRequest(
        address=NUMBER, consent=pb.Consent(kind=3), source=6, evidence=PROOF
    ),
    "RevokeConsent": lambda api: pb.RevokeConsentRequest(address=NUMBER, purposes=[1], source=1),
    "AuthorizeOneTimeSend": lambda api: mailed(),
    "ClaimSend": lambda api: pb.ClaimSendRequest(permission=confirmation(api)),
    "ApplyPolicy": lambda api: pb.ApplyPolicyRequest(policy=pb.Policy(name="made")),
    "DeletePolicy": lambda api: pb.DeletePolicyRequest(name="made"),
    "CloseRegion": lambda api: pb.CloseRegionRequest(
        region="US-GA", until=moment(1_750_000_000_000 + 9 * HOUR_MS), reason="a hurricane"
    ),
    "OpenRegion": lambda api: pb.OpenRegionRequest(region="US-GA"),
    "CreateRegistry": lambda api: pb.CreateRegistryRequest(registry=pb.Registry(name="made", scope=["+44"])),
    "GrantCoverage": lambda api: pb.GrantCoverageRequest(registry="made", account="default", prefixes=["+44"]),
}
# Those that need a snapshot of the operator's.
OF_SNAPSHOTS: dict[str, Callable[[str], Any]] = {
    "ActivateSnapshot": lambda made: pb.ActivateSnapshotRequest(registry="us-national", snapshot=made, reason="fewer"),
    "PruneSnapshot": lambda made: pb.PruneSnapshotRequest(registry="us-national", snapshot=made),
}


def test_guarantee_7_every_method_with_a_request_id_is_tried() -> None:
    assert set(SOUND) | set(OF_SNAPSHOTS) == WITH_ID


@pytest.mark.parametrize("method", SOUND)
def test_guarantee_7_a_retry_gets_the_first_answer_and_other_content_is_refused(server: Served, method: str) -> None:
    caller = server.api("operator") if method in OPERATED else server.api()
    request = SOUND[method](server.api())
    request.request_id = new_id()
    before = heads(server)
    first = caller.call(method, request)
    after = heads(server)

    again = [caller.call(method, request) for _ in range(3)]
    server.clock.advance(1000)
    later = caller.call(method, request)

    assert after != before
    assert [kept(answer) for answer in (*again, later)] == [kept(first)] * 4
    assert_refused_with_other_content(caller, method, request)
    assert heads(server) == after


@pytest.mark.parametrize("method", OF_SNAPSHOTS)
def test_guarantee_7_a_retry_about_a_snapshot_gets_the_first_answer(server: Served, method: str) -> None:
    caller, connected = server.api("operator"), Operator(server.address, server.token("operator"))
    request = OF_SNAPSHOTS[method](snapshot(connected))
    connected.close()
    request.request_id = new_id()
    first = caller.call(method, request)
    after = heads(server)

    again = caller.call(method, request)

    assert again == first
    assert_refused_with_other_content(caller, method, request)
    assert heads(server) == after


def kept(answer: Any) -> Any:
    """Leave out at which revision the rows of a reservation were checked: they are checked again."""
    if isinstance(answer, pb.ReserveAttemptsResponse):
        answer.ClearField("checked_at")
    return answer


def assert_refused_with_other_content(caller: Api, method: str, request: Any) -> None:
    other = type(request)()
    other.CopyFrom(request)
    fields = request.DESCRIPTOR.fields_by_name
    if "actor" in fields:
        other.actor = "somebody else"
    elif "label" in fields:
        other.label.description = "another"
    elif "registry" in fields:
        other.registry.description = "another"
    else:
        other.name = "sales"
    refused = caller.refused(method, other)
    assert (refused.code.name, refused.reason) == ("FAILED_PRECONDITION", "ERROR_REASON_REQUEST_ID_REUSED")


def test_guarantee_7_reservations_retried_at_once_claim_once(server: Served) -> None:
    api, rows = server.api(), [pb.CheckRow(address=CALIFORNIA[0]), pb.CheckRow(address=CALIFORNIA[3])]
    request = pb.ReserveAttemptsRequest(channel=1, rows=rows, request_id=new_id())
    _, before = heads(server)

    calls = [api.start("ReserveAttempts", request) for _ in range(16)]
    answers = [pb.ReserveAttemptsResponse.FromString(call.result()) for call in calls]

    names = {tuple(attempt.reservation for attempt in answer.attempts) for answer in answers}
    assert len(names) == 1
    assert all(next(iter(names)))
    assert heads(server)[1] == before + 1


def test_guarantee_7_a_reservation_retried_after_its_attempt_was_made_allows_no_second_call(server: Served) -> None:
    api = server.api()
    request = pb.ReserveAttemptsRequest(channel=1, rows=[pb.CheckRow(address="+14155550174")], request_id=new_id())
    name = api.call("ReserveAttempts", request).attempts[0].reservation
    done = pb.AttemptCompletion(reservation=name, outcome=NO_ANSWER)
    api.call("CompleteAttempts", pb.CompleteAttemptsRequest(completions=[done]))

    [again] = api.call("ReserveAttempts", request).attempts

    assert again.reservation == ""
    assert again.result.verdict == 3


def test_guarantee_7_a_request_id_that_another_method_used_is_refused(server: Served) -> None:
    api, used = server.api(), new_id()
    api.call("OpenRegion", pb.OpenRegionRequest(region="US-AL", request_id=used))
    journaled = set(SOUND) - OPERATED - {"ReserveAttempts", "CompleteAttempts", "OpenRegion", "ClaimSend"}

    for method in sorted(journaled):
        request = SOUND[method](api)
        request.request_id = used
        assert api.refused(method, request).reason == "ERROR_REASON_REQUEST_ID_REUSED", method


def test_guarantee_7_a_request_id_is_not_used_up_by_a_dry_run(server: Served) -> None:
    api, used = server.api(), new_id()
    said = {"address": "+14155550173", "text": "STOP", "request_id": used}

    dry = api.call("RecordInboundMessage", pb.RecordInboundMessageRequest(**said, validate_only=True))
    head = server.head()
    wet = api.call("RecordInboundMessage", pb.RecordInboundMessageRequest(**said))

    assert (dry.message_class, dry.confirmation, dry.status) == (1, "", 4)
    assert wet.confirmation
    assert server.head() == head + 1
