import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from dncd.transport.rpc import Call, Plane
from donotcontact.v1.check_service_pb2 import CheckRequest, CheckResponse
from rpc_serving import WAIT_S, Caught, Client, Gate, rpc, serving

SERVICE = "donotcontact.v1.CheckService"


def health(client: Client) -> Any:
    return HealthStub(client.channel)


@pytest.mark.parametrize("service", ["", SERVICE, "grpc.health.v1.Health"])
def test_health_says_serving_for_the_server_and_each_service(service: str) -> None:
    with serving([rpc("Check")]) as (client, _):
        answer = health(client).Check(HealthCheckRequest(service=service), timeout=WAIT_S)

    assert answer.status == HealthCheckResponse.SERVING


def test_health_does_not_know_other_services() -> None:
    with serving([rpc("Check")]) as (client, _), pytest.raises(grpc.RpcError) as caught:
        health(client).Check(HealthCheckRequest(service="other"), timeout=WAIT_S)

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_the_services() -> None:
    with serving([rpc("Check")]) as (client, _):
        services = set(ProtoReflectionDescriptorDatabase(client.channel).get_services())

    assert {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= services


def test_drain_tells_health_watchers_then_lets_running_calls_end() -> None:
    gate = Gate()
    with serving([rpc("Check", gate)]) as (client, server):
        watching = health(client).Watch(HealthCheckRequest(service=SERVICE), timeout=WAIT_S)
        before = next(watching).status
        running = client.start("Check")
        gate.wait_for(1)

        drain = threading.Thread(target=server.drain, kwargs={"notice_s": 0, "grace_s": WAIT_S})
        drain.start()
        after = next(watching).status
        watching.cancel()
        gate.open.set()
        answer = running.result(timeout=WAIT_S)
        drain.join(WAIT_S)

    assert before == HealthCheckResponse.SERVING
    assert after == HealthCheckResponse.NOT_SERVING
    assert answer == b""
    assert not drain.is_alive()


def test_calls_are_served_during_the_notice() -> None:
    with serving([rpc("Check")]) as (client, server):
        client.call("Check")
        watching = health(client).Watch(HealthCheckRequest(), timeout=WAIT_S)
        next(watching)
        drain = threading.Thread(target=server.drain, kwargs={"notice_s": 0.5, "grace_s": WAIT_S})

        drain.start()
        assert next(watching).status == HealthCheckResponse.NOT_SERVING
        answer = client.call("Check")
        watching.cancel()
        drain.join(WAIT_S)

    assert answer == b""


def test_drain_ends_watchers_with_a_reason_to_connect_again() -> None:
    def watch(call: Call, _request: CheckRequest) -> Iterator[CheckResponse]:
        over = threading.Event()
        call.on_end(over.set)
        yield CheckResponse()
        while call.is_active():
            assert over.wait(WAIT_S), "nobody said that the server stops"

    with serving([rpc("Watch", watch, Plane.STREAM)]) as (client, server):
        watcher = client.watch("Watch")
        next(watcher)
        server.drain(notice_s=0, grace_s=WAIT_S)
        with pytest.raises(grpc.RpcError) as caught:
            next(watcher)

    assert Caught(caught.value).reason == "ERROR_REASON_SHUTTING_DOWN"


def test_drain_cancels_what_outlasts_the_grace() -> None:
    gate = Gate()
    with serving([rpc("Check", gate)]) as (client, server):
        running = client.start("Check")
        gate.wait_for(1)
        running.add_done_callback(lambda _: gate.open.set())

        server.drain(notice_s=0, grace_s=0.05)
        error = running.exception(timeout=WAIT_S)

    assert error.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}


def test_stopped_server_refuses_new_calls() -> None:
    with serving([rpc("Check")]) as (client, server):
        client.call("Check")
        server.drain(notice_s=0, grace_s=0)

        with pytest.raises(grpc.RpcError) as caught:
            client.call("Check")

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
