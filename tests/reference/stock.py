"""Stock: how much a firm orders, who finds the shelf empty, and what that does.

Claim: a unit that is missing costs its margin, one that is left its keeping, or its price if it perishes; who goes away
empty-handed thinks less of the firm.
Source: the written specification of the theory, without a look at its kernels.

Shares, prices and costs are to be handed over as float32 holds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.closeness import as_single
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "kept_share": 1.0,
    "lead_time": 0,
    "substitute_share": 0.4,
    "wait_share": 0.2,
    "substitute_loss": 0.1,
    "stock_out_resentment": 0.05,
    "stock_out_distrust": 0.05,
}
LEAST, MOST = 0.001, 0.999
RULES = ("none", "availability", "newsvendor", "contribution")
NOTHING, FROM_STOCK, SUBSTITUTE, WAITS, LOST = range(5)
EMPTY_HANDED = (WAITS, LOST)
HALF = 2e-5  # how far float32 may move a number of units, for each unit of their spread
COUNTS = (
    *("units_opening", "units_delivered", "units_wanted", "units_sold", "units_perished", "units_closing"),
    *("units_held", "substituted", "postponed_visits", "lost_to_stock_outs", "stock_periods", "stock_out_periods"),
    *("holding", "ordering", "write_offs"),
)


@dataclass(frozen=True)
class Policy:
    """What a firm sets, and what its goods cost: costs in cu, service_cost in cents."""

    stock_rule: str = "none"
    availability: float = 0.9
    expected_part: float = 1.0
    holding_cost: float = 0.1
    order_cost: float = 1.0
    price: float = 1.0
    unit_cost: float = 0.6
    service_cost: int = 0

    @property
    def holds(self) -> bool:
        """Whether the firm holds stock."""
        return self.stock_rule != "none"


def critical_fractile(shortage: float, surplus: float) -> float:
    """Return C_u / (C_u + C_o) within the least and the most."""
    shortage = max(0.0, shortage)
    if shortage + surplus == 0.0:
        return LEAST
    return min(MOST, max(LEAST, shortage / (shortage + surplus)))


def fractile(policy: Policy, basket: float, kept: float) -> float:
    """Return the chance that demand is met, by which a firm orders."""
    if policy.stock_rule == "availability":
        return policy.availability
    shortage = (policy.price - policy.unit_cost) * basket
    if policy.stock_rule == "contribution":
        shortage -= policy.service_cost / 100.0
    surplus = kept * policy.holding_cost + (1.0 - kept) * policy.unit_cost * basket
    return critical_fractile(shortage, surplus)


def wanted(mean: float, variance: float, z: float, on_hand: int, kept: float, lead_time: int) -> float:
    """Return how many units are missing to mean + z sd when they come, before they are made whole."""
    if lead_time == 0:
        return mean + z * math.sqrt(variance) - on_hand
    left = kept * max(0.0, on_hand - mean)
    return mean + z * math.sqrt((1.0 + kept) * variance) - left


def rounded(units: float) -> int:
    """Return a number of units that can be ordered: half rounded up, not below 0."""
    return max(0, math.floor(units + 0.5))


def is_close(units: float, variance: float) -> bool:
    """Tell whether float32 might round a number of units otherwise."""
    return abs(units - math.floor(units) - 0.5) <= HALF * (1.0 + math.sqrt(variance))


def draws(key: Key, identity: int, t: int, nth: int, replication: int = 0) -> tuple[float, float]:
    """Return when a visitor arrives, as a part of the period, and the uniform of what she does at an empty shelf."""
    words = customer_words(key, identity, t, draw=0, block=nth, replication=replication)
    return uniform(words[0]), uniform(words[1])


def at_an_empty_shelf(u: float, substitutes: float, waits: float) -> int:
    """Return what somebody does who finds the shelf empty."""
    if u < as_single(substitutes):
        return SUBSTITUTE
    return WAITS if u < as_single(as_single(substitutes) + as_single(waits)) else LOST


def by_arrival(arrivals: Sequence[tuple[float, int, int]]) -> list[int]:
    """Return the places of visitors (moment, identity, nth) in the order in which they arrive."""
    return sorted(range(len(arrivals)), key=lambda place: arrivals[place])


@dataclass
class Shelf:
    """What a firm has on hand, and what is on its way; `close` if float32 might have ordered otherwise."""

    on_hand: int = 0
    on_order: int = 0
    close: bool = False

    def replenish(
        self, mean: float, variance: float, policy: Policy, basket: float, p: dict[str, Any]
    ) -> dict[str, int]:
        """Receive what is due and order; return what is counted."""
        if not policy.holds:
            return {}
        counted = {"units_opening": self.on_hand, "units_delivered": self.on_order}
        self.on_hand, self.on_order = self.on_hand + self.on_order, 0
        kept = as_single(p["kept_share"])
        z = normal(as_single(fractile(policy, basket, kept)))
        units = wanted(mean, variance, z, self.on_hand, kept, p["lead_time"])
        self.close |= is_close(units, variance)
        ordered = rounded(units)
        if p["lead_time"] == 0:
            self.on_hand += ordered
            counted["units_delivered"] += ordered
        else:
            self.on_order = ordered
        cents = math.floor(100.0 * policy.order_cost + 0.5)
        return {**counted, "units_held": self.on_hand, "ordering": cents if ordered else 0}

    def serve(
        self, visitors: Sequence[tuple[int, int, bool]], key: Key, t: int, p: dict[str, Any], replication: int = 0
    ) -> tuple[list[int], dict[str, int]]:
        """Give visitors (identity, nth, whether she is still there) a unit each; return their codes, and the counts."""
        luck = [draws(key, identity, t, nth, replication) for identity, nth, _ in visitors]
        codes = [NOTHING] * len(visitors)
        arrivals = [(moment, *who[:2]) for (moment, _), who in zip(luck, visitors, strict=True)]
        for place in by_arrival(arrivals):
            if not visitors[place][2]:
                continue
            if self.on_hand > 0:
                self.on_hand -= 1
                codes[place] = FROM_STOCK
            else:
                codes[place] = at_an_empty_shelf(luck[place][1], p["substitute_share"], p["wait_share"])
        named = ("units_sold", "substituted", "postponed_visits", "lost_to_stock_outs")
        counted = {name: codes.count(code) for name, code in zip(named, range(FROM_STOCK, LOST + 1), strict=True)}
        counted["units_wanted"] = sum(counted.values())
        counted |= {"stock_periods": 1, "stock_out_periods": int(counted["units_wanted"] > counted["units_sold"])}
        return codes, counted

    def close_up(self, policy: Policy, basket: float, kept_share: float) -> dict[str, int]:
        """Let what does not keep perish; return what is counted: holding in 1/100 cent, write-offs in cents."""
        if not policy.holds:
            return {}
        before, self.on_hand = self.on_hand, math.floor(as_single(kept_share) * self.on_hand + 0.5)
        perished = before - self.on_hand
        return {
            "units_held": before,
            "units_perished": perished,
            "units_closing": self.on_hand,
            "holding": self.on_hand * math.floor(10_000.0 * policy.holding_cost + 0.5),
            "write_offs": perished * math.floor(100.0 * policy.unit_cost * basket + 0.5),
        }


def opening_order(policy: Policy, occasions: float, firms: int, lead_time: int) -> int:
    """Return what is on its way when a market begins: visitors expected, if deliveries take time."""
    expected = math.floor(policy.expected_part * occasions / firms + 0.5)
    return expected if policy.holds and lead_time > 0 else 0


def expected_visitors(policy: Policy, usual: float, forecast: tuple[float, float] | None) -> tuple[float, float]:
    """Return mean and variance of a period's visitors: by the forecast, or alike without one."""
    alike = policy.expected_part * usual
    return (alike, alike) if forecast is None else forecast


