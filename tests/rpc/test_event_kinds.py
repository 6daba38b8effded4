"""Events about consents, messages, permissions and regions: told, found by address and kind, and without the texts."""

from typing import Any

import pytest

from dncd.nouns import Role
from dncd.storage.contract import Table
from dncd.transport.journal_service import _KINDS
from guarantees.whole import HOUR_MS, complete, consent, reserve
from rpc.test_events import events, until_quiet
from serving import Api, Served, moment, pb

PERSON, MAILBOX = "+14155550601", "ann@example.com"
WORDS = "maybe you could stop this some day"
NEWER = {
    "inbound_message_recorded",
    "review_decided",
    "consent_recorded",
    "consent_revoked",
    "permission_answered",
    "send_claimed",
    "region_closed",
    "region_opened",
}


@pytest.fixture(scope="module")
def api(server: Served) -> Api:
    """An account with an event of every kind that its callers can make beside entries, labels and opt-ins."""
    server.account("kinds", "US")
    made = server.api("kinds")
    said = [_say(made, words) for words in (WORDS, "STOP")]
    made.call("DecideReview", pb.DecideReviewRequest(review=said[0].review, decision=2, note="she meant the song"))
    made.call("ClaimSend", pb.ClaimSendRequest(permission=said[1].confirmation))
    server.clock.advance(1)  # a consent counts from after her STOP
    consent(made, 1, PERSON)
    made.call("RevokeConsent", pb.RevokeConsentRequest(address=PERSON, purposes=[1], source=1))
    made.apply("mail", one_time_permission=pb.OneTimePermission(channels=[3]))
    made.add(MAILBOX, label="do-not-email")
    row = pb.CheckRow(address=MAILBOX)
    asked = {"policy": "mail", "channel": 3, "row": row, "note": "kim asked ann"}
    made.call("AuthorizeOneTimeSend", pb.AuthorizeOneTimeSendRequest(permission_given=True, **asked))
    until = moment(server.clock() + HOUR_MS)
    made.call("CloseRegion", pb.CloseRegionRequest(region="US-FL", until=until, reason="a hurricane"))
    made.call("OpenRegion", pb.OpenRegionRequest(region="US-FL", reason="it passed"))
    complete(made, reserve(made, "+14155550602"), 2)
    return made


def _say(api: Api, words: str) -> Any:
    return api.call("RecordInboundMessage", pb.RecordInboundMessageRequest(address=PERSON, text=words))


def kinds_of(told: list[Any]) -> set[str]:
    return {event.WhichOneof("change") for event in told}


def test_every_newer_kind_is_listed_and_watched(api: Api) -> None:
    listed = events(api, oldest_first=True)
    watched = [each.event for each in until_quiet(api.watch(pb.WatchEventsRequest(after_position=0)))][:-1]

    assert kinds_of(listed) >= NEWER
    assert watched == listed


def test_attempts_are_no_part_of_the_journal(api: Api) -> None:
    assert not [kind for kind in kinds_of(events(api)) if "attempt" in kind]


def test_what_is_about_an_address_is_in_its_history(api: Api) -> None:
    about = NEWER - {"permission_answered", "region_closed", "region_opened"}
    explained = api.call("Explain", pb.ExplainRequest(channel=2, row=pb.CheckRow(address=PERSON)))
    got = api.call("GetAddress", pb.GetAddressRequest(address=PERSON))

    assert kinds_of(events(api, address=PERSON)) == about
    assert kinds_of(list(explained.history)) == about
    assert kinds_of(list(got.history)) == about
    assert kinds_of(events(api, address=MAILBOX)) == {"entries_added", "permission_answered"}


def test_events_tell_what_came_of_them(api: Api) -> None:
    # The newest of each kind.
    told = {event.WhichOneof("change"): event for event in events(api, oldest_first=True)}

    assert told["send_claimed"].send_claimed.granted
    assert told["review_decided"].review_decided.changed
    assert told["consent_recorded"].consent_recorded.changed
    assert told["consent_revoked"].consent_revoked.revoked == 1
    message = told["inbound_message_recorded"].inbound_message_recorded
    assert (message.message_class, message.before, message.status) == (1, 1, 4)
    assert message.confirmation_until_ms


def test_nothing_of_the_words_of_a_person_is_kept_unless_the_account_wants_it(server: Served, api: Api) -> None:
    with server.store.snapshot() as snapshot:
        kept = [(table, row) for table in Table for row in snapshot.scan(table)]

    assert [table for table, (key, value) in kept if WORDS.encode() in key + value] == []
    assert [table for table, (key, value) in kept if b"some day" in key + value] == []


@pytest.mark.parametrize("kind", range(1, 10))
def test_asking_for_a_kind_passes_over_the_newer_ones(api: Api, kind: int) -> None:
    assert not kinds_of(events(api, kinds=[kind])) & NEWER


def test_watching_a_kind_passes_over_the_newer_ones(api: Api) -> None:
    told = list(until_quiet(api.watch(pb.WatchEventsRequest(after_position=0, kinds=[1]))))

    assert kinds_of([each.event for each in told[:-1]]) == {"entries_added"}


def test_every_newer_kind_can_be_asked_for(api: Api) -> None:
    kinds = [number for name, number in pb.EventKind.items() if number > 9]

    assert kinds_of(events(api, kinds=kinds)) == NEWER
    assert kinds


def test_an_auditor_reads_what_waits_and_what_was_agreed(server: Served, api: Api) -> None:
    auditor = server.api("kinds", Role.AUDITOR)

    assert auditor.call("ListConsents", pb.ListConsentsRequest(address=PERSON)).address == PERSON
    assert list(auditor.call("ListReviews").reviews) == list(api.call("ListReviews").reviews)
    assert list(auditor.call("ListClosedRegions").regions) == []


def test_every_kind_of_event_that_the_journal_holds_can_be_asked_for() -> None:
    kinds = {field.name for field in pb.Event.DESCRIPTOR.oneofs_by_name["change"].fields}

    # Attempts have a stream of their own; what only the server itself changes is kept from callers by its account.
    assert set(_KINDS) == {kind for kind in kinds if not kind.startswith("attempts_")}
