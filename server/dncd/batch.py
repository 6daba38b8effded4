"""What is asked: a batch of addresses, and the moment of contact."""

from collections.abc import Sequence
from dataclasses import dataclass

from dncd.findings import Bytes
from dncd.nouns import PHONE_CHANNELS, Channel
from dncd.storage.contract import Phones


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment of contact in milliseconds since 1970 UTC, as two bounds where clocks disagree.

    What starts has started by `begins_ms`; what ends has ended by `ends_ms`. One event under a clock that ran ahead
    moves the journal's time for ever: what it says has begun, but nothing ends by it once the clock is right again.
    """

    begins_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A column of normalized addresses: numbers for a phone channel, texts for EMAIL.

    Where `faults` is not zero the row is no address, and its number 0 or its text empty.
    """

    channel: Channel
    faults: Bytes
    phones: Phones | None = None
    emails: Sequence[str] = ()
    # What callers know of the rows beside their addresses: empty, or one for each row.
    time_zones: Sequence[str] = ()
    postal_codes: Sequence[str] = ()
    contact_ids: Sequence[str] = ()
    debt_ids: Sequence[str] = ()

    def __post_init__(self) -> None:
        assert (self.phones is not None) == (self.channel in PHONE_CHANNELS), "the column fits the channel"
