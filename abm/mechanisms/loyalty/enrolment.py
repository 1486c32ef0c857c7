"""Enrolment: who joins a programme, and how she starts.   Uses no neighbours.

Claim: customers join if the benefit that they expect at this firm exceeds the bother, so those who buy much and like
the firm select themselves, and members differ from others by more than what the programme does.
Source: LEENHEER_2007 (self-selection); the size and the spread of the bother are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set, log32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.loyalty.progress import expected_point_value, visit_points


@equation
def joins(visits_per_period, periods_per_year, value, gift, hassle, hassle_factor):
    """Return whether the benefit of a programme in a year exceeds the bother.  value: of a visit, gift: at once, cu"""
    return visits_per_period * np.float32(periods_per_year) * value + gift > hassle * hassle_factor


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
    redemption, expiry, lapse, periods_per_year, enrolled, points_issued, points_outstanding,
):  # fmt: skip
    """Enrol visitors who are no members yet; they earn points from the next period on, and spend counts for tiers now.

    One joins if enrolment is automatic, or if what she expects here in a year,
    `purchase_rate * preference * periods_per_year * visit_points * expected_point_value`, and the points given now,
    exceed `hassle * hassle_factor`; she starts with `endowment` points.

    member_at (pairs,), points_at, given_at (pairs,)  1/100 point  [written]
    enrolled, points_issued, points_outstanding  tallies [written]
    """
    for v in range(visit_count[0] if any_set(has_program) else 0):
        j, pair = visit_firm[v], visit_pair[v]
        if member_at[pair] == 0 and has_program[j] > 0:
            i = visit_customer[v]
            points = visit_points(
                basket[i], price[j], earn_per_visit[j], earn_rate[j], np.float32(0.0), np.float32(0.0)
            )
            visits = purchase_rate[i] * preference_at[pair]
            point = expected_point_value(points, reward[j], goal[j], redemption[j], visits, expiry[j], lapse)
            gift = 0.01 * np.float32(endowment[j]) * point
            if automatic[j] > 0 or joins(visits, periods_per_year, points * point, gift, hassle[j], hassle_factor[i]):
                member_at[pair] = 1
                points_at[pair] += endowment[j]
                given_at[pair] = endowment[j]
                enrolled[j] += 1
                points_issued[j] += endowment[j]
                points_outstanding[j] += endowment[j]
