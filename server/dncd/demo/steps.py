"""What the demonstration does, step by step, against a server that it knows by its address alone.

The call file is made from numbers that are known, so every verdict is compared with the one that must come.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import grpc
import numpy as np
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub

from dncd.demo.files import BLOCKED_DOMAIN, BLOCKED_PREFIX, PROMOTIONS, REGION, SALES, Files
from donotcontact import Channel, Client, Verdict
from donotcontact.cli.sentences import finding_kind, verdict_name
from donotcontact.v1.check_service_pb2 import CheckRequest, CheckRow, ExplainResponse, ScrubRequest
from donotcontact.v1.check_service_pb2_grpc import CheckServiceStub
from donotcontact.v1.core_pb2 import Channel as Wire
from donotcontact.v1.core_pb2 import Evidence, OptInStatus, Purpose, Source
from donotcontact.v1.entry_pb2 import EntryReason, Label
from donotcontact.v1.entry_service_pb2 import NewEntry
from donotcontact.v1.policy_pb2 import Mode, Policy, RequireOptIn
from donotcontact.v1.verdict_pb2 import Finding

SALE: Final = "spring-sale"
RECEIPTS: Final = "receipts"
TRIAL: Final = "trial"
CHUNK: Final = 2_000
GATEWAYS: Final = 16
PATTERNS: Final = 2  # one prefix, one domain
ASKED_AFTERWARDS: Final = 16
TIMED_CALLS: Final = 300
TIMED_SCRUBS: Final = 30
TIMED_NUMBERS: Final = 10_000
SAMPLES_OF_A_REASON: Final = 1
SAMPLES_ALLOWED: Final = 4


@dataclass(slots=True)
class Loaded:
    """What was told to the server. Seconds are until the last acknowledgement, each behind an fsync."""

    entries: int = 0
    entries_seconds: float = 0.0
    replies: int = 0
    replies_seconds: float = 0.0


@dataclass(slots=True)
class Screened:
    """The verdicts of one column. `wrong` counts rows whose verdict is not the one that must come."""

    channel: str
    policy: str
    rows: int = 0
    allowed: int = 0
    wrong: int = 0
    seconds: float = 0.0
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        """How many rows must not be contacted."""
        return self.rows - self.allowed


@dataclass(frozen=True, slots=True)
class OptedOut:
    """One address before and after an agent's opt-out. `afterwards` holds the verdicts of the checks that followed."""

    address: str
    before: str
    afterwards: list[str]
    added_ms: float
    next_check_ms: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy in SHADOW mode stops, and what it would stop."""

    rows: int
    stopped: int
    would_stop: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The medians, in microseconds, as one caller on one connection sees them; each call in turn with a null call."""

    null_us: float
    check_1_us: float
    check_100_us: float
    scrub_ns_per_number: float
    scrub_numbers: int


@contextmanager
def clocked() -> Iterator[Callable[[], float]]:
    """Give a function that tells the seconds since the block began."""
    began = time.perf_counter()
    yield lambda: time.perf_counter() - began


def prepare(client: Client) -> None:
    """Create the labels and put the policies in force."""
    client.create_label(Label(name=SALES, channels=[Wire.CHANNEL_VOICE, Wire.CHANNEL_SMS]))
    client.create_label(
        Label(
            name=PROMOTIONS, channels=[Wire.CHANNEL_EMAIL], purposes=[Purpose.PURPOSE_MARKETING, Purpose.PURPOSE_SURVEY]
        )
    )
    opt_in = RequireOptIn(channels=[Wire.CHANNEL_SMS])
    client.apply_policy(Policy(name=SALE, labels=[SALES, PROMOTIONS], require_opt_in=opt_in))
    client.apply_policy(Policy(name=RECEIPTS, labels=[PROMOTIONS], purpose=Purpose.PURPOSE_TRANSACTIONAL))
    client.apply_policy(Policy(name=TRIAL, labels=[SALES], mode=Mode.MODE_SHADOW))


def load(client: Client, files: Files) -> Loaded:
    """Tell the server who opted out, and who replied START or STOP to a text."""
    loaded = Loaded()
    new = [NewEntry(address=o.written, label=o.label, source=Source.SOURCE_IMPORT) for o in files.opt_outs]
    with clocked() as seconds:
        for start in range(0, len(new), 1_000):
            answer = client.add_entries(new[start : start + 1_000], region=REGION)
            loaded.entries += answer.added + answer.extended + answer.unchanged
        loaded.entries_seconds = seconds()
    loaded.entries += _block_patterns(client)
    with clocked() as seconds, ThreadPoolExecutor(GATEWAYS) as gateways:
        starts = [gateways.submit(_reply, client, n, OptInStatus.OPT_IN_STATUS_ACCEPTED) for n in files.starts]
        stops = [gateways.submit(_reply, client, n, OptInStatus.OPT_IN_STATUS_REJECTED) for n in files.stops]
        loaded.replies = sum(reply.result() for reply in [*starts, *stops])
        loaded.replies_seconds = seconds()
    return loaded


