"""Durables: who owns a unit, how it ages and fails, when she comes for what, and what a firm is worth to her for it.

Claim: who sells a unit has its services to win; units wear out by a Weibull law and fail as a bath-tub says; what is
due is remembered or forgotten, and a reminder brings it back.
Source: the written specification of the theory, without a look at its kernels.

Draws are of the stream "durable": draw 0 the start, draw 1 the life of a unit in a period, draw 2 its occasions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "owning_at_start": 0.8,
    "first_purchase_rate": 0.15,
    "mean_life": 8.0,
    "life_shape": 3,
    "restlessness": 1.0,
    "shopping_rate": 12.0,
    "purchase_multiple": 40.0,
    "most_worn": 2.0,
    "remembering": 0.8,
    "promptness": 12.0,
    "grace": 0.3,
    "seller_pull": 1.5,
    "warranty_pull": 1.0,
    "foresight": 0.5,
    "running_in": 0.25,
    "early_rate": 2.0,
    "problem_rate": 0.5,
    "wear": 0.1,
    "neglect": 0.3,
    "annoyance": 0.02,
    "warranty_relief": 0.5,
}
NOBODY, NEVER = -1, 2**30
NOTHING, PURCHASE, SERVICE = range(3)
NOT_DUE, REMEMBERED, FORGOTTEN = range(3)
START, LIFE, OCCASION = range(3)  # draws
MOST_PROBLEMS, MOST_MISSED = 65_535, 255
CANNOT = -1e30  # added to what a firm is worth, so that it cannot be chosen
CLASSES = ("owners_every_time", "owners_skipped_one", "owners_skipped_two", "owners_skipped_few", "owners_skipped_many")


@dataclass(frozen=True)
class Policy:
    """What a firm sets for its units, with its price index and quality, and its cost of goods per cu of basket."""

    sells: bool = True
    sale_unit_cost: float = 0.9
    build_quality: float = 0.0
    build_cost: float = 40.0
    warranty: float = 0.0  # years
    warranty_repair_cost: float = 10.0
    service_interval: float = 1.0  # years
    service_discount: float = 0.0
    price: float = 1.0
    unit_cost: float = 0.0
    quality: float = 0.75


@dataclass
class Person:
    """One customer and her unit; times in periods."""

    owned_from: int = NOBODY
    unit_age: int = 0
    unit_problems: int = 0
    unit_liking: float = 0.0
    since_service: int = 0
    since_own_service: int = NEVER
    since_due: int = NEVER
    until_due: int = 0
    due_state: int = NOT_DUE
    missed_due: int = 0
    wants_unit: bool = False
    warranty_left: int = 0
    occasion_kind: int = NOTHING

    @property
    def owns(self) -> bool:
        """Whether she owns a unit."""
        return self.owned_from != NOBODY

    @property
    def is_due(self) -> bool:
        """Whether her unit is due for service."""
        return self.owns and self.until_due <= 0


def periods_of(years: float, year: int) -> int:
    """Return a time, as float32 holds it, in whole periods, half rounded up."""
    return math.floor(as_single(years) * year + 0.5)


def interval_of(policy: Policy, year: int) -> int:
    """Return the time after which the units of a firm are due, 1 or more."""
    return max(1, periods_of(policy.service_interval, year))


def chance_within(rate: float, years: float) -> float:
    """Return the chance of something of a rate within some years."""
    return 1.0 - math.exp(-rate * years)


def wear_out(age: float, scale: float, shape: int) -> float:
    """Return the hazard of wearing out, cumulated up to an age."""
    return (age / scale) ** shape


def life_scale(p: dict[str, Any]) -> float:
    """Return the scale of the Weibull law of a mean life, years."""
    return p["mean_life"] / math.gamma(1.0 + 1.0 / p["life_shape"])


def chance_of_replacing(age: int, scale: float, liking: float, p: dict[str, Any]) -> float:
    """Return the chance of setting about replacing a unit in the period in which it reaches an age, in periods."""
    rise = wear_out(age, scale, p["life_shape"]) - wear_out(age - 1, scale, p["life_shape"])
    return 1.0 - math.exp(-rise * (1.0 + p["restlessness"] * (1.0 - liking)))


def hazard(age: float, is_early: bool, unserviced: float, build_quality: float, p: dict[str, Any]) -> float:
    """Return the problems a year of a unit; age and unserviced in years."""
    usual = p["early_rate"] if is_early else p["problem_rate"] * (1.0 + p["wear"] * age)
    return usual * (1.0 + p["neglect"] * unserviced) * (1.0 - build_quality)


def service_worth(basket: float, years: float, p: dict[str, Any]) -> float:
    """Return what a service is worth so long after the last one."""
    return basket * min(years, p["most_worn"])


def upkeep(policy: Policy, p: dict[str, Any]) -> float:
    """Return what services of a life will cost at a firm, in baskets."""
    return policy.price * (1.0 - policy.service_discount) * max(0.0, p["mean_life"] - policy.warranty)


@dataclass
class Trade:
    """Owners of a market, row by row.

    policies : of each firm, with numbers as float32 holds them      p : parameters, the same
    counts   : {tally: [of each firm]} of the period      close : whether float32 may have decided otherwise
    """

    policies: Sequence[Policy]
    people: list[Person]
    identities: list[int]
    key: Key
    p: dict[str, Any]
    year: int = 52
    replication: int = 0
    counts: dict[str, list[int]] = field(default_factory=dict)
    close: bool = False

    def count(self, name: str, j: int, number: int = 1) -> None:
        """Count for a firm."""
        self.counts.setdefault(name, [0] * len(self.policies))[j] += number

    def luck(self, i: int, t: int, draw: int) -> list[float]:
        """Return the four uniforms of a customer's draw."""
        words = customer_words(self.key, self.identities[i], t, draw=draw, block=0, replication=self.replication)
        return [uniform(word) for word in words]

    def below(self, u: float, chance: float) -> bool:
        """Tell whether luck lies below a chance, and note whether that is too close to tell."""
        self.close |= near(u, chance, 2e-6)
        return u < chance

    def begin(self, i: int) -> None:
        """Let a customer begin with a unit, or without: also who moves in later."""
        self.people[i] = one = Person()
        owns, which, old, served = self.luck(i, 0, START)
        sellers = [j for j, policy in enumerate(self.policies) if policy.sells]
        if not sellers or owns >= self.p["owning_at_start"]:
            return
        one.owned_from = j = sellers[min(len(sellers) - 1, math.floor(as_single(len(sellers) * which)))]
        policy = self.policies[j]
        interval = interval_of(policy, self.year)
        one.unit_age = math.floor(as_single(old * periods_of(self.p["mean_life"], self.year)))
        one.since_service = min(one.unit_age, math.floor(as_single(served * interval)))
        one.until_due = interval - one.since_service
        rest = periods_of(policy.warranty, self.year) - one.unit_age
        one.warranty_left = 1 + rest if rest > 0 else 0
        one.unit_liking = policy.quality

    def use(self, i: int, t: int, satisfaction: list[float], encounters: Sequence[int]) -> None:
        """Let the unit of who has not left the category be a period older, and have a problem or none.

        satisfaction : with each firm, changed
        """
        one, p = self.people[i], self.p
        if not one.owns:
            return
        j = one.owned_from
        one.warranty_left = max(0, one.warranty_left - 1)
        covered = one.warranty_left > 0
        one.unit_age += 1
        one.since_service += 1
        one.since_own_service = min(one.since_own_service + 1, NEVER)
        one.since_due = min(one.since_due + 1, NEVER)
        one.until_due -= 1
        is_early = one.unit_age <= periods_of(p["running_in"], self.year)
        rate = hazard(
            one.unit_age / self.year, is_early, one.since_service / self.year, self.policies[j].build_quality, p
        )
        if not self.below(self.luck(i, t, LIFE)[0], chance_within(rate, 1.0 / self.year)):
            return
        one.unit_problems = min(one.unit_problems + 1, MOST_PROBLEMS)
        felt = p["annoyance"] * (1.0 - p["warranty_relief"] if covered else 1.0)
        one.unit_liking -= felt * one.unit_liking
        if encounters[j] > 0:
            satisfaction[j] -= felt * satisfaction[j]
        self.count("unit_problems_met", j)
        if covered:
            self.count("warranty_problems", j)
            self.count("warranty_repairs", j, math.floor(100.0 * self.policies[j].warranty_repair_cost + 0.5))

    def chance_of_wanting(self, one: Person) -> float:
        """Return the chance that she sets about buying in the period."""
        if one.owns:
            scale = as_single(life_scale(self.p)) * self.year
            return chance_of_replacing(one.unit_age, scale, one.unit_liking, self.p)
        return chance_within(self.p["first_purchase_rate"], 1.0 / self.year)

    def come(self, i: int, t: int, need: float, reminded: bool, exited: bool) -> int:
        """Return what she comes for, or nothing.

        reminded : whether a reminder has been taken up in the period
        """
        one, p, u = self.people[i], self.p, self.luck(i, t, OCCASION)
        one.occasion_kind = NOTHING
        if exited:
            return NOTHING
        if not one.wants_unit:
            one.wants_unit = self.below(u[0], self.chance_of_wanting(one))
        if one.wants_unit and self.below(u[1], chance_within(p["shopping_rate"] * need, 1.0 / self.year)):
            one.occasion_kind = PURCHASE
        if one.is_due:
            if one.due_state == NOT_DUE:
                one.since_due = 0
                one.due_state = REMEMBERED if self.below(u[2], p["remembering"]) else FORGOTTEN
            if reminded:
                one.due_state = REMEMBERED
            comes = one.due_state == REMEMBERED and one.occasion_kind == NOTHING
            if comes and self.below(u[3], chance_within(p["promptness"] * need, 1.0 / self.year)):
                one.occasion_kind = SERVICE
        return one.occasion_kind

    def worth(self, i: int, basket: float) -> float:
        """Return what her occasion is about at price index 1, cu; basket : of a year's service."""
        one = self.people[i]
        if one.occasion_kind == PURCHASE:
            return self.p["purchase_multiple"] * basket
        if one.occasion_kind == SERVICE:
            return service_worth(basket, one.since_service / self.year, self.p)
        return basket

    def terms(self, i: int, price_response: float) -> list[float]:
        """Return what her occasion adds to the worth of each firm to her."""
        one, p = self.people[i], self.p
        found = [0.0] * len(self.policies)
        for j, policy in enumerate(self.policies):
            if one.occasion_kind == PURCHASE:
                cost = price_response * p["foresight"] * upkeep(policy, p) / p["purchase_multiple"]
                found[j] = -cost if policy.sells else CANNOT
            elif one.occasion_kind == SERVICE:
                is_seller = j == one.owned_from
                is_free = is_seller and one.warranty_left > 0
                found[j] = price_response * policy.price * (1.0 if is_free else policy.service_discount)
                found[j] += (p["seller_pull"] if is_seller else 0.0) + (p["warranty_pull"] if is_free else 0.0)
        return found

    def hand_over(self, i: int, j: int, kind: int, performance: float) -> None:
        """Hand over what was bought at firm j, or note the service that it has done."""
        one, year = self.people[i], self.year
        before = one.owned_from
        if kind == PURCHASE:
            self.count("unit_sales", j)
            if before == NOBODY:
                self.count("first_units", j)
            else:
                self.count("replaced_units", before)
                self.count("same_make", before, int(before == j))
            policy = self.policies[j]
            covered = periods_of(policy.warranty, year)
            self.people[i] = Person(
                owned_from=j, unit_liking=performance, until_due=interval_of(policy, year),
                warranty_left=1 + covered if covered else 0, occasion_kind=one.occasion_kind,
            )  # fmt: skip
        elif kind == SERVICE:
            self.count("services_done", j)
            self.count("due_own" if before == j else "due_elsewhere", before)
            one.since_service, one.due_state = 0, NOT_DUE
            one.until_due = interval_of(self.policies[before], year)
            if before == j:
                one.since_own_service = one.missed_due = 0
            else:
                one.missed_due = min(one.missed_due + 1, MOST_MISSED)

    def skip(self, i: int) -> None:
        """Let what has been due for too long be skipped at the end of the period, of who has not left the category."""
        one = self.people[i]
        if one.is_due and -one.until_due >= periods_of(self.p["grace"], self.year):
            one.until_due = max(1, one.until_due + interval_of(self.policies[one.owned_from], self.year))
            one.due_state = NOT_DUE
            one.missed_due = min(one.missed_due + 1, MOST_MISSED)
            self.count("due_skipped", one.owned_from)

    def count_unit(self, i: int) -> None:
        """Count the unit of who has not left the category at the end of the period."""
        one = self.people[i]
        if not one.owns:
            return
        self.count("installed_units", one.owned_from)
        missed = one.missed_due
        self.count(CLASSES[missed if missed < 3 else 3 if missed < 5 else 4], one.owned_from)
        if one.since_due < self.year:
            self.count("due_in_year", one.owned_from)
            self.count("returned_in_year", one.owned_from, int(one.since_own_service < self.year))


def knows_calendar(kind: int, known: bool, seen_last: int, t: int) -> bool:
    """Tell whether the visit of the period lets a firm know when her unit is due next."""
    return kind != NOTHING and known and seen_last == t
