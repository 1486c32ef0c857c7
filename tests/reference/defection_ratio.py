"""Defection ratio and local failures: who leaves after neighbours, and places in which visits go wrong together.

Claim: an analyst compares how often customers leave the category who have one neighbour who has just left with how
often those do who have none; where a place fares worse, its visits fail a fixed number of times as often at all firms.
Source: the written specification of the two theories, without a look at their kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

EXPOSED, TOUCHED, UNEXPOSED = "exposed", "touched", "unexposed"


def was_there(exited: int, t: int) -> bool:
    """Tell whether a customer was in the category when period t began; exited = period of leaving, -1 = has not."""
    return exited < 0 or exited >= t


def groups(neighbours: Sequence[int], t: int, recent: int, forgotten_after: int) -> tuple[str, ...]:
    """Return the groups that a customer is counted in, given when each of her neighbours left, -1 = has not."""
    ages = [t - left for left in neighbours if left >= 0 and 1 <= t - left <= forgotten_after]
    if not ages:
        return (UNEXPOSED,)
    return (TOUCHED, EXPOSED) if len(ages) == 1 and ages[0] <= recent else (TOUCHED,)


def compared(
    exited: Sequence[int],
    providers: Sequence[int],
    neighbours: Sequence[Sequence[int]],
    t: int,
    windows: tuple[int, int],
    firms: int,
) -> dict[str, list[int]]:
    """Return the counts of a period by firm, and nobody's behind them, under the names of the theory's tallies.

    neighbours : of each customer, one entry a tie      windows : recent, forgotten_after
    """
    counts = {f"{who}{what}": [0] * (firms + 1) for who in (EXPOSED, TOUCHED, UNEXPOSED) for what in ("", "_exits")}
    for own, provider, tied in zip(exited, providers, neighbours, strict=True):
        if was_there(own, t):
            for who in groups([exited[k] for k in tied], t, *windows):
                counts[who][provider] += 1
                counts[f"{who}_exits"][provider] += own == t
    return counts


def hazard_ratio(exits: int, people: int, other_exits: int, others: int) -> float:
    """Return the hazard of people / that of others; NaN if there are none, or none of the others left."""
    if people == 0 or others == 0 or other_exits == 0:
        return math.nan
    return (exits / people) / (other_exits / others)


def local_risk(risk: float, segment: int, factors: Sequence[float]) -> float:
    """Return the risk of a failure times the factor of the visitor's segment; 1 for a segment without one."""
    return risk * (factors[segment] if segment < len(factors) else 1.0)
