"""E-mail addresses and domains: the canonical form, by a fast path for plain ASCII and by email-validator for the rest.

Canonical: the local part in NFC and lower case, the domain as lower-case A-labels (IDNA 2008, UTS 46), no dot at its
end. Dots and plus tags stay: whether they matter is the provider's business. Outside of ASCII a local part holds
letters and digits alone, in the form that keyboards give: whatever looks like another sign is a fault, since an opt-out
of an address that nobody has would protect nobody.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, ValidatedEmail, validate_email

from dncd.addresses.prefixes import is_prefix
from dncd.addresses.text import AddressError, Fault, Faults, ascii_form, holds_several, plain

# A label without two hyphens in a row needs no IDNA, and none of these texts can be too long in any part.
_FAST: Final = r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]+"
_FAST_TEXT: Final = re.compile(_FAST)
_FAST_COLUMN: Final = re.compile(rf"(?>{_FAST}(?:\n|\Z))*+")
_FAST_CHARS_MAX: Final = 64
_CHUNK_ROWS: Final = 128
EMAIL_BYTES_MAX: Final = 254
_BRACKETED: Final = re.compile(r"([^<>]*)<([^<>]+)>")
_MAILTO: Final = re.compile(r"mailto:([^?%]*)(?:\?.*)?", re.IGNORECASE)
_PHONE_LIKE: Final = re.compile(r"[+(]?[0-9][0-9 ().\-/]*[0-9]")
_DOTS: Final = re.compile("[.\u3002\uff0e\uff61]")
_STAND_IN: Final = "com"
_OF_WORDS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl"})
# Modifier letters: some of them are taken for apostrophes, hyphens or accents.
_SIGN_LIKE: Final = range(0x2B0, 0x300)
# Compatibility characters by Unicode, and yet the only way in which Thai and Lao write these letters; any other does.
_THAI_AND_LAO: Final = dict.fromkeys([0xE33, 0xEB3, 0xEDC, 0xEDD], "\u0e01")
# What lower case makes of the Turkish capital, which spreadsheets make of a plain i.
_DOTTED_I: Final = "i\u0307"


def emails_from_texts(texts: Sequence[str], slow_max: int) -> tuple[list[str], Faults]:
    """Read a column of written e-mail addresses.

    Gives canonical addresses, "" where there is a fault, and the faults, both in the order of the texts. Plain ASCII
    addresses cost about 0.4 us each; others 15 to 300 us, and beyond `slow_max` of them get TOO_MANY_SLOW_ROWS.
    """
    emails: list[str] = []
    for start in range(0, len(texts), _CHUNK_ROWS):
        emails += _fast_chunk(texts[start : start + _CHUNK_ROWS])
    faults = np.zeros(len(texts), np.uint8)
    for row, email in enumerate(emails):
        if not email:
            emails[row], faults[row], slow = _slow_row(texts[row], slow_max)
            slow_max -= slow
    return emails, faults


def _fast_chunk(texts: Sequence[str]) -> list[str]:
    """Return the canonical form of what the fast form covers, "" for the rest."""
    if max(map(len, texts)) <= _FAST_CHARS_MAX:
        column = "\n".join(texts)
        emails = column.lower().split("\n")
        # A text may itself hold several lines: no line then stands for a row.
        if len(emails) == len(texts) and _FAST_COLUMN.fullmatch(column):
            return emails
    return [text.lower() if len(text) <= _FAST_CHARS_MAX and _FAST_TEXT.fullmatch(text) else "" for text in texts]


def _slow_row(text: str, slow_max: int) -> tuple[str, Fault, int]:
    """Read one row; the last part of the answer is 1 where that cost something."""
    try:
        cleaned = plain(text)
    except AddressError as error:
        return "", error.fault, 0
    if slow_max <= 0:
        return "", Fault.TOO_MANY_SLOW_ROWS, 0
    try:
        return read_email(cleaned), Fault.NONE, 1
    except AddressError as error:
        return "", error.fault, 1


def read_email(text: str) -> str:
    """Read one cleaned text (`address_text.plain`) as an e-mail address, in canonical form. Raises AddressError."""
    if "@" not in text:
        raise AddressError(_fault_without_at(ascii_form(text)))
    if text.startswith(("@", "*@")):
        raise AddressError(Fault.NOT_ONE_ADDRESS)
    return _canonical(_address_of(text))


def _fault_without_at(text: str) -> Fault:
    if is_prefix(text):
        return Fault.NOT_ONE_ADDRESS
    return Fault.WRONG_CHANNEL if _PHONE_LIKE.fullmatch(text) else Fault.NOT_AN_ADDRESS


def _address_of(text: str) -> str:
    """Take display name, angle brackets and `mailto:` off."""
    if bracketed := _BRACKETED.fullmatch(text):
        shown, address = bracketed[1].strip(" '\""), bracketed[2].strip()
        if "@" in shown and shown.lower() != address.lower():
            raise AddressError(Fault.SEVERAL_ADDRESSES)
        text = address
    elif _is_several(text):
        raise AddressError(Fault.SEVERAL_ADDRESSES)
    if text[:7].lower() == "mailto:":
        if not (found := _MAILTO.fullmatch(text)):
            raise AddressError(Fault.EMAIL_SYNTAX)
        text = found[1]
    return text


def _is_several(text: str) -> bool:
    return holds_several(text) or sum("@" in word for word in text.split()) > 1


def _canonical(address: str) -> str:
    local, _, domain = address.rpartition("@")
    if not local:
        raise AddressError(Fault.EMAIL_SYNTAX)
    domain = canonical_domain(domain)
    local = _canonical_local(local)
    email = f"{local}@{domain}"
    if len(email.encode()) > EMAIL_BYTES_MAX:
        raise AddressError(Fault.EMAIL_SYNTAX)
    return email


def _canonical_local(local: str) -> str:
    found = _validated(f"{local}@a.{_STAND_IN}").local_part
    if found.startswith('"'):
        raise AddressError(Fault.EMAIL_SYNTAX)
    # Lower case can leave what NFC would compose.
    local = unicodedata.normalize("NFC", found.lower())
    if not local.isascii() and (_DOTTED_I in local or not _is_as_typed(found)):
        raise AddressError(Fault.EMAIL_SYNTAX)
    return local


def _is_as_typed(local: str) -> bool:
    """Tell whether a local part in NFC is made of ASCII and of letters and digits that no other form stands behind."""
    text = local.translate(_THAI_AND_LAO)
    return unicodedata.is_normalized("NFKC", text) and all(
        char.isascii() or (unicodedata.category(char) in _OF_WORDS and ord(char) not in _SIGN_LIKE) for char in text
    )


def canonical_domain(domain: str) -> str:
    """Return a domain in canonical form. Raises AddressError."""
    domain = _DOTS.sub(".", domain).removesuffix(".")
    rest, _, last = domain.rpartition(".")
    if last.lower() not in SPECIAL_USE_DOMAIN_NAMES:
        return _validated(f"a@{domain}").ascii_domain
    # The library refuses these names, but an opt-out must be recordable for whatever a CRM holds.
    if not rest:
        return last.lower()
    return _validated(f"a@{rest}.{_STAND_IN}").ascii_domain.removesuffix(_STAND_IN) + last.lower()


def _validated(address: str) -> ValidatedEmail:
    try:
        return validate_email(address, check_deliverability=False, allow_quoted_local=True)
    except EmailNotValidError:
        raise AddressError(Fault.EMAIL_SYNTAX) from None
    except UnicodeError:
        # A lone surrogate, which no protobuf string holds but a Python one may.
        raise AddressError(Fault.EMAIL_SYNTAX) from None


def covering_domains(email: str) -> list[str]:
    """Return the domains whose entries cover a canonical address, its own first; each has a dot."""
    domain = email.rpartition("@")[2]
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]
