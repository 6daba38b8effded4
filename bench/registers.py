"""Registers as large as the real ones, made up: seeded, streamed, the same numbers and files for the same seed.

    python bench/registers.py us 240000000 us-national.zip
    python bench/registers.py uk 18000000 uk-tps.txt
    python bench/registers.py in 50000000 in-ncpr.csv

What they share with real registers is what a server notices: which area codes and exchanges are in use, and how
unevenly they are filled. The numbers themselves are random. At no time is more than one area in memory.
"""

import argparse
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.registry.chunks import Categories, Chunk
from dncd.storage.contract import Phones

BLOCK: Final = 10_000
SEED: Final = 240
LIST_DATE: Final = "2025-3-1"
_FULLEST: Final = 0.95
# Below this density of a whole plan, numbers are drawn one by one: a small register is made in a moment.
_SPARSE: Final = 0.01
_NANP_AREAS: Final = 350
_FOUR_DIGITS: Final = np.array([b"%04d" % line for line in range(BLOCK)])


@dataclass(frozen=True, slots=True)
class Area:
    """A dialling area: the national digits its numbers begin with, and its blocks of 10,000 numbers."""

    head: str
    first_block: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The areas of a calling code, the length of its national numbers, and how many blocks of an area are in use."""

    calling_code: int
    national_digits: int
    areas: tuple[Area, ...]
    used: float


def nanp(areas: int = _NANP_AREAS) -> Plan:
    """Return some area codes NXX, not N11 and not toll-free, with exchanges from 200 to 999."""
    free = {"800", "833", "844", "855", "866", "877", "888", "900"}
    codes = [
        str(code) for code in range(201, 990) if code % 100 != 11 and code // 10 % 10 != 9 and str(code) not in free
    ]
    chosen = np.random.default_rng(1947).permutation(codes)[:areas]
    return Plan(1, 10, tuple(Area(code, 200, 800) for code in sorted(chosen.tolist())), used=0.85)


def uk() -> Plan:
    """Return London, the large cities, 500 towns, and mobile numbers, ten national digits."""
    cities = ["113", "114", "115", "116", "117", "118", "121", "131", "141", "151", "161", "191"]
    towns = [str(code) for code in range(1204, 1998) if code % 10 in {2, 3, 4, 5, 6, 8} and str(code)[:3] not in cities]
    mobiles = [str(head) for head in range(7400, 8000) if not 7600 <= head < 7700]
    areas = [Area("20", 3000, 5990), *(Area(city, 200, 790) for city in cities)]
    areas += [Area(head, 10 if head[0] == "1" else 0, 89 if head[0] == "1" else 100) for head in (*towns, *mobiles)]
    return Plan(44, 10, tuple(areas), used=0.7)


def india() -> Plan:
    """Return mobile series from 6000 to 9999 of which a part is in use, ten national digits."""
    series = np.random.default_rng(91).permutation(np.arange(6000, 10_000))[:2600]
    return Plan(91, 10, tuple(Area(str(head), 0, 100) for head in sorted(series.tolist())), used=0.9)


PLANS: Final = {"us": nanp, "uk": uk, "in": india}


def areas_of(plan: Plan, numbers: int, seed: int = SEED) -> Iterator[tuple[Area, Phones]]:
    """Yield each area with its national numbers, sorted; they add up to about `numbers`, within 1 % for a million."""
    random = np.random.default_rng([seed, plan.calling_code])
    densities = _densities(plan, numbers, random)
    first = 0
    sparse = numbers < _SPARSE * BLOCK * len(densities)
    for area in plan.areas:
        own = densities[first : first + area.blocks]
        first += area.blocks
        yield area, (_few_numbers if sparse else _numbers)(plan, area, own, random)


def chunks_of(plan: Plan, numbers: int, seed: int = SEED) -> Iterator[Chunk]:
    """Yield the register as a format would: E.164 digits, and categories for India."""
    code = np.uint64(plan.calling_code * 10**plan.national_digits)
    for area, found in areas_of(plan, numbers, seed):
        categories = _preferences(area, len(found), seed) if plan.calling_code == 91 else None
        yield Chunk(found + code, None, categories)


def write_us(path: Path, numbers: int, seed: int = SEED, areas: int = _NANP_AREAS) -> int:
    """Write a zip as the FTC gives it out, an entry for each area code; return how many numbers there are."""
    written = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for area, found in areas_of(nanp(areas), numbers, seed):
            entry = zipfile.ZipInfo(f"{LIST_DATE}_{area.head}_{seed}.txt", (2025, 3, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, ftc_lines(area, found), compresslevel=1)
            written += len(found)
    return written


def write_uk(path: Path, numbers: int, seed: int = SEED) -> int:
    """Write the TPS layout without spaces: 12 characters, left-justified; return how many numbers there are."""
    return _write(path, b"", (tps_lines(found) for _, found in areas_of(uk(), numbers, seed)))


def write_in(path: Path, numbers: int, seed: int = SEED) -> int:
    """Write an NCPR file with preferences; return how many numbers there are."""
    header = b"service_area_code,phone_number,preferences,ops_type,phone_type\r\n"
    parts = (
        ncpr_lines(found, _preferences(area, len(found), seed)) for area, found in areas_of(india(), numbers, seed)
    )
    return _write(path, header, parts)


def ftc_lines(area: Area, found: Phones) -> bytes:
    """Return lines such as `818,2596712`."""
    return _lines(found, before=area.head.encode() + b",", head_digits=3, after=b"\r\n", modulus=10**7)


def tps_lines(found: Phones) -> bytes:
    """Return lines such as `02073787244 `."""
    return _lines(found, before=b"0", head_digits=6, after=b" \r\n", modulus=10**10)


def ncpr_lines(found: Phones, categories: Categories) -> bytes:
    """Return lines such as `11,9810012345,13,A,1`."""
    texts = {int(mask): _digits_of(int(mask)) for mask in np.unique(categories)}
    rows = zip(found.tolist(), categories.tolist(), strict=True)
    return b"".join(b"%d,%010d,%s,A,1\r\n" % (phone // 10**8, phone, texts[mask]) for phone, mask in rows)


def _densities(plan: Plan, numbers: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Give every block of the plan its share of numbers: cities and villages, old exchanges and unused ones."""
    weights = []
    for area in plan.areas:
        size = random.lognormal(0.0, 0.45)
        blocks = size * random.gamma(2.0, 0.5, area.blocks)
        weights.append(blocks * (random.random(area.blocks) < plan.used))
    densities = np.concatenate(weights)
    # Full blocks take no more; the others take what they cannot.
    for _ in range(8):
        densities = np.minimum(densities * (numbers / BLOCK / densities.sum()), _FULLEST)
    return densities


