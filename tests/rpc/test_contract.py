"""The server speaks the contract: its words, its wire format, its roles."""

from enum import IntEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dncd import attempts, nouns
from dncd.addresses import Fault
from dncd.nouns import Role
from guarantees.story import EMAILS, PHONES
from rpc.sound_requests import sound_requests
from serving import METHODS, Api, Served, new_id, pb

ENUMS: list[tuple[type[IntEnum], Any, str]] = [
    (nouns.Channel, pb.Channel, "CHANNEL_"),
    (nouns.Purpose, pb.Purpose, "PURPOSE_"),
    (nouns.Source, pb.Source, "SOURCE_"),
    (nouns.Role, pb.Role, "ROLE_"),
    (nouns.Verdict, pb.Verdict, "VERDICT_"),
    (nouns.Rule, pb.Rule, "RULE_"),
    (nouns.OptInStatus, pb.OptInStatus, "OPT_IN_STATUS_"),
    (nouns.EntryReason, pb.EntryReason, "ENTRY_REASON_"),
    (nouns.RemovalReason, pb.RemovalReason, "REMOVAL_REASON_"),
    (nouns.EntryState, pb.EntryState, "ENTRY_STATE_"),
    (nouns.RowOutcome, pb.RowOutcome, "ROW_OUTCOME_"),
    (nouns.Mode, pb.Mode, "MODE_"),
    (nouns.Unscreened, pb.Unscreened, "UNSCREENED_"),
    (nouns.SnapshotState, pb.SnapshotState, "SNAPSHOT_STATE_"),
    (nouns.ConsentKind, pb.ConsentKind, "CONSENT_KIND_"),
    (nouns.AttemptScope, pb.AttemptScope, "ATTEMPT_SCOPE_"),
    (nouns.AttemptOutcome, pb.AttemptOutcome, "ATTEMPT_OUTCOME_"),
    (nouns.MessageClass, pb.MessageClass, "MESSAGE_CLASS_"),
    (nouns.ReviewDecision, pb.ReviewDecision, "REVIEW_DECISION_"),
    (nouns.NotCounted, pb.NotCounted, "NOT_COUNTED_"),
    (Fault, pb.AddressFault, "ADDRESS_FAULT_"),
]
POOL = [*PHONES, *EMAILS, "+14155550199", "nonsense", "", "911", "a" * 120 + "@example.com", "+1415*"]
quick = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("kind", "contract", "prefix"), ENUMS, ids=[kind.__name__ for kind, _, _ in ENUMS])
def test_enums_of_the_domain_have_the_names_and_numbers_of_the_contract(
    kind: type[IntEnum], contract: Any, prefix: str
) -> None:
    promised = {name.removeprefix(prefix): number for name, number in contract.items() if number}

    assert {member.name: int(member) for member in kind if member} == promised


def test_outcomes_of_completions_have_the_numbers_of_the_contract() -> None:
    known = {"RECORDED": attempts.RECORDED, "UNCHANGED": attempts.UNCHANGED, "UNKNOWN": attempts.UNKNOWN}

    assert {f"COMPLETION_OUTCOME_{name}": code for name, code in known.items()} == {
        name: number for name, number in pb.CompletionOutcome.items() if number
    }


def test_every_enum_of_the_domain_is_compared() -> None:
    kinds = {kind for kind in vars(nouns).values() if isinstance(kind, type) and issubclass(kind, IntEnum)}

    assert {kind for kind, _, _ in ENUMS} >= kinds - {IntEnum}


def test_every_method_of_the_contract_is_served_and_no_other(server: Served) -> None:
    assert {rpc.path: (rpc.request, rpc.response) for rpc in server.app.rpcs} == {
        method.path: (method.request, method.response) for method in METHODS.values()
    }


CHECKERS, AGENTS = "CHECKER AGENT MANAGER ADMIN", "AGENT MANAGER ADMIN"
ROLES = {
    "Check": f"{CHECKERS} AUDITOR",
    "Scrub": f"{CHECKERS} AUDITOR",
    "Preview": f"{CHECKERS} AUDITOR",
    "Explain": f"{AGENTS} AUDITOR",
    "ReserveAttempts": CHECKERS,
    "CompleteAttempts": CHECKERS,
    "AddEntries": AGENTS,
    "RemoveEntries": "MANAGER ADMIN",
    "ListEntries": f"{AGENTS} AUDITOR",
    "GetAddress": f"{AGENTS} AUDITOR",
    "CreateLabel": "ADMIN",
    "UpdateLabel": "ADMIN",
    "ArchiveLabel": "ADMIN",
    "ListLabels": f"{CHECKERS} AUDITOR",
    "GetOptIn": f"{CHECKERS} AUDITOR",
    "SetOptIn": AGENTS,
    "ClaimOptInRequest": CHECKERS,
    "RecordInboundMessage": AGENTS,
    "ListReviews": f"{AGENTS} AUDITOR",
    "DecideReview": AGENTS,
    "RecordConsent": "MANAGER ADMIN",
    "RevokeConsent": AGENTS,
    "ListConsents": f"{AGENTS} AUDITOR",
    "AuthorizeOneTimeSend": AGENTS,
    "ClaimSend": CHECKERS,
    "ApplyPolicy": "ADMIN",
    "GetPolicy": f"{CHECKERS} AUDITOR",
    "ListPolicies": f"{CHECKERS} AUDITOR",
    "DeletePolicy": "ADMIN",
    "CloseRegion": "ADMIN",
    "OpenRegion": "ADMIN",
    "ListClosedRegions": f"{CHECKERS} AUDITOR",
    "ListRulePacks": f"{CHECKERS} AUDITOR",
    "CreateRegistry": "ADMIN",
    "ImportSnapshot": "ADMIN",
    "ActivateSnapshot": "ADMIN",
    "PruneSnapshot": "ADMIN",
    "ListSnapshots": f"{CHECKERS} AUDITOR",
    "GetRegistry": f"{CHECKERS} AUDITOR",
    "ListRegistries": f"{CHECKERS} AUDITOR",
    "GrantCoverage": "ADMIN",
    "ListEvents": "MANAGER ADMIN AUDITOR",
    "WatchEvents": "MANAGER ADMIN AUDITOR",
    "VerifyJournal": "ADMIN AUDITOR",
}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SERVER], ids=lambda role: role.name)
@pytest.mark.parametrize("method", METHODS)
def test_each_role_may_call_what_the_design_gives_it_and_nothing_else(server: Served, method: str, role: Role) -> None:
    # An empty message passes the gate of roles, and stops at the next: nothing is changed.
    allowed = role.name in ROLES[method].split()
    api, head = server.api(role=role), server.head()
    request = METHODS[method].request() if method != "WatchEvents" else sound_requests()[method]

    try:
        reason = api.refused(method, request).reason
    except AssertionError:
        reason = ""

    assert (reason != "ERROR_REASON_ROLE_NOT_ALLOWED") is allowed
    assert server.head() == head


