"""The answer of Scrub: verdicts as a column, and the reasons for those addresses that are not clear."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

from donotcontact.errors import IncompleteAnswer
from donotcontact.moments import MS_MAX, moment_of_ms
from donotcontact.results import Verdict, contact_moment, require_revision
from donotcontact.v1.check_service_pb2 import ScrubFindings, ScrubResponse
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.verdict_pb2 import Finding

_NONE = 0xFFFF_FFFF


class ScrubAnswer:
    """The verdicts for one chunk of a scrub, in the order of its addresses. Neither true nor false by itself.

    `offset` is the index of its first address in the whole input. `verdicts` are numbers: `bytes` for all that
    fit a byte, else a tuple. `allowed` is a numpy array of bool where numpy is installed, else a list.
    """

    def __init__(self, response: ScrubResponse, offset: int) -> None:
        self.offset = offset
        self.verdicts, self.allowed = _verdict_columns(response.verdicts)
        self._response = response

    @property
    def shadow_verdicts(self) -> Sequence[int]:
        """What a policy in SHADOW mode would have answered, one for each address; else empty."""
        return _verdict_columns(self._response.shadow_verdicts)[0]

    @property
    def retry_at(self) -> Any:  # an array where numpy is installed, else a list of datetimes
        """When each address that is DEFER opens; NaT (without numpy: None) where it is not known, and for the others.

        A numpy array of datetime64[ms] in UTC where numpy is installed, else a list of datetime.
        """
        return _moment_column(self._response.retry_at_ms, len(self))

    def retry_at_of(self, index: int) -> datetime | None:
        """Return when the address at `index` of this chunk opens, in UTC; None where that is not known."""
        self._require(index)
        column = self._response.retry_at_ms
        return moment_of_ms(column[index]) if column else None

    @property
    def has_lifted(self) -> bool:
        """Whether a registry match of any address stops nothing, lifted or not counted: then ALLOW too has findings."""
        findings = self._response.findings
        return any(findings.lifted_by) or any(each.not_counted for each in findings.registry_names)

    @property
    def checked_at(self) -> Revision:
        """The revision that the verdicts were computed at."""
        return self._response.checked_at

    @property
    def contact_time(self) -> datetime | None:
        """The moment that the rules were evaluated for, or None where the server did not say."""
        return contact_moment(self._response)

    @property
    def policy_version(self) -> int:
        """The version of the policy; 0 is the default policy."""
        return self._response.policy_version

    def findings_of(self, index: int) -> tuple[Finding, ...]:
        """Return the reasons for the address at `index` of this chunk, the strongest first.

        Empty where it is clear, and where findings were not asked for.
        """
        self._require(index)
        columns = self._response.findings
        begin, end = bisect_left(columns.rows, index), bisect_right(columns.rows, index)
        return tuple(_finding(columns, place) for place in range(begin, end))

    def _require(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise IndexError("no address of this chunk has this index")

    def __len__(self) -> int:
        return len(self.verdicts)

    def __repr__(self) -> str:
        return f"ScrubAnswer(offset={self.offset}, {len(self)} verdicts)"

    def __bool__(self) -> NoReturn:
        raise TypeError("an answer is not true or false; ask allowed of each of its addresses")


def complete_scrub(response: ScrubResponse, count: int) -> ScrubResponse:
    """Return the response if it answers `count` addresses, one for one; raises `IncompleteAnswer` if not."""
    if len(response.verdicts) != count:
        raise IncompleteAnswer(f"asked about {count} addresses, got {len(response.verdicts)} verdicts")
    if len(response.shadow_verdicts) not in (0, count):
        raise IncompleteAnswer(f"asked about {count} addresses, got {len(response.shadow_verdicts)} shadow verdicts")
    if len(response.retry_at_ms) not in (0, count):
        raise IncompleteAnswer(f"asked about {count} addresses, got {len(response.retry_at_ms)} times to retry at")
    require_revision(response)
    return response


def _verdict_columns(column: Sequence[int]) -> tuple[Sequence[int], Any]:
    try:
        import numpy as np  # noqa: PLC0415  # optional, and slow to import for callers who never scrub
    except ImportError:
        numbers = _narrow(column)
        return numbers, [number == Verdict.ALLOW.value for number in numbers]
    wide = np.asarray(column, dtype=np.int32)
    # Compared before it is narrowed: 257 cut to a byte would read as ALLOW.
    allowed = wide == Verdict.ALLOW.value
    if not len(wide) or (wide.min() >= 0 and wide.max() <= 255):
        return wide.astype(np.uint8).tobytes(), allowed
    return tuple(wide.tolist()), allowed


def _narrow(column: Sequence[int]) -> Sequence[int]:
    try:
        return bytes(column)
    except ValueError:  # a number that no byte can hold
        return tuple(column)


def _moment_column(column: Sequence[int], count: int) -> Any:
    try:
        import numpy as np  # noqa: PLC0415  # optional, and slow to import for callers who never scrub
    except ImportError:
        return [moment_of_ms(milliseconds) for milliseconds in column] or [None] * count
    wide = np.asarray(column, dtype=np.uint64) if column else np.zeros(count, dtype=np.uint64)
    known = (wide > 0) & (wide <= MS_MAX)
    return np.where(known, wide.astype(np.int64).astype("datetime64[ms]"), np.datetime64("NaT", "ms"))


def _finding(columns: ScrubFindings, place: int) -> Finding:
    finding = Finding(
        rule=_at(columns.rules, place, columns),
        verdict=_at(columns.verdicts, place, columns),
        fault=_at(columns.faults, place, columns),
        label=_named(columns.labels, columns.label_names, place, columns),
        source=_at(columns.sources, place, columns),
        event_position=_at(columns.event_positions, place, columns),
        shadow=bool(_at(columns.shadows, place, columns)),
        target=_named(columns.targets, columns.target_names, place, columns),
        registry=_named(columns.registries, columns.registry_names, place, columns),
        legal_rule=_named(columns.legal_rules, columns.legal_rule_names, place, columns),
    )
    recorded_at_ms = _at(columns.recorded_at_ms, place, columns)
    if recorded_at_ms:
        finding.recorded_at.FromMilliseconds(recorded_at_ms)
    retry_at_ms = _at(columns.retry_at_ms, place, columns)
    if 0 < retry_at_ms <= MS_MAX:
        finding.retry_at.FromMilliseconds(retry_at_ms)
    if kind := _at(columns.lifted_by, place, columns):
        finding.lifted_by.kind = kind
    return finding


def _at(column: Sequence[Any], place: int, columns: ScrubFindings) -> Any:
    """Return one element; a column without any holds nothing but zeros."""
    if not column:
        return 0
    if len(column) != len(columns.rows):
        raise IncompleteAnswer("the columns of the findings differ in length")
    return column[place]


def _named(column: Sequence[int], names: Sequence[Any], place: int, columns: ScrubFindings) -> Any:
    """Return what one element of a column points to, or None; raises `IncompleteAnswer` where it is not there."""
    index = _at(column, place, columns) if column else _NONE
    if index == _NONE:
        return None
    if index >= len(names):
        raise IncompleteAnswer("a finding names what the answer does not hold")
    return names[index]
