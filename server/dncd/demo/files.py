"""The files of the demonstration: a do-not-call file and a messy call file, the same for the same seed.

Every number and name is one that nobody has: 555-01XX under calling code 1 (ATIS), Ofcom's and ACMA's numbers for
drama, the range 030 23125 of the Bundesnetzagentur, and the domains of RFC 2606.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

SEED: Final = 20_311
LEADS: Final = 10_000
REGION: Final = "US"
SALES: Final = "DNC_Sales"
PROMOTIONS: Final = "no-promotions"
BLOCKED_PREFIX: Final = "201XXXXXXX"
BLOCKED_DOMAIN: Final = "@left.example"

_AREAS: Final = [
    "201",
    "205",
    "206",
    "209",
    "212",
    "213",
    "214",
    "216",
    "217",
    "219",
    "224",
    "225",
    "228",
    "229",
    "231",
    "234",
    "240",
    "248",
    "251",
    "253",
    "256",
    "260",
    "262",
    "267",
    "269",
    "270",
    "276",
    "281",
    "301",
    "302",
    "303",
    "304",
    "305",
    "307",
    "308",
    "309",
    "310",
    "312",
    "313",
    "314",
    "315",
    "316",
    "317",
    "318",
    "319",
    "320",
    "321",
    "323",
    "325",
    "330",
    "334",
    "336",
    "337",
    "347",
    "351",
    "352",
    "360",
    "361",
    "386",
    "401",
    "402",
    "404",
    "405",
    "406",
    "407",
    "408",
    "409",
    "410",
    "412",
    "413",
    "414",
    "415",
    "417",
    "419",
    "423",
    "425",
    "430",
    "432",
    "434",
    "435",
    "440",
    "443",
    "469",
    "478",
    "479",
    "480",
    "484",
    "501",
    "502",
    "503",
    "504",
    "505",
    "507",
    "508",
    "509",
    "510",
    "512",
    "513",
    "515",
    "516",
    "517",
    "518",
    "520",
    "530",
    "540",
    "541",
    "551",
    "559",
    "561",
    "562",
    "563",
    "567",
    "570",
    "571",
    "573",
    "574",
    "580",
    "585",
    "586",
    "601",
    "602",
    "603",
    "605",
    "606",
    "607",
    "608",
    "609",
    "610",
    "612",
    "614",
    "615",
    "616",
    "617",
    "618",
    "619",
    "620",
    "623",
    "626",
    "630",
    "631",
]
_FIRST: Final = ("Ann", "Bo", "Chloé", "Dev", "Eva", "Femi", "Gül", "Hana", "Ivo", "José", "Kim", "Lars")
_LAST: Final = ("Lee", "Müller", "Okafor", "Rossi", "Singh", "Tan", "Vega", "Wójcik", "Young", "Zhou")
_HOSTS: Final = ("example.com", "example.org", "example.net", "mail.example.com")
_ARABIC_INDIC: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_FULL_WIDTH: Final = str.maketrans("0123456789", "０１２３４５６７８９")

_NO_PHONE: Final = (
    "911", "611", "88888", "4.15555E+09", "2,125551E+09", "", "  ", "n/a", "unknown", "call the office", "415-155-0123",
    "212-555-0101 / 212-555-0102", "3125550110; 3125550111", "ann@example.com", "555-0123", "+999 1234 5678",
)  # fmt: skip
_NO_EMAIL: Final = (
    "", "none", "ann@@example.com", "ann@example", "ann@example.com; bob@example.com", "4155550123", "@example.com",
    "bob@example..com",
)  # fmt: skip

_NANP_FORMS: Final[tuple[Callable[[str, str], str], ...]] = (
    lambda area, line: f"({area}) 555-{line}",
    lambda area, line: f"{area}-555-{line}",
    lambda area, line: f"{area}.555.{line}",
    lambda area, line: f"{area}555{line}",
    lambda area, line: f"1{area}555{line}",
    lambda area, line: f"+1 {area} 555 {line}",
    lambda area, line: f"1-{area}-555-{line} x22",
    lambda area, line: f"{area}-555-{line} ext. 7",
    lambda area, line: f"'{area}555{line}",
    lambda area, line: f"1{area}555{line}.0",
    lambda area, line: f"tel:+1-{area}-555-{line}",
    lambda area, line: f"  {area}\u00a0555\u00a0{line} ",
    lambda area, line: f"{area}555{line}".translate(_ARABIC_INDIC),
    lambda area, line: f"{area} 555 {line}".translate(_FULL_WIDTH),
)
_EMAIL_FORMS: Final[tuple[Callable[[str, str, str], str], ...]] = (
    lambda first, last, email: email,
    lambda first, last, email: email.upper(),
    lambda first, last, email: f"{first} {last} <{email}>",
    lambda first, last, email: f'"{last}, {first}" <{email}>',
    lambda first, last, email: f"mailto:{email}",
    lambda first, last, email: f" '{email}' ",
)


@dataclass(frozen=True, slots=True)
class OptOut:
    """One line of the do-not-call file: an address as it is written there, its canonical form, and its label."""

    written: str
    address: str
    label: str


@dataclass(frozen=True, slots=True)
class Lead:
    """One row of the call file: what is written, and the canonical addresses behind it, empty where there is none."""

    name: str
    phone: str
    email: str
    number: str
    mailbox: str


@dataclass(frozen=True, slots=True)
class Files:
    """The two files, and the numbers whose owners replied START or STOP to a text."""

    opt_outs: list[OptOut]
    leads: list[Lead]
    starts: list[str]
    stops: list[str]


def make_files(seed: int = SEED, leads: int = LEADS) -> Files:
    """Make both files from a seed."""
    random = Random(seed)  # noqa: S311 - a demonstration, not a secret
    people = [_lead(random, row) for row in range(leads)]
    people += random.choices(people, k=leads // 40)  # files hold people twice
    random.shuffle(people)
    people = people[:leads]
    numbers = sorted({lead.number for lead in people if lead.number})
    texters = random.sample([number for number in numbers if number.startswith("+1")], k=360)
    return Files(_opt_outs(random, people), people, texters[:300], texters[300:])


def write_call_file(path: Path, leads: Iterable[Lead]) -> None:
    """Write the call file as a spreadsheet saves it: a byte order mark, semicolons, a header."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Name", "Phone", "E-mail"])
        writer.writerows((lead.name, lead.phone, lead.email) for lead in leads)


