"""Which column of a call file holds the addresses: by name, by number, or by looking. Never guesses between two."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from donotcontact.cli.exits import UsageError

PHONE_WORDS = frozenset(
    {"phone", "phones", "telephone", "phonenumber", "tel", "number", "mobile", "cell", "cellphone", "cellular", "gsm"}
    | {"msisdn", "landline", "whatsapp", "sms", "dial", "ani", "handy", "telefon", "telefono", "telefone", "teléfono"}
    | {"téléphone", "portable", "movil", "móvil", "celular"}
)
EMAIL_WORDS = frozenset({"email", "emails", "mail", "emailaddress", "correo", "courriel"})
OTHER_WORDS = frozenset(
    {
        "id",
        "account",
        "acct",
        "order",
        "invoice",
        "customer",
        "ref",
        "reference",
        "case",
        "ticket",
        "policy",
        "contract",
    }
    | {"zip", "postal", "postcode", "plz", "date", "time", "created", "updated", "amount", "price", "balance", "total"}
    | {"ssn", "vat", "iban", "card", "fax", "type", "consent"}
)
SHARE_LIKE_MIN = 0.5
SHARE_ALONE_MIN = 0.8
PHONE_SHAPE = re.compile(r"(tel:)?[+(\d][\d\s().\-/\u00a0\u2010-\u2015]*(\s*(x|ext\.?|#)\s*\d+)?", re.IGNORECASE)
ROUNDED_SHAPE = re.compile(r"\d([.,]\d+)?e\+?\d+", re.IGNORECASE)
OTHER_SHAPE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d+[.,]\d{1,2}|(19|20)\d{6}")
EMAIL_SHAPE = re.compile(r"[^@]*[^@\s]@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it stands, counted from 0, and what a person calls it."""

    index: int
    title: str


def looks_like_phone(cell: str) -> bool:
    """Tell whether a person would take the text for a phone number, also one that a spreadsheet ruined."""
    text = cell.strip()
    if ROUNDED_SHAPE.fullmatch(text):
        return True
    if OTHER_SHAPE.fullmatch(text) or not PHONE_SHAPE.fullmatch(text):
        return False
    return 7 <= sum(character.isdigit() for character in text) <= 20


def looks_like_email(cell: str) -> bool:
    """Tell whether a person would take the text for an e-mail address, with or without a display name."""
    return EMAIL_SHAPE.fullmatch(cell.strip()) is not None


def choose_column(
    wanted: str | None,
    header: Sequence[str] | None,
    sample: Sequence[Sequence[str]],
    width: int,
    *,
    phones: bool | None,
) -> Column:
    """Find the address column. `phones`: True for numbers, False for e-mail addresses, None for either.

    Raises UsageError where the column that is wanted is not there, and where none or several look right.
    """
    if wanted is not None:
        return named_column(wanted, header, width)
    if width == 1:
        return _column(0, header)
    found = candidates(header, sample, width, phones)
    if len(found) == 1:
        return _column(found[0], header)
    if not found:
        raise UsageError("No column looks like the addresses.", _ask(range(width), header))
    raise UsageError(f"{len(found)} columns could hold the addresses.", _ask(found, header))


def named_column(wanted: str, header: Sequence[str] | None, width: int, *, option: str = "--column") -> Column:
    """Find a column by its name, in any case, or by its number from 1; raises UsageError where it is not there."""
    matches = [index for index, title in enumerate(header or ()) if title.strip() == wanted.strip()]
    if not matches:
        folded = wanted.strip().casefold()
        matches = [index for index, title in enumerate(header or ()) if title.strip().casefold() == folded]
    if len(matches) > 1:
        raise UsageError(
            f"{len(matches)} columns are named so.", f"Give the number of the one you mean, such as {option} 2."
        )
    if matches:
        return _column(matches[0], header)
    if wanted.isdecimal() and 1 <= int(wanted) <= width:
        return _column(int(wanted) - 1, header)
    raise UsageError(f'There is no column "{wanted}".', _ask(range(width), header, option))


def candidates(
    header: Sequence[str] | None, sample: Sequence[Sequence[str]], width: int, phones: bool | None
) -> list[int]:
    """Return the columns that could hold the addresses, by their titles and by what stands in the first rows."""
    words = {True: PHONE_WORDS, False: EMAIL_WORDS, None: PHONE_WORDS | EMAIL_WORDS}[phones]
    titles = [title_words(header[index]) if header and index < len(header) else set() for index in range(width)]
    shares = [_share_alike(sample, index, phones) for index in range(width)]
    named = [index for index in range(width) if titles[index] & words and not titles[index] & OTHER_WORDS]
    alike = [index for index in named if shares[index] >= SHARE_LIKE_MIN]
    if alike:
        return alike
    alone = [index for index in range(width) if shares[index] >= SHARE_ALONE_MIN and not titles[index] & OTHER_WORDS]
    return alone or named


def _share_alike(sample: Sequence[Sequence[str]], index: int, phones: bool | None) -> float:
    cells = [row[index] for row in sample if index < len(row) and row[index].strip()]
    tests = {True: (looks_like_phone,), False: (looks_like_email,), None: (looks_like_phone, looks_like_email)}[phones]
    return sum(any(test(cell) for test in tests) for cell in cells) / len(cells) if cells else 0.0


def title_words(title: str) -> set[str]:
    """Return the words of a title, in lower case, those run together in it apart."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title.replace("E-Mail", "Email").replace("e-mail", "email"))
    return set(re.findall(r"[^\W\d_]+", spaced.casefold()))


def _column(index: int, header: Sequence[str] | None) -> Column:
    title = header[index].strip() if header and index < len(header) else ""
    return Column(index, f'{index + 1} "{title}"' if title else str(index + 1))


def _ask(indexes: Sequence[int], header: Sequence[str] | None, option: str = "--column") -> str:
    titles = [_column(index, header).title for index in list(indexes)[:20]]
    return f"Say which one with {option} NAME or {option} NUMBER: {', '.join(titles)}."
