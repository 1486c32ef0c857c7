"""The whole market, one customer at a time, in the order of docs/model.md.

    market = Market(parameters, firms, customers, ties, seed=1)
    tally = market.step()                 # one period
    market.customers[3].trust[0]          # state, as float64

parameters : {"need": {...}, "choice": {...}, ...}, only what differs from the DEFAULTS of each theory
firms      : levers of each firm, the fields of `state.Firm`; its `program`, the fields of `state.Programme`
customers  : initial state of each, the fields of `state.Customer`
ties       : for each customer the list of (neighbour, weight)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference import (
    accounts,
    buying,
    choice,
    closeness,
    closing,
    defection,
    encounter,
    learning,
    lifecycle,
    need,
    rewards,
    switching_cost,
    telling,
    using,
    word_of_mouth,
)
from tests.reference.random_numbers import Words, customer_words, stream_key
from tests.reference.state import NOBODY, Customer, Firm, Visit

THEORIES = {
    "need": need,
    "switching_cost": switching_cost,
    "choice": choice,
    "encounter": encounter,
    "learning": learning,
    "rewards": rewards,
    "word_of_mouth": word_of_mouth,
    "defection": defection,
    "lifecycle": lifecycle,
    "accounts": accounts,
}
STREAMS = ("need", "choice", "encounter", "rewards", "word_of_mouth", "defection")
TALLIES = (
    "visits", "positive_messages", "negative_messages", "failures", "revenue_cents", "goods_cents",
    "service_cents", "programme_cents", "fixed_cents", "points_issued", "points_redeemed", "points_expired",
    "enrolled", "learned",
)  # fmt: skip


def complete(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return all parameters of all theories; KeyError for a theory or a parameter that does not exist."""
    unknown = [name for name in parameters if name not in THEORIES]
    for theory, given in parameters.items():
        known = THEORIES[theory].DEFAULTS if theory in THEORIES else given
        unknown += [f"{theory}.{name}" for name in given if name not in known]
    if unknown:
        raise KeyError(f"no such parameter: {', '.join(unknown)}")
    return {name: {**theory.DEFAULTS, **parameters.get(name, {})} for name, theory in THEORIES.items()}


class Market:
    """Customers and firms, stepped a period at a time.

    t           period that the next step runs
    tally       counts of the latest period: a list with one entry a firm for each of TALLIES, and "outside"
    tallies     those of all periods so far
    visits      occasions of the latest period, by customer, then by nth
    stories     {sender: (firm, good)} of the latest period
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
    ) -> None:
        self.parameters = complete(parameters)
        self.firms = [Firm(**firm) for firm in firms]
        self.customers = [Customer(**customer).ready(len(self.firms)) for customer in customers]
        self.ties = [sorted(neighbours) for neighbours in ties]
        if len(self.ties) != len(self.customers):
            raise ValueError(f"{len(self.ties)} lists of ties for {len(self.customers)} customers")
        self.keys = {stream: stream_key(seed, stream) for stream in STREAMS}
        self.replication = replication
        self.t = 0
        self.tally: dict[str, Any] = {}
        self.tallies: list[dict[str, Any]] = []
        self.visits: list[Visit] = []
        self.stories: dict[int, tuple[int, bool]] = {}
        self.close_calls: list[tuple[int, str, int]] = []
        self.tier_shares = using.count_tiers(self)

    def step(self) -> dict[str, Any]:
        """Run one period and return its tally."""
        self.tally = {name: [0] * len(self.firms) for name in TALLIES} | {"outside": 0}
        self.was_active = [[lifecycle.is_active(relation) for relation in c.relation] for c in self.customers]
        everybody = range(len(self.customers))

        buying.set_boosts(self)
        self.visits = [Visit(i, nth) for i in everybody for nth in range(buying.occasions(self, i))]
        buying.set_switching_costs(self)
        buying.choose_all(self)
        to_firms = [visit for visit in self.visits if visit.firm != NOBODY]
        for visit in to_firms:
            using.meet(self, visit)
        using.learn(self, to_firms)
        using.reward(self, to_firms)
        telling.tell(self, to_firms)
        for i in everybody:
            telling.listen(self, i)
            telling.discover(self, i)
        closing.leave(self)
        closing.relate(self, to_firms)
        closing.account(self, to_firms)
        self.tier_shares = using.count_tiers(self)

        self.t += 1
        self.tallies.append(self.tally)
        return self.tally

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
