"""The certificates in tls/ are for these tests alone: valid for 100 years, the key of their authority is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from dncd.transport.server import Server, Tls
from rpc_serving import PATH, WAIT_S, everyone, rpc

FILES = Path(__file__).parent / "tls"
CA, CERT, KEY = FILES / "ca.pem", FILES / "server.pem", FILES / "server.key"


@contextmanager
def serving(tls: Tls) -> Iterator[int]:
    server = Server([rpc("Check")], everyone, lambda: "incident")
    port = server.bind("127.0.0.1:0", tls)
    server.start()
    try:
        yield port
    finally:
        server.drain(notice_s=0, grace_s=WAIT_S)


def check(channel: Any) -> bytes:
    answer: bytes = channel.unary_unary(PATH + "Check")(b"", timeout=WAIT_S)
    return answer


def call(port: int, credentials: Any) -> bytes:
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
        return check(channel)


def trusting(*, with_certificate: bool = False) -> Any:
    pair = [(FILES / name).read_bytes() for name in ("client.key", "client.pem")] if with_certificate else [None, None]
    return grpc.ssl_channel_credentials(CA.read_bytes(), *pair)


def test_call_over_tls_is_answered() -> None:
    with serving(Tls(CERT, KEY)) as port:
        assert call(port, trusting()) == b""


def test_plain_text_is_refused_by_a_server_with_tls() -> None:
    with (
        serving(Tls(CERT, KEY)) as port,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        check(channel)

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_mutual_tls_answers_a_client_with_a_certificate() -> None:
    with serving(Tls(CERT, KEY, CA)) as port:
        assert call(port, trusting(with_certificate=True)) == b""


def test_mutual_tls_refuses_a_client_without_a_certificate() -> None:
    with serving(Tls(CERT, KEY, CA)) as port, pytest.raises(grpc.RpcError) as caught:
        call(port, trusting())

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
