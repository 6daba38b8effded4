"""Where a token may go, and what a target is."""

import pytest

from donotcontact import Client, Tls
from donotcontact.connection import Target, is_loopback


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:7420",
        "127.9.9.9:1",
        "localhost:7420",
        "[::1]:7420",
        "::1",
        "dns:///localhost:7420",
        "dns:127.0.0.1:7420",
        "ipv4:127.0.0.1:1,127.0.0.2:2",
        "ipv6:[::1]:7420",
        "unix:/run/dncd.sock",
    ],
)
def test_this_machine_is_known(target: str) -> None:
    assert is_loopback(target)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "example.com:7420",
        "10.0.0.1:7420",
        "0.0.0.0:7420",
        "localhost.example.com:7420",
        "127.0.0.1.example.com:7420",
        "dns:///example.com:7420",
        "dns://127.0.0.1/example.com:7420",
        "ipv4:127.0.0.1:1,10.0.0.1:2",
        "[2001:db8::1]:7420",
        "xds:///localhost:7420",
    ],
)
def test_every_other_target_is_beyond_this_machine(target: str) -> None:
    assert not is_loopback(target)


def test_a_token_is_refused_over_plaintext_beyond_this_machine() -> None:
    with pytest.raises(ValueError, match="TLS"):
        Client("dnc.example.com:7420", token="s3cret")


def test_a_token_may_go_where_the_caller_insists_or_encrypts() -> None:
    Client("dnc.example.com:7420", token="s3cret", allow_plaintext_token=True).close()
    Client("dnc.example.com:7420", token="s3cret", tls=Tls()).close()


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "é"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Client(token=token)


def test_half_a_key_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="both"):
        Tls(cert=b"PEM")


def test_the_token_is_in_no_repr() -> None:
    client = Client(token="s3cret")

    assert "s3cret" not in repr(client) + repr(Target("127.0.0.1:1", "s3cret")) + repr(Tls(key=b"s3cret", cert=b""))
    client.close()


@pytest.mark.parametrize(
    "settings", [{"timeout_s": 0}, {"timeout_s": -1}, {"timeout_s": float("nan")}, {"connections": 0}]
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"timeout_s|connection"):
        Client(**settings)  # type: ignore[arg-type]  # that is the point
