"""dncd as its callers see it: through its Python client, and with requests that were made before."""

from typing import Any

import numpy as np
from load import method_of
from national import POLICY
from peer import Mask, Peer
from servers import Server
from traffic import CHECK, SCRUB, Numbers, scrub_request

from donotcontact import Client
from donotcontact.v1 import check_service_pb2, core_pb2, verdict_pb2


class _Dncd(Peer):
    """A server with a register of so many numbers."""

    def __init__(self, server: Server, holds: int) -> None:
        self.holds = holds
        self._server = server

    def cpu_s(self) -> float:
        return self._server.cpu_s()


class ScrubClient(_Dncd):
    """Scrub through the Python client, from a numpy array to a numpy mask."""

    name = "dncd, Python client"

    def __init__(self, server: Server, holds: int) -> None:
        super().__init__(server, holds)
        self._client = Client(server.address)

    def prepare(self, numbers: Numbers) -> Any:
        return numbers

    def ask(self, prepared: Any) -> Any:
        [answer] = self._client.scrub(prepared, channel="voice", policy=POLICY)
        return answer.allowed

    def blocked(self, answer: Any) -> Mask:
        mask: Mask = ~answer
        return mask


class _Raw(_Dncd):
    """Requests that were serialized before, answers that are not read."""

    method = ""

    def __init__(self, server: Server, holds: int) -> None:
        super().__init__(server, holds)
        self._call = method_of(server.channel(), self.method)

    def ask(self, prepared: Any) -> Any:
        return self._call(prepared)


class ScrubRaw(_Raw):
    """Scrub, bytes to bytes."""

    name = "dncd, raw Scrub"
    method = SCRUB

    def prepare(self, numbers: Numbers) -> Any:
        return scrub_request(numbers, policy=POLICY)

    def blocked(self, answer: Any) -> Mask:
        verdicts = np.array(check_service_pb2.ScrubResponse.FromString(answer).verdicts)
        mask: Mask = verdicts != verdict_pb2.VERDICT_ALLOW
        return mask


class CheckRaw(_Raw):
    """Check of written numbers, bytes to bytes."""

    name = "dncd, raw Check"
    method = CHECK
    rows_max = 1_000

    def prepare(self, numbers: Numbers) -> Any:
        rows = [check_service_pb2.CheckRow(address=f"+{number}") for number in numbers.tolist()]
        request = check_service_pb2.CheckRequest(channel=core_pb2.CHANNEL_VOICE, policy=POLICY, rows=rows)
        return request.SerializeToString()

    def blocked(self, answer: Any) -> Mask:
        results = check_service_pb2.CheckResponse.FromString(answer).results
        return np.array([result.verdict != verdict_pb2.VERDICT_ALLOW for result in results])
