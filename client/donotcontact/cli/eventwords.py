"""Events of the journal as sentences that a person understands."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from donotcontact.cli.nouns import (
    CHANNEL,
    CONSENT_KIND,
    MESSAGE_CLASS,
    OPT_IN_STATUS,
    PURPOSE,
    REMOVAL_REASON,
    REVIEW_DECISION,
    ROLE,
    SOURCE,
    iso_of_ms,
    option_name,
    short_name,
    words,
)
from donotcontact.v1.core_pb2 import Evidence
from donotcontact.v1.entry_pb2 import Label
from donotcontact.v1.event_pb2 import Event

SAID = {
    "AGENT": "said to an agent",
    "IVR": "said to the voice menu",
    "BOT": "said to a bot",
    "INBOUND_MESSAGE": "written by the person in a message",
    "IMPORT": "from an imported file",
    "API": "from another system",
    "CONSOLE": "added by hand",
    "WORKFLOW": "added by a workflow",
}


def evidence_line(evidence: Evidence) -> str:
    """Say what proves a change, in one line."""
    named = [("call", evidence.call_id), ("recording", evidence.recording)]
    named += [("campaign", evidence.campaign), ("reference", evidence.reference)]
    return ", ".join(f"{name} {value}" for name, value in named if value)


def event_sentence(event: Event) -> str:
    """Say what an event changed; one that this version does not know is named so."""
    kind = event.WhichOneof("change")
    tell = EVENT_SENTENCES.get(kind or "")
    return tell(getattr(event, kind)) if tell and kind else "a change that this version of dnc does not know"


def event_actor(event: Event) -> str:
    """Say who did it, and in which role."""
    role = option_name(ROLE, event.role) if event.role else ""
    return f"{event.actor} ({role})" if role and event.actor else event.actor or role


def channels_line(label: Label) -> str:
    """Say which channels a label covers."""
    return ", ".join(short_name(CHANNEL, channel) for channel in label.channels)


def _named(entries: list[Message]) -> str:
    labels = sorted({str(getattr(entry, "label", "")) for entry in entries})
    first = str(getattr(entries[0], "address", "")) if entries else "nothing"
    more = f" and {len(entries) - 1:,} more" if len(entries) > 1 else ""
    return f"{first}{more} under {', '.join(labels)}"


def _said(change: Any) -> str:
    matched = f" ({change.matched})" if change.matched else ""
    return f"{words(MESSAGE_CLASS, change.message_class)}{matched}"


def _consent_scope(change: Any) -> str:
    channels = ", ".join(short_name(CHANNEL, channel) for channel in change.channels) or "every channel"
    purpose = short_name(PURPOSE, change.purpose) if change.purpose else "every purpose"
    return f"{channels}, {purpose}" + (f", policy {change.policy}" if change.policy else "")


EVENT_SENTENCES: dict[str, Callable[[Any], str]] = {
    "entries_added": lambda change: (
        f"added {_named(list(change.entries))}, {SAID.get(short_name(SOURCE, change.entries[0].source), '')}"
        if change.entries
        else "added nothing"
    ),
    "entries_removed": lambda change: (
        f"removal asked for {_named(list(change.entries))}: {option_name(REMOVAL_REASON, change.reason)}"
    ),
    "entries_expired": lambda _: "tidied away entries that had ended",
    "label_created": lambda change: f"created label {change.label.name} for {channels_line(change.label)}",
    "label_updated": lambda change: (
        f"changed label {change.label.name}, now for {channels_line(change.label)}"
        + (f": {change.reason}" if change.reason else "")
    ),
    "label_archived": lambda change: f"archived label {change.name}",
    "opt_in_set": lambda change: f"opt-in of {change.address} set to {short_name(OPT_IN_STATUS, change.status)}",
    "opt_in_claimed": lambda change: f"opt-in request to {change.address} claimed",
    "policy_applied": lambda change: f"applied policy {change.policy.name}",
    "policy_deleted": lambda change: (
        f"deletion asked for of policy {change.name}: there was none"
        if change.unchanged
        else f"deleted policy {change.name}"
    ),
    "account_created": lambda change: f"created account {change.name}",
    "token_created": lambda change: f"created token {change.name} for {option_name(ROLE, change.role)}",
    "token_revoked": lambda change: f"revoked token {change.token_id}",
    "registry_created": lambda change: f"created registry {change.registry.name}",
    "snapshot_imported": lambda change: (
        f"imported {change.snapshot.numbers:,} numbers of {change.snapshot.registry}, list of"
        f" {change.snapshot.list_date}, as snapshot {change.snapshot.id}"
    ),
    "snapshot_activated": lambda change: f"put snapshot {change.snapshot} of {change.registry} in force",
    "snapshot_pruned": lambda change: f"took snapshot {change.snapshot} of {change.registry} away",
    "coverage_granted": lambda change: (
        f"{change.account} may rely on {' '.join(change.prefixes) or 'nothing'} of {change.registry}"
    ),
    "requests_pruned": lambda _: "forgot old request ids",
    "account_changed": lambda change: f"changed account {change.name}",
    "inbound_message_recorded": lambda change: (
        f"a message from {change.address}: {_said(change)}; opt-in now {short_name(OPT_IN_STATUS, change.status)}"
    ),
    "review_decided": lambda change: (
        f"review {change.review} of {change.address} decided: {option_name(REVIEW_DECISION, change.decision)}"
        + ("" if change.changed else ", which changed nothing")
    ),
    "consent_recorded": lambda change: (
        f"recorded {words(CONSENT_KIND, change.kind)} of {change.address} for {_consent_scope(change)}"
        + (f", until {iso_of_ms(change.expires_at_ms)}" if change.expires_at_ms else "")
    ),
    "consent_revoked": lambda change: (
        f"consents of {change.address} revoked: {change.revoked}"
        + (", widened to every purpose" if change.widened else "")
    ),
    "permission_answered": lambda change: (
        f"permission for one send to {change.address}: {'given' if change.permission_given else 'refused'}"
        + (f", until {iso_of_ms(change.expires_at_ms)}" if change.expires_at_ms else ", none was made")
    ),
    "send_claimed": lambda change: (
        f"one send to {change.address or 'nobody'} by permission {change.permission}: "
        f"{'granted' if change.granted else 'not granted'}"
    ),
    "region_closed": lambda change: f"closed {change.region} until {iso_of_ms(change.until_ms)}: {change.reason}",
    "region_opened": lambda change: f"opened {change.region}" + (f": {change.reason}" if change.reason else ""),
    "attempts_reserved": lambda change: (
        f"claimed {sum(attempt.granted for attempt in change.attempts):,} of {len(change.attempts):,} attempts"
    ),
    "attempts_completed": lambda change: f"told the outcome of {len(change.attempts):,} attempts",
    "attempts_pruned": lambda _: "forgot attempts that no window needs any more",
}
