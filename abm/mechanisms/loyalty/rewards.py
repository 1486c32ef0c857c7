"""Rewards: earn, redeem, expire; what leaving forfeits; the books of a programme.   Uses no neighbours.

Claim: points are given for visits and spend, and exchanged for a reward when they reach the goal.  Who joins, the pull
of progress, and tiers stand on pages of their own.
Source: NUNES_DREZE_2006 (stamp cards: a reward after a number of purchases); the other rules are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.functions import any_set, whole
from abm.core.kernels import equation, kernel
from abm.core.sources import KIVETZ_URMINSKY_ZHENG_2006, PROTOTYPE, cite
from abm.core.spec import param
from abm.core.streams import philox, stream_key, uniform
from abm.mechanisms.loyalty.enrolment import draw_hassle, enrol_visitors
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.loyalty.progress import add_programme, hasten, value_progress
from abm.mechanisms.loyalty.tiers import close_window, discount_tiers, promote_visitors
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import NEVER
from abm.world.calendar import year_closes
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World


@equation(double=True)
def points_earned(spend, per_visit, per_cu, bonus):
    """Return points for a visit in whole hundredths, rounded half up.  spend: cents"""
    hundredths = 100.0 * np.float64(per_visit) + np.float64(per_cu) * spend
    return whole(np.floor(hundredths * (1.0 + np.float64(bonus)) + 0.5))


@kernel
def forfeit(
    at_stake, visit_count, visit_customer, visit_provider, points, tier, basket, purchase_rate, has_program, reward,
    goal, tier_discount, tier_window, t,
):  # fmt: skip
    """Add what leaving would forfeit: points, and a tier's discounts to the end of its window.

    A point is worth `reward / goal`; a tier is worth `tier_discount * basket * purchase_rate` for each period left in
    the window.

    at_stake (visits,)  cu  [written]
    """
    for v in range(visit_count[0] if any_set(has_program) else 0):
        i, j = visit_customer[v], max(visit_provider[v], 0)
        left = np.float32(tier_window[j] - t % tier_window[j])
        benefits = tier_discount[tier[j, i], j] * basket[i] * purchase_rate[i] * left
        at_stake[v] += 0.01 * np.float32(points[j, i]) * reward[j] / goal[j] + benefits


@kernel(double=True)
def reward_visits(
    points_at, visit_points, visit_reward, member_at, visit_count, visit_customer, visit_nth, visit_firm, visit_pair,
    visit_spend, tier_at, customer_id, has_program, earn_rate, earn_per_visit, goal_points, redemption, reward_expense,
    tier_bonus, points_issued, points_redeemed, points_outstanding, rewards_redeemed, rewards_cost, key, replication, t,
):  # fmt: skip
    """Credit and redeem, visit by visit, if any firm has a programme.

    A member, also one who has just joined, earns points, with the bonus of her tier at the start of the period. If the
    balance then reaches `goal`, she redeems one reward with probability `redemption` (draw 1, block nth, word 0): the
    balance falls by `goal`, whatever the reward is worth. Balances are in whole hundredths of a point.

    points_at (pairs,)  1/100 point  [written]      visit_points (visits,)  1/100 point, if a member  [written]
    visit_reward (visits,)  cents  [written]
    points_issued, points_redeemed, points_outstanding, rewards_redeemed, rewards_cost  tallies [written]
    """
    count = visit_count[0] if any_set(has_program) else 0
    raised = any_set(tier_bonus.ravel())
    for v in range(count):
        j = visit_firm[v]
        bonus = tier_bonus[tier_at[visit_pair[v]], j] if raised else np.float32(0.0)
        visit_points[v] = points_earned(visit_spend[v], earn_per_visit[j], earn_rate[j], bonus)
        visit_reward[v] = 0
    for v in range(count):
        j, pair = visit_firm[v], visit_pair[v]
        if member_at[pair] > 0 and has_program[j] > 0:
            balance = points_at[pair] + visit_points[v]
            if balance >= goal_points[j]:
                word = philox(customer_id[visit_customer[v]], t, (1 << 16) | visit_nth[v], replication, key)[0]
                if uniform(word) < redemption[j]:
                    balance -= goal_points[j]
                    points_outstanding[j] -= goal_points[j]
                    points_redeemed[j] += goal_points[j]
                    rewards_redeemed[j] += 1
                    rewards_cost[j] += reward_expense[j]
                    visit_reward[v] = reward_expense[j]
            points_at[pair] = balance
        else:
            visit_points[v] = 0
    for j in range(has_program.shape[0]):
        total = 0
        for v in range(count):
            total += visit_points[v] if visit_firm[v] == np.int64(j) else 0
        points_issued[j] += total
        points_outstanding[j] += total


@kernel
def add_reward_cost(visit_cost, visit_reward, visit_count, has_program):
    """Add what the reward costs that a visitor is given.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0] if any_set(has_program) else 0):
        visit_cost[v] += visit_reward[v]


