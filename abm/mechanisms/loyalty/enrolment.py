"""Enrolment: who joins a programme, and how she starts.   Uses no neighbours.

Claim: customers join if the benefit exceeds the bother, so heavy buyers select themselves.
Source: LEENHEER_2007 (self-selection); the size and the spread of the bother are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set, log32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.loyalty.progress import visit_value


@equation
def joins(purchase_rate, periods_per_year, value, hassle, hassle_factor):
    """Return whether the yearly benefit of a programme exceeds the bother.  value: cu a visit"""
    return purchase_rate * np.float32(periods_per_year) * value > hassle * hassle_factor


@kernel
def draw_hassle(hassle_factor, customer_id, key, replication):
    """Draw how much each customer minds membership: exponential with mean 1 (period 0, draw 0, block 0, word 0).

    hassle_factor (n,)  [written]
    """
    for i in range(customer_id.shape[0]):
        hassle_factor[i] = -log32(1.0 - uniform4(key, customer_id[i], 0, 0, replication)[0])


@kernel
def enrol_visitors(
    member_at, points_at, visit_count, visit_customer, visit_firm, visit_pair, purchase_rate, basket, hassle_factor,
    has_program, automatic, hassle, earn_rate, earn_per_visit, endowment, goal, reward, periods_per_year, enrolled,
    points_issued, points_outstanding,
):  # fmt: skip
    """Enrol visitors who are no members yet, before they are rewarded for the visit.

    One joins if enrolment is automatic, or if her yearly benefit `purchase_rate * periods_per_year * visit_value`
    exceeds `hassle * hassle_factor`; she starts with `endowment` points.

    member_at (pairs,), points_at (pairs,)  1/100 point  [written]
    enrolled, points_issued, points_outstanding  tallies [written]
    """
    for v in range(visit_count[0] if any_set(has_program) else 0):
        j, pair = visit_firm[v], visit_pair[v]
        if member_at[pair] == 0 and has_program[j] > 0:
            i = visit_customer[v]
            value = visit_value(basket[i], earn_per_visit[j], earn_rate[j], reward[j], goal[j])
            if automatic[j] > 0 or joins(purchase_rate[i], periods_per_year, value, hassle[j], hassle_factor[i]):
                member_at[pair] = 1
                points_at[pair] += endowment[j]
                enrolled[j] += 1
                points_issued[j] += endowment[j]
                points_outstanding[j] += endowment[j]
