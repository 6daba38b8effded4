"""Requests that are wrong in what one service alone asks for: attempts, consents, regions, registries and context."""

from collections.abc import Iterator
from typing import Any

from dncd.nouns import Role
from rpc.sound_requests import MAILBOX, PERMISSION, PERSON, REVIEW
from rpc.spoiled_requests import Code, Row, one
from serving import START_MS, moment, pb

NEIGHBOUR = "+12125550123"
DAY_MS = 86_400_000
# What says nothing: white space, and characters that nobody sees.
BLANKS = (" ", " \t\n", "\u00a0", "\u200b", "\ufeff\u2060", "\u3164", "\u2800", "\ufe0f")


def context_columns_of_the_wrong_length() -> Iterator[Row]:
    for column in ("time_zones", "postal_codes", "contact_ids", "debt_ids"):
        text = "America/Chicago" if column == "time_zones" else "60601"
        for addresses, texts in ((1, 2), (2, 1), (3, 2)):
            facts = {"addresses": [PERSON] * addresses, column: [text] * texts}
            bare: dict[str, Any] = {"time_zones": [], "postal_codes": [], "contact_ids": [], "debt_ids": []}
            name = f"{texts} {column} for {addresses}"
            yield one("Scrub", name, "INVALID_FIELD", column, **bare | facts)
            scrub = pb.ScrubRequest(channel=1, **facts)
            yield one("Preview", name, "INVALID_FIELD", f"scrub.{column}", scrub=scrub)
        yield one(
            "Scrub",
            f"the third of {column}",
            "INVALID_FIELD",
            f"{column}[2]",
            **bare | {"addresses": [PERSON] * 3, column: [text, "", "x\x07"]},
        )


def attempts_that_cannot_be() -> Iterator[Row]:
    for outcome in (0, 1):
        completion = pb.AttemptCompletion(reservation="1-0", outcome=outcome)
        where = "completions[0].outcome"
        yield one("CompleteAttempts", f"outcome {outcome}", "INVALID_FIELD", where, completions=[completion])
    rows = [pb.AttemptCompletion(reservation="1-0", outcome=outcome) for outcome in (2, 0, 99, 3)]
    paths = ("completions[1].outcome", "completions[2].outcome")
    yield one("CompleteAttempts", "the second and third row", "INVALID_FIELD", *paths, completions=rows)
    two = [pb.CheckRow(address=PERSON), pb.CheckRow(address=NEIGHBOUR, time_zone="Mars\x07Olympus")]
    yield one("ReserveAttempts", "the second row", "INVALID_FIELD", "rows[1].time_zone", rows=two)


def consents_that_cannot_be() -> Iterator[Row]:
    def consent(**fields: Any) -> Any:
        return pb.Consent(**{"kind": 1, "channels": [1], **fields})

    def wrong(name: str, path: str, **fields: Any) -> Row:
        return one("RecordConsent", name, "INVALID_FIELD", path, consent=consent(**fields))

    long_ago, ahead = moment(START_MS - 600 * DAY_MS), moment(START_MS + DAY_MS)
    yield wrong("no kind", "consent.kind", kind=0)
    yield wrong("given in the future", "consent.given_at", given_at=ahead)
    yield wrong("ended already", "consent.expires_at", expires_at=moment(START_MS - 1))
    yield wrong("ends now", "consent.expires_at", expires_at=moment(START_MS))
    yield wrong("ended by rule", "consent.expires_at", kind=3, given_at=long_ago)
    yield wrong("ended by rule in spite of its end", "consent.expires_at", kind=4, given_at=long_ago, expires_at=ahead)
    yield wrong("by e-mail to a phone", "consent.channels[0]", channels=[3])
    yield wrong("the second channel", "consent.channels[1]", channels=[2, 3])
    calls = consent(channels=[1])
    yield one("RecordConsent", "calls", "INVALID_FIELD", "consent.channels[0]", address=MAILBOX, consent=calls)
    missing = consent(policy="missing")
    yield one("RecordConsent", "unknown policy", "POLICY_NOT_FOUND", consent=missing, code=Code.NOT_FOUND)
    yield one("RecordConsent", "no source", "INVALID_FIELD", "source", source=0)
    proof = pb.Evidence(call_id="c")
    yield one("RecordConsent", "no reference", "INVALID_FIELD", "evidence.reference", evidence=proof)
    for blank in BLANKS:
        nothing = pb.Evidence(reference=blank)
        yield one("RecordConsent", f"the reference {blank!r}", "INVALID_FIELD", "evidence.reference", evidence=nothing)
    yield one("RevokeConsent", "no source", "INVALID_FIELD", "source", source=0)


