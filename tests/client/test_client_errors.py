"""What a failed call tells."""

import grpc
import pytest

from client.scripted_server import ScriptedServer, failure, honest_check, honest_scrub
from donotcontact import (
    Client,
    Conflict,
    DoNotContactError,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Overloaded,
    ServerError,
    Timeout,
    Unavailable,
)

PHONE = "+14155550123"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequest),
        (grpc.StatusCode.OUT_OF_RANGE, InvalidRequest),
        (grpc.StatusCode.UNAUTHENTICATED, NotAuthenticated),
        (grpc.StatusCode.PERMISSION_DENIED, NotPermitted),
        (grpc.StatusCode.NOT_FOUND, NotFound),
        (grpc.StatusCode.ALREADY_EXISTS, Conflict),
        (grpc.StatusCode.FAILED_PRECONDITION, Conflict),
        (grpc.StatusCode.ABORTED, Conflict),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, Overloaded),
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
        (grpc.StatusCode.CANCELLED, Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Timeout),
        (grpc.StatusCode.INTERNAL, ServerError),
        (grpc.StatusCode.UNKNOWN, ServerError),
        (grpc.StatusCode.DATA_LOSS, ServerError),
        (grpc.StatusCode.UNIMPLEMENTED, ServerError),
    ],
)
def test_every_code_has_its_error(
    server: ScriptedServer, client: Client, code: grpc.StatusCode, kind: type[DoNotContactError]
) -> None:
    server.script("Check", failure(code, message="so it is"))
    server.script("Scrub", failure(code, message="so it is"))

    with pytest.raises(kind) as checked:
        client.check_one(PHONE, channel="VOICE")
    with pytest.raises(kind):
        list(client.scrub([PHONE], channel="VOICE"))

    assert type(checked.value) is kind
    assert (checked.value.code, str(checked.value)) == (code, "so it is")


def test_an_error_carries_reason_figures_and_fields(server: ScriptedServer, client: Client) -> None:
    server.script(
        "Check",
        failure(
            grpc.StatusCode.INVALID_ARGUMENT,
            "ERROR_REASON_INVALID_FIELD",
            violations=(("rows[3].reference", "at most 128 bytes"), ("policy", "no such characters")),
            metadata={"rows": "4"},
        ),
    )

    with pytest.raises(InvalidRequest) as caught:
        client.check([PHONE] * 4, channel="VOICE")

    assert caught.value.reason == "ERROR_REASON_INVALID_FIELD"
    assert caught.value.metadata == {"rows": "4"}
    assert caught.value.field_violations == [
        ("rows[3].reference", "at most 128 bytes"),
        ("policy", "no such characters"),
    ]


def test_field_paths_of_a_later_chunk_count_from_the_first_row(server: ScriptedServer, client: Client) -> None:
    fault = failure(
        grpc.StatusCode.INVALID_ARGUMENT, message="rows[3].region: unknown", violations=(("rows[3].region", "unknown"),)
    )
    server.script("Check", honest_check, fault)

    with pytest.raises(InvalidRequest, match=r"rows\[1003\]") as caught:
        client.check([PHONE] * 1100, channel="VOICE")

    assert caught.value.field_violations == [("rows[1003].region", "unknown")]


def test_field_paths_of_a_later_scrub_chunk_count_from_the_first_address(
    server: ScriptedServer, client: Client
) -> None:
    fault = failure(grpc.StatusCode.INVALID_ARGUMENT, violations=(("addresses[1]", "unknown"),))
    server.script("Scrub", honest_scrub, fault)

    with pytest.raises(InvalidRequest) as caught:
        list(client.scrub([PHONE] * 4, channel="VOICE", chunk=2, in_flight=1))

    assert caught.value.field_violations == [("addresses[3]", "unknown")]


def test_a_status_that_a_proxy_garbled_is_still_an_error(server: ScriptedServer, client: Client) -> None:
    def garbled(_request: object, context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff\xff"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "somewhere")

    server.script("Check", garbled)

    with pytest.raises(NotFound, match="somewhere"):
        client.check_one(PHONE, channel="VOICE")


def test_the_token_goes_with_every_call(server: ScriptedServer) -> None:
    with Client(server.target, token="s3cret") as client:
        client.check_one(PHONE, channel="VOICE")
        list(client.scrub([PHONE], channel="VOICE"))

    assert [seen.metadata["authorization"] for seen in server.seen] == ["Bearer s3cret"] * 2
