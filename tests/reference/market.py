"""The whole market, one customer at a time, in the order of docs/model.md.

    market = Market(parameters, firms, customers, ties, seed=1)
    tally = market.step()                 # one period
    market.customers[3].trust[0]          # state, as float64

parameters : {"need": {...}, "choice": {...}, ...}, only what differs from the EXAMPLE of each theory
firms      : levers of each firm, the fields of `state.Firm`; its `program`, the fields of `state.Programme`
customers  : initial state of each, the fields of `state.Customer`
ties       : for each customer the list of (neighbour, weight)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference import (
    advertising,
    buying,
    choice,
    closeness,
    closing,
    coalition,
    defection,
    encounter,
    fees,
    learning,
    lifecycle,
    need,
    perceived_value,
    rewards,
    switching_cost,
    taste,
    telling,
    trust,
    using,
    word_of_mouth,
)
from tests.reference.random_numbers import Words, customer_words, fine_uniform, normal, stream_key, uniform
from tests.reference.state import NOBODY, Customer, Firm, Visit

THEORIES: dict[str, dict[str, Any]] = {
    "need": need.EXAMPLE,
    "switching_cost": switching_cost.EXAMPLE,
    "choice": choice.EXAMPLE,
    "pricing": choice.PRICING,
    "taste": taste.EXAMPLE,
    "perceived_value": perceived_value.EXAMPLE,
    "encounter": encounter.EXAMPLE,
    "learning": learning.EXAMPLE,
    "trust": trust.EXAMPLE,
    "rewards": rewards.EXAMPLE,
    "word_of_mouth": word_of_mouth.EXAMPLE,
    "defection": defection.EXAMPLE,
    "lifecycle": lifecycle.EXAMPLE,
    "fees": fees.EXAMPLE,
}
OPTIONAL: dict[str, dict[str, Any]] = {
    "advertising": advertising.EXAMPLE,
    "coalition": coalition.EXAMPLE,
}  # in a market that names them
STREAMS = (
    "need", "switching_cost", "choice", "taste", "encounter", "rewards", "word_of_mouth", "defection", "advertising",
    "coalition",
)  # fmt: skip
TALLIES = (
    "occasions", "visits", "repeats", "repeat_base", "failures", "dissatisfied", "performance_sum", "transaction_sum",
    "satisfaction_sum", "trust_sum", "broken_promises", "enrolled", "members", "points_issued", "points_redeemed",
    "joining_fees", "exit_fees", "integration_spend", "points_expired", "points_outstanding", "rewards_redeemed",
    "rewards_cost", "provision", "provision_held", "demoted", "positive_messages", "negative_messages", "heard",
    "learned", "referred", "exits",
    "acquired", "returned", "won_back", "fell_dormant", "fell_lost", "left_category", "current", "active", "revenue",
    "goods", "service", "discounts", "price_cuts", "membership", "fixed", "population", "year_visits",
    "membership_fees", "member_buyers", "renewals_due", "renewed", "memberships_ended", "customers_at_close",
    "chance_repeats", "chance_base", "buyers", "wallet_own", "wallet_all", "own_at_start", "retained", "lost_at_start",
    "regained", "dormant_at_start", "revived", "loyalists", "mercenaries", "hostages", "defectors", "asked",
    "intention_sum", "member_spend", "member_wallet", "category_spend", "departures", "newcomers",
)  # fmt: skip
OF_OPTIONAL = {"advertising": ("advertising_cost",), "coalition": coalition.OWN}


def complete(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return all parameters of the theories in the market; KeyError for a theory or a parameter that does not exist."""
    theories = THEORIES | {name: example for name, example in OPTIONAL.items() if name in parameters}
    unknown = [name for name in parameters if name not in theories]
    for theory, given in parameters.items():
        known = theories.get(theory, given)
        unknown += [f"{theory}.{name}" for name in given if name not in known]
    if unknown:
        raise KeyError(f"no such parameter: {', '.join(unknown)}")
    return {name: {**example, **parameters.get(name, {})} for name, example in theories.items()}


