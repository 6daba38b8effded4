"""Every field of every request can be set by `Client`, or it is named here with the reason why not."""

import inspect
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from google.protobuf.message import Message

from client.sent_requests import CatchingClient, request_fields, set_fields, unreachable
from donotcontact import Client, DoNotContactError, Row
from donotcontact.v1 import core_pb2, entry_pb2, policy_pb2
from donotcontact.v1.consent_service_pb2 import Consent
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.entry_service_pb2 import EntryRef, NewEntry

WHOLE = {"Timestamp", "Revision", "Evidence", "NewEntry", "EntryRef", "Label", "Policy", "Consent"}
"""Messages that callers build and hand in, with whatever fields they have."""
EXCUSED = {
    "page_token": "the client turns the pages by itself",
    "Preview.scrub.omit_findings": "has no meaning in a preview",
    "CreateRegistry.registry.coverage": "the server ignores it; see grant_coverage",
    "CreateRegistry.registry.in_force": "the server ignores it; see activate_snapshot",
}
WITHOUT_REQUEST = {"close", "list_entries_page", "list_events_page"}
"""Methods that send nothing, or a request that callers build."""

ID = "7b0c8d0e-3c3e-4f7e-9a55-0a9c6b1d2e3f"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REVISION = Revision(store="s1", position=42)
ROW = Row("+1", region="US", reference="r", time_zone="UTC", postal_code="1", contact_id="c", debt_id="d")
TEXTS = "actor address_contains campaign clean_flags column description file_name flag_column format message_id name"
SAMPLES: dict[str, list[Any]] = {
    **{name: ["x"] for name in [*TEXTS.split(), "note", "permission", "policy", "reason", "region", "registry"]},
    **{name: ["x"] for name in ["time_zone", "postal_code", "contact_id", "debt_id"]},
    **{name: ["x"] for name in ["account", "category_column", "registered_flags", "review", "snapshot", "text"]},
    **{name: [date(2026, 1, 1)] for name in ["changes_since", "list_date"]},
    **{name: [BytesIO(b"x")] for name in ["content", "washed"]},
    **{name: [NOON] for name in ["contact_time", "recorded_from", "recorded_before", "until"]},
    **{name: [["x"]] for name in ["contact_ids", "debt_ids", "postal_codes", "time_zones", "own_codes"]},
    **{name: [["+1"]] for name in ["coverage", "prefixes", "scope"]},
    **{name: [3] for name in ["history_max", "hours", "lease_seconds", "heartbeat_seconds", "after_position"]},
    **{name: [1] for name in ["chunk", "decision", "in_flight", "page_size", "source", "state", "status"]},
    **{name: [True] for name in ["activate", "oldest_first", "permission_given", "validate_only"]},
    **{name: [True] for name in ["header", "international"]},
    **{name: [5.0] for name in ["give_up_after_s", "timeout_s"]},
    "address": ["+1"],
    "addresses": [["+1"], [14155550123]],
    "as_of": [NOON, REVISION],
    "at_least_as_fresh": [REVISION],
    "channel": ["SMS"],
    "channels": [["SMS"]],
    "consent": [Consent(policy="x")],
    "draft": [policy_pb2.Policy(name="x")],
    "entries": [[NewEntry(address="+1")]],
    "evidence": [core_pb2.Evidence(call_id="x")],
    "findings": [False],
    "kinds": [[1]],
    "label": ["x"],
    "outcomes": [{"1.0": "NO_ANSWER"}],
    "progress": [None],
    "purposes": [[1]],
    "refs": [[EntryRef(address="+1")]],
    "request_id": [ID],
    "row": [ROW],
    "rows": [[ROW]],
    "shape": ["clean"],
    "washed_name": ["x"],
}
OF_ONE_METHOD: dict[tuple[str, str], list[Any]] = {
    ("apply_policy", "policy"): [policy_pb2.Policy(name="x")],
    ("check", "addresses"): [[ROW]],
    ("check_one", "address"): [ROW],
    ("create_label", "label"): [entry_pb2.Label(name="x")],
    ("explain", "address"): [ROW],
    ("list_entries", "reason"): [1],
    ("remove_entries", "reason"): [1],
    ("update_label", "label"): [entry_pb2.Label(name="x")],
}


def samples(method: str) -> Iterator[dict[str, Any]]:
    names = [name for name in inspect.signature(getattr(Client, method)).parameters if name != "self"]
    unknown = [name for name in names if (method, name) not in OF_ONE_METHOD and name not in SAMPLES]
    assert not unknown, f"SAMPLES has no value for {unknown} of {method}"
    given = {name: OF_ONE_METHOD.get((method, name)) or SAMPLES[name] for name in names}
    for turn in range(max(map(len, given.values()), default=1)):
        yield {name: variants[turn % len(variants)] for name, variants in given.items()}


@pytest.fixture(scope="module")
def requests() -> list[Message]:
    """What every method sends with every argument given."""
    caught: list[Message] = []
    with CatchingClient(caught) as client:
        for name, _ in inspect.getmembers(Client, callable):
            if name.startswith("_") or name in WITHOUT_REQUEST:
                continue
            for arguments in samples(name):
                send(getattr(client, name), arguments)
    return caught


def send(method: Any, arguments: dict[str, Any]) -> None:
    try:
        answer = method(**arguments)
        if isinstance(answer, Iterator):
            next(answer, None)
    except DoNotContactError:
        pass  # an answer that says nothing is incomplete, and rightly refused


def test_every_field_of_every_request_can_be_set(requests: list[Message]) -> None:
    assert unreachable(set_fields(requests, WHOLE), WHOLE, EXCUSED) == []


def test_every_excuse_is_about_a_field_that_cannot_be_set(requests: list[Message]) -> None:
    left = request_fields(WHOLE) - set_fields(requests, WHOLE)

    assert [excuse for excuse in EXCUSED if not any(field.endswith(excuse) for field in left)] == []
