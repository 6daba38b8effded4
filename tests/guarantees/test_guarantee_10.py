"""Guarantee 10: one account can neither see nor affect another, by any RPC."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from dncd.administration import create_token, revoke_token
from dncd.nouns import Role
from dncd.storage.contract import Table
from dncd.storage.keys import account_key
from guarantees.story import EMAILS, PHONES, tell
from rpc_serving import Caught
from serving import METHODS, WAIT_S, Served, new_id, pb, served

ALLOW, BLOCK, NOT_SENT = 1, 2, 1
OWN_ADDRESS = "+14155550777"
SECRETS = ["client-acme", "acme-policy", "acme-note", "acme-actor", OWN_ADDRESS, OWN_ADDRESS[1:], "acme-evidence"]
USED_ID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two accounts with a history, and `acme`, which has things that nobody else has."""
    with served(tmp_path_factory.mktemp("accounts") / "store") as running:
        tell(running)
        running.account("acme")
        api = running.api("acme")
        api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="client-acme", channels=[1, 2])))
        api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="acme-policy", labels=["client-acme"])))
        own = pb.NewEntry(
            address=OWN_ADDRESS,
            label="client-acme",
            source=1,
            note="acme-note",
            evidence=pb.Evidence(call_id="acme-evidence"),
        )
        everywhere = [pb.NewEntry(address=each, label="do-not-contact", source=6) for each in ("+1*", "@example.com")]
        request = pb.AddEntriesRequest(entries=[own, *everywhere], actor="acme-actor", request_id=USED_ID)
        api.call("AddEntries", request)
        api.call("SetOptIn", pb.SetOptInRequest(address=OWN_ADDRESS, status=4, source=4, note="acme-note"))
        running.account("stranger")
        yield running


def row(address: str) -> Any:
    return pb.CheckRow(address=address)


def acme_entry(**fields: Any) -> Any:
    return pb.NewEntry(address=OWN_ADDRESS, source=6, **fields)


# For each RPC: a request that reaches for what is acme's, and what a stranger gets: a reason, or a look at the answer.
REACHES: dict[str, tuple[Callable[[], Any], str | Callable[[Any], bool]]] = {
    "Check": (
        lambda: pb.CheckRequest(channel=1, rows=[row(OWN_ADDRESS)]),
        lambda answer: answer.results[0].verdict == ALLOW and not answer.results[0].findings,
    ),
    "Scrub": (
        lambda: pb.ScrubRequest(channel=1, addresses=[OWN_ADDRESS], policy="acme-policy"),
        "POLICY_NOT_FOUND",
    ),
    "Explain": (
        lambda: pb.ExplainRequest(channel=2, row=row(OWN_ADDRESS)),
        lambda answer: answer.result.verdict == ALLOW and not answer.history and len(answer.considered) == 4,
    ),
    "AddEntries": (lambda: pb.AddEntriesRequest(entries=[acme_entry(label="client-acme")]), "LABEL_NOT_FOUND"),
    "RemoveEntries": (
        lambda: pb.RemoveEntriesRequest(
            entries=[pb.EntryRef(address=target, label="do-not-contact") for target in ("+1*", OWN_ADDRESS)],
            reason=2,
            evidence=pb.Evidence(call_id="c"),
        ),
        lambda answer: answer.unchanged == 2 and answer.removed == 0,
    ),
    "ListEntries": (
        lambda: pb.ListEntriesRequest(address_contains="1415"),
        lambda answer: not answer.entries and answer.total == 0,
    ),
    "GetAddress": (
        lambda: pb.GetAddressRequest(address=OWN_ADDRESS),
        lambda answer: not answer.entries and answer.opt_in == NOT_SENT,
    ),
    "CreateLabel": (
        lambda: pb.CreateLabelRequest(label=pb.Label(name="client-acme", channels=[3])),
        lambda answer: list(answer.label.channels) == [3] and answer.label.entries == 0,
    ),
    "UpdateLabel": (
        lambda: pb.UpdateLabelRequest(label=pb.Label(name="client-acme", channels=[4])),
        lambda answer: list(answer.label.channels) == [4] and answer.label.entries == 0,
    ),
    "ArchiveLabel": (lambda: pb.ArchiveLabelRequest(name="client-acme"), lambda answer: answer.label.archived),
    "ListLabels": (pb.ListLabelsRequest, lambda answer: all(label.entries == 0 for label in answer.labels)),
    "GetOptIn": (
        lambda: pb.GetOptInRequest(address=OWN_ADDRESS),
        lambda answer: answer.status == NOT_SENT and answer.event_position == 0,
    ),
    "SetOptIn": (
        lambda: pb.SetOptInRequest(address=OWN_ADDRESS, status=3, source=6),
        lambda answer: answer.before == NOT_SENT,
    ),
    "ClaimOptInRequest": (
        lambda: pb.ClaimOptInRequestRequest(address="+14155550778"),
        lambda answer: answer.granted and not answer.blocked_by_entry,
    ),
    "ApplyPolicy": (
        lambda: pb.ApplyPolicyRequest(policy=pb.Policy(name="acme-policy", purpose=4)),
        lambda answer: answer.changed,
    ),
    "GetPolicy": (lambda: pb.GetPolicyRequest(name="texts"), "POLICY_NOT_FOUND"),
    "ListPolicies": (
        pb.ListPoliciesRequest,
        lambda answer: [each.policy.purpose for each in answer.policies] == [4],
    ),
    "DeletePolicy": (lambda: pb.DeletePolicyRequest(name="acme-policy"), lambda answer: answer.changed),
    "ListEvents": (
        lambda: pb.ListEventsRequest(address="+1*"),
        lambda answer: [event.WhichOneof("change") for event in answer.events] == ["entries_removed"],
    ),
    "WatchEvents": (
        lambda: pb.WatchEventsRequest(after_position=0),
        lambda answer: answer.event.account_created.name == "stranger",
    ),
    "VerifyJournal": (pb.VerifyJournalRequest, lambda answer: answer.intact),
}


