"""Explain as of a past revision or time gives what Check gave then, whatever has come since."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from guarantees.columns import checked
from guarantees.whole import (
    ALLOW,
    CALIFORNIA,
    CONVERSATION,
    DAY_MS,
    DEFER,
    ELSEWHERE,
    FLORIDA,
    HOUR_MS,
    NEW_YORK,
    NO_ANSWER,
    RELEASED,
    Asked,
    complete,
    consent,
    grant,
    reserve,
    whole_fields,
    whole_server,
)
from serving import Api, Served, moment, pb

PEOPLE = [CALIFORNIA[1], NEW_YORK[0], FLORIDA[1], ELSEWHERE[4]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole_server(tmp_path_factory.mktemp("past") / "store") as running:
        yield running


def changes(server: Served, api: Api) -> Iterator[Callable[[], Any]]:
    """Give changes that alter answers, one after the other."""
    bare = whole_fields(attempt_limits=[], cooldowns=[], attempt_packs=[])
    yield lambda: api.apply("told", calling_hours=["us-federal"])
    yield lambda: api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="sales", channels=[1, 2])))
    yield lambda: api.apply("told", **bare)
    yield lambda: consent(api, 1, CALIFORNIA[1])
    yield lambda: consent(api, 3, FLORIDA[1], policy="told")
    yield lambda: api.call("SetOptIn", pb.SetOptInRequest(address=NEW_YORK[0], status=3, source=4))
    said = pb.RecordInboundMessageRequest(address=NEW_YORK[0], text="maybe you could stop this some day")
    yield lambda: api.call("RecordInboundMessage", said)
    until = moment(server.clock() + 20 * DAY_MS)
    yield lambda: api.call("CloseRegion", pb.CloseRegionRequest(region="US-TX", until=until, reason="a storm"))
    yield lambda: api.call(
        "DecideReview", pb.DecideReviewRequest(review=api.call("ListReviews").reviews[0].review, decision=2)
    )
    yield lambda: api.call("RevokeConsent", pb.RevokeConsentRequest(address=CALIFORNIA[1], channels=[1], source=1))
    yield lambda: api.add("+1305*", label="do-not-phone", source=1)
    yield lambda: api.call("RecordInboundMessage", pb.RecordInboundMessageRequest(address=NEW_YORK[0], text="STOP"))
    yield lambda: api.call("OpenRegion", pb.OpenRegionRequest(region="US-TX"))
    yield lambda: api.apply("told", mode=2, **bare)
    yield lambda: grant(server, "other")
    yield lambda: api.apply("told", one_time_permission=pb.OneTimePermission(channels=[1, 2]))


def test_every_answer_is_explained_later_as_it_was_given(server: Served) -> None:
    for name in ("historical", "other"):
        server.account(name, "US")
    grant(server, "historical")
    api, rows = server.api("historical"), [Asked(address) for address in PEOPLE]
    given = []
    for change in changes(server, api):
        server.clock.advance(1)
        change()
        server.clock.advance(HOUR_MS)
        for channel in (1, 2):
            request = pb.CheckRequest(channel=channel, policy="told", rows=[row.row() for row in rows])
            given.append((channel, server.head(), server.clock(), list(api.call("Check", request).results)))

    seen = set()
    for channel, position, time_ms, results in given:
        revision = pb.Revision(store=server.store.id, position=position)
        for row, result in zip(rows, results, strict=True):
            asked = {"channel": channel, "policy": "told", "row": row.row(), "contact_time": moment(time_ms)}
            of_revision = api.call("Explain", pb.ExplainRequest(revision=revision, **asked))
            del asked["contact_time"]
            of_time = api.call("Explain", pb.ExplainRequest(time=moment(time_ms), **asked))
            assert of_revision.result == result
            assert of_time.result == result
            seen |= {result.verdict} | {finding.rule + 100 for finding in result.findings}
    assert seen >= {1, 2, 3, 4} | {100 + rule for rule in (2, 3, 6, 10, 13, 17)}


@pytest.mark.parametrize("outcome", [NO_ANSWER, CONVERSATION, RELEASED])
def test_answers_that_attempts_gave_are_explained_later_as_they_were_given(server: Served, outcome: int) -> None:
    server.account(f"limited-{outcome}", "US")
    api, row = server.api(f"limited-{outcome}"), Asked("+14155550155")
    limits = [pb.AttemptLimit(max=1, per_hours=24)]
    api.apply("told", attempt_limits=limits, cooldowns=[pb.Cooldown(after=CONVERSATION, hours=48)])
    given = []

    def note() -> None:
        server.clock.advance(1)
        given.append((server.clock(), checked(api, [row], channel=1, policy="told")[0]))
        server.clock.advance(60_000)

    note()
    claim = reserve(api, row.address)
    note()
    complete(api, claim, outcome)
    note()
    server.clock.advance(2 * DAY_MS)
    note()

    for time_ms, result in given:
        past = pb.ExplainRequest(channel=1, policy="told", row=row.row(), time=moment(time_ms))
        assert api.call("Explain", past).result == result
    assert [result.verdict for _, result in given] == [ALLOW, DEFER, ALLOW if outcome == RELEASED else DEFER, ALLOW]
