"""The operator of a server's registries: uploads lists, puts them in force, says who may rely on them."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import grpc
from google.protobuf.message_factory import GetMessageClass

from dncd.registry.files import extents
from donotcontact.v1 import registry_pb2, registry_service_pb2
from rpc_serving import Caught
from serving import WAIT_S, pb

ALLOW, BLOCK, UNSCREENED, INVALID = 1, 2, 6, 7
ENTRY, REGISTRY, NOT_COVERED, STALE, MISSING = 2, 6, 7, 8, 9
READY, HELD, IN_FORCE, RETIRED = 1, 2, 3, 4
# The day that the clock of a served server stands still on.
TODAY: Final = "2025-06-15"
DAY_MS: Final = 86_400_000

# Untyped, so that tests may send what types forbid.
rpb: Any = SimpleNamespace(**{**vars(registry_pb2), **vars(registry_service_pb2)})

_SERVICE = registry_service_pb2.DESCRIPTOR.services_by_name["RegistryService"]


class Operator:
    """One connection with a token of an account that may, or may not, change registries."""

    def __init__(self, address: str, token: str = "") -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
        self.channel: Any = grpc.insecure_channel(address, options)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def close(self) -> None:
        self.channel.close()

    def call(self, method: str, /, **fields: Any) -> Any:
        return self.send(method, getattr(rpb, f"{method}Request")(**fields))

    def send(self, method: str, request: Any) -> Any:
        answered = self.channel.unary_unary(
            f"/{_SERVICE.full_name}/{method}",
            type(request).SerializeToString,
            GetMessageClass(_SERVICE.methods_by_name[method].output_type).FromString,
        )
        return answered(request, timeout=WAIT_S, metadata=self._metadata, wait_for_ready=True)

    def refused(self, method: str, /, **fields: Any) -> Caught:
        try:
            self.call(method, **fields)
        except grpc.RpcError as error:
            return Caught(error)
        raise AssertionError(f"{method} was answered")

    def stream(self, pieces: Iterable[Any], timeout_s: float = WAIT_S) -> Any:
        """Begin an upload of any messages; its result is the answer."""
        uploading = self.channel.stream_unary(
            f"/{_SERVICE.full_name}/ImportSnapshot",
            rpb.ImportSnapshotRequest.SerializeToString,
            rpb.ImportSnapshotResponse.FromString,
        )
        return uploading.future(iter(pieces), timeout=timeout_s, metadata=self._metadata, wait_for_ready=True)

    def upload_refused(self, pieces: Iterable[Any]) -> Caught:
        try:
            self.stream(pieces).result()
        except grpc.RpcError as error:
            return Caught(error)
        raise AssertionError("the upload was answered")

    # What most tests do.

    def create(self, name: str, *scope: str, account: str = "default") -> None:
        """Make a registry of which an account may rely on everything."""
        self.call("CreateRegistry", registry=rpb.Registry(name=name, scope=scope))
        self.grant(name, *scope, account=account)

    def grant(self, name: str, *prefixes: str, account: str = "default") -> None:
        self.call("GrantCoverage", registry=name, account=account, prefixes=prefixes)

    def upload(self, registry: str, content: bytes, **header: Any) -> Any:
        """Import a file, and put it in force unless told otherwise."""
        return self.stream(upload(registry, content, **header)).result()

    def list_numbers(self, registry: str, *phones: int, **header: Any) -> Any:
        """Import plain numbers; give the snapshot."""
        return self.upload(registry, lines(*phones), **header).snapshot

    def activate(self, registry: str, snapshot: str, reason: str = "") -> Any:
        return self.call("ActivateSnapshot", registry=registry, snapshot=snapshot, reason=reason)

    def states(self, registry: str) -> dict[str, int]:
        listed = self.call("ListSnapshots", registry=registry).snapshots
        return {snapshot.id: snapshot.state for snapshot in listed}


def lines(*phones: int) -> bytes:
    return b"".join(b"+%d\n" % phone for phone in phones)


def header(registry: str, **fields: Any) -> Any:
    """Build the first message of an upload."""
    known = {"format": "numbers", "file_name": "list.txt", "list_date": TODAY, "activate": True, **fields}
    return rpb.ImportSnapshotRequest(header=rpb.ImportHeader(registry=registry, **known))


def content(piece: bytes) -> Any:
    return rpb.ImportSnapshotRequest(content=piece)


def end(whole: bytes) -> Any:
    """Build the last message of an upload."""
    return rpb.ImportSnapshotRequest(end=rpb.ImportEnd(bytes=len(whole), sha256=hashlib.sha256(whole).hexdigest()))


def upload(registry: str, whole: bytes, **fields: Any) -> Iterator[Any]:
    yield header(registry, **fields)
    for start in range(0, len(whole), 1 << 20):
        yield content(whole[start : start + (1 << 20)])
    yield end(whole)


def require(name: str, **fields: Any) -> Any:
    return pb.RequiredRegistry(name=name, **fields)


def apply_policy(api: Any, *required: Any, name: str = "calls", **fields: Any) -> None:
    policy = pb.Policy(name=name, registries=required, **fields)
    api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=policy))


def texts(phones: Iterable[int]) -> list[str]:
    return [f"+{phone}" for phone in phones]


def verdicts(api: Any, *phones: int, policy: str = "calls", **fields: Any) -> list[int]:
    """Ask Check about numbers."""
    answer: list[int] = api.verdicts(*texts(phones), policy=policy, **fields)
    return answer


def rules(api: Any, phone: int, policy: str = "calls", **fields: Any) -> dict[int, int]:
    """Ask Check about a number: the rules that found something, with the verdict that each asks for."""
    [result] = api.check(f"+{phone}", policy=policy, **fields).results
    assert result.verdict == (result.findings[0].verdict if result.findings else ALLOW)
    return {finding.rule: finding.verdict for finding in result.findings}


def explained(api: Any, phone: int, policy: str = "calls", **fields: Any) -> Any:
    row = pb.CheckRow(address=f"+{phone}")
    return api.call("Explain", pb.ExplainRequest(channel=1, policy=policy, row=row, **fields))


def lying_in(store: Path) -> list[str]:
    """Name what lies in the folders of a store's registries."""
    return sorted(path.name for path in store.glob("registries/*/*"))


def damage(folder: Path, kind: str) -> str:
    """Damage a file of a snapshot that checks read, or take the whole folder away; name what is wrong."""
    [path] = folder.glob("*.bits")
    with path.open("r+b") as file:
        # The file is mostly a hole; what it says lies in a page or two.
        place = next(start for start, _ in extents(file.fileno()))
        if kind == "altered":
            file.seek(place)
            page = bytearray(file.read(4096))
            page[next(index for index, byte in enumerate(page) if byte)] = 0
            file.seek(place)
            file.write(page)
        elif kind == "cut off":
            file.truncate(place)
    if kind == "missing":
        path.unlink()
    if kind == "gone":
        shutil.rmtree(folder)
        return "manifest.json"
    return path.name
