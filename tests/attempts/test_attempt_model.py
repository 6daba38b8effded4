"""Limits against the plainest reading of them: a list of attempts, looked through from end to end."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from attempts.attempting import HOUR_MS, LEASE_MS, Book, Wanted, cooldown, limit
from dncd.attempts import RECORDED, UNCHANGED, UNKNOWN
from dncd.bounds import Bound
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Rule
from dncd.rules.place import NOWHERE

PHONES = (14155550100, 14155550101)
IDS = ("", "one", "two")
BOUNDS: tuple[Bound, ...] = (
    limit(2, 24),
    limit(3, 168),
    limit(1, 1, AttemptScope.NUMBER, Channel.SMS),
    limit(2, 48, AttemptScope.CONTACT),
    limit(2, 72, AttemptScope.DEBT, Channel.VOICE),
    cooldown(AttemptOutcome.ABANDONED, 72),
    cooldown(AttemptOutcome.CONVERSATION, 0, 7, AttemptScope.DEBT, Channel.VOICE),
)
BARE: tuple[Bound, ...] = tuple(bound for bound in BOUNDS if bound.per is AttemptScope.NUMBER)
wants = st.builds(Wanted, st.sampled_from(PHONES), st.sampled_from(IDS), st.sampled_from(IDS))
policies = st.sampled_from([BOUNDS, BARE, BOUNDS[:1], BOUNDS[3:5], ()])
# The weakest first.
STRENGTHS = (
    AttemptOutcome.PENDING,
    AttemptOutcome.RELEASED,
    AttemptOutcome.NO_ANSWER,
    AttemptOutcome.ABANDONED,
    AttemptOutcome.CONVERSATION,
)
# Times at which something ends, and the instants beside them.
steps = st.builds(
    int.__add__,
    st.sampled_from([1, LEASE_MS, HOUR_MS, 24 * HOUR_MS, 48 * HOUR_MS, 72 * HOUR_MS, 169 * HOUR_MS]),
    st.sampled_from([-1, 0, 1]),
)


@dataclass
class Made:
    """An attempt, as the reference keeps it."""

    wanted: Wanted
    channel: Channel
    reserved_ms: int
    lease_ends_ms: int
    outcome: AttemptOutcome = AttemptOutcome.PENDING
    told_ms: dict[AttemptOutcome, int] = field(default_factory=dict)


class Model:
    """The reference."""

    def __init__(self) -> None:
        self.made: list[Made] = []

    def stops(self, bound: Bound, wanted: Wanted, channel: Channel, now_ms: int) -> bool:
        if bound.channels and channel not in bound.channels:
            return False
        key = key_of(bound.per, wanted)
        if not key:
            return True
        alike = [made for made in self.made if key_of(bound.per, made.wanted) == key]
        alike = [made for made in alike if not bound.channels or made.channel in bound.channels]
        if bound.after is not None:
            hours = bound.hours or bound.days * 24 + 1
            # A pause that was due stays due, whatever was told of the attempt since.
            times = [made.told_ms[bound.after] for made in alike if bound.after in made.told_ms]
            return any(now_ms < time_ms + hours * HOUR_MS for time_ms in times)
        recent = [made for made in alike if now_ms < made.reserved_ms + bound.per_hours * HOUR_MS]
        return sum(counts(made, now_ms) for made in recent) >= bound.max


def key_of(scope: AttemptScope, wanted: Wanted) -> object:
    return {
        AttemptScope.NUMBER: wanted.phone,
        AttemptScope.CONTACT: wanted.contact_id,
        AttemptScope.DEBT: wanted.debt_id,
    }[scope]


def counts(made: Made, now_ms: int) -> bool:
    if made.outcome is AttemptOutcome.PENDING:
        return now_ms < made.lease_ends_ms
    return made.outcome is not AttemptOutcome.RELEASED


class Attempts(RuleBasedStateMachine):
    """Claims, completions and time in any order."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.model = Model()
        self.by_name: dict[str, Made] = {}

    @rule(step=steps)
    def time_passes(self, step: int) -> None:
        self.book.now_ms += step

    @rule(
        target=claims,
        wanted=st.lists(wants, min_size=1, max_size=4),
        bounds=policies,
        channel=st.sampled_from([Channel.VOICE, Channel.SMS]),
    )
    def claim(self, wanted: list[Wanted], bounds: tuple[Bound, ...], channel: Channel) -> object:
        now_ms = self.book.now_ms
        names = self.book.claim(*wanted, bounds=bounds, channel=channel)

        for each, name in zip(wanted, names, strict=True):
            stopped = any(self.model.stops(bound, each, channel, now_ms) for bound in bounds)
            assert bool(name) is not stopped
            if name:
                made = Made(each, channel, now_ms, now_ms + LEASE_MS)
                self.model.made.append(made)
                self.by_name[name] = made
        return multiple(*filter(None, names))

    @rule(name=claims, outcome=st.sampled_from([outcome for outcome in AttemptOutcome if outcome != 1]))
    def complete(self, name: str, outcome: AttemptOutcome) -> None:
        made = self.by_name[name]
        expected = RECORDED if STRENGTHS.index(outcome) > STRENGTHS.index(made.outcome) else UNCHANGED

        [code] = self.book.complete(name, outcome=outcome)

        assert code == expected
        if code == RECORDED:
            made.outcome, made.told_ms[outcome] = outcome, self.book.now_ms

    @rule(name=consumes(claims))
    def another_account_knows_nothing_of_a_claim(self, name: str) -> None:
        assert self.book.complete(name, account=8) == bytes([UNKNOWN])

    @rule(
        wanted=st.lists(wants, min_size=1, max_size=4),
        bounds=policies,
        channel=st.sampled_from([Channel.VOICE, Channel.SMS]),
    )
    def what_is_found_in_columns_is_what_the_reference_says(
        self, wanted: list[Wanted], bounds: tuple[Bound, ...], channel: Channel
    ) -> None:
        now_ms = self.book.now_ms

        findings, grounds = self.book.find(*wanted, bounds=bounds, channel=channel)

        for row, each in enumerate(wanted):
            of_row = findings[findings["row"] == row]
            stopping = [bound for bound in bounds if self.model.stops(bound, each, channel, now_ms)]
            lacking = {bound.per for bound in stopping if not key_of(bound.per, each)}
            full = [bound for bound in stopping if key_of(bound.per, each)]
            assert sum(of_row["rule"] == Rule.CONTEXT_MISSING) == len(lacking)
            deferring = of_row[of_row["rule"] != Rule.CONTEXT_MISSING]
            assert sorted(map(ground_of, full)) == sorted(
                (ground.per, ground.max, ground.per_hours, ground.after or 0)
                for ground in (grounds[index] for index in deferring["ground"])
            )
            for finding in deferring:
                ground = grounds[finding["ground"]]
                [bound] = [
                    each
                    for each in full
                    if ground_of(each) == (ground.per, ground.max, ground.per_hours, ground.after or 0)
                ]
                retry_ms = int(finding["retry_at_ms"])
                assert self.model.stops(bound, each, channel, retry_ms - 1)
                assert not self.model.stops(bound, each, channel, retry_ms)

    @rule()
    def a_batch_equals_its_rows(self) -> None:
        wanted = [Wanted(phone, contact, debt) for phone in PHONES for contact in IDS for debt in IDS]

        whole, grounds = self.book.find(*wanted, bounds=BOUNDS)

        for row, each in enumerate(wanted):
            alone, alone_grounds = self.book.find(each, bounds=BOUNDS)
            assert [grounds[index] for index in whole[whole["row"] == row]["ground"]] == [
                alone_grounds[index] for index in alone["ground"]
            ]


def ground_of(bound: Bound) -> tuple[int, int, int, int]:
    ground = bound.ground(NOWHERE)
    return bound.per, ground.max, ground.per_hours, ground.after or 0


TestAttempts = Attempts.TestCase
TestAttempts.settings = settings(max_examples=40, stateful_step_count=30)
