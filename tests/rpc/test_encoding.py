"""The journal's encoding loses nothing: what is written is read back as it was."""

from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from dncd import events
from dncd.addresses import Target
from dncd.encoding import decode, encode, event_message, message_outcome, public_event
from dncd.nouns import (
    AttemptOutcome,
    AttemptScope,
    Channel,
    ConsentKind,
    EntryReason,
    MessageClass,
    Mode,
    OptInStatus,
    Purpose,
    RemovalReason,
    ReviewDecision,
    Role,
    RowOutcome,
    Source,
    Unscreened,
)
from dncd.storage.keys import Kind

words = st.text(st.characters(codec="utf-8"), max_size=12)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,10}", fullmatch=True)
times = st.integers(0, 253_402_300_799_000)
phones = st.integers(1_000_000, 10**15 - 1).map(lambda number: Target(Kind.PHONE, f"+{number}"))
emails = st.tuples(names, names).map(lambda parts: Target(Kind.EMAIL, f"{parts[0]}@{parts[1]}.com"))
prefixes = st.integers(1, 10**14 - 1).map(lambda digits: Target(Kind.PREFIX, f"+{digits}*"))
domains = names.map(lambda name: Target(Kind.DOMAIN, f"@{name}.com"))
targets = st.one_of(phones, emails, prefixes, domains)
evidence = st.builds(events.Evidence, words, words, words, words)
kind = st.sampled_from
labels = st.builds(
    events.Label,
    names,
    st.frozensets(kind(Channel), min_size=1),
    st.frozensets(kind(Purpose)),
    words,
    st.booleans(),
    st.booleans(),
)
required = st.builds(
    events.RequiredRegistry,
    names,
    st.integers(0, 3660),
    st.frozensets(st.integers(1, 14)),
    st.integers(0, 3660),
    st.frozensets(kind(ConsentKind)),
)
regions = st.frozensets(st.sampled_from(["US", "US-FL", "CA-ON", "GB"]))
limits = st.builds(
    events.AttemptLimit,
    st.integers(1, 1000),
    st.integers(1, 744),
    regions,
    kind(AttemptScope),
    st.frozensets(kind(Channel)),
)
after = kind([AttemptOutcome.CONVERSATION, AttemptOutcome.ABANDONED])
cooldowns = st.builds(
    events.Cooldown,
    after,
    st.integers(0, 720),
    st.integers(0, 30),
    regions,
    kind(AttemptScope),
    st.frozensets(kind(Channel)),
)
files = st.builds(events.SourceFile, words, words, st.integers(0, 2**40))
snapshots = st.builds(
    events.Snapshot,
    names,
    names,
    names,
    st.dates(),
    st.lists(files, max_size=2).map(tuple),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.lists(names, max_size=2).map(tuple),
    names,
    st.lists(st.tuples(names, st.dates()), max_size=2).map(tuple),
    st.none() | st.lists(st.tuples(names, st.integers(0, 2**40)), max_size=2).map(tuple),
)
several = st.lists(names, max_size=3).map(tuple)
policies = st.builds(
    events.Policy,
    names,
    st.frozensets(kind(Channel)),
    kind(Purpose),
    st.lists(names, max_size=3).map(tuple),
    st.frozensets(kind(Channel)),
    kind(Mode),
    st.lists(required, max_size=2).map(tuple),
    kind(Unscreened),
    several,
    st.lists(limits, max_size=2).map(tuple),
    st.lists(cooldowns, max_size=2).map(tuple),
    several,
    st.frozensets(kind(Channel)),
)
added = st.builds(events.AddedEntry, targets, names, kind(Source), kind(EntryReason), words, evidence, times, times)
removed = st.builds(events.RemovedEntry, targets, names)
counts = st.integers(0, 2**32 - 1)
addresses = st.one_of(phones, emails)
some_channels = st.frozensets(kind(Channel), min_size=1)
claim_limits = st.builds(
    events.ClaimLimit,
    kind(AttemptScope),
    st.frozensets(kind(Channel)),
    counts,
    times,
    st.none() | after,
    times,
)
claimed = st.builds(
    events.ClaimedAttempt, counts, addresses, words, words, st.lists(st.integers(0, 40), max_size=3).map(tuple)
)
completed = st.builds(events.CompletedAttempt, words, kind(AttemptOutcome))
changes: dict[type, st.SearchStrategy[Any]] = {
    events.EntriesAdded: st.builds(events.EntriesAdded, st.lists(added, max_size=3)),
    events.EntriesRemoved: st.builds(
        events.EntriesRemoved, st.lists(removed, max_size=3), kind(RemovalReason), words, evidence
    ),
    events.EntriesExpired: st.builds(events.EntriesExpired, times, counts),
    events.LabelCreated: st.builds(events.LabelCreated, labels),
    events.LabelUpdated: st.builds(events.LabelUpdated, labels),
    events.LabelArchived: st.builds(events.LabelArchived, names),
    events.OptInSet: st.builds(events.OptInSet, phones, kind(OptInStatus), kind(Source), words, evidence),
    events.OptInClaimed: st.builds(events.OptInClaimed, phones, words),
    events.PolicyApplied: st.builds(events.PolicyApplied, policies),
    events.PolicyDeleted: st.builds(events.PolicyDeleted, names),
    events.AccountCreated: st.builds(events.AccountCreated, names, st.sampled_from(["", "US", "GB"])),
    events.TokenCreated: st.builds(
        events.TokenCreated, names, names, kind(Role), st.binary(min_size=32, max_size=32), times
    ),
    events.TokenRevoked: st.builds(events.TokenRevoked, names),
    events.RequestsPruned: st.builds(events.RequestsPruned, times, counts),
    events.RegistryCreated: st.builds(events.RegistryCreated, st.builds(events.Registry, names, several, words)),
    events.SnapshotImported: st.builds(events.SnapshotImported, snapshots),
    events.SnapshotActivated: st.builds(events.SnapshotActivated, names, names, words),
    events.SnapshotPruned: st.builds(events.SnapshotPruned, names, names),
    events.CoverageGranted: st.builds(events.CoverageGranted, names, names, counts, several),
    events.InboundMessageRecorded: st.builds(
        events.InboundMessageRecorded,
        phones,
        kind(Channel),
        kind(MessageClass),
        words,
        words,
        words,
        st.binary(max_size=32),
        times,
    ),
    events.ReviewDecided: st.builds(events.ReviewDecided, st.integers(1, 2**63), phones, kind(ReviewDecision), words),
    events.ConsentRecorded: st.builds(
        events.ConsentRecorded,
        addresses,
        kind(ConsentKind),
        some_channels,
        st.none() | kind(Purpose),
        names | st.just(""),
        times,
        times,
        kind(Source),
        evidence,
        words,
    ),
    events.ConsentRevoked: st.builds(
        events.ConsentRevoked,
        addresses,
        some_channels,
        st.frozensets(kind(Purpose)),
        st.booleans(),
        kind(Source),
        evidence,
        words,
    ),
    events.PermissionAnswered: st.builds(
        events.PermissionAnswered, addresses, kind(Channel), names | st.just(""), st.booleans(), times, words, evidence
    ),
    events.SendClaimed: st.builds(events.SendClaimed, st.integers(1, 2**63), addresses),
    events.RegionClosed: st.builds(events.RegionClosed, names, times, words),
    events.RegionOpened: st.builds(events.RegionOpened, names, words),
    events.AccountChanged: st.builds(events.AccountChanged, names, st.sampled_from(["", "US", "GB"]), st.booleans()),
    events.AttemptsReserved: st.builds(
        events.AttemptsReserved,
        kind(Channel),
        times,
        st.lists(claim_limits, max_size=2).map(tuple),
        st.lists(claimed, max_size=3).map(tuple),
        counts,
    ),
    events.AttemptsCompleted: st.builds(events.AttemptsCompleted, st.lists(completed, max_size=3).map(tuple)),
    events.AttemptsPruned: st.builds(events.AttemptsPruned, times, counts),
}
ONE_CODE = (events.ReviewDecided, events.ConsentRecorded, events.ConsentRevoked, events.SendClaimed)
drafts = st.builds(
    events.Draft,
    st.integers(0, 2**32 - 1),
    words,
    kind(Role),
    st.one_of(*changes.values()),
    st.one_of(st.just(b""), st.binary(min_size=16, max_size=16)),
    st.one_of(st.just(b""), st.binary(min_size=32, max_size=32)),
)
accepted = st.builds(events.Event, st.integers(1, 2**63), times, drafts)


