import logging

import pytest

from dncd.daemon.supervisor import keep_house


def test_round_clears_readers_and_tidies_with_the_time() -> None:
    told: list[object] = []

    keep_house(told.append, lambda: told.append("readers"))

    assert told[0] == "readers"
    assert isinstance(told[1], int)


def test_failing_round_is_logged_without_values_and_does_not_end_the_rounds(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_now_ms: int) -> None:
        raise KeyError("+14155550123")

    with caplog.at_level(logging.ERROR):
        keep_house(fails, lambda: None)

    assert "housekeeping failed" in caplog.text
    assert "KeyError" in caplog.text
    assert "+14155550123" not in caplog.text
