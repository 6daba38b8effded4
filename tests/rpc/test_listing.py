"""Listings of entries and histories: every filter, and what is left out is told."""

from typing import Any

import pytest

from dncd.nouns import Role
from guarantees.story import PHONES
from serving import Served, in_ms, moment, pb

HOUR_MS = 3_600_000
NUMBERS = [f"+1303555{number:04d}" for number in range(6)]


@pytest.fixture(scope="module", autouse=True)
def begin_ms(server: Served) -> int:
    """Make an account with entries an hour apart, by two actors for two reasons."""
    server.account("lister")
    api, begun = server.api("lister", Role.MANAGER), server.clock()
    for place, number in enumerate(NUMBERS):
        entry = pb.NewEntry(address=number, label="do-not-phone", source=6, reason=1 + place % 2, note=f"note {place}")
        actor = "kim" if place % 3 else ""
        api.call("AddEntries", pb.AddEntriesRequest(entries=[entry], actor=actor))
        server.clock.advance(HOUR_MS)
    return begun


@pytest.mark.parametrize("page_size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"label": "do-not-phone"}, [5, 4, 3, 2, 1, 0]),
        ({"label": "do-not-text"}, []),
        ({"reason": 1}, [4, 2, 0]),
        ({"reason": 2, "label": "do-not-phone"}, [5, 3, 1]),
        ({"actor": "manager-1/kim"}, [5, 4, 2, 1]),
        ({"actor": "manager-1"}, [3, 0]),
        ({"actor": "kim"}, [5, 4, 2, 1]),
        ({"recorded_from": 2}, [5, 4, 3, 2]),
        ({"recorded_before": 2}, [1, 0]),
        ({"recorded_from": 1, "recorded_before": 4}, [3, 2, 1]),
        ({"recorded_from": 1, "recorded_before": 4, "label": "do-not-phone", "reason": 1}, [2]),
        ({"recorded_from": 4, "recorded_before": 1}, []),
        ({"recorded_before": 1_000_000}, [5, 4, 3, 2, 1, 0]),
        ({"address_contains": "0003"}, [3]),
        ({"address_contains": "+1303"}, [5, 4, 3, 2, 1, 0]),
        ({"source": 6}, [5, 4, 3, 2, 1, 0]),
        ({"source": 5}, []),
    ],
    ids=str,
)
def test_filters_of_entries_give_what_matches_newest_first_on_pages_of_any_size(
    server: Served, begin_ms: int, filters: dict[str, Any], expected: list[int], page_size: int
) -> None:
    wanted: dict[str, Any] = {
        key: moment(begin_ms + value * HOUR_MS) if key.startswith("recorded") else value
        for key, value in filters.items()
    }
    request = pb.ListEntriesRequest(**wanted, page_size=page_size)
    listed, totals = [], []
    while True:
        page = server.api("lister", Role.AUDITOR).call("ListEntries", request)
        listed += page.entries
        totals.append(page.total)
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break

    assert [entry.note for entry in listed] == [f"note {place}" for place in expected]
    assert totals[0] == len(expected)
    assert [in_ms(entry.recorded_at) for entry in listed] == [begin_ms + place * HOUR_MS for place in expected]


def test_a_history_that_is_cut_says_so(server: Served) -> None:
    api, row = server.api(), pb.CheckRow(address=PHONES[0])
    whole = api.call("GetAddress", pb.GetAddressRequest(address=PHONES[0], history_max=1000)).history

    short = api.call("GetAddress", pb.GetAddressRequest(address=PHONES[0], history_max=2))
    exact = api.call("GetAddress", pb.GetAddressRequest(address=PHONES[0], history_max=len(whole)))
    explained = api.call("Explain", pb.ExplainRequest(channel=1, row=row, history_max=2))

    assert (list(short.history), short.history_truncated) == (list(whole[:2]), True)
    assert (list(exact.history), exact.history_truncated) == (list(whole), False)
    assert (list(explained.history), explained.history_truncated) == (list(whole[:2]), True)


def test_a_clock_that_is_set_back_does_not_undo_what_has_begun(server: Served) -> None:
    server.account("clocked")
    api, number = server.api("clocked"), "+14155550701"
    entry = pb.NewEntry(address=number, label="do-not-phone", source=6, starts_at=moment(server.clock()))
    api.call("AddEntries", pb.AddEntriesRequest(entries=[entry]))

    server.clock.advance(-HOUR_MS)
    verdicts = api.verdicts(number)
    listed = api.call("ListEntries").entries
    server.clock.advance(HOUR_MS)

    assert verdicts == [2]
    assert [entry.state for entry in listed] == [1]


def test_a_clock_that_ran_ahead_for_one_event_ends_nothing_once_it_is_right_again(server: Served) -> None:
    server.account("ahead")
    api, number = server.api("ahead"), "+14155550702"
    in_a_year = moment(server.clock() + 365 * 24 * HOUR_MS)
    api.call(
        "AddEntries",
        pb.AddEntriesRequest(
            entries=[pb.NewEntry(address=number, label="do-not-phone", source=6, expires_at=in_a_year)]
        ),
    )
    server.clock.advance(20 * 365 * 24 * HOUR_MS)
    other = pb.NewEntry(address="+14155550703", label="do-not-phone", source=6)
    api.call("AddEntries", pb.AddEntriesRequest(entries=[other]))
    server.clock.advance(-20 * 365 * 24 * HOUR_MS)

    rows = [pb.CheckRow(address=number)]
    answer = api.call("Check", pb.CheckRequest(channel=1, rows=rows))

    assert [result.verdict for result in answer.results] == [pb.VERDICT_BLOCK]
