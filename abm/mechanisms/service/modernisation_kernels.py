"""Kernels of modernisation: how far it is, what it costs, who has to learn anew, what goes wrong.   No neighbours.

Claim and sources: on the page of the theory, modernisation.py.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, in_steps, log32, unit
from abm.core.kernels import equation, kernel

RADICAL = 1  # code of `modernisation_kind`
WHOLE_SERVICE = 0  # code of `flagship`; 1 to 5 are the attributes in the order of ATTRIBUTES
_BEST = np.float32(0.99)  # of quality, as of `service.quality`
_LEARNING = 2  # place of learning among the facets of the cost of leaving
_MOST_CENTS = np.float32(1e9)  # so that no cost leaves the whole numbers that float32 can be turned into


@equation
def risen(gain, since, kind, ramp_periods):
    """Return how much a line is better after `since` whole periods: all at once, or by equal steps.

    0 before it begins (since below 0); `gain` of a radical one; of a gradual one `gain * (since + 1) / ramp_periods`,
    at most `gain`.
    """
    stepwise = gain * min(np.float32(1.0), np.float32(since + 1) / np.float32(ramp_periods))
    return np.float32(0.0) if since < 0 else (gain if kind == RADICAL else stepwise)


@equation
def learnt_after(visits, learning_visits, bother):
    """Return how far using the provider is learnt, as felt: of u = 1 - e^(-visits / learning_visits), with the odds
    multiplied by `bother`: bother u / (1 + (bother - 1) u).
    """
    u = 1.0 - exp32(-visits / learning_visits)
    return bother * u / (1.0 + (bother - 1.0) * u)


@kernel(per="market")
def go_on(
    modern_level, modern_expense, modern_since, modernise_at, modernisation_gain, modernisation_kind, quality,
    modern_scale, project_expense, ramp_periods, project_periods, t,
):  # fmt: skip
    """Write how much better the line of each firm is in the period, and what that costs a visit, in whole cents.

    A line is another from `modernise_at` on, or from when a firm sets about it if that is later, as long as there is a
    gain. The level is what has `risen` since then, and with the quality at most 0.99. It costs
    `modern_scale (ln(1 - quality) - ln(1 - quality - level))`, and in the first `project_periods` periods
    `project_expense` beside it; cu, in float32, times 100, rounded half up.

    modern_level (m,)  0-1, modern_expense (m,)  cents, modern_since (m,)  period, -1 = it is not begun  [written]
    """
    for j in range(modern_level.shape[0]):
        begun = modernisation_gain[j] > 0.0 and np.int64(t) >= np.int64(modernise_at[j])
        first = modern_since[j] if modern_since[j] >= 0 else np.int32(t)
        modern_since[j] = first if begun else np.int32(-1)
        since = np.int64(t) - np.int64(first) if begun else np.int64(-1)
        level = risen(modernisation_gain[j], since, modernisation_kind[j], ramp_periods)
        level = max(np.float32(0.0), min(level, _BEST - quality[j]))
        running = modern_scale[j] * (log32(1.0 - quality[j]) - log32(1.0 - quality[j] - level))
        under_way = (since >= 0) & (since < project_periods)
        cost = (running if level > 0.0 else np.float32(0.0)) + (project_expense[j] if under_way else np.float32(0.0))
        modern_level[j] = level
        modern_expense[j] = np.int64(np.floor(np.float64(min(100.0 * cost, _MOST_CENTS)) + 0.5))


@kernel
def note_what_is_learnt(learnt_before, encounters, modern_since, modernisation_kind, lo, hi, t):
    """In the period in which a firm's line is modernised radically, note how often each has used it.

    learnt_before (m, n)  visits  [written]
    """
    for j in range(learnt_before.shape[0]):
        if np.int64(modern_since[j]) == np.int64(t) and modernisation_kind[j] == RADICAL:
            for i in range(lo, hi):
                learnt_before[j, i] = encounters[j, i]


@kernel
def learn_anew(
    switching_facet, switching_cost, calculative_commitment, learning_lost, visit_count, visit_customer,
    visit_provider, encounters, learnt_before, bother, learning_visits, procedural, relearning, asked_anew,
    learning_lost_sum,
):  # fmt: skip
    """Take from the cost of leaving what a radical modernisation has made worthless of what was learnt.

    Of each visitor whose provider has `learnt_before` above 0 for her, learning is that of `encounters - relearning *
    learnt_before` visits. What the facet of learning is above that (at least 0) is lost: it is taken from the facet,
    `procedural / 4` of it from the cost of leaving, and a sixth from calculative commitment. Who has several occasions
    loses it once. Of others nothing is lost.

    switching_facet (8, n), switching_cost (n,), calculative_commitment (m, n), learning_lost (n,)  0-1  [written]
    asked_anew : occasions of those who have to learn anew      learning_lost_sum : their loss, in whole 2^-20, cut off
    tallies [written]
    """
    for v in range(visit_count[0]):
        learning_lost[visit_customer[v]] = 0.0
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_provider[v]
        if j >= 0 and learnt_before[j, i] > 0.0:
            left = encounters[j, i] - relearning * learnt_before[j, i]
            now = learnt_after(left, learning_visits, bother[i])
            lost = switching_facet[_LEARNING, i] - now
            if lost > 0.0:
                switching_facet[_LEARNING, i] = now
                switching_cost[i] = max(np.float32(0.0), switching_cost[i] - procedural * 0.25 * lost)
                fewer = calculative_commitment[j, i] - lost * np.float32(1.0 / 6.0)
                calculative_commitment[j, i] = max(np.float32(0.0), fewer)
                learning_lost[i] = lost
            asked_anew[j] += 1
            learning_lost_sum[j] += in_steps(unit(learning_lost[i]))


@kernel
def hold_less(utility, provider, learning_lost, switching_weight, procedural, lo, hi):
    """Take the lost learning's part of the cost of leaving from the provider's utility.

    `switching_weight * procedural / 4 * learning_lost`.  utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            less = switching_weight * procedural * 0.25 * learning_lost[i]
            utility[j, i - lo] -= less if provider[i] == np.int64(j) else np.float32(0.0)


