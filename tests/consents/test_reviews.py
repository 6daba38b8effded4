"""Reviews: messages that may be opt-outs block texts until a person decides."""

import pytest

from consents.desk import PERSON, START_MS, Desk, in_ms
from dncd.errors import InvalidFields, OwnWordStands, ReviewNotFound
from dncd.limits import REVIEWS_PER_ADDRESS_MAX
from dncd.nouns import Channel, MessageClass, OptInStatus, Role, Verdict

NOT_SENT, REJECTED = OptInStatus.NOT_SENT, OptInStatus.REJECTED


def test_a_review_blocks_texts_until_a_person_decides(desk: Desk) -> None:
    answer = desk.say("maybe stop", channel=4, message_id="m-1")
    [review] = desk.call("ListReviews").reviews

    assert (answer.message_class, answer.status, answer.confirmation) == (MessageClass.REVIEW, NOT_SENT, "")
    assert desk.verdict() is desk.verdict(channel=Channel.WHATSAPP) is Verdict.BLOCK
    assert desk.verdict(channel=Channel.VOICE) is Verdict.ALLOW
    assert (review.review, review.address, review.channel) == (answer.review, PERSON, 4)
    assert (in_ms(review.recorded_at), review.matched, review.message_id) == (START_MS, "keyword REVIEW", "m-1")

    decided = desk.call("DecideReview", review=answer.review, decision=2)

    assert decided.changed
    assert desk.verdict() is Verdict.ALLOW
    assert not desk.call("ListReviews").reviews


def test_a_review_decided_as_an_opt_out_does_what_stop_does(desk: Desk) -> None:
    name = desk.say("maybe stop").review

    decided = desk.call("DecideReview", Role.AGENT, review=name, decision=1, note="read it")

    assert decided.changed
    assert (desk.status(), desk.labels()) == (REJECTED, ["do-not-text"])
    desk.say("START")
    assert desk.verdict() is Verdict.ALLOW


def test_a_decision_takes_only_its_own_review_away(desk: Desk) -> None:
    first, second = desk.say("maybe stop").review, desk.say("maybe stop").review

    desk.call("DecideReview", review=first, decision=2)

    assert [review.review for review in desk.call("ListReviews").reviews] == [second]
    assert desk.verdict() is Verdict.BLOCK


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 2)])
def test_a_decision_that_says_no_more_than_the_one_before_changes_nothing(desk: Desk, first: int, second: int) -> None:
    name = desk.say("maybe stop").review
    desk.call("DecideReview", review=name, decision=first)
    before = desk.facts()

    again = desk.call("DecideReview", review=name, decision=second)

    assert not again.changed
    assert desk.facts() == before


def test_only_a_manager_decides_that_a_message_is_no_opt_out(desk: Desk) -> None:
    name, head = desk.say("maybe stop").review, desk.head()

    with pytest.raises(OwnWordStands):
        desk.call("DecideReview", Role.AGENT, review=name, decision=2)

    assert desk.head() == head
    assert desk.call("DecideReview", Role.MANAGER, review=name, decision=2).changed


@pytest.mark.parametrize("name", ["", "x", "0", "1", "99999", "9" * 30])
def test_a_name_that_is_no_review_is_not_found(desk: Desk, name: str) -> None:
    desk.say("STOP")

    with pytest.raises(ReviewNotFound):
        desk.call("DecideReview", review=name, decision=1)


def test_another_account_neither_sees_nor_decides_a_review(desk: Desk) -> None:
    name = desk.say("maybe stop").review

    assert not desk.call("ListReviews", Role.ADMIN, 2).reviews
    with pytest.raises(ReviewNotFound):
        desk.call("DecideReview", Role.ADMIN, 2, review=name, decision=1)


def test_reviews_are_listed_in_pages_oldest_first(desk: Desk) -> None:
    names = [desk.say("maybe stop", f"+1415555010{index}").review for index in range(5)]
    found, token = [], ""
    while True:
        page = desk.call("ListReviews", page_size=2, page_token=token)
        found += [review.review for review in page.reviews]
        token = page.next_page_token
        if not token:
            break

    assert found == names


@pytest.fixture(name="full")
def as_many_as_may_wait(desk: Desk) -> Desk:
    """A number of which no more messages may wait, and none of them is about calls."""
    for _ in range(REVIEWS_PER_ADDRESS_MAX):
        desk.say("maybe stop")
    return desk


def waiting(desk: Desk) -> list[str]:
    return [each.review for each in desk.call("ListReviews", page_size=1000).reviews]


def test_a_message_beyond_those_that_may_wait_still_stops_what_it_is_about(full: Desk) -> None:
    before = waiting(full)

    answer = full.say("maybe stop calling")

    assert (full.verdict(PERSON, Channel.SMS), full.verdict(PERSON, Channel.VOICE)) == (Verdict.BLOCK, Verdict.BLOCK)
    assert waiting(full) == [*before[:-1], answer.review]


def test_what_went_on_in_the_next_message_is_not_forgotten_by_it(full: Desk) -> None:
    full.say("maybe stop calling", channel=Channel.WHATSAPP)
    newest = full.say("maybe stop").review
    for review in waiting(full)[:-1]:
        full.call("DecideReview", review=review, decision=2)
    assert (full.verdict(PERSON, Channel.SMS), full.verdict(PERSON, Channel.VOICE)) == (Verdict.BLOCK, Verdict.BLOCK)

    full.call("DecideReview", review=newest, decision=1)
    full.say("START")

    assert full.labels() == ["do-not-phone", "do-not-text"]


def test_a_decision_about_a_message_that_went_on_in_another_leaves_that(full: Desk) -> None:
    gone = full.say("maybe stop calling").review
    full.say("maybe stop")

    answer = full.call("DecideReview", review=gone, decision=2)

    assert not answer.changed
    assert full.verdict(PERSON, Channel.VOICE) == Verdict.BLOCK


def test_a_number_of_many_reviews_has_room_for_a_stop(full: Desk) -> None:
    assert full.say("STOP").status == REJECTED


def test_no_opt_in_request_goes_to_a_number_whose_message_waits(desk: Desk) -> None:
    desk.say("maybe stop")

    claimed = desk.call("ClaimOptInRequest", address=PERSON)

    assert (claimed.granted, claimed.blocked_by_entry) == (False, True)


@pytest.mark.parametrize("decision", [0, 99])
def test_a_decision_that_is_none_is_refused(desk: Desk, decision: int) -> None:
    with pytest.raises(InvalidFields):
        desk.call("DecideReview", review=desk.say("maybe stop").review, decision=decision)
