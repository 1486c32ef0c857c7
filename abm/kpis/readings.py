"""The shipped readings: how a firm's customers differ among each other, and how many are hers alone.

Since the books were opened each customer has come to each firm for `world.customers.year_purchases` (m, n) visits and
spent `year_spend` (m, n) cents there. Who has come at all is a buyer of the year that closes, whatever she paid.
"""

from __future__ import annotations

import math

import numpy as np

from abm.core.sources import EHRENBERG_1988, GOODHARDT_EHRENBERG_CHATFIELD_1984
from abm.kpis.reading import FloatArray, reading
from abm.logs.concentration import gini
from abm.world.world import World

_NO_BUYERS = "no year closes in the period, or nobody bought at the firm"
_NO_SPEND = "no year closes in the period, or nobody paid anything at the firm"


def _of_buyers(world: World) -> list[FloatArray]:
    """Return for each firm what its buyers spent, from the least to the most: (buyers,) float64."""
    c = world.customers
    firms = zip(c.year_spend, c.year_purchases, strict=True)
    return [np.sort(spend[purchases > 0]).astype(np.float64) for spend, purchases in firms]


def _top_fifth(spend: FloatArray) -> float:
    """Return the share of amounts (buyers,) in ascending order that lies in the highest fifth; NaN of nothing."""
    whole, part = divmod(spend.size, 5)
    if not spend.sum() > 0:
        return np.nan
    # The buyer on the border counts in part, so that equal spending gives a fifth whatever the number of buyers
    border = spend[-whole - 1] * part / 5 if part else 0.0
    return float((spend[spend.size - whole :].sum() + border) / spend.sum())


@reading(unit="0-1", nan=_NO_SPEND)
def gini_of_spend(world: World) -> FloatArray:
    """Gini coefficient of the year's spend over the firm's n buyers: 2 sum(k x_k) / (n sum(x_k)) - (n + 1) / n, where
    x_k is the k-th smallest; 0 = all spend the same."""
    return np.array([gini(spend) for spend in _of_buyers(world)])


@reading(unit="share", nan=_NO_SPEND)
def top_fifth_share(world: World) -> FloatArray:
    """Spend of the fifth of the firm's buyers who spent most in the year / spend of all; the buyer on the border counts
    in part."""
    return np.array([_top_fifth(spend) for spend in _of_buyers(world)])


@reading(unit="0-1", better="more", nan="no year closes in the period, or nobody has used the firm")
def median_satisfaction(world: World) -> FloatArray:
    """Median cumulative satisfaction of all who have ever used the firm."""
    of_users = [row[~np.isnan(row)].astype(np.float64) for row in world.customers.satisfaction]
    return np.array([np.median(row) if row.size else np.nan for row in of_users])


@reading(unit="share", better="more", nan=_NO_BUYERS, source=f"{EHRENBERG_1988.key} (100 per cent loyal buyers)")
def sole_buyer_share(world: World) -> FloatArray:
    """Buyers of the firm in the year who bought at no other firm / buyers of the firm."""
    bought = world.customers.year_purchases > 0
    alone = bought & (bought.sum(axis=0) == 1)
    buyers = bought.sum(axis=1)
    return np.where(buyers > 0, alone.sum(axis=1) / np.maximum(buyers, 1), np.nan)


_SETTLED = 10  # visits to the firm: the satisfaction of who has just begun is that of a few visits
_FEWEST = 30  # customers through whom a curve is laid
_NO_CURVE = f"no year closes in the period, or fewer than {_FEWEST} settled customers are in the upper half"


def _curve(world: World, j: int) -> FloatArray:
    """Return slope and curvature of the chance of choosing firm j over satisfaction with it, in the upper half of its
    settled customers' satisfaction: least squares, (2,) float64; NaN of too few customers."""
    c = world.customers
    own = (c.provider == j) & (c.encounters[j] >= _SETTLED)
    satisfaction, chance = c.satisfaction[j, own].astype(np.float64), c.preference[j, own].astype(np.float64)
    if satisfaction.size == 0:
        return np.full(2, np.nan)
    upper = satisfaction >= np.median(satisfaction)
    x, y = satisfaction[upper], chance[upper]
    if x.size < _FEWEST or np.unique(x).size < 3:  # through two points lies no curve
        return np.full(2, np.nan)
    # Exact sums: neither in which rows lie nor a machine's linear algebra may move a bit.
    x = x - math.fsum(x) / x.size
    squares = x * x  # powers of an array hang on the machine in their last bit
    square, cube = math.fsum(squares), math.fsum(squares * x)
    bent = squares - square / x.size - cube / square * x  # what of the square neither a constant nor x has
    curve = math.fsum(bent * y) / math.fsum(bent * bent)
    return np.array([math.fsum(x * y) / square - curve * cube / square, 2.0 * curve])


@reading(unit="1/0-1", better="more", nan=_NO_CURVE, source="JONES_SASSER_1995 (satisfaction and loyalty)")
def satisfaction_slope(world: World) -> FloatArray:
    """How fast the chance of choosing the firm again rises with satisfaction, over its customers of ten visits or more
    in the upper half of satisfaction."""
    return np.array([_curve(world, j)[0] for j in range(world.m)])


@reading(unit="1/0-1/0-1", nan=_NO_CURVE, source="JONES_SASSER_1995 (satisfaction and loyalty)")
def satisfaction_curvature(world: World) -> FloatArray:
    """Whether that chance rises ever faster (above 0) or ever more slowly (below 0) with satisfaction, over the same
    customers: twice the coefficient of the square."""
    return np.array([_curve(world, j)[1] for j in range(world.m)])


@reading(
    unit="ratio",
    nan="no year closes in the period, nobody bought at the firm, or at no other",
    source=f"{GOODHARDT_EHRENBERG_CHATFIELD_1984.key} (duplication of purchase law)",
)
def duplication_error(world: World) -> FloatArray:
    """Largest size, over the other firms x, of b_{y|x} / (D b_y) - 1: by how much the share of the year's buyers of x
    who also bought at the firm y misses D times its penetration, with the one D of the market that fits all pairs."""
    buys = (world.customers.year_purchases > 0).astype(np.float64)
    both = buys @ buys.T
    buyers = both.diagonal().copy()
    pairs = ~np.eye(world.m, dtype=bool) & (buyers[:, None] > 0) & (buyers > 0)
    if not pairs.any():
        return np.full(world.m, np.nan)
    also = both / np.maximum(buyers, 1.0)[:, None]
    penetration = np.broadcast_to(buyers / world.n, both.shape)
    expected = np.maximum(also[pairs].sum() / penetration[pairs].sum() * penetration, np.finfo(float).tiny)
    errors = np.where(pairs, np.abs(also / expected - 1.0), -1.0).max(axis=0)
    return np.where(errors >= 0.0, errors, np.nan)
