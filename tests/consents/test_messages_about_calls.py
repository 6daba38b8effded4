"""What a text says about calls: an opt-out that names them, or all contact, stops them too."""

from consents.desk import PERSON, Desk
from dncd.nouns import Channel, Verdict

ALLOW, BLOCK = Verdict.ALLOW, Verdict.BLOCK
VOICE, SMS = Channel.VOICE, Channel.SMS


def test_an_opt_out_that_names_calls_stops_them(desk: Desk) -> None:
    answer = desk.say("stop calling me")

    assert list(answer.about) == [VOICE]
    assert (desk.verdict(PERSON, SMS), desk.verdict(PERSON, VOICE)) == (BLOCK, BLOCK)
    assert desk.labels() == ["do-not-phone", "do-not-text"]


def test_an_opt_out_that_names_none_is_about_texts_alone(desk: Desk) -> None:
    assert list(desk.say("STOP").about) == []

    assert (desk.verdict(PERSON, SMS), desk.verdict(PERSON, VOICE)) == (BLOCK, ALLOW)


def test_start_takes_texts_back_and_leaves_calls(desk: Desk) -> None:
    desk.say("stop calling me")

    desk.say("START")

    assert (desk.verdict(PERSON, SMS), desk.verdict(PERSON, VOICE)) == (ALLOW, BLOCK)


def test_its_confirmation_passes(desk: Desk) -> None:
    answer = desk.say("stop calling me")

    assert desk.claim(answer.confirmation).granted


def test_a_review_that_names_calls_stops_them_until_a_person_decides(desk: Desk) -> None:
    answer = desk.say("maybe stop calling")
    assert answer.review
    assert (desk.verdict(PERSON, SMS), desk.verdict(PERSON, VOICE)) == (BLOCK, BLOCK)

    desk.call("DecideReview", review=answer.review, decision=2)

    assert (desk.verdict(PERSON, SMS), desk.verdict(PERSON, VOICE)) == (ALLOW, ALLOW)


def test_a_review_that_names_calls_stops_them_for_good_where_it_is_an_opt_out(desk: Desk) -> None:
    answer = desk.say("maybe stop calling")

    desk.call("DecideReview", review=answer.review, decision=1)

    assert desk.labels() == ["do-not-phone", "do-not-text"]


def test_a_dry_run_says_what_it_is_about_and_changes_nothing(desk: Desk) -> None:
    assert list(desk.say("stop calling me", validate_only=True).about) == [VOICE]

    assert desk.labels() == []
