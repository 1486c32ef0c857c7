"""Campaigns to keep customers: whom a firm picks, whom it holds out, what a contact does, and what is learned of it.

Claim: a contact attracts by its voucher, and makes a customer compare, so that what leaving would cost her counts less
for a while; what it does is learned from targets who were left out by lot.
Source: the written specification of the theory, without a look at its kernel.

Shares of customers are taken as the decimal numbers that a policy states, so that halves are halves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "every": 13,
    "waking": 0.15,
    "awake_for": 26,
    "warning_edges": (0.5, 0.95),
    "visit_edges": (3, 8),
    "shrinkage": 20.0,
}
NOT_PICKED, TARGET, CONTACTED, HELD_OUT = range(4)
JUDGED = tuple(f"{whom}_{what}" for whom in ("contacted", "held_out") for what in ("judged", "seen", "kept"))


@dataclass(frozen=True)
class Policy:
    """What a firm does to keep customers: shares of customers, rule, voucher in cents."""

    save_rate: float = 0.0
    targeting: str = "risk"
    voucher: int = 0
    holdout: float = 0.1
    explore: float = 0.2


@dataclass(frozen=True)
class Person:
    """A customer as a period ended: what the firm knows of her, and in truth whether she is its own.

    spend : cents
    """

    known: bool
    warning: float
    visits: int
    spend: int
    seen_last: int
    own: bool


def holds_campaign(t: int, every: int) -> bool:
    """Tell whether a campaign is held in period t; in the first one there is none."""
    return t > 0 and t % every == 0


def chance_after(p: float, q: float, own: bool, pull: float, loss: float) -> float:
    """Return the chance p of a firm after a pull on it and a loss of its own, or of another provider's, chance q."""
    mine = p * math.exp(pull - (loss if own else 0.0))
    theirs = 0.0 if own else q * math.exp(-loss)
    rest = 1.0 - p - (0.0 if own else q)
    return mine / (mine + theirs + rest)


def gained_visits(
    chances: tuple[float, float, bool], pull: float, loss: float, rate: float, honoured_for: int, awake_for: int
) -> float:
    """Return the visits that a contact brings: on an occasion with voucher, and on others without inertia alone.

    chances : of the firm, of the provider if it is another firm, and whether the firm is the provider
    rate    : occasions a period
    """
    with_voucher = 1.0 - math.exp(-rate * honoured_for)
    without = max(rate * awake_for - with_voucher, 0.0)
    both, awake = chance_after(*chances, pull, loss), chance_after(*chances, 0.0, loss)
    return with_voucher * (both - chances[0]) + without * (awake - chances[0])


def gain(
    firm: int, preference: Sequence[float], provider: int, left: bool, pull: float, loss: float, *rest: Any
) -> float:
    """Return what a contact of a firm would truly bring it of a customer; rest : rate and periods, as above."""
    if left:
        return 0.0
    other = preference[provider] if provider not in (-1, firm) else 0.0
    return gained_visits((preference[firm], other, provider == firm), pull, loss, *rest)


def nearest(share: float, customers: int) -> int:
    """Return the whole number nearest to a share of customers, halves rounded up."""
    return math.floor(Decimal(repr(share)) * customers + Decimal("0.5"))


def cell_of(warning: float, visits: int, parameters: dict[str, Any]) -> int:
    """Return the cell of a customer; an edge begins the bin above it."""
    bins = len(parameters["visit_edges"]) + 1
    of_warning = sum(edge <= warning for edge in parameters["warning_edges"])
    return of_warning * bins + sum(edge <= visits for edge in parameters["visit_edges"])


def shrunk_effect(contacted: int, contacted_seen: int, held_out: int, held_out_seen: int, shrinkage: float) -> float:
    """Return the difference of shares seen since, shrunk to 0 the more the less evidence there is."""
    if contacted == 0 or held_out == 0:
        return 0.0
    evidence = contacted * held_out / (contacted + held_out)
    return (contacted_seen / contacted - held_out_seen / held_out) * evidence / (evidence + shrinkage)


def picked(
    k: int, explored: int, scores: Sequence[float], luck: Sequence[float], identity: Sequence[int], only_above: bool
) -> list[int]:
    """Return the places of those who are picked: some by the order of the lot, then by score."""
    order = sorted(range(len(luck)), key=lambda place: (luck[place], identity[place]))
    others = [place for place in order[explored:] if scores[place] > 0.0 or not only_above]
    others.sort(key=lambda place: -scores[place])  # stable: of equals the first in the order of the lot
    return order[:explored] + others[: k - explored]


