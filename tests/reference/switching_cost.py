"""Switching cost: what a customer would lose by leaving her provider, in eight facets.

Claim: the cost of switching is procedural (time and effort), financial and relational; procedure bothers some more
than others, and each further loss of money is felt less.
Source: docs/model.md, switching_cost; Burnham, Frels & Mahajan 2003 (eight facets, three classes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from scipy.stats import beta

EXAMPLE: dict[str, Any] = {
    "basis": "facets",  # or "trait"
    "trait_mean": 2 / 7,
    "trait_precision": 7.0,
    "complexity": 1.0,
    "bother_spread": 1.0,
    "learning_visits": 30.0,
    "set_up_visits": 15.0,
    "procedural": 0.4,
    "financial": 0.2,
    "relational": 0.4,
    "bond_rate": 0.05,
    "switching_weight": 2.0,
}


def trait(u: float, parameters: dict[str, Any]) -> float:
    """Return the quantile of a Beta distribution with this mean, whose two shapes add up to the precision."""
    mean, precision = parameters["trait_mean"], parameters["trait_precision"]
    return float(beta.ppf(u, mean * precision, (1.0 - mean) * precision))


def bother(z: float, parameters: dict[str, Any]) -> float:
    """Return how much procedure bothers her, e^(spread z) at a standard normal z."""
    return math.exp(parameters["bother_spread"] * z)


def felt(facet: float, bother: float) -> float:
    """Return the facet whose odds are `bother` times those given; 1 stays 1."""
    if facet >= 1.0:
        return 1.0
    odds = bother * facet / (1.0 - facet)
    return odds / (1.0 + odds)


def economic_risk(rival_expectations: Sequence[float]) -> float:
    """Return 1 - the best expectation among the rivals she knows; 1 if she knows none."""
    return 1.0 - max(rival_expectations) if rival_expectations else 1.0


def evaluation(complexity: float, rivals: int) -> float:
    """Return complexity / (1 + rivals known)."""
    return complexity / (1.0 + rivals)


def learning(encounters: int, visits: float) -> float:
    """Return 1 - e^(-encounters / visits): what she would have to learn again."""
    return 1.0 - math.exp(-encounters / visits)


def set_up(encounters: int, visits: float, integration: float) -> float:
    """Return 1 less what is not set up: neither by visits, e^(-encounters / visits), nor by integration."""
    return 1.0 - math.exp(-encounters / visits) * (1.0 - integration)


def points_value(points: int, point_value: float) -> float:
    """Return the worth in cu of a balance in hundredths of a point, of what she expects of each."""
    return points / 100.0 * point_value


def periods_left(period: int, window: int) -> int:
    """Return how many periods of the tier window remain, this one included."""
    return window - period % window


def tier_value(discount: float, basket: float, purchase_rate: float, left: int) -> float:
    """Return what the tier still saves her in the window: discount * basket * rate * periods left, cu."""
    return discount * basket * purchase_rate * left


def benefit_loss(points_worth: float, tier_worth: float, basket: float) -> float:
    """Return loss / (loss + basket), the loss being the value of points and of the tier."""
    return (points_worth + tier_worth) / (points_worth + tier_worth + basket)


def monetary_loss(exit_fee: float, basket: float) -> float:
    """Return fee / (fee + basket), the fee being what the provider can collect from who leaves."""
    return exit_fee / (exit_fee + basket)


def switching_cost(facets: Sequence[float], parameters: dict[str, Any]) -> float:
    """Return 0.4 procedural + 0.2 financial + 0.4 relational.

    facets : economic risk, evaluation, learning, set-up (procedural); benefit loss, monetary loss
             (financial); personal relationship, brand relationship (relational)
    """
    procedural, financial, relational = sum(facets[0:4]) / 4, sum(facets[4:6]) / 2, sum(facets[6:8]) / 2
    return (
        parameters["procedural"] * procedural
        + parameters["financial"] * financial
        + parameters["relational"] * relational
    )


def updated_bond(personal_bond: float, richness: float, parameters: dict[str, Any], shift: float = 0.0) -> float:
    """Return bond + 0.05 richness (1 - bond), richness being the firm's and what is added to it, in [0, 1]."""
    met = min(max(richness + shift, 0.0), 1.0)
    return personal_bond + parameters["bond_rate"] * met * (1.0 - personal_bond)


def calculative_commitment(facets: Sequence[float]) -> float:
    """Return the mean of the six procedural and financial facets."""
    return sum(facets[0:6]) / 6


def integration_cost(integration: float, scale: float) -> float:
    """Return - scale ln(1 - integration), cu a visit."""
    return -scale * math.log(1.0 - integration)
