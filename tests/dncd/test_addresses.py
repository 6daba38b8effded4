import re
from pathlib import Path

import pytest

from dncd.addresses import (
    AddressError,
    Fault,
    Target,
    covering_domains,
    emails_from_texts,
    known_region,
    phone_text,
    phones_from_texts,
    target_from_key,
    target_from_text,
)
from dncd.storage.keys import Kind, account_of

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs/reference/addresses.md").read_text()


def rows_of(heading: str) -> list[tuple[str, ...]]:
    section = DOC.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [
        tuple(cell.strip("`").removeprefix("-") if cell == "-" else cell.strip("`") for cell in row) for row in rows
    ]


def target_or_fault(text: str, region: str) -> str:
    try:
        return target_from_text(text, region).text
    except AddressError as error:
        return error.fault.name


def test_faults_are_those_of_the_contract() -> None:
    proto = (ROOT / "proto/donotcontact/v1/verdict.proto").read_text()
    declared = {name: int(number) for name, number in re.findall(r"ADDRESS_FAULT_(\w+) = (\d+);", proto)}
    declared["NONE"] = declared.pop("UNSPECIFIED")

    assert {fault.name: fault.value for fault in Fault} == declared


@pytest.mark.parametrize(("text", "region", "becomes"), rows_of("Phone numbers"))
def test_phone_reads_as_documented(text: str, region: str, becomes: str) -> None:
    phones, faults = phones_from_texts([text], region, 1)

    answer = phone_text(int(phones[0])) if faults[0] == Fault.NONE else Fault(faults[0]).name
    assert answer == becomes


@pytest.mark.parametrize(("text", "becomes"), rows_of("E-mail addresses"))
def test_email_reads_as_documented(text: str, becomes: str) -> None:
    emails, faults = emails_from_texts([text], 1)

    assert (emails[0] or Fault(faults[0]).name) == becomes


@pytest.mark.parametrize(("text", "region", "becomes"), rows_of("Prefixes and domains"))
def test_prefix_or_domain_reads_as_documented(text: str, region: str, becomes: str) -> None:
    assert target_or_fault(text, region) == becomes


@pytest.mark.parametrize("text", ["+14155550123", "ann@example.com", "+1201*", "+44*", "@example.com", "änn@localhost"])
def test_target_comes_back_from_its_key_and_from_its_text(text: str) -> None:
    target = target_from_text(text, "")
    key = target.key(7)

    assert target.text == text
    assert target_from_key(key) == target
    assert account_of(key) == 7


def test_keys_hold_bare_targets() -> None:
    assert Target(Kind.PREFIX, "+1201*").key(1)[5:] == b"1201"
    assert Target(Kind.DOMAIN, "@example.com").key(1)[5:] == b"example.com"


def test_error_never_holds_the_address() -> None:
    with pytest.raises(AddressError) as caught:
        target_from_text("call 4155550123", "US")

    assert "415" not in f"{caught.value!s}{caught.value!r}"


def test_covering_domains_are_all_with_a_dot() -> None:
    assert covering_domains("a@x.mail.example.com") == ["x.mail.example.com", "mail.example.com", "example.com"]
    assert covering_domains("a@localhost") == []


@pytest.mark.parametrize(("region", "known"), [("US", True), ("us", False), ("XX", False), ("", False), ("001", False)])
def test_known_regions_are_upper_case_countries(region: str, known: bool) -> None:
    assert known_region(region) is known
