"""Sends that are claimed: the policy they are under, permission for them, and what happens amid a claim."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from consents.desk import MINUTE_MS, PERSON, Desk
from dncd.events import AttemptLimit, Draft, OptInClaimed, Policy, PolicyApplied
from dncd.journal import Written
from dncd.nouns import Channel, Source

VOICE, SMS, EMAIL, WHATSAPP = Channel.VOICE, Channel.SMS, Channel.EMAIL, Channel.WHATSAPP
OPENED = frozenset({VOICE, SMS, EMAIL, WHATSAPP})
HOUR_MS = 60 * MINUTE_MS
PEOPLE = [f"+1415555{digits}" for digits in range(2000, 2012)]


def apply(desk: Desk, *limits: AttemptLimit, name: str = "campaign", **facts: Any) -> None:
    desk.accept(PolicyApplied(Policy(name, attempt_limits=limits, one_time_permission=OPENED, **facts)))


def permit(desk: Desk, channel: Channel = VOICE, address: str = PERSON, **context: str) -> str:
    row = {"address": address, **context}
    asked = {"policy": "campaign", "permission_given": True, "note": "kim asked"}
    permission: str = desk.call("AuthorizeOneTimeSend", channel=channel, row=row, **asked).permission
    return permission


def just_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: type, act: Callable[[], Any]
) -> Callable[[Draft], Written]:
    """Let something happen right before the first change of a kind is written; returns how changes are written."""
    append, turns = desk.log.append, count()

    def interrupted(draft: Draft) -> Written:
        if isinstance(draft.change, kind) and not next(turns):
            act()
        return append(draft)

    monkeypatch.setattr(desk.log, "append", interrupted)
    return append


def claiming(desk: Desk, kind: type) -> Callable[[str], Any]:
    """Prepare a send by SMS to the person; returns what claims it."""
    if kind is OptInClaimed:
        return lambda request_id: desk.ask(PERSON, policy="campaign", request_id=request_id)
    desk.add(PERSON, "do-not-text", Source.CONSOLE)
    permission = permit(desk, SMS)
    return lambda request_id: desk.claim(permission, request_id=request_id)
