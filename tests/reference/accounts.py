"""Accounts: what a visit brings and costs, in whole cents, and when the yearly books close.

Claim: every lever has its cost, and each further step towards perfect service costs more than the one before.
Source: docs/model.md, accounts.
"""

from __future__ import annotations

import math

ORDINARY_FAILURE_RATE, LOWEST_FAILURE_RATE = 0.10, 0.0001
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


def service_cost(quality: float, quality_cost: float, failure_rate: float, reliability_cost: float) -> float:
    """Return - quality_cost ln(1 - quality) - reliability_cost ln(failure_rate / 0.10), cu a visit.

    The second term is 0 at or above 0.10, and no failures at all cost as much as one in ten thousand.
    """
    cost = -quality_cost * math.log(1.0 - quality)
    if failure_rate < ORDINARY_FAILURE_RATE:
        cost -= reliability_cost * math.log(max(failure_rate, LOWEST_FAILURE_RATE) / ORDINARY_FAILURE_RATE)
    return cost


def reward_cost(reward: float, cost_share: float) -> float:
    """Return what one reward costs the firm, cu: reward * reward_cost."""
    return reward * cost_share


def membership_cost(members: int, cost: float) -> int:
    """Return what all members cost in a period, cents: the cost of one is kept in hundredths of a cent."""
    return (members * math.floor(cost * 10_000.0 + 0.5) + 50) // 100


def books_close(done: int, *, periods: int, burn_in: int, year: int) -> bool:
    """Tell whether the books close after `done` periods: with the burn-in, with each year since, with the run."""
    return done in (burn_in, periods) or (done > burn_in and (done - burn_in) % year == 0)


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


def rounded_down(share: float) -> float:
    """Return a number in whole 2**-20."""
    return math.floor(share * 2.0**20) / 2.0**20
