"""Preferences as masks: bit k is category k, bit 0 every category."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from dncd.registry.chunks import EVERY_CATEGORY, Categories

_CATEGORY_MAX: Final = 8
_SEPARATORS: Final = str.maketrans("", "", " ,;#/|-")
_EVERYTHING: Final = frozenset({"all", "full", "full block", "fully blocked"})


def categories_of(texts: Sequence[str]) -> Categories:
    """Read a column of preferences; a mask of 0 marks a text that is none. Few texts differ, so each is read once."""
    masks = {text: category_mask(text) for text in set(texts)}
    return np.fromiter((masks[text] for text in texts), np.uint16, len(texts))


def category_mask(text: str) -> int:
    """Read digits 1 to 8, however separated; 0, or words for everything, is every category. 0 where it is neither."""
    if text.strip().casefold() in _EVERYTHING:
        return 1 << EVERY_CATEGORY
    digits = text.translate(_SEPARATORS)
    if not digits.isascii() or not digits.isdigit() or any(int(digit) > _CATEGORY_MAX for digit in digits):
        return 0
    mask = 0
    for digit in digits:
        mask |= 1 << int(digit)
    return mask