@kernel
def expire_points(points, last_purchase, has_program, expiry, points_expired, points_outstanding, lo, hi, t):
    """Let the points of silent members lapse: if `t - last_purchase > expiry`; with an expiry of 0 never.

    points (m, n)  [written]      points_expired, points_outstanding  tallies [written]
    """
    for j in range(points.shape[0]):
        if has_program[j] > 0 and expiry[j] > 0:
            lapsed = 0
            for i in range(lo, hi):
                gone = points[j, i] if t - last_purchase[j, i] > expiry[j] else 0
                points[j, i] -= gone
                lapsed += gone
            points_expired[j] += lapsed
            points_outstanding[j] -= lapsed


@kernel(per="share")
def count_members(member, has_program, members, lo, hi):
    """Count members.  members  tally [written]"""
    for j in range(member.shape[0]):
        if has_program[j] > 0:
            found = 0
            for i in range(lo, hi):
                found += member[j, i]
            members[j] += found


@kernel(per="market")
def count_tiers(tier_members, member, tier, has_program, tier_threshold):
    """Count members by tier.  tier_members (5, m)  [written]"""
    for j in range(member.shape[0]):
        base = 0
        if has_program[j] > 0:
            for i in range(member.shape[1]):
                base += member[j, i]
        for k in range(1, tier_members.shape[0]):
            raised = 0
            if tier_threshold[k, j] < NEVER:
                for i in range(member.shape[1]):
                    raised += 1 if tier[j, i] == k else 0
            tier_members[k, j] = raised
            base -= raised
        tier_members[0, j] = base


@kernel
def compare_members(member, year_spend, member_spend, member_wallet, periods_per_year, burn_in, periods, lo, hi, t):
    """When the books close, count what members spent.  member_spend, member_wallet  tallies [written]"""
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        for i in range(lo, hi):
            total = 0
            for j in range(member.shape[0]):
                total += year_spend[j, i]
            for j in range(member.shape[0]):
                member_spend[j] += year_spend[j, i] if member[j, i] > 0 else 0
                member_wallet[j] += total if member[j, i] > 0 else 0


@kernel(per="market")
def book_membership(tier_members, member_cost, membership):
    """Book the administration of members, rounded once a period.  membership  tally [written]"""
    for j in range(member_cost.shape[0]):
        members = 0
        for k in range(tier_members.shape[0]):
            members += tier_members[k, j]
        membership[j] += (members * member_cost[j] + 50) // 100


