import socket

import pytest

from dncd.daemon.endpoint import Endpoint, EndpointUnusable, read_endpoint, reserve


@pytest.mark.parametrize(
    ("text", "endpoint", "loopback"),
    [
        ("127.0.0.1:7420", Endpoint("127.0.0.1", 7420), True),
        ("127.9.9.9:0", Endpoint("127.9.9.9", 0), True),
        ("[::1]:65535", Endpoint("::1", 65_535), True),
        ("0.0.0.0:1", Endpoint("0.0.0.0", 1), False),  # noqa: S104 - that this is not loopback is the claim
        ("[::]:1", Endpoint("::", 1), False),
        ("192.0.2.1:1", Endpoint("192.0.2.1", 1), False),
    ],
)
def test_address_is_read_and_judged(text: str, endpoint: Endpoint, loopback: bool) -> None:
    read = read_endpoint(text)

    assert read == endpoint
    assert read.is_loopback is loopback
    assert str(read) == text


@pytest.mark.parametrize("text", ["", "7420", ":7420", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:१"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(EndpointUnusable):
        read_endpoint(text)


def test_reserved_port_is_held_from_others_but_open_to_workers() -> None:
    held, endpoint = reserve(Endpoint("127.0.0.1", 0))
    with held, socket.socket() as worker:
        worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

        worker.bind((endpoint.host, endpoint.port))

        with pytest.raises(EndpointUnusable):
            reserve(endpoint)


def test_reserved_port_is_held_before_any_worker_serves_it() -> None:
    held, endpoint = reserve(Endpoint("127.0.0.1", 0))
    with held, pytest.raises(EndpointUnusable):
        reserve(endpoint)
