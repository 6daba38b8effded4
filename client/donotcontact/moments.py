"""Points in time on their way to the server and back."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

MS_MAX = 253_402_300_799_999
"""The end of the year 9999: what a datetime can hold."""


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Convert a moment; raises ValueError for one without a time zone, which could mean any of 38 hours."""
    if moment is None:
        return None
    if moment.utcoffset() is None:
        raise ValueError("a datetime needs a time zone, such as datetime.now(UTC)")
    converted = Timestamp()
    converted.FromDatetime(moment)
    return converted


def moment_of(stamp: Timestamp) -> datetime | None:
    """Return the moment in UTC; None for one that no datetime can hold, such as the year 10000."""
    try:
        return stamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        return None


def moment_of_ms(milliseconds: int) -> datetime | None:
    """Return the moment in UTC of milliseconds since 1970; None for 0, and for one that no datetime can hold."""
    if not 0 < milliseconds <= MS_MAX:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
