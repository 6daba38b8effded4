"""The reference model: what one account knows, in dicts and sets, read from the design and the protos alone.

It imports nothing of the server.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from model.facts import (
    ACCEPTED,
    ADDED,
    BUILT_IN,
    BUSINESS_RELATIONSHIP,
    CONSENT_RENEWED,
    DECEASED,
    EMAIL,
    EXTENDED,
    INBOUND_MESSAGE,
    INQUIRY,
    INTERNAL_DECISION,
    KEPT_OWN_WORD,
    LEGAL,
    NOT_SENT,
    OWN_WORD,
    PHONE_CHANNELS,
    REJECTED,
    REMOVED,
    REQUESTED_BY_PERSON,
    SMS,
    UNCHANGED,
    WHATSAPP,
)
from model.nouns import (
    Attempt,
    Closing,
    Consent,
    ConsentKey,
    Entry,
    Label,
    OptIn,
    Permission,
    Policy,
    Refused,
    Revocation,
    Waiting,
)

STOP = "do-not-text", INBOUND_MESSAGE
TEXTS = frozenset({SMS, WHATSAPP})
EVERY_CHANNEL = frozenset(range(1, 5))
EVERY_PURPOSE = frozenset(range(1, 6))
RELATIONS = frozenset({BUSINESS_RELATIONSHIP, INQUIRY})
# 1 where nothing is said.
GRAVITY = {INTERNAL_DECISION: 0, LEGAL: 2, DECEASED: 2}


def is_word(entry: Entry) -> bool:
    """Tell whether an entry is more than a decision of the company's own."""
    return entry.source in OWN_WORD or entry.reason != INTERNAL_DECISION


def about(label: Label) -> frozenset[int]:
    """Return the purposes that a label stops; none named is every one."""
    return label.purposes or EVERY_PURPOSE


def covers(target: str, address: str) -> bool:
    if target.endswith("*"):
        return address.startswith(target[:-1])
    if target.startswith("@"):
        domain = address.partition("@")[2]
        return "@" in address and (domain == target[1:] or domain.endswith("." + target[1:]))
    return target == address


