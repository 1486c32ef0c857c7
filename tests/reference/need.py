"""Need: how many occasions to buy in the category a customer has in a period.

Claim: occasions of one customer are Poisson, around a rate that follows the season and quickens near
a reward; or there is at most one a period, with that rate as its chance.
Source: docs/model.md, need; Ehrenberg 1959 (Poisson purchasing, rates gamma distributed over customers); Fader, Hardie
& Shang 2010 (one occasion a period, chances beta distributed over customers).
"""

from __future__ import annotations

import math
from typing import Any

EXAMPLE: dict[str, Any] = {
    "process": "poisson",  # or "bernoulli", "every_period"
    "season_amplitude": 0.0,
    "season_peak": 0.0,  # period
}
MOST_OCCASIONS = 15


def season(period: int, year: int, parameters: dict[str, Any]) -> float:
    """Return 1 + amplitude * cos(2 pi (t - peak) / periods in a year)."""
    angle = 2.0 * math.pi * (period - parameters["season_peak"]) / year
    return 1.0 + parameters["season_amplitude"] * math.cos(angle)


def rate(purchase_rate: float, season: float, boost: float) -> float:
    """Return the expected number of occasions of the period."""
    return purchase_rate * season * boost


def poisson_quantile(u: float, mean: float, most: int) -> int:
    """Return the smallest k with P(at most k occasions) >= u, and not more than `most`."""
    probability = math.exp(-mean)
    cumulated = probability
    k = 0
    while cumulated < u and k < most:
        k += 1
        probability *= mean / k
        cumulated += probability
    return k


def occasions(u: float, mean: float, exited: bool, parameters: dict[str, Any]) -> int:
    """Return the number of occasions: 0 after leaving, 1 with "every_period", 0 or 1 with "bernoulli", else Poisson."""
    if exited:
        return 0
    if parameters["process"] == "every_period":
        return 1
    if parameters["process"] == "bernoulli":
        return int(u < mean)
    return poisson_quantile(u, mean, MOST_OCCASIONS)
