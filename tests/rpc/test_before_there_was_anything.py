"""Explain as of a past in which there was nothing yet: told as what it is."""

from pathlib import Path

from serving import START_MS, moment, pb, served

NUMBER = "+14155550123"


def test_past_before_the_account_existed_is_out_of_range(tmp_path: Path) -> None:
    with served(tmp_path / "store") as server:
        before = server.head()
        server.clock.advance(60_000)
        server.account("beta")
        asked = {"row": pb.CheckRow(address=NUMBER), "channel": 1}

        by_time = server.api("beta").refused("Explain", pb.ExplainRequest(**asked, time=moment(START_MS)))
        store = server.api("beta").check(NUMBER).checked_at.store
        revision = pb.Revision(store=store, position=before)
        by_revision = server.api("beta").refused("Explain", pb.ExplainRequest(**asked, revision=revision))

    assert by_time.reason == by_revision.reason == "ERROR_REASON_AS_OF_OUT_OF_RANGE"


def test_past_before_the_policy_existed_does_not_ask_to_apply_it(tmp_path: Path) -> None:
    with served(tmp_path / "store") as server:
        server.clock.advance(60_000)
        server.api().add(NUMBER)
        then = server.clock()
        server.clock.advance(60_000)
        server.api().apply("spring")
        asked = pb.ExplainRequest(row=pb.CheckRow(address=NUMBER), channel=1, policy="spring", time=moment(then))

        refused = server.api().refused("Explain", asked)

    assert refused.reason == "ERROR_REASON_POLICY_NOT_FOUND"
    assert "was in force then" in refused.message
    assert "apply" not in refused.message
