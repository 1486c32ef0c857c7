"""Stock: how much a firm orders, who finds the shelf empty, and what that does.

Claim: a unit that is missing costs its margin, one that is left its keeping, or its price if it perishes; who goes away
empty-handed thinks less of the firm; an order covers the time until the next one, as far ahead as it takes to come;
what is made to order has to be waited for.
Source: the written specification of the theory, without a look at its kernels.

Shares, prices and costs are to be handed over as float32 holds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.closeness import as_single
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "kept_share": 1.0,
    "lead_time": 0,
    "supplier_capacity": 0.0,
    "supplier_memory": 0.3,
    "impatience": 0.3,
    "making_loss": 0.03,
    "substitute_share": 0.4,
    "wait_share": 0.2,
    "substitute_loss": 0.1,
    "stock_out_resentment": 0.05,
    "stock_out_distrust": 0.05,
}
LEAST, MOST = 0.001, 0.999
RULES = ("none", "availability", "newsvendor", "contribution")
NOTHING, FROM_STOCK, SUBSTITUTE, WAITS, LOST, MADE = range(6)
DELIVERIES = 12  # how many periods ahead something may be due
EMPTY_HANDED = (WAITS, LOST)
HALF = 2e-5  # how far float32 may move a number of units, for each unit of their spread
COUNTS = (
    *("units_opening", "units_delivered", "units_wanted", "units_sold", "units_perished", "units_closing"),
    *("units_held", "substituted", "postponed_visits", "lost_to_stock_outs", "stock_periods", "stock_out_periods"),
    *("holding", "ordering", "write_offs", "units_ordered", "units_short", "units_made", "unwilling"),
    *("expedite_spend", "making", "supply_programmes"),
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
    order_interval: int = 1
    setup_reduction: float = 0.0
    expediting: int = 0
    forecast_sharing: float = 0.0
    made_to_order: float = 0.0
    making_time: float = 1.0
    setup_scale: float = 1.0
    expedite_cost: float = 0.5
    sharing_scale: float = 2.0
    making_cost: float = 1.0

    @property
    def cents_of_an_order(self) -> int:
        """What an order costs, less what the programme saves."""
        return in_hundredths(self.order_cost * (1.0 - self.setup_reduction))

    @property
    def cents_of_programmes(self) -> int:
        """What cheaper orders and shared forecasts cost a period: -ln of what is left, times the scale."""
        saved, told = -math.log(1.0 - self.setup_reduction), -math.log(1.0 - self.forecast_sharing)
        return in_hundredths(self.setup_scale * saved + self.sharing_scale * told)

    @property
    def cost_of_making(self) -> int:
        """What a unit that is made costs, in 1/100 cent: the shorter the time, the more."""
        return in_hundredths(100.0 * (self.making_cost / self.making_time))

    @property
    def holds(self) -> bool:
        """Whether the firm holds stock."""
        return self.stock_rule != "none"


def in_hundredths(value: float) -> int:
    """Return an amount in whole hundredths, half rounded up."""
    return math.floor(100.0 * value + 0.5)


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
    keeping = policy.holding_cost * policy.order_interval  # what is left is kept until the next order
    surplus = kept * keeping + (1.0 - kept) * policy.unit_cost * basket
    return critical_fractile(shortage, surplus)


def on_the_shelf(mean: float, variance: float, part: float) -> tuple[float, float]:
    """Return mean and variance of those who want goods from the shelf: each visitor does with chance `part`."""
    return part * mean, part**2 * variance + part * (1.0 - part) * mean


def left_after(mean: float, on_hand: float, kept: float, due: Sequence[int]) -> float:
    """Return what is left of goods when as many periods as there are deliveries have passed, each with its delivery."""
    if not due:
        return on_hand
    return left_after(mean, kept * max(0.0, on_hand - mean) + due[0], kept, due[1:])


def wanted(
    mean: float, variance: float, z: float, on_hand: int, kept: float, lead: int, due: Sequence[int] = (),
    interval: int = 1,
) -> float:  # fmt: skip
    """Return how many units are missing to what an interval takes, lead periods ahead, before they are made whole."""
    known = [*due, *[0] * (lead - len(due))]
    there = left_after(mean, on_hand, kept, known[:lead]) + sum(known[lead:])
    covered = interval + sum(kept ** (step + 1) for step in range(lead))
    return interval * mean + z * math.sqrt(variance * covered) - there


def delivered_of(units: int, expected: float | None, capacity: float, sharing: float) -> float:
    """Return how many units of an order a supplier can deliver, before they are made whole.

    expected : what it guesses, None = it has had no order yet
    """
    if capacity == 0.0 or expected is None:
        return float(units)
    guessed, told = (1.0 - sharing) * expected, sharing * units
    return min(float(units), capacity * (guessed + told))


def rounded(units: float) -> int:
    """Return a number of units that can be ordered: half rounded up, not below 0."""
    return max(0, math.floor(units + 0.5))


def is_close(units: float, variance: float) -> bool:
    """Tell whether float32 might round a number of units otherwise."""
    return abs(units - math.floor(units) - 0.5) <= HALF * (1.0 + math.sqrt(variance))


@dataclass(frozen=True)
class Luck:
    """What is drawn of a visitor: when she comes, and for three questions a uniform each."""

    moment: float
    empty: float
    patience: float
    kind: float


def draws(key: Key, identity: int, t: int, nth: int, replication: int = 0) -> Luck:
    """Return the luck of a visitor: moment of arrival, at an empty shelf, whether she waits, what she wants."""
    return Luck(*map(uniform, customer_words(key, identity, t, draw=0, block=nth, replication=replication)))


def chance_of_waiting(policy: Policy, impatience: float) -> float:
    """Return how likely somebody is to wait for what is made to order."""
    return math.exp(-as_single(impatience) * as_single(policy.making_time))


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
    """What a firm has on hand, and what is on its way; `close` if float32 might have ordered otherwise.

    due : units due in 1, 2, … periods      next_order : period      expected : of the next order by the supplier
    """

    on_hand: int = 0
    due: list[int] = field(default_factory=list)
    close: bool = False
    next_order: int = 0
    expected: float | None = None

    def replenish(
        self, mean: float, variance: float, policy: Policy, basket: float, p: dict[str, Any], t: int = 0
    ) -> dict[str, int]:
        """Receive what is due and order, if it is time; return what is counted."""
        if not policy.holds:
            return {}
        came = self.due.pop(0) if self.due else 0
        counted = {"units_opening": self.on_hand, "units_delivered": came}
        self.on_hand += came
        units, kept = 0, as_single(p["kept_share"])
        if t >= self.next_order:
            self.next_order = t + policy.order_interval
            lead = max(0, p["lead_time"] - policy.expediting)
            z = normal(as_single(fractile(policy, basket, kept)))
            mean, variance = on_the_shelf(mean, variance, 1.0 - as_single(policy.made_to_order))
            missing = wanted(mean, variance, z, self.on_hand, kept, lead, self.due, policy.order_interval)
            self.close |= is_close(missing, variance * (policy.order_interval + lead))
            units = rounded(missing)
        ordering = policy.cents_of_an_order if units else 0
        counted |= self.supplied(units, policy, p, came)
        return {**counted, "units_held": self.on_hand, "units_ordered": units, "ordering": ordering}

    def supplied(self, units: int, policy: Policy, p: dict[str, Any], came: int) -> dict[str, int]:
        """Let the supplier deliver what it can of an order, now or later, and learn from it; return what is counted."""
        able = delivered_of(units, self.expected, as_single(p["supplier_capacity"]), as_single(policy.forecast_sharing))
        self.close |= able < units and is_close(able, 0.0)
        got = min(units, rounded(able))
        if units:
            memory = as_single(p["supplier_memory"])
            self.expected = float(units) if self.expected is None else self.expected + memory * (units - self.expected)
        lead = max(0, p["lead_time"] - policy.expediting)
        sooner = p["lead_time"] - lead
        spent = got * sooner * in_hundredths(100.0 * policy.expedite_cost)
        if lead == 0:
            self.on_hand += got
            return {"units_delivered": came + got, "units_short": units - got, "expedite_spend": spent}
        self.due += [0] * (lead - len(self.due))
        self.due[lead - 1] += got
        return {"units_short": units - got, "expedite_spend": spent}

    def serve(
        self, visitors: Sequence[tuple[int, int, bool]], key: Key, t: int, p: dict[str, Any], replication: int = 0,
        policy: Policy = Policy("availability"),
    ) -> tuple[list[int], dict[str, int]]:  # fmt: skip
        """Give visitors (identity, nth, whether she is still there) a unit each; return their codes, and the counts."""
        luck = [draws(key, identity, t, nth, replication) for identity, nth, _ in visitors]
        codes, unwilling, missed = [NOTHING] * len(visitors), 0, 0
        waiting = chance_of_waiting(policy, p["impatience"])
        arrivals = [(one.moment, *who[:2]) for one, who in zip(luck, visitors, strict=True)]
        for place in by_arrival(arrivals):
            one = luck[place]
            if not visitors[place][2]:
                continue
            to_order = one.kind < as_single(policy.made_to_order)
            if to_order and one.patience < waiting:
                codes[place] = MADE
            elif not to_order and self.on_hand > 0:
                self.on_hand -= 1
                codes[place] = FROM_STOCK
            else:
                unwilling, missed = unwilling + to_order, missed + (not to_order)
                codes[place] = at_an_empty_shelf(one.empty, p["substitute_share"], p["wait_share"])
        named = ("units_sold", "substituted", "postponed_visits", "lost_to_stock_outs", "units_made")
        counted = {name: codes.count(code) for name, code in zip(named, range(FROM_STOCK, MADE + 1), strict=True)}
        counted |= {"units_wanted": counted["units_sold"] + missed, "unwilling": unwilling}
        counted |= {"stock_periods": 1, "stock_out_periods": int(missed > 0)}
        return codes, {**counted, "making": counted["units_made"] * policy.cost_of_making}

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
            "supply_programmes": policy.cents_of_programmes,
        }


def opening_orders(policy: Policy, occasions: float, firms: int, lead_time: int) -> list[int]:
    """Return what is due when a market begins: visitors expected at the shelf, for each period until orders come."""
    part = 1.0 - as_single(policy.made_to_order)
    expected = math.floor(part * policy.expected_part * occasions / firms + 0.5)
    return [expected] * max(0, lead_time - policy.expediting) if policy.holds else []


def in_full(due: Sequence[int]) -> list[int]:
    """Return what is due in each of the periods ahead."""
    return [*due, *[0] * (DELIVERIES - len(due))]


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


def performance_shift(code: int, loss: float, waiting_loss: float = 0.0, making_time: float = 1.0) -> float:
    """Return what a visit's performance is moved by: by a substitute, or by waiting until it is made."""
    if code == MADE:
        return -waiting_loss * making_time
    return -loss if code == SUBSTITUTE else 0.0


def measures(counted: dict[str, float], periods: int, year: int) -> dict[str, float]:
    """Return the measures of a run; units_held counts both a period's moments."""
    held = counted["units_held"] / 2.0 / periods
    return {
        "fill_rate": ratio(counted["units_sold"], counted["units_wanted"]),
        "stock_out_rate": ratio(counted["stock_out_periods"], counted["stock_periods"]),
        "stock_turn": ratio(counted["units_sold"] * year / periods, held),
        "supplier_fill_rate": ratio(counted["units_ordered"] - counted["units_short"], counted["units_ordered"]),
        "wait_acceptance": ratio(counted["units_made"], counted["units_made"] + counted["unwilling"]),
    }


def ratio(part: float, whole: float) -> float:
    """Return part / whole, NaN of nothing."""
    return part / whole if whole else math.nan
