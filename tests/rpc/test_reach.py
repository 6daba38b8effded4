"""An entry that would stop nothing is refused: it would be acknowledged and do nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import Served, new_id, pb, served

VOICE, SMS, EMAIL, WHATSAPP = 1, 2, 3, 4
NUMBER, PREFIX, MAILBOX, DOMAIN = "+14155550123", "+1201*", "ann@example.com", "@example.com"
UNREACHED = [
    (MAILBOX, "do-not-phone"),
    (DOMAIN, "do-not-phone"),
    (MAILBOX, "do-not-text"),
    (NUMBER, "do-not-email"),
    (PREFIX, "do-not-email"),
    (MAILBOX, "texts"),
    (NUMBER, "letters"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as running:
        for name, channels in (("texts", [SMS, WHATSAPP]), ("letters", [EMAIL]), ("both", [EMAIL, SMS])):
            running.api().call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name=name, channels=channels)))
        yield running


def adding(*rows: tuple[str, str], **fields: Any) -> Any:
    entries = [pb.NewEntry(address=address, label=label, source=6) for address, label in rows]
    return pb.AddEntriesRequest(entries=entries, **fields)


@pytest.mark.parametrize(("address", "label"), UNREACHED)
@pytest.mark.parametrize("validate_only", [False, True])
def test_entry_whose_label_cannot_reach_it_is_refused(
    server: Served, address: str, label: str, validate_only: bool
) -> None:
    before = server.head()

    refused = server.api().refused(
        "AddEntries", adding((NUMBER, "both"), (address, label), validate_only=validate_only)
    )

    assert refused.reason == "ERROR_REASON_INVALID_FIELD"
    assert [fault.field for fault in refused.bad_request.field_violations] == ["entries[1].address"]
    assert label in refused.message
    assert address not in refused.message
    assert server.head() == before


@pytest.mark.parametrize("label", ["do-not-contact", "both"])
@pytest.mark.parametrize("address", [NUMBER, PREFIX, MAILBOX, DOMAIN])
def test_label_of_both_kinds_takes_every_address(server: Served, address: str, label: str) -> None:
    assert server.api().call("AddEntries", adding((address, label))).added == 1


def test_retry_has_its_first_answer_after_the_label_lost_its_channel(server: Served) -> None:
    request = adding((MAILBOX, "both"), request_id=new_id())
    first = server.api().call("AddEntries", request)
    server.api().call(
        "UpdateLabel", pb.UpdateLabelRequest(label=pb.Label(name="both", channels=[SMS]), reason="no letters")
    )

    again = server.api().call("AddEntries", request)

    assert again == first
    assert server.api().refused("AddEntries", adding((MAILBOX, "both"))).reason == "ERROR_REASON_INVALID_FIELD"
