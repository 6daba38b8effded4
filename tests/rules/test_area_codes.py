"""Every area code of the United States and Canada has the clocks of an independent reading: of its state, overlaid."""

import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dncd.rules.place import Place
from dncd.rules.places import Places, build_places

MOMENTS = [datetime(2027, month, 1, 12, tzinfo=UTC) for month in range(1, 13)]
AK, HI, PT, MT, AZ = "America/Anchorage", "Pacific/Honolulu", "America/Los_Angeles", "America/Denver", "America/Phoenix"
CT, ET, AT, NT = "America/Chicago", "America/New_York", "America/Halifax", "America/St_Johns"
REGINA, NO_SUMMER_EAST, NO_SUMMER_ATLANTIC = "America/Regina", "America/Panama", "America/Puerto_Rico"
# Regions with more than one clock, or in an area code with others: the clocks of most codes, and codes with their own.
SPLIT: dict[str, tuple[set[str], dict[int, set[str]]]] = {
    "US-AK": ({AK, "America/Adak", HI}, {}),
    "US-AL": ({CT}, {334: {CT, ET}}),
    "US-AZ": ({AZ}, {928: {AZ, MT}}),
    "US-FL": ({ET}, {448: {CT, ET}, 850: {CT, ET}}),
    "US-ID": ({MT, PT}, {}),
    "US-IN": ({ET}, {219: {CT, ET}, 574: {CT, ET}, 812: {CT, ET}, 930: {CT, ET}}),
    "US-KS": ({CT}, {620: {CT, MT}, 785: {CT, MT}}),
    "US-KY": ({ET}, {270: {CT, ET}, 364: {CT, ET}, 606: {CT, ET}}),
    "US-MI": ({ET}, {906: {CT, ET}}),
    "US-ND": ({CT, MT}, {}),
    "US-NE": ({CT, MT}, {}),
    "US-NV": ({PT}, {775: {PT, MT}}),
    "US-OK": ({CT}, {580: {CT, MT}}),
    "US-OR": ({PT}, {458: {PT, MT}, 541: {PT, MT}}),
    "US-SD": ({CT, MT}, {}),
    "US-TN": ({CT}, {423: {CT, ET}, 865: {ET}}),
    "US-TX": ({CT}, {915: {MT}}),
    "CA-BC": ({PT, MT, AZ}, {604: {PT}}),
    "CA-NL": ({NT, AT, NO_SUMMER_ATLANTIC}, {}),
    "CA-NT": ({PT, MT, CT, ET, AZ, NO_SUMMER_EAST}, {}),
    "CA-NU": ({PT, MT, CT, ET, AZ, NO_SUMMER_EAST}, {}),
    "CA-ON": ({ET}, {807: {CT, ET, NO_SUMMER_EAST}}),
    "CA-QC": ({ET}, {code: {ET, AT, NO_SUMMER_ATLANTIC} for code in (367, 418, 581)}),
    "CA-SK": ({REGINA, MT, CT}, {}),
    "CA-YT": ({PT, MT, CT, ET, AZ, NO_SUMMER_EAST}, {}),
}
# Area codes that serve one area: each may be in every zone in which another of them may be.
OVERLAYS = [
    (201, 551), (202, 771), (203, 475), (204, 431, 584), (205, 659), (206, 564), (208, 986), (209, 350),
    (210, 726), (212, 332, 646, 917), (213, 323, 738), (214, 469, 945, 972), (215, 267, 445), (217, 447), (220, 740),
    (223, 717), (226, 382, 519, 548), (227, 240, 301), (234, 330), (248, 947), (249, 683, 705), (256, 938),
    (257, 236, 250, 672, 778), (263, 438, 514), (270, 364), (272, 570), (274, 920), (281, 346, 713, 832),
    (283, 513), (289, 365, 742, 905), (303, 720, 983), (304, 681), (305, 645, 786), (306, 474, 639), (310, 424),
    (312, 773, 872), (314, 557), (315, 680), (317, 463), (324, 904), (326, 937), (327, 870), (329, 845), (331, 630),
    (336, 743), (339, 781), (341, 510), (343, 613, 753), (347, 718, 929, 917), (351, 978), (353, 608),
    (354, 450, 579), (360, 564), (363, 516), (367, 418, 581), (368, 403, 587, 780, 825), (369, 707), (380, 614),
    (385, 801), (402, 531), (404, 470, 678, 770, 943), (405, 572), (407, 689), (408, 669), (410, 443, 667),
    (412, 724, 878), (415, 628), (416, 437, 647, 942), (419, 567), (425, 564), (428, 506), (430, 903),
    (442, 760), (448, 850), (458, 541), (464, 708), (468, 819, 873), (472, 910), (480, 602, 623), (484, 610, 835),
    (503, 971), (508, 774), (512, 737), (518, 838), (534, 715), (539, 918), (540, 826), (561, 728), (571, 703),
    (582, 814), (601, 769), (609, 640), (615, 629), (617, 857), (618, 730), (619, 858), (656, 813), (657, 714),
    (682, 817), (686, 804), (702, 725), (704, 980), (706, 762), (709, 879), (732, 848), (747, 818), (748, 970),
    (754, 954), (757, 948), (779, 815), (782, 902), (803, 839), (805, 820), (812, 930), (816, 975), (821, 864),
    (840, 909), (843, 854), (847, 224), (860, 959), (862, 973), (916, 279), (919, 984), (934, 631), (573, 235),
]  # fmt: skip


@cache
def places() -> Places:
    return build_places()


def area(code: int) -> Place:
    phones = np.array([10_000_000_000 + code * 10_000_000 + 2_345_678], dtype=np.uint64)
    return places()[int(places().of(phones)[0])]


@cache
def clock(zone: str) -> tuple[object, ...]:
    return tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in MOMENTS)


def clocks(zones: set[str] | tuple[str, ...]) -> set[tuple[object, ...]]:
    return {clock(zone) for zone in zones}


def table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("dncd.rules").joinpath(name).read_text(encoding="utf-8"))


def expected(region: str, code: int) -> set[tuple[object, ...]]:
    """Read the clocks of an area code from those of its state's postal codes: one, or that of the part it lies in."""
    if region in SPLIT:
        most, others = SPLIT[region]
        return clocks(others.get(code, most))
    (one,) = clocks(table("postal-codes.toml")[region[:2]]["zones"][region])
    return {one}


def test_every_area_code_has_the_clocks_of_its_part_of_the_state() -> None:
    regions = {name: codes for name, codes in table("area-codes.toml")["regions"].items() if name[:3] in ("US-", "CA-")}

    wrong = {
        (region, code): area(code).zones
        for region, codes in regions.items()
        for code in codes
        if clocks(area(code).zones) != expected(region, code)
    }

    assert sum(map(len, regions.values())) > 390
    assert wrong == {}


@pytest.mark.parametrize("codes", OVERLAYS, ids=str)
def test_area_codes_of_one_area_have_the_same_clocks(codes: tuple[int, ...]) -> None:
    found = {code: clocks(area(code).zones) for code in codes}

    assert all(each == found[codes[0]] for each in found.values())


def test_orlando_is_in_eastern_time_alone() -> None:
    assert area(689) == area(407) == Place(frozenset({"US", "US-FL"}), ("America/New_York",))
