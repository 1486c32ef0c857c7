"""Progress towards a reward: what points are worth, and the pull of a goal that is near.   Uses no neighbours.

Claim: a programme is worth what it really pays: a point counts by the reward that it buys and the chance that it is
ever paid.  Effort grows as less of the way remains, given points included, scaled by the value of the reward; a card
that is not begun is out of mind.  What nearness hastens is missing later.
Source: KIVETZ_URMINSKY_ZHENG_2006 (effort by the proportion of the distance that remains, the fall after the reward),
NUNES_DREZE_2006 (a task that is begun); chance of payment, repayment and all sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set, exp32
from abm.core.kernels import equation, kernel

_LEAST_VISITS = np.float32(1e-6)  # a period: who comes more rarely is not told apart
_LEAST_POINTS = np.float32(0.01)  # points are kept in whole hundredths
_NEVER = np.float32(1e-20)  # far below what moves a choice, far above where float32 gets slow


@equation
def visit_points(basket, price, earn_per_visit, earn_rate, discount, bonus):
    """Return the points that a visit is expected to bring, before they are rounded.  basket: cu"""
    return (earn_per_visit + earn_rate * basket * price * (1.0 - discount)) * (1.0 + bonus)


@equation
def points_between_visits(points, elsewhere, visits_per_period):
    """Return the points that come in from one visit to the next: of the visit, and meanwhile from elsewhere."""
    return points + elsewhere / max(visits_per_period, _LEAST_VISITS)


@equation
def chance_paid(redemption, visits, visits_per_period, expiry, lapse):
    """Return the chance that a point is ever redeemed: that the goal is reached, and the reward then claimed.

    Between two visits a balance is lost with probability `lost`: the membership ends (`lapse`, above 0), or a silence
    outlasts `expiry`, `e^(-visits_per_period * expiry)`.  The goal is reached with `e^(-lost * (visits - 1))`; a reward
    that is due is claimed on each visit with `redemption`, and lost before the next with `lost`.
    """
    silent = exp32(-visits_per_period * np.float32(expiry)) if expiry > 0 else np.float32(0.0)
    lost = lapse + (1.0 - lapse) * silent
    reached = exp32(-lost * max(visits - 1.0, np.float32(0.0)))
    reached = reached if reached > _NEVER else np.float32(0.0)
    return reached * redemption / (redemption + (1.0 - redemption) * lost)


@equation
def expected_point_value(points, reward, goal, redemption, visits_per_period, expiry, lapse):
    """Return what a point is expected to be worth to a member, cu.  points: that come in from visit to visit"""
    visits = goal / max(points, _LEAST_POINTS)
    return reward / goal * chance_paid(redemption, visits, visits_per_period, expiry, lapse)


@equation
def visit_share(points, given, goal):
    """Return the share of a reward that a visit earns: its points of those that were not given towards the reward."""
    return points / max(goal - given, min(points, goal), _LEAST_POINTS)


@equation
def pull(share, progress, has_points, gradient, begun, out_of_mind):
    """Return what a programme is worth to a member on a visit, in rewards: what it earns, and how near the goal is.

    Without points, `out_of_mind` of it is not felt, as far as the visit alone does not bring a reward.
    """
    full = share + gradient * progress + begun
    return full if has_points else full * (1.0 - out_of_mind * max(1.0 - share, np.float32(0.0)))


@equation
def hastened(progress, reward_worth, acceleration):
    """Return the share of need that nearness hastens.  reward_worth: in baskets; endless wealth hastens no more"""
    return acceleration * progress * reward_worth / (1.0 + reward_worth)


@kernel
def hasten(need, boost, lo, hi):
    """Move the need of members who are near a goal.  need (tile,)  ratio  [written]"""
    for i in range(lo, hi):
        need[i - lo] *= boost[i]


@kernel
def add_programme(utility, program_utility, price_response, price, member, tier, tier_cut, lo, hi):
    """Add what programmes are worth to the utility of each firm: their pull, and the discount of members.

    The term is `program_utility + price_response * price * tier_cut` for a member, of her tier at the start of the
    period, and `program_utility` for others.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += program_utility[j, i]
        if any_set(tier_cut[:, j]):
            for i in range(lo, hi):
                cut = np.float32(member[j, i]) * tier_cut[tier[j, i], j]
                utility[j, i - lo] += price_response[i] * price[j] * cut


