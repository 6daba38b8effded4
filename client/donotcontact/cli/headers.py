"""Whether the first row of a call file names its columns. A row that is taken for a header is never screened.

So the cell in the address column decides: one that may be an address is a row, whatever stands beside it. Where nothing
tells, the answer is None, and a person is asked.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from donotcontact.cli.columns import (
    EMAIL_WORDS,
    OTHER_WORDS,
    PHONE_WORDS,
    SHARE_LIKE_MIN,
    candidates,
    looks_like_phone,
    title_words,
)

HEADER_WORDS = (
    PHONE_WORDS
    | EMAIL_WORDS
    | OTHER_WORDS
    | {"name", "names", "first", "last", "firstname", "lastname", "surname", "contact", "contacts", "person", "lead"}
    | {"address", "addresses", "addr", "recipient", "entry", "label", "source", "prefix", "domain", "numbers", "nr"}
    | {"column", "field", "title", "company", "city", "state", "country", "street", "note", "notes", "status"}
    | {
        "home",
        "work",
        "primary",
        "direct",
        "main",
        "ph",
        "mob",
        "num",
        "nro",
        "comment",
        "comments",
        "reason",
        "channel",
        "emailaddresses",
    }
    | {"vorname", "nachname", "anschrift", "adresse", "firma", "nummer", "rufnummer", "telefonnummer", "spalte", "feld"}
    | {
        "handynummer",
        "mobilnummer",
        "mobil",
        "festnetz",
        "ort",
        "stadt",
        "straße",
        "strasse",
        "postleitzahl",
        "kontakt",
    }
    | {"nombre", "apellido", "apellidos", "dirección", "direccion", "numero", "número", "campo", "empresa", "ciudad"}
    | {"nom", "prénom", "prenom", "numéro", "colonne", "champ", "ville", "société", "courriels", "correos", "teléfonos"}
    | {"nome", "sobrenome", "cognome", "endereço", "endereco", "indirizzo", "cellulare", "telefoni", "telefonos"}
)
NOTHING = frozenset(
    {"na", "n a", "none", "null", "nil", "nan", "unknown", "no", "not available", "not given", "not known", "private"}
    | {"withheld", "unlisted", "missing", "empty", "blank", "tbd", "x", "xx", "xxx", "kein", "keine", "k a"}
    | {
        "keine angabe",
        "unbekannt",
        "ninguno",
        "ninguna",
        "desconocido",
        "desconhecido",
        "inconnu",
        "aucun",
        "anonymous",
    }
    | {"blocked", "restricted", "unavailable", "anonym", "nessuno"}
)
"""What people write into a cell for which they have no address."""
WITHOUT = frozenset({"no", "not", "without", "wrong", "kein", "keine", "ohne", "sin", "sans", "sem", "senza"})
PATTERN_SHAPE = re.compile(r"[+*\dxX\s().\-/]+")
DOMAIN_SHAPE = re.compile(r"[^\W_][\w-]*(\.[\w-]+)+")
ROW_DIGITS_MIN = 5


class Taken(Enum):
    """What a first row is, by one of its cells."""

    HEADER = "header"
    ROW = "row"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class FirstRow:
    """What a person said about the first row: outright, or by naming columns by their titles.

    `column` is the address column as it was asked for, `phones` True for numbers, False for e-mail addresses, None for
    either; `titles` are other columns that were asked for.
    """

    given: bool | None = None
    column: str | None = None
    phones: bool | None = None
    titles: tuple[str, ...] = ()

    def is_header(self, first: Sequence[str], sample: Sequence[Sequence[str]], width: int) -> bool | None:
        """Tell whether the first row names columns; `sample` are rows below it. None: nothing tells."""
        if self.given is not None:
            return self.given
        if self._is_named_in(first):
            return True
        found = {_taken(first, sample, index) for index in self._address_columns(first, sample, width)}
        if Taken.ROW in found:
            return False
        return True if found == {Taken.HEADER} else None

    def _is_named_in(self, first: Sequence[str]) -> bool:
        cells = {cell.strip().casefold() for cell in first}
        asked = (title.strip().casefold() for title in (self.column, *self.titles) if title)
        return any(title in cells and not title.isdecimal() for title in asked)

    def _address_columns(self, first: Sequence[str], sample: Sequence[Sequence[str]], width: int) -> Iterable[int]:
        if self.column is not None and self.column.isdecimal() and 1 <= int(self.column) <= width:
            return [int(self.column) - 1]
        # The titles of a row that is none may mislead; then every column that may be meant must look like a header.
        found = [] if width == 1 else candidates(first, sample, width, self.phones)
        return found or range(width)


def may_be_address(cell: str) -> bool:
    """Tell whether a cell may be an address of any kind: a number, short and vanity ones too, a prefix, a mailbox."""
    text = cell.strip()
    digits = sum(character.isdigit() for character in text)
    return "@" in text or "*" in text or digits >= 3 or (digits > 0 and PATTERN_SHAPE.fullmatch(text) is not None)


def _taken(first: Sequence[str], sample: Sequence[Sequence[str]], index: int) -> Taken:
    cell = first[index].strip() if index < len(first) else ""
    beside = [other for place, other in enumerate(first) if place != index]
    if not cell:
        return Taken.HEADER if any(title_words(other) & HEADER_WORDS for other in beside) else Taken.UNSURE
    taken = _cell_taken(cell, [row[index] for row in sample if index < len(row)])
    if taken is Taken.ROW or any("@" in other or looks_like_phone(other) for other in beside):
        return Taken.ROW
    if any(sum(character.isdigit() for character in other) >= ROW_DIGITS_MIN for other in beside):
        return Taken.UNSURE
    return taken


def _cell_taken(cell: str, below: Sequence[str]) -> Taken:
    words = re.findall(r"[^\W\d_]+", cell.casefold())
    is_title = bool(title_words(cell) & HEADER_WORDS)
    if may_be_address(cell):
        # "Phone 2024" is a title, and "1-800-CONTACTS" is not.
        return Taken.UNSURE if is_title and "@" not in cell and "*" not in cell else Taken.ROW
    if not words or " ".join(words) in NOTHING:
        return Taken.ROW
    if is_title:
        return Taken.UNSURE if words[0] in WITHOUT and not cell.casefold().startswith("no.") else Taken.HEADER
    if any(character.isdigit() for character in cell) or DOMAIN_SHAPE.fullmatch(cell):
        return Taken.UNSURE
    return Taken.HEADER if _mostly_addresses(below) else Taken.UNSURE


def _mostly_addresses(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(map(may_be_address, filled)) / len(filled) >= SHARE_LIKE_MIN
