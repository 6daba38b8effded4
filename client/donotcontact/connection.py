"""Connections to the server: several of them, so that every worker behind the port gets its share."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

from donotcontact.calls import Method, methods

RESPONSE_BYTES_MAX = 64 * 1024 * 1024
KEEPALIVE_MS = 60_000
KEEPALIVE_TIMEOUT_MS = 10_000
RECONNECT_FIRST_MS = 100
RECONNECT_MAX_MS = 2_000


@dataclass(frozen=True, slots=True)
class Tls:
    """Encrypt the connection. PEM bytes; `ca` None: the system's authorities. `cert` and `key` for mutual TLS."""

    ca: bytes | None = None
    cert: bytes | None = None
    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise ValueError("mutual TLS needs both cert and key")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the server is, and what opens it. Refuses a token that others could read on its way."""

    address: str
    token: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    allow_plaintext_token: bool = False

    def __post_init__(self) -> None:
        if self.token is None:
            return
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ValueError("a token is printable ASCII without spaces")
        if self.tls is None and not self.allow_plaintext_token and not is_loopback(self.address):
            raise ValueError("a token needs TLS beyond this machine: give tls, or allow_plaintext_token=True")

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call."""
        return () if self.token is None else (("authorization", f"Bearer {self.token}"),)

    def options(self, number: int) -> list[tuple[str, Any]]:
        """Return the channel arguments of one connection; its number keeps it from being shared."""
        options: list[tuple[str, Any]] = [
            ("donotcontact.connection", number),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", RESPONSE_BYTES_MAX),
            ("grpc.keepalive_time_ms", KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
            ("grpc.initial_reconnect_backoff_ms", RECONNECT_FIRST_MS),
            ("grpc.max_reconnect_backoff_ms", RECONNECT_MAX_MS),
            ("grpc.service_config_disable_resolution", 1),
        ]
        if is_loopback(self.address):
            options.append(("grpc.enable_http_proxy", 0))
        return options

    def credentials(self) -> grpc.ChannelCredentials | None:
        """Return the credentials for TLS, or None for plaintext."""
        if self.tls is None:
            return None
        return grpc.ssl_channel_credentials(self.tls.ca, self.tls.key, self.tls.cert)


class Connection:
    """One channel, blocking or not, with a callable for each RPC by the type of its request.

    Requests go in as bytes, so that a repeated one is the same to the last bit.
    """

    def __init__(self, channel: Any) -> None:  # grpc.Channel and grpc.aio.Channel share no type
        self.channel = channel
        self.calls: Mapping[type[Message], Any] = {
            request_type: _multicallable(channel, method) for request_type, method in methods()
        }


def connect(target: Target, connections: int) -> list[Connection]:
    """Open blocking connections; each connects when it is first used."""
    return [Connection(_channel(grpc, target, number)) for number in range(_positive(connections))]


def connect_async(target: Target, connections: int) -> list[Connection]:
    """Open connections for asyncio; call it where the loop runs."""
    return [Connection(_channel(grpc.aio, target, number)) for number in range(_positive(connections))]


def is_loopback(target: str) -> bool:
    """Tell whether a gRPC target cannot leave this machine. What is not understood can."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    names = target
    for scheme in ("dns:", "ipv4:", "ipv6:"):
        names = names.removeprefix(scheme)
    if names.startswith("//"):  # an authority, such as a name server, may stand before the name
        names = names.rpartition("/")[2]
    return all(_is_loopback_host(name) for name in names.split(","))


def _is_loopback_host(host_and_port: str) -> bool:
    host = host_and_port.rpartition(":")[0] if host_and_port.count(":") == 1 else host_and_port
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _channel(library: Any, target: Target, number: int) -> Any:  # grpc or grpc.aio, by one signature
    credentials = target.credentials()
    if credentials is None:
        return library.insecure_channel(target.address, options=target.options(number))
    return library.secure_channel(target.address, credentials, options=target.options(number))


def _multicallable(channel: Any, method: Method) -> Any:  # one of four multi-callables
    kind = channel.stream_unary if method.uploads else channel.unary_stream if method.streams else channel.unary_unary
    return kind(method.path, request_serializer=None, response_deserializer=method.read)


def _positive(connections: int) -> int:
    if connections < 1:
        raise ValueError("at least one connection is needed")
    return connections
