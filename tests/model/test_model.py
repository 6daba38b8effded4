"""The real server, with its store on disk, does at every step what the reference model says.

Four machines, so that each goes deep into one part of the policy, and the last one lets all parts meet.
"""

import os

from hypothesis import HealthCheck, settings

from model.comparing import Compared
from model.dialing import Dialing
from model.entering import Entering
from model.stories import Stories


class Entries(Entering, Compared):
    """Entries, labels and opt-ins under any policy."""


class Words(Stories, Compared):
    """Consents, messages, decisions, permission for one send."""


class Calls(Dialing, Compared):
    """Attempts, limits, cool-downs, closed regions, calling hours."""


class Everything(Entering, Stories, Dialing, Compared):
    """All of it at once."""


for _machine in (Entries, Words, Calls, Everything):
    _machine.TestCase.settings = settings(
        max_examples=int(os.environ.get("DNCD_MODEL_EXAMPLES", "3")),
        stateful_step_count=30,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )

TestEntries = Entries.TestCase
TestWords = Words.TestCase
TestCalls = Calls.TestCase
TestEverything = Everything.TestCase
