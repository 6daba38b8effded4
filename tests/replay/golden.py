"""The golden journal: one history with every kind of event in it, and the tables that it gave when it was committed.

`python tests/replay/golden.py` tells the history anew and writes `golden.json`. Do that only where a change of what is
stored is meant, and say so; see the test beside this.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

from dncd import attempt_log, events, journal, limits
from dncd.addresses import Target
from dncd.encoding import decode
from dncd.encoding.values import canonical_target
from dncd.nouns import (
    AttemptOutcome,
    AttemptScope,
    Channel,
    ConsentKind,
    EntryReason,
    MessageClass,
    Mode,
    OptInStatus,
    Purpose,
    RemovalReason,
    ReviewDecision,
    Role,
    Source,
)
from dncd.storage.contract import Snapshot, Store, Table
from dncd.storage.memory import MemoryStore
from dncd.storage.schema import STORAGE_PREFIX

FILE = Path(__file__).with_name("golden.json")
# What refuses a change while it is applied: lowered, it would refuse what old journals hold.
NEVER_LOWERED = (
    "LABELS_MAX",
    "POLICIES_MAX",
    "PREFIXES_MAX",
    "DOMAINS_MAX",
    "CONSENT_POLICIES_MAX",
    "CONSENTS_PER_ADDRESS_MAX",
    "REVIEWS_PER_ADDRESS_MAX",
    "CLOSED_REGIONS_MAX",
    "REGION_CLOSED_DAYS_MAX",
)

START_MS = 1_750_000_000_000
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
SERVER, ACCOUNT, OTHER = 0, 1, 2
ANN, BOB, CARA, DAN, EVA, FAY, GUS = (canonical_target(f"+1415555010{digit}") for digit in range(7))
MAILBOX, DOMAIN, PREFIX = map(canonical_target, ("ann@example.com", "@mail.example.com", "+4420*"))
PROOF = events.Evidence("call-7", "rec-7", "spring", "form 7")
SMS, WHATSAPP, VOICE, EMAIL = Channel.SMS, Channel.WHATSAPP, Channel.VOICE, Channel.EMAIL
PERSON, OPT_IN, OPT_OUT = EntryReason.REQUESTED_BY_PERSON, MessageClass.OPT_IN, MessageClass.OPT_OUT


class Teller:
    """Has changes accepted one second after the other."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now_ms = START_MS
        # Kept here, since the stream of attempts forgets.
        self.attempts: list[bytes] = []
        self._requests = 0

    def tell(self, change: events.Change, account: int = ACCOUNT, role: Role = Role.ADMIN) -> int:
        """Have a change accepted, with a request id of its own; give its position."""
        self.now_ms += 1000
        self._requests += 1
        request_id, digest = self._requests.to_bytes(16), hashlib.sha256(b"%d" % self._requests).digest()
        draft = events.Draft(account, "admin-1/kim", role, change, request_id, digest)
        with self.store.transaction() as txn:
            position = journal.accept(txn, draft, self.now_ms).position
            if isinstance(change, events.ATTEMPT_CHANGES):
                self.attempts += [encoded for at, encoded in attempt_log.read_from(txn, 0) if at == position]
        return position


def tell_history(store: Store) -> Teller:
    """Tell the whole history; what it says is literal, so that no constant of the server is in it."""
    teller = Teller(store)
    _tell_accounts(teller)
    _tell_entries(teller)
    _tell_own_words(teller)
    _tell_opt_ins(teller)
    _tell_messages(teller)
    _tell_consents(teller)
    _tell_permissions(teller)
    _tell_registries(teller)
    _tell_policies(teller)
    _tell_attempts(teller)
    teller.now_ms += 9 * DAY_MS
    teller.tell(events.EntriesExpired(teller.now_ms, 10))
    teller.tell(events.RequestsPruned(START_MS + 12_000, 10), SERVER, Role.SERVER)
    return teller


def _tell_accounts(teller: Teller) -> None:
    for account, name in ((ACCOUNT, "default"), (OTHER, "operator")):
        teller.tell(events.AccountCreated(name, "US"), account, Role.SERVER)
    teller.tell(events.AccountChanged("default", "GB", keep_texts=True), role=Role.SERVER)
    digest = hashlib.sha256(b"secret").digest()
    for token in ("t1", "t2"):
        teller.tell(events.TokenCreated(token, "dialer", Role.CHECKER, digest, START_MS + DAY_MS), role=Role.SERVER)
    teller.tell(events.TokenRevoked("t2"), role=Role.SERVER)


