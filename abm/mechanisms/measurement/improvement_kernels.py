"""Kernels of improvement: what answers add up to, how projects turn out, what raised levels cost.   No neighbours.

Claim and sources: on the page of the theory, improvement.py.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import normal32
from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.world.columns import FIXED_POINT

_STEPS = np.float64(FIXED_POINT)
_PLANNED = 0  # place in `project` of the planned rise


@kernel
def multiply_answers(
    answer_on_core, answer_on_convenience, answer_on_people, answer_on_speed, answer_on_tangibles, answer_visit,
    answered, visit_count, visit_firm, marks_products, marks_with_visit,
):  # fmt: skip
    """Add up products of marks (answers less 1) of two attributes, and of an attribute and the visit.

    Pairs of attributes are in the order (0, 0), (0, 1), … (0, 4), (1, 1), … (4, 4).

    marks_products (attribute_pair, firms), marks_with_visit (attribute, firms)  tallies [written]
    """
    for v in range(visit_count[0]):
        if answered[v] > 0:
            j = visit_firm[v]
            said = (
                np.int64(answer_on_core[v]) - 1, np.int64(answer_on_convenience[v]) - 1,
                np.int64(answer_on_people[v]) - 1, np.int64(answer_on_speed[v]) - 1,
                np.int64(answer_on_tangibles[v]) - 1,
            )  # fmt: skip
            pair = 0
            for a in range(marks_with_visit.shape[0]):
                marks_with_visit[a, j] += said[a] * (np.int64(answer_visit[v]) - 1)
                for b in range(a, marks_with_visit.shape[0]):
                    marks_products[pair, j] += said[a] * said[b]
                    pair += 1


@kernel(per="market")
def draw_outcomes(outcome, improvement_budget, improve_every, outcome_spread, key, replication, t):
    """In periods of a review, draw how projects turn out: `1 + outcome_spread * z` of what was planned.

    z is the normal score of word 0 at (identity j, period t, draw 0, block k), for firm j and the k-th attribute.

    outcome (attribute, m)  ratio  [written, in periods that are a multiple of `improve_every`]
    """
    if t % improve_every == 0:
        for k in range(outcome.shape[0]):
            for j in range(improvement_budget.shape[0]):
                z = normal32(uniform4(key, j, t, k, replication)[0])
                outcome[k, j] = 1.0 + outcome_spread * z


@kernel
def add_improvement_cost(visit_cost, visit_count, visit_firm, improved_expense):
    """Add what raised levels cost, in whole cents a visit.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += improved_expense[visit_firm[v]]


@kernel(per="share")
def book_improvement(visits, improved_expense, improvement_upkeep_expense, improved_running, improvement_kept_up):
    """Book what raised levels cost on the period's visits, in cents, and keeping them up, in 1/100 cent.

    improved_running, improvement_kept_up  tallies [written]
    """
    for j in range(improved_expense.shape[0]):
        improved_running[j] += visits[j] * improved_expense[j]
        improvement_kept_up[j] += visits[j] * improvement_upkeep_expense[j]


@kernel(per="market", double=True)
def note_improvement(improved, project, improvement_sum, improvement_periods, projects_open):
    """Note by how much attributes are raised in the period, in whole 2^-20, rounded half up, and open projects.

    improvement_sum (attributes added up), improvement_periods, projects_open  tallies [written]
    """
    for j in range(improved.shape[1]):
        improvement_periods[j] += 1
        for k in range(improved.shape[0]):
            improvement_sum[j] += np.int64(np.floor(_STEPS * improved[k, j] + 0.5))
            projects_open[j] += 1 if project[_PLANNED, k, j] > 0.0 else 0
