"""Winning back: a budget divided between customers who have lapsed and strangers on a bought list.

Claim: who was worth much, or has been silent for a short time only, is written to first, as far as the money goes.
Source: the written specification of the theory, without a look at its kernel.

Warnings are taken as float32 keeps them, as being warned is a threshold on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.reference.random_numbers import Key
from tests.reference.save import draw, holds_campaign

EXAMPLE: dict[str, Any] = {"every": 13, "least_warning": 0.5}
NOT_PICKED, LAPSED, LAPSED_CONTACTED, LAPSED_HELD_OUT, PROSPECT, PROSPECT_CONTACTED, PROSPECT_HELD_OUT = range(7)
CONTACTED, HELD_OUT = (LAPSED_CONTACTED, PROSPECT_CONTACTED), (LAPSED_HELD_OUT, PROSPECT_HELD_OUT)
JUDGED_AS = {
    LAPSED_CONTACTED: "lapsed_contacted",
    LAPSED_HELD_OUT: "lapsed_held_out",
    PROSPECT_CONTACTED: "prospects_contacted",
    PROSPECT_HELD_OUT: "prospects_held_out",
}
JUDGED = tuple(f"{whom}_{what}" for whom in JUDGED_AS.values() for what in ("judged", "bought"))


@dataclass(frozen=True)
class Policy:
    """What a firm does to win customers: budget in cu for each customer and period, costs of a contact in cents."""

    acquisition_budget: float = 0.0
    lapsed_share: float = 0.5
    lapse_from: int = 13
    lapse_length: int = 40
    lapsed_by: str = "recency"
    voucher: int = 0
    holdout: float = 0.0
    prospect_cents: int = 50
    contact_cents: int = 10


@dataclass(frozen=True)
class Person:
    """A customer as a period ended: what the firm knows of her, and when she last bought of it.

    spend : cents
    """

    known: bool
    warning: float
    spend: int
    seen_last: int
    last_purchase: int


def pots(budget: float, every: int, customers: int, lapsed_share: float) -> tuple[int, int]:
    """Return what there is for the lapsed and for prospects, whole cents; the budget is kept in 1/100 cent."""
    whole = math.floor(Decimal(repr(budget)) * 10_000 + Decimal("0.5")) * every * customers // 100
    lapsed = math.floor(Decimal(repr(lapsed_share)) * whole + Decimal("0.5"))
    return lapsed, whole - lapsed


def affordable(cents: int, cost: int, there: int) -> int:
    """Return how many contacts are paid for; those that cost nothing are for all, if there is any money for them."""
    if cost == 0:
        return there if cents > 0 else 0
    return min(there, cents // cost)


def has_lapsed(person: Person, t: int, policy: Policy, least_warning: float) -> bool:
    """Tell whether a customer is known, warned of, and silent for long, but not too long."""
    silence = t - person.seen_last
    in_time = policy.lapse_from <= silence < policy.lapse_from + policy.lapse_length
    return person.known and person.warning >= least_warning and in_time


def is_new(aware: bool, state: int) -> bool:
    """Tell whether a contact makes her know the firm: a prospect who did not."""
    return state == PROSPECT_CONTACTED and not aware


class Campaigns:
    """The campaigns of one firm: of each customer the code and the place in the lot."""

    def __init__(self, policy: Policy, firm: int, identities: Sequence[int], key: Key, parameters: dict[str, Any]):
        self.policy, self.firm, self.identities, self.key, self.p = policy, firm, identities, key, parameters
        self.state, self.luck = [0] * len(identities), [0.0] * len(identities)

    def draw_order(self, t: int) -> None:
        """Draw the order of the lot in the period before a campaign."""
        if self.policy.acquisition_budget > 0.0 and holds_campaign(t + 1, self.p["every"]):
            self.luck = [draw(self.key, identity, t, self.firm, 0) for identity in self.identities]

    def judge(self, t: int, people: Sequence[Person]) -> dict[str, int]:
        """Count who of the campaign before has bought since."""
        found = dict.fromkeys(JUDGED, 0)
        for state, person in zip(self.state, people, strict=True):
            if state in JUDGED_AS:
                found[f"{JUDGED_AS[state]}_judged"] += 1
                found[f"{JUDGED_AS[state]}_bought"] += person.last_purchase >= t - self.p["every"]
        return found

    def first(self, people: Sequence[Person], places: Iterable[int]) -> list[int]:
        """Return who has lapsed in the order in which they are written to."""
        by_spend = self.policy.lapsed_by == "spend"

        def rank(i: int) -> tuple[int, float, int]:
            worth = people[i].spend if by_spend else people[i].seen_last
            return -worth, self.luck[i], self.identities[i]

        return sorted(places, key=rank)

    def pick(self, t: int, people: Sequence[Person]) -> dict[str, int]:
        """Judge the campaign before, pick whom the budget pays for, and return what was counted."""
        if not holds_campaign(t, self.p["every"]):
            return dict.fromkeys(JUDGED, 0)
        found, policy, everybody = self.judge(t, people), self.policy, range(len(people))
        self.state = [NOT_PICKED] * len(people)
        for_lapsed, for_prospects = pots(policy.acquisition_budget, self.p["every"], len(people), policy.lapsed_share)
        lapsed = [i for i in everybody if has_lapsed(people[i], t, policy, self.p["least_warning"])]
        for i in self.first(people, lapsed)[: affordable(for_lapsed, policy.contact_cents, len(lapsed))]:
            self.state[i] = LAPSED
        strangers = [i for i in everybody if not people[i].known]
        strangers.sort(key=lambda i: (self.luck[i], self.identities[i]))
        for i in strangers[: affordable(for_prospects, policy.prospect_cents, len(strangers))]:
            self.state[i] = PROSPECT
        return found

    def draw_lots(self, t: int) -> None:
        """Hold out some of who is picked, in the period of a campaign; the others are contacted."""
        if holds_campaign(t, self.p["every"]):
            for i, state in enumerate(self.state):
                if state in (LAPSED, PROSPECT):
                    out = draw(self.key, self.identities[i], t, self.firm, 1) < self.policy.holdout
                    self.state[i] = state + (2 if out else 1)
