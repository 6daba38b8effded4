"""What answers depend on: the moment asked about, the revision asked for, the row's own faults."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dncd.nouns import Role
from guarantees.story import PHONES
from serving import Api, Served, daemon, in_ms, moment, new_id, pb, prepared_store, served

ALLOW, BLOCK, INVALID = 1, 2, 7
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
FAULTS = {
    "": "EMPTY",
    " \t": "EMPTY",
    "4" * 400: "TOO_LONG",
    "a" * 10_000 + "@example.com": "TOO_LONG",
    "no address": "NOT_AN_ADDRESS",
    "pat@example.com": "WRONG_CHANNEL",
    "4155550101": "REGION_MISSING",
    "+999123": "NOT_A_POSSIBLE_NUMBER",
    "1.41556E+10": "ROUNDED_BY_SPREADSHEET",
    "+14155550101; +14155550102": "SEVERAL_ADDRESSES",
    "+1415*": "NOT_ONE_ADDRESS",
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=[f"{key[:12]!r}" for key in FAULTS])
def test_a_bad_row_says_what_is_wrong_and_leaves_its_neighbours_alone(server: Served, text: str, fault: str) -> None:
    api = server.api()

    answer = api.check("+14155550199", text, PHONES[2], channel=1)
    column = api.call("Scrub", pb.ScrubRequest(channel=1, addresses=["+14155550199", text, PHONES[2]]))

    assert [result.verdict for result in answer.results] == [ALLOW, INVALID, BLOCK]
    [finding] = answer.results[1].findings
    assert pb.AddressFault.Name(finding.fault) == f"ADDRESS_FAULT_{fault}"
    assert answer.results[1].address == ""
    assert list(column.verdicts) == [ALLOW, INVALID, BLOCK]
    assert column.findings.faults[0] == finding.fault


@pytest.mark.parametrize("number", ["911", "112", "12345"])
def test_emergency_numbers_and_short_codes_are_never_allow(server: Served, number: str) -> None:
    api = server.api()
    for channel in (1, 2, 4):
        rows = [pb.CheckRow(address=number, region=region) for region in ("US", "GB", "DE", "")]

        answer = api.call("Check", pb.CheckRequest(channel=channel, rows=rows))

        assert {result.verdict for result in answer.results} == {INVALID}


@pytest.mark.parametrize("phone", [0, 1, 911, 112, 12345, 2**63, 2**64 - 1, 10**15, 99_912_345_678])
def test_numbers_of_a_column_that_cannot_be_are_invalid(server: Served, phone: int) -> None:
    answer = server.api().call("Scrub", pb.ScrubRequest(channel=1, phones=[14155550199, phone, 442079460123]))

    assert list(answer.verdicts) == [ALLOW, INVALID, BLOCK]


def test_a_planned_moment_counts_entries_that_start_or_end_by_then(server: Served) -> None:
    api, now_ms, number = server.api(), server.clock(), "+14155550301"
    entry = pb.NewEntry(
        address=number,
        label="do-not-phone",
        source=6,
        starts_at=moment(now_ms + HOUR_MS),
        expires_at=moment(now_ms + 2 * HOUR_MS),
    )
    api.call("AddEntries", pb.AddEntriesRequest(entries=[entry]))

    moments = [0, HOUR_MS - 1, HOUR_MS, 2 * HOUR_MS - 1, 2 * HOUR_MS]
    verdicts = [api.verdicts(number, contact_time=moment(now_ms + ahead)) for ahead in moments]

    assert verdicts == [[ALLOW], [ALLOW], [BLOCK], [BLOCK], [ALLOW]]
    assert in_ms(api.check(number, contact_time=moment(now_ms + 7)).contact_time) == now_ms + 7
    assert in_ms(api.check(number).contact_time) == now_ms


def test_a_moment_that_has_just_passed_counts_as_now(server: Served) -> None:
    api, now_ms, number = server.api(), server.clock(), "+14155550302"
    entry = pb.NewEntry(address=number, label="do-not-phone", source=6, starts_at=moment(now_ms))
    api.call("AddEntries", pb.AddEntriesRequest(entries=[entry]))

    past = moment(now_ms - 5 * MINUTE_MS)
    checked, scrubbed = api.check(number, contact_time=past), _scrubbed(api, number, past)

    assert [result.verdict for result in checked.results] == list(scrubbed.verdicts) == [BLOCK]
    assert in_ms(checked.contact_time) == in_ms(scrubbed.contact_time) == now_ms


def test_a_planned_moment_before_the_newest_event_counts_what_that_began(tmp_path: Path) -> None:
    with served(tmp_path / "store") as server:
        # The clock that wrote the entry was an hour ahead of the one that answers.
        server.clock.advance(HOUR_MS)
        api, number = server.api(), "+14155550303"
        entry = pb.NewEntry(address=number, label="do-not-phone", source=6, starts_at=moment(server.clock()))
        api.call("AddEntries", pb.AddEntriesRequest(entries=[entry]))
        server.clock.advance(-HOUR_MS)

        soon = moment(server.clock() + MINUTE_MS)
        preview = api.call("Preview", pb.PreviewRequest(scrub=_scrub(number, soon)))

        assert api.verdicts(number, contact_time=soon) == list(_scrubbed(api, number, soon).verdicts) == [BLOCK]
        assert [count.verdict for count in preview.verdicts] == [BLOCK]
        assert explained(api, number, contact_time=soon).result.verdict == BLOCK


def test_a_moment_that_is_surely_past_is_refused_but_for_people_who_explain_and_plan(server: Served) -> None:
    api, number = server.api(), "+14155550304"
    past = moment(server.clock() - 5 * MINUTE_MS - 1)

    refused = [
        api.refused("Check", pb.CheckRequest(channel=1, rows=[pb.CheckRow(address=number)], contact_time=past)),
        api.refused("Scrub", _scrub(number, past)),
    ]

    for error in refused:
        assert error.reason == "ERROR_REASON_INVALID_FIELD"
        assert [violation.field for violation in error.bad_request.field_violations] == ["contact_time"]
        assert "5 minutes" in error.bad_request.field_violations[0].description
    assert explained(api, number, contact_time=past).contact_time == past
    assert api.call("Preview", pb.PreviewRequest(scrub=_scrub(number, past))).contact_time == past


def _scrubbed(api: Api, number: str, at: Any) -> Any:
    return api.call("Scrub", _scrub(number, at))


def _scrub(number: str, at: Any) -> Any:
    return pb.ScrubRequest(channel=1, addresses=[number], contact_time=at)


def test_a_prefix_covers_the_number_that_equals_it(server: Served) -> None:
    api = server.api()
    added = api.add("+14155550401*", label="do-not-contact").written_at

    answer = api.check("+14155550401", "+14155550402")
    claim = api.call("ClaimOptInRequest", pb.ClaimOptInRequestRequest(address="+14155550401"))

    assert [result.verdict for result in answer.results] == [BLOCK, ALLOW]
    assert answer.results[0].findings[0].target == "+14155550401*"
    assert (claim.granted, claim.blocked_by_entry) == (False, True)
    for past in ({}, {"revision": claim.written_at}, {"revision": added}):
        explanation = explained(api, "+14155550401", **past)
        assert explanation.result.verdict == BLOCK
        assert explanation.history[-1].position == added.position


def test_a_stop_that_outlived_its_status_is_not_taken_away_by_an_agent(server: Served) -> None:
    admin, agent, number = server.api(), server.api(role=Role.AGENT), "+14155550501"
    proof = pb.Evidence(reference="form 7")
    agent.call("SetOptIn", pb.SetOptInRequest(address=number, status=4, source=4))
    admin.call("SetOptIn", pb.SetOptInRequest(address=number, status=1, source=7, evidence=proof))

    refused = agent.refused("SetOptIn", pb.SetOptInRequest(address=number, status=3, source=1))

    assert refused.reason == "ERROR_REASON_OWN_WORD_STANDS"
    assert admin.verdicts(number, channel=2) == [BLOCK]
    agent.call("RecordInboundMessage", pb.RecordInboundMessageRequest(address=number, text="START"))
    assert admin.verdicts(number, channel=2) == [ALLOW]


def test_wrong_rows_by_the_thousand_give_an_answer_that_fits(server: Served) -> None:
    entries = [pb.NewEntry(address="911", label="do-not-contact") for _ in range(1000)]

    refused = server.api().refused("AddEntries", pb.AddEntriesRequest(entries=entries))

    paths = [violation.field for violation in refused.bad_request.field_violations]
    assert refused.reason == "ERROR_REASON_INVALID_FIELD"
    assert 1 < len(paths) <= 100
    assert paths[0] == "entries[0].source"
    assert refused.info.metadata["faults_told"] == str(len(paths))


def test_a_revision_that_is_not_here_yet_is_unavailable_and_never_answered_with_an_older_one(server: Served) -> None:
    api = server.api()
    future = pb.Revision(store=server.store.id, position=server.head() + 1)
    for method, fields in (("Check", {"rows": [pb.CheckRow(address=PHONES[0])]}), ("Scrub", {"phones": [1]})):
        request = {"Check": pb.CheckRequest, "Scrub": pb.ScrubRequest}[method]

        refused = api.refused(method, request(channel=1, at_least_as_fresh=future, **fields))

        assert (refused.code.name, refused.reason) == ("UNAVAILABLE", "ERROR_REASON_REVISION_NOT_YET_HERE")
        assert refused.retry_info.retry_delay.ToMilliseconds() > 0


def test_as_of_a_time_is_what_was_known_then(server: Served) -> None:
    api, number = server.api(), "+14155550601"
    before_ms = server.clock()
    server.clock.advance(1000)
    added = api.add(number).written_at
    server.clock.advance(1000)
    ref = pb.EntryRef(address=number, label="do-not-contact")
    api.call("RemoveEntries", pb.RemoveEntriesRequest(entries=[ref], reason=1))

    answers = [explained(api, number, time=moment(before_ms + ahead)) for ahead in (0, 999, 1000, 1999, 2000)]
    of_revision = explained(api, number, revision=added)

    assert [answer.result.verdict for answer in answers] == [ALLOW, ALLOW, BLOCK, BLOCK, ALLOW]
    assert [len(answer.history) for answer in answers] == [0, 0, 1, 1, 2]
    assert of_revision.result.verdict == BLOCK
    assert explained(api, number).result.verdict == ALLOW


def explained(api: Api, number: str, **fields: Any) -> Any:
    return api.call("Explain", pb.ExplainRequest(channel=1, row=pb.CheckRow(address=number), **fields))


def test_what_one_worker_wrote_the_other_answers_lists_and_tells_its_watchers(tmp_path: Path) -> None:
    token = prepared_store(tmp_path / "store")
    with daemon(tmp_path / "store") as running, ExitStack() as closing:
        apis = running.api_on_each_worker(token, closing)
        streams = [api.watch(pb.WatchEventsRequest(heartbeat_seconds=60)) for api in apis]
        begun = [next(stream).read_at for stream in streams]
        written = []
        for turn in range(40):
            writer, reader = apis[turn % 2], apis[1 - turn % 2]
            number = f"+1415555{turn:04d}"
            at = writer.add(number, request_id=new_id()).written_at
            written.append(at.position)
            answer = reader.check(number, at_least_as_fresh=at)
            assert [result.verdict for result in answer.results] == [BLOCK]
            assert answer.checked_at.position >= at.position
            assert reader.call("ListEvents", pb.ListEventsRequest(page_size=1)).events[0].position == at.position
        for stream, start in zip(streams, begun, strict=True):
            told: list[int] = []
            while len(told) < len(written):
                answer = next(stream)
                told += [answer.event.position] if answer.HasField("event") else []
            stream.cancel()
            assert told == written
            assert told == list(range(start.position + 1, start.position + 41))
        assert [api.call("VerifyJournal").intact for api in apis] == [True, True]
