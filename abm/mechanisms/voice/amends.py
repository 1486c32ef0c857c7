"""Amends: what handling a complaint takes, which justice is done by it, and what that restores.   No neighbours.

Claim: amends restore satisfaction by what is given back, by how one is treated and by how soon; what is given back
makes good what was paid for nothing, respect makes good a lack of respect.
Source: ORSINGHER_2010 and GELBRICH_ROSCHK_2011 (order of the three justices), SMITH_BOLTON_WAGNER_1999 (amends that
match the failure); forms are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.distributions import exponential_quantile
from abm.core.functions import exp32, in_steps, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.world.complaints import FAILED, GOOD, MIDDLING, NO_COMPLAINT
from abm.world.visits import ATTITUDE, NO_FAILURE, PRICE

_MOST_COUNTED = 255  # what 8 bits hold
_NEVER = np.float32(1e9)  # days
_NOTHING = np.float32(1e-3)  # of satisfaction: below it nothing is missing that could be given back


@equation
def distributive_justice(compensation, gap, full_compensation):
    """Return how much of what is missing was given back: all of it from `full_compensation * gap` of the basket on."""
    return min(np.float32(1.0), compensation / (full_compensation * max(gap, _NOTHING)))


@equation
def procedural_justice(answer_days, solution_days, answer_due, late_part, days_scale):
    """Return how well it was dealt with in time: e^(-days / scale), and `late_part` of that after a late answer."""
    timely = late_part if answer_days > answer_due else np.float32(1.0)
    return timely * exp32(-solution_days / days_scale)


@equation
def justice(distributive, interactional, procedural, d_weight, i_weight, p_weight, matching, cause):
    """Return the part of what is missing that amends restore, 0-1.

    A part `matching` of the lesser of the weights of giving back and treatment goes over to the one that fits the
    cause: to treatment after a failure of attitude, to giving back after one of price.
    """
    moved = matching * min(d_weight, i_weight)
    shifted = -moved if cause == ATTITUDE else (moved if cause == PRICE else np.float32(0.0))
    return unit((d_weight + shifted) * distributive + (i_weight - shifted) * interactional + p_weight * procedural)


@equation
def said_more(part, answer, gap, paradox_size, delighted):
    """Return by how much satisfaction with the visit, when asked for, differs from what amends restored.

    part, answer : justice as it restores satisfaction with the firm, and as it is said of the handling
    delighted    : whether the handling was very good, after a first and mild failure
    """
    return (answer - part) * gap + (paradox_size if delighted else np.float32(0.0))


@kernel
def handle_complaints(
    handling, handling_justice, amends_part, answer_days, solution_days, complaint_heard, grievance, visit_count,
    visit_customer, visit_nth, visit_firm, visit_pair, transaction, expectation_at, handling_time, customer_id,
    compensation, empathy, answer_mean, solution_mean, distributive, interactional, procedural, answer_distributive,
    answer_interactional, answer_procedural, matching, full_compensation, answer_due, late_part, days_scale,
    recovered_from, failed_below, key, replication, t,
):  # fmt: skip
    """Handle each complaint: how long it takes, and which justice is done.

    The days to the first answer and to the solution are exponential, -mean ln(1 - u), with means `handling_time` times
    `answer_mean` and `solution_mean` (draw 0, block nth, words 0 and 1), the solution not before the answer; 0 without
    a complaint. What is missing is `gap = max(expectation - transaction, 0)`. Justice has the weights `distributive`,
    `interactional`, `procedural` for what it restores, and the weights `answer_…` for what is said of the handling: it
    is good from `recovered_from` on, and has failed below `failed_below`. A complaint that is not heard has failed: no
    justice is done, and it is neither answered nor solved (after 1e9 days).

    handling (visits,)  code, handling_justice, amends_part (visits,)  0-1; said, restored  [written]
    answer_days, solution_days (visits,)  [written]
    """
    for v in range(visit_count[0]):
        answer_days[v] = 0.0
        solution_days[v] = 0.0
        amends_part[v] = 0.0
        if handling[v] != NO_COMPLAINT and complaint_heard[v] == 0:
            answer_days[v] = _NEVER
            solution_days[v] = _NEVER
        elif handling[v] != NO_COMPLAINT:
            j, cause = visit_firm[v], grievance[v]
            a, b, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
            answer_days[v] = exponential_quantile(a, handling_time[v] * answer_mean[j])
            solution_days[v] = max(answer_days[v], exponential_quantile(b, handling_time[v] * solution_mean[j]))
            gap = max(expectation_at[visit_pair[v]] - transaction[v], np.float32(0.0))
            given = distributive_justice(compensation[j], gap, full_compensation)
            in_time = procedural_justice(answer_days[v], solution_days[v], answer_due, late_part, days_scale)
            said = justice(
                given, empathy[j], in_time, answer_distributive, answer_interactional, answer_procedural, matching,
                cause,
            )  # fmt: skip
            amends_part[v] = justice(
                given, empathy[j], in_time, distributive, interactional, procedural, matching, cause
            )  # fmt: skip
            handling_justice[v] = said
            handling[v] = GOOD if said >= recovered_from else (FAILED if said < failed_below else MIDDLING)


@kernel
def make_amends(
    transaction, delighted_amends, amends_shift, visit_amends, grievances_before_at, handling, handling_justice,
    complaint_heard, amends_part, grievance, failure_cause, failure_severity, visit_count, visit_customer, visit_firm,
    visit_pair,
    expectation_at, basket, compensation, amends_effort, failed_below, second_disappointment, paradox, delighted_from,
    mild_below,
):  # fmt: skip
    """Restore the satisfaction of visitors who complained, or disappoint them a second time.

    Justice restores its part of what is missing; a handling that has failed takes `second_disappointment * (1 - justice
    said / failed_below)` of her satisfaction with the visit before amends. What she says of the visit differs by
    `said_more`; a first and mild failure, which a grievance without any is not, is milder than `mild_below`, and her
    first grievance with the firm. A complaint that is not heard costs no amends.

    transaction, amends_shift (visits,)  0-1, delighted_amends (visits,)  bool, visit_amends (visits,)  cents  [written]
    grievances_before_at (pairs,)  at most 255  [written]
    """
    for v in range(visit_count[0]):
        j, pair, before, said = visit_firm[v], visit_pair[v], transaction[v], handling_justice[v]
        delighted_amends[v] = 0
        amends_shift[v] = 0.0
        visit_amends[v] = 0
        if handling[v] != NO_COMPLAINT:
            gap = max(expectation_at[pair] - before, np.float32(0.0))
            lost = max(np.float32(0.0), second_disappointment * (1.0 - said / failed_below)) * before
            mild = failure_cause[v] != NO_FAILURE and failure_severity[v] < mild_below
            delighted = mild and grievances_before_at[pair] == 0 and said >= delighted_from
            delighted_amends[v] = 1 if delighted else 0
            amends_shift[v] = said_more(amends_part[v], said, gap, paradox, delighted)
            transaction[v] = before + amends_part[v] * gap - lost
            paid = np.float64(compensation[j]) * np.float64(basket[visit_customer[v]])
            made = np.int64(np.float64(100.0) * paid + np.float64(0.5)) + amends_effort[j]
            visit_amends[v] = made if complaint_heard[v] > 0 else 0
        if grievance[v] != NO_FAILURE:
            grievances_before_at[pair] = min(np.int32(grievances_before_at[pair]) + 1, _MOST_COUNTED)


@kernel
def add_said_more(answer_shift, amends_shift, visit_count):
    """Add what is said of the visit and not felt about the firm.  answer_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        answer_shift[v] += amends_shift[v]


