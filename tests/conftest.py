"""One seed for the whole run, also where several processes share it."""

import os
import random

# Set before worker processes are started, which inherit it: they must collect the same tests.
os.environ.setdefault("DNCD_CRASH_SEED", str(random.SystemRandom().randrange(10**6)))