class Market:
    """Customers and firms, stepped a period at a time.

    t           period that the next step runs
    tally       counts of the latest period by the names of TALLIES, and of OF_OPTIONAL if the theory is in the market:
                a list with one entry a firm, and a last one for nobody; money in cents, what is spent on advertising
                in hundredths of a cent, points in hundredths; of a coalition as coalition.py counts
    tallies     those of all periods so far
    visits      occasions of the latest period, by customer, then by nth
    goodwill    of each firm
    stories     {sender: (firm, good)} of the latest period
    customers   the same people to the end: nobody departs, nobody is new
    close_calls decisions that float32 might take otherwise, as (period, decision, customer); see closeness.py
    """

    def __init__(
        self,
        parameters: Mapping[str, Mapping[str, Any]],
        firms: Sequence[Mapping[str, Any]],
        customers: Sequence[Mapping[str, Any]],
        ties: Sequence[Sequence[tuple[int, float]]],
        seed: int = 0,
        replication: int = 0,
        *,
        periods: int = 10_000,
        burn_in: int = 0,
        year: int = 52,
    ) -> None:
        self.parameters = complete(parameters)
        self.firms = [Firm(**firm) for firm in firms]
        self.customers = [Customer(**customer).ready(len(self.firms)) for customer in customers]
        self.ties = [sorted(neighbours) for neighbours in ties]
        if len(self.ties) != len(self.customers):
            raise ValueError(f"{len(self.ties)} lists of ties for {len(self.customers)} customers")
        self.keys = {stream: stream_key(seed, stream) for stream in STREAMS}
        self.replication = replication
        self.periods, self.burn_in, self.year = periods, burn_in, year
        self.t = 0
        self.tally: dict[str, Any] = {}
        self.tallies: list[dict[str, Any]] = []
        self.visits: list[Visit] = []
        self.stories: dict[int, tuple[int, bool]] = {}
        self.close_calls: list[tuple[int, str, int]] = []
        self.was_active: list[list[bool]] = []
        self.shares: list[list[float | None]] = []
        self.goodwill = [0.0] * len(self.firms)
        self.counted = (
            *TALLIES,
            *(name for theory, own in OF_OPTIONAL.items() if theory in parameters for name in own),
        )
        for i, c in enumerate(self.customers):
            if c.hassle_factor is None:
                c.hassle_factor = rewards.hassle_factor(uniform(self.words("rewards", i)[0]))
            if not c.taste:
                words = [self.words("taste", i, block=j)[0] for j in range(len(self.firms))]
                c.taste = [taste.taste(normal(uniform(word)), self.parameters["taste"]) for word in words]
            u, v = (fine_uniform(word) for word in self.words("switching_cost", i)[:2])
            if self.parameters["switching_cost"]["basis"] == "trait":
                c.switching_cost = switching_cost.trait(u, self.parameters["switching_cost"])
            if c.bother is None:
                c.bother = switching_cost.bother(normal(v), self.parameters["switching_cost"])
        closing.set_pull(self)

    def step(self) -> dict[str, Any]:
        """Run one period and return its tally."""
        self.tally = {name: [0] * (len(self.firms) + 1) for name in self.counted}
        telling.advertise(self)
        everybody = range(len(self.customers))
        self.visits = [Visit(i, nth) for i in everybody for nth in range(buying.occasions(self, i))]
        for c in self.customers:
            c.relation_then = list(c.relation)
        if "coalition" in self.parameters:
            using.expect_partners(self)
        buying.set_switching_costs(self)
        buying.choose_all(self)
        to_firms = [visit for visit in self.visits if visit.firm != NOBODY]
        using.pay(self, to_firms)
        for visit in to_firms:
            using.meet(self, visit)
        using.learn(self, to_firms)
        using.reward(self, to_firms)
        self.was_active = [[lifecycle.is_active(relation) for relation in c.relation] for c in self.customers]
        telling.tell(self, to_firms)
        for i in everybody:
            telling.listen(self, i)
            telling.discover(self, i)
        closing.leave(self)
        closing.relate(self, to_firms)
        closing.collect_fees(self)
        closing.settle_programmes(self)
        closing.account(self, to_firms)
        closing.close_books(self)

        self.t += 1
        self.tallies.append(self.tally)
        return self.tally

    def tier_shares(self) -> list[list[float | None]]:
        """Return for each firm the share of its members at tier 0, 1, ... or above; None without members."""
        shares = []
        for j, firm in enumerate(self.firms):
            tiers = [c.tier[j] for c in self.customers if c.member[j]]
            levels = range(len(firm.program.tier_threshold) + 1) if firm.program else range(1)
            shares.append([sum(tier >= k for tier in tiers) / len(tiers) if tiers else None for k in levels])
        return shares

    def words(self, stream: str, customer: int, draw: int = 0, block: int = 0) -> Words:
        """Return the four words of a customer's decision in this period."""
        return customer_words(self.keys[stream], customer, self.t, draw=draw, block=block, replication=self.replication)

    def happens(self, decision: str, customer: int, u: float, probability: float) -> bool:
        """Tell whether a uniform lies below a probability, and note a close call."""
        self.note(decision, customer, closeness.near(u, probability))
        return u < probability

    def note(self, decision: str, customer: int, close: bool) -> None:
        """Keep a decision that float32 might take otherwise."""
        if close:
            self.close_calls.append((self.t, decision, customer))
