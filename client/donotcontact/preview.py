"""What a policy answers for a whole list, counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NoReturn

from donotcontact.columns import Chunk, nothing_asked, varint
from donotcontact.errors import IncompleteAnswer
from donotcontact.moments import moment_of
from donotcontact.reasons import rule_name
from donotcontact.results import Verdict, contact_moment, require_revision
from donotcontact.v1.check_service_pb2 import PreviewRequest, PreviewResponse, ScrubRequest
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.policy_pb2 import Policy

PREVIEW_ADDRESSES = 50_000
HOURS_MAX = 168
_SCRUB_TAG = bytes([PreviewRequest.SCRUB_FIELD_NUMBER << 3 | 2])  # wire type 2: a message


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many addresses a reason stands for; one with several reasons counts under each.

    `rule` is a name of the contract without RULE_; `subject` the label, registry, legal rule or fault. `shadow` tells
    that a SHADOW policy reports it without enforcing it.
    """

    rule: str
    verdict: Verdict
    subject: str
    addresses: int
    shadow: bool


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many addresses would be ALLOW at a moment."""

    time: datetime
    addresses: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The counts for a whole list. A count permits nobody: ask `check` at the moment of contact.

    `shadow_verdicts` is empty where the policy is not in SHADOW mode. `checked_at` is that of the first chunk, the
    oldest. `policy_version` 0 is the default policy, or a draft.
    """

    addresses: int
    verdicts: Mapping[Verdict, int]
    shadow_verdicts: Mapping[Verdict, int]
    reasons: tuple[ReasonCount, ...]
    open: tuple[OpenCount, ...]
    checked_at: Revision
    contact_time: datetime | None
    policy_version: int

    def __bool__(self) -> NoReturn:
        raise TypeError("a preview is not true or false; look at its counts")


class Counting:
    """Preview requests for the chunks of a list, and the sum of their answers, all for one moment and one policy."""

    def __init__(self, draft: Policy | None, hours: int) -> None:
        if not 0 <= hours <= HOURS_MAX:
            raise ValueError(f"hours are 0 to {HOURS_MAX}")
        self._tail = PreviewRequest(draft=draft, hours=hours).SerializeToString()
        self._hours = hours
        self._addresses = 0
        self._verdicts: Counter[int] = Counter()
        self._shadow_verdicts: Counter[int] = Counter()
        self._reasons: Counter[tuple[int, int, str, bool]] = Counter()
        self._open: list[int] = [0] * hours
        self._first: PreviewResponse | None = None

    def request(self, chunk: Chunk) -> bytes:
        """Build the request for a chunk; later ones ask about the moment of the first, and for nothing older."""
        scrub = chunk.request + (self._pinned(self._first) if self._first is not None else b"")
        return _SCRUB_TAG + varint(len(scrub)) + scrub + self._tail

    def add(self, response: PreviewResponse, count: int) -> None:
        """Count one answer; raises `IncompleteAnswer` where it does not cover the chunk."""
        self._require(response, count)
        self._first = self._first or response
        self._addresses += count
        for counter, counts in (
            (self._verdicts, response.verdicts),
            (self._shadow_verdicts, response.shadow_verdicts),
        ):
            for each in counts:
                counter[each.verdict] += each.addresses
        for reason in response.reasons:
            self._reasons[reason.rule, reason.verdict, reason.subject, reason.shadow] += reason.addresses
        self._open = [before + each.addresses for before, each in zip(self._open, response.open, strict=True)]

    def total(self) -> Preview:
        """Return the sum; raises `InvalidRequest` where there was nothing to count."""
        first = self._first
        if first is None:
            raise nothing_asked()
        return Preview(
            self._addresses,
            _by_verdict(self._verdicts),
            _by_verdict(self._shadow_verdicts),
            tuple(
                ReasonCount(rule_name(rule), Verdict(verdict), subject, addresses, shadow)
                for (rule, verdict, subject, shadow), addresses in self._reasons.most_common()
            ),
            tuple(OpenCount(_told(each.time), n) for each, n in zip(first.open, self._open, strict=True)),
            first.checked_at,
            contact_moment(first),
            first.policy_version,
        )

    def _pinned(self, first: PreviewResponse) -> bytes:
        return ScrubRequest(contact_time=first.contact_time, at_least_as_fresh=first.checked_at).SerializeToString()

    def _require(self, response: PreviewResponse, count: int) -> None:
        require_revision(response)
        if _sum(response.verdicts) != count:
            raise IncompleteAnswer(f"asked about {count} addresses, got counts of {_sum(response.verdicts)}")
        if response.shadow_verdicts and _sum(response.shadow_verdicts) != count:
            raise IncompleteAnswer(
                f"asked about {count} addresses, got shadow counts of {_sum(response.shadow_verdicts)}"
            )
        if len(response.open) != self._hours:
            raise IncompleteAnswer(f"asked for {self._hours} hours, got {len(response.open)}")
        first = self._first
        if first is not None and first.policy_version != response.policy_version:
            raise IncompleteAnswer("the policy was replaced while it was counted; count again")


def _by_verdict(counts: Counter[int]) -> Mapping[Verdict, int]:
    return MappingProxyType({Verdict(verdict): addresses for verdict, addresses in counts.most_common()})


def _sum(counts: Any) -> int:
    return sum(count.addresses for count in counts)


def _told(stamp: Any) -> datetime:
    moment = moment_of(stamp)
    if moment is None:
        raise IncompleteAnswer("an hour of the answer is no time")
    return moment
