"""Who may speak against a person's STOP: the person by a message, or a MANAGER with evidence; nobody else."""

from typing import Any

import pytest

from consents.desk import PERSON, Desk
from dncd.errors import OwnWordStands
from dncd.nouns import Channel, OptInStatus, Role, Source, Verdict

NOT_SENT, SENT, ACCEPTED, REJECTED = OptInStatus
PROOF = {"reference": "form 7"}
# Everybody who is no MANAGER with evidence.
BLANK = {"call_id": " ", "recording": "\u00a0", "campaign": "\u200b", "reference": "\t\ufeff"}
OTHERS = [
    (Role.AGENT, None),
    (Role.AGENT, PROOF),
    (Role.MANAGER, None),
    (Role.ADMIN, None),
    (Role.MANAGER, BLANK),
    *((Role.MANAGER, {field: blank}) for field, blank in BLANK.items()),
]


def set_status(desk: Desk, status: OptInStatus, role: Role, evidence: Any, source: Source = Source.CONSOLE) -> None:
    desk.call("SetOptIn", role, address=PERSON, status=status, source=source, evidence=evidence)


@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize(("role", "evidence"), OTHERS)
@pytest.mark.parametrize("status", [NOT_SENT, SENT, ACCEPTED])
def test_no_source_that_is_named_overrules_a_stop(
    desk: Desk, status: OptInStatus, role: Role, evidence: Any, source: Source
) -> None:
    desk.say("STOP")
    before = sorted(desk.facts())

    with pytest.raises(OwnWordStands, match="START"):
        set_status(desk, status, role, evidence, source)

    assert sorted(desk.facts()) == before
    assert (desk.status(), desk.labels(), desk.verdict()) == (REJECTED, ["do-not-text"], Verdict.BLOCK)


@pytest.mark.parametrize(("role", "evidence"), OTHERS)
def test_a_stop_that_outlived_its_status_is_overruled_by_no_source_either(
    desk: Desk, role: Role, evidence: Any
) -> None:
    desk.say("STOP")
    set_status(desk, NOT_SENT, Role.MANAGER, PROOF)

    with pytest.raises(OwnWordStands):
        set_status(desk, ACCEPTED, role, evidence, Source.INBOUND_MESSAGE)

    assert (desk.status(), desk.labels(), desk.verdict()) == (NOT_SENT, ["do-not-text"], Verdict.BLOCK)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_manager_with_evidence_overrules_a_stop_and_its_entry(desk: Desk, channel: Channel) -> None:
    desk.say("STOP", channel=channel)

    set_status(desk, ACCEPTED, Role.MANAGER, PROOF)

    assert (desk.status(), desk.labels(), desk.verdict()) == (ACCEPTED, [], Verdict.ALLOW)


def test_the_person_overrules_the_own_stop_with_a_message(desk: Desk) -> None:
    desk.say("STOP")

    desk.say("START")

    assert (desk.status(), desk.labels(), desk.verdict()) == (ACCEPTED, [], Verdict.ALLOW)


@pytest.mark.parametrize("source", Source)
def test_an_agent_may_still_record_what_no_stop_speaks_against(desk: Desk, source: Source) -> None:
    set_status(desk, ACCEPTED, Role.AGENT, None, source)

    assert (desk.status(), desk.verdict()) == (ACCEPTED, Verdict.ALLOW)
