"""What to do about a call that gave no answer, and what is known about the change that it was to make."""

from donotcontact import (
    Conflict,
    DoNotContactError,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Overloaded,
    Timeout,
    Unavailable,
)
from donotcontact.cli.exits import ExitCode

REPEATABLE = frozenset(
    {"add", "remove", "optin set", "consent add", "consent revoke", "review decide", "attempts complete"}
    | {"label create", "label update", "label archive", "policy apply", "policy delete", "region close", "region open"}
)
"""Changes with set semantics: making them twice is making them once."""
CHANGES = REPEATABLE | {"inbound", "permit", "claim-send", "optin claim", "attempts reserve"}
READS = frozenset(
    {"check", "explain", "scrub", "entries", "address", "packs", "watch", "optin get", "consent list", "review list"}
    | {"label list", "policy get", "policy list", "policy diff", "policy test", "region list"}
    | {"journal list", "journal verify"}
)
REFUSED = frozenset({InvalidRequest, NotAuthenticated, NotPermitted, NotFound, Conflict})
"""Answers that say that nothing was changed. Overloaded is none: an attempt before the last one may have arrived."""
NOTHING_CHANGED_REASONS = frozenset({"ERROR_REASON_STORAGE_FULL"})
BY_KIND: tuple[tuple[type[DoNotContactError], ExitCode, str], ...] = (
    (InvalidRequest, ExitCode.REFUSED, "Correct what is named above."),
    (NotAuthenticated, ExitCode.REFUSED, "Give a valid token: --token-file FILE or DNC_TOKEN."),
    (NotPermitted, ExitCode.REFUSED, "Use a token whose role may do this."),
    (NotFound, ExitCode.REFUSED, "Look at what there is: see dnc --help for the lists."),
    (Conflict, ExitCode.REFUSED, "Look at what is there, then decide."),
    (Overloaded, ExitCode.UNREACHABLE, "The server is busy: try again in a moment. Until then contact nobody."),
    (
        Unavailable,
        ExitCode.UNREACHABLE,
        "Is the server running, and are --server, --tls, --ca and --cert right? Until it answers, contact nobody.",
    ),
    (Timeout, ExitCode.UNREACHABLE, "Try again, or give it longer with --timeout. Until it answers, contact nobody."),
    (DoNotContactError, ExitCode.UNREACHABLE, "There is no complete answer: contact nobody it was about."),
)
BY_REASON = {
    "AS_OF_OUT_OF_RANGE": "Ask about a moment between the first event of the account and now: see dnc journal list.",
    "LABEL_NARROWED": "Nothing was changed. Where it is meant, say why with --reason.",
    "LABEL_NOT_FOUND": "See what there is with: dnc label list.",
    "LIMIT_REACHED": "Remove some first.",
    "OWN_WORD_STANDS": (
        "The person's own word counts until the person takes it back: record their START with dnc inbound, or have a "
        "MANAGER give evidence (--call-id, --recording, --campaign or --reference)."
    ),
    "PERMISSION_NOT_FOUND": "Do not send. Authorize the send again with: dnc permit.",
    "POLICY_NOT_FOUND": "See what there is with: dnc policy list.",
    "REVIEW_NOT_FOUND": "See which texts wait for a decision with: dnc review list.",
    "STORAGE_FULL": "Make room on the disk of the server. Checks go on.",
}


def exit_code_of(error: DoNotContactError) -> ExitCode:
    """Return the exit code of a failed call."""
    return next(code for kind, code, _ in BY_KIND if isinstance(error, kind))


def advice_on(error: DoNotContactError, command: str, *, partly: bool) -> str:
    """Say what to do. `command` is its name, such as `optin set`; `partly`: the command told itself what was done."""
    hint = BY_REASON.get(error.reason.removeprefix("ERROR_REASON_")) or next(
        hint for kind, _, hint in BY_KIND if isinstance(error, kind)
    )
    if command not in CHANGES or partly:
        return hint
    return f"{_what_is_known(error, command)} {hint}"


def changed_nothing(error: DoNotContactError) -> bool:
    """Tell whether the failure itself says that the change was not made."""
    return type(error) in REFUSED or error.reason in NOTHING_CHANGED_REASONS


def _what_is_known(error: DoNotContactError, command: str) -> str:
    if changed_nothing(error):
        return "Nothing was changed."
    again = "Running the command again is safe." if command in REPEATABLE else "Look before you run it again."
    return f"It is not known whether the change was made. {again}"
