"""Everything that is wrong with a request is refused with a code, a reason and the path of the field; and that is all
that happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from dncd.nouns import Role
from dncd.transport import paging
from rpc.sound_requests import MAILBOX, PERSON, places, sound_requests
from serving import METHODS, START_MS, Served, moment, pb, served

Code = grpc.StatusCode
DEFAULT_ACCOUNT = 1
NEIGHBOUR = "+12125550123"

PLACES = places()
PAGED = [place.method for place in PLACES if place.path == "page_token"]
CONTROL = "a\x07b"


@dataclass(frozen=True)
class Row:
    """What is sent, and what comes back. No paths: the reason alone says it."""

    name: str
    method: str
    request: Any
    reason: str
    paths: tuple[str, ...] = ()
    code: Code = Code.INVALID_ARGUMENT
    role: Role = Role.ADMIN


def field(method: str, path: str, value: Any, why: str = "") -> Row:
    [place] = [place for place in PLACES if (place.method, place.path) == (method, path)]
    name = f"{method}.{path} {why or repr(value)[:20]}"
    return Row(name, method, place.spoiled(value), "INVALID_FIELD", (told(place.path, place.field),))


def told(path: str, descriptor: Any) -> str:
    """Lists of names are told with the index, lists of kinds as a whole."""
    return f"{path}[0]" if descriptor.is_repeated and descriptor.name != "kinds" else path


def one(method: str, name: str, reason: str, /, *paths: str, **facts: Any) -> Row:
    """Build a row from fields of the sound request; a value takes the place of what is there."""
    extra = {key: facts.pop(key) for key in ("code", "role") if key in facts}
    request = sound_requests()[method]
    for key, value in facts.items():
        request.ClearField(key)
        part = METHODS[method].request(**{key: value})
        request.MergeFrom(part)
    return Row(f"{method} {name}", method, request, reason, paths, **extra)


def entry(**fields: Any) -> list[Any]:
    return [pb.NewEntry(**{"address": PERSON, "label": "do-not-contact", "source": 6, **fields})]


def label(**fields: Any) -> Any:
    return pb.Label(**{"name": "fresh", "channels": [1], **fields})


def policy(**fields: Any) -> Any:
    return pb.Policy(**{"name": "fresh", **fields})


def enums_nobody_knows() -> Iterator[Row]:
    for place in PLACES:
        if place.field.enum_type is not None:
            for number in (99, -1):
                yield field(place.method, place.path, number)


def times_that_cannot_be() -> Iterator[Row]:
    wrong = [Timestamp(seconds=-1), Timestamp(seconds=2**62), Timestamp(seconds=-(2**62)), Timestamp(nanos=-1)]
    wrong.append(Timestamp(seconds=1, nanos=2**31 - 1))
    for place in PLACES:
        if place.field.message_type is not None and place.field.message_type.name == "Timestamp":
            for time in wrong:
                yield field(place.method, place.path, time, f"{time.seconds} s {time.nanos} ns")


TEXT_BYTES_MAX = {
    "note": 1000,
    "description": 1000,
    "actor": 128,
    "reference": 128,
    "campaign": 512,
    "call_id": 512,
    "recording": 512,
}


def texts_that_are_too_long() -> Iterator[Row]:
    for place in PLACES:
        bytes_max = TEXT_BYTES_MAX.get(place.field.name)
        if place.path.endswith("evidence.reference"):
            bytes_max = 512
        # What is searched for may be anything; what cannot be, matches nothing.
        if bytes_max is not None and not place.method.startswith("List"):
            yield field(place.method, place.path, "x" * (bytes_max + 1), "too long")
            yield field(place.method, place.path, "é" * (bytes_max // 2 + 1), "too long in bytes")
            yield field(place.method, place.path, CONTROL, "control characters")


def names_that_are_none() -> Iterator[Row]:
    wrong = ["x" * 65, "-x", "a b", CONTROL, "Ünicode", "name\n", "x" * 20_000, PERSON, MAILBOX]
    for place in PLACES:
        if place.field.name in {"name", "label", "labels", "policy"} and place.field.message_type is None:
            yield from (field(place.method, place.path, name) for name in wrong)


def regions_that_are_none() -> Iterator[Row]:
    for place in PLACES:
        if place.field.name == "region":
            yield from (field(place.method, place.path, region) for region in ("ZZ", "us", "USA", "1", "x" * 9000))


def request_ids_that_are_none() -> Iterator[Row]:
    for place in PLACES:
        if place.path == "request_id":
            yield from (field(place.method, place.path, text) for text in ("nope", "1" * 31, CONTROL, "x" * 9000))


def pages_that_are_none() -> Iterator[Row]:
    for method in PAGED:
        yield field(method, "page_size", -1)
        yield field(method, "page_size", 1001)
        for token in ("nope", "!!!", "é", "A" * 11, "A" * 9000):
            yield one(method, f"page_token {token[:8]}", "PAGE_TOKEN_INVALID", page_token=token)
        for key in (b"\xff\xfe", b"\xff" * 9, b"\x00\x00\x00\x09" + bytes(30)):
            if method in {"ListLabels", "ListPolicies"} and key[:1] != b"\xff":
                continue  # any name is a place between names
            made = paging.encode(sound_requests()[method], DEFAULT_ACCOUNT, key)
            yield one(method, f"page_token that holds {key[:4]!r}", "PAGE_TOKEN_INVALID", page_token=made)


def bytes_that_are_no_message() -> Iterator[Row]:
    for method in METHODS:
        yield Row(f"{method} garbage", method, b"\xff\xff\xff", "MALFORMED_REQUEST")
        yield Row(f"{method} 3 MB", method, bytes(3 * 1024 * 1024), "MESSAGE_TOO_LARGE")
        fields = METHODS[method].request.DESCRIPTOR.fields_by_number
        if 1 in fields and fields[1].type == fields[1].TYPE_STRING:
            yield Row(f"{method} invalid UTF-8", method, b"\x0a\x02\xff\xfe", "MALFORMED_REQUEST")


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
    for method in ("GetOptIn", "SetOptIn", "ClaimOptInRequest"):
        for text in (MAILBOX, "+1415*", "@example.com"):
            yield one(method, f"of {text[:4]}", "INVALID_ADDRESS", "address", address=text)


ADDRESS_FIELDS = [
    ("AddEntries", "entries[0].address"),
    ("RemoveEntries", "entries[0].address"),
    ("GetAddress", "address"),
    ("GetOptIn", "address"),
    ("SetOptIn", "address"),
    ("ClaimOptInRequest", "address"),
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


def questions_without_an_answer() -> Iterator[Row]:
    for method in ("Check", "Scrub", "Explain"):
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
    yield one(remove, "consent without evidence", "INVALID_FIELD", "evidence", reason=2, evidence=pb.Evidence())
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
    yield one("ApplyPolicy", "unknown label", "INVALID_FIELD", "policy.labels[0]", policy=policy(labels=["missing"]))
    yield one("ApplyPolicy", "101 labels", "INVALID_FIELD", "policy.labels", policy=policy(labels=["open"] * 101))
    where = "policy.require_opt_in.channels"
    nobody, calls = policy(require_opt_in=pb.RequireOptIn()), policy(require_opt_in=pb.RequireOptIn(channels=[1]))
    yield one("ApplyPolicy", "opt-in nowhere", "INVALID_FIELD", where, policy=nobody)
    yield one("ApplyPolicy", "opt-in to calls", "INVALID_FIELD", where, policy=calls)
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
    *request_ids_that_are_none(),
    *pages_that_are_none(),
    *addresses_that_are_none(),
    *batches_of_the_wrong_size(),
    *questions_without_an_answer(),
    *changes_that_cannot_be(),
    *the_rest(),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("bad-input") / "store") as running:
        api = running.api()
        running.api(role=Role.AGENT)
        for name in ("open", "closed"):
            api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name=name, channels=[1, 2])))
        api.call("ArchiveLabel", pb.ArchiveLabelRequest(name="closed"))
        api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="texts", channels=[2])))
        api.call("SetOptIn", pb.SetOptInRequest(address="+14155550188", status=4, source=4))
        api.add(NEIGHBOUR)
        yield running


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_is_wrong_is_refused_with_its_reason_and_changes_nothing(server: Served, row: Row) -> None:
    api, head = server.api(role=row.role), server.head()

    refused = api.refused(row.method, row.request)

    assert (refused.code, refused.reason) == (row.code, f"ERROR_REASON_{row.reason}")
    assert refused.info.domain == "donotcontact"
    paths = [violation.field for violation in refused.bad_request.field_violations] if row.paths else []
    assert paths == list(row.paths)
    assert_no_address_in(refused, row.request)
    assert server.head() == head
    assert api.verdicts(NEIGHBOUR, PERSON) == [2, 1]


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
