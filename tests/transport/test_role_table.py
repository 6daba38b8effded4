import re
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from dncd.app import build_app
from dncd.config import Settings
from dncd.nouns import Role
from dncd.storage.memory import MemoryStore
from dncd.transport.rpc import PACKAGE, Plane, Rpc

PROTOS = Path(__file__).parents[2] / "proto" / "donotcontact" / "v1"
SERVICES = (
    "CheckService",
    "AttemptService",
    "EntryService",
    "ConsentService",
    "PolicyService",
    "RegistryService",
    "JournalService",
)
ANY = frozenset(Role) - {Role.SERVER}
AT_LEAST = {
    "CHECKER": frozenset({Role.CHECKER, Role.AGENT, Role.MANAGER, Role.ADMIN}),
    "AGENT": frozenset({Role.AGENT, Role.MANAGER, Role.ADMIN}),
    "MANAGER": frozenset({Role.MANAGER, Role.ADMIN}),
}


def promised() -> dict[str, frozenset[Role]]:
    """Read the roles that the comments of the contract promise, by method."""
    found = {}
    for proto in PROTOS.glob("*_service.proto"):
        for comment, method in re.findall(r"((?:  //[^\n]*\n)+)  rpc (\w+)\(", proto.read_text()):
            words = re.search(r"Role: ([^.;]+)", " ".join(comment.replace("//", " ").split()))
            assert words is not None, f"{method} promises no role"
            found[method] = roles_of(words[1])
    return found


def roles_of(words: str) -> frozenset[Role]:
    """Read `any`, `AGENT or above, or AUDITOR`, `ADMIN or AUDITOR`."""
    if words == "any":
        return ANY
    named = frozenset(Role[name] for name in re.findall(r"\b[A-Z]{2,}\b", words))
    least = re.match("([A-Z]+) or above", words)
    return named | AT_LEAST[least[1]] if least else named


@pytest.fixture(scope="module")
def rpcs() -> dict[str, Rpc]:
    app = build_app(MemoryStore(), lambda: 1, lambda: "id", Settings())
    return {rpc.path: rpc for rpc in app.rpcs}


def methods() -> dict[str, MethodDescriptor]:
    pool = descriptor_pool.Default()
    found = [pool.FindServiceByName(f"{PACKAGE}.{service}") for service in SERVICES]
    return {f"/{service.full_name}/{method.name}": method for service in found for method in service.methods}


def test_every_method_of_the_contract_stands_in_the_table(rpcs: dict[str, Rpc]) -> None:
    assert set(rpcs) == set(methods())


def test_every_method_takes_and_gives_the_messages_of_the_contract(rpcs: dict[str, Rpc]) -> None:
    for path, method in methods().items():
        assert rpcs[path].request.DESCRIPTOR is method.input_type
        assert rpcs[path].response.DESCRIPTOR is method.output_type
        assert (rpcs[path].plane is Plane.STREAM) == method.server_streaming


def test_every_method_allows_the_roles_that_the_contract_promises(rpcs: dict[str, Rpc]) -> None:
    assert {rpc.method: rpc.roles for rpc in rpcs.values()} == promised()


def test_nobody_calls_with_the_role_of_the_server_itself(rpcs: dict[str, Rpc]) -> None:
    assert all(Role.SERVER not in rpc.roles for rpc in rpcs.values())


def test_only_checks_run_on_the_data_plane(rpcs: dict[str, Rpc]) -> None:
    planes = {rpc.method: rpc.plane for rpc in rpcs.values()}

    assert planes["Check"] is Plane.DATA
    assert [method for method, plane in planes.items() if plane is Plane.BULK] == ["Scrub", "Preview"]
    assert [method for method, plane in planes.items() if plane is Plane.DATA] == ["Check"]


def test_reads_that_may_scan_stay_off_the_threads_of_checks_and_changes(rpcs: dict[str, Rpc]) -> None:
    reads = {rpc.method for rpc in rpcs.values() if rpc.plane is Plane.READ}

    assert reads == {"VerifyJournal", "ListEvents", "ListEntries", "GetAddress", "Explain"}
