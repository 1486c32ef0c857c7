"""Rules of bookings, one by one: places, who books early, fares and what they are worth, being walked, peaks.

Claim: leisure customers book early at the lower fare, and some of them put a visit off for a reward; places that are
protected for the full fare go by what was asked for at it.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "business_share": 0.3,
    "leisure_lead": 30.0,
    "business_lead": 3.0,
    "leisure_no_show": 0.08,
    "business_no_show": 0.12,
    "walk_resentment": 0.3,
    "soothing": 0.5,
    "outrage": 0.5,
    "peak_from": 0,
    "peak_length": 0,
    "shift_response": 2.0,
    "catch_up": 0.1,
    "memory_rate": 0.05,
}
BOOKS, TELLS, KIND = range(3)  # what draws decide on


@dataclass(frozen=True)
class Policy:
    """What a firm sets: places per 1,000 usual visits, costs in cu, shares 0-1, compensation a share of the fare."""

    places: float = 0.0
    place_cost: float = 3.0
    part_time_places: float = 0.0
    part_time_cost: float = 5.0
    overbooking: float = 0.0
    early_discount: float = 0.0
    off_peak_reward: float = 0.0
    protection_rule: str = "number"
    protected: float = 0.0
    walk_compensation: float = 1.0
    no_show_fee: float = 0.0


def half_up(amount: float) -> int:
    """Return the nearest whole number, the higher of two."""
    return math.floor(amount + 0.5)


def places_of(places: float, equal_share_visits: float) -> int:
    """Return the places a period of a firm with so many for 1,000 usual visits."""
    return half_up(places * equal_share_visits / 1000.0)


def part_of(places: int, share: float) -> int:
    """Return a share of places, in whole places."""
    return half_up(places * share)


def littlewood(mean: float, variance: float, discount: float) -> float:
    """Return y with P(D > y) = 1 - discount, D ~ N(mean, variance), not below 0; 0 without a discount."""
    if discount <= 0.0:
        return 0.0
    return max(0.0, mean + math.sqrt(variance) * NormalDist().inv_cdf(discount))


def is_peak(t: int, p: dict[str, Any], year: int) -> bool:
    """Tell whether a period is one of the peak, which may go on over the end of the year."""
    return (t - p["peak_from"]) % year < p["peak_length"]


def share_kept(reward: float, response: float) -> float:
    """Return the share of occasions that are not put off for a reward, e^-80 at least."""
    return math.exp(max(-80.0, -response * reward))


def leisure_chance(price_weight: float, business_share: float) -> float:
    """Return the chance of booking early: q / (q + business_share), q = (1 - business_share) price_weight."""
    q = (1.0 - business_share) * price_weight
    return q / (q + business_share) if q > 0.0 else 0.0


def resented(p: dict[str, Any], compensation: float) -> float:
    """Return the part of trust, satisfaction and expectation that a walked guest loses."""
    return float(p["walk_resentment"] / (1.0 + p["soothing"] * compensation))


def fare_paid(basket: float, price: float, leisure: bool, policy: Policy, reward: float) -> float:
    """Return a fare, cu: a leisure customer has the early discount and then the reward of the period."""
    full = basket * price
    return full * (1.0 - policy.early_discount) * (1.0 - reward) if leisure else full


def worth_of_fare(leisure: bool, policy: Policy, fare_open: float, reward: float, p: dict[str, Any]) -> float:
    """Return what is saved, less the fee that is to be feared, as a share of the price."""
    fee = policy.no_show_fee * p["leisure_no_show" if leisure else "business_no_show"]
    saved = 1.0 - (1.0 - policy.early_discount * fare_open) * (1.0 - reward) if leisure else 0.0
    return float(saved - fee)


def discounted(discount: float, leisure: bool, policy: Policy, reward: float) -> float:
    """Return the discount of a visit with the early one and the reward taken off what is left of the price."""
    if not (leisure and policy.places > 0.0):
        return discount
    return 1.0 - (1.0 - discount) * (1.0 - policy.early_discount) * (1.0 - reward)


def draw(key: Key, identity: int, t: int, what: int, replication: int) -> float:
    """Return the uniform that decides whether somebody tells of being walked, or which kind of customer she is."""
    return uniform(customer_words(key, identity, t, draw=what, block=0, replication=replication)[0])


@dataclass
class Guest:
    """What is kept of a customer: kind, occasions put off, and who has walked her in the period (-1 = nobody)."""

    leisure: bool = False
    put_off_visits: float = 0.0
    walked_by: int = -1

    def need_moved(self, need: float, reward: float, purchase_rate: float, peak: bool, p: dict[str, Any]) -> float:
        """Return need with what she puts off for a reward of her provider, 0 without one, or makes up for."""
        if not self.leisure:
            return need
        if peak:
            return need * share_kept(reward, p["shift_response"])
        if self.put_off_visits > 0.0 and purchase_rate > 0.0:
            return float(need + p["catch_up"] * self.put_off_visits / purchase_rate)
        return need

    def note(self, need: float, reward: float, purchase_rate: float, peak: bool, p: dict[str, Any]) -> None:
        """Note what she has put off, of need as it is in the end, or made up for."""
        if not self.leisure:
            return
        if peak:
            kept = share_kept(reward, p["shift_response"])
            self.put_off_visits += need * purchase_rate * (1.0 - kept) / kept
        elif self.put_off_visits > 0.0 and purchase_rate > 0.0:
            self.put_off_visits -= p["catch_up"] * self.put_off_visits
