"""Digits that begin with the region's own calling code are never guessed."""

import pytest

from dncd.registry.failures import MostlyRejects
from dncd.registry.formats import Options
from dncd.registry.rejects import CODE_OR_NOT, judge
from registry_reading import LIST_DATE, read_bytes


def of(region: str, *, international: bool = False) -> Options:
    return Options(region=region, list_date=LIST_DATE, international=international)


IN_DOUBT = {
    "DE": "4915123456789",
    "ID": "62812345678",
    "SE": "468123456",
    "BR": "5540044778",
    "XK": "38343201234",
    "NL": "318007153",
}


@pytest.mark.parametrize("format_name", ["numbers", "csv"])
@pytest.mark.parametrize(("region", "digits"), IN_DOUBT.items())
def test_a_number_that_may_have_its_calling_code_or_not_is_rejected(format_name: str, region: str, digits: str) -> None:
    spaced = f"{digits[:2]} {digits[2:5]} {digits[5:]}"

    outcome = read_bytes(format_name, f"{digits}\n{spaced}\n({digits[:2]}) {digits[2:]}\n".encode(), of(region))

    assert not outcome.phones
    assert outcome.reasons == [(line, CODE_OR_NOT) for line in (1, 2, 3)]


@pytest.mark.parametrize("format_name", ["numbers", "csv"])
@pytest.mark.parametrize(("region", "digits"), IN_DOUBT.items())
def test_the_operator_says_that_all_have_their_calling_code(format_name: str, region: str, digits: str) -> None:
    written = [digits, f"{digits[:2]} {digits[2:]}", f"({digits[:2]}) {digits[2:]}", f"+{digits}"]

    outcome = read_bytes(format_name, "\n".join(written).encode(), of(region, international=True))

    assert outcome.phones == [int(digits)] * len(written)


@pytest.mark.parametrize(
    ("region", "written", "phone"),
    [
        ("DE", "+4915123456789", 4915123456789),
        ("DE", "004915123456789", 4915123456789),
        ("DE", "015123456789", 4915123456789),
        ("DE", "04915 123456", 494915123456),
        ("GB", "442079460958", 442079460958),
        ("IN", "919876543210", 919876543210),
        ("IN", "9198765432", 919198765432),
        ("US", "18185550123", 18185550123),
        ("FR", "33612345678", 33612345678),
    ],
)
@pytest.mark.parametrize("format_name", ["numbers", "csv"])
def test_what_has_one_reading_is_read(format_name: str, region: str, written: str, phone: int) -> None:
    assert read_bytes(format_name, f"{written}\n".encode(), of(region)).phones == [phone]


def test_numbers_with_their_calling_code_need_no_region() -> None:
    content = b"4915123456789\n442079460958\n030 123456\n18185550123\n"

    outcome = read_bytes("numbers", content, of("", international=True))

    assert outcome.phones == [4915123456789, 442079460958, 18185550123]
    assert [line for line, _ in outcome.reasons] == [3]


def test_a_file_of_such_numbers_is_refused() -> None:
    reading = read_bytes("numbers", b"4915123456789\n4915123456780\n", of("DE")).reading

    with pytest.raises(MostlyRejects):
        judge(reading)
