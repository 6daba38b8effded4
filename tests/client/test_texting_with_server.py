"""What an SMS gateway does, by each client and the command, against the real server: no text that a person refused."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from typer.testing import CliRunner

from donotcontact import AsyncClient, Client, Verdict
from donotcontact.cli.app import app
from donotcontact.cli.session import Surroundings
from donotcontact.v1.core_pb2 import CHANNEL_SMS, OPT_IN_STATUS_NOT_SENT, OPT_IN_STATUS_SENT
from donotcontact.v1.policy_pb2 import Policy, RequireOptIn
from donotcontact.v1.verdict_pb2 import RULE_CALLING_HOURS
from serving import Served, served

POLICY = "sms-marketing"
NOON_MS = int(datetime(2026, 11, 25, 17, tzinfo=UTC).timestamp()) * 1000  # in New York
NIGHT_MS = NOON_MS + 12 * 3_600_000
NUMBERS = (f"+1212555{line:04}" for line in count(100))

Deliver = Callable[[Served, str, str, str], None]
"""Takes a server, a number, a text and its message id."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("store") / "store") as running:
        with Client(running.address) as client:
            requires = RequireOptIn(channels=[CHANNEL_SMS])
            client.apply_policy(Policy(name=POLICY, calling_hours=["us-federal"], require_opt_in=requires))
        yield running


@pytest.fixture(autouse=True)
def noon(server: Served) -> None:
    server.clock.now_ms = NOON_MS


@pytest.fixture
def client(server: Served) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


@pytest.fixture
def number() -> str:
    return next(NUMBERS)


def dnc(server: Served, *arguments: str) -> Any:
    told = ["--server", server.address, *arguments]
    return CliRunner().invoke(app, told, obj=Surroundings(zone=UTC), catch_exceptions=False)


def by_client(server: Served, number: str, text: str, message_id: str) -> None:
    with Client(server.address) as client:
        client.record_inbound_message(number, text, message_id=message_id)


def by_async_client(server: Served, number: str, text: str, message_id: str) -> None:
    async def deliver() -> None:
        async with AsyncClient(server.address) as client:
            await client.record_inbound_message(number, text, message_id=message_id)

    asyncio.run(deliver())


def by_command(server: Served, number: str, text: str, message_id: str) -> None:
    assert dnc(server, "inbound", number, text, "--message-id", message_id).exit_code == 0


@pytest.mark.parametrize("deliver", [by_client, by_async_client, by_command])
def test_a_start_that_is_delivered_again_undoes_no_later_stop(
    server: Served, client: Client, number: str, deliver: Deliver
) -> None:
    for text, message_id in (("START", "m1"), ("STOP", "m2"), ("START", "m1")):
        deliver(server, number, text, message_id)

    assert client.check_one(number, channel="SMS", policy=POLICY).verdict is Verdict.BLOCK


def test_the_opt_in_request_waits_at_night_as_any_text(server: Served, client: Client, number: str) -> None:
    server.clock.now_ms = NIGHT_MS

    claim = client.claim_opt_in_request(number, policy=POLICY)

    assert (claim.granted, claim.status) == (False, OPT_IN_STATUS_NOT_SENT)
    assert RULE_CALLING_HOURS in [finding.rule for finding in claim.result.findings]
    server.clock.now_ms = NOON_MS
    assert client.claim_opt_in_request(number, policy=POLICY).granted


@pytest.mark.parametrize("known", [{"time_zone": "Asia/Tokyo"}, {"postal_code": "96813"}])
def test_the_opt_in_request_waits_where_it_is_night_for_who_moved(
    server: Served, client: Client, number: str, known: dict[str, str]
) -> None:
    assert not client.claim_opt_in_request(number, policy=POLICY, **known).granted

    assert client.claim_opt_in_request(number, policy=POLICY).granted


def test_the_opt_in_request_waits_at_night_for_asyncio_too(server: Served, number: str) -> None:
    async def claim() -> Any:
        async with AsyncClient(server.address) as client:
            return await client.claim_opt_in_request(number, policy=POLICY)

    server.clock.now_ms = NIGHT_MS
    assert not asyncio.run(claim()).granted

    server.clock.now_ms = NOON_MS
    assert asyncio.run(claim()).status == OPT_IN_STATUS_SENT


def test_the_command_refuses_the_opt_in_request_at_night_and_says_why(server: Served, number: str) -> None:
    server.clock.now_ms = NIGHT_MS
    asked = ["optin", "claim", number, "--policy", POLICY]

    refused = dnc(server, *asked)

    assert refused.exit_code == 1
    assert "Not granted: do not send; outside of calling hours (us-federal" in refused.stdout
    server.clock.now_ms = NOON_MS
    assert dnc(server, *asked).exit_code == 0
