"""The sets of roles that the methods allow."""

from typing import Final

from dncd.nouns import Role

EVERYONE: Final = frozenset({Role.CHECKER, Role.AGENT, Role.MANAGER, Role.ADMIN, Role.AUDITOR})
CHECKERS: Final = frozenset({Role.CHECKER, Role.AGENT, Role.MANAGER, Role.ADMIN})
AGENTS: Final = frozenset({Role.AGENT, Role.MANAGER, Role.ADMIN})
AGENTS_AND_AUDITORS: Final = AGENTS | {Role.AUDITOR}
MANAGERS: Final = frozenset({Role.MANAGER, Role.ADMIN})
MANAGERS_AND_AUDITORS: Final = MANAGERS | {Role.AUDITOR}
ADMINS: Final = frozenset({Role.ADMIN})
ADMINS_AND_AUDITORS: Final = ADMINS | {Role.AUDITOR}
