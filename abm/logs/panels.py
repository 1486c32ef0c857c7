"""Scanner panels: households' purchases in order, with what each brand cost and how it was promoted on each occasion.

A panel is a wide CSV file: a row a purchase, rows of a household together and in the order of its purchases.

    id             household
    choice         brand bought
    price.BRAND    price of each brand then, above or at 0; these columns name the brands
    feat.BRAND     1 = featured in an advertisement (or the share of it), for all brands or none
    disp.BRAND     1 = on display likewise, for all brands or none

Other columns are ignored. Source of the layout: JAIN_VILCASSIM_CHINTAGUNTA_1994, as R's Ecdat and Rdatasets write
them (Catsup, Cracker, Yogurt). The files of Tuna and Ketchup there are sorted by brand inside a household; they hold
no order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm.core import given
from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.logs.brands import Purchases, ordered_purchases
from abm.logs.csv_rows import read_rows

FloatArray = NDArray[np.float64]

HOUSEHOLD, CHOICE = "id", "choice"
PREFIXES = {"price": "price.", "feature": "feat.", "display": "disp."}  # a control and how its columns begin


@dataclass(frozen=True)
class Panel:
    """Purchases of a panel of households.

    households : (h,)    labels, in the order of the file
    brands     : (m,)    names, in the order of the price columns
    household  : (n,)    who buys, an index of `households`
    order      : (n,)    which of her purchases, from 0
    brand      : (n,)    what is bought, an index of `brands`
    controls   : price, feature and display of every brand on the occasion (n, m), those that the file has
    """

    households: tuple[str, ...]
    brands: tuple[str, ...]
    household: NDArray[np.int64]
    order: NDArray[np.int64]
    brand: NDArray[np.int64]
    controls: dict[str, FloatArray]

    @property
    def purchases(self) -> Purchases:
        """The sequences alone, for the measures of `abm.logs.brands`; the order stands for the period."""
        return ordered_purchases(self.household, self.order, self.brand, len(self.households), len(self.brands))

    def frame(self) -> pd.DataFrame:
        """Return a row per purchase: household, order, brand (names), then price.BRAND, feature.BRAND, …."""
        columns: dict[str, object] = {
            "household": np.array(self.households, dtype=object)[self.household],
            "order": self.order,
            "brand": np.array(self.brands, dtype=object)[self.brand],
        }
        for name, values in self.controls.items():
            columns |= {f"{name}.{brand}": values[:, j] for j, brand in enumerate(self.brands)}
        return pd.DataFrame(columns)


def read_panel(path: str | Path, *, source: str = "") -> Panel:
    """Read a scanner panel from a wide CSV file, as the head of this page describes it.

    source : what messages call the file; the path as given when empty

    Raises Refusal, with the line, for a missing column, a brand without a column that others have, a brand bought
    that has no price, a household whose purchases do not stand together, and a cell that is no number of at least 0
    (a feature or display above 1); and for a file without purchases or with one brand.
    """
    source, path = source or str(path), given.path("path", path)
    rows = read_rows(path, source, (HOUSEHOLD, CHOICE, "price.BRAND"))
    line, header = next(rows)
    try:
        brands, places = _layout(header)
    except Refusal as refusal:
        raise Refusal(refusal.message, place=f"line {line}", source=source) from None
    found = _Rows(brands, places, header)
    for line, cells in rows:
        try:
            found.add(cells)
        except Refusal as refusal:
            raise Refusal(refusal.message, place=f"line {line}", source=source) from None
    if not found.brand:
        raise Refusal("no purchase below the header", source=source)
    return found.panel()


def _layout(header: list[str]) -> tuple[tuple[str, ...], dict[str, list[int]]]:
    """Return the brands, and where the columns of each control stand, in the order of the brands."""
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise Refusal(f"two columns are called {shown(twice[0])}")
    for name in (HOUSEHOLD, CHOICE):
        if name not in header:
            raise Refusal(f"no {name} column{did_you_mean(name, header) or f'; the header has {_listed(header)}'}")
    first = PREFIXES["price"]
    brands = tuple(name.removeprefix(first) for name in header if name.startswith(first))
    if len(brands) < 2:
        raise Refusal(f"{len(brands)} price.BRAND columns; they name the brands, and at least 2 are needed")
    places: dict[str, list[int]] = {}
    for control, prefix in PREFIXES.items():
        having = [name.removeprefix(prefix) for name in header if name.startswith(prefix)]
        for brand in having:
            if brand not in brands:
                raise Refusal(f"{prefix}{brand} has no {first}{brand}{did_you_mean(brand, brands)}")
        for brand in brands if having else ():
            if brand not in having:
                raise Refusal(f"no {prefix}{brand} column; {prefix}{having[0]} is there, so each brand needs one")
        if having:
            places[control] = [header.index(prefix + brand) for brand in brands]
    return brands, places


def _listed(header: list[str]) -> str:
    return ", ".join(map(shown, header))


class _Rows:
    """Rows of a panel as they are read."""

    def __init__(self, brands: tuple[str, ...], places: dict[str, list[int]], header: list[str]) -> None:
        self.brands, self.places, self.header = brands, places, header
        self.at_household, self.at_choice = header.index(HOUSEHOLD), header.index(CHOICE)
        self.households: dict[str, int] = {}
        self.household: list[int] = []
        self.brand: list[int] = []
        self.controls: dict[str, list[list[float]]] = {control: [] for control in places}

    def add(self, cells: list[str]) -> None:
        """Take a purchase; Refusal for what cannot be used."""
        household, choice = cells[self.at_household], cells[self.at_choice]
        if not household:
            raise Refusal(f"no household ({HOUSEHOLD})")
        if choice not in self.brands:
            near = did_you_mean(choice, self.brands) or f"; the price columns name {one_of(self.brands)}"
            raise Refusal(f"choice = {shown(choice)} is no brand of this panel{near}")
        index = self.households.setdefault(household, len(self.households))
        if index != len(self.households) - 1:
            raise Refusal(
                f"household {shown(household)} came before, with others between; "
                "put the purchases of a household together, in their order"
            )
        self.household.append(index)
        self.brand.append(self.brands.index(choice))
        for control, values in self.controls.items():
            values.append(list(self._values(control, cells)))

    def _values(self, control: str, cells: list[str]) -> Iterator[float]:
        for at in self.places[control]:
            try:
                value = float(cells[at] if "_" not in cells[at] else "")  # Python reads 1_000 as a number
            except ValueError:
                raise Refusal(f"{self.header[at]} = {shown(cells[at])} is not a number") from None
            most = np.inf if control == "price" else 1.0
            if not (0.0 <= value <= most and np.isfinite(value)):
                allowed = "a price of at least 0" if control == "price" else "a share between 0 and 1"
                raise Refusal(f"{self.header[at]} = {value:g} is not {allowed}")
            yield value

    def panel(self) -> Panel:
        """Return what was read."""
        household = np.array(self.household, dtype=np.int64)
        opens = np.flatnonzero(np.diff(household, prepend=-1))  # where a household's purchases begin
        return Panel(
            households=tuple(self.households),
            brands=self.brands,
            household=household,
            order=np.arange(household.size) - opens[household],
            brand=np.array(self.brand, dtype=np.int64),
            controls={control: np.array(values) for control, values in self.controls.items()},
        )
