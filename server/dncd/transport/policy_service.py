"""PolicyService: the policies of an account."""

from typing import Any

from dncd import journal, limits, policies
from dncd.encoding import policy_message, timestamp
from dncd.events import Policy, PolicyApplied, PolicyDeleted, RequiredRegistry
from dncd.nouns import Channel, Mode, Purpose, Unscreened
from dncd.transport import fields, paging
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.roles import ADMINS, EVERYONE
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import policy_pb2
from donotcontact.v1 import policy_service_pb2 as pb

_OPT_IN_CHANNELS = frozenset({Channel.SMS})


class PolicyHandlers:
    """The handlers of PolicyService."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
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
        policy = _policy(request.policy)
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


def _policy(message: policy_pb2.Policy) -> Policy:
    if len(message.labels) > limits.POLICY_LABELS_MAX:
        raise fields.invalid("policy.labels", f"must name at most {limits.POLICY_LABELS_MAX} labels")
    opt_in = fields.choices(Channel, list(message.require_opt_in.channels), "policy.require_opt_in.channels")
    if message.HasField("require_opt_in") and not opt_in:
        raise fields.invalid("policy.require_opt_in.channels", "must name at least one channel")
    if opt_in - _OPT_IN_CHANNELS:
        raise fields.invalid("policy.require_opt_in.channels", "must be SMS: only texts have an opt-in status")
    labels = tuple(fields.name(name, f"policy.labels[{index}]") for index, name in enumerate(message.labels))
    return Policy(
        name=fields.name(message.name, "policy.name"),
        channels=fields.choices(Channel, list(message.channels), "policy.channels"),
        purpose=fields.optional_choice(Purpose, message.purpose, "policy.purpose") or Purpose.MARKETING,
        labels=labels,
        require_opt_in=opt_in,
        mode=fields.optional_choice(Mode, message.mode, "policy.mode") or Mode.ENFORCE,
        registries=_registries(message),
        unscreened=fields.optional_choice(Unscreened, message.unscreened, "policy.unscreened") or Unscreened.UNSCREENED,
    )


def _registries(message: policy_pb2.Policy) -> tuple[RequiredRegistry, ...]:
    if len(message.registries) > limits.POLICY_REGISTRIES_MAX:
        raise fields.invalid("policy.registries", f"must name at most {limits.POLICY_REGISTRIES_MAX} registries")
    names = [required.name for required in message.registries]
    if len(set(names)) < len(names):
        raise fields.invalid("policy.registries", "must name each registry once")
    return tuple(
        _registry(required, f"policy.registries[{index}]") for index, required in enumerate(message.registries)
    )


def _registry(required: policy_pb2.RequiredRegistry, path: str) -> RequiredRegistry:
    for field in ("max_age_days", "listed_days_min"):
        if getattr(required, field) > limits.REGISTRY_DAYS_MAX:
            raise fields.invalid(f"{path}.{field}", f"must be at most {limits.REGISTRY_DAYS_MAX}")
    categories = frozenset(required.categories)
    if categories - set(range(1, limits.REGISTRY_CATEGORY_MAX + 1)):
        raise fields.invalid(f"{path}.categories", f"must be numbers from 1 to {limits.REGISTRY_CATEGORY_MAX}")
    name = fields.name(required.name, f"{path}.name")
    return RequiredRegistry(name, required.max_age_days, categories, required.listed_days_min)
