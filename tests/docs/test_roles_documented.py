"""What operating.md says that each role may call is what the server lets it call."""

import re
from itertools import pairwise
from pathlib import Path

from dncd.app import build_app
from dncd.config import Settings
from dncd.nouns import Role
from dncd.storage.memory import MemoryStore
from documents import table

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
# Each may do what the one before may.
STEPS = ["CHECKER", "AGENT", "MANAGER", "ADMIN"]


def documented() -> dict[str, set[str]]:
    """Return the methods that the table gives each role, by name."""
    told: dict[str, set[str]] = {}
    for role, _, methods in table(PAGE, "Tokens and roles"):
        told[role] = set(re.findall(r"\w+", methods.rpartition(":")[2]))
    for before, role in pairwise(STEPS):
        assert not told[role] & told[before], f"{role} is told twice of what {before} may"
        told[role] |= told[before]
    return told


def test_every_role_may_call_what_the_table_of_roles_says() -> None:
    app = build_app(MemoryStore(), lambda: 1, lambda: "id", Settings())
    roles = [role for role in Role if role is not Role.SERVER]

    allowed = {role.name: {rpc.method for rpc in app.rpcs if role in rpc.roles} for role in roles}

    assert documented() == allowed
