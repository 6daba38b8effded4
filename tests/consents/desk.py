"""The handlers of ConsentService over a store in memory, called without a network."""

import threading
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from dncd import accounts, journal, labels
from dncd.administration import change_account, create_account
from dncd.batch import Batch
from dncd.catalog import Catalogs
from dncd.events import (
    AddedEntry,
    Change,
    Draft,
    EntriesAdded,
    EntriesRemoved,
    Event,
    Evidence,
    Policy,
    PolicyApplied,
    RemovedEntry,
)
from dncd.facts import Fact
from dncd.kept_attempts import counted, unpack
from dncd.nouns import (
    OWN_WORD,
    AttemptOutcome,
    Channel,
    EntryReason,
    MessageClass,
    RemovalReason,
    Role,
    Source,
    Verdict,
)
from dncd.registry.shelf import Shelf
from dncd.rulebook import Rulebook, read_rulebook
from dncd.storage.contract import Table
from dncd.storage.memory import MemoryStore
from dncd.terms import Terms
from dncd.tokens import Caller
from dncd.touched import read
from dncd.transport import fields
from dncd.transport.addresses import read_batch
from dncd.transport.attempt_service import AttemptHandlers
from dncd.transport.changes import Changes
from dncd.transport.consent_handlers import RecordedConsentHandlers
from dncd.transport.consent_service import ConsentHandlers
from dncd.transport.deciding import Decider
from dncd.transport.draining import Draining
from dncd.transport.message_handlers import Classified, MessageHandlers
from dncd.transport.permission_handlers import PermissionHandlers
from dncd.transport.row_checks import RowChecks
from dncd.transport.rpc import Call
from dncd.writer import StoreLog
from donotcontact.v1 import consent_service_pb2

pb: Any = consent_service_pb2

START_MS = 1_780_000_000_000  # 2026-05-28
MINUTE_MS = 60_000
DAY_MS = 86_400_000
PERSON = "+14155550101"
MAILBOX = "ann@example.com"
ACCOUNT = 1
MAIL_POLICY = "mail"
BOOK = read_rulebook()

MEANINGS = {
    "STOP": MessageClass.OPT_OUT,
    "START": MessageClass.OPT_IN,
    "HELP": MessageClass.HELP,
    "thanks": MessageClass.NONE,
    "maybe stop": MessageClass.REVIEW,
    "stop calling me": MessageClass.OPT_OUT,
    "maybe stop calling": MessageClass.REVIEW,
}


@dataclass(frozen=True)
class Meaning:
    message_class: MessageClass
    matched: str
    assent: bool = False
    channels: frozenset[Channel] = frozenset()


class Meanings:
    """A classifier of a few texts."""

    def classify(self, text: str, own_codes: Collection[str]) -> Classified:
        named = frozenset({Channel.VOICE}) if "calling" in text else frozenset()
        return Meaning(MEANINGS[text], f"keyword {MEANINGS[text].name}", channels=named)


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