def rows_of(server: Served, account_id: int) -> list[tuple[Table, bytes, bytes]]:
    """Read every row that belongs to an account."""
    key = account_key(account_id)
    with server.store.snapshot() as snapshot:
        return [
            (table, *row)
            for table in Table
            for row in snapshot.scan(table)
            if row[0].startswith(key)
            or (table is Table.HISTORY and row[0][8:12] == key)
            or (table is Table.META and row[0].startswith(b"entries." + key))
        ]


def test_guarantee_10_every_rpc_reaches_for_what_is_another_accounts_and_neither_sees_nor_changes_it(
    server: Served,
) -> None:
    stranger = server.api("stranger")
    assert set(REACHES) == set(METHODS), "every RPC is tried"
    before = [rows_of(server, account_id) for account_id in (1, 2, 3)]

    for method, (request, expected) in REACHES.items():
        if isinstance(expected, str):
            assert stranger.refused(method, request()).reason == f"ERROR_REASON_{expected}"
        elif METHODS[method].streams:
            stream = stranger.watch(request())
            assert expected(next(stream))
            stream.cancel()
        else:
            assert expected(stranger.call(method, request())), method

    assert [rows_of(server, account_id) for account_id in (1, 2, 3)] == before
    assert all(before), "each account has rows to be touched"


def test_guarantee_10_nothing_that_a_stranger_is_told_holds_a_word_of_acme(server: Served) -> None:
    server.account("newcomer")
    newcomer = server.api("newcomer")
    told = [newcomer.raw(method) for method in ("ListLabels", "ListPolicies", "ListEntries", "ListEvents")]
    told += [newcomer.raw("Explain", pb.ExplainRequest(channel=1, row=row("+14155550778")))]
    told += [newcomer.raw("Check", pb.CheckRequest(channel=3, rows=[row(EMAILS[0])]))]
    told += [newcomer.raw("ListEvents", pb.ListEventsRequest(actor="acme-actor"))]
    stream = newcomer.watch(pb.WatchEventsRequest(after_position=0, heartbeat_seconds=1))
    for answer in stream:
        told.append(answer.SerializeToString())
        if not answer.HasField("event"):
            break
    stream.cancel()

    assert [(answer, word) for answer in told for word in SECRETS if word.encode() in answer] == []


def test_guarantee_10_verdicts_are_those_of_the_callers_account(server: Served) -> None:
    server.account("quiet")

    assert server.api("acme").verdicts(OWN_ADDRESS, policy="acme-policy") == [BLOCK]
    assert server.api("quiet").verdicts(OWN_ADDRESS, *PHONES, channel=2) == [ALLOW] * 5


def test_guarantee_10_a_request_id_of_another_account_is_free(server: Served) -> None:
    stranger = server.api("stranger")

    answer = stranger.add("+14155550779", request_id=USED_ID)

    assert answer.added == 1


@pytest.mark.parametrize("method", ["ListEntries", "ListLabels", "ListPolicies", "ListEvents"])
def test_guarantee_10_a_page_token_of_another_account_is_refused(server: Served, method: str) -> None:
    request = METHODS[method].request(page_size=1)
    server.api("default").call(
        "ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="a-second-one"), request_id=new_id())
    )
    request.page_token = server.api("default").call(method, request).next_page_token
    assert request.page_token

    refused = server.api("acme").refused(method, request)

    assert refused.reason == "ERROR_REASON_PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "Basic ", ""])
@pytest.mark.parametrize("token", ["", "nope", "dnc_", "dnc__", "dnc_01_45", "x" * 300])
def test_guarantee_10_an_unknown_token_opens_nothing(server: Served, scheme: str, token: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call_with(server, scheme + token)

    assert Caught(refused.value).reason == "ERROR_REASON_TOKEN_INVALID"


def test_guarantee_10_a_token_altered_expired_or_revoked_opens_nothing(server: Served) -> None:
    token = server.token("acme")
    soon = create_token(server.store, server.clock(), "acme", "brief", Role.ADMIN, server.clock() + 1000)
    gone = server.token("acme")
    assert [call_with(server, f"Bearer {each}") for each in (token, soon, gone)]
    revoke_token(server.store, server.clock(), gone.split("_")[1])
    server.clock.advance(1000)
    altered = [token[:-1] + "g", token + "0", token.upper(), token.replace("dnc", "dnd"), token[:-1]]

    for each in [soon, gone, *altered]:
        with pytest.raises(grpc.RpcError) as refused:
            call_with(server, f"Bearer {each}")
        assert Caught(refused.value).code is grpc.StatusCode.UNAUTHENTICATED
    assert call_with(server, f"Bearer {token}")


def call_with(server: Served, authorization: str) -> bytes:
    call = server.api("acme").channel.unary_unary(METHODS["ListLabels"].path)
    answer: bytes = call(b"", metadata=(("authorization", authorization),), timeout=WAIT_S)
    return answer
