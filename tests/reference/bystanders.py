"""Bystanders: better treatment of some is felt by them, and by those who see it.

Claim: who is treated better than the others who are there feels her status, who is treated worse feels it unfair; both
the more, the more openly it is done, and less with a clear rule.
Source: the written specification of the theory, without a look at its kernel.

What a tier brings is cut off to whole 2**-20 baskets. Float32 may cut it off one lower or higher, so gaps of such a
size, but not of 0, are close calls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.closeness import near
from tests.reference.state import Programme

EXAMPLE: dict[str, Any] = {
    "status_weight": 0.05,
    "unfairness_weight": 0.1,
    "dulled": 0.3,
    "softened": 0.6,
    "noticed": 0.05,
}
UNIT = 2.0**-20


@dataclass(frozen=True)
class Treatment:
    """What a firm decides: how openly it treats some better, how clear the rule is; scales of cost in cu a visit."""

    visibility: float = 0.0
    rule_clarity: float = 0.0
    display_cost: float = 0.1
    clarity_cost: float = 0.1

    @property
    def cost(self) -> int:
        """Return what a visit costs, cents: - ln(1 - share) of each effort, rounded once."""
        shown = self.display_cost * -math.log(1.0 - self.visibility)
        return hundredths(shown + self.clarity_cost * -math.log(1.0 - self.rule_clarity))


def extra_benefit(programme: Programme | None, point_value: float, basket: float, price: float, tier: int) -> float:
    """Return what a tier brings on a visit beyond the base tier, in baskets, 0-1: more points, and its discount."""
    if programme is None or tier == 0:
        return 0.0
    discount = programme.discount(tier)
    at_full_price = programme.earn_per_visit + programme.earn_rate * basket * price
    paid = programme.earn_per_visit + programme.earn_rate * basket * price * (1.0 - discount)
    more = paid * (1.0 + programme.bonus(tier)) - at_full_price
    return min(1.0, max(0.0, more * point_value / basket + price * discount))


def part_noticed(benefit: float, noticed: float) -> float:
    """Return how much a benefit counts, 0-1; one of `noticed` counts half."""
    return benefit / (benefit + noticed)


def cut_off(benefit: float) -> int:
    """Return a benefit in whole 2**-20 baskets, rounded down."""
    return math.floor(benefit / UNIT)


def gap(own: int, present: Sequence[int]) -> float:
    """Return a visit's benefit less the mean of all other visits that are present, in baskets; 0 if it is alone.

    own, present : in whole 2**-20 baskets; `own` is one of those present
    """
    if len(present) < 2:
        return 0.0
    return (own - (sum(present) - own) / (len(present) - 1)) * UNIT


def is_close(gap: float) -> bool:
    """Tell whether float32 might see a gap where there is none, or on the other side."""
    return near(gap, 0.0)


def felt(gap: float, treatment: Treatment, p: dict[str, Any]) -> float:
    """Return what a gap adds to satisfaction with the visit."""
    size = part_noticed(abs(gap), p["noticed"])
    if gap > 0.0:
        return treatment.visibility * p["status_weight"] * (1.0 - p["dulled"] * treatment.rule_clarity) * size
    return -treatment.visibility * p["unfairness_weight"] * (1.0 - p["softened"] * treatment.rule_clarity) * size


def shift(own: int, present: Sequence[int], treatment: Treatment, p: dict[str, Any]) -> float:
    """Return what a visit's satisfaction is shifted by; nothing where nothing is shown, or there is nothing to show."""
    if treatment.visibility == 0.0 or not any(present):
        return 0.0
    return felt(gap(own, present), treatment, p)
