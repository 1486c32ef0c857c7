"""How much to hold of what perishes when demand is not known: the critical fractile.

Claim: of two costs, one of each unit that is missing (underage, C_u) and one of each unit too many (overage, C_o), the
expected sum is least at the smallest quantity x with

    P(demand <= x) >= C_u / (C_u + C_o),

the critical fractile of demand. The rule "largest x with P(demand < x) <= C_u / (C_u + C_o)" names the same quantity,
or the larger one of two that cost the same.
Source: textbook (the newsvendor problem).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from abm.capacity.checks import FloatArray, distribution, number
from abm.core.errors import CONTINUES, Refusal

_ROUNDING = 1e-12  # by which cumulated probabilities may miss a fractile that they reach


def critical_fractile(underage: float, overage: float) -> float:
    """Return C_u / (C_u + C_o), 0-1.

    underage, overage : cost of a unit that is missing, and of one too many, money, 0 or more
    Raises Refusal for costs that are negative, or both 0.
    """
    missing, spare = number("underage", underage), number("overage", overage)
    if missing + spare == 0.0:
        raise Refusal(f"{CONTINUES}0 and overage = 0 leave nothing to weigh; give one of them a cost", place="underage")
    return missing / (missing + spare)


def best_quantity(demand: ArrayLike, underage: float, overage: float) -> int:
    """Return the smallest x with P(demand <= x) >= the critical fractile.

    demand : (k,) probabilities of a demand of 0, 1, … k - 1, which add to 1
    Raises Refusal as `critical_fractile` does, and for probabilities that are none.
    """
    cumulated = np.cumsum(distribution("demand", demand))
    fractile = critical_fractile(underage, overage)
    below = int((cumulated < fractile - _ROUNDING).sum())
    return min(below, cumulated.size - 1)


def best_normal_quantity(mean: float, sd: float, underage: float, overage: float) -> float:
    """Return the critical fractile of a normal demand, mean + sd z; -inf or inf where one cost is 0.

    mean, sd : of demand, units      Raises Refusal as `critical_fractile` does, and for an sd below 0.
    """
    spread = number("sd", sd)
    z = float(special.ndtri(critical_fractile(underage, overage)))
    return number("mean", mean, -np.inf) + (spread * z if spread > 0.0 else 0.0)


def expected_costs(demand: ArrayLike, underage: float, overage: float) -> FloatArray:
    """Return C_u E(demand - x)+ + C_o E(x - demand)+ for every x = 0, 1, … k - 1: (k,) money.

    demand : (k,) probabilities of a demand of 0, 1, … k - 1      Raises Refusal as `best_quantity` does.
    """
    chances = distribution("demand", demand)
    critical_fractile(underage, overage)  # refuses costs that are none
    gap = np.arange(chances.size)[:, np.newaxis] - np.arange(chances.size)  # of x and demand
    return np.asarray((underage * np.maximum(-gap, 0) + overage * np.maximum(gap, 0)) @ chances)
