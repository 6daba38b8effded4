"""Locating: from the rows of a batch to the places that they may be in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dncd.columns import numbered
from dncd.rules.narrowing import narrow
from dncd.rules.place import Place
from dncd.rules.places import Places
from dncd.rules.search import Budget
from dncd.storage.contract import Phones

PlaceIds = NDArray[np.uint16]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Located:
    """The places of a batch: for each row the id of its number's place, and rows whose caller knows more apart.

    `known` maps a place to the rows that are there; those rows' ids say nothing. `unread` maps what could not be read
    to its rows, which are among them. `budget` is what the request may look at to find when places are open.
    """

    ids: PlaceIds
    places: Places
    known: dict[Place, list[int]] = field(default_factory=dict)
    unread: dict[str, list[int]] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    def distinct(self, rows: Rows) -> tuple[list[Place], Rows]:
        """Return the places that some rows may be in, and for each of the rows the index of its own."""
        ids, known, first = self.ids, list(self.known), len(self.places)
        if known:
            ids = ids.astype(np.intp)
            for index, apart in enumerate(self.known.values(), first):
                ids[apart] = index
        found, place_of = numbered(ids[rows])
        return [self.places[index] if index < first else known[index - first] for index in found.tolist()], place_of

    def groups(self) -> Iterator[tuple[Place, Rows]]:
        """Yield each place that occurs with its rows."""
        apart = np.zeros(len(self.ids), dtype=np.bool_)
        for place, rows in self.known.items():
            apart[rows] = True
            yield place, np.array(rows, dtype=np.intp)
        for place_id in np.flatnonzero(np.bincount(self.ids[~apart], minlength=1)).tolist():
            yield self.places[place_id], np.flatnonzero((self.ids == place_id) & ~apart)


def locate(places: Places, phones: Phones, time_zones: Sequence[str], postal_codes: Sequence[str]) -> Located:
    """Locate numbers; the context columns are empty, or have one text for each number."""
    located = Located(places.of(phones), places)
    if not time_zones and not postal_codes:
        return located
    made: dict[tuple[int, str, str], tuple[Place, str]] = {}
    anywhere = places.under("1")
    zones = time_zones or [""] * len(phones)
    codes = postal_codes or [""] * len(phones)
    for row, (place_id, zone, code) in enumerate(zip(located.ids.tolist(), zones, codes, strict=True)):
        if zone or code:
            context = (place_id, zone, code)
            if context not in made:
                made[context] = narrow(places[place_id], zone, code, anywhere)
            place, unread = made[context]
            located.known.setdefault(place, []).append(row)
            if unread:
                located.unread.setdefault(unread, []).append(row)
    return located
