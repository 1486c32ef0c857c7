"""Types of loyalty: which of seven reasons ties a customer to the firm where she buys most.

Claim: the block of terms of utility without which she would least go to a firm names what ties her to it.
Source: docs/model.md, loyalty_types, and docs/how-to/loyalty.md, without a look at the kernels.

The choice is that among firms, given that she goes to one. Preferences and terms have one entry a firm.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference.state import NOBODY

EXAMPLE: dict[str, Any] = {"main_from": 0.5, "top_attitude": 1 / 3, "least_drop": 0.01, "habit_strength": 0.0}
NONE, MONOPOLY, INERTIA, LATENT, CONVENIENCE, PRICE, INCENTIVISED, PREMIUM = range(8)
NAMES = ("none", "monopoly", "inertia", "latent", "convenience", "price", "incentivised", "premium")
BLOCKS = (INERTIA, CONVENIENCE, PRICE, INCENTIVISED, PREMIUM)  # of equal falls the first counts
STEPS = 1024


def among_firms(preference: Sequence[float], terms: Sequence[float] | None = None) -> list[float]:
    """Return the probability of each firm given that she goes to one, with the terms of a block taken off."""
    taken = terms or [0.0] * len(preference)
    weights = [p * math.exp(-term) if p > 0.0 else 0.0 for p, term in zip(preference, taken, strict=True)]
    return [weight / sum(weights) for weight in weights]


def falls(
    preference: Sequence[float], provider: int, terms: Mapping[int, Sequence[float]], f: int, p: Mapping[str, Any]
) -> list[float]:
    """Return by how much firm f becomes less likely without each of BLOCKS.

    provider : as the period begins; with a habit she returns to it without a choice, if she considers it
    terms    : block -> terms of the firms
    """
    habit = p["habit_strength"] if provider != NOBODY and preference[provider] > 0.0 else 0.0
    returns = habit if provider == f else 0.0
    chance = returns + (1.0 - habit) * among_firms(preference)[f]
    without = {block: returns + (1.0 - habit) * among_firms(preference, terms[block])[f] for block in BLOCKS}
    without[INERTIA] = among_firms(preference, terms[INERTIA])[f]  # habit goes with what leaving costs
    return [chance - without[block] for block in BLOCKS]


def is_monopoly(preference: Sequence[float]) -> bool:
    """Tell whether she considers one firm only."""
    return sum(p > 0.0 for p in preference) == 1


def tie(
    preference: Sequence[float], provider: int, terms: Mapping[int, Sequence[float]], f: int, p: Mapping[str, Any]
) -> int:
    """Return what ties a visitor to firm f; nothing to a firm that she does not consider."""
    if preference[f] <= 0.0:
        return NONE
    if is_monopoly(preference):
        return MONOPOLY
    found = falls(preference, provider, terms, f, p)
    largest = max(found)
    return BLOCKS[found.index(largest)] if largest >= p["least_drop"] else NONE


def main_firm(visits: Sequence[int], provider: int, p: Mapping[str, Any]) -> int:
    """Return where she made most of the year's visits, if not too few; of equals the provider, then the first."""
    most = max(visits)
    if most == 0 or most < p["main_from"] * sum(visits):
        return NOBODY
    return provider if provider != NOBODY and visits[provider] == most else visits.index(most)


def attitude(satisfaction: float, affective_commitment: float) -> float:
    """Return the attitude to a firm that has been used."""
    return (satisfaction + affective_commitment) / 2.0


def step(attitude: float) -> int:
    """Return the step of an attitude, 0 to 1023."""
    return min(math.floor(attitude * STEPS), STEPS - 1)


def warm_from(steps: Sequence[int], top: float) -> int:
    """Return the lowest step at which, or above, are at most a share `top` of all; 1024 if there is none."""
    counts = Counter(steps)
    above, lowest = 0, STEPS
    for k in reversed(range(STEPS)):
        above += counts[k]
        if above > top * len(steps):
            break
        lowest = k
    return lowest


def named(
    visits: Sequence[int],
    provider: int,
    ties: Sequence[int],
    attitudes: Mapping[int, float],
    warm: int,
    p: Mapping[str, Any],
) -> tuple[int, int]:
    """Return the firm to which a customer is loyal in the year that closes, NOBODY if to none, and how.

    attitudes : to firms that she has used
    warm      : the lowest step of the highest attitudes of all
    """
    main = main_firm(visits, provider, p)
    if main != NOBODY:
        return main, ties[main]
    if attitudes:
        best = min(attitudes, key=lambda j: (-attitudes[j], j))
        if step(attitudes[best]) >= warm:
            return best, LATENT
    return NOBODY, NONE
