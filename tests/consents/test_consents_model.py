"""Random changes, made to the server and to a model beside it: what is known is always the same."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from consents.desk import ACCOUNT, BOOK, MAILBOX, MINUTE_MS, desk, in_ms, moment, new_id
from consents.reference import ALLOW, PERMISSION_REQUIRED, STOP, Alike, Permission, Person, ends
from dncd import history
from dncd.facts import Fact
from dncd.nouns import Channel, ConsentKind, Role, Source
from dncd.terms import Terms
from dncd.touched import read
from dncd.transport import fields
from replaying import assert_replay_equals

PEOPLE = ["+14155550101", "+442079460123", MAILBOX]
NUMBERS = PEOPLE[:2]
LABELS = ["do-not-contact", "do-not-phone", "do-not-text", "do-not-email"]
TERMS = Terms(BOOK.packs.values(), BOOK.places)
DAY_MS = 86_400_000
# Midnight of 2027-01-31 in California.
WIDENED_MS = 1_801_382_400_000
people, numbers = st.sampled_from(PEOPLE), st.sampled_from(NUMBERS)


class Changed(RuleBasedStateMachine):
    """One account, with a model of three persons."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.desk = self.closing.enter_context(desk())
        self.known = {address: Person() for address in PEOPLE}
        self.names: list[tuple[str, int]] = []
        self.granted: list[tuple[str, int, str]] = []
        self.reviews: list[tuple[str, int]] = []
        self.past: list[tuple[str, int, list[Fact]]] = []

    def teardown(self) -> None:
        with self.closing, TemporaryDirectory() as folder:
            assert_replay_equals(self.desk.store, Path(folder) / "replay")
            for address, position, facts in self.past[-12:]:
                assert self.rebuilt(address, position) == facts

    def rebuilt(self, address: str, position: int) -> list[Fact]:
        key = fields.target(address, "US").key(ACCOUNT)
        with self.desk.store.snapshot() as snapshot:
            past = history.rebuild(snapshot, ACCOUNT, [key], position)
        with past.snapshot() as then:
            return read(then, key).facts

    @property
    def now_ms(self) -> int:
        return self.desk.clock()

    @rule(
        address=people,
        kind=st.sampled_from(list(ConsentKind)),
        channels=st.frozensets(st.sampled_from([1, 2, 4]), max_size=2),
        purpose=st.integers(0, 2),
        policy=st.sampled_from(["", "", "mail"]),
        given_days=st.integers(0, 60),
        lasts_days=st.sampled_from([0, 1, 40, 900]),
    )
    def record(
        self,
        address: str,
        kind: ConsentKind,
        channels: frozenset[int],
        purpose: int,
        policy: str,
        given_days: int,
        lasts_days: int,
    ) -> None:
        reach = {3} if address == MAILBOX else {1, 2, 4}
        channels &= reach
        given_ms = self.now_ms - given_days * DAY_MS
        wanted_ms = self.now_ms + lasts_days * DAY_MS if lasts_days else 0
        ends_ms = TERMS.ends_at_ms(fields.target(address, "US"), kind, given_ms, wanted_ms)

        answer = self.desk.consent(
            kind,
            address,
            channels=channels,
            purpose=purpose,
            policy=policy,
            given_at=moment(given_ms),
            expires_at=moment(wanted_ms) if wanted_ms else None,
        )

        alike = Alike(kind, frozenset(channels or reach), purpose, policy)
        assert answer.changed == self.known[address].record(alike, given_ms, ends(ends_ms))

    @rule(
        address=people,
        channels=st.frozensets(st.integers(1, 4), max_size=2),
        purposes=st.frozensets(st.integers(1, 3), max_size=2),
    )
    def revoke(self, address: str, channels: frozenset[int], purposes: frozenset[int]) -> None:
        answer = self.desk.call("RevokeConsent", address=address, channels=channels, purposes=purposes, source=1)

        widened = self.now_ms >= WIDENED_MS and address == PEOPLE[0] and bool(purposes)
        expected = self.known[address].revoke(
            set(channels or {1, 2, 3, 4}), set() if widened else set(purposes), self.now_ms
        )
        assert (answer.revoked, answer.widened) == (expected, widened)

    @rule(address=people, label=st.sampled_from(LABELS), source=st.sampled_from(list(Source)))
    def add(self, address: str, label: str, source: Source) -> None:
        position = self.desk.add(address, label, source)

        self.known[address].add(label, source, position, self.now_ms)

    @rule(address=people, label=st.sampled_from(LABELS))
    def remove(self, address: str, label: str) -> None:
        self.desk.remove(address, label)

        kept = {key: position for key, position in self.known[address].entries.items() if key[0] != label}
        self.known[address].entries = kept

    @rule(address=numbers, text=st.sampled_from(["STOP", "STOP", "START", "HELP", "thanks", "maybe stop"]))
    def say(self, address: str, text: str) -> None:
        answer = self.desk.say(text, address)

        position, person = answer.written_at.position, self.known[address]
        confirms = (text == "STOP" and person.stop(position, self.now_ms)) or (
            text == "START" and person.start(self.now_ms)
        )
        # Of one opt-out there is one confirmation: an older STOP that stands has had it.
        confirms = confirms and person.entries.get(STOP, position) == position
        if confirms:
            person.permissions[position] = Permission(confirms=True, ends_ms=self.now_ms + 5 * MINUTE_MS)
            self.names.append((address, position))
        if text == "maybe stop":
            person.reviews.add(position)
            self.reviews.append((address, position))
        assert answer.confirmation == (str(position) if confirms else "")
        assert answer.status == person.status

    @precondition(lambda self: self.reviews)
    @rule(choice=st.integers(0, 99), opt_out=st.booleans())
    def decide(self, choice: int, opt_out: bool) -> None:
        address, name = self.reviews[choice % len(self.reviews)]

        answer = self.desk.call("DecideReview", review=str(name), decision=1 if opt_out else 2)

        person = self.known[address]
        waited = name in person.reviews
        person.reviews.discard(name)
        if opt_out:
            # Decided before, nobody knows any more on which channel it was written.
            person.stop(answer.written_at.position, self.now_ms, everywhere=not waited)
        # An opt-out that was said in other words before may change something too, such as the channels it is for.
        assert answer.changed >= waited
        assert opt_out or answer.changed == waited

    @rule(address=numbers, status=st.sampled_from([1, 2, 3, 4]))
    def set_status(self, address: str, status: int) -> None:
        answer = self.desk.call(
            "SetOptIn", Role.MANAGER, address=address, status=status, source=7, evidence={"reference": "r"}
        )

        person = self.known[address]
        assert answer.before == person.status
        if status == 4:
            person.stop(answer.written_at.position, self.now_ms)
        elif status == 3:
            person.start(self.now_ms, everywhere=True)
        else:
            person.move(status, self.now_ms)

    @rule(given=st.booleans())
    def permit(self, given: bool) -> None:
        answer = self.desk.permit(permission_given=given)

        person, position = self.known[MAILBOX], answer.written_at.position
        verdict = person.mail_verdict()
        person.take_back()
        if given and verdict == PERMISSION_REQUIRED:
            person.permissions[position] = Permission(confirms=False, ends_ms=self.now_ms + 15 * MINUTE_MS)
            self.names.append((MAILBOX, position))
            assert (answer.verdict, answer.permission) == (ALLOW, str(position))
        else:
            assert (answer.verdict, answer.permission) == (verdict, "")

    @precondition(lambda self: self.names)
    @rule(choice=st.integers(0, 99))
    def claim(self, choice: int) -> None:
        address, name = self.names[-1 - choice % len(self.names)]
        request_id = new_id()

        answer = self.desk.claim(str(name), request_id=request_id)

        assert answer.granted == self.known[address].claim(name, self.now_ms)
        assert (answer.verdict == ALLOW) == answer.granted
        if answer.granted:
            self.granted.append((address, name, request_id))

    @precondition(lambda self: self.granted)
    @rule(choice=st.integers(0, 99))
    def claim_again(self, choice: int) -> None:
        address, name, request_id = self.granted[-1 - choice % len(self.granted)]

        answer = self.desk.claim(str(name), request_id=request_id)

        assert answer.granted == self.known[address].claim(name, self.now_ms, again=True)
        assert (answer.verdict == ALLOW) == answer.granted

    @rule(ms=st.sampled_from([1, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * DAY_MS, 300 * DAY_MS]))
    def let_time_pass(self, ms: int) -> None:
        self.desk.clock.now_ms += ms

    @invariant()
    def what_is_known_is_the_same(self) -> None:
        for address, person in self.known.items():
            told = {_alike(each): (in_ms(each.given_at), _end_of(each)) for each in self.told(address)}
            assert told == person.consents
        waiting = [int(each.review) for each in self.desk.call("ListReviews", page_size=1000).reviews]
        assert waiting == sorted(name for person in self.known.values() for name in person.reviews)
        for address in NUMBERS:
            assert self.desk.status(address) == self.known[address].status
            assert self.desk.verdict(address) == self.known[address].text_verdict()
        assert self.desk.verdict(MAILBOX, Channel.EMAIL, "mail") == self.known[MAILBOX].mail_verdict()
        address = PEOPLE[self.desk.head() % len(PEOPLE)]
        self.past.append((address, self.desk.head(), self.desk.facts(address)))

    def told(self, address: str) -> list[Any]:
        listed = self.desk.consents(address)
        active = [in_ms(each.consent.given_at) <= self.now_ms < _end_of(each.consent) for each in listed]
        assert [each.active for each in listed] == active
        return [each.consent for each in listed]


def _alike(consent: Any) -> Alike:
    return Alike(consent.kind, frozenset(consent.channels), consent.purpose, consent.policy)


def _end_of(consent: Any) -> float:
    return ends(in_ms(consent.expires_at) if consent.HasField("expires_at") else 0)


TestChanged = Changed.TestCase
TestChanged.settings = settings(max_examples=25, stateful_step_count=30)
