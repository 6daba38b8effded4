"""What every worker process of a run must agree on: one seed, and the same names for the same tests."""

import os
import random

import pytest

# Set before worker processes are started, which inherit it: they must collect the same tests.
os.environ.setdefault("DNCD_CRASH_SEED", str(random.SystemRandom().randrange(10**6)))


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name parameters of bytes by their place, since those of an archive hold the second in which it was made."""
    return argname if isinstance(val, bytes) else None
