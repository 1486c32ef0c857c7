"""Measures of loyalty: what a survey of a firm's own customers would find, and how many occasions they have skipped.

Claim: who is loyal chooses quickly, minds the price little, thinks less of rivals, stays after a failure, feels that
the firm is hers, and has much to lose by leaving.
Source: docs/model.md, loyalty_measures, and docs/how-to/loyalty.md, without a look at the kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tests.reference.choice import attraction
from tests.reference.state import LOST

EXAMPLE: dict[str, Any] = {"seconds_at_once": 10.0, "seconds_per_nat": 60.0, "failure_share": 0.1}
SKIPPED = ("skipped_none", "skipped_one", "skipped_two", "skipped_few", "skipped_many")


def entropy(preference: Sequence[float]) -> float:
    """Return how open a choice is, nats; what is left of the firms' probabilities is that of buying nowhere."""
    every = [1.0 - sum(preference), *preference]
    return -sum(p * math.log(p) for p in every if p > 0.0)


def deliberation(preference: Sequence[float], p: dict[str, Any]) -> float:
    """Return how long she takes to choose, seconds."""
    return p["seconds_at_once"] + p["seconds_per_nat"] * entropy(preference)


def price_sensitivity(price_response: float, price: float, chance: float) -> float:
    """Return by how much of itself a probability falls as the price rises by itself."""
    return price_response * price * (1.0 - chance)


def best_rival(
    aware: Sequence[bool],
    encounters: Sequence[int],
    satisfaction: Sequence[float],
    expectation: Sequence[float],
    f: int,
) -> float:
    """Return the best attitude to a known firm other than f: expectation before first use; 0 if none is known."""
    attitudes = [
        attraction(satisfaction[g], expectation[g], encounters[g]) for g, known in enumerate(aware) if known and g != f
    ]
    return max(attitudes, default=0.0)


def tolerance(chance: float, attraction_term: float, p: dict[str, Any]) -> float:
    """Return the probability of the firm she chose, had it failed her before: a part of what attracts her is gone."""
    left = chance * math.exp(-p["failure_share"] * attraction_term)
    return left / (1.0 - chance + left)


def dependence(switching_cost: float, rival: float, provider: int, firm: int) -> float:
    """Return how a visitor depends on the provider with which she stayed; NaN of who came anew."""
    return switching_cost * (1.0 - rival) if provider == firm else math.nan


def is_own(provider: int, exited: int, f: int) -> bool:
    """Tell whether she is the firm's own customer: her latest visit was to it, and she is in the category."""
    return provider == f and exited < 0


def skipped(last_purchase: int, relation: int, missed: int, exited: int) -> str | None:
    """Return among whom a firm's customer counts by the occasions missed since her last purchase, None if nowhere."""
    if last_purchase < 0 or relation == LOST or exited >= 0:
        return None
    return SKIPPED[missed if missed < 3 else 3 if missed <= 4 else 4]