@dataclass
class Account:
    """All that one account knows. Changes take the position and time that the journal gives them."""

    labels: dict[str, Label] = field(
        default_factory=lambda: {name: Label(frozenset(c), built_in=True) for name, c in BUILT_IN.items()}
    )
    policies: dict[str, tuple[Policy, int]] = field(default_factory=lambda: {"": (Policy(), 0)})
    entries: dict[tuple[str, str, int], Entry] = field(default_factory=dict)
    opt_ins: dict[str, OptIn] = field(default_factory=dict)
    consents: dict[ConsentKey, Consent] = field(default_factory=dict)
    # The policies that a consent ever named.
    named: set[str] = field(default_factory=set)
    revocations: list[Revocation] = field(default_factory=list)
    # When a person last asked for no more contact, by address.
    # When persons last asked for something: about the company, and about what a label of its own is for.
    words: dict[str, int] = field(default_factory=dict)
    words_of_labels: dict[str, int] = field(default_factory=dict)
    reviews: dict[int, Waiting] = field(default_factory=dict)
    permissions: dict[int, Permission] = field(default_factory=dict)
    closings: dict[str, Closing] = field(default_factory=dict)
    # By the name that callers know; the account it belongs to is this one.
    attempts: dict[str, Attempt] = field(default_factory=dict)
    history: dict[str, list[int]] = field(default_factory=dict)
    name: str = "default"

    # Changes

    def add(self, wanted: list[Entry]) -> list[int]:
        missing = {"LABEL_NOT_FOUND" for entry in wanted if entry.label not in self.labels}
        archived = {
            "LABEL_ARCHIVED" for entry in wanted if entry.label in self.labels and self.labels[entry.label].archived
        }
        unreached = {"INVALID_FIELD" for entry in wanted if not self.reaches(entry.label, entry.target)}
        if missing | archived | unreached:
            raise Refused(*missing, *archived, *unreached)
        return [self.add_one(entry) for entry in wanted]

    def reaches(self, label: str, target: str) -> bool:
        """Tell whether a label that is there stops anything for an address."""
        mail = "@" in target
        return label not in self.labels or bool(self.labels[label].channels & ({EMAIL} if mail else PHONE_CHANNELS))

    def add_one(self, entry: Entry) -> int:
        self.note(entry.target, entry.position)
        self.drop_permissions(entry.target)
        if is_word(entry):
            self.own_word(entry.target, entry.recorded_ms, about_all=entry.label in BUILT_IN)
        key = entry.target, entry.label, entry.source
        old = self.entries.get(key)
        if old is None:
            self.entries[key] = entry
            return ADDED
        # What is said again by another way than STOP counts as said by SMS.
        said_on = old.said_on and old.said_on | {SMS}
        graver = GRAVITY.get(entry.reason, 1) > GRAVITY.get(old.reason, 1)
        if old.starts_ms <= entry.starts_ms and entry.ends_ms <= old.ends_ms and not graver:
            self.entries[key] = replace(old, said_on=said_on)
            return UNCHANGED
        if old.ends_ms <= entry.recorded_ms and entry.starts_ms <= entry.recorded_ms:
            # It has ended, and the new one has begun: it stands by itself.
            self.entries[key] = entry
        else:
            # Whatever was said before stands, for the graver of the reasons.
            starts_ms, ends_ms = min(old.starts_ms, entry.starts_ms), max(old.ends_ms, entry.ends_ms)
            stands = entry if graver else old
            self.entries[key] = replace(stands, starts_ms=starts_ms, ends_ms=ends_ms, said_on=said_on)
        return EXTENDED

    def remove(self, refs: list[tuple[str, str]], reason: int, has_evidence: bool, position: int) -> list[int]:
        for _, label in refs:
            if label not in self.labels:
                raise Refused("LABEL_NOT_FOUND")
        outcomes = []
        for target, label in refs:
            self.note(target, position)
            there = [key for key in self.entries if key[:2] == (target, label)]
            own_word = any(source in OWN_WORD for _, _, source in there)
            if not there:
                outcomes.append(UNCHANGED)
            elif own_word and not (reason == CONSENT_RENEWED and has_evidence):
                outcomes.append(KEPT_OWN_WORD)
            else:
                for key in there:
                    self.take_away(key)
                outcomes.append(REMOVED)
        return outcomes

    def ended(self, now_ms: int) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.ends_ms <= now_ms]

    def tidy(self, now_ms: int, position: int) -> None:
        for entry in self.ended(now_ms):
            self.take_away((entry.target, entry.label, entry.source))
            self.note(entry.target, position)

    def own_word(self, address: str, now_ms: int, *, about_all: bool = True) -> None:
        """End what the person's own request ends: consents, or only those of a relationship; they do not come back."""
        (self.words if about_all else self.words_of_labels)[address] = now_ms
        for key in [key for key in self.consents if key.address == address and (about_all or key.kind in RELATIONS)]:
            del self.consents[key]

    def word_stands(self, address: str, now_ms: int) -> bool:
        """Tell whether anything stands that the person asked for. What has ended does not, tidied away or not."""
        said = any(
            entry.target == address and is_word(entry) and now_ms < entry.ends_ms for entry in self.entries.values()
        )
        return said or self.status(address) == REJECTED

    def set_opt_in(self, number: str, wanted: OptIn, *, manager: bool, has_evidence: bool) -> tuple[int, int]:
        before = self.status(number)
        against_stop = (before == REJECTED and wanted.status != REJECTED) or (
            wanted.status == ACCEPTED and (number, *STOP) in self.entries
        )
        if against_stop and not (manager and has_evidence):
            raise Refused("OWN_WORD_STANDS")
        self.note(number, wanted.position)
        self.move(number, wanted, TEXTS if wanted.status == ACCEPTED else frozenset({SMS}))
        return before, wanted.status

    def move(self, number: str, wanted: OptIn, said_on: frozenset[int] = frozenset({SMS})) -> bool:
        """Do what a new status does; tell whether it is another one than before.

        REJECTED is a STOP on the channels, and ACCEPTED takes back the STOPs of the channels.
        """
        before = self.status(number)
        changed = before != wanted.status
        rejected_on = self.rejected_on(number)
        self.opt_ins[number] = wanted
        if changed:
            for name in [
                name for name, known in self.permissions.items() if known.confirms and known.row.address == number
            ]:
                del self.permissions[name]
        if wanted.status == REJECTED:
            self._stop(number, wanted, said_on)
            rejected_on |= self.stopped_on(number)
            self.opt_ins[number] = replace(wanted, said_on=rejected_on)
        if wanted.status == ACCEPTED:
            self.take_back(number, said_on)
        return changed

    def _stop(self, number: str, wanted: OptIn, said_on: frozenset[int]) -> None:
        key = number, *STOP
        if key in self.entries and wanted.recorded_ms < self.entries[key].ends_ms:
            said_on |= self.stopped_on(number)
        label, source = STOP
        facts = 0, float("inf"), wanted.recorded_ms, wanted.position, ""
        self.add_one(Entry(number, label, source, REQUESTED_BY_PERSON, *facts))
        self.entries[key] = replace(self.entries[key], said_on=said_on)

    def stopped_on(self, number: str) -> frozenset[int]:
        """Tell on which channels STOP stands; an entry of that kind that nobody sent is one by SMS."""
        entry = self.entries.get((number, *STOP))
        return (entry.said_on or frozenset({SMS})) if entry else frozenset()

    def rejected_on(self, number: str) -> frozenset[int]:
        """Tell which channels' STOPs made a number REJECTED, whatever became of their entry."""
        return self.opt_ins[number].said_on if self.status(number) == REJECTED else frozenset()

    def take_back(self, number: str, said_on: frozenset[int]) -> None:
        """Take back the STOPs of some channels; the entry goes with the last of them."""
        if left := self.stopped_on(number) - said_on:
            self.entries[number, *STOP] = replace(self.entries[number, *STOP], said_on=left)
        elif (number, *STOP) in self.entries and self.entries[number, *STOP].reason == REQUESTED_BY_PERSON:
            self.take_away((number, *STOP))
        elif (number, *STOP) in self.entries:
            self.entries[number, *STOP] = replace(self.entries[number, *STOP], said_on=frozenset())

    def take_away(self, key: tuple[str, str, int]) -> None:
        del self.entries[key]

    def drop_permissions(self, address: str, channels: frozenset[int] = EVERY_CHANNEL) -> None:
        """Take permission for one send back, unused or used: nothing of it may be retried either."""
        for name, known in list(self.permissions.items()):
            if known.row.address == address and not known.confirms and known.channel in channels:
                del self.permissions[name]

    def create_label(self, name: str, label: Label) -> None:
        if name in self.labels and self.labels[name] != label:
            raise Refused("LABEL_EXISTS")
        self.labels[name] = label

    def update_label(self, name: str, label: Label, reason: str) -> None:
        """Replace a label; where its entries would stop less, somebody must say why."""
        before = self._own_label(name)
        is_narrower = bool(before.channels - label.channels or about(before) - about(label))
        if is_narrower and not reason and any(entry.label == name for entry in self.entries.values()):
            raise Refused("LABEL_NARROWED")
        self.labels[name] = replace(label, archived=before.archived)

    def archive_label(self, name: str) -> None:
        self.labels[name] = replace(self._own_label(name), archived=True)

    def _own_label(self, name: str) -> Label:
        if name not in self.labels:
            raise Refused("LABEL_NOT_FOUND")
        if self.labels[name].built_in:
            raise Refused("LABEL_BUILT_IN")
        return self.labels[name]

    def apply_policy(self, name: str, policy: Policy, position: int) -> bool:
        if not set(policy.labels) <= set(self.labels) or not policy.is_sound:
            raise Refused("INVALID_FIELD")
        if name in self.policies and self.policies[name][0] == policy:
            return False
        self.policies[name] = policy, position
        return True

    def delete_policy(self, name: str) -> bool:
        return self.policies.pop(name, None) is not None

    def close_region(self, region: str, closing: Closing) -> None:
        self.closings[region] = closing

    def open_region(self, region: str) -> bool:
        return self.closings.pop(region, None) is not None

    # What is known

    def status(self, number: str) -> int:
        return self.opt_ins[number].status if number in self.opt_ins else NOT_SENT

    def covering(self, address: str) -> Iterator[Entry]:
        return (entry for entry in self.entries.values() if covers(entry.target, address))

    def note(self, target: str, position: int) -> None:
        known = self.history.setdefault(target, [])
        if position not in known:
            known.append(position)
