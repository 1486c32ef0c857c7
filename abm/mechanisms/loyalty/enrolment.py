"""Enrolment: who joins a programme, how she starts, and who renews a membership that costs a fee.   Uses no neighbours.

Claim: customers join if the benefit that they expect at this firm exceeds the bother and the fee, so those who buy much
and like the firm select themselves, and members differ from others by more than what the programme does.  A fee that
is paid is sunk: it has no pull of its own, and a year later the next one is weighed anew.
Source: LEENHEER_2007 (self-selection); the size and the spread of the bother are assumed, as is renewal.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set, log32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.loyalty.progress import expected_point_value, points_between_visits, visit_points


@equation
def visit_value(points, point_value, basket, price, discount):
    """Return what a visit is expected to bring a member, cu: its points, and what she is spared of the price."""
    return points * point_value + basket * price * discount


@equation
def yearly_benefit(visits_per_period, periods_per_year, value, gift, elsewhere, point_value):
    """Return what a programme is expected to bring a member in a year, cu.

    value : of a visit, cu      gift : at once, cu      elsewhere : points that a period brings without a visit
    """
    year = np.float32(periods_per_year)
    return visits_per_period * year * value + gift + year * elsewhere * point_value


@equation
def joins(benefit, fee, hassle, hassle_factor):
    """Return whether a year's benefit, cu, exceeds the bother and the fee.  fee: cents"""
    return benefit > hassle * hassle_factor + 0.01 * np.float32(fee)


@equation
def renews(benefit, fee, exited):
    """Return whether a member pays for another year: the benefit, cu, exceeds the fee, cents, and she still buys."""
    return (benefit > 0.01 * np.float32(fee)) & (exited < 0)


@kernel
def draw_hassle(hassle_factor, customer_id, key, replication):
    """Draw how much each customer minds membership: exponential with mean 1 (period 0, draw 0, block 0, word 0).

    hassle_factor (n,)  [written]
    """
    for i in range(customer_id.shape[0]):
        hassle_factor[i] = -log32(1.0 - uniform4(key, customer_id[i], 0, 0, replication)[0])


@kernel
def enrol_visitors(
    member_at, points_at, given_at, visit_count, visit_customer, visit_firm, visit_pair, purchase_rate, preference_at,
    basket, hassle_factor, price, has_program, automatic, hassle, earn_rate, earn_per_visit, endowment, goal, reward,
    redemption, expiry, tier_cut, lapse, fee, periods_per_year, points_elsewhere_at, joined_at, enrolled, points_issued,
    points_outstanding, membership_fees, t,
):  # fmt: skip
    """Enrol visitors who are no members yet; they earn points from the next period on, and spend counts for tiers now.

    One joins if enrolment is automatic, or if what she expects here in a year as a member of the base tier,
    `purchase_rate * preference * periods_per_year` visits that bring `visit_points * expected_point_value` and spare
    her `basket * price * tier_cut[0]` each, `points_elsewhere` a period, and the points given now, exceed `hassle *
    hassle_factor + fee`; higher tiers are not foreseen. Points from elsewhere also bring the goal nearer from visit to
    visit. She starts with `endowment` points and pays `fee`; `joined` is the period.

    member_at (pairs,), points_at, given_at (pairs,)  1/100 point, joined_at (pairs,)  period  [written]
    enrolled, points_issued, points_outstanding  tallies, membership_fees  tally in cents [written]
    """
    for v in range(visit_count[0] if any_set(has_program) else 0):
        j, pair = visit_firm[v], visit_pair[v]
        if member_at[pair] == 0 and has_program[j] > 0:
            i = visit_customer[v]
            points = visit_points(basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_cut[0, j], np.float32(0.0))
            visits = purchase_rate[i] * preference_at[pair]
            elsewhere = points_elsewhere_at[pair]
            coming = points_between_visits(points, elsewhere, visits)
            point = expected_point_value(coming, reward[j], goal[j], redemption[j], visits, expiry[j], lapse)
            gift = 0.01 * np.float32(endowment[j]) * point
            value = visit_value(points, point, basket[i], price[j], tier_cut[0, j])
            benefit = yearly_benefit(visits, periods_per_year, value, gift, elsewhere, point)
            if automatic[j] > 0 or joins(benefit, fee[j], hassle[j], hassle_factor[i]):
                member_at[pair] = 1
                joined_at[pair] = t
                membership_fees[j] += fee[j]
                points_at[pair] += endowment[j]
                given_at[pair] = endowment[j]
                enrolled[j] += 1
                points_issued[j] += endowment[j]
                points_outstanding[j] += endowment[j]


@kernel
def renew_memberships(
    member, points, given, tier, qualifying_spend, joined, exited, purchase_rate, preference, basket, price, fee,
    has_program, earn_rate, earn_per_visit, goal, reward, redemption, expiry, tier_cut, tier_bonus, lapse,
    periods_per_year, points_elsewhere, renewals_due, renewed, memberships_ended, membership_fees, points_expired,
    points_outstanding, lo, hi, t,
):  # fmt: skip
    """Let members pay for another year, or end their membership, where a firm charges a fee.

    It is due in each period t > joined in which `t - joined` is a multiple of `periods_per_year`; joined is -1 for who
    never joined. A member pays if she has not left the category, and what she expects here in a year at her tier,
    `purchase_rate * preference * periods_per_year` visits that bring `visit_points * expected_point_value` and spare
    her `basket * price * tier_cut` each, `points_elsewhere` a period, and the points that she holds, each worth
    `expected_point_value`, together exceed `fee`; the bother of joining is sunk. Else she is a member no more: her
    points lapse, and her tier and the spend that qualifies for tiers start again at 0.

    member, points, given, tier, qualifying_spend, joined (m, n)  [written]
    renewals_due, renewed, memberships_ended, membership_fees, points_expired, points_outstanding  tallies [written]
    """
    for j in range(member.shape[0]):
        if has_program[j] > 0 and fee[j] > 0:
            for i in range(lo, hi):
                age = t - joined[j, i]
                if member[j, i] > 0 and age > 0 and age % periods_per_year == 0:
                    k = tier[j, i]
                    earned = visit_points(
                        basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_cut[k, j], tier_bonus[k, j]
                    )
                    visits = purchase_rate[i] * preference[j, i]
                    elsewhere = points_elsewhere[j, i]
                    coming = points_between_visits(earned, elsewhere, visits)
                    point = expected_point_value(coming, reward[j], goal[j], redemption[j], visits, expiry[j], lapse)
                    held = 0.01 * np.float32(points[j, i]) * point
                    renewals_due[j] += 1
                    value = visit_value(earned, point, basket[i], price[j], tier_cut[k, j])
                    benefit = yearly_benefit(visits, periods_per_year, value, held, elsewhere, point)
                    if renews(benefit, fee[j], exited[i]):
                        renewed[j] += 1
                        membership_fees[j] += fee[j]
                    else:
                        memberships_ended[j] += 1
                        points_expired[j] += points[j, i]
                        points_outstanding[j] -= points[j, i]
                        member[j, i] = 0
                        points[j, i] = 0
                        given[j, i] = 0
                        tier[j, i] = 0
                        qualifying_spend[j, i] = 0
                        joined[j, i] = -1


@kpi(unit="share", better="more", nan="no membership was due for renewal")
def renewal_rate(c: Tallied) -> FloatArray:
    """Memberships for which another fee was paid / those for which it was due."""
    return c.renewed / c.renewals_due
