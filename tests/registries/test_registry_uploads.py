"""Uploads that go wrong: nothing is switched, nothing is left behind, and the server answers its neighbours."""

import gzip
import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from dncd import limits
from dncd.nouns import Role
from dncd.registry.importing import import_apart, import_file
from dncd.transport import uploads
from registries.operating import (
    ALLOW,
    BLOCK,
    IN_FORCE,
    Operator,
    apply_policy,
    content,
    end,
    header,
    lines,
    lying_in,
    require,
    rpb,
    upload,
    verdicts,
)
from rpc_serving import Caught
from serving import WAIT_S, Served, served

LISTED, OTHER = 14155550101, 14155550102
WHOLE = lines(OTHER)
BOMB = gzip.compress((b" " * 60_000 + b"\n") * 1_200, 9)


@pytest.fixture
def us(server: Served, operator: Operator) -> str:
    """A list of one number in force; give its id."""
    operator.create("us", "+1")
    apply_policy(server.api(), require("us"))
    return str(operator.list_numbers("us", LISTED).id)


@pytest.fixture
def untouched(server: Served, operator: Operator, store: Path, us: str) -> Iterator[str]:
    """Hold the server to it that a test changes nothing at all."""
    head = server.head()
    yield us
    assert server.head() == head
    assert operator.states("us") == {us: IN_FORCE}
    assert lying_in(store) == [us]
    assert verdicts(server.api(), LISTED, OTHER) == [BLOCK, ALLOW]


def begun(*bodies: bytes, **fields: Any) -> list[Any]:
    return [header("us", **fields), *map(content, bodies)]


def pieces(*bodies: bytes, **fields: Any) -> list[Any]:
    return [*begun(*bodies, **fields), end(b"".join(bodies))]


def ended(**fields: Any) -> list[Any]:
    """Upload the list with an end that says something else of it."""
    said = {"bytes": len(WHOLE), "sha256": hashlib.sha256(WHOLE).hexdigest(), **fields}
    return [*begun(WHOLE), rpb.ImportSnapshotRequest(end=rpb.ImportEnd(**said))]