def draw(key: Key, customer: int, t: int, firm: int, draw: int) -> float:
    """Return the uniform of the order by lot (0), or of who is held out (1)."""
    return uniform(customer_words(key, customer, t, draw=draw, block=firm, replication=0)[0])


def awake_until(before: int, t: int, awake_for: int) -> int:
    """Return the last period in which she compares after a contact in period t."""
    return max(before, t + awake_for - 1)


class Campaigns:
    """The campaigns of one firm: of each customer the code, cell, place in the lot and true gain, and what is learned.

    record : of each cell contacted, of these seen, held out, of these seen
    """

    def __init__(self, policy: Policy, firm: int, identities: Sequence[int], key: Key, parameters: dict[str, Any]):
        self.policy, self.firm, self.identities, self.key, self.p = policy, firm, identities, key, parameters
        n = len(identities)
        self.state, self.cell, self.luck, self.gain = [0] * n, [0] * n, [0.0] * n, [0.0] * n
        cells = (len(parameters["warning_edges"]) + 1) * (len(parameters["visit_edges"]) + 1)
        self.record = [[0] * 4 for _ in range(cells)]

    def draw_order(self, t: int) -> None:
        """Draw the order of the lot in the period before a campaign."""
        if self.policy.save_rate > 0.0 and holds_campaign(t + 1, self.p["every"]):
            self.luck = [draw(self.key, identity, t, self.firm, 0) for identity in self.identities]

    def judge(self, t: int, people: Sequence[Person]) -> dict[str, int]:
        """Count what became of the campaign before, and learn from what the firm saw."""
        found = dict.fromkeys(JUDGED, 0)
        for state, cell, person in zip(self.state, self.cell, people, strict=True):
            if state in (CONTACTED, HELD_OUT):
                whom = "contacted" if state == CONTACTED else "held_out"
                seen = person.seen_last >= t - self.p["every"]
                found[f"{whom}_judged"] += 1
                found[f"{whom}_seen"] += seen
                found[f"{whom}_kept"] += person.own
                first = 0 if state == CONTACTED else 2
                self.record[cell][first] += 1
                self.record[cell][first + 1] += seen
        return found

    def scores(self, people: Sequence[Person], places: Sequence[int]) -> list[float] | None:
        """Return what the rule ranks customers at some places by; None = by lot alone."""
        rule = self.policy.targeting
        if rule == "random" or (rule == "uplift" and not any(of[0] + of[2] for of in self.record)):
            return None
        if rule == "uplift":
            effects = [shrunk_effect(*of, self.p["shrinkage"]) for of in self.record]
            return [effects[self.cell[i]] for i in places]
        if rule == "oracle":
            return [self.gain[i] for i in places]
        return [people[i].warning * (people[i].spend if rule == "value_risk" else 1.0) for i in places]

    def choose(self, t: int, people: Sequence[Person]) -> dict[str, int]:
        """Judge the campaign before, pick targets, and return what was counted."""
        if not holds_campaign(t, self.p["every"]):
            return dict.fromkeys(JUDGED, 0)
        found = self.judge(t, people)
        self.state = [NOT_PICKED] * len(people)
        known = [i for i, person in enumerate(people) if person.known and self.policy.save_rate > 0.0]
        for i in known:
            self.cell[i] = cell_of(people[i].warning, people[i].visits, self.p)
        scores, k = self.scores(people, known), nearest(self.policy.save_rate, len(known))
        explored = k if scores is None else nearest(self.policy.explore, k)
        luck, identities = [self.luck[i] for i in known], [self.identities[i] for i in known]
        only_above = self.policy.targeting in ("uplift", "oracle")
        for place in picked(k, explored, scores or [0.0] * len(known), luck, identities, only_above):
            self.state[known[place]] = TARGET
        return found

    def draw_lots(self, t: int) -> list[int]:
        """Hold out some targets in the period of a campaign, and return who is contacted."""
        if not holds_campaign(t, self.p["every"]):
            return []
        for i, state in enumerate(self.state):
            if state == TARGET:
                u = draw(self.key, self.identities[i], t, self.firm, 1)
                self.state[i] = HELD_OUT if u < self.policy.holdout else CONTACTED
        return [i for i, state in enumerate(self.state) if state == CONTACTED]


def difference(contacted: int, of_contacted: int, held_out: int, of_held_out: int) -> float | None:
    """Return the difference of two shares; None without any of either."""
    return of_contacted / contacted - of_held_out / held_out if contacted and held_out else None
