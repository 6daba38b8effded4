"""What every worker process of a run must agree on: one seed, and the same names for the same tests.

Properties are tried with the same examples in every run, so that a change fails for what it changed and for nothing
else. `make explore` looks for new ones.
"""

import os
import random

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None)
settings.load_profile(os.environ.get("DNCD_EXAMPLES", "repeatable"))

# Set before worker processes are started, which inherit it: they must collect the same tests.
os.environ.setdefault("DNCD_CRASH_SEED", str(random.SystemRandom().randrange(10**6)))


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name parameters of bytes by their place, since those of an archive hold the second in which it was made."""
    return argname if isinstance(val, bytes) else None
