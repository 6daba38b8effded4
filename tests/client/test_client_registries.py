"""Registries through the client: the calls, the upload in pieces, and findings that name a list."""

import asyncio
import hashlib
import inspect
import io
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import grpc
import pytest

from client.scripted_server import BLOCK, REVISION, ScriptedServer, answer, failure
from donotcontact import AsyncClient, Client, Conflict, IncompleteAnswer, Unavailable
from donotcontact.upload import PIECE_BYTES, Upload
from donotcontact.v1 import registry_pb2, verdict_pb2
from donotcontact.v1 import registry_service_pb2 as pb
from donotcontact.v1.check_service_pb2 import ScrubFindings, ScrubResponse

SNAPSHOT = registry_pb2.Snapshot(registry="us-national", id="s1", numbers=3)
IMPORTED = pb.ImportSnapshotResponse(snapshot=SNAPSHOT, written_at=REVISION)
NUMBERS = b"415,5550123\n" * 200_000
NAME = "2026-11-20_415_1.txt"


@pytest.fixture(autouse=True)
def imports(server: ScriptedServer) -> None:
    server.script("ImportSnapshot", answer(IMPORTED))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(NUMBERS)
    return path


def send(kind: str, server: ScriptedServer, content: Any, **options: Any) -> pb.ImportSnapshotResponse:
    """Import with the blocking or the asynchronous client."""
    if kind == "blocking":
        with Client(server.target) as client:
            return client.import_snapshot("us-national", content, format="ftc", **options)

    async def run() -> pb.ImportSnapshotResponse:
        async with AsyncClient(server.target) as client:
            return await client.import_snapshot("us-national", content, format="ftc", **options)

    return asyncio.run(run())


both = pytest.mark.parametrize("kind", ["blocking", "asyncio"])


def sent(server: ScriptedServer) -> tuple[pb.ImportHeader, list[bytes]]:
    """Return the header and the content of what was sent, which ends with what it was."""
    header, *pieces, last = server.requests("ImportSnapshot")[0]
    content = [piece.content for piece in pieces]
    whole = b"".join(content)
    assert last == pb.ImportSnapshotRequest(
        end=pb.ImportEnd(bytes=len(whole), sha256=hashlib.sha256(whole).hexdigest())
    )
    return header.header, content


@both
def test_a_file_goes_in_order_behind_a_header_with_its_name_and_sha256(
    server: ScriptedServer, path: Path, kind: str
) -> None:
    response = send(kind, server, path, list_date=date(2026, 11, 20))

    header, pieces = sent(server)
    assert response == IMPORTED
    assert (header.registry, header.format, header.file_name) == ("us-national", "ftc", NAME)
    assert (header.list_date, header.activate) == ("2026-11-20", True)
    assert header.sha256 == hashlib.sha256(NUMBERS).hexdigest()
    assert b"".join(pieces) == NUMBERS
    assert {len(piece) for piece in pieces[:-1]} == {PIECE_BYTES}


@both
def test_what_a_file_does_not_say_itself_is_said_in_the_header(server: ScriptedServer, path: Path, kind: str) -> None:
    said = {
        "column": "Number",
        "registered_flags": "Y",
        "clean_flags": "N,U",
        "flag_column": "Status",
        "shape": "flagged",
        "region": "AU",
        "coverage": ["+612", "+613"],
    }

    send(kind, server, path, **said)

    header, _ = sent(server)
    assert {name: getattr(header, name) for name in said} == said


def test_an_upload_that_breaks_off_here_has_no_end() -> None:
    def stop(done: int, _total: int | None) -> None:
        if done:
            raise RuntimeError("the caller's own")

    upload = Upload(io.BytesIO(NUMBERS), pb.ImportHeader(), stop)
    requests: list[Any] = []

    with pytest.raises(RuntimeError):
        requests.extend(map(pb.ImportSnapshotRequest.FromString, upload.pieces()))

    assert "end" not in {request.WhichOneof("piece") for request in requests}


@both
def test_progress_hears_of_every_piece_and_of_the_whole(server: ScriptedServer, path: Path, kind: str) -> None:
    told: list[tuple[int, int | None]] = []

    send(kind, server, path, progress=lambda done, total: told.append((done, total)))

    size = len(NUMBERS)
    assert told == [(0, size), (PIECE_BYTES, size), (2 * PIECE_BYTES, size), (size, size)]


@both
def test_a_stream_is_sent_from_where_it_stands(server: ScriptedServer, kind: str) -> None:
    stream = io.BytesIO(b"skip" + NUMBERS)
    stream.seek(4)

    send(kind, server, stream, file_name="list.txt", activate=False)

    header, pieces = sent(server)
    assert (header.file_name, header.activate) == ("list.txt", False)
    assert header.sha256 == hashlib.sha256(NUMBERS).hexdigest()
    assert b"".join(pieces) == NUMBERS
    assert not stream.closed


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


@both
def test_a_stream_that_cannot_go_back_is_sent_without_a_sha256(server: ScriptedServer, kind: str) -> None:
    totals: set[int | None] = set()

    send(kind, server, Pipe(NUMBERS), progress=lambda _, total: totals.add(total))

    header, pieces = sent(server)
    assert header.sha256 == ""
    assert b"".join(pieces) == NUMBERS
    assert totals == {None}


@both
def test_an_import_is_never_sent_twice(server: ScriptedServer, path: Path, kind: str) -> None:
    server.script("ImportSnapshot", failure(grpc.StatusCode.UNAVAILABLE), answer(IMPORTED))

    with pytest.raises(Unavailable):
        send(kind, server, path)

    assert len(server.requests("ImportSnapshot")) == 1