def _block_patterns(client: Client) -> int:
    legal = EntryReason.ENTRY_REASON_LEGAL
    patterns = [
        NewEntry(address=BLOCKED_PREFIX, label="do-not-phone", source=Source.SOURCE_CONSOLE, reason=legal),
        NewEntry(address=BLOCKED_DOMAIN, label="do-not-email", source=Source.SOURCE_CONSOLE, reason=legal),
    ]
    return client.add_entries(patterns, region=REGION).added


def _reply(client: Client, number: str, status: OptInStatus.ValueType) -> bool:
    answer = client.set_opt_in(number, status, source=Source.SOURCE_INBOUND_MESSAGE)
    return answer.status == status


def screen(
    client: Client, texts: Sequence[str], expected: Sequence[Verdict], *, channel: Channel, policy: str
) -> Screened:
    """Screen a column as a dialer, a gateway or an e-mail tool would, and compare each verdict."""
    screened = Screened(channel.name, policy)
    shown: Counter[str] = Counter()
    with clocked() as seconds:
        answers = list(client.scrub(texts, channel=channel, policy=policy, region=REGION, chunk=CHUNK))
        screened.seconds = seconds()
    for answer in answers:
        screened.allowed += int(sum(answer.allowed))
        for place, verdict in enumerate(answer.verdicts):
            text = texts[answer.offset + place]
            screened.wrong += verdict != expected[answer.offset + place]
            _count(screened, shown, text, verdict, answer.findings_of(place))
    screened.rows = sum(map(len, answers))
    return screened


def _count(screened: Screened, shown: Counter[str], text: str, verdict: int, findings: tuple[Finding, ...]) -> None:
    name = verdict_name(verdict)
    reason = finding_kind(findings[0]) if findings else ""
    screened.tally[name, reason] += 1
    if shown[reason] < (SAMPLES_OF_A_REASON if reason else SAMPLES_ALLOWED) and _is_messy(text):
        shown[reason] += 1
        screened.samples.append((text, name, "; ".join(map(finding_kind, findings))))


def _is_messy(text: str) -> bool:
    """Tell whether the spelling alone is worth a look."""
    return not text.removeprefix("+").isdecimal() and not text.startswith("reader")


def opt_out(client: Client, address: str) -> OptedOut:
    """Let an agent opt a person out, and ask again at once, over every connection."""
    before = client.check_one(address, channel=Channel.VOICE, policy=SALE)
    entry = NewEntry(
        address=address,
        label="do-not-phone",
        source=Source.SOURCE_AGENT,
        note="asked not to be called again",
        evidence=Evidence(call_id="call-4711"),
    )
    with clocked() as seconds:
        client.add_entries([entry], actor="agent-7")
        added_ms = seconds() * 1e3
    with clocked() as seconds:
        afterwards = [client.check_one(address, channel=Channel.VOICE, policy=SALE)]
        next_check_ms = seconds() * 1e3
    afterwards += [client.check_one(address, channel=Channel.VOICE, policy=SALE) for _ in range(ASKED_AFTERWARDS - 1)]
    return OptedOut(address, before.verdict.name, [each.verdict.name for each in afterwards], added_ms, next_check_ms)


def explain(client: Client, address: str) -> ExplainResponse:
    """Ask why."""
    return client.explain(address, channel=Channel.VOICE, policy=SALE)


def try_out(client: Client, numbers: Sequence[str]) -> Trial:
    """Ask under a policy that only reports."""
    answers = list(client.scrub(numbers, channel=Channel.VOICE, policy=TRIAL))
    stopped = sum(verdict != Verdict.ALLOW.value for answer in answers for verdict in answer.verdicts)
    would = sum(verdict != Verdict.ALLOW.value for answer in answers for verdict in answer.shadow_verdicts)
    return Trial(len(numbers), stopped, would)


def measure(address: str, numbers: Sequence[str], policy: str) -> Timing:
    """Time calls of each kind in turn, over one connection, so that whatever disturbs one disturbs all."""
    voice = Wire.CHANNEL_VOICE
    rows = [CheckRow(address=number) for number in numbers[:100]]
    phones = np.resize(np.array([int(number) for number in numbers], dtype=np.uint64), TIMED_NUMBERS)
    scrub = ScrubRequest(policy=policy, channel=voice, phones=phones.tolist())
    with grpc.insecure_channel(address) as channel:
        health: Any = HealthStub(channel)  # grpcio's stubs of health have no types
        ask = CheckServiceStub(channel)
        calls: list[tuple[Any, Any]] = [
            (health.Check, HealthCheckRequest()),
            (ask.Check, CheckRequest(policy=policy, channel=voice, rows=rows[:1])),
            (ask.Check, CheckRequest(policy=policy, channel=voice, rows=rows)),
        ]
        rounds = [[_us(call, request) for call, request in calls] for _ in range(TIMED_CALLS)]
        scrubs = [_us(ask.Scrub, scrub) for _ in range(TIMED_SCRUBS)]
    null_us, check_1_us, check_100_us = (median(column) for column in zip(*rounds, strict=True))
    return Timing(null_us, check_1_us, check_100_us, median(scrubs) * 1e3 / len(phones), len(phones))


def _us(call: Any, request: Any) -> float:
    with clocked() as seconds:
        call(request)
        return seconds() * 1e6
