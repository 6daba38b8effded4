"""The answer of Check. There is one way to permission: `allowed`, and only ALLOW gives it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, NoReturn, overload

from donotcontact.errors import IncompleteAnswer
from donotcontact.moments import moment_of
from donotcontact.reasons import AttemptCount, LegalRule, LiftingConsent, Open, first
from donotcontact.v1.check_service_pb2 import CheckResponse, CheckResult
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.verdict_pb2 import Finding


class Channel(IntEnum):
    """A way of reaching a person."""

    VOICE = 1
    SMS = 2
    EMAIL = 3
    WHATSAPP = 4


class Verdict(Open):
    """The answer for one address. Numbers of a later server are kept, named `UNKNOWN_n`, and permit nothing.

    A verdict has no truth value: ask `Result.allowed`.
    """

    UNSPECIFIED = 0
    ALLOW = 1
    BLOCK = 2
    DEFER = 3
    OPT_IN_REQUIRED = 4
    PERMISSION_REQUIRED = 5
    UNSCREENED = 6
    INVALID = 7

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is not true or false; ask result.allowed")


@dataclass(frozen=True, slots=True)
class Row:
    """One address to be checked; `reference` comes back in its result. What tells the person stays out of the repr.

    `time_zone`, an IANA name, and `postal_code` say where the person is, in place of what the number tells;
    `contact_id` and `debt_id` are what attempts are counted by under policies that say so.
    """

    address: str = field(repr=False)
    region: str = ""
    reference: str = ""
    time_zone: str = ""
    postal_code: str = field(default="", repr=False)
    contact_id: str = field(default="", repr=False)
    debt_id: str = field(default="", repr=False)


class Result:
    """The answer for one address. Neither true nor false by itself: ask `allowed`."""

    __slots__ = ("_answer",)

    def __init__(self, answer: CheckResult) -> None:
        self._answer = answer

    @property
    def allowed(self) -> bool:
        """Tell whether the address may be contacted: True for ALLOW and for nothing else."""
        return self._answer.verdict == Verdict.ALLOW.value

    @property
    def verdict(self) -> Verdict:
        """The verdict, also one that this client does not know."""
        return Verdict(self._answer.verdict)

    @property
    def address(self) -> str:
        """The normalized address; empty for INVALID."""
        return self._answer.address

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every reason, the strongest first."""
        return tuple(self._answer.findings)

    @property
    def shadow_verdict(self) -> Verdict:
        """What the policy would have answered where it is in SHADOW mode, else UNSPECIFIED."""
        return Verdict(self._answer.shadow_verdict)

    @property
    def retry_at(self) -> datetime | None:
        """DEFER: the earliest moment at which the address is open. None where there is none within 400 days."""
        return moment_of(self._answer.retry_at) if self._answer.HasField("retry_at") else None

    @property
    def legal_rule(self) -> LegalRule | None:
        """The legal rule of the strongest reason that rests on one, or None."""
        return first(LegalRule.of, self._answer.findings)

    @property
    def attempts(self) -> AttemptCount | None:
        """What the strongest reason that counts attempts counted, or None."""
        return first(AttemptCount.of, self._answer.findings)

    @property
    def lifted_by(self) -> LiftingConsent | None:
        """The consent that lifted a registry match, or None; `findings` has every one."""
        return first(LiftingConsent.of, self._answer.findings)

    @property
    def reference(self) -> str:
        """The reference of the row."""
        return self._answer.reference

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and self._answer == other._answer

    __hash__ = None  # type: ignore[assignment]  # it compares by a message, which has no hash

    def __repr__(self) -> str:
        return f"Result({self.verdict.name}, findings={len(self._answer.findings)}, reference={self.reference!r})"

    def __bool__(self) -> NoReturn:
        raise TypeError("a result is not true or false; ask result.allowed")


class CheckAnswer(Sequence[Result]):
    """The results of one `check`, one for each row, in order. Neither true nor false by itself.

    More than 1,000 rows are asked in chunks: `checked_at`, `contact_time` and `policy_version` are those of the
    first, which is the oldest; `responses` holds every chunk's own.
    """

    def __init__(self, responses: Sequence[CheckResponse]) -> None:
        self.responses = tuple(responses)
        self._results = [Result(answer) for response in responses for answer in response.results]

    @property
    def checked_at(self) -> Revision:
        """The revision that the answer was computed at."""
        return self.responses[0].checked_at

    @property
    def contact_time(self) -> datetime | None:
        """The moment that the rules were evaluated for, or None where the server did not say."""
        return contact_moment(self.responses[0])

    @property
    def policy_version(self) -> int:
        """The version of the policy; 0 is the default policy."""
        return self.responses[0].policy_version

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | Sequence[Result]:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def __repr__(self) -> str:
        return f"CheckAnswer({len(self)} results)"

    def __bool__(self) -> NoReturn:
        raise TypeError("an answer is not true or false; ask allowed of each of its results")


def complete_check(response: CheckResponse, references: Sequence[str]) -> CheckResponse:
    """Return the response if it answers these rows, one for one; raises `IncompleteAnswer` if not."""
    require_rows(response.results, references)
    require_revision(response)
    return response


def require_rows(results: Sequence[CheckResult], references: Sequence[str]) -> None:
    """Raise `IncompleteAnswer` where the results are not those of these rows, one for one."""
    if len(results) != len(references):
        raise IncompleteAnswer(f"asked about {len(references)} rows, got {len(results)} results")
    for index, (result, reference) in enumerate(zip(results, references, strict=True)):
        if result.reference != reference:
            raise IncompleteAnswer(f"rows[{index}]: the result bears the reference of another row")


def require_revision(response: Any) -> None:
    """Raise `IncompleteAnswer` for a response that does not say what it was computed at."""
    if not response.HasField("checked_at"):
        raise IncompleteAnswer("the answer does not say what revision it was computed at")


def contact_moment(response: Any) -> datetime | None:
    """Return the moment that the rules were evaluated for, or None where the server did not say."""
    return moment_of(response.contact_time) if response.HasField("contact_time") else None