IMPORT, MALFORMED, FIELD = (f"ERROR_REASON_{name}" for name in ("IMPORT_FAILED", "MALFORMED_REQUEST", "INVALID_FIELD"))
A_WEEK_AHEAD = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
BROKEN = {
    "nothing at all": ([], MALFORMED, ""),
    "an empty message": ([rpb.ImportSnapshotRequest()], MALFORMED, "header"),
    "content without a header": ([content(WHOLE)], MALFORMED, "header"),
    "a second header": ([*begun(WHOLE), header("us"), end(WHOLE)], MALFORMED, "first message"),
    "an empty message in the middle": ([*begun(WHOLE), rpb.ImportSnapshotRequest(), end(WHOLE)], MALFORMED, "first"),
    "a header and no more": (begun(), MALFORMED, "cut off"),
    "no end": (begun(WHOLE), MALFORMED, "cut off"),
    "an end at the beginning": ([end(WHOLE), *pieces(WHOLE)], MALFORMED, "header"),
    "content behind the end": ([*pieces(WHOLE), content(WHOLE)], MALFORMED, "behind it"),
    "a second end": ([*pieces(WHOLE), end(WHOLE)], MALFORMED, "behind it"),
    "a header behind the end": ([*pieces(WHOLE), header("us")], MALFORMED, "behind it"),
    "an end that says nothing": (ended(bytes=0, sha256=""), IMPORT, "bytes"),
    "an end without a SHA-256": (ended(sha256=""), IMPORT, "SHA-256"),
    "an end with another SHA-256": (ended(sha256="00" * 32), IMPORT, "SHA-256"),
    "a message less than was sent": (ended(bytes=len(WHOLE) + 1), IMPORT, "bytes"),
    "a message more than was sent": (ended(bytes=len(WHOLE) - 1), IMPORT, "bytes"),
    "a message of 3 MB": (pieces(b"1" * 3_000_000), "ERROR_REASON_MESSAGE_TOO_LARGE", "bytes"),
    "no content": (pieces(), IMPORT, "nothing was read"),
    "empty content": (pieces(b"", b""), IMPORT, "nothing was read"),
    "only blank lines": (pieces(b"\n \n\r\n"), IMPORT, "nothing was read"),
    "another SHA-256": (pieces(WHOLE, sha256="00" * 32), IMPORT, "SHA-256"),
    "an unknown format": (pieces(WHOLE, format="excel"), IMPORT, "format"),
    "no format": (pieces(WHOLE, format=""), IMPORT, "format"),
    "a format of another country": (pieces(WHOLE, format="tps"), IMPORT, "44"),
    "mostly rejects": (pieces(WHOLE, b"nobody\n" * 40), IMPORT, "rejects"),
    "only rejects": (pieces(b"nobody\n"), IMPORT, "rejects"),
    "no date": (pieces(WHOLE, list_date=""), IMPORT, "date"),
    "a date that is none": (pieces(WHOLE, list_date="15.06.2025"), FIELD, "list_date"),
    "a day of no calendar": (pieces(WHOLE, list_date="2025-02-30"), FIELD, "list_date"),
    "a date to come": (pieces(WHOLE, list_date=A_WEEK_AHEAD), IMPORT, "future"),
    "a NUL byte": (pieces(WHOLE + b"\0"), IMPORT, "NUL"),
    "a zip archive cut off": (pieces(b"PK\x03\x04" + b"\0" * 50), IMPORT, "zip"),
    "a gzip archive cut off": (pieces(gzip.compress(WHOLE)[:-4]), IMPORT, "cut off"),
    "a spreadsheet": (pieces(b"\xd0\xcf\x11\xe0" + WHOLE), IMPORT, ""),
    "a bomb": (pieces(BOMB), IMPORT, "expands"),
    "a file name of 513 bytes": (pieces(WHOLE, file_name="n" * 513), FIELD, "file_name"),
    "a column that is not there": (pieces(b"a,b\n1,2\n", format="csv", column="c"), IMPORT, "column"),
    "an unknown registry": ([header("nowhere"), content(WHOLE)], "ERROR_REASON_REGISTRY_NOT_FOUND", "registry"),
    "a registry that is a path": ([header("../us"), content(WHOLE)], "ERROR_REASON_REGISTRY_NOT_FOUND", "registry"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_upload_is_refused_with_its_reason_and_leaves_no_trace(
    operator: Operator, untouched: str, name: str
) -> None:
    sent, reason, word = BROKEN[name]

    refused = operator.upload_refused(sent)

    assert untouched
    assert refused.reason == reason
    told = refused.message + (str(refused.bad_request) if reason == FIELD else "")
    assert word in told
    assert str(OTHER) not in told


@pytest.mark.parametrize("spared", [False, True])
def test_an_upload_that_grows_too_large_ends_before_it_fills_the_disk(
    operator: Operator, untouched: str, store: Path, monkeypatch: pytest.MonkeyPatch, spared: bool
) -> None:
    if spared:
        monkeypatch.setattr(limits, "UPLOAD_SPARED_BYTES", 2**62)
    else:
        monkeypatch.setattr(limits, "UPLOAD_BYTES_MAX", 2 * len(WHOLE) - 1)

    def endless() -> Iterator[Any]:
        yield from begun()
        while True:
            yield content(WHOLE)

    refused = operator.upload_refused(endless())

    assert untouched
    assert lying_in(store) == [untouched], "what came before the limit is gone too"
    if spared:
        assert refused.reason == "ERROR_REASON_STORAGE_FULL"
    else:
        assert refused.reason == "ERROR_REASON_UPLOAD_TOO_LARGE"
        assert refused.info.metadata["bytes_max"] == str(2 * len(WHOLE) - 1)
        assert f"at most {2 * len(WHOLE) - 1:,} bytes" in refused.message


def test_an_upload_of_as_many_bytes_as_it_may_have_is_taken(
    operator: Operator, us: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_BYTES_MAX", len(WHOLE))

    assert operator.upload("us", WHOLE, activate=False).snapshot.numbers == 1


def test_a_file_name_that_is_a_path_names_a_file_and_no_place(operator: Operator, store: Path, us: str) -> None:
    snapshot = operator.upload("us", WHOLE, file_name="../../../etc/list.txt", activate=False).snapshot

    assert snapshot.files[0].name == "list.txt"
    assert lying_in(store) == sorted([us, snapshot.id])


def test_a_change_list_without_a_list_to_change_is_refused(server: Served, operator: Operator, store: Path) -> None:
    operator.create("us", "+1")
    apply_policy(server.api(), require("us"))

    refused = operator.upload_refused(upload("us", b"415,5550101,A\n", format="ftc-change"))

    # Taken for a list it would allow everyone whom it does not name.
    assert refused.reason == IMPORT
    assert "full list" in refused.message
    assert lying_in(store) == []


def test_an_upload_that_the_client_gives_up_leaves_no_trace(
    server: Served, operator: Operator, store: Path, untouched: str, caplog: pytest.LogCaptureFixture
) -> None:
    arrived, cancelled = threading.Event(), threading.Event()

    def half() -> Iterator[Any]:
        yield from begun(WHOLE)
        arrived.set()
        assert cancelled.wait(WAIT_S)

    with caplog.at_level(logging.ERROR):
        uploading = operator.stream(half())
        assert arrived.wait(WAIT_S)
        assert verdicts(server.api(), LISTED, OTHER) == [BLOCK, ALLOW], "the neighbours are answered meanwhile"
        uploading.cancel()
        cancelled.set()
        wait_for_room(operator)

    assert untouched
    assert lying_in(store) == [untouched]
    assert not caplog.records, "a client that goes away is no incident"


def test_a_second_upload_at_the_same_time_is_refused_at_once(server: Served, operator: Operator, us: str) -> None:
    arrived, let_go = threading.Event(), threading.Event()

    def slow() -> Iterator[Any]:
        yield from begun(lines(LISTED))
        arrived.set()
        assert let_go.wait(WAIT_S)
        yield content(WHOLE)
        yield end(lines(LISTED) + WHOLE)

    uploading = operator.stream(slow())
    assert arrived.wait(WAIT_S)
    refused = operator.upload_refused(upload("us", WHOLE))
    meanwhile = verdicts(server.api(), LISTED, OTHER)
    let_go.set()
    snapshot = uploading.result().snapshot

    assert (refused.code.name, refused.reason) == ("RESOURCE_EXHAUSTED", "ERROR_REASON_OVERLOADED")
    assert refused.retry_info
    assert meanwhile == [BLOCK, ALLOW]
    assert operator.states("us")[snapshot.id] == IN_FORCE
    assert us != snapshot.id
    assert verdicts(server.api(), LISTED, OTHER) == [BLOCK, BLOCK]


def test_one_upload_after_another_always_finds_its_place(server: Served, operator: Operator, us: str) -> None:
    refused = [operator.upload_refused([]).reason for _ in range(200)]

    assert server.head()
    assert us
    assert "ERROR_REASON_OVERLOADED" not in refused


def wait_for_room(operator: Operator) -> None:
    """Return when no upload runs any more: an empty one is then refused for what it is."""
    while operator.upload_refused([]).reason == "ERROR_REASON_OVERLOADED":
        pass


@pytest.mark.parametrize(("account", "role"), [("default", Role.ADMIN), ("operator", Role.MANAGER)])
def test_only_an_admin_of_the_operator_changes_registries(
    server: Served, operator: Operator, us: str, account: str, role: Role
) -> None:
    named = {"registry": "us", "snapshot": us}
    with closing(Operator(server.address, server.token(account, role))) as stranger:
        head = server.head()
        refusals = [
            stranger.upload_refused(upload("us", WHOLE)),
            stranger.refused("CreateRegistry", registry=rpb.Registry(name="mine", scope=["+1"])),
            stranger.refused("ActivateSnapshot", **named),
            stranger.refused("PruneSnapshot", **named),
            stranger.refused("GrantCoverage", registry="us", account="default", prefixes=["+1"]),
        ]
        told = stranger.call("GetRegistry", name="us")

    expected = "OPERATOR_ONLY" if role is Role.ADMIN else "ROLE_NOT_ALLOWED"
    assert {refused.reason for refused in refusals} == {f"ERROR_REASON_{expected}"}
    assert {refused.code.name for refused in refusals} == {"PERMISSION_DENIED"}
    assert told.in_force.id == us
    assert operator.states("us") == {us: IN_FORCE}
    assert server.head() == head


def test_rejected_lines_are_told_with_their_place_and_without_their_number(
    server: Served, operator: Operator, us: str
) -> None:
    answer = operator.upload("us", lines(LISTED, OTHER) + b"+1415555\n" + lines(14155550103))

    assert us
    assert (answer.snapshot.lines, answer.snapshot.rejects, answer.snapshot.numbers) == (4, 1, 3)
    [rejected] = answer.snapshot.first_rejects
    assert (rejected.file, rejected.line) == ("list.txt", 3)
    assert rejected.masked == "+141****"
    assert verdicts(server.api(), 14155550103) == [BLOCK]


def test_who_sends_mostly_rejects_is_shown_the_first_lines_masked(operator: Operator, untouched: str) -> None:
    refused = operator.upload_refused(upload("us", lines(LISTED) + b"\n+1415 nobody 0199\n" * 40))

    assert untouched
    assert "The first: line 3 '+141* ****** ****', not a possible number" in refused.message
    assert "0199" not in refused.message


def test_what_is_kept_of_an_upload_is_what_was_sent(operator: Operator, us: str) -> None:
    body = lines(LISTED, OTHER)
    digest = hashlib.sha256(body).hexdigest()

    snapshot = operator.upload("us", body, sha256=digest.upper(), file_name="us.txt").snapshot

    kept = operator.call("ListSnapshots", registry="us").snapshots
    assert [each.id for each in kept] == [snapshot.id, us]
    assert kept[0] == snapshot
    [file] = snapshot.files
    assert (file.name, file.sha256, file.bytes) == ("us.txt", digest, len(body))
    assert snapshot.actor == "admin-1"


def test_an_import_in_a_process_of_its_own_tells_the_same_as_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for runs in (import_file, import_apart):
        monkeypatch.setattr(uploads, "import_apart", runs)
        with (
            served(tmp_path / runs.__name__) as server,
            closing(Operator(server.address, server.token("operator"))) as o,
        ):
            o.create("us", "+1")
            apply_policy(server.api(), require("us"))
            done = o.upload("us", lines(LISTED) + b"nobody\n").snapshot
            failed = o.upload_refused(upload("us", b"nobody\n" * 30))
            bomb = o.upload_refused(pieces(BOMB))
            lying = lying_in(tmp_path / runs.__name__)
            outcomes.append(
                (verdicts(server.api(), LISTED, OTHER), done.numbers, done.rejects, *map(told, (failed, bomb)))
            )
            assert lying == [done.id]

    assert outcomes[0] == outcomes[1]
    assert outcomes[0][:3] == ([BLOCK, ALLOW], 1, 1)


def told(refused: Caught) -> tuple[str, str, dict[str, str]]:
    return refused.reason, refused.message, dict(refused.info.metadata)


def test_a_client_that_is_gone_before_its_token_is_read_changes_nothing(server: Served, untouched: str) -> None:
    with closing(Operator(server.address, "dnc_0_0")) as stranger, pytest.raises(grpc.RpcError) as raised:
        stranger.stream(upload("us", WHOLE)).result()

    assert untouched
    assert Caught(raised.value).reason == "ERROR_REASON_TOKEN_INVALID"
