"""Clients whose calls go nowhere, and the fields of the contract that the requests on their way out had set."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from google.protobuf.message import Message

from donotcontact import Client
from donotcontact.calls import methods
from donotcontact.errors import ServerError

METHODS = dict(methods())


class Caught:
    """A call that notes its request and gives an answer that says nothing."""

    def __init__(self, request_type: type[Message], note: Callable[[Message], None]) -> None:
        self._type = request_type
        self._note = note
        self._method = METHODS[request_type]

    def __call__(self, payload: Any, **_: Any) -> Any:
        for part in [payload] if isinstance(payload, bytes) else payload:
            self._note(self._type.FromString(part))
        return Ended() if self._method.streams else self._method.read(b"")

    def future(self, payload: bytes, **_: Any) -> Any:
        self(payload)
        return Answered(self._method.read(b""))


class Answered:
    """A future that is there."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def result(self) -> Any:
        return self._response

    def cancel(self) -> None:
        """Do nothing."""


class Ended:
    """A stream that fails, so that nobody waits for it."""

    def __iter__(self) -> Iterator[NoReturn]:
        return self

    def __next__(self) -> NoReturn:
        raise ServerError("the test ends it")

    def cancel(self) -> None:
        """Do nothing."""


class CatchingClient(Client):
    """A client that notes its requests in `caught`."""

    def __init__(self, caught: list[Message]) -> None:
        self.caught = caught
        super().__init__("127.0.0.1:1")

    def _call(self, request_type: type[Message], turn: int) -> Any:
        return Caught(request_type, self.caught.append)


def request_fields(whole: Collection[str]) -> set[str]:
    """Return every field of every request, such as Check.rows.address; messages named in `whole` count as one field."""
    return {
        f"{_name(method.path)}.{path}"
        for request_type, method in METHODS.items()
        for path in _paths(request_type.DESCRIPTOR, whole)
    }


def set_fields(requests: Sequence[Message], whole: Collection[str]) -> set[str]:
    """Return every field that was set in any of the requests, as `request_fields` names it."""
    return {
        f"{_name(METHODS[type(request)].path)}.{path}" for request in requests for path in _set_paths(request, whole)
    }


def unreachable(reached: set[str], whole: Collection[str], excused: Mapping[str, str]) -> list[str]:
    """Return the fields that are neither reached nor excused, by their whole name or their last part."""
    left = request_fields(whole) - reached
    return sorted(field for field in left if field not in excused and field.rpartition(".")[2] not in excused)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _paths(descriptor: Any, whole: Collection[str]) -> Iterator[str]:
    for field in descriptor.fields:
        if field.message_type is None or field.message_type.name in whole:
            yield field.name
        else:
            yield from (f"{field.name}.{path}" for path in _paths(field.message_type, whole))


def _set_paths(message: Message, whole: Collection[str]) -> Iterator[str]:
    for field, content in message.ListFields():
        if field.message_type is None or field.message_type.name in whole:
            yield field.name
            continue
        for element in content if field.is_repeated else [content]:
            yield from (f"{field.name}.{path}" for path in _set_paths(element, whole))
