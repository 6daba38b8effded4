"""The reference model: what the contract promises, in dicts and sets, written from the design and the comments of the
protos alone. It imports nothing of the server.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

ALLOW, BLOCK, OPT_IN_REQUIRED, INVALID = 1, 2, 4, 7
VOICE, SMS, EMAIL, WHATSAPP = 1, 2, 3, 4
AGENT, IVR, BOT, INBOUND_MESSAGE = 1, 2, 3, 4
ADDED, EXTENDED, UNCHANGED, REMOVED, KEPT_OWN_WORD = 1, 2, 3, 4, 5
NOT_SENT, SENT, ACCEPTED, REJECTED = 1, 2, 3, 4
RULE_ADDRESS, RULE_ENTRY = 1, 2
RULE_OF_STATUS = {NOT_SENT: 3, SENT: 4, REJECTED: 5}
ACTIVE, SCHEDULED, EXPIRED = 1, 2, 3
OWN_WORD = {AGENT, IVR, BOT, INBOUND_MESSAGE}
CONSENT_RENEWED = 2
STRENGTH = [ALLOW, OPT_IN_REQUIRED, BLOCK, INVALID]
BUILT_IN = {
    "do-not-contact": {VOICE, SMS, EMAIL, WHATSAPP},
    "do-not-phone": {VOICE},
    "do-not-text": {SMS, WHATSAPP},
    "do-not-email": {EMAIL},
}


class Refused(Exception):
    """The model expects one of these error reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


@dataclass(frozen=True)
class Entry:
    target: str
    label: str
    source: int
    reason: int
    starts_ms: int
    ends_ms: float
    recorded_ms: int
    position: int
    note: str

    def state(self, now_ms: int) -> int:
        if now_ms < self.starts_ms:
            return SCHEDULED
        return ACTIVE if now_ms < self.ends_ms else EXPIRED


@dataclass(frozen=True)
class Label:
    channels: frozenset[int]
    purposes: frozenset[int] = frozenset()
    archived: bool = False
    built_in: bool = False


@dataclass(frozen=True)
class Policy:
    channels: frozenset[int] = frozenset()
    purpose: int = 1
    labels: tuple[str, ...] = ()
    opt_in: bool = False
    shadow: bool = False


@dataclass(frozen=True)
class OptIn:
    status: int
    source: int
    recorded_ms: int
    position: int