class Desk:
    """One store with all handlers; calls take a method's name, and raise what the handler raises."""

    def __init__(self, folder: Path, book: Rulebook = BOOK, classifier: Any = None) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        for name in (accounts.DEFAULT_NAME, "beta"):
            create_account(self.store, self.clock(), name, "US")
        self.log = StoreLog(self.store, self.clock)
        self.log.start()
        changes = Changes(self.store, self.log, self.clock)
        self.decider = Decider(self.store, Catalogs(Shelf(folder), book), self.clock)
        handlers = (
            ConsentHandlers(changes, RowChecks(self.decider)),
            RecordedConsentHandlers(changes, Terms(book.packs.values(), book.places)),
            MessageHandlers(changes, lambda: classifier or Meanings()),
            PermissionHandlers(changes, RowChecks(self.decider)),
            AttemptHandlers(self.decider, self.log, self.clock),
        )
        self.rpcs = {rpc.method: rpc for part in handlers for rpc in part.rpcs()}
        mail = Policy(MAIL_POLICY, labels=(), one_time_permission=frozenset({Channel.EMAIL, Channel.SMS}))
        self.accept(PolicyApplied(mail))

    def call(self, method: str, role: Role = Role.ADMIN, account: int = ACCOUNT, /, **facts: Any) -> Any:
        rpc = self.rpcs[method]
        assert role in rpc.roles, "the wrapper refuses this role"
        caller = Caller(account, "US", role, "tester")
        return rpc.handler(Call(caller, None, Draining()), rpc.request(**facts))

    def accept(self, change: Change, account: int = ACCOUNT, role: Role = Role.ADMIN) -> journal.Written:
        return self.log.append(Draft(account, "tester", role, change))

    def ask(self, number: str = PERSON, **facts: Any) -> Any:
        return self.call("ClaimOptInRequest", Role.CHECKER, address=number, **facts)

    def revoke(self, address: str = PERSON, **facts: Any) -> Any:
        return self.call("RevokeConsent", Role.AGENT, address=address, source=1, **facts)

    def add(
        self,
        address: str,
        label: str,
        source: Source = Source.API,
        account: int = ACCOUNT,
        days: int = 0,
        reason: EntryReason | None = None,
    ) -> int:
        """Add an entry; where no reason is named, the one that the contract takes then."""
        by_default = EntryReason.REQUESTED_BY_PERSON if source in OWN_WORD else EntryReason.INTERNAL_DECISION
        target = fields.target(address, "US")
        ends_ms = self.clock() + days * DAY_MS if days else 0
        entry = AddedEntry(target, label, source, reason or by_default, expires_at_ms=ends_ms)
        return self.accept(EntriesAdded([entry]), account).position

    def remove(self, address: str, label: str) -> None:
        removed = RemovedEntry(fields.target(address, "US"), label)
        self.accept(EntriesRemoved([removed], RemovalReason.CONSENT_RENEWED, evidence=Evidence(reference="form 8")))

    def say(self, text: str, address: str = PERSON, **facts: Any) -> Any:
        return self.call("RecordInboundMessage", Role.AGENT, address=address, text=text, **facts)

    def consent(self, kind: int, address: str = PERSON, /, request_id: str = "", **facts: Any) -> Any:
        asked = {"consent": pb.Consent(**{"kind": kind} | facts), "evidence": {"reference": "form 7"}}
        return self.call("RecordConsent", address=address, source=6, request_id=request_id, **asked)

    def consents(self, address: str = PERSON) -> list[Any]:
        return list(self.call("ListConsents", address=address).consents)

    def kinds(self, address: str = PERSON) -> list[int]:
        return sorted(each.consent.kind for each in self.consents(address))

    def permit(self, address: str = MAILBOX, channel: int = 3, role: Role = Role.AGENT, /, **facts: Any) -> Any:
        asked = {"policy": MAIL_POLICY, "permission_given": True, "note": "kim asked ann"} | facts
        return self.call("AuthorizeOneTimeSend", role, channel=channel, row={"address": address}, **asked)

    def claim(self, name: str, **facts: Any) -> Any:
        return self.call("ClaimSend", Role.CHECKER, permission=name, **facts)

    def reserve(self, address: str = PERSON, channel: Channel = Channel.SMS, policy: str = "") -> Any:
        rows = [{"address": address}]
        return self.call("ReserveAttempts", Role.CHECKER, rows=rows, channel=channel, policy=policy).attempts[0]

    def complete(self, reservation: str, outcome: AttemptOutcome) -> None:
        completions = [{"reservation": reservation, "outcome": outcome}]
        assert self.call("CompleteAttempts", Role.CHECKER, completions=completions).outcomes == [1]

    def counted(self, address: str = PERSON) -> list[Channel]:
        """Give the channels of the attempts on an address that count, in order."""
        with self.store.snapshot() as snapshot:
            kept = unpack(snapshot.get(Table.ATTEMPTS, fields.target(address, "US").key(ACCOUNT)) or b"")
        mask = counted(kept, frozenset(), 0, self.clock())
        return [Channel(channel) for channel in kept["channel"][mask].tolist()]

    def status(self, address: str = PERSON) -> int:
        return int(self.call("GetOptIn", address=address).status)

    def verdict(self, address: str = PERSON, channel: Channel = Channel.SMS, policy: str = "") -> Verdict:
        batch: Batch = read_batch(channel, [address], "US", 1)
        answer = self.decider.answer_now(Caller(ACCOUNT, "US", Role.ADMIN, "tester"), policy, batch)
        return Verdict(answer.decision.verdicts[0])

    def facts(self, address: str = PERSON) -> list[Fact]:
        with self.store.snapshot() as snapshot:
            return read(snapshot, fields.target(address, "US").key(ACCOUNT)).facts

    def labels(self, address: str = PERSON) -> list[str]:
        with self.store.snapshot() as snapshot:
            return [labels.get(snapshot, ACCOUNT, each.label).name for each in self.facts(address) if each.label]

    def head(self) -> int:
        return self.log.head().position

    def newest(self) -> Event:
        with self.store.snapshot() as snapshot:
            return journal.find(snapshot, self.head()).event()

    def journal_bytes(self) -> bytes:
        with self.store.snapshot() as snapshot:
            return b"".join(row.encoded for row in journal.read_from(snapshot, 0))

    def keep_texts(self) -> None:
        change_account(self.store, self.clock(), accounts.DEFAULT_NAME, keep_texts=True)


@contextmanager
def desk(classifier: Any = None) -> Iterator[Desk]:
    with TemporaryDirectory() as folder:
        opened = Desk(Path(folder), classifier=classifier)
        try:
            yield opened
        finally:
            opened.log.stop()


def moment(time_ms: int) -> Timestamp:
    time = Timestamp()
    time.FromMilliseconds(time_ms)
    return time


def in_ms(time: Timestamp) -> int:
    return time.ToMilliseconds()


def new_id() -> str:
    return str(uuid.uuid4())


def at_once(count: int, act: Any) -> list[Any]:
    """Run an act on many threads that begin together; give what each returned."""
    found: list[Any] = []
    gate = threading.Barrier(count)

    def run() -> None:
        gate.wait()
        found.append(act())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
