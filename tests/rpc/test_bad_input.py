"""Everything that is wrong with a request is refused with a code, a reason and the path of the field; and that is all
that happens.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message

from dncd import attempt_log
from dncd.nouns import Role
from rpc.policies_that_cannot_be import policies_that_cannot_be
from rpc.sound_requests import MAILBOX, PERMISSION, PERSON, REVIEW, scrub_request, whole_policy
from rpc.spoiled_requests import (
    PLACES,
    Code,
    Row,
    bytes_that_are_no_message,
    enums_nobody_knows,
    field,
    names_that_are_none,
    numbers_out_of_bounds,
    one,
    packs_that_are_none,
    pages_that_are_none,
    regions_that_are_none,
    request_ids_that_are_none,
    texts_that_are_too_long,
    times_that_cannot_be,
    zones_that_are_none,
)
from rpc.wrong_requests import (
    NEIGHBOUR,
    attempts_that_cannot_be,
    consents_that_cannot_be,
    context_columns_of_the_wrong_length,
    messages_that_cannot_be,
    permissions_that_cannot_be,
    regions_that_cannot_be_closed,
    registries_that_are_none,
)
from serving import START_MS, Served, moment, pb, served


def entry(**fields: Any) -> list[Any]:
    return [pb.NewEntry(**{"address": PERSON, "label": "do-not-contact", "source": 6, **fields})]


def label(**fields: Any) -> Any:
    return pb.Label(**{"name": "fresh", "channels": [1], **fields})


def addresses_that_are_none() -> Iterator[Row]:
    wrong = {
        "400 digits": "4" * 400,
        "e-mail of 10 kB": "a" * 10_000 + "@example.com",
        "emergency number": "911",
        "emergency number abroad": "112",
        "short code": "12345",
        "two addresses": f"{PERSON}, {NEIGHBOUR}",
        "nothing": "",
        "white space": " \t ",
        "control characters": "+1415\x00555\x070199",
        "rounded": "1.41556E+10",
        "no domain": "pat.person@",
        "prefix that never matches": "+999*",
        "far too short prefix": "+*",
    }
    for name, text in wrong.items():
        for method, path in ADDRESS_FIELDS:
            [place] = [place for place in PLACES if (place.method, place.path) == (method, path)]
            yield Row(f"{method} {name}", method, place.spoiled(text), "INVALID_ADDRESS", (path,))
    for method in ("GetOptIn", "SetOptIn", "ClaimOptInRequest", "RecordInboundMessage"):
        for text in (MAILBOX, "+1415*", "@example.com"):
            yield one(method, f"of {text[:4]}", "INVALID_ADDRESS", "address", address=text)
    for method in ("RecordConsent", "RevokeConsent", "ListConsents"):
        for text in ("+1415*", "@example.com"):
            yield one(method, f"of {text[:4]}", "INVALID_ADDRESS", "address", address=text)


ADDRESS_FIELDS = [
    ("AddEntries", "entries[0].address"),
    ("RemoveEntries", "entries[0].address"),
    ("GetAddress", "address"),
    ("GetOptIn", "address"),
    ("SetOptIn", "address"),
    ("ClaimOptInRequest", "address"),
    ("RecordInboundMessage", "address"),
    ("RecordConsent", "address"),
    ("RevokeConsent", "address"),
    ("ListConsents", "address"),
    ("AuthorizeOneTimeSend", "row.address"),
]


def batches_of_the_wrong_size() -> Iterator[Row]:
    rows = [pb.CheckRow(address=PERSON)]
    add, remove = "AddEntries", "RemoveEntries"
    ref = pb.EntryRef(address=PERSON, label="do-not-contact")
    for method, empty in (("Check", "rows"), ("Scrub", "addresses"), (add, "entries"), (remove, "entries")):
        yield one(method, "of nothing", "BATCH_EMPTY", **{empty: []})
    yield one("Check", "of 1,001", "BATCH_TOO_LARGE", rows=rows * 1001)
    yield one("Scrub", "of 50,001", "BATCH_TOO_LARGE", addresses=["1"] * 50_001)
    yield one("Scrub", "of 50,001 phones", "BATCH_TOO_LARGE", phones=[1] * 50_001, addresses=[])
    yield one(add, "of 1,001", "BATCH_TOO_LARGE", entries=entry() * 1001)
    yield one(remove, "of 1,001", "BATCH_TOO_LARGE", entries=[ref] * 1001)
    completion = pb.AttemptCompletion(reservation="1-0", outcome=2)
    yield one("ReserveAttempts", "of nothing", "BATCH_EMPTY", rows=[])
    yield one("ReserveAttempts", "of 1,001", "BATCH_TOO_LARGE", rows=rows * 1001)
    yield one("CompleteAttempts", "of nothing", "BATCH_EMPTY", completions=[])
    yield one("CompleteAttempts", "of 1,001", "BATCH_TOO_LARGE", completions=[completion] * 1001)
    yield one("Preview", "of nothing", "BATCH_EMPTY", scrub=scrub_request(addresses=[]))
    yield one("Preview", "of 50,001", "BATCH_TOO_LARGE", scrub=pb.ScrubRequest(channel=1, phones=[1] * 50_001))


def questions_without_an_answer() -> Iterator[Row]:
    for method in ("Check", "Scrub", "Explain", "ReserveAttempts", "AuthorizeOneTimeSend"):
        missing, closed = Code.NOT_FOUND, Code.INVALID_ARGUMENT
        yield one(method, "unknown policy", "POLICY_NOT_FOUND", policy="missing", code=missing)
        yield one(method, "channel not in policy", "CHANNEL_NOT_IN_POLICY", policy="texts", code=closed)
        yield one(method, "no channel", "INVALID_FIELD", "channel", channel=0)
    for method in ("Check", "Scrub"):
        other = pb.Revision(store="another", position=1)
        yield one(
            method,
            "of another store",
            "REVISION_OF_ANOTHER_STORE",
            at_least_as_fresh=other,
            code=Code.FAILED_PRECONDITION,
        )
    yield one(
        "Explain",
        "of another store",
        "REVISION_OF_ANOTHER_STORE",
        revision=pb.Revision(store="another", position=1),
        code=Code.FAILED_PRECONDITION,
    )
    yield one("Explain", "before the first event", "AS_OF_OUT_OF_RANGE", time=moment(1))
    yield one("Explain", "in the future", "AS_OF_OUT_OF_RANGE", time=moment(START_MS * 2))
    yield one("Explain", "control characters", "INVALID_FIELD", "row.address", row=pb.CheckRow(address="+1415\x00555"))
    yield field("Explain", "history_max", -1)
    yield field("Explain", "history_max", 1001)
    yield field("GetAddress", "history_max", -1)
    yield field("GetAddress", "history_max", 1001)
    yield one("Scrub", "phones and addresses", "INVALID_FIELD", "addresses", phones=[14155550199])
    yield one("Scrub", "phones for EMAIL", "INVALID_FIELD", "phones", phones=[14155550199], addresses=[], channel=3)
    unknown = scrub_request(policy="missing")
    yield one("Preview", "unknown policy", "POLICY_NOT_FOUND", scrub=unknown, code=Code.NOT_FOUND)
    yield one("Preview", "channel not in policy", "CHANNEL_NOT_IN_POLICY", scrub=scrub_request(policy="texts"))
    yield one("Preview", "channel not in draft", "CHANNEL_NOT_IN_POLICY", draft=whole_policy(channels=[2]))
    yield one("Explain", "channel not in draft", "CHANNEL_NOT_IN_POLICY", draft=whole_policy(channels=[2]))
    yield one(
        "Preview",
        "of another store",
        "REVISION_OF_ANOTHER_STORE",
        scrub=scrub_request(at_least_as_fresh=other),
        code=Code.FAILED_PRECONDITION,
    )
    yield field("Preview", "hours", 169)
    yield field("Preview", "hours", 2**32 - 1)
    past = {"time": moment(START_MS)}
    yield one("Explain", "a draft in the past", "INVALID_FIELD", "draft", draft=whole_policy(), **past)


def changes_that_cannot_be() -> Iterator[Row]:
    add, remove = "AddEntries", "RemoveEntries"
    later, earlier = moment(START_MS + 9000), moment(START_MS + 5000)
    yield one(add, "no source", "INVALID_FIELD", "entries[0].source", entries=entry(source=0))
    yield one(
        add,
        "ends before it starts",
        "INVALID_FIELD",
        "entries[0].expires_at",
        entries=entry(starts_at=later, expires_at=earlier),
    )
    yield one(
        add, "ended already", "INVALID_FIELD", "entries[0].expires_at", entries=entry(expires_at=moment(START_MS - 1))
    )
    yield one(
        add,
        "the second and third row",
        "INVALID_FIELD",
        "entries[1].source",
        "entries[2].address",
        entries=[*entry(), *entry(source=0), *entry(address="911")],
    )
    for method in (add, remove):
        kind = pb.NewEntry if method == add else pb.EntryRef
        unknown = [kind(**{**({"source": 6} if method == add else {}), "address": PERSON, "label": "missing"})]
        yield one(method, "unknown label", "LABEL_NOT_FOUND", entries=unknown, code=Code.NOT_FOUND)
    yield one(add, "archived label", "LABEL_ARCHIVED", entries=entry(label="closed"), code=Code.FAILED_PRECONDITION)
    yield one(remove, "no reason", "INVALID_FIELD", "reason", reason=0)
    proofs = [pb.Evidence(), pb.Evidence(call_id=" \u200b", recording="\u3164", campaign="\u00a0", reference="\ufeff")]
    for number, proof in enumerate(proofs):
        name = f"consent without evidence {number}"
        yield one(remove, name, "INVALID_FIELD", "evidence", reason=2, evidence=proof)
    yield one(
        add,
        "of a prefix by an agent",
        "ROLE_NOT_ALLOWED",
        entries=entry(address="+1415*"),
        role=Role.AGENT,
        code=Code.PERMISSION_DENIED,
    )


def the_rest() -> Iterator[Row]:
    yield one("ListEntries", "unknown label", "LABEL_NOT_FOUND", label="missing", code=Code.NOT_FOUND)
    yield one("ListEntries", "a search of two", "INVALID_FIELD", "address_contains", address_contains="12")
    yield one("ListEntries", "a search of 321", "INVALID_FIELD", "address_contains", address_contains="1" * 321)
    yield one("CreateLabel", "no channels", "INVALID_FIELD", "label.channels", label=label(channels=[]))
    yield one("CreateLabel", "taken", "LABEL_EXISTS", label=label(name="open"), code=Code.ALREADY_EXISTS)
    yield one("CreateLabel", "built in", "LABEL_EXISTS", label=label(name="do-not-text"), code=Code.ALREADY_EXISTS)
    for method in ("UpdateLabel", "ArchiveLabel"):
        named = {"name": "missing"} if method == "ArchiveLabel" else {"label": label(name="missing")}
        yield one(method, "unknown", "LABEL_NOT_FOUND", code=Code.NOT_FOUND, **named)
        named = {"name": "do-not-text"} if method == "ArchiveLabel" else {"label": label(name="do-not-text")}
        yield one(method, "built in", "LABEL_BUILT_IN", code=Code.FAILED_PRECONDITION, **named)
    yield one("UpdateLabel", "no channels", "INVALID_FIELD", "label.channels", label=label(name="open", channels=[]))
    yield one("SetOptIn", "no status", "INVALID_FIELD", "status", status=0)
    yield one("SetOptIn", "no source", "INVALID_FIELD", "source", source=0)
    yield one(
        "SetOptIn",
        "against a STOP",
        "OWN_WORD_STANDS",
        address="+14155550188",
        status=3,
        evidence=pb.Evidence(),
        code=Code.PERMISSION_DENIED,
    )
    yield one("GetPolicy", "unknown", "POLICY_NOT_FOUND", name="missing", code=Code.NOT_FOUND)
    yield field("WatchEvents", "heartbeat_seconds", -1)
    yield field("WatchEvents", "heartbeat_seconds", 61)
    yield field("WatchEvents", "after_position", 10**6)
    yield field("WatchEvents", "after_position", 2**64 - 1)
    yield one("ListEvents", "no address", "INVALID_ADDRESS", "address", address="911")


ROWS = [
    *bytes_that_are_no_message(),
    *enums_nobody_knows(),
    *times_that_cannot_be(),
    *texts_that_are_too_long(),
    *names_that_are_none(),
    *regions_that_are_none(),
    *zones_that_are_none(),
    *packs_that_are_none(),
    *numbers_out_of_bounds(),
    *request_ids_that_are_none(),
    *pages_that_are_none(),
    *addresses_that_are_none(),
    *batches_of_the_wrong_size(),
    *questions_without_an_answer(),
    *context_columns_of_the_wrong_length(),
    *changes_that_cannot_be(),
    *policies_that_cannot_be(),
    *attempts_that_cannot_be(),
    *consents_that_cannot_be(),
    *messages_that_cannot_be(),
    *permissions_that_cannot_be(),
    *regions_that_cannot_be_closed(),
    *registries_that_are_none(),
    *the_rest(),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("bad-input") / "store") as running:
        api, operator = running.api(), running.api("operator")
        running.api(role=Role.AGENT)
        for name in ("open", "closed"):
            api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name=name, channels=[1, 2])))
        api.call("ArchiveLabel", pb.ArchiveLabelRequest(name="closed"))
        api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="texts", channels=[2])))
        api.call("SetOptIn", pb.SetOptInRequest(address="+14155550188", status=4, source=4))
        api.add(NEIGHBOUR)
        operator.call("CreateRegistry", pb.CreateRegistryRequest(registry=pb.Registry(name="us", scope=["+1"])))
        uncertain = pb.RecordInboundMessageRequest(address="+14155550187", text="maybe you could stop this some day")
        review = api.call("RecordInboundMessage", uncertain).review
        stop = pb.RecordInboundMessageRequest(address="+14155550186", text="STOP")
        confirmation = api.call("RecordInboundMessage", stop).confirmation
        assert (review, confirmation) == (REVIEW, PERMISSION), "write these into rpc/sound_requests.py"
        yield running


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_wrong_is_refused_with_its_reason_and_changes_nothing(server: Served, row: Row) -> None:
    api, heads = server.api(row.account, row.role), heads_of(server)

    refused = api.refused(row.method, row.request)

    assert (refused.code, refused.reason) == (row.code, f"ERROR_REASON_{row.reason}")
    assert refused.info.domain == "donotcontact"
    paths = [violation.field for violation in refused.bad_request.field_violations] if row.paths else []
    assert paths == list(row.paths)
    assert_no_address_in(refused, row.request)
    assert heads_of(server) == heads
    assert server.api().verdicts(NEIGHBOUR, PERSON) == [2, 1]


def heads_of(server: Served) -> tuple[int, int]:
    """Tell where the journal and the stream of attempts end."""
    with server.store.snapshot() as snapshot:
        return server.head(), attempt_log.head(snapshot).position


def assert_no_address_in(refused: Any, request: Any) -> None:
    said = f"{refused.message} {refused.info}"
    if refused.reason in {"ERROR_REASON_INVALID_FIELD", "ERROR_REASON_INVALID_ADDRESS"}:
        said += str(refused.bad_request)
    sent = {PERSON, MAILBOX, *(addresses_of(request) if isinstance(request, Message) else ())}
    # A short code of three digits may stand in any sentence by chance.
    assert not [address for address in sent if len(address) > 3 and address[:40] in said]


def addresses_of(message: Message) -> Iterator[str]:
    for descriptor, value in message.ListFields():
        if descriptor.name in {"address", "addresses"}:
            yield from ([value] if isinstance(value, str) else value)
        elif descriptor.message_type is not None:
            for inner in [value] if isinstance(value, Message) else value:
                yield from addresses_of(inner)