@dataclass
class Feelings:
    """What a customer thinks of a firm, 0-1, and whether she has used it."""

    satisfaction: float
    expectation: float
    trust: float
    used: bool

    def remember(self, code: int, p: dict[str, Any]) -> bool:
        """Let her think less of a firm where she got nothing; return whether she is turned away."""
        if code not in EMPTY_HANDED:
            return False
        left = 1.0 - p["stock_out_resentment"]
        self.expectation *= left
        self.satisfaction *= left if self.used else 1.0
        self.trust *= 1.0 - p["stock_out_distrust"]
        return True


def still_postponed(postponed: float, latest_return: int, t: int) -> float:
    """Return how many visits can be made up for: none if nobody could come back in the period before."""
    return postponed if latest_return == t - 1 else 0.0


def need_of_who_waits(need: float, postponed: float, purchase_rate: float) -> float:
    """Return need with an occasion more for each visit that was put off."""
    return need + postponed / purchase_rate if postponed else need


def performance_shift(code: int, loss: float) -> float:
    """Return what a visit's performance is moved by."""
    return -loss if code == SUBSTITUTE else 0.0


def measures(counted: dict[str, float], periods: int, year: int) -> dict[str, float]:
    """Return the measures of a run; units_held counts both a period's moments."""
    held = counted["units_held"] / 2.0 / periods
    return {
        "fill_rate": ratio(counted["units_sold"], counted["units_wanted"]),
        "stock_out_rate": ratio(counted["stock_out_periods"], counted["stock_periods"]),
        "stock_turn": ratio(counted["units_sold"] * year / periods, held),
    }


def ratio(part: float, whole: float) -> float:
    """Return part / whole, NaN of nothing."""
    return part / whole if whole else math.nan
