"""What supervisor and workers say to each other: the order on stdin, and one word on either side."""

from pydantic import BaseModel

from dncd.config import Settings
from dncd.daemon.endpoint import Endpoint

READY = "ready"
DRAIN = "drain"


class Order(BaseModel):
    """What a worker is told: the settings, the address that is held for it, and the open file that it counts in."""

    settings: Settings
    host: str
    port: int
    # None where metrics are off.
    counts_file: int | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Give the address to serve on."""
        return Endpoint(self.host, self.port)