def write_opt_outs(path: Path, opt_outs: Iterable[OptOut]) -> None:
    """Write the do-not-call file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["address", "label"])
        writer.writerows((opt_out.written, opt_out.label) for opt_out in opt_outs)


def read_call_file(path: Path) -> tuple[list[str], list[str]]:
    """Read the call file back: the column of phones and the column of e-mails."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return [row["Phone"] for row in rows], [row["E-mail"] for row in rows]


def _lead(random: Random, row: int) -> Lead:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    phone, number = _phone(random)
    email, mailbox = _email(random, first, last, row)
    return Lead(f"{first} {last}", phone, email, number, mailbox)


def _phone(random: Random) -> tuple[str, str]:
    kind = random.random()
    if kind < 0.04:
        return random.choice(_NO_PHONE), ""
    if kind < 0.10:
        return _phone_abroad(random)
    return _nanp(random, random.choice(_AREAS))


def _nanp(random: Random, area: str) -> tuple[str, str]:
    line = f"01{random.randrange(100):02}"
    number = f"+1{area}555{line}"
    # Most files hold mostly one form.
    form = number if random.random() < 0.6 else random.choice(_NANP_FORMS)(area, line)
    return form, number


def _phone_abroad(random: Random) -> tuple[str, str]:
    three, four = f"{random.randrange(1000):03}", f"{random.randrange(10_000):04}"
    return random.choice(
        [
            (f"+44 20 7946 0{three}", f"+442079460{three}"),
            (f"+44 (0)20 7946 0{three}", f"+442079460{three}"),
            (f"011 44 7700 900{three}", f"+447700900{three}"),
            (f"+49 30 23125{three}", f"+493023125{three}"),
            (f"whatsapp:+447700900{three}", f"+447700900{three}"),
            (f"+61 2 5550 {four}", f"+6125550{four}"),
        ]
    )


def _email(random: Random, first: str, last: str, row: int) -> tuple[str, str]:
    if random.random() < 0.03:
        return random.choice(_NO_EMAIL), ""
    host = "sales.left.example" if random.random() < 0.02 else random.choice(_HOSTS)
    mailbox = f"reader{row}@{host}"
    if host != "sales.left.example" and random.random() < 0.02:
        return f"Reader{row}@Bücher.example", f"reader{row}@xn--bcher-kva.example"
    return random.choice(_EMAIL_FORMS)(first, last, mailbox), mailbox


def _opt_outs(random: Random, leads: list[Lead]) -> list[OptOut]:
    """Pick people who said no, in forms of their own: the two files never agree on how to write a number."""
    numbers = sorted({lead.number for lead in leads if lead.number})
    mailboxes = sorted({lead.mailbox for lead in leads if lead.mailbox})
    wanted = random.sample(numbers, k=len(numbers) // 8)
    labels = ("do-not-contact", "do-not-phone", "do-not-text", SALES)
    phones = [OptOut(_rewritten(random, number), number, random.choice(labels)) for number in wanted]
    emails = [
        OptOut(mailbox.upper(), mailbox, random.choice(("do-not-email", PROMOTIONS)))
        for mailbox in random.sample(mailboxes, k=len(mailboxes) // 20)
    ]
    return [*phones, *emails]


def _rewritten(random: Random, number: str) -> str:
    if not number.startswith("+1"):
        return number
    return random.choice(_NANP_FORMS)(number[2:5], number[8:])
