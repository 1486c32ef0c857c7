"""Rewards: earn, redeem, expire; what leaving forfeits.   Uses no neighbours.

Claim: points are given for visits and spend, and exchanged for rewards when they reach the goal.  Who joins, the pull
of progress, tiers, and the books of a programme stand on pages of their own.
Source: NUNES_DREZE_2006 (stamp cards: a reward after a number of purchases); the other rules are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.functions import any_set, whole
from abm.core.kernels import equation, kernel
from abm.core.sources import KIVETZ_URMINSKY_ZHENG_2006, NUNES_DREZE_2006, TAYLOR_NESLIN_2005
from abm.core.spec import param
from abm.core.streams import philox, stream_key, uniform
from abm.mechanisms.loyalty.enrolment import draw_hassle, enrol_visitors, renew_memberships, renewal_rate
from abm.mechanisms.loyalty.membership import (
    book_membership,
    compare_members,
    count_members,
    count_tiers,
    naive_programme_roi,
    set_aside,
)
from abm.mechanisms.loyalty.pressure import feel_pressure
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.loyalty.progress import (
    add_programme,
    expect_points,
    hasten,
    shift_need,
    value_points,
    value_progress,
)
from abm.mechanisms.loyalty.tiers import close_window, discount_tiers, promote_visitors, rate_classes, value_status
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World


@equation(double=True)
def points_earned(spend, per_visit, per_cu, bonus):
    """Return points for a visit in whole hundredths, rounded half up.  spend: cents"""
    hundredths = 100.0 * np.float64(per_visit) + np.float64(per_cu) * spend
    return whole(np.floor(hundredths * (1.0 + np.float64(bonus)) + 0.5))


@kernel
def forfeit(
    at_stake, visit_count, visit_customer, visit_provider, points, point_value, tier, basket, purchase_rate,
    has_program, tier_discount, tier_window, t,
):  # fmt: skip
    """Add what leaving would forfeit: points, and a tier's discounts to the end of its window.

    A point is worth what she expects of it, `point_value`; a tier is worth `tier_discount * basket * purchase_rate` for
    each period left in the window. `member_discount` is not at stake: who buys elsewhere remains a member.

    at_stake (visits,)  cu  [written]
    """
    for v in range(visit_count[0] if any_set(has_program) else 0):
        i, j = visit_customer[v], max(visit_provider[v], 0)
        left = np.float32(tier_window[j] - t % tier_window[j])
        benefits = tier_discount[tier[j, i], j] * basket[i] * purchase_rate[i] * left
        at_stake[v] += 0.01 * np.float32(points[j, i]) * point_value[j, i] + benefits


@kernel(double=True)
def reward_visits(
    points_at, given_at, visit_points, visit_reward, member_at, visit_count, visit_customer, visit_nth, visit_firm,
    visit_pair, visit_spend, tier_at, customer_id, has_program, earn_rate, earn_per_visit, goal_points, redemption,
    reward_expense, tier_bonus, points_issued, points_redeemed, points_outstanding, rewards_redeemed, rewards_cost, key,
    replication, t,
):  # fmt: skip
    """Credit and redeem, visit by visit, if any firm has a programme.

    Who was a member when the period began earns points, with the bonus of her tier then. If the balance reaches `goal`,
    she claims with probability `redemption` (draw 1, block nth, word 0) as many rewards as it holds: it falls by
    `goal` for each, whatever a reward is worth. Balances are in whole hundredths of a point.

    points_at, given_at (pairs,)  1/100 point  [written]      visit_points (visits,)  1/100 point, if a member [written]
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
                    due = balance // goal_points[j]
                    balance -= due * goal_points[j]
                    given_at[pair] = 0
                    points_outstanding[j] -= due * goal_points[j]
                    points_redeemed[j] += due * goal_points[j]
                    rewards_redeemed[j] += due
                    visit_reward[v] = due * reward_expense[j]
                    rewards_cost[j] += visit_reward[v]
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


