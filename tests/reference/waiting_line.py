"""Waiting line: the day of a branch around its counter: who comes when, what she wants, and what came of it.

Claim: who finds all servers busy waits and leaves when her patience ends; who sees too long a line does not join it;
who is not served goes to another firm, comes again, or buys nothing. What happens at the counter is `service_day`.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.random_numbers import Key, customer_words, normal, uniform

SERVED, BALKED, ABANDONED, DENIED = "served", "balked", "abandoned", "denied"
OUTCOMES = (SERVED, BALKED, ABANDONED, DENIED)
NOWHERE = -1


@dataclass
class Visitor:
    """Somebody who has chosen a firm; `row` is where she stands in the market, moment and wants are drawn."""

    row: int
    identity: int
    nth: int
    firm: int
    basket: float
    pressure: float
    best: bool
    preference: Sequence[float]
    day: int = 0
    moment: float = 0.0
    due: float = 0.0
    service: float = 0.0
    patience: float = 0.0
    luck: float = 0.0
    accepted: float = 0.0
    kind: int = 0
    second: int = NOWHERE
    outcome: str = SERVED
    wait: float = 0.0
    overtaken: int = 0
    announced: float = -1.0
    moved_to: int = NOWHERE


def exponential(u: float, mean: float) -> float:
    """Return the exponential quantile -mean ln(1 - u)."""
    return -mean * math.log(1.0 - u)


def lognormal(u: float, mean: float, variation: float) -> float:
    """Return the quantile of a lognormal of this mean, whose standard deviation is `variation` of the mean."""
    spread = math.sqrt(math.log(1.0 + variation**2))
    return mean * math.exp(spread * normal(u) - spread**2 / 2.0)


def weibull(u: float, mean: float, shape: float) -> float:
    """Return the quantile of a Weibull distribution of this mean."""
    return mean / math.gamma(1.0 + 1.0 / shape) * (-math.log(1.0 - u)) ** (1.0 / shape)


def service_time(u: float, p: Mapping[str, Any]) -> float:
    """Return the minutes of a service."""
    if p["service_kind"] == "constant":
        return float(p["service_minutes"])
    if p["service_kind"] == "lognormal":
        return lognormal(u, p["service_minutes"], p["service_variation"])
    return exponential(u, p["service_minutes"])


def usual_patience(u: float, p: Mapping[str, Any]) -> float:
    """Return for how many minutes she waits who is not pressed for time."""
    if p["patience_kind"] == "lognormal":
        return lognormal(u, p["patience_minutes"], p["patience_variation"])
    if p["patience_kind"] == "weibull":
        return weibull(u, p["patience_minutes"], p["patience_variation"])
    return exponential(u, p["patience_minutes"])


def half_up(x: float) -> int:
    """Return a number rounded half up."""
    return math.floor(x + 0.5)


def days(branch_days: float) -> int:
    """Return over how many days the visits of a period are spread."""
    return max(1, half_up(branch_days))


def day_length(branch_days: float, p: Mapping[str, Any]) -> float:
    """Return the minutes of such a day: together they are as long as the days that there should be."""
    return float(p["minutes_open"] * branch_days / days(branch_days))


def day_of(u: float, number: int, weekdays: Sequence[float]) -> int:
    """Return the day on which a uniform falls, the last if none of the days has weight."""
    weights = [weekdays[d % len(weekdays)] for d in range(number)]
    return place(u, weights)[0] if sum(weights) > 0.0 else number - 1


def place(u: float, weights: Sequence[float]) -> tuple[int, float]:
    """Return in which interval a uniform falls, and in what part of it."""
    target, passed = u * sum(weights), 0.0
    for k, weight in enumerate(weights):
        if weight > 0.0 and target < passed + weight:
            return k, (target - passed) / weight
        passed += weight
    last = max(k for k, weight in enumerate(weights) if weight > 0.0)
    return last, 1.0


def minute_of(u: float, length: float, profile: Sequence[float]) -> float:
    """Return the minute of the day at which a uniform falls."""
    k, part = place(u, profile)
    return (k + part) * length / len(profile)


class Luck:
    """The uniforms of a visit: of draw 0 and of draw 1."""

    def __init__(self, key: Key, v: Visitor, t: int, replication: int) -> None:
        self.words = [
            [uniform(word) for word in customer_words(key, v.identity, t, draw=d, block=v.nth, replication=replication)]
            for d in range(2)
        ]

    def __getitem__(self, draw: int) -> list[float]:
        return self.words[draw]


def come(v: Visitor, luck: Luck, firm: Mapping[str, Any], p: Mapping[str, Any], branch_days: float) -> None:
    """Draw when a visitor comes, in minutes from opening, and what for."""
    length = day_length(branch_days, p)
    v.day = day_of(luck[0][0], days(branch_days), p["weekdays"])
    v.due = v.moment = minute_of(luck[0][1], length, p["profile"])
    if luck[1][2] < firm["appointments"]:
        v.moment = min(max(v.due + p["lateness"] * normal(luck[1][3]), 0.0), length)


def want(v: Visitor, luck: Luck, p: Mapping[str, Any], usual_basket: float) -> None:
    """Draw what a visitor wants."""
    v.service = service_time(luck[0][2], p)
    v.patience = usual_patience(luck[0][3], p) / v.pressure
    v.luck = luck[1][0]
    v.accepted = p["accepted_minutes"] * (v.basket / usual_basket) ** p["value_exponent"] / v.pressure


def begin(v: Visitor, luck: Luck, firm: Mapping[str, Any], p: Mapping[str, Any]) -> None:
    """Decide of which kind she is, and which firm she tries if she is not served."""
    if firm["discipline"] == "priority":
        v.kind = int(v.best)
    elif firm["discipline"] == "express":
        v.kind = int(v.service <= firm["express_limit"])
    if p["elsewhere"] > 0.0:
        v.second = second_choice(luck[1][1], v.preference, v.firm)


def second_choice(u: float, preference: Sequence[float], first: int) -> int:
    """Return the firm that a customer tries next: with chances as her preferences for the others are."""
    others = [0.0 if j == first else worth for j, worth in enumerate(preference)]
    return place(u, others)[0] if sum(others) > 0.0 else NOWHERE


def counts(visitors: Sequence[Visitor], served_within: float) -> Counter[str]:
    """Return what is counted of those who came to one firm's line; times in whole seconds."""
    found: Counter[str] = Counter(came=len(visitors))
    for v in visitors:
        moved = v.moved_to != NOWHERE
        found["went_elsewhere"] += moved
        if not moved:
            found["balked"] += v.outcome == BALKED
            found["gave_up"] += v.outcome == ABANDONED
            found["sent_away"] += v.outcome == DENIED
            found["in_time"] += v.outcome == SERVED and v.wait <= served_within
        found["waited"] += half_up(60.0 * v.wait)
        found["passed_over"] += v.overtaken > 0
    return found


def remembered(value: float, outcome: str, resentment: float) -> float:
    """Return expectation, or the satisfaction of who used the firm before, after not having been served."""
    return value * (1.0 - resentment) if outcome in (ABANDONED, DENIED) else value


def hour_cents(firm: Mapping[str, Any]) -> int:
    """Return what an hour of a server costs, in cents."""
    return hundredths(firm["wage"] * (1.0 - firm["flexibility_scale"] * math.log(1.0 - firm["follows_profile"])))


def on_duty_cost(paid: float, branch_days: float, hour: int) -> tuple[int, int]:
    """Return how long servers are on duty in a period, whole seconds, and what that costs, whole cents.

    paid : minutes of servers on a day of full length; hour : cents an hour of a server
    """
    minutes = paid * branch_days
    return half_up(60.0 * minutes), half_up(minutes / 60.0 * hour)


def appointment_cost(firm: Mapping[str, Any]) -> int:
    """Return what appointments cost a visit, in 1/100 cent."""
    return hundredths(-100.0 * firm["appointment_scale"] * math.log(1.0 - firm["appointments"]))
