"""Points pressure: the pull of a tier that can still be reached before a window closes.

Claim: who lacks little for a tier buys more, as far as a visit adds to the chance of getting there; a tier that is
worth nothing exerts no pull.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference import tiers
from tests.reference.membership import tier_cut
from tests.reference.state import Programme

LEAST_SPEND = 0.01  # cu


def chance_reached(missing: float, usual: float) -> float:
    """Return the chance that spend that is exponential around the usual covers what is missing; both in cu."""
    return math.exp(-max(0.0, missing) / max(LEAST_SPEND, usual))


def chance_added(missing: float, paid: float, usual: float) -> float:
    """Return what one more visit, on which so much is paid, adds to that chance."""
    return chance_reached(missing - paid, usual) - chance_reached(missing, usual)


def periods_left(t: int, window: int) -> int:
    """Return how many periods of the window are to come once period t is over."""
    return window - (t + 1) % window


@dataclass(frozen=True)
class Climber:
    """A member of a programme, as a window stands at the end of a period; spend of the window in cents."""

    spend: int
    factor: float  # on her thresholds
    tier: int
    point_value: float
    visits: float  # a period, to this firm
    basket: float
    price_response: float


def felt(
    one: Climber, programme: Programme, price: float, shares: Sequence[float], t: int, p: dict[str, Any]
) -> tuple[float, float, float]:
    """Return the pull of the tier above the one reached so far, the chance that a visit adds, and the tier's worth.

    shares : of members at each tier or above, from 0 on      worth : of the coming window, in baskets
    """
    reached = tiers.tier_reached(one.spend, programme.tier_threshold, one.factor)
    aim = reached + 1
    if aim > len(programme.tier_threshold):
        return 0.0, 0.0, 0.0
    missing = (tiers.asked(programme.tier_threshold[reached], one.factor) - one.spend) / 100.0
    paid = one.basket * price * (1.0 - tier_cut(programme, one.tier))
    usual = one.visits * periods_left(t, programme.tier_window) * paid
    added = chance_added(missing, paid, usual)
    benefits = [tiers.tier_benefit(programme, one.point_value, one.basket, price, k) for k in (reached, aim)]
    titles = [tiers.title(k, shares[k], benefit, p) for k, benefit in zip((reached, aim), benefits, strict=True)]
    better, name = max(0.0, benefits[1] - benefits[0]), max(0.0, titles[1] - titles[0])
    coming = p["pressure"] * one.visits * programme.tier_window
    return coming * added * (one.price_response * better + name), added, coming * better
