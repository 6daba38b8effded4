"""Guarantee 10: one account can neither see nor affect another, by any RPC."""

from collections.abc import Iterator

import grpc
import pytest

from dncd.administration import create_token, revoke_token
from dncd.nouns import Role
from dncd.storage.contract import Table
from dncd.storage.keys import account_key
from guarantees.reaches import ALLOW, BLOCK, DEFER, OWN_ADDRESS, REACHES, USED_ID, row
from guarantees.story import DAY_MS, EMAILS, PHONES, tell
from rpc_serving import Caught
from serving import METHODS, WAIT_S, Served, moment, new_id, pb, served

OWN_MESSENGER = "+14155550776"
SECRETS = ["client-acme", "acme-policy", "acme-note", "acme-actor", OWN_ADDRESS, OWN_ADDRESS[1:], "acme-evidence"]
SECRETS += ["acme-form", "acme-hurricane", "acme-contact", "acme-debt", OWN_MESSENGER, OWN_MESSENGER[1:]]


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
        consent = pb.Consent(kind=1, policy="acme-policy")
        proof = pb.Evidence(reference="acme-form")
        api.call(
            "RecordConsent", pb.RecordConsentRequest(address=OWN_ADDRESS, consent=consent, source=6, evidence=proof)
        )
        until = moment(running.clock() + DAY_MS)
        api.call("CloseRegion", pb.CloseRegionRequest(region="US-CA", until=until, reason="acme-hurricane"))
        operator = running.api("operator")
        operator.call("CreateRegistry", pb.CreateRegistryRequest(registry=pb.Registry(name="us", scope=["+1"])))
        operator.call("GrantCoverage", pb.GrantCoverageRequest(registry="us", account="acme", prefixes=["+1"]))
        running.account("stranger")
        yield running


@pytest.fixture(scope="module")
def names(server: Served) -> dict[str, str]:
    """What acme may name and nobody else: a claim, a message that waits for a decision, and a confirmation."""
    api = server.api("acme")
    caller = pb.CheckRow(address="+33123456789", contact_id="acme-contact", debt_id="acme-debt")
    reserved = api.call("ReserveAttempts", pb.ReserveAttemptsRequest(channel=1, rows=[caller]))
    said = [
        api.call("RecordInboundMessage", pb.RecordInboundMessageRequest(address=OWN_MESSENGER, text=text))
        for text in ("maybe you could stop this some day", "STOP")
    ]
    found = {
        "reservation": reserved.attempts[0].reservation,
        "review": said[0].review,
        "confirmation": said[1].confirmation,
    }
    assert all(found.values())
    return found


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
    server: Served, names: dict[str, str]
) -> None:
    stranger = server.api("stranger")
    assert set(REACHES) == set(METHODS), "every RPC is tried"
    before = [rows_of(server, account_id) for account_id in (1, 2, 3)]

    for method, (request, expected) in REACHES.items():
        if isinstance(expected, str):
            assert stranger.refused(method, request(names)).reason == f"ERROR_REASON_{expected}"
        elif METHODS[method].streams:
            stream = stranger.watch(request(names))
            assert expected(next(stream))
            stream.cancel()
        else:
            assert expected(stranger.call(method, request(names))), method

    assert [rows_of(server, account_id) for account_id in (1, 2, 3)] == before
    assert all(before), "each account has rows to be touched"


def test_guarantee_10_nothing_that_a_stranger_is_told_holds_a_word_of_acme(
    server: Served, names: dict[str, str]
) -> None:
    assert names
    server.account("newcomer")
    newcomer = server.api("newcomer")
    lists = ("ListLabels", "ListPolicies", "ListEntries", "ListEvents", "ListReviews", "ListClosedRegions")
    told = [newcomer.raw(method) for method in (*lists, "ListRulePacks", "ListRegistries")]
    told += [newcomer.raw("GetRegistry", pb.GetRegistryRequest(name="us"))]
    told += [newcomer.raw("Preview", pb.PreviewRequest(scrub=pb.ScrubRequest(channel=1, addresses=["+14155550778"])))]
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


def test_guarantee_10_attempts_are_counted_for_the_callers_account_alone(server: Served) -> None:
    server.account("counting")
    limits = [pb.AttemptLimit(max=1, per_hours=24, per=per) for per in (1, 2, 3)]
    rows = [pb.CheckRow(address="+33123456788", contact_id="c", debt_id="d")]
    reserved = {}
    for account in ("acme", "counting"):
        server.api(account).apply("counted", attempt_limits=limits)
        request = pb.ReserveAttemptsRequest(policy="counted", channel=1, rows=rows)
        twice = [server.api(account).call("ReserveAttempts", request).attempts[0] for _ in range(2)]
        reserved[account] = [attempt.result.verdict for attempt in twice]

    assert reserved == {"acme": [ALLOW, DEFER], "counting": [ALLOW, DEFER]}


def test_guarantee_10_a_stranger_who_knows_the_names_changes_nothing_of_acme(
    server: Served, names: dict[str, str]
) -> None:
    stranger, api = server.api("stranger"), server.api("acme")
    waiting = list(api.call("ListReviews").reviews)
    claim = pb.ClaimSendRequest(permission=names["confirmation"])
    completion = pb.AttemptCompletion(reservation=names["reservation"], outcome=2)
    complete = pb.CompleteAttemptsRequest(completions=[completion])

    stranger.refused("DecideReview", pb.DecideReviewRequest(review=names["review"], decision=1))
    stranger.refused("ClaimSend", claim)
    stranger.call("CompleteAttempts", complete)

    assert list(api.call("ListReviews").reviews) == waiting
    assert list(api.call("CompleteAttempts", complete).outcomes) == [1]
    assert not api.call("ClaimSend", claim).granted, "the message that waits for a decision still stops it"
    api.call("DecideReview", pb.DecideReviewRequest(review=names["review"], decision=2))


def test_guarantee_10_a_request_id_of_another_account_is_free(server: Served) -> None:
    # The stranger has used it too, for a claim of attempts.
    server.account("free")

    answer = server.api("free").add("+14155550779", request_id=USED_ID)

    assert answer.added == 1


@pytest.mark.parametrize("method", ["ListEntries", "ListLabels", "ListPolicies", "ListEvents", "ListReviews"])
def test_guarantee_10_a_page_token_of_another_account_is_refused(server: Served, method: str) -> None:
    request = METHODS[method].request(page_size=1)
    server.api("default").call(
        "ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="a-second-one"), request_id=new_id())
    )
    for number in ("+14155550711", "+14155550712"):
        said = pb.RecordInboundMessageRequest(address=number, text="maybe you could stop this some day")
        server.api("default").call("RecordInboundMessage", said)
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
