"""Each method sends what it says, and both clients have the same ones."""

import inspect
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from client.scripted_server import REVISION, ScriptedServer, answer
from donotcontact import AsyncClient, Client, IncompleteAnswer
from donotcontact.calls import methods
from donotcontact.v1 import (
    check_service_pb2,
    consent_service_pb2,
    core_pb2,
    entry_pb2,
    entry_service_pb2,
    event_pb2,
    journal_service_pb2,
    policy_pb2,
    policy_service_pb2,
)

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  # that is the point
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PHONE = "+14155550123"
CONSENT = consent_service_pb2.Consent(kind=core_pb2.CONSENT_KIND_EXPRESS)


def surface(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(member).replace(return_annotation=None)
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


def test_both_clients_have_the_same_surface() -> None:
    assert surface(Client) == surface(AsyncClient)


def test_importing_the_client_imports_neither_numpy_nor_the_server() -> None:
    program = "import sys, donotcontact; print(sorted({'numpy', 'dncd', 'typer'} & set(sys.modules)))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"


def test_every_public_method_is_documented() -> None:
    assert [name for name in surface(Client) if not getattr(Client, name).__doc__] == []


def test_a_method_tells_its_name_and_signature() -> None:
    assert Client.add_entries.__qualname__ == "Client.add_entries"
    assert list(inspect.signature(Client.get_policy).parameters) == ["self", "name"]
    assert inspect.signature(Client.get_policy).return_annotation is policy_service_pb2.GetPolicyResponse


def test_every_rpc_has_a_path_and_changes_are_those_with_a_request_id() -> None:
    found = {method.path.rpartition("/")[2]: method for _, method in methods()}

    assert len(found) == 44
    assert {name for name, method in found.items() if method.streams} == {"WatchEvents"}
    assert {name for name, method in found.items() if method.uploads} == {"ImportSnapshot"}
    assert {name for name, method in found.items() if method.is_change} == {
        "AddEntries", "RemoveEntries", "CreateLabel", "UpdateLabel", "ArchiveLabel",
        "SetOptIn", "ClaimOptInRequest", "ApplyPolicy", "DeletePolicy",
        "CreateRegistry", "ActivateSnapshot", "PruneSnapshot", "GrantCoverage",
        "CloseRegion", "OpenRegion", "RecordInboundMessage", "DecideReview", "RecordConsent", "RevokeConsent",
        "AuthorizeOneTimeSend", "ClaimSend", "ReserveAttempts", "CompleteAttempts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rpc", "ask", "response"),
    [
        ("Explain", lambda c: c.explain(PHONE, channel="SMS"), check_service_pb2.ExplainResponse()),
        ("GetAddress", lambda c: c.get_address(PHONE), entry_service_pb2.GetAddressResponse()),
        ("CreateLabel", lambda c: c.create_label(entry_pb2.Label()), entry_service_pb2.CreateLabelResponse()),
        ("UpdateLabel", lambda c: c.update_label(entry_pb2.Label()), entry_service_pb2.UpdateLabelResponse()),
        ("ArchiveLabel", lambda c: c.archive_label("x"), entry_service_pb2.ArchiveLabelResponse()),
        ("GetOptIn", lambda c: c.get_opt_in(PHONE), consent_service_pb2.GetOptInResponse()),
        ("SetOptIn", lambda c: c.set_opt_in(PHONE, 3, source=4), consent_service_pb2.SetOptInResponse()),
        ("ApplyPolicy", lambda c: c.apply_policy(policy_pb2.Policy()), policy_service_pb2.ApplyPolicyResponse()),
        ("GetPolicy", lambda c: c.get_policy("p"), policy_service_pb2.GetPolicyResponse()),
        ("DeletePolicy", lambda c: c.delete_policy("p"), policy_service_pb2.DeletePolicyResponse()),
        ("VerifyJournal", lambda c: c.verify_journal(), journal_service_pb2.VerifyJournalResponse(intact=True)),
        (
            "RecordInboundMessage",
            lambda c: c.record_inbound_message(PHONE, "STOP"),
            consent_service_pb2.RecordInboundMessageResponse(message_class=core_pb2.MESSAGE_CLASS_OPT_OUT),
        ),
        ("DecideReview", lambda c: c.decide_review("7", 1), consent_service_pb2.DecideReviewResponse(changed=True)),
        (
            "RecordConsent",
            lambda c: c.record_consent(PHONE, CONSENT, source=1, evidence=core_pb2.Evidence(reference="form-1")),
            consent_service_pb2.RecordConsentResponse(changed=True),
        ),
        (
            "RevokeConsent",
            lambda c: c.revoke_consent(PHONE, source=1, channels=["VOICE"], purposes=[1]),
            consent_service_pb2.RevokeConsentResponse(revoked=2),
        ),
        ("ListConsents", lambda c: c.list_consents(PHONE), consent_service_pb2.ListConsentsResponse(address=PHONE)),
        (
            "CloseRegion",
            lambda c: c.close_region("US-FL", until=NOON, reason="storm"),
            policy_service_pb2.CloseRegionResponse(written_at=REVISION),
        ),
        ("OpenRegion", lambda c: c.open_region("US-FL"), policy_service_pb2.OpenRegionResponse(changed=True)),
        (
            "RemoveEntries",
            lambda c: c.remove_entries([entry_service_pb2.EntryRef(address=PHONE, label="x")], reason=1),
            entry_service_pb2.RemoveEntriesResponse(outcomes=[entry_pb2.ROW_OUTCOME_REMOVED], written_at=REVISION),
        ),
    ],
)
def test_each_method_sends_its_request_and_gives_its_response(
    server: ScriptedServer, client: Client, rpc: str, ask: Any, response: Any
) -> None:
    server.script(rpc, answer(response))

    assert ask(client) == response

    assert [seen.name for seen in server.seen] == [rpc]


