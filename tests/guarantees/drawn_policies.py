"""Policies, rows and moments as Hypothesis draws them."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from guarantees.whole import ABANDONED, CONVERSATION, MOMENTS, POOL, Asked
from serving import pb

ABROAD = ["+919876543210", "+61412345678", "+14165550101", "+12045550101"]
ADDRESSES = [*POOL, *ABROAD]
quick = settings(max_examples=40, suppress_health_check=list(HealthCheck))

packs = st.sampled_from(["us-federal", "us-states", "us-states-unconfirmed", "ca", "in", "au", "reg-f"])
regions = st.lists(st.sampled_from(["US", "US-FL", "US-NY", "US-CA", "CA", "GB"]), max_size=2, unique=True)
channels = st.lists(st.sampled_from([1, 2]), max_size=2, unique=True)
limits = st.builds(
    pb.AttemptLimit,
    max=st.integers(1, 4),
    per_hours=st.sampled_from([1, 24, 168, 744]),
    regions=regions,
    per=st.integers(0, 3),
    channels=channels,
)
lengths = st.sampled_from([{"hours": 1}, {"hours": 720}, {"days": 1}, {"days": 30}])
cooldowns = st.builds(
    lambda length, **fields: pb.Cooldown(**length, **fields),
    length=lengths,
    after=st.sampled_from([CONVERSATION, ABANDONED]),
    regions=regions,
    per=st.integers(0, 3),
    channels=channels,
)
screens = st.builds(
    lambda **fields: pb.RequiredRegistry(name="us-national", **fields),
    max_age_days=st.sampled_from([0, 1, 31]),
    lifted_by=st.lists(st.integers(1, 4), max_size=4, unique=True),
)
COLLECTING = 5


def attempt_packs_for(purpose: int) -> list[str]:
    """Name the packs that bound attempts for a purpose: a policy may name no other."""
    return ["us-states", "uk", *(["reg-f"] if purpose == COLLECTING else [])]


def _sound(policy: dict[str, Any]) -> dict[str, Any]:
    possible = attempt_packs_for(policy["purpose"])
    return {**policy, "attempt_packs": [name for name in policy["attempt_packs"] if name in possible]}


policies: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from([0, 1, 3, 5]),
        "labels": st.sampled_from([[], ["sales"]]),
        "registries": st.lists(screens, max_size=1),
        "unscreened": st.integers(0, 2),
        "calling_hours": st.lists(packs, max_size=3, unique=True),
        "attempt_limits": st.lists(limits, max_size=2),
        "cooldowns": st.lists(cooldowns, max_size=2),
        "attempt_packs": st.lists(st.sampled_from(["us-states", "reg-f", "uk"]), max_size=2, unique=True),
        "require_opt_in": st.sampled_from([None, pb.RequireOptIn(channels=[2])]),
    }
).map(_sound)
permissions = st.sampled_from([None, pb.OneTimePermission(channels=[1, 2])])
moments = st.sampled_from(MOMENTS)
phone_channels = st.sampled_from([1, 2])
asked_rows = st.builds(
    Asked,
    address=st.sampled_from(ADDRESSES),
    time_zone=st.sampled_from(["", "", "America/New_York", "Pacific/Honolulu"]),
    postal_code=st.sampled_from(["", "", "33101", "94105"]),
    contact_id=st.sampled_from(["", "c-1", "c-2"]),
    debt_id=st.sampled_from(["", "d-1"]),
)
some_rows = st.lists(asked_rows, min_size=1, max_size=20)
