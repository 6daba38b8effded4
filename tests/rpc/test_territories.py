"""The territories of the United States have two names in ISO 3166, and both are one region."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import START_MS, Api, moment, pb, served

TERRITORIES = {"AS": "+16845550123", "GU": "+16715550123", "MP": "+16705550123", "PR": "+17875550123"}
TERRITORIES["VI"] = "+13405550123"
DAY_MS = 86_400_000


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with served(tmp_path / "store") as server:
        yield server.api()


def close(api: Api, region: str) -> None:
    request = pb.CloseRegionRequest(region=region, until=moment(START_MS + DAY_MS), reason="a hurricane")
    api.call("CloseRegion", request)


def closed(api: Api) -> list[str]:
    return [each.region for each in api.call("ListClosedRegions", pb.ListClosedRegionsRequest()).regions]


@pytest.mark.parametrize("territory", TERRITORIES)
def test_a_territory_is_closed_and_opened_by_either_name(api: Api, territory: str) -> None:
    close(api, f"US-{territory}")
    close(api, territory)

    assert closed(api) == [territory]
    assert api.verdicts(TERRITORIES[territory]) == [pb.VERDICT_DEFER]
    assert api.call("OpenRegion", pb.OpenRegionRequest(region=f"US-{territory}")).changed
    assert closed(api) == []
    assert api.verdicts(TERRITORIES[territory]) == [pb.VERDICT_ALLOW]


def test_a_policy_keeps_the_one_name_of_a_territory(api: Api) -> None:
    limits = [pb.AttemptLimit(max=1, per_hours=24, regions=["US-PR", "US-CA"])]

    api.apply("limited", attempt_limits=limits)

    policy = api.call("GetPolicy", pb.GetPolicyRequest(name="limited")).applied.policy
    assert sorted(policy.attempt_limits[0].regions) == ["PR", "US-CA"]
