"""Accounts: what a visit brings and costs, in whole cents, and when the yearly books close.

Claim: every lever has its cost, and each further step towards perfect service costs more than the one before.
Source: docs/model.md, accounts.
"""

from __future__ import annotations

import math
from typing import Any

from tests.reference.encounter import spread

ORDINARY_FAILURE_RATE, ORDINARY_SPREAD = 0.10, 0.25  # and more: free
PERFECTION = 0.001  # of the ordinary, which none at all costs as much as
SATISFIED, DISSATISFIED = 0.8, 0.5


def hundredths(amount: float) -> int:
    """Return an amount in whole hundredths, half rounded up: cu to cents, points to hundredths."""
    return math.floor(amount * 100.0 + 0.5)


def spend(price: float, basket: float, discount: float) -> float:
    """Return price * basket * (1 - discount), cu."""
    return price * basket * (1.0 - discount)


def goods_cost(unit_cost: float, basket: float) -> float:
    """Return unit_cost * basket, cu."""
    return unit_cost * basket


def price_cut(price: float, basket: float) -> float:
    """Return what a price below index 1 forgoes on a visit, cu."""
    return basket * max(0.0, 1.0 - price)


def effort(share: float) -> float:
    """Return - ln(1 - share), what a share costs on its way to 1."""
    return -math.log(1.0 - share)


def care(fault: float, ordinary: float) -> float:
    """Return - ln(min(1, max(fault / ordinary, 0.001))), what it costs to keep a fault below the ordinary."""
    return -math.log(min(1.0, max(fault / ordinary, PERFECTION)))


def service_cost(service: Any) -> float:
    """Return what a visit costs, cu: effort of quality, transparency and richness, care for failures and spread.

    service : what has the levers and the costs of a firm's service by their names, as `state.Firm` does
    """
    return (
        service.quality_cost * effort(service.quality)
        + service.transparency_cost * effort(service.transparency)
        + service.richness_cost * effort(service.richness)
        + service.reliability_cost * care(service.failure_rate, ORDINARY_FAILURE_RATE)
        + service.consistency_cost * care(spread(service.spread_within, service.spread_between), ORDINARY_SPREAD)
    )


def reward_cost(reward: float, cost_share: float) -> float:
    """Return what one reward costs the firm, cu: reward * reward_cost."""
    return reward * cost_share


def membership_cost(members: int, cost: float) -> int:
    """Return what all members cost in a period, cents: the cost of one is kept in hundredths of a cent."""
    return (members * math.floor(cost * 10_000.0 + 0.5) + 50) // 100


def books_close(done: int, *, periods: int, burn_in: int, year: int) -> bool:
    """Tell whether the books close after `done` periods: with the burn-in and with each year since.

    They close with the run too if there is less than a year behind the burn-in.
    """
    if periods < burn_in + year and done == periods:
        return True
    since = done - burn_in
    return since >= 0 and since % year == 0


def is_own(came: int, everywhere: int) -> bool:
    """Tell whether a customer was the firm's own in a year: there at all, and on half her visits or more."""
    return came > 0 and 2 * came >= everywhere


def loyalty(satisfaction: float, came: int, everywhere: int) -> str | None:
    """Return what a buyer is by her satisfaction and the share of her visits that she made here, None in between."""
    most = is_own(came, everywhere)
    if satisfaction >= SATISFIED:
        return "loyalists" if most else "mercenaries"
    if satisfaction < DISSATISFIED:
        return "hostages" if most else "defectors"
    return None


def chance_order(came: int, everywhere: int) -> tuple[int, int]:
    """Return what a random order of a year's visits shows of those to a firm, in whole 2**-20, rounded down.

    Of n visits among N a random order has n (n - 1) / N repeats on average, and n (N - 1) / N that another follows.
    """
    if came == 0:
        return 0, 0
    return 2**20 * came * (came - 1) // everywhere, 2**20 * came * (everywhere - 1) // everywhere


def rounded_down(share: float) -> float:
    """Return a number in whole 2**-20."""
    return math.floor(share * 2.0**20) / 2.0**20
