"""Brand measures: what sequences of purchases say of loyalty, the same for a scanner panel and for a simulated market.

Claim: brands differ in how many buy them much more than in how loyal their buyers are. Over customers whose tastes
last, w (1 - b) is nearly the same for all brands, buyers of one brand buy another in proportion to its penetration,
and repeat purchase falls little when the purchases of each customer are put in random order.

    b  penetration, buyers / customers            w  purchases per buyer
    b_{y|x} = D b_y    share of the buyers of x who also buy y: the duplication of purchase law
    repeat - shuffle   what the order of purchases adds to repeat purchase: state dependence, runs of mood or price

Source: EHRENBERG_1988 and GOODHARDT_EHRENBERG_CHATFIELD_1984 (measures and regularities).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import Refusal
from abm.logs import concentration

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Purchases:
    """Purchases of a market, those of a customer together and in order; made by `ordered_purchases`.

    customer, period, firm : (n,) who, when and where; period is any whole number that grows
    customers, firms       : how many there are, those without a purchase included
    rows                   : (n,) the place of each in what `ordered_purchases` was given
    """

    customer: IntArray
    period: IntArray
    firm: IntArray
    customers: int
    firms: int
    rows: IntArray

    @cached_property
    def counts(self) -> IntArray:
        """Purchases of each customer at each firm (customers, firms)."""
        cell = self.customer * self.firms + self.firm
        counted = np.bincount(cell, minlength=self.customers * self.firms)
        return counted.reshape(self.customers, self.firms).astype(np.int64)

    def within(self, first: int, last: int) -> Purchases:
        """Return the purchases of a window: the periods from `first` to `last`, both included."""
        if last < first:
            raise Refusal(f"the window ends in period {last}, before it begins in {first}")
        inside = (self.period >= first) & (self.period <= last)
        who, when, where = self.customer[inside], self.period[inside], self.firm[inside]
        return Purchases(who, when, where, self.customers, self.firms, self.rows[inside])


def ordered_purchases(
    customer: ArrayLike, period: ArrayLike, firm: ArrayLike, customers: int | None = None, firms: int | None = None
) -> Purchases:
    """Return purchases put in order: by customer, then period, then as they came.

    customer, firm : (n,) whole numbers from 0; visits that ended at no firm are left out first
    period         : (n,) whole numbers
    customers      : how many are watched, those who never buy included; one above the largest index if None
    firms          : how many there are, likewise

    Raises Refusal for columns of different lengths, an index out of range or a number that is not whole.
    """
    columns = [_whole(*item) for item in (("customer", customer), ("period", period), ("firm", firm))]
    if len({column.size for column in columns}) > 1:
        sizes = ", ".join(str(column.size) for column in columns)
        raise Refusal(f"customer, period and firm have {sizes} entries; each purchase needs one of each")
    who, when, where = columns
    watched = _how_many("customer", who, customers)
    sellers = _how_many("firm", where, firms)
    rows = np.lexsort((when, who))  # stable: who comes twice in a period keeps her order
    return Purchases(who[rows], when[rows], where[rows], watched, sellers, rows)


def repeat_rate(bought: Purchases) -> float:
    """Return the share of purchases at the firm of the customer's purchase before; NaN without a second purchase."""
    same = bought.customer[1:] == bought.customer[:-1]
    return _ratio((same & (bought.firm[1:] == bought.firm[:-1])).sum(), same.sum())


def shuffled_repeat_rate(bought: Purchases) -> float:
    """Return the mean repeat rate over all orders of each customer's own purchases.

    Of the n - 1 pairs of neighbours of a customer with n_b purchases at b each is a repeat with probability
    Σ_b n_b (n_b - 1) / (n (n - 1)), so her repeats number Σ_b n_b (n_b - 1) / n on average.
    """
    counts, total = bought.counts, bought.counts.sum(axis=1)
    buyers = total > 0
    repeats = (counts * (counts - 1)).sum(axis=1)[buyers] / total[buyers]
    return _ratio(repeats.sum(), (total[buyers] - 1).sum())


def repeat_minus_shuffle(bought: Purchases) -> float:
    """Return the repeat rate less that of shuffled orders: what the order adds, 0 if it tells nothing."""
    return repeat_rate(bought) - shuffled_repeat_rate(bought)


def penetration(bought: Purchases) -> FloatArray:
    """Return b (m,): the share of all customers who buy at each firm."""
    return _ratios((bought.counts > 0).sum(axis=0), np.full(bought.firms, bought.customers))


def purchase_frequency(bought: Purchases) -> FloatArray:
    """Return w (m,): purchases per buyer of each firm; NaN without one."""
    return _ratios(bought.counts.sum(axis=0), (bought.counts > 0).sum(axis=0))


def frequency_constant(bought: Purchases) -> FloatArray:
    """Return w (1 - b) (m,): nearly the same for all firms where their customers differ in number only."""
    return purchase_frequency(bought) * (1.0 - penetration(bought))


