"""What a run measures, by its name: seconds, a minute or two, or all of it."""

from typing import Final

from peers import Sizes
from registered import RegisterPlan
from rounds import Plan

# The smallest proves that the harness still runs; its figures mean nothing.
PLANS: Final = {
    "tiny": Plan(sizes=(2_000,), main=2_000, rounds=1, turn_s=0.02, rows_max=400, starts=0, warm_calls=1),
    "quick": Plan(sizes=(10_000,), main=10_000, rounds=3, turn_s=0.5, rows_max=100_000, starts=1, warm_calls=2),
    "full": Plan(
        sizes=(10_000, 1_000_000, 10_000_000),
        main=1_000_000,
        rounds=5,
        turn_s=1.0,
        rows_max=1_000_000,
        starts=3,
        warm_calls=40,
    ),
}

REGISTERS: Final = {
    "tiny": RegisterPlan(
        large=3_000,
        small=1_000,
        beside=2_000,
        areas=20,
        rounds=1,
        turn_s=0.02,
        rows_max=400,
        import_rounds=1,
        import_s=0.1,
        starts=0,
        peers=Sizes(redis=500, postgres=1_000, plain_set=500, rounds=1, turn_s=0.01, rows_max=400),
    ),
    "quick": RegisterPlan(
        large=1_000_000,
        small=100_000,
        beside=1_000_000,
        areas=350,
        rounds=3,
        turn_s=0.3,
        rows_max=100_000,
        import_rounds=2,
        import_s=2.0,
        starts=1,
        peers=Sizes(redis=200_000, postgres=400_000, plain_set=200_000, rounds=3, turn_s=0.2),
    ),
    "full": RegisterPlan(
        large=240_000_000,
        small=1_000_000,
        beside=10_000_000,
        areas=350,
        rounds=5,
        turn_s=1.0,
        rows_max=1_000_000,
        import_rounds=5,
        import_s=8.0,
        starts=3,
        peers=Sizes(redis=10_000_000, postgres=20_000_000, plain_set=10_000_000, rounds=5, turn_s=0.5),
    ),
}
