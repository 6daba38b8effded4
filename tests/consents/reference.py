"""The reference model: what the contract promises about consents, messages and permissions, in dicts."""

import math
from dataclasses import dataclass, field, replace

ALLOW, BLOCK, PERMISSION_REQUIRED = 1, 2, 5
NOT_SENT, SENT, ACCEPTED, REJECTED = 1, 2, 3, 4
OWN_WORD = {1, 2, 3, 4}
INBOUND_MESSAGE = 4
MAIL = 3
RELATIONSHIPS = {3, 4}
MINUTE_MS = 60_000
STOP = ("do-not-text", INBOUND_MESSAGE)
TEXT_LABELS, MAIL_LABELS = {"do-not-contact", "do-not-text"}, {"do-not-contact", "do-not-email"}


@dataclass(frozen=True)
class Alike:
    """What consents have in common of which only the one that ends last stands."""

    kind: int
    channels: frozenset[int]
    purpose: int
    policy: str


@dataclass(frozen=True)
class Permission:
    confirms: bool
    ends_ms: int
    used: bool = False


@dataclass(frozen=True)
class Revocation:
    channels: frozenset[int]
    purposes: frozenset[int]
    at_ms: int

    def holds_for(self, alike: Alike) -> bool:
        purposes = not self.purposes or not alike.purpose or alike.purpose in self.purposes
        return purposes and bool(self.channels & alike.channels)


@dataclass
class Person:
    """What is known about one address."""

    status: int = NOT_SENT
    entries: dict[tuple[str, int], int] = field(default_factory=dict)
    consents: dict[Alike, tuple[int, float]] = field(default_factory=dict)
    reviews: set[int] = field(default_factory=set)
    decided: set[int] = field(default_factory=set)
    permissions: dict[int, Permission] = field(default_factory=dict)
    revocations: list[Revocation] = field(default_factory=list)
    rejected_ms: int = -1
    # When the own word of each entry was said first, and when any was last said again.
    said_ms: dict[tuple[str, int], int] = field(default_factory=dict)
    repeated_ms: int = -1
    # Whether the STOP that stands was one on WhatsApp too: a START by SMS takes back that by SMS alone.
    everywhere: bool = False

    def record(self, alike: Alike, given_ms: int, ends_ms: float) -> bool:
        taken_back = [each.at_ms for each in self.revocations if each.holds_for(alike)]
        taken_back += [self.repeated_ms, *(said for key, said in self.said_ms.items() if key[1] in OWN_WORD)]
        taken_back += [self.rejected_ms] if self.status == REJECTED else []
        if alike.kind in RELATIONSHIPS and (self.status == REJECTED or any(key[1] in OWN_WORD for key in self.entries)):
            return False
        return given_ms > max(taken_back) and self.keep_longer(alike, given_ms, ends_ms)

    def keep_longer(self, alike: Alike, given_ms: int, ends_ms: float) -> bool:
        if alike in self.consents and self.consents[alike][1] >= ends_ms:
            return False
        self.consents[alike] = given_ms, ends_ms
        return True

    def revoke(self, channels: set[int], purposes: set[int], now_ms: int) -> int:
        self.revocations.append(Revocation(frozenset(channels), frozenset(purposes), now_ms))
        if MAIL in channels:
            self.take_back()
        hit = [
            each
            for each in self.consents
            if each.channels & channels and (not purposes or each.purpose == 0 or each.purpose in purposes)
        ]
        gone = {each: self.consents.pop(each) for each in hit}
        for each, (given_ms, ends_ms) in gone.items():
            if left := each.channels - channels:
                self.keep_longer(Alike(each.kind, left, each.purpose, each.policy), given_ms, ends_ms)
        return len(gone)

    def add(self, label: str, source: int, position: int, now_ms: int) -> None:
        if (label, source) in self.entries and source in OWN_WORD:
            self.repeated_ms = now_ms
        self.put(label, source, position, now_ms)

    def put(self, label: str, source: int, position: int, now_ms: int) -> None:
        if (label, source) not in self.entries:
            self.entries[label, source] = position
            self.said_ms[label, source] = now_ms
        self.take_back()
        if source in OWN_WORD:
            self.consents = {}

    def take_back(self) -> None:
        self.permissions = {name: each for name, each in self.permissions.items() if each.confirms}

    def move(self, status: int, now_ms: int) -> bool:
        if self.status == REJECTED != status:
            # The word outlives the status that told it.
            self.repeated_ms = max(self.repeated_ms, self.rejected_ms)
        self.rejected_ms = now_ms
        if status == self.status:
            return False
        self.status = status
        self.permissions = {name: each for name, each in self.permissions.items() if not each.confirms}
        return True

    def stop(self, position: int, now_ms: int, *, everywhere: bool = False) -> bool:
        changed = self.move(REJECTED, now_ms)
        self.everywhere = everywhere or (self.everywhere and STOP in self.entries)
        self.put(*STOP, position, now_ms)
        return changed

    def start(self, now_ms: int, *, everywhere: bool = False) -> bool:
        changed = self.move(ACCEPTED, now_ms)
        if everywhere or not self.everywhere:
            self.entries.pop(STOP, None)
        return changed

    def text_verdict(self) -> int:
        return BLOCK if self.reviews or any(label in TEXT_LABELS for label, _ in self.entries) else ALLOW

    def mail_verdict(self) -> int:
        labels = {label for label, _ in self.entries} & MAIL_LABELS
        if "do-not-contact" in labels:
            return BLOCK
        return PERMISSION_REQUIRED if labels else ALLOW

    def claim(self, name: int, now_ms: int, *, again: bool = False) -> bool:
        """Use a permission up; `again` is a retry of the claim that did."""
        permission = self.permissions.get(name)
        if permission is None or permission.ends_ms <= now_ms or permission.used != again:
            return False
        if permission.confirms:
            passes = not self.reviews and all(
                position == name for (label, _), position in self.entries.items() if label in TEXT_LABELS
            )
        else:
            passes = self.mail_verdict() != BLOCK and all(
                position < name for (label, _), position in self.entries.items() if label in MAIL_LABELS
            )
        if passes:
            self.permissions[name] = replace(permission, used=True)
        return passes


def ends(ends_ms: int) -> float:
    return ends_ms or math.inf