def test_a_call_without_a_token_is_refused_once_there_is_one(server: Served) -> None:
    server.token()
    stranger = Api(server.address)
    for name in METHODS:
        refused = stranger.refused(name)
        assert (refused.code.name, refused.reason) == ("UNAUTHENTICATED", "ERROR_REASON_TOKEN_MISSING"), name
    stranger.close()


def test_refused_for_their_role_callers_hear_which_roles_may(server: Served) -> None:
    refused = server.api(role=Role.CHECKER).refused("AddEntries", sound_requests()["AddEntries"])

    assert refused.code.name == "PERMISSION_DENIED"
    assert dict(refused.info.metadata) == {"role": "CHECKER", "roles_allowed": "AGENT, MANAGER, ADMIN"}


def same_on_the_wire(kind: Any, raw: bytes) -> bool:
    message = kind.FromString(raw)
    known = kind()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return bool(message.SerializeToString() == raw and known == message)


@given(
    addresses=st.lists(st.sampled_from(POOL), min_size=1, max_size=40),
    channel=st.integers(1, 4),
    policy=st.sampled_from(["", "texts", "shadow"]),
    omit=st.booleans(),
)
@quick
def test_scrubs_columns_are_wire_identical_to_the_typed_message(
    server: Served, addresses: list[str], channel: int, policy: str, omit: bool
) -> None:
    apply_shadow_policy(server)
    request = pb.ScrubRequest(channel=channel, addresses=addresses, policy=policy, omit_findings=omit)

    raw = server.api().raw("Scrub", request)

    assert same_on_the_wire(pb.ScrubResponse, raw)
    answer = pb.ScrubResponse.FromString(raw)
    assert len(answer.verdicts) == len(addresses)
    assert len(answer.shadow_verdicts) == (len(addresses) if policy == "shadow" else 0)
    assert not (omit and answer.HasField("findings"))


def test_scrub_of_50_000_is_wire_identical(server: Served) -> None:
    phones = [14155550101 + number for number in range(49_999)] + [0]

    raw = server.api().raw("Scrub", pb.ScrubRequest(channel=2, phones=phones, policy="texts"))

    assert same_on_the_wire(pb.ScrubResponse, raw)
    assert pb.ScrubResponse.FromString(raw).verdicts[-1] == nouns.Verdict.INVALID


@given(
    rows=st.lists(st.tuples(st.sampled_from(POOL), st.sampled_from(["", "ref", "é" * 60])), min_size=1, max_size=20),
    channel=st.integers(1, 4),
    policy=st.sampled_from(["", "texts", "shadow"]),
)
@quick
def test_checks_results_are_wire_identical_to_the_typed_message(
    server: Served, rows: list[tuple[str, str]], channel: int, policy: str
) -> None:
    apply_shadow_policy(server)
    asked = [pb.CheckRow(address=address, reference=reference) for address, reference in rows]

    raw = server.api().raw("Check", pb.CheckRequest(channel=channel, rows=asked, policy=policy))

    assert same_on_the_wire(pb.CheckResponse, raw)
    answer = pb.CheckResponse.FromString(raw)
    assert [result.reference for result in answer.results] == [reference for _, reference in rows]
    assert all(result.verdict for result in answer.results)


@pytest.mark.parametrize("chars", [1, 80, 94, 95, 96, 97, 98, 99, 100, 101, 102, 120, 121, 122, 123, 124, 200])
def test_long_addresses_are_wire_identical_in_clear_results(server: Served, chars: int) -> None:
    domain = ".".join(["d" * 50] * 4) + ".org"
    address = f"x@{domain}"[-chars - 8 :] if chars < 150 else f"x@{domain}"
    address = f"x@{address.lstrip('x@').lstrip('.')}"

    raw = server.api().raw("Check", pb.CheckRequest(channel=3, rows=[pb.CheckRow(address=address)]))

    assert same_on_the_wire(pb.CheckResponse, raw)
    assert pb.CheckResponse.FromString(raw).results[0].address == address


def apply_shadow_policy(server: Served) -> None:
    policy = pb.Policy(name="shadow", labels=["sales"], require_opt_in=pb.RequireOptIn(channels=[2]), mode=2)
    server.api().call("ApplyPolicy", pb.ApplyPolicyRequest(policy=policy, request_id=new_id()))
