"""Accounts: what a visit brings and costs, in whole cents.

Claim: every lever has its cost, and each further step towards perfect service costs more than the one before.
Source: docs/model.md, steps 6 (money) and 10.
"""

from __future__ import annotations

import math
from typing import Any

DEFAULTS: dict[str, Any] = {
    "quality_cost": 0.0,  # for firms that do not state their own
    "reliability_cost": 0.0,
    "ordinary_failure_rate": 0.10,
}


def hundredths(amount: float) -> int:
    """Return an amount in whole hundredths, half rounded up: cu to cents, points to hundredths."""
    return math.floor(amount * 100.0 + 0.5)


def spend(price: float, basket: float, discount: float) -> float:
    """Return price * basket * (1 - discount), cu."""
    return price * basket * (1.0 - discount)


def goods_cost(unit_cost: float, basket: float) -> float:
    """Return unit_cost * basket, cu."""
    return unit_cost * basket


def service_cost(
    quality: float, quality_cost: float, failure_rate: float, reliability_cost: float, ordinary: float
) -> float:
    """Return - quality_cost ln(1 - quality) - reliability_cost ln(failure_rate / 0.10), cu a visit.

    The second term is 0 at or above the ordinary failure rate 0.10. A term that costs nothing is 0, even for
    perfect service.
    """
    cost = -quality_cost * math.log(1.0 - quality) if quality_cost > 0 else 0.0
    if reliability_cost > 0 and failure_rate < ordinary:
        cost -= reliability_cost * math.log(failure_rate / ordinary)
    return cost


def reward_cost(reward: float, cost_share: float) -> float:
    """Return what one reward costs the firm, cu: reward * reward_cost."""
    return reward * cost_share