def _numbers(plan: Plan, area: Area, densities: NDArray[np.float64], random: np.random.Generator) -> Phones:
    parts = []
    for first in range(0, area.blocks, 800):
        own = densities[first : first + 800].astype(np.float32)
        taken = random.random((len(own), BLOCK), np.float32) < own[:, None]
        parts.append(np.flatnonzero(taken).astype(np.uint64) + np.uint64(_first(plan, area) + first * BLOCK))
    return np.concatenate(parts)


def _few_numbers(plan: Plan, area: Area, densities: NDArray[np.float64], random: np.random.Generator) -> Phones:
    counts = random.poisson(densities * BLOCK)
    blocks = np.repeat(np.arange(len(counts)), counts)
    places = blocks * BLOCK + random.integers(0, BLOCK, len(blocks))
    return np.unique(places).astype(np.uint64) + np.uint64(_first(plan, area))


def _first(plan: Plan, area: Area) -> int:
    return int(area.head) * int(10 ** (plan.national_digits - len(area.head))) + area.first_block * BLOCK


def _preferences(area: Area, count: int, seed: int) -> Categories:
    """Draw what subscribers chose: most of them full block, the others up to three categories."""
    random = np.random.default_rng([seed, int(area.head), 2])
    chosen = np.uint16(1) << random.integers(1, 9, (3, count), np.uint16)
    return np.where(random.random(count) < 0.7, np.uint16(1), np.bitwise_or.reduce(chosen, axis=0))


def _digits_of(mask: int) -> bytes:
    return "".join(str(category) for category in range(9) if mask >> category & 1).encode()


def _lines(found: Phones, *, before: bytes, head_digits: int, after: bytes, modulus: int) -> bytes:
    """Format numbers, each as the digits below `modulus`; 10 ns a line."""
    fields = [("before", f"S{len(before)}"), ("head", f"S{head_digits}"), ("line", "S4"), ("after", f"S{len(after)}")]
    rows = np.empty(len(found), fields)
    numbers = found % np.uint64(modulus)
    blocks, lines = np.divmod(numbers, np.uint64(BLOCK))
    used, places = np.unique(blocks, return_inverse=True)
    heads = np.array([b"%0*d" % (head_digits, block) for block in used.tolist()], f"S{head_digits}")
    rows["before"], rows["after"] = before, after
    rows["head"], rows["line"] = heads[places], _FOUR_DIGITS[lines.view(np.int64)]
    return rows.tobytes()


def _write(path: Path, header: bytes, parts: Iterator[bytes]) -> int:
    written = 0
    with path.open("wb") as file:
        file.write(header)
        for part in parts:
            file.write(part)
            written += part.count(b"\n")
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description="Make up a register file.")
    parser.add_argument("plan", choices=sorted(PLANS))
    parser.add_argument("numbers", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    write = {"us": write_us, "uk": write_uk, "in": write_in}[asked.plan]
    print(f"{write(asked.path, asked.numbers, asked.seed):,} numbers in {asked.path}")


if __name__ == "__main__":
    main()
