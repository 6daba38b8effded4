"""A realistic mix of callers for Locust: dialers, text gateways, agents. `bench/README.md` tells how to watch."""

import os
import random
import time
from collections.abc import Callable
from typing import Any, Final

import grpc
import grpc.experimental.gevent as grpc_gevent
from locust import User, between, constant_throughput, task

from donotcontact.v1 import (
    check_service_pb2,
    check_service_pb2_grpc,
    core_pb2,
    entry_service_pb2,
    entry_service_pb2_grpc,
)

# Locust runs its users as greenlets; without this a call of one would stop all others.
grpc_gevent.init_gevent()

DIALER_ROWS: Final = 200
TIMEOUT_S: Final = 5.0


def random_number() -> str:
    """Write a random number of calling code 1."""
    return f"+1{random.randint(201, 989)}{random.randint(200, 999)}{random.randint(0, 9_999):04}"


class Caller(User):  # type: ignore[misc]  # locust ships no types
    """A user with a connection of its own, whose calls Locust counts."""

    abstract = True

    def on_start(self) -> None:
        """Connect."""
        channel = grpc.insecure_channel(self.host, options=[("grpc.use_local_subchannel_pool", 1)])
        self.checks = check_service_pb2_grpc.CheckServiceStub(channel)
        self.entries = entry_service_pb2_grpc.EntryServiceStub(channel)
        self._channel = channel
        token = os.environ.get("DNCD_TOKEN")
        self._metadata = [("authorization", f"Bearer {token}")] if token else None

    def on_stop(self) -> None:
        """Disconnect."""
        self._channel.close()

    def call(self, name: str, method: Callable[..., Any], request: Any) -> None:
        """Make one call and tell Locust how it went."""
        began = time.perf_counter()
        failure: grpc.RpcError | None = None
        answered = 0
        try:
            answered = method(request, timeout=TIMEOUT_S, metadata=self._metadata).ByteSize()
        except grpc.RpcError as error:
            failure = error
        self.environment.events.request.fire(
            request_type="grpc",
            name=name,
            response_time=(time.perf_counter() - began) * 1_000,
            response_length=answered,
            exception=failure,
            context={},
        )


class Dialer(Caller):
    """A power dialer: two batches of 200 numbers a second."""

    weight = 3
    wait_time = constant_throughput(2)

    @task  # type: ignore[untyped-decorator]  # locust ships no types
    def check_batch(self) -> None:
        """Check the numbers that are dialed next."""
        rows = [check_service_pb2.CheckRow(address=random_number()) for _ in range(DIALER_ROWS)]
        request = check_service_pb2.CheckRequest(channel=core_pb2.CHANNEL_VOICE, rows=rows)
        self.call(f"Check {DIALER_ROWS}", self.checks.Check, request)


class TextGateway(Caller):
    """A gateway that checks each text just before it is sent."""

    weight = 5
    wait_time = constant_throughput(20)

    @task  # type: ignore[untyped-decorator]  # locust ships no types
    def check_one(self) -> None:
        """Check one number."""
        rows = [check_service_pb2.CheckRow(address=random_number())]
        self.call("Check 1", self.checks.Check, check_service_pb2.CheckRequest(channel=core_pb2.CHANNEL_SMS, rows=rows))


class Agent(Caller):
    """An agent who notes, every few seconds, that somebody does not want to be called again."""

    weight = 2
    wait_time = between(2, 10)

    @task  # type: ignore[untyped-decorator]  # locust ships no types
    def add_entry(self) -> None:
        """Add one number."""
        entry = entry_service_pb2.NewEntry(
            address=random_number(), label="do-not-phone", source=core_pb2.SOURCE_AGENT, note="asked on the call"
        )
        self.call("AddEntries 1", self.entries.AddEntries, entry_service_pb2.AddEntriesRequest(entries=[entry]))