def test_a_change_that_does_not_tell_every_outcome_is_an_incomplete_answer(
    server: ScriptedServer, client: Client
) -> None:
    server.script("AddEntries", answer(entry_service_pb2.AddEntriesResponse(added=1)))

    with pytest.raises(IncompleteAnswer):
        client.add_entries([entry_service_pb2.NewEntry()])


def test_list_entries_follows_pages_also_empty_ones(server: ScriptedServer, client: Client) -> None:
    def page(token: str, *addresses: str) -> Any:
        entries = [entry_pb2.Entry(address=address) for address in addresses]
        return answer(entry_service_pb2.ListEntriesResponse(entries=entries, next_page_token=token))

    server.script("ListEntries", page("a", "1", "2"), page("b"), page("", "3"))

    found = [entry.address for entry in client.list_entries(label="DNC_Sales", recorded_from=NOON)]

    assert found == ["1", "2", "3"]
    assert [request.page_token for request in server.requests("ListEntries")] == ["", "a", "b"]
    assert {request.label for request in server.requests("ListEntries")} == {"DNC_Sales"}


def test_a_page_that_names_itself_does_not_go_round_for_ever(server: ScriptedServer, client: Client) -> None:
    server.script("ListLabels", answer(entry_service_pb2.ListLabelsResponse(next_page_token="a")))

    with pytest.raises(IncompleteAnswer):
        list(client.list_labels())


def test_list_events_sends_its_filters(server: ScriptedServer, client: Client) -> None:
    event = event_pb2.Event(position=3)
    server.script("ListEvents", answer(journal_service_pb2.ListEventsResponse(events=[event])))

    found = list(client.list_events(kinds=[1], recorded_from=NOON, recorded_before=NOON))

    (request,) = server.requests("ListEvents")
    assert found == [event]
    assert getattr(request, "from").ToDatetime(UTC) == request.before.ToDatetime(UTC) == NOON


def test_explain_asks_as_of_a_time_or_a_revision(server: ScriptedServer, client: Client) -> None:
    server.script("Explain", answer(check_service_pb2.ExplainResponse()))

    client.explain(PHONE, channel="SMS", as_of=NOON)
    client.explain(PHONE, channel="SMS", as_of=REVISION)

    by_time, by_revision = server.requests("Explain")
    assert (by_time.WhichOneof("as_of"), by_revision.WhichOneof("as_of")) == ("time", "revision")


def test_freshness_and_moment_are_asked_for(server: ScriptedServer, client: Client) -> None:
    client.check([PHONE], channel="SMS", at_least_as_fresh=REVISION, contact_time=NOON)
    list(client.scrub([PHONE], channel="SMS", at_least_as_fresh=REVISION, contact_time=NOON))

    for seen in server.seen:
        assert seen.request.at_least_as_fresh == REVISION
        assert seen.request.contact_time.ToDatetime(UTC) == NOON


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.check([PHONE], channel="SMS", contact_time=NAIVE),
        lambda c: c.scrub([PHONE], channel="SMS", contact_time=NAIVE),
        lambda c: c.explain(PHONE, channel="SMS", as_of=NAIVE),
        lambda c: c.close_region("US-FL", until=NAIVE, reason="storm"),
        lambda c: c.preview([PHONE], channel="SMS", contact_time=NAIVE),
        lambda c: c.list_entries(recorded_from=NAIVE),
        lambda c: c.list_events(recorded_before=NAIVE),
    ],
)
def test_a_datetime_without_a_time_zone_is_refused(client: Client, ask: Any) -> None:
    with pytest.raises(ValueError, match="time zone"):
        ask(client)


@pytest.mark.parametrize("channel", ["sms", "SMS", "CHANNEL_SMS", core_pb2.CHANNEL_SMS])
def test_a_channel_has_its_names_and_its_number(server: ScriptedServer, client: Client, channel: Any) -> None:
    client.check([PHONE], channel=channel)

    assert server.requests("Check")[0].channel == core_pb2.CHANNEL_SMS


@pytest.mark.parametrize("channel", ["", "FAX", "CHANNEL_UNSPECIFIED", 0, 99])
def test_an_unknown_channel_is_refused(client: Client, channel: Any) -> None:
    with pytest.raises(ValueError, match=r"channel|Channel"):
        client.check([PHONE], channel=channel)


@pytest.mark.parametrize("settings", [{"chunk": 0}, {"chunk": 50_001}, {"in_flight": 0}])
def test_scrub_refuses_settings_at_the_call(client: Client, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="chunk"):
        client.scrub([PHONE], channel="SMS", **settings)
