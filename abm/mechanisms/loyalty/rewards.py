"""Rewards: enrol, earn, redeem, expire; progress towards a goal; tiers.   Synchronous; uses no neighbours.

Shares of members by tier are those of the period before.

Claim: customers join if the benefit exceeds the bother, so heavy buyers select themselves; effort grows with the
square of the progress made, given progress included.  Tiers stand on a page of their own.
Source: KIVETZ_URMINSKY_ZHENG_2006 (goal gradient), NUNES_DREZE_2006 (endowed progress), LEENHEER_2007
(self-selection); sizes assumed or tuned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.functions import any_set, log32, whole
from abm.core.kernels import equation, kernel
from abm.core.sources import KIVETZ_URMINSKY_ZHENG_2006, PROTOTYPE, cite
from abm.core.spec import param
from abm.core.streams import philox, stream_key, uniform, uniform4
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.loyalty.tiers import close_window, discount_tiers, promote_visitors, status_utility
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import NEVER
from abm.world.calendar import year_closes
from abm.world.columns import CENT, Column, Tally, World


@equation(double=True)
def points_earned(spend, per_visit, per_cu, bonus):
    """Return points for a visit in whole hundredths, rounded half up.  spend: cents"""
    hundredths = 100.0 * np.float64(per_visit) + np.float64(per_cu) * spend
    return whole(np.floor(hundredths * (1.0 + np.float64(bonus)) + 0.5))


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


@kernel(double=True)
def reward_visits(
    member_at, points_at, visit_points, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, visit_spend,
    tier_at, purchase_rate, basket, hassle_factor, customer_id, has_program, automatic, hassle, earn_rate,
    earn_per_visit, endowment, goal, goal_points, reward, redemption, reward_expense, tier_bonus, periods_per_year,
    enrolled, points_issued, points_redeemed, points_outstanding, rewards_redeemed, rewards_cost, key, replication, t,
):  # fmt: skip
    """Enrol, credit and redeem, visit by visit, if any firm has a programme.

    Who is no member joins if enrolment is automatic, or if her yearly benefit `purchase_rate * periods_per_year *
    visit_value` exceeds `hassle * hassle_factor`; she starts with `endowment` points. A member, also one who has just
    joined, earns points, with the bonus of her tier at the start of the period. If the balance then reaches `goal`, she
    redeems one reward with probability `redemption` (draw 1, block nth, word 0): the balance falls by `goal`, whatever
    the reward is worth. Balances are in whole hundredths of a point.

    member_at (pairs,), points_at (pairs,)  1/100 point  [written]      visit_points (visits,)  1/100 point, if a member
    [written]
    enrolled, points_issued, points_redeemed, points_outstanding, rewards_redeemed, rewards_cost  tallies [written]
    """
    count = visit_count[0] if any_set(has_program) else 0
    raised = any_set(tier_bonus.ravel())
    for v in range(count):
        j = visit_firm[v]
        bonus = tier_bonus[tier_at[visit_pair[v]], j] if raised else np.float32(0.0)
        visit_points[v] = points_earned(visit_spend[v], earn_per_visit[j], earn_rate[j], bonus)
    for v in range(count):
        j, pair = visit_firm[v], visit_pair[v]
        endowed = 0
        if member_at[pair] == 0 and has_program[j] > 0:
            i = visit_customer[v]
            value = visit_value(basket[i], earn_per_visit[j], earn_rate[j], reward[j], goal[j])
            benefit = purchase_rate[i] * np.float32(periods_per_year) * value
            if automatic[j] > 0 or benefit > hassle[j] * hassle_factor[i]:
                member_at[pair] = 1
                endowed = endowment[j]
                enrolled[j] += 1
        issued = 0
        if member_at[pair] > 0 and has_program[j] > 0:
            issued = visit_points[v] + endowed
            balance = points_at[pair] + issued
            if balance >= goal_points[j]:
                word = philox(customer_id[visit_customer[v]], t, (1 << 16) | visit_nth[v], replication, key)[0]
                if uniform(word) < redemption[j]:
                    balance -= goal_points[j]
                    points_outstanding[j] -= goal_points[j]
                    points_redeemed[j] += goal_points[j]
                    rewards_redeemed[j] += 1
                    rewards_cost[j] += reward_expense[j]
            points_at[pair] = balance
        visit_points[v] = issued
    for j in range(has_program.shape[0]):
        total = 0
        for v in range(count):
            total += visit_points[v] if visit_firm[v] == np.int64(j) else 0
        points_issued[j] += total
        points_outstanding[j] += total


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


@kernel
def draw_hassle(hassle_factor, customer_id, key, replication):
    """Draw how much each customer minds membership: exponential with mean 1 (period 0, draw 0, block 0, word 0).

    hassle_factor (n,)  [written]
    """
    for i in range(customer_id.shape[0]):
        hassle_factor[i] = -log32(1.0 - uniform4(key, customer_id[i], 0, 0, replication)[0])


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
        till = ((Phase.LOYALTY, reward_visits), (Phase.LOYALTY, promote_visitors))
        windows = ((Phase.WINDOWS, close_window), (Phase.WINDOWS, expire_points))
        standing = ((Phase.STANDING, count_members), (Phase.STANDING, count_tiers), (Phase.PROGRESS, value_progress))
        books = ((Phase.CLOSING, compare_members), (Phase.BOOKS, book_membership))
        return (*need, *terms, *till, *windows, *standing, *books)

    def begin(self, world: World, seed: int) -> None:
        """Draw each customer's dislike of membership."""
        c = world.customers
        draw_hassle(c.hassle_factor, c.customer_id, stream_key(seed, self.name), world.replication)