def relative_spread(values: ArrayLike) -> float:
    """Return the largest distance from the mean as a share of the mean: NaN if one is NaN.

    0.1 says that all lie within ±10 %.
    """
    array = np.asarray(values, dtype=np.float64)
    mean = array.mean()
    return _ratio(np.abs(array - mean).max(), mean)


def sole_buyers(bought: Purchases) -> FloatArray:
    """Return the share (m,) of each firm's buyers who buy nowhere else; NaN without a buyer."""
    buys = bought.counts > 0
    alone = buys & (buys.sum(axis=1) == 1)[:, None]
    return _ratios(alone.sum(axis=0), buys.sum(axis=0))


def sole_buyers_share(bought: Purchases) -> float:
    """Return the share of the buyers of the category who buy at one firm only."""
    firms = (bought.counts > 0).sum(axis=1)
    return _ratio((firms == 1).sum(), (firms > 0).sum())


def share_of_requirements(bought: Purchases) -> FloatArray:
    """Return the share (m,) of all purchases of each firm's buyers that they make there; NaN without a buyer."""
    counts = bought.counts
    needs = (counts > 0).astype(np.int64).T @ counts.sum(axis=1)
    return _ratios(counts.sum(axis=0), needs)


@dataclass(frozen=True, eq=False)
class Duplication:
    """Who else the buyers of a firm buy from, and the one coefficient that should explain it.

    table          : (m, m) share of the buyers of firm x (row) who also buy at y (column); 1 on the diagonal
    coefficient    : D, the mean off the diagonal over that of the penetrations it should be proportional to
    relative_error : (m, m) table / (D b_y) - 1; NaN on the diagonal
    """

    table: FloatArray
    coefficient: float
    relative_error: FloatArray

    @property
    def mean_error(self) -> float:
        """Mean size of the relative error over pairs of firms."""
        sizes = np.abs(self.relative_error)
        return _ratio(np.nansum(sizes), (~np.isnan(sizes)).sum())

    @property
    def largest_error(self) -> float:
        """Largest size of the relative error over pairs of firms; NaN if there is none."""
        sizes = np.abs(self.relative_error)
        return float(np.nanmax(sizes)) if (~np.isnan(sizes)).any() else float("nan")


def duplication_of_purchase(bought: Purchases) -> Duplication:
    """Return the duplication of purchase between firms, and its law b_{y|x} = D b_y fitted.

    Firms without a buyer have NaN and do not count for D.
    """
    buys = (bought.counts > 0).astype(np.int64)
    both, b = buys.T @ buys, penetration(bought)
    buyers = np.diagonal(both)
    table = _ratios(both, np.broadcast_to(buyers[:, None], both.shape))
    pairs = ~np.eye(bought.firms, dtype=bool) & (buyers[:, None] > 0) & (buyers > 0)
    coefficient = _ratio(table[pairs].sum(), np.broadcast_to(b, table.shape)[pairs].sum())
    expected = coefficient * np.where(pairs, b, np.nan)
    return Duplication(table, coefficient, _ratios(table, expected) - 1.0)


def top_share(amounts: ArrayLike, top: float = 0.2) -> float:
    """Return the share of purchases, or of spend, that the heaviest buyers make.

    amounts : (n,) of each customer, at least 0; who bought nothing is no buyer and does not count
    top     : share of the buyers, in (0, 1]; a buyer at the limit counts in part
    """
    values = np.asarray(amounts, dtype=np.float64)
    return concentration.top_share(values[values != 0.0] if values.ndim == 1 else values, top)


def brand_table(bought: Purchases) -> pd.DataFrame:
    """Return the measures of each firm in a window, a row a firm.

    share, penetration, purchase_frequency, frequency_constant, sole_buyers and share_of_requirements.
    """
    return pd.DataFrame(
        {
            "share": _ratios(bought.counts.sum(axis=0), np.full(bought.firms, bought.customer.size)),
            "penetration": penetration(bought),
            "purchase_frequency": purchase_frequency(bought),
            "frequency_constant": frequency_constant(bought),
            "sole_buyers": sole_buyers(bought),
            "share_of_requirements": share_of_requirements(bought),
        }
    )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _ratios(parts: NDArray, wholes: NDArray) -> FloatArray:
    empty = np.full(np.shape(parts), np.nan)
    return np.divide(parts, wholes, out=empty, where=np.asarray(wholes) != 0)


def _whole(name: str, values: ArrayLike) -> IntArray:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise Refusal(f"{name} is a column of whole numbers, one for each purchase")
    return array.astype(np.int64)


def _how_many(name: str, index: IntArray, stated: int | None) -> int:
    """Return how many there are, as stated or one above the largest index."""
    least = int(index.max()) + 1 if index.size else 0
    if index.size and index.min() < 0:
        raise Refusal(f"{name}[{int(np.argmin(index))}] = {int(index.min())}: leave out purchases at no {name}")
    if stated is not None and stated < least:
        raise Refusal(f"{name}[{int(np.argmax(index))}] = {least - 1}, but there are {stated} {name}s from 0")
    return least if stated is None else stated
