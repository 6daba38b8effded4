"""Words of the contract as people type them: enum values without their prefix, in any case; times."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from donotcontact.v1 import attempt_service_pb2, core_pb2, entry_pb2, event_pb2, journal_service_pb2, verdict_pb2

CHANNEL = core_pb2.Channel.DESCRIPTOR
PURPOSE = core_pb2.Purpose.DESCRIPTOR
SOURCE = core_pb2.Source.DESCRIPTOR
OPT_IN_STATUS = core_pb2.OptInStatus.DESCRIPTOR
ENTRY_REASON = entry_pb2.EntryReason.DESCRIPTOR
ENTRY_STATE = entry_pb2.EntryState.DESCRIPTOR
REMOVAL_REASON = entry_pb2.RemovalReason.DESCRIPTOR
ROW_OUTCOME = entry_pb2.RowOutcome.DESCRIPTOR
EVENT_KIND = journal_service_pb2.EventKind.DESCRIPTOR
ROLE = event_pb2.Role.DESCRIPTOR
VERDICT = verdict_pb2.Verdict.DESCRIPTOR
RULE = verdict_pb2.Rule.DESCRIPTOR
CONSENT_KIND = core_pb2.ConsentKind.DESCRIPTOR
ATTEMPT_SCOPE = core_pb2.AttemptScope.DESCRIPTOR
ATTEMPT_OUTCOME = core_pb2.AttemptOutcome.DESCRIPTOR
MESSAGE_CLASS = core_pb2.MessageClass.DESCRIPTOR
REVIEW_DECISION = core_pb2.ReviewDecision.DESCRIPTOR
COMPLETION = attempt_service_pb2.CompletionOutcome.DESCRIPTOR
ADDRESS_FAULT = verdict_pb2.AddressFault.DESCRIPTOR

RELATIVE_TIME = re.compile(r"\+(\d{1,5})([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def short_name(enum: EnumDescriptor, number: int) -> str:
    """Return the name without its prefix, such as VOICE; UNKNOWN_9 for a number that this version does not know."""
    value = enum.values_by_number.get(number)
    return value.name.removeprefix(_prefix(enum)) if value else f"UNKNOWN_{number}"


def option_name(enum: EnumDescriptor, number: int) -> str:
    """Return the name as an option takes it, such as consent-renewed."""
    return short_name(enum, number).lower().replace("_", "-")


def option_names(enum: EnumDescriptor) -> list[str]:
    """Return every name that an option takes, in the order of the contract."""
    return [option_name(enum, value.number) for value in enum.values if value.number]


def words(enum: EnumDescriptor, number: int) -> str:
    """Return the name as words, such as business relationship; nothing for 0."""
    return short_name(enum, number).lower().replace("_", " ") if number else ""


def enum_number(enum: EnumDescriptor, name: str) -> int | None:
    """Return the number of a short or full name in any case, with hyphens or underscores; None for any other text."""
    folded = name.strip().upper().replace("-", "_")
    for value in enum.values:
        if value.number and folded in {value.name, value.name.removeprefix(_prefix(enum))}:
            return value.number
    return None


def enum_parser(enum: EnumDescriptor) -> Callable[[str], Any]:
    """Build the parser of an option that takes a name of the enum."""

    def parse(name: str) -> int:
        number = enum_number(enum, str(name))
        if number is None:
            raise typer.BadParameter(f"{name!r} is not one of {', '.join(option_names(enum))}.")
        return number

    return parse


def parse_time(text: str, now: Callable[[], datetime]) -> datetime:
    """Read a time: ISO 8601 with its offset, or from now on, such as +90d.

    One without an offset is refused: it would mean the zone of this machine, which is seldom that of the person.
    """
    relative = RELATIVE_TIME.fullmatch(text.strip())
    try:
        if relative:
            return now() + timedelta(**{UNITS[relative[2]]: int(relative[1])})
        moment = datetime.fromisoformat(text.strip())
        if moment.utcoffset() is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a time. Write 2026-11-03T09:30-05:00, 2026-11-03T09:30Z for UTC, or +90d from now."
        ) from None
    written = moment.isoformat(timespec="auto" if moment.second else "minutes")
    raise typer.BadParameter(
        f"{text!r} does not say where it is that time. Write its offset: {written}-05:00, or {written}Z for UTC."
    )


def time_of(stamp: Timestamp) -> datetime:
    """Convert a protobuf time, to the microsecond."""
    return stamp.ToDatetime(tzinfo=UTC)


def iso(stamp: Timestamp) -> str:
    """Write a time as JSON and people read it: UTC, to the millisecond where there are any."""
    return iso_of(time_of(stamp))


def iso_of(moment: datetime) -> str:
    """Write a time in UTC, to the second, or to the millisecond where there are any."""
    precision = "milliseconds" if moment.microsecond >= 1_000 else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def iso_of_ms(milliseconds: int) -> str:
    """Write milliseconds since 1970-01-01 UTC as a time."""
    return iso_of(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds))


def local_words(moment: datetime, zone: str) -> str:
    """Write a time as a person there reads it, such as Wed 2026-11-04 08:00 (America/New_York); UTC without a zone."""
    try:
        local = moment.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # this machine does not know the zone
        zone, local = "UTC", moment.astimezone(UTC)
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%a %Y-%m-%d %H:%M}{seconds} ({zone or 'UTC'})"


def _prefix(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