def codes_of(event: events.Event) -> bytes:
    """Make outcome codes such as the change gives."""
    change = event.draft.change
    if isinstance(change, events.EntriesAdded | events.EntriesRemoved):
        return bytes([RowOutcome.UNCHANGED]) * len(change.entries)
    if isinstance(change, events.InboundMessageRecorded):
        return message_outcome(OptInStatus.SENT, OptInStatus.REJECTED, event.time_ms)
    if isinstance(change, events.AttemptsReserved):
        return b"\x01" * len(change.attempts)
    if isinstance(change, ONE_CODE):
        return b"\x01"
    return {events.OptInSet: b"\x01", events.OptInClaimed: b"\x01\x02\x00"}.get(type(change), b"")


def test_every_kind_of_change_is_tried() -> None:
    assert set(changes) == set(get_args(events.Change))


@given(accepted)
@settings(max_examples=150)
def test_an_event_that_was_written_is_read_back_as_it_was(event: events.Event) -> None:
    assert decode(encode(event, codes_of(event))) == event


@given(accepted)
@settings(max_examples=150)
def test_what_callers_get_of_an_event_holds_no_digest_and_no_account_id(event: events.Event) -> None:
    told = public_event(encode(event, codes_of(event)))

    assert told.account_id == 0
    assert told.request_digest == b""
    assert told.token_created.secret_digest == b""
    assert told.WhichOneof("change") == event_message(event).WhichOneof("change")