@kernel
def deliver_modern(performance_shift, visit_count, visit_firm, modern_level, flagship):
    """Add how much better a line is whose flagship is the whole service.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        performance_shift[v] += modern_level[j] if flagship[j] == WHOLE_SERVICE else np.float32(0.0)


@kernel
def deliver_flagship(
    performance_shift, met_core, met_convenience, met_people, met_speed, met_tangibles, visit_count, visit_customer,
    visit_firm, attribute_weight, modern_level, flagship,
):  # fmt: skip
    """Let visitors meet with a better flagship: `modern_level` on the attribute, by its weight with her on the visit.

    The weight is her own, also when she buys a gift. What is met with stays in [0, 1].

    performance_shift (visits,)  [written]      met_core, … met_tangibles (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        k = np.int64(flagship[j]) - 1
        if k >= 0 and modern_level[j] > 0.0:
            level = modern_level[j]
            performance_shift[v] += attribute_weight[k, i] * level
            met_core[v] = unit(met_core[v] + level) if k == 0 else met_core[v]
            met_convenience[v] = unit(met_convenience[v] + level) if k == 1 else met_convenience[v]
            met_people[v] = unit(met_people[v] + level) if k == 2 else met_people[v]
            met_speed[v] = unit(met_speed[v] + level) if k == 3 else met_speed[v]
            met_tangibles[v] = unit(met_tangibles[v] + level) if k == 4 else met_tangibles[v]


@kernel
def go_wrong_at_first(
    failure_risk, visit_count, visit_firm, modern_since, modernisation_kind, trouble_periods, trouble_factor, t,
):  # fmt: skip
    """Multiply the risk of a failure by `trouble_factor` in the first periods of a radically modernised line.

    failure_risk (visits,)  [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        radical = modern_since[j] >= 0 and modernisation_kind[j] == RADICAL
        new = radical and np.int64(t) - np.int64(modern_since[j]) < trouble_periods
        failure_risk[v] *= trouble_factor if new else np.float32(1.0)


@kernel
def add_modern_cost(visit_cost, visit_count, visit_firm, modern_expense):
    """Add what a modernised line costs, in whole cents a visit.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += modern_expense[visit_firm[v]]


@kernel(per="share")
def book_modernisation(visits, modern_expense, modernisation_spend):
    """Book what a modernised line costs on the period's visits.  modernisation_spend  tally [written]"""
    for j in range(modern_expense.shape[0]):
        modernisation_spend[j] += visits[j] * modern_expense[j]


@kernel(per="market")
def note_modern(modern_level, modern_sum, modern_periods):
    """Note how much better lines are, in whole 2^-20, cut off.  modern_sum, modern_periods  tallies [written]"""
    for j in range(modern_level.shape[0]):
        modern_sum[j] += in_steps(modern_level[j])
        modern_periods[j] += 1
