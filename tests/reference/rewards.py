"""Rewards: a loyalty programme with points, a goal and tiers.

Claim: who gains most joins; nearness to the goal attracts and quickens buying; status fades as more people
share it; losing a tier hurts more than reaching it pleases.
Source: docs/model.md, rewards; Kivetz, Urminsky & Zheng 2006 (goal gradient); Drèze & Nunes 2009 (status);
Wagner, Hennig-Thurau & Rudolph 2009 (demotion).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.encounter import clipped
from tests.reference.state import Programme

EXAMPLE: dict[str, Any] = {
    "progress_weight": 1.0,
    "gradient": 0.3,
    "acceleration": 0.25,
    "promotion": 0.05,
    "demotion": 0.10,
    "status_scarcity": 0.3,
    "status_step": 0.05,
}


def benefit_per_visit(programme: Programme, basket: float) -> float:
    """Return v = (earn_per_visit + earn_rate basket) reward / goal, cu a visit; 0 without a reward."""
    if not programme.has_reward:
        return 0.0
    points = programme.earn_per_visit + programme.earn_rate * basket
    return points * programme.reward / programme.goal


def yearly_benefit(purchase_rate: float, periods_per_year: float, benefit: float) -> float:
    """Return what the programme would bring her in a year, cu."""
    return purchase_rate * periods_per_year * benefit


def hassle_factor(u: float) -> float:
    """Return the exponential quantile with mean 1: how much membership bothers her."""
    return -math.log(1.0 - u)


def joins(automatic: bool, yearly_benefit: float, hassle: float, hassle_factor: float) -> bool:
    """Tell whether a visitor becomes a member: everybody, or whose benefit exceeds the hassle."""
    return automatic or yearly_benefit > hassle * hassle_factor


def points_earned(programme: Programme, spend: int, tier: int) -> int:
    """Return (earn_per_visit + earn_rate spend)(1 + tier bonus) in hundredths of a point; spend in cents."""
    return math.floor(unrounded_points(programme, spend, tier) + 0.5)


def unrounded_points(programme: Programme, spend: int, tier: int) -> float:
    """Return the hundredths of a point before rounding; a cent earns earn_rate hundredths."""
    return (100.0 * programme.earn_per_visit + programme.earn_rate * spend) * (1.0 + programme.bonus(tier))


def goal_reached(points: int, programme: Programme) -> bool:
    """Tell whether a balance in hundredths buys a reward."""
    return points >= hundredths(programme.goal)


def tier_earned(qualifying_spend: int, thresholds: Sequence[float]) -> int:
    """Return the highest tier whose threshold (cu) the window's spend (cents) has reached, 0 if none."""
    return max((k for k, cu in enumerate(thresholds, start=1) if qualifying_spend >= hundredths(cu)), default=0)


def promoted(feeling: float, parameters: dict[str, Any]) -> float:
    """Return trust or commitment after a promotion: + 0.05, at most 1."""
    return clipped(feeling + parameters["promotion"])


def demoted(feeling: float, parameters: dict[str, Any]) -> float:
    """Return trust or commitment after a demotion: - 0.10, at least 0."""
    return clipped(feeling - parameters["demotion"])


def expired(period: int, last_purchase: int, expiry: int) -> bool:
    """Tell whether points are void: t - last purchase > expiry; 0 = never."""
    return expiry > 0 and period - last_purchase > expiry


def progress(points: int, goal: float) -> float:
    """Return g = min(1, points / goal), points in hundredths."""
    return min(1.0, points / 100.0 / goal)


def status(tier: int, share: float, parameters: dict[str, Any]) -> float:
    """Return 0.3 (1 - share of members at this tier or above) + 0.05 (tier - 1); 0 for tier 0."""
    if tier == 0:
        return 0.0
    return parameters["status_scarcity"] * (1.0 - share) + parameters["status_step"] * (tier - 1)


def program_utility(economic: float, progress: float, status: float, parameters: dict[str, Any]) -> float:
    """Return L = progress_weight (economic + gradient g^2) + status.

    economic : price_weight * price_sensitivity * v / basket, what the reward is worth in utility
    """
    return parameters["progress_weight"] * (economic + parameters["gradient"] * progress**2) + status


def boost(progresses: Iterable[float], acceleration: float) -> float:
    """Return 1 + acceleration (largest g)^2: buying quickens near a goal."""
    return 1.0 + acceleration * max(progresses, default=0.0) ** 2
