"""Modernisation of a line: all at once or by equal steps, of the whole service or of one attribute.

Claim: a line that is renewed all at once is better at once, but what was learnt of the old one counts no more in the
cost of leaving, and at first more goes wrong; a line that is renewed by steps is better later, and nothing is lost.
Source: docs/model.md, modernisation, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import effort
from tests.reference.attributes import ATTRIBUTES
from tests.reference.encounter import clipped

EXAMPLE: dict[str, Any] = {
    "ramp_periods": 52,
    "project_periods": 52,
    "relearning": 1.0,
    "trouble_periods": 8,
    "trouble_factor": 2.0,
    "learning_visits": 30.0,
    "procedural": 0.4,
    "switching_weight": 1.2,
}
BEST = 0.99  # of what quality with the level can be
HIGHEST_GAIN = 0.25  # never reached: a project for it would cost more than anything
LEARNING = 2  # of the eight facets
STEPS = 2**20
WHOLE_SERVICE = "whole_service"
COUNTS = ("modernisation_spend", "asked_anew", "learning_lost_sum", "modern_sum", "modern_periods")


@dataclass
class Firm:
    """What a firm decides of its line, and what it delivers and pays for it."""

    modernisation_gain: float = 0.0
    modernise_at: int = 52
    modernisation_kind: str = "gradual"  # or "radical"
    flagship: str = WHOLE_SERVICE
    project_scale: float = 2.0  # cu a visit
    quality: float = 0.75
    quality_cost: float = 0.0  # cu a visit
    cost_parts: tuple[float, ...] = (0.4, 0.15, 0.2, 0.15, 0.1)
    gains_from: int = 0  # period from which it has the gain
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def part(self) -> float:
        """What is modernised, as a part of what quality costs."""
        return 1.0 if self.attribute is None else self.cost_parts[self.attribute]

    @property
    def attribute(self) -> int | None:
        """The place of the flagship among attributes; None for the whole service."""
        return None if self.flagship == WHOLE_SERVICE else ATTRIBUTES.index(self.flagship)

    @property
    def radical(self) -> bool:
        """Whether the line is modernised at all, and all at once."""
        return self.modernisation_kind == "radical" and self.modernisation_gain > 0.0

    @property
    def first(self) -> int:
        """The first period of the other line."""
        return max(self.modernise_at, self.gains_from)

    def begins(self, t: int) -> bool:
        """Tell whether customers' learning is of another line from this period on."""
        return self.radical and t == self.first

    def in_trouble(self, t: int, p: Mapping[str, Any]) -> bool:
        """Tell whether more goes wrong in a period."""
        return self.radical and self.first <= t < self.first + p["trouble_periods"]

    def level(self, t: int, p: Mapping[str, Any]) -> float:
        """Return how much better the line is in a period."""
        rise = risen(self.modernisation_gain, t - self.first, self.modernisation_kind, p)
        return min(rise, max(0.0, BEST - self.quality))

    def expense(self, t: int, p: Mapping[str, Any]) -> float:
        """Return what it costs a visit in a period, cu: to deliver it, and to pay for the project while that lasts."""
        delivered = effort(self.quality + self.level(t, p)) - effort(self.quality)
        paid = self.first <= t < self.first + p["project_periods"]
        project = self.project_scale * effort(self.modernisation_gain / HIGHEST_GAIN)
        return self.part * (self.quality_cost * delivered + (project if paid else 0.0))

    def note(self, t: int, p: Mapping[str, Any], visits: int, cents: int) -> None:
        """Count a period of so many visits, each of which costs so many cents."""
        self.counts["modernisation_spend"] = visits * cents
        self.counts["modern_sum"] = math.floor(self.level(t, p) * STEPS)
        self.counts["modern_periods"] = 1


def risen(gain: float, since: int, kind: str, p: Mapping[str, Any]) -> float:
    """Return how much a line is better after so many whole periods."""
    if since < 0:
        return 0.0
    return gain if kind == "radical" else gain * min(1.0, (since + 1) / p["ramp_periods"])


def learnt(visits: float, bother: float, p: Mapping[str, Any]) -> float:
    """Return how far using the provider is learnt, as felt by whom procedure bothers more or less."""
    unfelt = 1.0 - math.exp(-visits / p["learning_visits"])
    return bother * unfelt / (1.0 + (bother - 1.0) * unfelt)


def lost(facet: float, encounters: float, before: float, bother: float, p: Mapping[str, Any]) -> float:
    """Return what of her learning a customer has lost who had used the line so often before.

    facet : of learning, as it is without modernisation
    """
    if before <= 0.0:
        return 0.0
    return max(0.0, facet - learnt(encounters - p["relearning"] * before, bother, p))


@dataclass
class Customer:
    """What a customer would lose by leaving her provider, and what she has learnt of firms; -1 = no provider."""

    provider: int
    encounters: Sequence[float]
    before: list[float]
    bother: float
    facets: list[float]
    switching_cost: float
    calculative: list[float]
    lost: float = 0.0

    def note(self, firms: Sequence[Firm], t: int) -> None:
        """Note how often she has used the lines that are modernised now."""
        for j, firm in enumerate(firms):
            if firm.begins(t):
                self.before[j] = self.encounters[j]

    def learn_anew(self, firms: Sequence[Firm], occasions: int, p: Mapping[str, Any]) -> None:
        """Take from her cost of leaving what she has lost, once; count each of her occasions in the period."""
        if not occasions:
            return
        j = self.provider
        facet = self.facets[LEARNING]
        self.lost = lost(facet, self.encounters[j], self.before[j], self.bother, p) if j >= 0 else 0.0
        if j < 0 or self.before[j] <= 0.0:
            return
        self.facets[LEARNING] -= self.lost
        self.switching_cost -= p["procedural"] / 4.0 * self.lost
        self.calculative[j] -= self.lost / 6.0
        counts = firms[j].counts
        counts["asked_anew"] = counts.get("asked_anew", 0) + occasions
        counts["learning_lost_sum"] = counts.get("learning_lost_sum", 0) + occasions * math.floor(self.lost * STEPS)

    def less_utility(self, j: int, p: Mapping[str, Any]) -> float:
        """Return by how much less a firm is worth to her."""
        return p["switching_weight"] * p["procedural"] / 4.0 * self.lost if j == self.provider else 0.0


def shift(firm: Firm, level: float, weights: Sequence[float]) -> float:
    """Return what a line adds to performance with whom attributes weigh so much, gift or not."""
    return level * (1.0 if firm.attribute is None else weights[firm.attribute])


def met(firm: Firm, level: float, before: Sequence[float]) -> list[float]:
    """Return what she meets with on each attribute."""
    return [clipped(one + level) if k == firm.attribute else one for k, one in enumerate(before)]


def risk(firm: Firm, t: int, before: float, p: Mapping[str, Any]) -> float:
    """Return the risk of a failure."""
    return before * (p["trouble_factor"] if firm.in_trouble(t, p) else 1.0)


def measures(c: Mapping[str, float], occasions: float) -> dict[str, float]:
    """Return the measures of what was counted, in units.  occasions : of customers of the firm"""
    return {
        "mean_modernisation": divided(100.0 * c["modern_sum"], c["modern_periods"]),
        "relearning_share": divided(c["asked_anew"], occasions),
        "learning_lost": divided(c["learning_lost_sum"], c["asked_anew"]),
    }


def divided(amount: float, by: float) -> float:
    """Return a quotient, NaN of nothing."""
    return amount / by if by else math.nan
