"""The RPCs as values: how each is addressed on the wire, and whether it changes anything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar, cast

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from donotcontact.errors import IncompleteAnswer
from donotcontact.v1 import (
    attempt_service_pb2,
    check_service_pb2,
    consent_service_pb2,
    entry_service_pb2,
    journal_service_pb2,
    policy_service_pb2,
    registry_service_pb2,
)

ResponseT = TypeVar("ResponseT", bound=Message)
AnswerT = TypeVar("AnswerT")
AnswerT_co = TypeVar("AnswerT_co", covariant=True)
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC: its path, how its response is read, whether it changes anything, which of its sides stream."""

    path: str
    read: Callable[[bytes], Any]
    is_change: bool
    streams: bool
    uploads: bool


class Sendable(Protocol[AnswerT_co]):
    """A request ready to be sent, and how its response becomes what the caller gets."""

    @property
    def request(self) -> Message:
        """The request."""

    @property
    def timeout_s(self) -> float | None:
        """How long it may take; None: as long as the client says."""

    def complete(self, response: Any) -> AnswerT_co:
        """Return the answer; raises `IncompleteAnswer` where the response does not cover the question."""


@dataclass(frozen=True, slots=True)
class Call(Generic[ResponseT]):
    """One request ready to be sent.

    `rows` is how many `outcomes` its response must have, or None. `timeout_s` None: the client's.
    """

    request: Message
    response_type: type[ResponseT]
    rows: int | None = None
    timeout_s: float | None = None

    def complete(self, response: Any) -> ResponseT:
        """Return the response if it tells the outcome of every row; raises `IncompleteAnswer` if not."""
        if self.rows is not None and len(response.outcomes) != self.rows:
            raise IncompleteAnswer(f"sent {self.rows} rows, got {len(response.outcomes)} outcomes")
        return cast(ResponseT, response)


@dataclass(frozen=True, slots=True)
class Reading(Generic[AnswerT]):
    """One request ready to be sent, whose response `read` turns into the answer. `timeout_s` None: the client's."""

    request: Message
    read: Callable[[Any], AnswerT]
    timeout_s: float | None = None

    def complete(self, response: Any) -> AnswerT:
        """Return what the response says; raises `IncompleteAnswer` where it does not cover the question."""
        return self.read(response)


@dataclass(frozen=True, slots=True)
class Pages(Generic[ItemT]):
    """A request for a collection, ready to be sent page after page; `field` is where a page keeps its items."""

    request: Any
    field: str
    item_type: type[ItemT]

    def turn(self, page: Any) -> tuple[Sequence[ItemT], bool]:
        """Return the items of a page, and whether another follows; the request then asks for that one."""
        if page.next_page_token and page.next_page_token == self.request.page_token:
            raise IncompleteAnswer("the page names itself as the next one")
        self.request.page_token = page.next_page_token
        return getattr(page, self.field), bool(page.next_page_token)


def methods() -> Iterator[tuple[type[Message], Method]]:
    """Yield every RPC of the contract by the type of its request. What takes a request_id is a change."""
    for module in (
        check_service_pb2,
        attempt_service_pb2,
        entry_service_pb2,
        consent_service_pb2,
        policy_service_pb2,
        registry_service_pb2,
        journal_service_pb2,
    ):
        yield from _methods_of(module)


def _methods_of(module: ModuleType) -> Iterator[tuple[type[Message], Method]]:
    for service in module.DESCRIPTOR.services_by_name.values():
        for descriptor in service.methods:
            yield GetMessageClass(descriptor.input_type), _method(descriptor)


def _method(descriptor: MethodDescriptor) -> Method:
    return Method(
        path=f"/{descriptor.containing_service.full_name}/{descriptor.name}",
        read=GetMessageClass(descriptor.output_type).FromString,
        is_change="request_id" in descriptor.input_type.fields_by_name,
        streams=descriptor.server_streaming,
        uploads=descriptor.client_streaming,
    )
