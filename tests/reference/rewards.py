"""Rewards: a loyalty programme with points, a goal and tiers.

Who joins and renews, tiers, and pressure stand in membership.py, tiers.py and pressure.py.
Claim: a programme is worth what it really pays; nearness to the goal attracts, and
hastens buying that is missing later; status is scarcity with something real behind it; losing a tier hurts more than
reaching it pleases.
Source: docs/model.md, rewards; Kivetz, Urminsky & Zheng 2006 (goal gradient); Nunes & Drèze 2006 (a task begun); Drèze
& Nunes 2009 (status); Wagner, Hennig-Thurau & Rudolph 2009 (demotion).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.encounter import clipped
from tests.reference.state import Programme

EXAMPLE: dict[str, Any] = {
    "progress_weight": 1.0,
    "gradient": 0.1,
    "begun": 0.05,
    "out_of_mind": 1.0,
    "lapse": 0.02,
    "acceleration": 0.25,
    "repayment": 0.25,
    "promotion": 0.05,
    "demotion": 0.10,
    "status_scarcity": 0.3,
    "status_step": 0.05,
    "noticed": 0.05,
    "pressure": 0.0,
}
FINEST_POINT = 0.01


def chance_lost(visits_per_period: float, expiry: int, lapse: float) -> float:
    """Return the chance that a balance is lost between two visits: the membership ends, or else silence voids it."""
    silence = math.exp(-visits_per_period * expiry) if expiry > 0 else 0.0
    return 1.0 - (1.0 - lapse) * (1.0 - silence)


def chance_paid(redemption: float, visits: float, lost: float) -> float:
    """Return the chance that a point is ever redeemed.

    She has visits - 1 gaps to live through to the goal, then claims on one of her visits: the sum over k of
    redemption ((1 - redemption)(1 - lost))^k.
    """
    return math.exp(-lost * max(0.0, visits - 1.0)) * redemption / (1.0 - (1.0 - redemption) * (1.0 - lost))


def point_value(programme: Programme, points: float, visits_per_period: float, lapse: float) -> float:
    """Return what a point is expected to be worth, cu, to who earns so many a visit: reward / goal, if it is paid."""
    lost = chance_lost(visits_per_period, programme.expiry, lapse)
    visits = programme.goal / max(points, FINEST_POINT)
    return programme.reward / programme.goal * chance_paid(programme.redemption, visits, lost)


def hassle_factor(u: float) -> float:
    """Return the exponential quantile with mean 1: how much membership bothers her."""
    return -math.log(1.0 - u)


def points_earned(programme: Programme, spend: int, tier: int) -> int:
    """Return (earn_per_visit + earn_rate spend)(1 + tier bonus) in hundredths of a point; spend in cents."""
    return math.floor(unrounded_points(programme, spend, tier) + 0.5)


def unrounded_points(programme: Programme, spend: int, tier: int) -> float:
    """Return the hundredths of a point before rounding; a cent earns earn_rate hundredths."""
    return (100.0 * programme.earn_per_visit + programme.earn_rate * spend) * (1.0 + programme.bonus(tier))


def goal_reached(points: int, programme: Programme) -> bool:
    """Tell whether a balance in hundredths buys a reward."""
    return points >= hundredths(programme.goal)


def rewards_due(points: int, programme: Programme) -> int:
    """Return how many rewards a balance in hundredths holds."""
    return points // hundredths(programme.goal)


def promoted(feeling: float, standing: float, parameters: dict[str, Any]) -> float:
    """Return trust or commitment after a promotion: + 0.05 of the standing reached, at most 1."""
    return clipped(feeling + parameters["promotion"] * standing)


def demoted(feeling: float, standing: float, parameters: dict[str, Any]) -> float:
    """Return trust or commitment after a demotion: - 0.10 of the standing lost, at least 0."""
    return clipped(feeling - parameters["demotion"] * standing)


def expired(period: int, last_purchase: int, expiry: int) -> bool:
    """Tell whether points are void: t - last purchase > expiry; 0 = never."""
    return expiry > 0 and period - last_purchase > expiry


def progress(points: int, goal: float) -> float:
    """Return g = min(1, points / goal), points in hundredths."""
    return min(1.0, points / 100.0 / goal)


def standing(scarcity: float, benefit: float, parameters: dict[str, Any]) -> float:
    """Return the status of a tier, 0-1: how few of the members have it, if it brings something.

    scarcity : 1 - share of members at this tier or above; 0 without members
    benefit  : what a visit brings at the tier, points and discount, in baskets
    """
    return scarcity * benefit / (benefit + parameters["noticed"])


def status(tier: int, standing: float, parameters: dict[str, Any]) -> float:
    """Return (0.3 + 0.05 (tier - 1)) standing; 0 for tier 0."""
    if tier == 0:
        return 0.0
    return (parameters["status_scarcity"] + parameters["status_step"] * (tier - 1)) * standing


def program_utility(
    share: float, reward: float, progress: float, *, sensitivity: float, begun: bool, parameters: dict[str, Any]
) -> float:
    """Return the pull of a programme: its worth as a cut of the price; a card not begun is out of mind but for
    what a visit alone brings.

    share, reward : the part of a reward that a visit brings, and what the reward is expected to be worth, in baskets
    sensitivity   : price_weight * price_sensitivity
    """
    worth = reward * (share + parameters["gradient"] * progress + parameters["begun"])
    felt = 1.0 if begun else 1.0 - parameters["out_of_mind"] * max(0.0, 1.0 - share)
    return parameters["progress_weight"] * sensitivity * felt * worth


def share_of_reward(points: float, given: int, goal: float) -> float:
    """Return the part of a reward that a visit of so many points brings, of which hundredths were given.

    A visit brings no more than a whole reward because of what was given, but several if it earns them.
    """
    if points == 0.0:
        return 0.0
    return points / max(goal - given / 100.0, min(points, goal), FINEST_POINT)


def haste(nearness: Iterable[tuple[float, float]], acceleration: float) -> float:
    """Return the share of need hastened by the goal that hastens most; of each: progress, and reward in baskets."""
    return max((acceleration * g * reward / (1.0 + reward) for g, reward in nearness), default=0.0)


def provision(points: int, point_value: float, reward_cost: float) -> float:
    """Return what a member's points, in hundredths, are expected to cost the firm, in cents."""
    return reward_cost * points * point_value
