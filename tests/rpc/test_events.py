"""ListEvents and WatchEvents: the account's changes, each once, in order, with nothing that is the server's own."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import grpc
import pytest

from dncd.administration import revoke_token
from dncd.nouns import Role
from dncd.storage.contract import Table
from guarantees.story import PHONES
from serving import METHODS, Api, Served, in_ms, moment, pb

KINDS = {
    "entries_added": 1,
    "entries_removed": 2,
    "entries_expired": 3,
    "label_created": 4,
    "label_updated": 4,
    "label_archived": 4,
    "opt_in_set": 5,
    "opt_in_claimed": 5,
    "policy_applied": 6,
    "policy_deleted": 6,
    "account_created": 7,
    "token_created": 7,
    "token_revoked": 7,
}


def pages(api: Api, method: str, request: Any) -> list[list[Any]]:
    """Read every page; each says where it was read."""
    found = []
    while True:
        answer = api.call(method, request)
        assert answer.read_at.position
        [rows] = [value for field, value in answer.ListFields() if field.is_repeated] or [[]]
        found.append(list(rows))
        request.page_token = answer.next_page_token
        if not answer.next_page_token:
            return found


def events(api: Api, **filters: Any) -> list[Any]:
    return [event for page in pages(api, "ListEvents", pb.ListEventsRequest(**filters)) for event in page]


def until_quiet(stream: Any) -> Iterator[Any]:
    """Yield the answers of a stream up to its first heartbeat."""
    for answer in stream:
        yield answer
        if not answer.HasField("event"):
            return


def test_all_events_come_newest_first_and_oldest_first_without_gaps_of_the_account(server: Served) -> None:
    api = server.api(role=Role.AUDITOR)

    newest_first, oldest_first = events(api), events(api, oldest_first=True)

    positions = [event.position for event in oldest_first]
    assert newest_first == oldest_first[::-1]
    assert positions == sorted(set(positions))
    assert {event.WhichOneof("change") for event in oldest_first} >= set(KINDS) - {"token_revoked"}
    times = [in_ms(event.time) for event in oldest_first]
    assert times == sorted(times)


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("page_size", [1, 3, 1000])
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"kinds": [1]},
        {"kinds": [2, 5]},
        {"kinds": [8]},
        {"actor": "agent-1/kim"},
        {"actor": "kim"},
        {"address": PHONES[0]},
        {"address": "(415) 555-0101", "region": "US"},
        {"address": "+44*"},
        {"address": "+1999*", "kinds": [1]},
        {"before": 2000},
        {"from": 2000},
        {"from": 2000, "before": 2001},
        {"from": 0, "before": 10**9, "kinds": [1], "address": PHONES[0]},
    ],
    ids=str,
)
def test_filters_give_what_matches_on_pages_of_any_size_in_both_orders(
    server: Served, filters: dict[str, Any], page_size: int, oldest_first: bool
) -> None:
    api = server.api("beta")
    begin = in_ms(events(api, oldest_first=True)[0].time)
    wanted: dict[str, Any] = {
        key: moment(begin + value) if key in {"from", "before"} else value for key, value in filters.items()
    }
    if wanted.pop("region", ""):
        wanted["address"] = "+14155550101"  # ListEvents takes numbers of the account's own region; beta is British
    expected = [event for event in events(api) if matches(event, wanted)]
    if "address" in wanted:
        expected = [only_about(event, wanted["address"]) for event in expected]

    found = pages(api, "ListEvents", pb.ListEventsRequest(**wanted, page_size=page_size, oldest_first=oldest_first))

    listed = [event for page in found for event in page]
    assert listed == (expected[::-1] if oldest_first else expected)
    assert all(len(page) <= page_size for page in found)


def matches(event: Any, wanted: dict[str, Any]) -> bool:
    kind = event.WhichOneof("change")
    time_ms = in_ms(event.time)
    return (
        ("kinds" not in wanted or KINDS.get(kind, 8) in wanted["kinds"])
        and wanted.get("actor", event.actor) in {event.actor, event.actor.partition("/")[2]}
        and ("address" not in wanted or wanted["address"] in addresses_of(event))
        and ("from" not in wanted or time_ms >= in_ms(wanted["from"]))
        and ("before" not in wanted or time_ms < in_ms(wanted["before"]))
    )


def addresses_of(event: Any) -> set[str]:
    change = getattr(event, event.WhichOneof("change"))
    if hasattr(change, "entries"):
        return {row.address for row in change.entries}
    return {change.address} if hasattr(change, "address") else set()


def only_about(event: Any, address: str) -> Any:
    """Cut an event down to the rows about one address, with their outcomes."""
    cut = type(event)()
    cut.CopyFrom(event)
    change = getattr(cut, cut.WhichOneof("change"))
    if hasattr(change, "entries"):
        rows = [
            (row, code) for row, code in zip(change.entries, change.outcomes, strict=True) if row.address == address
        ]
        del change.entries[:], change.outcomes[:]
        change.entries.extend(row for row, _ in rows)
        change.outcomes.extend(code for _, code in rows)
    return cut


def test_an_address_has_the_events_that_tidied_it_away_in_its_history(server: Served) -> None:
    kinds = [event.WhichOneof("change") for event in events(server.api(), address=PHONES[1])]

    assert kinds == ["entries_expired", "opt_in_claimed", "entries_added"]


def test_no_answer_holds_the_digest_of_a_token_or_request(server: Served) -> None:
    api = server.api(role=Role.ADMIN)
    with server.store.snapshot() as snapshot:
        digests = [bytes.fromhex(part) for _, row in snapshot.scan(Table.TOKENS) for part in hex_words(row)]
        digests += [row[8:40] for _, row in snapshot.scan(Table.REQUESTS)]

    told = [api.raw("ListEvents", pb.ListEventsRequest(page_size=1000))]
    told += [answer.SerializeToString() for answer in until_quiet(api.watch(pb.WatchEventsRequest(after_position=0)))]
    row = pb.CheckRow(address=PHONES[0])
    told += [api.raw("Explain", pb.ExplainRequest(channel=1, row=row))]
    told += [api.raw("GetAddress", pb.GetAddressRequest(address=PHONES[0]))]

    assert digests
    assert not [digest for digest in digests for answer in told if digest in answer or digest.hex().encode() in answer]


def hex_words(row: bytes) -> list[str]:
    return [word for word in row.decode().replace('"', " ").split() if len(word) == 64]


def test_a_watch_from_the_beginning_tells_every_event_once_and_in_order(server: Served) -> None:
    api = server.api()

    told = [answer.event for answer in until_quiet(api.watch(pb.WatchEventsRequest(after_position=0)))][:-1]

    assert told == events(api, oldest_first=True)


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_a_watch_resumed_behind_the_last_position_seen_misses_nothing_and_repeats_nothing(
    server: Served, cut: int
) -> None:
    api = server.api()
    first = list(islice(api.watch(pb.WatchEventsRequest(after_position=0)), cut))

    resumed = until_quiet(api.watch(pb.WatchEventsRequest(after_position=first[-1].read_at.position)))

    told = [answer.event for answer in [*first, *resumed] if answer.HasField("event")]
    assert told == events(api, oldest_first=True)


def test_a_watch_from_now_on_tells_what_comes_and_nothing_before(server: Served) -> None:
    api = server.api()
    stream = api.watch(pb.WatchEventsRequest())
    begun = next(stream)
    server.api("beta").add("+442079460001")
    changes = [api.add(f"+1415555090{number}").written_at for number in range(3)]

    told = list(islice((answer for answer in stream if answer.HasField("event")), 3))

    assert not begun.HasField("event")
    assert [answer.read_at for answer in told] == changes
    assert [answer.event.position for answer in told] == [change.position for change in changes]
    stream.cancel()


def test_a_quiet_watch_of_some_kinds_gets_heartbeats_whose_revision_moves_on(server: Served) -> None:
    api = server.api()
    stream = api.watch(pb.WatchEventsRequest(kinds=[6], heartbeat_seconds=1))
    first = next(stream)
    written = api.add("+14155550999").written_at

    beats = list(islice(stream, 1))

    assert not any(answer.HasField("event") for answer in beats)
    assert first.read_at.position < written.position <= beats[-1].read_at.position
    stream.cancel()


def test_a_watch_ends_when_its_token_is_revoked(server: Served) -> None:
    server.account("watched")
    token = server.token("watched")
    watcher, other = Api(server.address, token), server.api("watched")
    stream = watcher.watch(pb.WatchEventsRequest())
    next(stream)
    revoke_token(server.store, server.clock(), token.split("_")[1])
    other.add("+14155550998")

    with pytest.raises(grpc.RpcError) as refused:
        next(stream)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    watcher.close()


def test_watchers_beyond_the_limit_are_refused_and_places_are_given_back(server: Served) -> None:
    api = server.api()
    streams = [api.watch(pb.WatchEventsRequest()) for _ in range(16)]
    for stream in streams:
        next(stream)

    refused = api.refused("WatchEvents", pb.WatchEventsRequest())

    for stream in streams:
        stream.cancel()
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "ERROR_REASON_TOO_MANY_WATCHERS",
    )


@pytest.mark.parametrize("method", ["ListLabels", "ListPolicies", "ListEntries"])
@pytest.mark.parametrize("page_size", [1, 2, 3])
def test_pages_hold_everything_once_in_order(server: Served, method: str, page_size: int) -> None:
    api = server.api("beta")
    for name in ("a", "b.c", "Z", "z-9"):
        api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name=name, channels=[1])))
        api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name=name)))
    [whole] = pages(api, method, METHODS[method].request(page_size=1000))

    found = pages(api, method, METHODS[method].request(page_size=page_size))

    assert [row for page in found for row in page] == whole
    assert [len(page) for page in found[:-1]] == [page_size] * (len(found) - 1)
    assert len(whole) > page_size
    if method != "ListEntries":
        names = [row.policy.name if method == "ListPolicies" else row.name for row in whole]
        assert names == sorted(names)
