"""The books of programmes: who is a member, what members spend, what is owed for points.   Uses no neighbours.

Claim: points that members hold are owed; a provision for them is a cost when they are issued, not when they are paid.
Source: definitions; that the provision is what members expect their points to be worth is assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import whole
from abm.core.kernels import kernel
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.kpis.value import programme_cost
from abm.mechanisms.policy import NEVER
from abm.world.calendar import year_closes


@kernel(per="share")
def count_members(member, has_program, members, lo, hi):
    """Count members.  members  tally [written]"""
    for j in range(member.shape[0]):
        if has_program[j] > 0:
            found = np.int64(0)
            for i in range(lo, hi):
                found += np.int64(member[j, i])  # of 8 bits, which without a compiler stay 8
            members[j] += found


@kernel(per="market")
def count_tiers(tier_members, member, tier, has_program, tier_threshold):
    """Count members by tier.  tier_members (5, m)  [written]"""
    for j in range(member.shape[0]):
        base = np.int64(0)
        if has_program[j] > 0:
            for i in range(member.shape[1]):
                base += np.int64(member[j, i])
        for k in range(1, tier_members.shape[0]):
            raised = np.int64(0)
            if tier_threshold[k, j] < NEVER:
                for i in range(member.shape[1]):
                    raised += 1 if tier[j, i] == k else 0
            tier_members[k, j] = raised
            base -= raised
        tier_members[0, j] = base


@kernel
def compare_members(
    member, year_spend, year_purchases, member_spend, member_wallet, member_buyers, periods_per_year, burn_in, periods,
    lo, hi, t,
):  # fmt: skip
    """When the books close, count what members spent here and anywhere, and who of them bought here.

    Who has a purchase here since the books were opened is one of the `member_buyers`, whatever she paid.

    member_spend, member_wallet, member_buyers  tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        for i in range(lo, hi):
            total = 0
            for j in range(member.shape[0]):
                total += year_spend[j, i]
            for j in range(member.shape[0]):
                member_spend[j] += year_spend[j, i] if member[j, i] > 0 else 0
                member_wallet[j] += total if member[j, i] > 0 else 0
                member_buyers[j] += 1 if member[j, i] > 0 and year_purchases[j, i] > 0 else 0


@kernel(per="market")
def book_membership(tier_members, member_cost, membership):
    """Book the administration of members, rounded once a period.  membership  tally [written]"""
    for j in range(member_cost.shape[0]):
        members = 0
        for k in range(tier_members.shape[0]):
            members += tier_members[k, j]
        membership[j] += (members * member_cost[j] + 50) // 100


@kernel(double=True)
def set_aside(
    provided, points, point_value, has_program, reward_cost, provision, provision_held, lo, hi,
):  # fmt: skip
    """Hold for each member's points what they are expected to cost: `reward_cost * points * point_value`, in cents.

    What a period books is the change: a cost when points are issued, a release when they lapse or when the cost of
    their reward is booked, or when they come to be worth less. What a withdrawn programme owes stays owed.

    provided (m, n)  cents  [written]      provision, provision_held  tallies [written]
    """
    for j in range(points.shape[0]):
        if has_program[j] > 0:
            change = 0
            for i in range(lo, hi):
                worth = np.float64(points[j, i]) * np.float64(point_value[j, i])  # of hundredths of points: cents
                owed = whole(np.floor(np.float64(reward_cost[j]) * worth + 0.5))
                change += owed - provided[j, i]
                provided[j, i] = owed
            provision[j] += change
            provision_held[j] += change


@kpi(
    unit="cu/cu", better="more",
    nan="no year closes in the period, a programme costs nothing, or all buyers are members, or none",
)  # fmt: skip
def naive_programme_roi(c: Tallied) -> FloatArray:
    """(Gain - cost) / cost of a programme, as a firm would work it out that compares its members with its other buyers.

    Gain: the margin on what members spent in the year, before discounts, less that of as many other buyers, and fees of
    membership; the margin is that of all visits, 1 - goods / (revenue + discounts). Cost: `programme_cost`. What they
    would have bought without a programme is in nobody's books: the true return is that of a paired comparison.
    """
    year = c.year / c.population
    other_spend, other_buyers = c.wallet_own - c.member_spend, c.buyers - c.member_buyers
    more = (c.member_spend - c.member_buyers * other_spend / other_buyers) / c.customers_at_close
    margin = 1.0 - c.goods / (c.revenue + c.discounts)
    gain = margin * (more + c.discounts * year) + c.membership_fees * year
    cost = programme_cost(c)
    return gain / cost - 1.0