class Rewards(Mechanism):
    """What loyalty programmes do: membership, points, tiers, and their pull."""

    name = "rewards"
    policy = LoyaltyProgram
    standard = True
    owns = (
        Column("member", ("firm", "customer"), 0, "bool", "member of the firm's programme", "uint8"),
        Column("points", ("firm", "customer"), 0, "1/100 point", "unredeemed balance", "int64"),
        Column("tier", ("firm", "customer"), 0, "level", "level in the programme, 0 = base", "uint8"),
        Column("qualifying_spend", ("firm", "customer"), 0, "cents", "spend in the qualifying window", "int64"),
        Column("program_utility", ("firm", "customer"), 0, "logit units", "what the programme adds to utility"),
        Column("boost", ("customer",), 1, "ratio", "factor on need near a goal"),
        Column("hassle_factor", ("customer",), 1, "ratio", "how much membership bothers her, mean 1"),
        Column("tier_members", ("tier", "firm"), 0, "customers", "members by tier", "int64"),
        Column("visit_reward", ("visit",), 0, "cents", "cost of the reward that the visitor is given", "int64"),
    )
    scratch = (Column("visit_points", ("visit",), 0, "1/100 point", "what the visit brings a member", "int64"),)
    writes = ("trust", "affective_commitment")
    counts = (
        Tally("enrolled", "customers", "customers who joined the programme"),
        Tally("members", "customers", "members at the end of the period"),
        Tally("points_issued", "points", "points credited, endowments included", 0.01),
        Tally("points_redeemed", "points", "points exchanged for rewards", 0.01),
        Tally("points_expired", "points", "points that lapsed", 0.01),
        Tally("points_outstanding", "points", "unredeemed points at the end of the period", 0.01, stock=True),
        Tally("rewards_redeemed", "rewards", "rewards given out"),
        Tally("rewards_cost", "cu", "cost of rewards given out", CENT, account="lever"),
        Tally("membership", "cu", "administration of members", CENT, account="lever"),
        Tally("member_spend", "cu", "spent by members at the firm in the year", CENT),
        Tally("member_wallet", "cu", "spent by members in the category in the year", CENT),
        Tally("demoted", "customers", "members moved down a tier or more"),
    )
    progress_weight: float = param(
        1.0, unit="ratio", bounds=(0, 50), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="weight of the programme in utility",
    )  # fmt: skip
    gradient: float = param(
        0.2,
        unit="logit units",
        bounds=(0, 10),
        evidence="calibrated",
        source=cite(
            KIVETZ_URMINSKY_ZHENG_2006,
            "abstract: effort rises with proportion of distance covered; size from the prototype",
        ),
        doc="added utility just before the goal",
    )
    acceleration: float = param(
        0.25, unit="ratio", bounds=(0, 10), evidence="assumed", doc="added need just before the goal"
    )
    status_scarcity: float = param(
        0.3, unit="logit units", bounds=(0, 10), evidence="assumed", doc="utility of a tier that nobody else has"
    )
    status_step: float = param(
        0.05, unit="logit units/tier", bounds=(0, 10), evidence="assumed", doc="utility of each tier below one's own"
    )
    promotion: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust and commitment gained by promotion"
    )
    demotion: float = param(
        0.10, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust and commitment lost by demotion"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing without a programme; else terms of sums, the till, what lapses, and books."""
        if not any(policies):
            return ()
        need = ((Phase.NEED, hasten),)
        terms = ((Phase.STAKES, forfeit), (Phase.VALUATION, add_programme), (Phase.DELIVERY, discount_tiers))
        till = tuple((Phase.LOYALTY, k) for k in (enrol_visitors, reward_visits, promote_visitors))
        windows = ((Phase.WINDOWS, close_window), (Phase.WINDOWS, expire_points))
        standing = ((Phase.STANDING, count_members), (Phase.STANDING, count_tiers), (Phase.PROGRESS, value_progress))
        books = ((Phase.RELATION, add_reward_cost), (Phase.CLOSING, compare_members), (Phase.BOOKS, book_membership))
        return (*need, *terms, *till, *windows, *standing, *books)

    def begin(self, world: World, seed: int) -> None:
        """Draw each customer's dislike of membership."""
        c = world.customers
        if "hassle_factor" in c:
            draw_hassle(c.hassle_factor, c.customer_id, stream_key(seed, self.name), world.replication)

    def settle(self, world: World, rows: np.ndarray) -> None:
        """Let the points of customers who leave the market lapse."""
        if "points" in world.customers:
            lapsed = world.customers.points[:, rows]
            world.count("points_expired", rows, lapsed)
            world.count("points_outstanding", rows, -lapsed)
