"""Points in time on their way to the server."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Convert a moment; raises ValueError for one without a time zone, which could mean any of 38 hours."""
    if moment is None:
        return None
    if moment.utcoffset() is None:
        raise ValueError("a datetime needs a time zone, such as datetime.now(UTC)")
    converted = Timestamp()
    converted.FromDatetime(moment)
    return converted
