"""Sales forces: how many calls of each kind there are, whom they reach, what is said, what is bought, what is paid.

Claim: a sales force divides its calls among suspects, leads and customers; who is called knows the firm, is drawn to it
for a time and expects what she was told; salespeople foresee sales by what calls have brought.
Source: the written specification of the theory, without a look at its kernels.

A firm keeps numbers of the three groups in the order suspects, leads, customers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.closeness import as_single
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "calls_each": 20.0,
    "persuasiveness": 0.5,
    "call_weight": 1.5,
    "call_kept": 0.85,
    "said_pull": 0.3,
    "zeal": 0.5,
    "exaggeration": 0.15,
    "half_commission": 0.05,
    "credited_for": 4,
    "first_hit_rate": 0.1,
    "hit_memory": 0.1,
    "optimism": 0.2,
}
NOTHING, LEAD, TRIAL, REGULAR = range(4)  # codes of the funnel
SUSPECTS, LEADS, CUSTOMERS = 1, 2, 3  # groups that are called
BOUGHT = 4
PLANNED = ("sales_foreseen", "sales_made", "sales_missed")
CALLS = ("suspect_calls", "lead_calls", "customer_calls")
SALES = ("prospect_hits", "customer_hits", "lead_trials", "trial_returns", "credited_visits", "commission_paid")
STAGES = ("funnel_suspects", "funnel_leads", "funnel_trials", "funnel_customers")


@dataclass(frozen=True)
class Policy:
    """How large a sales force is (persons for 1,000 customers), what it is paid, whom it calls, what it promises."""

    salespeople: float = 0.0
    salary: float = 20.0
    commission: float = 0.0
    prospect_share: float = 0.5
    to_leads: float = 0.5
    aim: int = 0  # 0 nobody, 1 user ... 4 decider
    promise: float = 0.75

    def eagerness(self, p: dict[str, Any]) -> float:
        """Return how eager the commission makes, 0-1."""
        return 1.0 - 0.5 ** (self.commission / p["half_commission"])

    def shares(self) -> list[float]:
        """Return the shares of calls that go to each group."""
        prospects = self.prospect_share
        return [prospects * (1.0 - self.to_leads), prospects * self.to_leads, 1.0 - prospects]

    def calls(self, customers: int, p: dict[str, Any]) -> float:
        """Return how many calls a market of so many customers gets."""
        return self.salespeople * p["calls_each"] * (1.0 + p["zeal"] * self.eagerness(p)) * customers / 1000.0

    def said(self, p: dict[str, Any]) -> float:
        """Return what salespeople say that the firm delivers."""
        return min(1.0, self.promise + p["exaggeration"] * self.eagerness(p))

    def salaries(self, customers: int) -> int:
        """Return the salaries of a period in 1/1000 cent."""
        return customers * math.floor(100.0 * self.salespeople * self.salary + 0.5)

    def commission_on(self, cents: int) -> int:
        """Return the commission on a visit in whole cents."""
        return math.floor(self.commission * cents + 0.5)


@dataclass
class Person:
    """A customer as she is to one firm.

    called : group in which she was called in the period, + 4 if she bought since; 0 = not called
    """

    called: int = 0
    called_last: int = -1
    funnel: int = NOTHING
    pull: float = 0.0
    aware: bool = True
    expectation: float = 0.7
    encounters: int = 0
    known: bool = False
    reachable: bool = False
    exited: int = -1

    @property
    def group(self) -> int:
        """As what the firm would call her."""
        if self.known or self.funnel in (TRIAL, REGULAR):
            return CUSTOMERS
        return LEADS if self.funnel == LEAD else SUSPECTS

    @property
    def is_reached(self) -> bool:
        """Whether the call of the period gets through: to whom the firm knows only as far as its data do."""
        return self.called > 0 and (self.reachable or not self.known)

    def talk(self, t: int, welcome: float, policy: Policy, p: dict[str, Any]) -> bool:
        """Let a call reach her; return whether she has learned of the firm."""
        learned = not self.aware
        self.aware, self.called_last = True, t
        self.pull += p["persuasiveness"] * max(0.0, welcome) * (1.0 - self.pull)
        self.expectation += p["said_pull"] / (1 + self.encounters) * (policy.said(p) - self.expectation)
        if self.called == SUSPECTS:
            self.funnel = LEAD if self.encounters == 0 else REGULAR
        return learned

    def stage(self) -> str:
        """Return where in the funnel she is as a period ends."""
        if self.funnel == TRIAL:
            return "funnel_trials"
        if self.encounters > 0:
            return "funnel_customers"
        return "funnel_leads" if self.funnel == LEAD else "funnel_suspects"


@dataclass
class Force:
    """The sales force of one firm: its policy, and what it has learned a call of each group brings."""

    policy: Policy
    firm: int
    p: dict[str, Any]
    hit_rate: list[float] = field(default_factory=list)
    chance: list[float] = field(default_factory=lambda: [0.0] * 3)

    def __post_init__(self) -> None:
        self.hit_rate = self.hit_rate or [self.p["first_hit_rate"]] * 3

    @property
    def works(self) -> bool:
        """Whether there is anybody who sells."""
        return self.policy.salespeople > 0.0

    def stated(self, group: int) -> float:
        """Return the chance of a sale that is stated for a call."""
        return min(max(self.hit_rate[group - 1] * (1.0 + self.p["optimism"]), 0.0), 1.0)

    def plan(self, people: Sequence[Person]) -> dict[str, int]:
        """Judge the forecast of the period before, learn, and plan calls; return what is counted."""
        if not self.works:
            return dict.fromkeys(PLANNED, 0)
        foreseen = made = 0
        for group in (SUSPECTS, LEADS, CUSTOMERS):
            called = sum(person.called in (group, group + BOUGHT) for person in people)
            bought = sum(person.called == group + BOUGHT for person in people)
            foreseen += called * math.floor(as_single(self.stated(group)) * 2**20)
            made += bought
            if called > 0:
                before = self.hit_rate[group - 1]
                self.hit_rate[group - 1] = before + self.p["hit_memory"] * (bought / called - before)
        calls = self.policy.calls(len(people), self.p)
        for group, share in zip((SUSPECTS, LEADS, CUSTOMERS), self.policy.shares(), strict=True):
            there = sum(person.group == group and person.exited < 0 for person in people)
            self.chance[group - 1] = min(1.0, calls * share / there) if there else 0.0
        return dict(zip(PLANNED, (foreseen, made, abs(foreseen - made * 2**20)), strict=True))

    def call(self, t: int, people: Sequence[Person], luck: Sequence[float], welcome: Sequence[float]) -> dict[str, int]:
        """Make the calls of a period; return what is counted. luck : a uniform for each customer."""
        found = dict.fromkeys((*CALLS, "learned"), 0)
        for person, u, gladly in zip(people, luck, welcome, strict=True):
            person.pull *= self.p["call_kept"]
            person.called = 0
            if not self.works or person.exited >= 0 or u >= self.chance[person.group - 1]:
                continue
            person.called = person.group
            found[CALLS[person.called - 1]] += 1
            if person.is_reached:
                found["learned"] += person.talk(t, gladly, self.policy, self.p)
        return found

    def sell(self, t: int, person: Person, cents: int) -> dict[str, int]:
        """Note a visit and what was spent on it; return what is counted."""
        found = dict.fromkeys(SALES, 0)
        if person.called in (SUSPECTS, LEADS, CUSTOMERS):
            found["customer_hits" if person.called == CUSTOMERS else "prospect_hits"] = 1
            person.called += BOUGHT
        if person.funnel == LEAD:
            person.funnel, found["lead_trials"] = TRIAL, 1
        elif person.funnel == TRIAL:
            person.funnel, found["trial_returns"] = REGULAR, 1
        if person.called_last >= 0 and t - person.called_last < self.p["credited_for"]:
            found["credited_visits"], found["commission_paid"] = 1, self.policy.commission_on(cents)
        return found

    def count(self, people: Sequence[Person]) -> dict[str, int]:
        """Count who is where in the funnel."""
        found = dict.fromkeys(STAGES, 0)
        for person in people:
            if self.works and person.exited < 0:
                found[person.stage()] += 1
        return found


def luck_of_call(key: Key, identity: int, t: int, firm: int, replication: int = 0) -> float:
    """Return the uniform that says whether a firm calls a customer."""
    return uniform(customer_words(key, identity, t, draw=0, block=firm, replication=replication)[0])


def ratio(part: float, whole: float) -> float | None:
    """Return part / whole, None of nothing."""
    return part / whole if whole else None


def measures(of: dict[str, int], population: int) -> dict[str, float | None]:
    """Return the measures of a firm from all that was counted; population : customers, once for each period."""
    prospect_calls = of["suspect_calls"] + of["lead_calls"]
    paid = of["commission_paid"] / 100.0 + of["salary_bill"] / 100_000.0
    bias = ratio(of["sales_foreseen"] * 2.0**-20, of["sales_made"])
    return {
        "sales_call_rate": (prospect_calls + of["customer_calls"]) / population,
        "prospect_hit_rate": ratio(of["prospect_hits"], prospect_calls),
        "customer_hit_rate": ratio(of["customer_hits"], of["customer_calls"]),
        "lead_share": of["funnel_leads"] / population,
        "trial_rate": ratio(of["lead_trials"], of["funnel_leads"] + of["lead_trials"]),
        "return_rate": ratio(of["trial_returns"], of["funnel_trials"] + of["trial_returns"]),
        "cost_per_trial": ratio(paid, of["lead_trials"]),
        "sales_forecast_bias": None if bias is None else bias - 1.0,
        "sales_forecast_error": ratio(of["sales_missed"] * 2.0**-20, of["sales_made"]),
    }