class Rewards(Mechanism):
    """What loyalty programmes do: membership, points, tiers, and their pull."""

    name = "rewards"
    serves = ("E28",)
    policy = LoyaltyProgram
    standard = True
    owns = (
        Column("member", ("firm", "customer"), 0, "bool", "member of the firm's programme", "uint8"),
        Column("joined", ("firm", "customer"), -1, "period", "when she joined the programme, -1 = never", "int32"),
        Column("points", ("firm", "customer"), 0, "1/100 point", "unredeemed balance", "int64"),
        Column("given", ("firm", "customer"), 0, "1/100 point", "points given towards the next reward", "int32"),
        Column("tier", ("firm", "customer"), 0, "level", "level in the programme, 0 = base", "uint8"),
        Column("tier_factor", ("firm", "customer"), 1, "ratio", "on her thresholds, where they go by class"),
        Column("qualifying_spend", ("firm", "customer"), 0, "cents", "spend in the qualifying window", "int64"),
        Column("points_elsewhere", ("firm", "customer"), 0, "points/period", "that she gets without visits here"),
        Column("point_value", ("firm", "customer"), 0, "cu/point", "what she expects a point to be worth"),
        Column("provided", ("firm", "customer"), 0, "cents", "held for what her points are expected to cost", "int64"),
        Column("program_utility", ("firm", "customer"), 0, "logit units", "what the programme adds to utility"),
        Column("boost", ("customer",), 1, "ratio", "factor on need: above 1 near a goal, below 1 after it"),
        Column("brought_forward", ("customer",), 0, "periods of need", "need satisfied ahead of time because of goals"),
        Column("hassle_factor", ("customer",), 1, "ratio", "how much membership bothers her, mean 1"),
        Column("tier_members", ("tier", "firm"), 0, "customers", "members by tier", "int64"),
        Column("visit_reward", ("visit",), 0, "cents", "cost of the reward that the visitor is given", "int64"),
    )
    scratch = (
        Column("visit_points", ("visit",), 0, "1/100 point", "what the visit brings a member", "int64"),
        Column("haste", ("row",), 0, "share", "need that goals hasten"),
        Column("expected_points", ("firm", "row"), 0, "points", "what a visit would bring a member"),
    )
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
        Tally("provision", "cu", "set aside for outstanding points, less what is released", CENT, account="lever"),
        Tally("provision_held", "cu", "provision for outstanding points at the end of the period", CENT, stock=True),
        Tally("membership", "cu", "administration of members", CENT, account="lever"),
        Tally("member_spend", "cu", "spent by members at the firm in the year", CENT),
        Tally("member_wallet", "cu", "spent by members in the category in the year", CENT),
        Tally("member_buyers", "customers", "members who bought at the firm in the year that closes"),
        Tally("demoted", "customers", "members moved down a tier or more"),
        Tally("membership_fees", "cu", "fees of members for a year of membership", CENT, account="revenue"),
        Tally("renewals_due", "customers", "members whose fee for another year was due"),
        Tally("renewed", "customers", "of these, who paid it"),
        Tally("memberships_ended", "customers", "members who did not, or who left the market"),
    )
    kpis = (renewal_rate, naive_programme_roi)
    progress_weight: float = param(
        1.0, unit="ratio", bounds=(0, 50), evidence="assumed",
        doc="weight of what a programme pays against an equal cut of the price",
    )  # fmt: skip
    gradient: float = param(
        0.07, unit="ratio", bounds=(0, 10), evidence="assumed",
        source=cite(KIVETZ_URMINSKY_ZHENG_2006, "abstract: effort by the proportion of the distance that remains"),
        doc="share of a reward's value that pulls just before the goal, in proportion to the way done",
    )  # fmt: skip
    begun: float = param(
        0.05, unit="ratio", bounds=(0, 10), evidence="assumed",
        source=cite(NUNES_DREZE_2006, "abstract: a task begun and incomplete rather than not yet begun"),
        doc="share of a reward's value that pulls once there are points, also such as were given",
    )  # fmt: skip
    out_of_mind: float = param(
        1.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="part of a programme's pull that is not felt without points, where a visit alone brings no reward",
    )  # fmt: skip
    lapse: float = param(
        0.02, unit="1/visit", bounds=(1e-4, 1), evidence="assumed",
        doc="chance, as members see it, that membership ends between two visits with nothing paid",
    )  # fmt: skip
    acceleration: float = param(
        0.25, unit="share", bounds=(0, 1), evidence="assumed",
        doc="need hastened just before a goal of endless value; half of it for a reward worth a basket",
    )  # fmt: skip
    repayment: float = param(
        0.25, unit="1/period", bounds=(0.01, 1), evidence="assumed",
        doc="part of what was brought forward that is missing in the next period",
    )  # fmt: skip
    status_scarcity: float = param(
        0.15, unit="logit units", bounds=(0, 10), evidence="assumed", doc="utility of a tier that nobody else has"
    )
    status_step: float = param(
        0.05, unit="logit units/tier", bounds=(0, 10), evidence="assumed", doc="utility of each tier below one's own"
    )
    noticed: float = param(
        0.05, unit="baskets/visit", bounds=(1e-4, 10), evidence="assumed",
        doc="benefit of a tier at which its status counts half",
    )  # fmt: skip
    promotion: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust and commitment gained by a tier of full status"
    )
    pressure: float = param(
        0.0, unit="ratio", bounds=(0, 10), evidence="assumed",
        source=cite(TAYLOR_NESLIN_2005, "points pressure, from memory: sign"),
        doc="weight of what a tier within reach is worth in the coming window against as much money; 0 = none",
    )  # fmt: skip
    demotion: float = param(
        0.10, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust and commitment lost with a tier of full status"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing without a programme; else terms of sums, the till, what lapses, and books."""
        if not any(policies):
            return ()
        by_class = any(program.tier_rule == "class_and_spend" for program in policies if program is not None)
        need = ((Phase.NEED, hasten), *(((Phase.NEED, rate_classes),) if by_class else ()))
        terms = ((Phase.STAKES, forfeit), (Phase.VALUATION, add_programme), (Phase.DELIVERY, discount_tiers))
        till = tuple((Phase.LOYALTY, k) for k in (reward_visits, enrol_visitors, promote_visitors))
        windows = ((Phase.WINDOWS, close_window), (Phase.WINDOWS, expire_points))
        charged = any(program.fee > 0 for program in policies if program is not None)
        renewals = ((Phase.WINDOWS, renew_memberships),) if charged else ()
        standing = ((Phase.STANDING, count_members), (Phase.STANDING, count_tiers))
        tiered = any(program.tier_threshold for program in policies if program is not None)
        pressed = (feel_pressure,) if self.pressure > 0 and tiered else ()
        kernels = (expect_points, value_points, value_progress, value_status, *pressed, shift_need, set_aside)
        pull = tuple((Phase.PROGRESS, kernel) for kernel in kernels)
        visits = ((Phase.RELATION, add_reward_cost), (Phase.CLOSING, compare_members))
        books = ((Phase.BOOKS, book_membership),)
        return (*need, *terms, *till, *windows, *renewals, *standing, *pull, *visits, *books)

    def fits(self, market: Any) -> None:
        """Refuse tiers by class where firms have no classes of customers."""
        for firm in market.firms:
            by_class = firm.program is not None and firm.program.tier_rule == "class_and_spend"
            if by_class and market.customer_classes is None:
                raise Refusal(
                    f'firm {firm.name!r} sets program.tier_rule = "class_and_spend", but the market has no classes of '
                    'customers; give the scenario a section [scenario.customer_classes], or set "spend"'
                )

    def begin(self, world: World, seed: int) -> None:
        """Draw each customer's dislike of membership."""
        c = world.customers
        if "hassle_factor" in c:
            draw_hassle(c.hassle_factor, c.customer_id, stream_key(seed, self.name), world.replication)

    def settle(self, world: World, rows: np.ndarray) -> None:
        """Let the points of customers who leave the market lapse, and release what was held for them."""
        if "points" in world.customers:
            lapsed = world.customers.points[:, rows]
            world.count("points_expired", rows, lapsed)
            world.count("points_outstanding", rows, -lapsed)
            held = world.customers.provided[:, rows]
            world.count("provision", rows, -held)
            world.count("provision_held", rows, -held)
            world.count("memberships_ended", rows, world.customers.member[:, rows].astype(np.int64))
