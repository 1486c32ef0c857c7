"""Clubs: attached customers join, come to events, and take home what other guests think.

Claim: who is attached joins; good events attach further; dissatisfied guests tell each other so.
Source: the written specification of the theory, without a look at its kernels.

Money is in whole hundredths of a cent, satisfaction is added up in whole 2^-20.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "joining": 0.2,
    "join_from": 0.4,
    "leave_below": 0.3,
    "praise_from": 0.6,
    "attendance": 0.5,
    "bond_gain": 0.4,
    "exchange": 1.0,
    "mood_from": 0.6,
    "half_budget": 10.0,
    "half_company": 10.0,
}
JOINING, COMING = 0, 1
COUNTS = (
    "club_joined", "club_members", "member_visits", "event_invited", "event_guests", "event_satisfaction",
    "club_letter_spend", "event_spend",
)  # fmt: skip


def in_steps(share: float) -> int:
    """Return a share in whole 2^-20, cut off."""
    return math.floor(share * 2.0**20)


def hundredths_of_cents(cu: float) -> int:
    """Return an amount in whole hundredths of a cent."""
    return math.floor(1e4 * cu + 0.5)


@dataclass(frozen=True)
class Policy:
    """What a firm does for its club."""

    events: int = 0
    event_budget: float = 5.0
    event_cost: float = 100.0
    club_letter_cost: float = 0.05

    def has_event(self, t: int, year: int) -> bool:
        """Tell whether there is an event in a period: one more is due at its end than at its beginning."""
        due = [Fraction(self.events * end, year) for end in (t, t + 1)]
        return math.floor(due[1]) > math.floor(due[0])

    def date_cost(self, customers: int) -> int:
        """Return what a date costs."""
        return hundredths_of_cents(self.event_cost) * customers // 1000

    def costs(self, members: int, guests: int) -> tuple[int, int]:
        """Return what members and guests cost."""
        return hundredths_of_cents(self.club_letter_cost) * members, hundredths_of_cents(self.event_budget) * guests


def spirit(budget: float, company: float, half_budget: float, half_company: float) -> float:
    """Return how good an event is."""
    return (1.0 - 0.5 ** (budget / half_budget)) * company / (company + half_company) if company else 0.0


@dataclass
class Clubs:
    """The clubs of all firms: members, guests of the period, and how guests are satisfied, by firm and row."""

    policies: Sequence[Policy]
    key: Key
    p: Mapping[str, Any]
    members: list[list[bool]]
    moods: list[float]
    year: int = 52
    replication: int = 0
    close: bool = False

    def luck(self, identity: int, t: int, draw: int, block: int) -> float:
        """Return the uniform of a decision."""
        return uniform(customer_words(self.key, identity, t, draw=draw, block=block, replication=self.replication)[0])

    def below(self, u: float, chance: float) -> bool:
        """Tell whether luck is below a chance, and note where that is close."""
        self.close |= near(u, chance)
        return u < chance

    def join(
        self, visits: Sequence[tuple[int, int, int, int, float]], commitment: Sequence[Sequence[float]], t: int
    ) -> dict[str, list[int]]:
        """Let visitors join; visits : (customer, firm, identity, nth, satisfaction)."""
        counted = {name: [0] * len(self.policies) for name in ("club_joined", "member_visits")}
        for i, j, identity, nth, s in visits:
            counted["member_visits"][j] += self.members[j][i]
            attached = commitment[j][i] >= as_single(self.p["join_from"]) and s >= as_single(self.p["praise_from"])
            open_to_her = self.policies[j].events > 0 and not self.members[j][i]
            if attached and open_to_her and self.below(self.luck(identity, t, JOINING, nth), self.p["joining"]):
                self.members[j][i] = True
                counted["club_joined"][j] += 1
        return counted

    def meet(
        self,
        j: int,
        identities: Sequence[int],
        commitment: Sequence[float],
        satisfaction: Sequence[float],
        gone: Sequence[bool],
        t: int,
    ) -> tuple[list[bool], dict[str, int]]:
        """Let members of firm j resign or come; return who comes, and what is counted."""
        policy, counted = self.policies[j], dict.fromkeys(COUNTS[1:2] + COUNTS[3:6], 0)
        event, comes = policy.has_event(t, self.year), [False] * len(identities)
        for i, identity in enumerate(identities):
            stays = commitment[i] >= as_single(self.p["leave_below"]) and not gone[i] and policy.events > 0
            self.members[j][i] &= stays
            if not self.members[j][i]:
                continue
            counted["club_members"] += 1
            counted["event_invited"] += event
            comes[i] = event and self.below(self.luck(identity, t, COMING, j), self.p["attendance"] * commitment[i])
            counted["event_guests"] += comes[i]
            counted["event_satisfaction"] += in_steps(satisfaction[i]) if comes[i] else 0
        if counted["event_guests"]:
            self.moods[j] = as_single(counted["event_satisfaction"] / 2.0**20 / counted["event_guests"])
        return comes, counted

    def bond(self, j: int, commitment: float, guests: int, customers: int) -> float:
        """Return the commitment of a guest after the event."""
        p, half = self.p, self.p["half_company"] * customers / 1000.0
        gain = p["bond_gain"] * spirit(self.policies[j].event_budget, guests, p["half_budget"], half)
        return commitment + gain * (1.0 - commitment)

    def told(self, j: int) -> float:
        """Return what an event adds to what a guest has heard of the firm."""
        return self.p["exchange"] * (self.moods[j] - self.p["mood_from"])


def measures(counted: Mapping[str, float], visits: int, customers: int, periods: int) -> dict[str, float]:
    """Return the measures of a firm by counts in cu and shares; NaN where there is nothing to divide by."""
    members, guests, invited = (counted[name] for name in ("club_members", "event_guests", "event_invited"))
    others, cost = customers * periods - members, counted["club_letter_spend"] + counted["event_spend"]
    visits_of_others = visits - counted["member_visits"]
    ratio = math.nan
    if members and others and visits_of_others:
        ratio = counted["member_visits"] / members / (visits_of_others / others)
    return {
        "club_share": members / customers / periods,
        "event_attendance": guests / invited if invited else math.nan,
        "event_satisfaction_mean": counted["event_satisfaction"] / guests if guests else math.nan,
        "member_visit_ratio": ratio,
        "cost_per_guest": cost / guests if guests else math.nan,
    }
