"""Questions of the trade's study: who is asked, what of, and what she tells.   Reads only its own customer.

Part of `trade_indices`, where claim and sources are, and whose stream they draw from. An answer is 1 + marks of
`scale - 1`; what is added up are the marks, `marks(stated(truth, 0, 1, answer_bias, noise * z), most_marks)`, with z
standard normal and `answer_bias` that of `survey`.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.measurement.answers import marks, response_probability, stated
from abm.mechanisms.sums import UNCONSIDERED
from abm.world.calendar import periods_of
from abm.world.visits import PURCHASE, SERVICE

NOT_SEEN = -2  # problems noted of a unit that was there at the start


@equation
def said(truth, bias, noise, u, most):
    """Return what is said of a truth in [0, 1] in whole marks from 0 to `most`.  u : uniform"""
    return marks(stated(truth, np.float32(0.0), np.float32(1.0), bias, noise * normal32(u)), most)


@equation
def told(problems, recall, key, identity, t, draw, replication):
    """Return how many of some problems are remembered and told: problem k = 0, 1, … is if word 0 of the draw, block k,
    is below `recall`."""
    found = 0
    for k in range(problems):
        found += 1 if uniform4(key, identity, t, (draw << 16) | k, replication)[0] < recall else 0
    return found


@kernel
def foresee_repurchase(
    would_rebuy, visit_count, visit_customer, occasion_kind, owned_from, aware, sells, utility_without_durable,
    outside_utility, lo,
):  # fmt: skip
    """Write how likely who comes for a service would choose the firm that sold her unit, if she bought one now.

    It is the logit probability among buying nowhere and the firms that sell units and that she knows, of utility
    without the terms of `durable`, the largest one, or that of nowhere, taken off each: e**-80 is the least weight. The
    weights are added in the order nowhere, firm 0, firm 1, …. It is 0 if she would not consider the firm, and for
    purchases.

    would_rebuy (tile,)  0-1  [written, of customers with an occasion]
    """
    for v in range(visit_count[0]):
        i, r = visit_customer[v], visit_customer[v] - lo
        f = owned_from[i]
        would_rebuy[r] = 0.0
        if occasion_kind[i] == SERVICE:
            best = outside_utility[r]
            for j in range(sells.shape[0]):
                if sells[j] > 0 and aware[j, i] > 0:
                    best = max(best, utility_without_durable[j, r])
            total, own = exp32(outside_utility[r] - best), np.float32(0.0)
            for j in range(sells.shape[0]):
                u = utility_without_durable[j, r]
                if sells[j] > 0 and aware[j, i] > 0 and u > UNCONSIDERED:
                    weight = exp32(u - best)
                    total += weight
                    own = weight if f == np.int32(j) else own
            would_rebuy[r] = own / total


@kernel
def ask_visitors(
    visit_count, visit_customer, visit_firm, visit_pair, visit_kind, customer_id, owned_from, unit_age, transaction,
    answer_shift, answer_bias, satisfaction_at, affective_commitment_at, preference_at, would_rebuy, asking, response,
    extremity, middle, noise, satisfied_part, service_from, service_until, most_marks, ssi_marks, ssi_most, csi_marks,
    csi_most, recommend_marks, revisit_marks, rebuy_marks, rebuy_most, periods_per_year, key, replication, lo, t,
):  # fmt: skip
    """Ask buyers about the sale, and owners about a service of a unit of the right age.

    A visit is asked about if it was a purchase, or a service of a unit aged from `service_from` to `service_until`, in
    periods. She is asked if word 0 of draw 0, block 0, is below `asking`, and answers if word 1 is below
    `response_probability` of `felt = transaction + answer_shift`, in [0, 1], with `response`, `extremity` and `middle`.
    She says how satisfied she was (felt; word 2) and whether she would recommend the firm (`satisfied_part *
    satisfaction + (1 - satisfied_part) * affective_commitment`; word 3). Of a service she also says whether she would
    come again (preference for the firm; draw 1, block 0, word 0), and whether she would buy her make again
    (`would_rebuy`; word 1), which is counted for the firm that sold the unit; all else is for the firm visited.

    ssi_marks … rebuy_most  tallies [written]
    """
    youngest = periods_of(service_from, periods_per_year)
    oldest = periods_of(service_until, periods_per_year)
    for v in range(visit_count[0]):
        i, j, kind, pair = visit_customer[v], visit_firm[v], visit_kind[v], visit_pair[v]
        right_age = unit_age[i] >= youngest and unit_age[i] <= oldest
        if kind == PURCHASE or (kind == SERVICE and right_age):
            luck, willing, a, b = uniform4(key, customer_id[i], t, 0, replication)
            felt = unit(transaction[v] + answer_shift[v])
            if luck < asking and willing < response_probability(felt, response, extremity, middle):
                bias = answer_bias[i]
                likely = satisfied_part * satisfaction_at[pair] + (1.0 - satisfied_part) * affective_commitment_at[pair]
                happy = said(felt, bias, noise, a, most_marks)
                recommend_marks[j] += said(likely, bias, noise, b, most_marks)
                if kind == PURCHASE:
                    ssi_marks[j] += happy
                    ssi_most[j] += most_marks
                else:
                    c, d, _, _ = uniform4(key, customer_id[i], t, 1 << 16, replication)
                    f = owned_from[i]
                    csi_marks[j] += happy
                    csi_most[j] += most_marks
                    revisit_marks[j] += said(preference_at[pair], bias, noise, c, most_marks)
                    rebuy_marks[f] += said(would_rebuy[i - lo], bias, noise, d, most_marks)
                    rebuy_most[f] += most_marks


@kernel
def ask_problems(
    problems_noted, owned_from, exited, unit_age, unit_problems, unit_liking, customer_id, asking, response,
    extremity, middle, recall, early_age, late_age, iqs_units, iqs_problems, vds_units, vds_problems, periods_per_year,
    key, replication, lo, hi, t,
):  # fmt: skip
    """Ask owners how many problems they have had, in the periods in which their units reach two ages.

    A unit sold in the period is of age 0, and `problems_noted` becomes -1. At `early_age` (in periods, 1 or more) she
    is asked of all problems since the sale, unless `problems_noted` is -2 or below, as of units that were there at the
    start. At `late_age` (in periods, a year or more) it is of those of the latest `periods_per_year` periods: when the
    unit was as much younger their number k so far was noted (after the -1 of age 0, before she is asked), as k, or as
    -3 - k where -2 stood; if it was not, she is not asked. Owners who have left the category are neither noted nor
    asked.

    She is asked if word 0 of draw 2, block 0, is below `asking`, at `late_age` of draw 3, and answers if word 1 is
    below `response_probability` of her liking; then she tells what is `told` with draw 4, at `late_age` draw 5.

    problems_noted (n,)  [written]      iqs_units … vds_problems  tallies [written]
    """
    first = max(np.int64(1), periods_of(early_age, periods_per_year))
    last = max(np.int64(periods_per_year), periods_of(late_age, periods_per_year))
    for i in range(lo, hi):
        f, age = owned_from[i], unit_age[i]
        if f >= 0 and exited[i] < 0:
            if age == 0:
                problems_noted[i] = -1
            if age == last - periods_per_year:
                had = np.int32(unit_problems[i])
                problems_noted[i] = had if problems_noted[i] > NOT_SEEN else NOT_SEEN - 1 - had
            if age == first and problems_noted[i] > NOT_SEEN:
                luck, willing, _, _ = uniform4(key, customer_id[i], t, 2 << 16, replication)
                if luck < asking and willing < response_probability(unit_liking[i], response, extremity, middle):
                    iqs_units[f] += 1
                    iqs_problems[f] += told(np.int64(unit_problems[i]), recall, key, customer_id[i], t, 4, replication)
            noted = np.int64(problems_noted[i])
            if age == last and (noted >= 0 or noted < NOT_SEEN):
                luck, willing, _, _ = uniform4(key, customer_id[i], t, 3 << 16, replication)
                if luck < asking and willing < response_probability(unit_liking[i], response, extremity, middle):
                    vds_units[f] += 1
                    since = np.int64(unit_problems[i]) - (noted if noted >= 0 else NOT_SEEN - 1 - noted)
                    vds_problems[f] += told(since, recall, key, customer_id[i], t, 5, replication)


@kernel
def ask_liking(
    owned_from, exited, unit_age, unit_liking, answer_bias, customer_id, asking, response, extremity, middle, noise,
    appeal_from, appeal_until, most_marks, appeal_marks, appeal_most, periods_per_year, key, replication, lo, hi, t,
):  # fmt: skip
    """Ask owners how they like their units, each at an age of her own between two ages.

    It is the age `first + floor((last - first + 1) * u)` in periods, float32, u word 0 of period 0, draw 6, block 0,
    for life; first and last are `appeal_from` and `appeal_until` in periods. She is asked if word 0 of draw 7, block 0,
    is below `asking`, answers if word 1 is below `response_probability` of her liking, and says how she likes it
    (word 2).

    appeal_marks, appeal_most  tallies [written]
    """
    first, last = periods_of(appeal_from, periods_per_year), periods_of(appeal_until, periods_per_year)
    for i in range(lo, hi):
        f = owned_from[i]
        if f >= 0 and exited[i] < 0 and unit_age[i] >= first and unit_age[i] <= last:
            own = uniform4(key, customer_id[i], 0, 6 << 16, replication)[0]
            if unit_age[i] == first + np.int64(np.float32(last - first + 1) * own):
                luck, willing, a, _ = uniform4(key, customer_id[i], t, 7 << 16, replication)
                if luck < asking and willing < response_probability(unit_liking[i], response, extremity, middle):
                    appeal_marks[f] += said(unit_liking[i], answer_bias[i], noise, a, most_marks)
                    appeal_most[f] += most_marks
