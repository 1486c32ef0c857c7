"""Tiers: how much spend a tier takes, of whom, and what a visit brings at it.

Claim: members rise by what they spend in a window, or by that and the class that the firm has put them in, whose factor
makes thresholds lower or higher.
Source: the written specification of the theory, without a look at its kernel.

A factor is kept as float32 keeps it, because rounding to whole cents is a threshold on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tests.reference import rewards
from tests.reference.accounts import hundredths
from tests.reference.closeness import as_single
from tests.reference.membership import tier_cut, visit_points
from tests.reference.state import Programme


def own_factor(programme: Programme, customer_class: int) -> float:
    """Return the factor on a customer's thresholds: her class's, 1 = A to 4 = D; 1 where nothing is said of it."""
    if programme.tier_rule != "class_and_spend" or not 1 <= customer_class <= len(programme.class_factor):
        return 1.0
    return as_single(programme.class_factor[customer_class - 1])


def asked(threshold: float, factor: float = 1.0) -> int:
    """Return the cents that a tier takes: its threshold in whole cents, times a factor, half rounded up."""
    return math.floor(hundredths(threshold) * factor + 0.5)


def tier_reached(spend: int, thresholds: Sequence[float], factor: float = 1.0) -> int:
    """Return the highest tier that a window's spend, cents, is enough for; 0 if for none."""
    found = 0
    for k, threshold in enumerate(thresholds, start=1):
        if spend >= asked(threshold, factor):
            found = k
    return found


def tier_benefit(programme: Programme, point_value: float, basket: float, price: float, tier: int) -> float:
    """Return what a visit brings a member of a tier, in baskets of hers: points, and what she is spared."""
    points = visit_points(programme, basket, price, tier)
    return points * point_value / basket + price * tier_cut(programme, tier)


def share_at_or_above(tiers: Sequence[int], k: int) -> float:
    """Return the share of members, given by their tiers, who are at tier k or above; 1 without members."""
    return sum(tier >= k for tier in tiers) / len(tiers) if tiers else 1.0


def title(tier: int, share: float, benefit: float, p: dict[str, Any]) -> float:
    """Return the utility of a tier's status, of which so large a share of members is at it or above."""
    return rewards.status(tier, rewards.standing(1.0 - share, benefit, p), p)