def messages_that_cannot_be() -> Iterator[Row]:
    record = "RecordInboundMessage"
    for channel in (1, 3):
        yield one(record, f"channel {channel}", "INVALID_FIELD", "channel", channel=channel)
    yield one(record, "text too long", "INVALID_FIELD", "text", text="x" * (256 * 1024 + 1))
    yield one(record, "text too long in bytes", "INVALID_FIELD", "text", text="é" * (128 * 1024 + 1))
    yield one(record, "101 codes", "INVALID_FIELD", "own_codes", own_codes=["1"] * 101)
    for blank in BLANKS:
        yield one(record, f"the code {blank!r}", "INVALID_FIELD", "own_codes[1]", own_codes=["1", blank])
    yield one("DecideReview", "no decision", "INVALID_FIELD", "decision", decision=0)
    role, code = Role.AGENT, Code.PERMISSION_DENIED
    yield one("DecideReview", "none by an agent", "OWN_WORD_STANDS", review=REVIEW, decision=2, role=role, code=code)
    names = ["", "0", "1", "-1", "+1", "1.0", "x", "x" * 9000, "9" * 30, "\u0663", "1-0", PERSON, "999999", PERMISSION]
    for name in names:
        told = f"{name!r:.20}"
        yield one("DecideReview", told, "REVIEW_NOT_FOUND", review=name, code=Code.NOT_FOUND)
        unknown = REVIEW if name == PERMISSION else name
        yield one("ClaimSend", told, "PERMISSION_NOT_FOUND", permission=unknown, code=Code.NOT_FOUND)


def permissions_that_cannot_be() -> Iterator[Row]:
    authorize = "AuthorizeOneTimeSend"
    yield one(authorize, "no note", "INVALID_FIELD", "note", note="")
    for note in BLANKS:
        yield one(authorize, f"a note of {note!r}", "INVALID_FIELD", "note", note=note)
    mailbox = pb.CheckRow(address=MAILBOX)
    yield one(authorize, "a call to a mailbox", "INVALID_ADDRESS", "row.address", row=mailbox)


def regions_that_cannot_be_closed() -> Iterator[Row]:
    def wrong(name: str, path: str, **fields: Any) -> Row:
        return one("CloseRegion", name, "INVALID_FIELD", path, **fields)

    request = pb.CloseRegionRequest(region="US-FL", reason="a hurricane")
    yield Row("CloseRegion without an end", "CloseRegion", request, "INVALID_FIELD", ("until",))
    yield wrong("until this minute", "until", until=moment(START_MS // 60_000 * 60_000))
    yield wrong("until the past", "until", until=moment(START_MS - 60_000))
    yield wrong("for 401 days", "until", until=moment(START_MS + 401 * DAY_MS))
    yield wrong("without a reason", "reason", reason="")
    for reason in BLANKS:
        yield wrong(f"for {reason!r}", "reason", reason=reason)
    for method in ("CloseRegion", "OpenRegion"):
        for region in ("", "US-ZZ", "FL", "GB-LND", "us-fl", "US-FL ", "US-FL\n"):
            yield one(method, repr(region), "INVALID_FIELD", "region", region=region)


def registries_that_are_none() -> Iterator[Row]:
    missing, code = "REGISTRY_NOT_FOUND", Code.NOT_FOUND
    yield one("GetRegistry", "missing", missing, name="missing", code=code)
    yield one("ListSnapshots", "missing", missing, registry="missing", code=code)
    yield one("GrantCoverage", "missing", missing, registry="missing", code=code)
    yield one("PruneSnapshot", "missing", missing, registry="missing", code=code)
    yield one("ActivateSnapshot", "missing", "SNAPSHOT_NOT_FOUND", registry="missing", code=code)
    for name in ("", "../us", "x" * 65, "u\x00s", "x" * 20_000):
        told = f"{name!r:.20} of {len(name)}"
        yield one("GetRegistry", told, "INVALID_FIELD", "name", name=name)
        for method in ("ListSnapshots", "GrantCoverage", "PruneSnapshot", "ActivateSnapshot"):
            yield one(method, told, "INVALID_FIELD", "registry", registry=name)
    yield one("GrantCoverage", "of nobody", "INVALID_FIELD", "account", account="missing")
    yield one("GrantCoverage", "of no prefix", "INVALID_ADDRESS", "prefixes[1]", prefixes=["+1", "all"])
    yield one("CreateRegistry", "of no scope", "INVALID_FIELD", "registry.scope", registry=pb.Registry(name="fresh"))