@both
def test_what_the_server_says_about_the_file_is_raised(server: ScriptedServer, path: Path, kind: str) -> None:
    what = "list.txt, line 7: not a number"
    server.script(
        "ImportSnapshot",
        failure(
            grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_IMPORT_FAILED", message=what, metadata={"line": "7"}
        ),
    )

    with pytest.raises(Conflict, match="line 7") as raised:
        send(kind, server, path)

    assert raised.value.metadata["line"] == "7"


class BrokenDisk(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


def interrupted(_done: int, _total: int | None) -> None:
    raise RuntimeError("the caller's own")


@both
@pytest.mark.parametrize(
    ("content", "progress", "raised"),
    [
        ("/nowhere/list.txt", None, FileNotFoundError),
        (BrokenDisk(), None, OSError),
        (io.BytesIO(NUMBERS), interrupted, RuntimeError),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_on_this_side_is_raised_as_it_is(
    server: ScriptedServer, kind: str, content: str | BinaryIO, progress: Any, raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        send(kind, server, content, progress=progress)


@both
def test_an_answer_without_a_snapshot_is_incomplete(server: ScriptedServer, path: Path, kind: str) -> None:
    server.script("ImportSnapshot", answer(pb.ImportSnapshotResponse()))

    with pytest.raises(IncompleteAnswer):
        send(kind, server, path)


def test_both_clients_import_by_one_signature() -> None:
    assert inspect.signature(Client.import_snapshot) == inspect.signature(AsyncClient.import_snapshot)
    assert Client.import_snapshot.__doc__ == AsyncClient.import_snapshot.__doc__


@pytest.mark.parametrize(
    ("rpc", "ask", "response"),
    [
        ("CreateRegistry", lambda c: c.create_registry("r", scope=["+1"]), pb.CreateRegistryResponse()),
        ("ActivateSnapshot", lambda c: c.activate_snapshot("r", "s", reason="right"), pb.ActivateSnapshotResponse()),
        ("PruneSnapshot", lambda c: c.prune_snapshot("r", "s"), pb.PruneSnapshotResponse()),
        ("GrantCoverage", lambda c: c.grant_coverage("r", "acme", ["+1415"]), pb.GrantCoverageResponse()),
        ("GetRegistry", lambda c: c.get_registry("r"), pb.GetRegistryResponse()),
    ],
)
def test_each_method_sends_its_request_and_gives_its_response(
    server: ScriptedServer, client: Client, rpc: str, ask: Any, response: Any
) -> None:
    server.script(rpc, answer(response))

    assert ask(client) == response

    assert [seen.name for seen in server.seen] == [rpc]


@pytest.mark.parametrize(
    ("rpc", "change"),
    [
        ("CreateRegistry", lambda c: c.create_registry("r", scope=["+1"])),
        ("ActivateSnapshot", lambda c: c.activate_snapshot("r", "s")),
        ("PruneSnapshot", lambda c: c.prune_snapshot("r", "s")),
        ("GrantCoverage", lambda c: c.grant_coverage("r", "acme", [])),
    ],
)
def test_a_change_bears_a_request_id(server: ScriptedServer, client: Client, rpc: str, change: Any) -> None:
    server.script(rpc, answer(getattr(pb, f"{rpc}Response")()))

    change(client)

    assert len(server.requests(rpc)[0].request_id) == 36


def test_lists_follow_pages(server: ScriptedServer, client: Client) -> None:
    server.script(
        "ListSnapshots",
        answer(pb.ListSnapshotsResponse(snapshots=[SNAPSHOT], next_page_token="a")),
        answer(pb.ListSnapshotsResponse(snapshots=[SNAPSHOT])),
    )
    server.script(
        "ListRegistries", answer(pb.ListRegistriesResponse(registries=[registry_pb2.Registry(name="us-national")]))
    )

    assert [each.id for each in client.list_snapshots("us-national")] == ["s1", "s1"]
    assert [each.name for each in client.list_registries()] == ["us-national"]


def scrub_of(findings: ScrubFindings) -> ScrubResponse:
    return ScrubResponse(verdicts=[BLOCK, BLOCK], checked_at=REVISION, findings=findings)


def test_scrub_findings_name_the_list_and_the_prefix_that_they_rest_on(server: ScriptedServer, client: Client) -> None:
    ref = verdict_pb2.RegistryRef(name="us-national", snapshot="s1", list_date="2026-11-20")
    none = 0xFFFF_FFFF
    columns = ScrubFindings(
        rows=[0, 1],
        rules=[verdict_pb2.RULE_REGISTRY, verdict_pb2.RULE_ENTRY],
        verdicts=[BLOCK, BLOCK],
        labels=[none, 0],
        label_names=["do-not-contact"],
        targets=[none, 0],
        target_names=["+1415*"],
        registries=[0, none],
        registry_names=[ref],
    )
    server.script("Scrub", answer(scrub_of(columns)))

    (found,) = client.scrub([14155550123, 14155550124], channel="VOICE")

    registered, entry = found.findings_of(0)[0], found.findings_of(1)[0]
    assert (registered.registry, registered.target, registered.label) == (ref, "", "")
    assert (entry.target, entry.label, entry.HasField("registry")) == ("+1415*", "do-not-contact", False)


def test_a_finding_that_names_a_registry_that_is_not_there_is_incomplete(
    server: ScriptedServer, client: Client
) -> None:
    columns = ScrubFindings(rows=[0], rules=[verdict_pb2.RULE_REGISTRY], verdicts=[BLOCK], registries=[3])
    server.script("Scrub", answer(scrub_of(columns)))
    (found,) = client.scrub([14155550123, 14155550124], channel="VOICE")

    with pytest.raises(IncompleteAnswer):
        found.findings_of(0)