@dataclass(frozen=True)
class Finding:
    rule: int
    verdict: int
    label: str = ""
    source: int = 0
    target: str = ""
    recorded_ms: int = 0
    ends_ms: float = float("inf")
    position: int = 0
    shadow: bool = False


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
    history: dict[str, list[int]] = field(default_factory=dict)

    # Changes

    def add(self, wanted: list[Entry]) -> list[int]:
        missing = {"LABEL_NOT_FOUND" for entry in wanted if entry.label not in self.labels}
        archived = {
            "LABEL_ARCHIVED" for entry in wanted if entry.label in self.labels and self.labels[entry.label].archived
        }
        if missing | archived:
            raise Refused(*missing, *archived)
        return [self._add_one(entry) for entry in wanted]

    def _add_one(self, entry: Entry) -> int:
        self._note(entry.target, entry.position)
        key = entry.target, entry.label, entry.source
        old = self.entries.get(key)
        if old is None:
            self.entries[key] = entry
            return ADDED
        if old.starts_ms <= entry.starts_ms and entry.ends_ms <= old.ends_ms:
            return UNCHANGED
        if old.ends_ms <= entry.recorded_ms:
            # It has ended: the new one stands by itself.
            self.entries[key] = entry
        else:
            starts_ms, ends_ms = min(old.starts_ms, entry.starts_ms), max(old.ends_ms, entry.ends_ms)
            self.entries[key] = replace(old, starts_ms=starts_ms, ends_ms=ends_ms)
        return EXTENDED

    def remove(self, refs: list[tuple[str, str]], reason: int, has_evidence: bool, position: int) -> list[int]:
        for _, label in refs:
            if label not in self.labels:
                raise Refused("LABEL_NOT_FOUND")
        outcomes = []
        for target, label in refs:
            self._note(target, position)
            there = [key for key in self.entries if key[:2] == (target, label)]
            own_word = any(source in OWN_WORD for _, _, source in there)
            if not there:
                outcomes.append(UNCHANGED)
            elif own_word and not (reason == CONSENT_RENEWED and has_evidence):
                outcomes.append(KEPT_OWN_WORD)
            else:
                for key in there:
                    del self.entries[key]
                outcomes.append(REMOVED)
        return outcomes

    def ended(self, now_ms: int) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.ends_ms <= now_ms]

    def tidy(self, now_ms: int, position: int) -> None:
        for entry in self.ended(now_ms):
            del self.entries[entry.target, entry.label, entry.source]
            self._note(entry.target, position)

    def set_opt_in(
        self, number: str, wanted: OptIn, *, manager: bool, has_evidence: bool, stop: Entry
    ) -> tuple[int, int]:
        before = self.status(number)
        key = number, "do-not-text", INBOUND_MESSAGE
        start = wanted.source == INBOUND_MESSAGE and wanted.status == ACCEPTED
        against_stop = (before == REJECTED and wanted.status != REJECTED) or (
            wanted.status == ACCEPTED and key in self.entries
        )
        if against_stop and not start and not (manager and has_evidence):
            raise Refused("OWN_WORD_STANDS")
        self.opt_ins[number] = wanted
        self._note(number, wanted.position)
        if wanted.status == REJECTED:
            self._add_one(stop)
        if wanted.status == ACCEPTED:
            self.entries.pop(key, None)
        return before, wanted.status

    def claim(self, number: str, position: int, now_ms: int) -> tuple[bool, int, bool]:
        self._note(number, position)
        blocked = any(
            entry.label in {"do-not-text", "do-not-contact"} and entry.state(now_ms) == ACTIVE
            for entry in self._covering(number)
        )
        granted = self.status(number) == NOT_SENT and not blocked
        if granted:
            self.opt_ins[number] = OptIn(SENT, 0, now_ms, position)
        return granted, self.status(number), blocked

    def create_label(self, name: str, label: Label) -> None:
        if name in self.labels and self.labels[name] != label:
            raise Refused("LABEL_EXISTS")
        self.labels[name] = label

    def update_label(self, name: str, label: Label) -> None:
        self.labels[name] = replace(label, archived=self._own_label(name).archived)

    def archive_label(self, name: str) -> None:
        self.labels[name] = replace(self._own_label(name), archived=True)

    def _own_label(self, name: str) -> Label:
        if name not in self.labels:
            raise Refused("LABEL_NOT_FOUND")
        if self.labels[name].built_in:
            raise Refused("LABEL_BUILT_IN")
        return self.labels[name]

    def apply_policy(self, name: str, policy: Policy, position: int) -> bool:
        if not set(policy.labels) <= set(self.labels):
            raise Refused("INVALID_FIELD")
        if name in self.policies and self.policies[name][0] == policy:
            return False
        self.policies[name] = policy, position
        return True

    def delete_policy(self, name: str) -> bool:
        return self.policies.pop(name, None) is not None

    # Answers

    def status(self, number: str) -> int:
        return self.opt_ins[number].status if number in self.opt_ins else NOT_SENT

    def answer(self, policy_name: str, channel: int, address: str, now_ms: int) -> tuple[int, int, list[Finding]]:
        """Give the verdict, the shadow verdict (0 where there is none) and the findings."""
        policy, _ = self.policies[policy_name]
        if ("@" in address) != (channel == EMAIL) or not (address.startswith("+") or "@" in address):
            found = [Finding(RULE_ADDRESS, INVALID)]
        else:
            found = [*self._entry_findings(policy, channel, address, now_ms)]
            if policy.opt_in and channel == SMS:
                found += self._opt_in_findings(policy, address)
        enforced = _strongest([finding for finding in found if not finding.shadow])
        return enforced, _strongest(found) if policy.shadow else 0, found

    def _covering(self, address: str) -> Iterator[Entry]:
        return (entry for entry in self.entries.values() if covers(entry.target, address))

    def _entry_findings(self, policy: Policy, channel: int, address: str, now_ms: int) -> Iterator[Finding]:
        for entry in self._covering(address):
            label = self.labels[entry.label]
            honoured = label.built_in or entry.label in policy.labels
            speaks = channel in label.channels and (not label.purposes or policy.purpose in label.purposes)
            if honoured and speaks and entry.state(now_ms) == ACTIVE:
                yield Finding(
                    RULE_ENTRY,
                    BLOCK,
                    entry.label,
                    entry.source,
                    entry.target,
                    entry.recorded_ms,
                    entry.ends_ms,
                    entry.position,
                    policy.shadow and not label.built_in,
                )

    def _opt_in_findings(self, policy: Policy, number: str) -> Iterator[Finding]:
        known = self.opt_ins.get(number, OptIn(NOT_SENT, 0, 0, 0))
        if known.status != ACCEPTED:
            verdict = OPT_IN_REQUIRED if known.status == NOT_SENT else BLOCK
            yield Finding(
                RULE_OF_STATUS[known.status],
                verdict,
                source=known.source,
                recorded_ms=known.recorded_ms,
                position=known.position,
                shadow=policy.shadow,
            )

    def _note(self, target: str, position: int) -> None:
        known = self.history.setdefault(target, [])
        if position not in known:
            known.append(position)


def _strongest(findings: list[Finding]) -> int:
    return max((finding.verdict for finding in findings), key=STRENGTH.index, default=ALLOW)