def _tell_entries(teller: Teller) -> None:
    sales = events.Label("sales", frozenset({VOICE, EMAIL}), frozenset({Purpose.MARKETING}), "what sales was told")
    teller.tell(events.LabelCreated(sales))
    teller.tell(events.LabelCreated(events.Label("old", frozenset({VOICE}))))
    teller.tell(events.LabelUpdated(events.Label("sales", frozenset({VOICE}))))
    added = [
        events.AddedEntry(EVA, "do-not-phone", source, reason, "a note", PROOF)
        for source, reason in zip(Source, [*EntryReason, PERSON, PERSON], strict=True)
    ]
    now_ms = teller.now_ms
    added += [
        events.AddedEntry(EVA, "old", Source.API, PERSON, starts_at_ms=now_ms + HOUR_MS, expires_at_ms=now_ms + DAY_MS),
        events.AddedEntry(ANN, "old", Source.API, PERSON, expires_at_ms=now_ms + 90 * DAY_MS),
        events.AddedEntry(BOB, "old", Source.API, PERSON, expires_at_ms=now_ms + 90 * DAY_MS),
        events.AddedEntry(PREFIX, "do-not-contact", Source.CONSOLE, EntryReason.LEGAL),
        events.AddedEntry(DOMAIN, "do-not-email", Source.IMPORT, PERSON),
    ]
    teller.tell(events.EntriesAdded(added))
    teller.tell(events.EntriesAdded([added[0], added[8]._replace(starts_at_ms=0), added[-1]]))
    gone = [events.RemovedEntry(ANN, "old"), events.RemovedEntry(CARA, "old")]
    teller.tell(events.EntriesRemoved(gone, RemovalReason.NUMBER_REASSIGNED))
    teller.tell(events.LabelArchived("old"))


def _tell_own_words(teller: Teller) -> None:
    """Tell of each source: is it the person's own word, which stays, ends relationships, and outlives its entry?"""
    for source in Source:
        person = canonical_target(f"+1415555020{int(source)}")
        related = (person, ConsentKind.BUSINESS_RELATIONSHIP, frozenset({VOICE}), None, "", teller.now_ms, 0)
        teller.tell(events.EntriesAdded([events.AddedEntry(person, "sales", source, PERSON)]))
        teller.tell(events.ConsentRecorded(*related, source))
        gone = [events.RemovedEntry(person, "sales")]
        teller.tell(events.EntriesRemoved(gone, RemovalReason.ADDED_IN_ERROR))
        teller.tell(events.EntriesRemoved(gone, RemovalReason.CONSENT_RENEWED, "she came back", PROOF))
        teller.tell(events.ConsentRecorded(*related, source))


def _tell_opt_ins(teller: Teller) -> None:
    for person in (ANN, ANN, BOB):
        teller.tell(events.OptInClaimed(person, "spring"), role=Role.CHECKER)
    teller.tell(events.OptInSet(BOB, OptInStatus.REJECTED, Source.INBOUND_MESSAGE), role=Role.AGENT)
    teller.tell(events.OptInClaimed(BOB))
    teller.tell(events.OptInSet(BOB, OptInStatus.NOT_SENT, Source.CONSOLE, "a mistake", PROOF))
    teller.tell(events.OptInSet(BOB, OptInStatus.ACCEPTED, Source.CONSOLE, "", PROOF))
    teller.tell(events.OptInSet(CARA, OptInStatus.SENT, Source.API))


def _say(teller: Teller, person: Target, meaning: MessageClass, matched: str, channel: Channel = SMS) -> int:
    digest = hashlib.sha256(matched.encode()).digest()
    confirmed_ms = 7 * MINUTE_MS if meaning in {OPT_OUT, OPT_IN} else 0
    said = (f"m-{teller.now_ms}", "what was written", digest, confirmed_ms)
    message = events.InboundMessageRecorded(person, channel, meaning, matched, *said)
    return teller.tell(message, role=Role.AGENT)


