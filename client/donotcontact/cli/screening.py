"""The rows of a call file on their way to the server: in order, each with what the file tells about the person."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from donotcontact import Channel, Client, IncompleteAnswer, InvalidRequest, Preview
from donotcontact.cli.callfile import CallFile, Record
from donotcontact.cli.columns import named_column
from donotcontact.cli.exits import FileError
from donotcontact.cli.fileoptions import COLUMN_OPTIONS
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.verdict_pb2 import Finding

CHUNK_ADDRESSES = 2_000
"""As many unusual spellings as the server reads in one request; with more, it would leave rows unread."""
ADDRESS_CHARS_MAX = 320
CONTEXT_CHARS_MAX = 128
TOO_LONG = "x" * (ADDRESS_CHARS_MAX + 1)
CONTEXT_PATH = re.compile(r"(?:scrub\.)?(time_zones|postal_codes|contact_ids|debt_ids)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about every row."""

    channel: Channel
    policy: str
    region: str
    contact_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One row with its answer. `shadow` is what a policy in SHADOW mode would have answered, else 0."""

    record: Record
    verdict: int
    allowed: bool
    findings: list[Finding]
    retry_at: datetime | None
    shadow: int


def context_columns(calls: CallFile, wanted: Mapping[str, str | None]) -> dict[str, int]:
    """Find the columns that were asked for, by their name in the contract; raises UsageError where one is not there."""
    layout = calls.layout
    header = layout.header[1] if layout.header else None
    return {
        name: named_column(title, header, layout.width, option=COLUMN_OPTIONS[name]).index
        for name, title in wanted.items()
        if title is not None
    }


class Screening:
    """The rows of a call file in order, each with its verdict and the findings behind it."""

    def __init__(
        self, calls: CallFile, index: int, client: Client, question: Question, context: Mapping[str, int]
    ) -> None:
        self.calls = calls
        self.index = index
        self.client = client
        self.question = question
        self.waiting: deque[Record] = deque()
        self.context = context
        self.context_cells: dict[str, deque[str]] = {name: deque() for name in context}

    def __iter__(self) -> Iterator[Answered]:
        """Yield each row with its answer. Raises IncompleteAnswer for rows without one."""
        expected, columns = 0, self._columns()
        with self._faults_by_row():
            for answer in self.client.scrub(
                self._addresses(keep=True),
                channel=self.question.channel,
                policy=self.question.policy,
                region=self.question.region,
                contact_time=self.question.contact_time,
                chunk=CHUNK_ADDRESSES,
                time_zones=columns.get("time_zones"),
                postal_codes=columns.get("postal_codes"),
                contact_ids=columns.get("contact_ids"),
                debt_ids=columns.get("debt_ids"),
            ):
                if answer.offset != expected:
                    raise IncompleteAnswer("the verdicts are not in the order of the rows")
                expected += len(answer)
                shadows = answer.shadow_verdicts
                told = len(shadows) > 0 or answer.has_lifted
                for place, (verdict, allowed) in enumerate(zip(answer.verdicts, answer.allowed, strict=True)):
                    findings = [] if allowed and not told else list(answer.findings_of(place))
                    retry_at = None if allowed else answer.retry_at_of(place)
                    shadow = shadows[place] if shadows else 0
                    yield Answered(self.waiting.popleft(), verdict, bool(allowed), findings, retry_at, shadow)
        if expected != self.calls.layout.rows:
            raise IncompleteAnswer(f"{self.calls.layout.rows - expected} rows have no verdict")

    def preview(self, draft: Policy | None, hours: int, timeout_s: float) -> Preview:
        """Count instead: what the policy, or a draft, answers for all rows. Raises IncompleteAnswer for fewer."""
        columns = self._columns()
        with self._faults_by_row():
            preview = self.client.preview(
                self._addresses(keep=False),
                channel=self.question.channel,
                policy=self.question.policy,
                draft=draft,
                hours=hours,
                region=self.question.region,
                contact_time=self.question.contact_time,
                timeout_s=timeout_s,
                chunk=CHUNK_ADDRESSES,
                time_zones=columns.get("time_zones"),
                postal_codes=columns.get("postal_codes"),
                contact_ids=columns.get("contact_ids"),
                debt_ids=columns.get("debt_ids"),
            )
        if preview.addresses != self.calls.layout.rows:
            raise IncompleteAnswer(f"{self.calls.layout.rows - preview.addresses} rows were not counted")
        return preview

    def _addresses(self, *, keep: bool) -> Iterator[str]:
        for record in self.calls.rows():
            if keep:
                self.waiting.append(record)
            cells = record[1]
            for name, index in self.context.items():
                self.context_cells[name].append(cells[index].strip() if index < len(cells) else "")
            address = cells[self.index] if self.index < len(cells) else ""
            # The server would refuse it too; this keeps a cell of megabytes off the wire.
            yield address if len(address) <= ADDRESS_CHARS_MAX else TOO_LONG

    def _columns(self) -> dict[str, Iterator[str]]:
        """Return the context columns: each cell is there once the address of its row was taken."""
        return {name: _taken(name, cells) for name, cells in self.context_cells.items()}

    @contextmanager
    def _faults_by_row(self) -> Iterator[None]:
        """Tell a cell that the server refuses by its row."""
        try:
            yield
        except InvalidRequest as error:
            for path, description in error.field_violations:
                if match := CONTEXT_PATH.fullmatch(path):
                    raise _refused(self.calls.name, match[1], int(match[2]), description) from error
            raise


def _taken(name: str, cells: deque[str]) -> Iterator[str]:
    row = 0
    while cells:
        cell = cells.popleft()
        if len(cell) > CONTEXT_CHARS_MAX:
            raise _refused("the file", name, row, f"must be at most {CONTEXT_CHARS_MAX} characters")
        yield cell
        row += 1


def _refused(file: str, name: str, index: int, description: str) -> FileError:
    return FileError(
        f"{file}, row {index + 1} below the header: the cell of {COLUMN_OPTIONS[name]} {description}.",
        f"Correct it or empty it, or leave {COLUMN_OPTIONS[name]} out.",
    )
