"""STOP and START on two channels: the status knows where STOP was said, also when its entry is gone."""

import pytest

from consents.desk import PERSON, Desk
from dncd.nouns import Channel, OptInStatus

NOT_SENT, ACCEPTED, REJECTED = OptInStatus.NOT_SENT, OptInStatus.ACCEPTED, OptInStatus.REJECTED
SMS, WHATSAPP = Channel.SMS, Channel.WHATSAPP


@pytest.mark.parametrize(
    ("stops", "starts", "status"),
    [
        ([SMS], [WHATSAPP], REJECTED),
        ([SMS, WHATSAPP], [WHATSAPP], REJECTED),
        ([WHATSAPP, SMS], [WHATSAPP, WHATSAPP], REJECTED),
        ([WHATSAPP], [WHATSAPP], NOT_SENT),
        ([SMS], [SMS], ACCEPTED),
        ([SMS, WHATSAPP], [WHATSAPP, SMS], ACCEPTED),
    ],
)
@pytest.mark.parametrize("removed", [False, True])
def test_start_leaves_the_status_that_a_stop_on_another_channel_made(
    desk: Desk, stops: list[Channel], starts: list[Channel], status: OptInStatus, removed: bool
) -> None:
    for channel in stops:
        desk.say("STOP", channel=channel)
    if removed:
        desk.remove(PERSON, "do-not-text")

    for channel in starts:
        desk.say("START", channel=channel)

    assert desk.status() == status


def test_a_stop_after_its_entry_was_removed_blocks_its_own_channel_alone_and_the_status_keeps_both(desk: Desk) -> None:
    desk.say("STOP", channel=SMS)
    desk.remove(PERSON, "do-not-text")
    desk.say("STOP", channel=WHATSAPP)

    started = desk.say("START", channel=WHATSAPP)

    assert (started.status, desk.labels()) == (REJECTED, [])


def test_a_status_that_an_agent_set_counts_as_one_by_sms(desk: Desk) -> None:
    desk.call("SetOptIn", address=PERSON, status=REJECTED, source=1)
    desk.remove(PERSON, "do-not-text")

    assert desk.say("START", channel=WHATSAPP).status == REJECTED
