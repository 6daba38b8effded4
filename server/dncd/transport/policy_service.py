"""PolicyService: the policies of an account."""

from typing import Any

from dncd import journal, policies
from dncd.encoding import policy_message, timestamp
from dncd.events import PolicyApplied, PolicyDeleted
from dncd.rulebook import Rulebook
from dncd.transport import fields, paging
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.policy_fields import policy_of
from dncd.transport.roles import ADMINS, EVERYONE
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import policy_service_pb2 as pb


class PolicyHandlers:
    """The handlers of PolicyService."""

    def __init__(self, changes: Changes, book: Rulebook) -> None:
        self._changes = changes
        self._book = book
        self._store = changes.store

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "PolicyService", Plane.CONTROL
        return [
            Rpc(name, "ApplyPolicy", pb.ApplyPolicyRequest, pb.ApplyPolicyResponse, ADMINS, control, self.apply),
            Rpc(name, "GetPolicy", pb.GetPolicyRequest, pb.GetPolicyResponse, EVERYONE, control, self.get),
            Rpc(name, "ListPolicies", pb.ListPoliciesRequest, pb.ListPoliciesResponse, EVERYONE, control, self.list_),
            Rpc(name, "DeletePolicy", pb.DeletePolicyRequest, pb.DeletePolicyResponse, ADMINS, control, self.delete),
        ]

    def apply(self, call: Call, request: pb.ApplyPolicyRequest) -> pb.ApplyPolicyResponse:
        """Put a policy in force; an equal one keeps its version."""
        policy = policy_of(request.policy, self._book)
        written = self._changes.accept(call, request, PolicyApplied(policy))
        changed, applied = policies.read_applied(written.codes, policy)
        message = (
            pb.AppliedPolicy(policy=policy_message(policy)) if request.validate_only else _applied_message(applied)
        )
        return pb.ApplyPolicyResponse(
            applied=message, changed=changed, written_at=self._changes.written_at(request, written)
        )

    def get(self, call: Call, request: pb.GetPolicyRequest) -> pb.GetPolicyResponse:
        """Tell the policy in force."""
        with self._store.snapshot() as snapshot:
            applied = policies.find(snapshot, call.caller.account_id, fields.name(request.name, "name"))
            position = journal.head(snapshot).position
        return pb.GetPolicyResponse(applied=_applied_message(applied), read_at=revision(self._store.id, position))

    def list_(self, call: Call, request: pb.ListPoliciesRequest) -> pb.ListPoliciesResponse:
        """List a page of policies by name."""
        after = paging.decode_name(request, call.caller.account_id)
        page_rows = fields.page_rows(request.page_size)
        with self._store.snapshot() as snapshot:
            taken = paging.take(policies.scan(snapshot, call.caller.account_id, after), page_rows)
            position = journal.head(snapshot).position
        return pb.ListPoliciesResponse(
            policies=map(_applied_message, taken.rows),
            next_page_token=paging.encode(
                request, call.caller.account_id, taken.rows[-1].policy.name.encode() if taken.more else b""
            ),
            read_at=revision(self._store.id, position),
        )

    def delete(self, call: Call, request: pb.DeletePolicyRequest) -> pb.DeletePolicyResponse:
        """Take a policy out of force."""
        written = self._changes.accept(call, request, PolicyDeleted(fields.name(request.name, "name")))
        return pb.DeletePolicyResponse(
            changed=bool(written.codes[0]), written_at=revision(self._store.id, written.position)
        )


def _applied_message(applied: policies.Applied) -> pb.AppliedPolicy:
    build: Any = pb.AppliedPolicy
    message: pb.AppliedPolicy = build(
        policy=policy_message(applied.policy), version=applied.version, applied_at=timestamp(applied.applied_at_ms)
    )
    return message
