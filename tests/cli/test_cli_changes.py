"""add, remove, optin, label: what goes to the server, and how the command leaves."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer, Refusal
from donotcontact.v1.consent_service_pb2 import (
    ClaimOptInRequestResponse,
    GetOptInResponse,
    SetOptInResponse,
)
from donotcontact.v1.core_pb2 import Channel, OptInStatus, Purpose, Source
from donotcontact.v1.entry_pb2 import EntryReason, Label, RemovalReason, RowOutcome
from donotcontact.v1.entry_service_pb2 import (
    AddEntriesResponse,
    ArchiveLabelResponse,
    CreateLabelResponse,
    ListLabelsResponse,
    RemoveEntriesResponse,
    UpdateLabelResponse,
)

ADDRESS = "+14155550123"
ADD = ("add", ADDRESS, "--label", "do-not-contact", "--source", "agent")
REMOVE = ("remove", ADDRESS, "--label", "DNC_Sales", "--reason", "consent-renewed")


def added(request: Any) -> AddEntriesResponse:
    outcomes = [RowOutcome.ROW_OUTCOME_ADDED] * len(request.entries)
    return AddEntriesResponse(outcomes=outcomes, added=len(outcomes), written_at=REVISION)


def removed(_request: Any) -> RemoveEntriesResponse:
    return RemoveEntriesResponse(outcomes=[RowOutcome.ROW_OUTCOME_REMOVED], removed=1, written_at=REVISION)


def kept(_request: Any) -> RemoveEntriesResponse:
    return RemoveEntriesResponse(outcomes=[RowOutcome.ROW_OUTCOME_KEPT_OWN_WORD], kept=1, written_at=REVISION)


@pytest.fixture(autouse=True)
def canned(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server.answers |= {"AddEntries": added, "RemoveEntries": removed}


def test_add_carries_reason_times_and_evidence(dnc: Dnc, server: FakeServer) -> None:
    details = ["--reason", "complaint", "--note", "n", "--starts", "2026-12-01T00:00Z", "--expires", "+90d"]
    evidence = ["--call-id", "c", "--recording", "r", "--campaign", "s", "--reference", "t", "--actor", "ann"]

    result = dnc(*ADD, *details, *evidence, "--validate-only")

    request = server.requests[0]
    entry = request.entries[0]
    assert result.exit_code == 0
    assert "Would be added: 1" in result.stdout
    assert (request.actor, request.validate_only) == ("ann", True)
    assert (entry.address, entry.label, entry.source) == (ADDRESS, "do-not-contact", Source.SOURCE_AGENT)
    assert (entry.reason, entry.note) == (EntryReason.ENTRY_REASON_COMPLAINT, "n")
    assert (entry.starts_at.ToJsonString(), entry.expires_at.ToJsonString()) == (
        "2026-12-01T00:00:00Z",
        "2027-02-01T12:00:00Z",
    )
    assert [entry.evidence.call_id, entry.evidence.recording] == ["c", "r"]
    assert [entry.evidence.campaign, entry.evidence.reference] == ["s", "t"]


def test_add_from_file_goes_in_batches_of_a_thousand(dnc: Dnc, server: FakeServer) -> None:
    numbers = [f"+1415555{number:04}" for number in range(2_500)]
    Path("out.csv").write_text("name,phone\n" + "".join(f"x,{number}\n" for number in numbers))

    document = dnc.json(*ADD[:1], *ADD[2:], "--from-file", "out.csv")

    assert [len(request.entries) for request in server.requests] == [1_000, 1_000, 500]
    assert [entry.address for request in server.requests for entry in request.entries] == numbers
    assert len({request.request_id for request in server.requests}) == 3
    assert (document["added"], len(document["outcomes"])) == (2_500, 2_500)


def test_add_that_fails_midway_says_how_many_are_in(dnc: Dnc, server: FakeServer) -> None:
    Path("out.txt").write_text("".join(f"+1415555{number:04}\n" for number in range(1_500)))

    def second_is_refused(request: Any) -> AddEntriesResponse:
        if len(server.requests) == 1:
            return added(request)
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ADDRESS", "rows are wrong", {"entries[3].address": "EMPTY"}
        )

    server.answers["AddEntries"] = second_is_refused

    result = dnc(*ADD[:1], *ADD[2:], "--from-file", "out.txt")

    assert result.exit_code == 3
    assert "The first 1,000 addresses are added" in result.stderr
    assert "line 1004: EMPTY" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "--label", "l", "--source", "agent"),
        (*ADD, "--from-file", "x.csv"),
        ("add", ADDRESS, "--label", "l", "--source", "nobody"),
        ("add", ADDRESS, "--label", "l"),
        REMOVE,
        ("remove", ADDRESS, "--label", "l", "--yes"),
    ],
)
def test_incomplete_command_lines_change_nothing(dnc: Dnc, server: FakeServer, arguments: tuple[str, ...]) -> None:
    result = dnc(*arguments)

    assert result.exit_code == 2
    assert not server.requests


def test_remove_in_a_script_needs_yes(dnc: Dnc, server: FakeServer) -> None:
    result = dnc(*REMOVE, "--reference", "form-1", "--note", "n", "--yes")

    request = server.requests[0]
    assert result.exit_code == 0
    assert request.reason == RemovalReason.REMOVAL_REASON_CONSENT_RENEWED
    assert (request.entries[0].label, request.evidence.reference, request.note) == ("DNC_Sales", "form-1", "n")


@pytest.mark.parametrize(("typed", "exit_code", "calls"), [("y\n", 0, 1), ("n\n", 2, 0), ("", 2, 0)])
def test_remove_on_a_terminal_warns_and_asks(
    dnc: Dnc, server: FakeServer, monkeypatch: pytest.MonkeyPatch, typed: str, exit_code: int, calls: int
) -> None:
    monkeypatch.setattr("donotcontact.cli.confirming.on_terminal", lambda: True)

    result = dnc(*REMOVE, stdin=typed)

    assert result.exit_code == exit_code
    assert "against the law" in result.stderr
    assert len(server.requests) == calls


def test_remove_that_keeps_the_persons_own_word_leaves_with_1(dnc: Dnc, server: FakeServer) -> None:
    server.answers["RemoveEntries"] = kept

    result = dnc(*REMOVE, "--yes")

    assert result.exit_code == 1
    assert "own word" in result.stdout


def test_optin_get_tells_the_status(dnc: Dnc, server: FakeServer) -> None:
    status = OptInStatus.OPT_IN_STATUS_REJECTED
    server.answers["GetOptIn"] = lambda _: GetOptInResponse(address=ADDRESS, status=status, read_at=REVISION)

    shown, document = dnc("optin", "get", ADDRESS), dnc.json("optin", "get", ADDRESS)

    assert f"{ADDRESS}: REJECTED" in shown.stdout
    assert (document["status"], document["since"]) == ("REJECTED", None)


def test_optin_set_sends_status_and_source(dnc: Dnc, server: FakeServer) -> None:
    status = OptInStatus.OPT_IN_STATUS_REJECTED
    server.answers["SetOptIn"] = lambda request: SetOptInResponse(status=request.status, written_at=REVISION)

    result = dnc("optin", "set", ADDRESS, "rejected", "--source", "inbound-message", "--reference", "m")

    request = server.requests[0]
    assert result.exit_code == 0
    assert (request.status, request.source) == (status, Source.SOURCE_INBOUND_MESSAGE)
    assert request.evidence.reference == "m"


@pytest.mark.parametrize(("granted", "exit_code"), [(True, 0), (False, 1)])
def test_optin_claim_leaves_with_0_only_where_it_is_granted(
    dnc: Dnc, server: FakeServer, granted: bool, exit_code: int
) -> None:
    answer = ClaimOptInRequestResponse(granted=granted, status=OptInStatus.OPT_IN_STATUS_SENT, written_at=REVISION)
    server.answers["ClaimOptInRequest"] = lambda _: answer

    result = dnc("optin", "claim", ADDRESS, "--campaign", "spring", "--policy", "p")

    assert result.exit_code == exit_code
    assert (server.requests[0].campaign, server.requests[0].policy) == ("spring", "p")


def test_optin_claim_that_contradicts_itself_is_no_permission(dnc: Dnc, server: FakeServer) -> None:
    answer = ClaimOptInRequestResponse(
        granted=True, status=OptInStatus.OPT_IN_STATUS_REJECTED, blocked_by_entry=True, written_at=REVISION
    )
    server.answers["ClaimOptInRequest"] = lambda _: answer

    assert dnc("optin", "claim", ADDRESS, "--policy", "p").exit_code == 1
    assert dnc.json("optin", "claim", ADDRESS, "--policy", "p")["allowed"] is False


def test_optin_claim_without_a_policy_says_that_no_hours_were_asked(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ClaimOptInRequest"] = lambda _: ClaimOptInRequestResponse(
        granted=True, status=OptInStatus.OPT_IN_STATUS_SENT, written_at=REVISION
    )

    assert "no calling hours were asked" in dnc("optin", "claim", ADDRESS).stdout
    assert "no calling hours" not in dnc("optin", "claim", ADDRESS, "--policy", "p").stdout


def test_label_create_and_update_send_the_whole_label(dnc: Dnc, server: FakeServer) -> None:
    server.answers["CreateLabel"] = lambda request: CreateLabelResponse(label=request.label, written_at=REVISION)
    server.answers["UpdateLabel"] = lambda request: UpdateLabelResponse(label=request.label, written_at=REVISION)
    arguments = ["DNC_Sales", "--channel", "voice", "--channel", "sms", "--purpose", "marketing", "--description", "d"]
    wanted = Label(
        name="DNC_Sales",
        channels=[Channel.CHANNEL_VOICE, Channel.CHANNEL_SMS],
        purposes=[Purpose.PURPOSE_MARKETING],
        description="d",
    )

    results = [dnc("label", verb, *arguments) for verb in ("create", "update")]

    assert [request.label for request in server.requests] == [wanted, wanted]
    assert "Created DNC_Sales: stops VOICE, SMS for MARKETING." in results[0].stdout


NARROW = ("label", "update", "DNC_Sales", "--channel", "voice", "--reason", "texts have their own")


def test_a_label_that_may_stop_less_in_a_script_needs_yes(dnc: Dnc, server: FakeServer) -> None:
    server.answers["UpdateLabel"] = lambda request: UpdateLabelResponse(label=request.label, written_at=REVISION)

    refused, done = dnc(*NARROW), dnc(*NARROW, "--yes")

    assert (refused.exit_code, done.exit_code) == (2, 0)
    assert [request.reason for request in server.requests] == ["texts have their own"]


@pytest.mark.parametrize(("typed", "exit_code", "calls"), [("y\n", 0, 1), ("n\n", 2, 0), ("", 2, 0)])
def test_a_label_that_may_stop_less_is_confirmed_on_a_terminal(
    dnc: Dnc, server: FakeServer, monkeypatch: pytest.MonkeyPatch, typed: str, exit_code: int, calls: int
) -> None:
    monkeypatch.setattr("donotcontact.cli.confirming.on_terminal", lambda: True)
    server.answers["UpdateLabel"] = lambda request: UpdateLabelResponse(label=request.label, written_at=REVISION)

    result = dnc(*NARROW, stdin=typed)

    assert (result.exit_code, len(server.requests)) == (exit_code, calls)
    assert "can be contacted again" in result.stderr


def test_label_archive_and_list(dnc: Dnc, server: FakeServer) -> None:
    label = Label(name="old", channels=[Channel.CHANNEL_VOICE], archived=True, entries=12_345)
    server.answers["ArchiveLabel"] = lambda _: ArchiveLabelResponse(label=label, written_at=REVISION)
    server.answers["ListLabels"] = lambda _: ListLabelsResponse(labels=[label], read_at=REVISION)

    archived, listed, document = dnc("label", "archive", "old"), dnc("label", "list"), dnc.json("label", "list")

    assert "Archived old" in archived.stdout
    assert "12,345" in listed.stdout
    assert document["labels"][0]["channels"] == ["VOICE"]