def _tell_messages(teller: Teller) -> None:
    yes = "keyword YES, the answer to the opt-in request"
    _say(teller, CARA, OPT_IN, yes)
    _say(teller, DAN, OPT_IN, yes)
    for channel in (SMS, WHATSAPP):
        _say(teller, DAN, OPT_OUT, "keyword STOP", channel)
    for channel in (WHATSAPP, SMS):
        _say(teller, DAN, OPT_IN, "keyword START", channel)
    confirmed = _say(teller, DAN, OPT_OUT, "keyword STOP")
    teller.tell(events.SendClaimed(confirmed, DAN), role=Role.CHECKER)
    # A START on WhatsApp takes back no STOP that came by another way.
    stop = events.AddedEntry(FAY, "do-not-text", Source.INBOUND_MESSAGE, PERSON)
    _say(teller, GUS, OPT_OUT, "keyword STOP", WHATSAPP)
    teller.tell(events.EntriesAdded([stop, stop._replace(target=GUS)]))
    for person in (FAY, GUS):
        _say(teller, person, OPT_IN, "keyword START", WHATSAPP)
    for meaning in (MessageClass.HELP, MessageClass.NONE):
        _say(teller, DAN, meaning, "")
    for decision in ReviewDecision:
        review = _say(teller, CARA, MessageClass.REVIEW, "phrase maybe", WHATSAPP)
        teller.tell(events.ReviewDecided(review, CARA, decision, "he said so"))
    _say(teller, CARA, MessageClass.REVIEW, "phrase maybe")


def _tell_consents(teller: Teller) -> None:
    given_ms = teller.now_ms - DAY_MS
    for kind in ConsentKind:
        for person, purpose, policy in ((ANN, None, ""), (BOB, Purpose.SURVEY, "spring")):
            channels, ends_ms = frozenset({SMS, VOICE}), teller.now_ms + kind * DAY_MS
            consent = (person, kind, channels, purpose, policy, given_ms, ends_ms, Source.API, PROOF, "a form")
            teller.tell(events.ConsentRecorded(*consent))
    revoked = (BOB, frozenset({SMS}), frozenset({Purpose.SURVEY}), False, Source.AGENT, PROOF, "by phone")
    teller.tell(events.ConsentRevoked(*revoked), role=Role.AGENT)
    # The person's own word ends relationships, and they do not come back.
    _say(teller, ANN, OPT_OUT, "keyword STOP")
    for kind in ConsentKind:
        again = (ANN, kind, frozenset({VOICE}), None, "", given_ms, 0, Source.API)
        teller.tell(events.ConsentRecorded(*again))


def _tell_permissions(teller: Teller) -> None:
    ends_ms = teller.now_ms + 15 * MINUTE_MS
    asked = ("kim asked ann", PROOF, 3, "America/Chicago", "60601", "c-1", "d-1")
    first = teller.tell(events.PermissionAnswered(MAILBOX, EMAIL, "mail", True, ends_ms, *asked), role=Role.AGENT)
    for _ in range(2):
        teller.tell(events.SendClaimed(first, MAILBOX), role=Role.CHECKER)
    teller.tell(events.PermissionAnswered(MAILBOX, EMAIL, "mail", True, ends_ms), role=Role.AGENT)
    teller.tell(events.PermissionAnswered(MAILBOX, EMAIL, "mail", False), role=Role.AGENT)


def _tell_policies(teller: Teller) -> None:
    everywhere, kinds = frozenset({"US", "US-FL"}), frozenset({ConsentKind.EXPRESS})
    policy = events.Policy(
        "spring",
        channels=frozenset(Channel),
        purpose=Purpose.SURVEY,
        labels=("sales",),
        require_opt_in=frozenset({SMS}),
        mode=Mode.SHADOW,
        registries=(events.RequiredRegistry("us-national", 31, frozenset({1, 3}), 28, kinds),),
        calling_hours=("us-federal",),
        attempt_limits=(events.AttemptLimit(3, 24, everywhere, AttemptScope.DEBT, frozenset({VOICE})),),
        cooldowns=(events.Cooldown(AttemptOutcome.CONVERSATION, 0, 7, everywhere, AttemptScope.CONTACT),),
        attempt_packs=("us-states",),
        one_time_permission=frozenset({EMAIL}),
    )
    for each in (policy, policy, events.Policy("trial")):
        teller.tell(events.PolicyApplied(each))
    teller.tell(events.PolicyDeleted("trial"))
    until_ms = teller.now_ms // MINUTE_MS * MINUTE_MS + DAY_MS
    for region in ("US-FL", "US-TX"):
        teller.tell(events.RegionClosed(region, until_ms, "a storm"))
    teller.tell(events.RegionOpened("US-TX", "it passed"))


