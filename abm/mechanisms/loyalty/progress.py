"""Progress towards a reward: what the next visit brings, and the pull of a goal that is near.   Uses no neighbours.

Shares of members by tier are those of the period before.
Claim: effort grows with the square of the progress made, given progress included; a programme is worth what the next
visit brings in rewards, and the status that it gives.
Source: KIVETZ_URMINSKY_ZHENG_2006 (goal gradient), NUNES_DREZE_2006 (endowed progress); sizes assumed or tuned.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set
from abm.core.kernels import equation, kernel
from abm.mechanisms.loyalty.tiers import status_utility


@equation
def visit_value(basket, earn_per_visit, earn_rate, reward, goal):
    """Return what a visit brings a member in rewards, cu."""
    return (earn_per_visit + earn_rate * basket) * reward / goal


@kernel
def hasten(need, boost, lo, hi):
    """Raise the need of members who are near a goal.  need (tile,)  ratio  [written]"""
    for i in range(lo, hi):
        need[i - lo] *= boost[i]


@kernel
def add_programme(utility, program_utility, price_response, price, tier, tier_discount, lo, hi):
    """Add what programmes are worth to the utility of each firm: their pull, and the tier's discount.

    The term is `program_utility + price_response * price * tier_discount`, of the tier at the start of the period.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += program_utility[j, i]
        if any_set(tier_discount[:, j]):
            for i in range(lo, hi):
                utility[j, i - lo] += price_response[i] * price[j] * tier_discount[tier[j, i], j]


@kernel
def value_progress(
    program_utility, boost, member, points, tier, tier_members, price_response, basket, has_program, earn_per_visit,
    earn_rate, reward, goal, goal_points, progress_weight, gradient, acceleration, status_scarcity, status_step, lo, hi,
):  # fmt: skip
    """Write what each programme adds to utility and to need at the next choice.

    With progress `g = min(1, points / goal)`, a member of a programme with a reward gets
    `progress_weight * (price_response * visit_value / basket + gradient * g^2)`, and from tier 1 on the utility of its
    status, by the share of members at that tier or above. `boost` is `1 + acceleration * g^2` with the largest g of all
    her programmes.

    program_utility (m, n)  logit units  [written]      boost (n,)  ratio  [written]
    """
    for j in range(member.shape[0]):
        if has_program[j] > 0:
            for i in range(lo, hi):
                boost[i] = 1.0
    for j in range(member.shape[0]):
        if has_program[j] > 0 and reward[j] > 0.0:
            total = 0
            for k in range(tier_members.shape[0]):
                total += tier_members[k, j]
            for i in range(lo, hi):
                progress = min(np.float32(1.0), np.float32(points[j, i]) / np.float32(goal_points[j]))
                saved = visit_value(basket[i], earn_per_visit[j], earn_rate[j], reward[j], goal[j]) / basket[i]
                worth = progress_weight * (price_response[i] * saved + gradient * progress * progress)
                inside = np.float32(member[j, i])
                program_utility[j, i] = inside * worth
                boost[i] = np.fmax(boost[i], 1.0 + inside * acceleration * progress * progress)
            above = 0
            for k in range(tier_members.shape[0] - 1, 0, -1):
                above += tier_members[k, j]
                if tier_members[k, j] > 0:
                    share = np.float32(above) / np.float32(total)
                    status = status_utility(share, np.float32(k), status_scarcity, status_step)
                    for i in range(lo, hi):
                        program_utility[j, i] += status if tier[j, i] == k else np.float32(0.0)
