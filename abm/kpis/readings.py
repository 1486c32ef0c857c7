"""The shipped readings: how a firm's customers differ among each other, and how many are hers alone.

`world.customers.year_spend` (m, n) is what each customer has spent at each firm since the books were opened, in cents;
who has spent anything is a buyer of the year that closes.
"""

from __future__ import annotations

import numpy as np

from abm.core.sources import EHRENBERG_1988
from abm.kpis.reading import FloatArray, reading
from abm.world.world import World

_NO_BUYERS = "no year closes in the period, or nobody bought at the firm"


def _ascending(spend: FloatArray) -> FloatArray:
    """Return what the buyers among customers spent (n,), from the least to the most: (buyers,) float64."""
    return np.sort(spend[spend > 0]).astype(np.float64)


def _gini(spend: FloatArray) -> float:
    """Return the Gini coefficient of amounts (buyers,) in ascending order; NaN of none."""
    n = spend.size
    rank = np.arange(1, n + 1)
    return float(2.0 * (rank * spend).sum() / (n * spend.sum()) - (n + 1) / n) if n else np.nan


def _top_fifth(spend: FloatArray) -> float:
    """Return the share of amounts (buyers,) in ascending order that lies in the highest fifth; NaN of none."""
    whole, part = divmod(spend.size, 5)
    if not spend.size:
        return np.nan
    # The buyer on the border counts in part, so that equal spending gives a fifth whatever the number of buyers
    border = spend[-whole - 1] * part / 5 if part else 0.0
    return float((spend[spend.size - whole :].sum() + border) / spend.sum())


@reading(unit="0-1", nan=_NO_BUYERS)
def gini_of_spend(world: World) -> FloatArray:
    """Gini coefficient of the year's spend over the firm's n buyers: 2 sum(k x_k) / (n sum(x_k)) - (n + 1) / n, where
    x_k is the k-th smallest; 0 = all spend the same."""
    return np.array([_gini(_ascending(spend)) for spend in world.customers.year_spend])


@reading(unit="share", nan=_NO_BUYERS)
def top_fifth_share(world: World) -> FloatArray:
    """Spend of the fifth of the firm's buyers who spent most in the year / spend of all; the buyer on the border counts
    in part."""
    return np.array([_top_fifth(_ascending(spend)) for spend in world.customers.year_spend])


@reading(unit="0-1", better="more", nan="no year closes in the period, or nobody has used the firm")
def median_satisfaction(world: World) -> FloatArray:
    """Median cumulative satisfaction of all who have ever used the firm."""
    of_users = [row[~np.isnan(row)].astype(np.float64) for row in world.customers.satisfaction]
    return np.array([np.median(row) if row.size else np.nan for row in of_users])


@reading(unit="share", better="more", nan=_NO_BUYERS, source=f"{EHRENBERG_1988.key} (100 per cent loyal buyers)")
def sole_buyer_share(world: World) -> FloatArray:
    """Buyers of the firm in the year who bought at no other firm / buyers of the firm."""
    bought = world.customers.year_spend > 0
    alone = bought & (bought.sum(axis=0) == 1)
    return alone.sum(axis=1) / bought.sum(axis=1)
