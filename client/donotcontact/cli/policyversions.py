"""Old versions of a policy: the version is the place in the journal of the event that put it in force."""

from donotcontact import Client, InvalidRequest, NotFound
from donotcontact.v1.journal_service_pb2 import EventKind
from donotcontact.v1.policy_service_pb2 import AppliedPolicy, GetPolicyResponse

SILENCE_S_MAX = 60.0
REASON = "ERROR_REASON_POLICY_NOT_FOUND"


def old_version(client: Client, name: str, version: int) -> GetPolicyResponse:
    """Read a policy as it was applied at this position of the journal. It takes a token that may read the journal.

    Raises NotFound where anything else stands there.
    """
    # A stream that begins at one position costs the same for an old version as for a new one; a listing would begin
    # with the newest. Its first message is that event, or tells that there is none.
    told = client.watch_events(version - 1, [EventKind.EVENT_KIND_POLICY], give_up_after_s=SILENCE_S_MAX)
    missing = NotFound(f"no version {version} of a policy {name!r} stands in the journal", reason=REASON)
    try:
        message = next(told)
    except InvalidRequest:  # the journal is not that long
        raise missing from None
    event = message.event
    if event.position != version or event.policy_applied.policy.name != name:
        raise missing
    applied = AppliedPolicy(policy=event.policy_applied.policy, version=version, applied_at=event.time)
    return GetPolicyResponse(applied=applied, read_at=message.read_at)
