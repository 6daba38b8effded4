"""An opt-out that comes by WhatsApp stops the number that campaigns hold, in whatever form either of them writes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import Api, Clock, pb, served

MORNING_MS = 1_780_000_000_000
BLOCK = pb.VERDICT_BLOCK
SMS, WHATSAPP = 2, 4
# By person: the id in WhatsApp, and the number of today.
PEOPLE = [("+5215534372942", "+525534372942"), ("+551191234567", "+5511991234567")]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with served(tmp_path / "store", Clock(MORNING_MS)) as server:
        yield server.api()


def checked(api: Api, channel: int, *texts: str) -> list[tuple[int, str]]:
    rows = [pb.CheckRow(address=text) for text in texts]
    results = api.call("Check", pb.CheckRequest(channel=channel, rows=rows)).results
    return [(result.verdict, result.address) for result in results]


def scrubbed(api: Api, channel: int, *phones: int) -> list[int]:
    return list(api.call("Scrub", pb.ScrubRequest(channel=channel, phones=phones)).verdicts)


@pytest.mark.parametrize(("whatsapp", "today"), PEOPLE)
@pytest.mark.parametrize("others", [0, 40])
def test_opt_out_by_whatsapp_stops_the_number_in_both_forms(api: Api, whatsapp: str, today: str, others: int) -> None:
    strangers = [f"+1415555{line:04}" for line in range(others)]

    api.call(
        "RecordInboundMessage", pb.RecordInboundMessageRequest(address=f"whatsapp:{whatsapp}", text="STOP", channel=4)
    )

    answers = checked(api, WHATSAPP, whatsapp, f"whatsapp:{whatsapp}", today, *strangers)
    assert answers[:3] == [(BLOCK, today)] * 3
    assert scrubbed(api, WHATSAPP, int(whatsapp), int(today), *map(int, strangers))[:2] == [BLOCK] * 2


@pytest.mark.parametrize(("whatsapp", "today"), PEOPLE)
def test_entry_for_the_number_of_today_stops_the_id_in_whatsapp(api: Api, whatsapp: str, today: str) -> None:
    api.add(today)

    assert checked(api, WHATSAPP, whatsapp) == [(BLOCK, today)]
    assert scrubbed(api, WHATSAPP, int(whatsapp)) == [BLOCK]


@pytest.mark.parametrize(("whatsapp", "today"), PEOPLE)
def test_prefix_of_numbers_of_today_stops_the_id_in_whatsapp(api: Api, whatsapp: str, today: str) -> None:
    api.add(f"{today[:7]}*")

    assert checked(api, WHATSAPP, whatsapp) == [(BLOCK, today)]
    assert scrubbed(api, WHATSAPP, int(whatsapp)) == [BLOCK]