@kernel
def expect_points(
    expected_points, tier, basket, price, has_program, earn_per_visit, earn_rate, tier_cut, tier_bonus, lo, hi
):
    """Write the points that a visit would bring her as a member, of her tier: 0 without a programme.

    expected_points (m, tile)  points  [written]
    """
    for j in range(expected_points.shape[0]):
        if has_program[j] == 0:
            for i in range(lo, hi):
                expected_points[j, i - lo] = 0.0
        elif any_set(tier_cut[:, j]) or any_set(tier_bonus[:, j]):
            for i in range(lo, hi):
                k = tier[j, i]
                expected_points[j, i - lo] = visit_points(
                    basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_cut[k, j], tier_bonus[k, j]
                )
        else:  # looking up discounts and bonuses that nobody has would take longer than all else here
            nothing = np.float32(0.0)
            for i in range(lo, hi):
                expected_points[j, i - lo] = visit_points(
                    basket[i], price[j], earn_per_visit[j], earn_rate[j], nothing, nothing
                )


@kernel
def value_points(
    point_value, expected_points, points_elsewhere, purchase_rate, preference, has_program, reward, goal, redemption,
    expiry, lapse, lo, hi,
):  # fmt: skip
    """Write what a point of each programme is expected to be worth: `reward / goal` and the chance that it is paid.

    She is expected to visit the firm `purchase_rate * preference` times a period, and to get `points_elsewhere` a
    period besides; 0 without a programme.

    point_value (m, n)  cu/point  [written]
    """
    for j in range(point_value.shape[0]):
        if has_program[j] > 0:
            for i in range(lo, hi):
                visits = purchase_rate[i] * preference[j, i]
                coming = points_between_visits(expected_points[j, i - lo], points_elsewhere[j, i], visits)
                point_value[j, i] = expected_point_value(
                    coming, reward[j], goal[j], redemption[j], visits, expiry[j], lapse
                )
        else:
            for i in range(lo, hi):
                point_value[j, i] = 0.0


@kernel
def value_progress(
    program_utility, haste, member, points, given, expected_points, point_value, price_response, basket, goal,
    goal_points, progress_weight, gradient, begun, out_of_mind, acceleration, lo, hi,
):  # fmt: skip
    """Write what each programme adds to utility at the next choice, and the share of need that goals hasten.

    A reward is worth `goal * point_value` to a member, and a visit brings `visit_share` of it. In baskets of hers it
    weighs as much as an equal cut of the price: `progress_weight * price_response * reward * pull`, with progress
    `min(1, points / goal)`. Need is hastened by the one goal of all her programmes that hastens it most.

    program_utility (m, n)  logit units  [written]      haste (tile,)  ratio  [written]
    """
    for i in range(lo, hi):
        haste[i - lo] = 0.0
    for j in range(member.shape[0]):
        for i in range(lo, hi):
            reward_worth = goal[j] * point_value[j, i] / basket[i]
            progress = min(np.float32(1.0), np.float32(points[j, i]) / np.float32(goal_points[j]))
            share = visit_share(expected_points[j, i - lo], 0.01 * np.float32(given[j, i]), goal[j])
            worth = reward_worth * pull(share, progress, points[j, i] > 0, gradient, begun, out_of_mind)
            inside = np.float32(member[j, i])
            program_utility[j, i] = inside * progress_weight * price_response[i] * worth
            haste[i - lo] = max(haste[i - lo], inside * hastened(progress, reward_worth, acceleration))


@kernel
def shift_need(boost, brought_forward, haste, repayment, lo, hi):
    """Let goals hasten need, and what was brought forward be missing.

    Need is `1 + haste - repayment * brought_forward` times what it would be, and `brought_forward` grows by what that
    is above 1: over time, what comes earlier and what is missing later add up to nothing.

    boost (n,)  ratio, brought_forward (n,)  periods of usual need  [written]
    """
    for i in range(lo, hi):
        shift = haste[i - lo] - repayment * brought_forward[i]
        brought_forward[i] += shift
        boost[i] = 1.0 + shift
