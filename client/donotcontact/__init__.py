"""Talk to a do-not-contact decision server.

    from donotcontact import Client, DoNotContactError

    with Client("127.0.0.1:7420", token=token) as client:
        try:
            result = client.check_one("+1 415 555 0123", channel="VOICE", policy="us-telemarketing")
        except DoNotContactError:
            skip()                       # no answer is not permission
        else:
            dial() if result.allowed else skip()

`allowed` is the only boolean, and it is True for ALLOW alone. Everything else - a verdict that this client does not
know, an error, a timeout, an answer too short or too long - is "do not contact". Messages of the contract, such as
`NewEntry` and `Policy`, are in `donotcontact.v1`.
"""

from donotcontact.aio import AsyncClient
from donotcontact.attempts import Completion, ReservedAttempt
from donotcontact.client import Client
from donotcontact.connection import Tls
from donotcontact.errors import (
    Conflict,
    DoNotContactError,
    IncompleteAnswer,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Overloaded,
    ServerError,
    Timeout,
    Unavailable,
)
from donotcontact.permissions import ClaimedOptIn, ClaimedSend, OneTimePermission
from donotcontact.preview import OpenCount, Preview, ReasonCount
from donotcontact.reasons import AttemptCount, ConsentKind, LegalRule, LiftingConsent, Outcome, Scope
from donotcontact.results import Channel, CheckAnswer, Result, Row, Verdict
from donotcontact.retry import Retry
from donotcontact.scrubbed import ScrubAnswer

__all__ = [
    "AsyncClient",
    "AttemptCount",
    "Channel",
    "CheckAnswer",
    "ClaimedOptIn",
    "ClaimedSend",
    "Client",
    "Completion",
    "Conflict",
    "ConsentKind",
    "DoNotContactError",
    "IncompleteAnswer",
    "InvalidRequest",
    "LegalRule",
    "LiftingConsent",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "OneTimePermission",
    "OpenCount",
    "Outcome",
    "Overloaded",
    "Preview",
    "ReasonCount",
    "ReservedAttempt",
    "Result",
    "Retry",
    "Row",
    "Scope",
    "ScrubAnswer",
    "ServerError",
    "Timeout",
    "Tls",
    "Unavailable",
    "Verdict",
]
