"""The address that the server listens on: read, judged, and held for the workers."""

import ipaddress
import socket
from dataclasses import dataclass


class EndpointUnusable(Exception):
    """The address cannot be read, or somebody else serves on it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A numeric IP address and a port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can connect."""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_endpoint(text: str) -> Endpoint:
    """Read `HOST:PORT` or `[IPV6]:PORT`; a name is resolved now. Raises `EndpointUnusable`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise EndpointUnusable(f"{text!r} is not HOST:PORT, such as 127.0.0.1:7420 or [::1]:7420")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise EndpointUnusable(f"the host of {text!r} cannot be found: {error.strerror}") from error
    return Endpoint(str(found[0][4][0]), int(port))


def reserve(endpoint: Endpoint) -> tuple[socket.socket, Endpoint]:
    """Hold the port for workers that join it, and give it with the port that the system picked for 0.

    Bound alone first, so that another server on the port is an error instead of a silent partner that answers half of
    the calls from another store; only then opened for sharing. It never listens, so no connection goes to it.
    """
    held = socket.socket(socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET)
    try:
        # Leftovers of closed connections do not count; a socket that listens still does.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((endpoint.host, endpoint.port))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        held.close()
        raise EndpointUnusable(f"{endpoint} cannot be served on: {error.strerror}") from error
    return held, Endpoint(endpoint.host, held.getsockname()[1])