def _tell_registries(teller: Teller) -> None:
    teller.tell(events.RegistryCreated(events.Registry("us-national", ("+1",), "the register")), SERVER)
    # 80 of 100 numbers are taken, 79 are held.
    for name, numbers in (("s1", 100), ("s2", 80), ("s3", 79)):
        file = events.SourceFile(f"{name}.txt", hashlib.sha256(name.encode()).hexdigest(), 1200)
        counts: dict[str, Any] = {"lines": numbers + 3, "rejects": 3, "numbers": numbers}
        listed = date(2025, 6, 1)
        snapshot = events.Snapshot("us-national", name, "ftc", listed, (file,), **counts, coverage=("+1415",))
        teller.tell(events.SnapshotImported(snapshot), SERVER)
        reason = "looked at" if name == "s3" else ""
        if name != "s2":
            teller.tell(events.SnapshotActivated("us-national", name, reason), SERVER)
    teller.tell(events.SnapshotPruned("us-national", "s1"), SERVER)
    teller.tell(events.CoverageGranted("us-national", "default", ACCOUNT, ("+1415", "+1212")), SERVER)


def _tell_attempts(teller: Teller) -> None:
    bounds = (
        events.ClaimLimit(AttemptScope.NUMBER, frozenset(), max=2, window_ms=DAY_MS, since_ms=teller.now_ms - DAY_MS),
        events.ClaimLimit(AttemptScope.DEBT, frozenset({VOICE}), after=AttemptOutcome.ABANDONED, since_ms=START_MS),
    )
    claimed = tuple(
        events.ClaimedAttempt(row, person, "c-1", "d-1", (0, 1)) for row, person in enumerate((ANN, ANN, ANN, BOB))
    )
    first = teller.tell(events.AttemptsReserved(VOICE, HOUR_MS, bounds, claimed, kept_max=3))
    told = (events.CompletedAttempt(f"{first}-1", AttemptOutcome.ABANDONED),)
    teller.tell(events.AttemptsCompleted(told))
    cutoff_ms = teller.now_ms
    teller.tell(events.AttemptsReserved(VOICE, HOUR_MS, bounds, claimed[3:], kept_max=3))
    teller.tell(events.AttemptsPruned(cutoff_ms - 1, 100), SERVER, Role.SERVER)
    # Of each two outcomes: which one takes the place of the other?
    pairs = list(product(AttemptOutcome, AttemptOutcome))
    attempts = tuple(events.ClaimedAttempt(row, CARA, "c-2") for row in range(len(pairs)))
    second = teller.tell(events.AttemptsReserved(SMS, HOUR_MS, (), attempts, kept_max=100))
    for place in (0, 1):
        said = [events.CompletedAttempt(f"{second}-{row}", pair[place]) for row, pair in enumerate(pairs)]
        said.append(events.CompletedAttempt("9-9", AttemptOutcome.NO_ANSWER))
        teller.tell(events.AttemptsCompleted(tuple(said)))


def digests_of(snapshot: Snapshot) -> dict[str, str]:
    """Give the SHA-256 of each table's rows, but for what META tells about the files of one copy."""
    return {table.value: _digest(snapshot, table) for table in Table}


def _digest(snapshot: Snapshot, table: Table) -> str:
    digest = hashlib.sha256()
    for key, value in snapshot.scan(table):
        if table is not Table.META or not key.startswith(STORAGE_PREFIX):
            digest.update(b"%d %d " % (len(key), len(value)) + key + value)
    return digest.hexdigest()


def _written(encoded: Iterator[bytes]) -> list[dict[str, str]]:
    return [{"kind": type(decode(each).draft.change).__name__, "event": b64encode(each).decode()} for each in encoded]


def golden() -> dict[str, Any]:
    """Tell the history in an empty store, and give all that is kept of it."""
    store = MemoryStore()
    teller = tell_history(store)
    with store.snapshot() as snapshot:
        return {
            "journal": _written(row.encoded for row in journal.read_from(snapshot, 0)),
            "attempts": _written(iter(teller.attempts)),
            "tables": digests_of(snapshot),
            "never_lowered": {name: getattr(limits, name) for name in NEVER_LOWERED},
        }


if __name__ == "__main__":
    FILE.write_text(json.dumps(golden(), indent=1) + "\n")