@kernel
def count_amends(
    visit_count, visit_firm, handling, delighted_amends, failure_cause, grievance, transaction, amends_shift,
    visit_amends, answer_days, solution_days, answer_due, solution_due, handled, recoveries, failed_recoveries,
    delighted_recoveries, answered_in_time, solved_in_time, amends_cost, said_recovered, said_delighted,
    said_undisturbed, undisturbed,
):  # fmt: skip
    """Count what came of complaints, and what is said of recovered visits and of those on which nothing was wrong.

    handled …  tallies [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if handling[v] != NO_COMPLAINT:
            good = handling[v] == GOOD
            handled[j] += 1
            recoveries[j] += 1 if good else 0
            failed_recoveries[j] += 1 if handling[v] == FAILED else 0
            answered_in_time[j] += 1 if answer_days[v] <= answer_due else 0
            solved_in_time[j] += 1 if solution_days[v] <= solution_due else 0
            said = in_steps(unit(transaction[v] + amends_shift[v]))
            said_recovered[j] += said if good else 0
            delighted_recoveries[j] += delighted_amends[v]
            said_delighted[j] += said if delighted_amends[v] > 0 else 0
            amends_cost[j] += visit_amends[v]
        elif failure_cause[v] == NO_FAILURE and grievance[v] == NO_FAILURE:
            said_undisturbed[j] += in_steps(transaction[v])
            undisturbed[j] += 1


@kernel
def add_amends_cost(visit_cost, visit_amends, visit_count):
    """Add what amends cost.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += visit_amends[v]
