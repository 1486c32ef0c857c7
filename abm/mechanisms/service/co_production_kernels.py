"""Taking part in a service: who does, what it saves, what goes wrong, whom it is credited to, who tells of it.

Part of `co_production`, where what firms set is.
Claim: who takes part credits herself with a part of what went better than expected, and blames herself for a part of
what went worse only if she chose to take part.
Source: Bendapudi & Leone 2003, Journal of Marketing (self-serving bias; signs); forms and sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import logistic32, normal32, unit, whole
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

CHOSEN, REQUIRED = 0, 1  # codes of the words in `participation_mode`


@equation
def chance_to_take_part(readiness, usual_readiness, choosiness):
    """Return the chance that who may choose takes part: logistic((readiness - usual_readiness) / choosiness)."""
    return logistic32((readiness - usual_readiness) / choosiness)


@equation
def risk_of_part(part, readiness, clumsiness):
    """Return the factor on the risk of a failure: 1 + clumsiness part (1 - readiness)."""
    return 1.0 + clumsiness * part * (1.0 - readiness)


@equation
def own_share(gap, part, chosen, own_credit, own_blame):
    """Return what attribution adds to satisfaction.

    gap : performance less expectation

    Above 0 she credits herself, -own_credit part gap; below 0 she blames herself if she chose to, -own_blame part gap,
    which is above 0; if not, nothing.
    """
    credit = -own_credit * part * max(gap, np.float32(0.0))
    blame = own_blame * part * max(-gap, np.float32(0.0))
    return credit + (blame if chosen else np.float32(0.0))


@kernel
def draw_readiness(readiness, customer_id, usual_readiness, readiness_spread, key, replication):
    """Draw how ready and able each customer is: usual_readiness + readiness_spread z, clipped to [0, 1].

    z is the normal of word 0 of draw 1, block 0, of period 0.

    readiness (n,)  0-1  [written]
    """
    for i in range(customer_id.shape[0]):
        z = normal32(uniform4(key, customer_id[i], 0, 1 << 16, replication)[0])
        readiness[i] = unit(usual_readiness + readiness_spread * z)


@equation
def part_of(u, readiness, participation, mode, usual_readiness, choosiness):
    """Return the part that a visitor takes, u uniform: `participation`, or 0 if it is chosen and she does not want to.

    She wants to if u is below `chance_to_take_part`.
    """
    wants = u < chance_to_take_part(readiness, usual_readiness, choosiness)
    return participation if wants or mode == REQUIRED else np.float32(0.0)


@kernel
def plan_part(
    part_planned, visit_count, visit_customer, visit_nth, visit_firm, customer_id, readiness, participation,
    participation_mode, usual_readiness, choosiness, key, replication, t,
):  # fmt: skip
    """Decide what part visitors will take as they come to the firm that they have chosen, as `take_part` does.

    part_planned (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        u = uniform4(key, customer_id[i], t, visit_nth[v], replication)[0]
        part_planned[v] = part_of(u, readiness[i], participation[j], participation_mode[j], usual_readiness, choosiness)


@kernel
def shorten_service(service_time, part_planned, visit_count, visit_customer, readiness, time_saved):
    """Multiply minutes of service at the line by `1 - time_saved * part * readiness`.

    service_time (visits,)  ratio  [written]
    """
    for v in range(visit_count[0]):
        service_time[v] *= 1.0 - time_saved * part_planned[v] * readiness[visit_customer[v]]


@kernel
def take_part(
    part_taken, part_unwanted, visit_count, visit_customer, visit_nth, visit_firm, customer_id, readiness,
    participation, participation_mode, usual_readiness, choosiness, visits_taken_part, unwilling_parts, key,
    replication, t,
):  # fmt: skip
    """Decide who takes part in the service of a visit, and how far: `part_of` with u of word 0 of draw 0, block nth.

    The firm is the one that serves her, and her readiness is as the period began. A part is unwanted if she would not
    have taken it had she been asked: u is not below `chance_to_take_part`.

    part_taken, part_unwanted (visits,)  0-1, unwanted 0 or part_taken  [written]
    visits_taken_part, unwilling_parts  tallies [written]: visits with a part above 0, with an unwanted one above 0
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        u = uniform4(key, customer_id[i], t, visit_nth[v], replication)[0]
        part = part_of(u, readiness[i], participation[j], participation_mode[j], usual_readiness, choosiness)
        unwanted = part > 0.0 and not u < chance_to_take_part(readiness[i], usual_readiness, choosiness)
        part_taken[v] = part
        part_unwanted[v] = part if unwanted else np.float32(0.0)
        visits_taken_part[j] += 1 if part > 0.0 else 0
        unwilling_parts[j] += 1 if unwanted else 0


@kernel
def raise_risk(failure_risk, part_taken, visit_count, visit_customer, readiness, clumsiness):
    """Multiply the risk of a failure by `risk_of_part`.  failure_risk (visits,)  ratio  [written]"""
    for v in range(visit_count[0]):
        failure_risk[v] *= risk_of_part(part_taken[v], readiness[visit_customer[v]], clumsiness)


@kernel
def fit_service(performance_shift, part_taken, visit_count, visit_customer, readiness, fit_gain):
    """Add `fit_gain * part * readiness`: what she does herself fits her.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] += fit_gain * part_taken[v] * readiness[visit_customer[v]]


@kernel
def attribute_gap(
    satisfaction_shift, part_taken, visit_count, visit_firm, visit_pair, performance, expectation_at,
    participation_mode, own_credit, own_blame,
):  # fmt: skip
    """Add `own_share` of what the visit was above or below what was expected.

    satisfaction_shift (visits,)  shift of 0-1  [written]
    """
    for v in range(visit_count[0]):
        gap = performance[v] - expectation_at[visit_pair[v]]
        chosen = participation_mode[visit_firm[v]] == CHOSEN
        satisfaction_shift[v] += own_share(gap, part_taken[v], chosen, own_credit, own_blame)


@kernel
def resent_force(satisfaction_shift, part_unwanted, visit_count, forced_loss):
    """Take `forced_loss * part` from visits with an unwanted part.  satisfaction_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        satisfaction_shift[v] -= forced_loss * part_unwanted[v]


@kernel
def count_parts(
    part_taken, visit_count, visit_firm, visit_customer, readiness, failure_severity, unready_below,
    failed_taking_part, unready_part,
):  # fmt: skip
    """Count visits of who took part: those that failed, and those of customers less ready than `unready_below`.

    A visit has failed if the severity of its failure is above 0.

    failed_taking_part, unready_part  tallies [written]
    """
    for v in range(visit_count[0]):
        if part_taken[v] > 0.0:
            j = visit_firm[v]
            failed_taking_part[j] += 1 if failure_severity[v] > 0.0 else 0
            unready_part[j] += 1 if readiness[visit_customer[v]] < unready_below else 0


@kernel
def practise(readiness, part_taken, visit_count, visit_customer, practice):
    """Let who takes part become more able: by `practice * part` of the way to 1, visit by visit in the list's order.

    readiness (n,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i = visit_customer[v]
        readiness[i] += practice * part_taken[v] * (1.0 - readiness[i])


@kernel
def tell_as_participant(
    story, part_taken, visit_count, visit_customer, visit_nth, visit_firm, transaction, customer_id, talk, good_from,
    positive_messages, negative_messages, told_as_participant, key, replication, t,
):  # fmt: skip
    """Let who took part tell of it, beside others: with chance `talk * part` (draw 0, block nth, word 1).

    It is told of the visits of who has no story yet this period; of several the first one told stays. The story is good
    if the visit's satisfaction is `good_from` or more.

    story (n,)  2 (firm + 1) + [good]  [written]
    positive_messages, negative_messages, told_as_participant  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        if part_taken[v] > 0.0 and story[i] == 0:
            u = uniform4(key, customer_id[i], t, visit_nth[v], replication)[1]
            if u < talk * part_taken[v]:
                good = transaction[v] >= good_from
                story[i] = 2 * (j + 1) + (1 if good else 0)
                positive_messages[j] += 1 if good else 0
                negative_messages[j] += 0 if good else 1
                told_as_participant[j] += 1


@kernel(double=True)
def relieve_staff(
    visit_relief, part_taken, visit_count, visit_customer, visit_firm, readiness, service_cost, time_saved,
    staff_relieved,
):  # fmt: skip
    """Work out and book what staff need not do: time_saved part readiness of `service_cost`, in whole cents.

    The product is of float64 numbers, from left to right, and rounded half up. Readiness is as the period began.

    visit_relief (visits,)  cents  [written]      staff_relieved  tally, below 0 [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        able = np.float64(part_taken[v]) * np.float64(readiness[visit_customer[v]])
        saved = np.float64(time_saved) * able * np.float64(service_cost[j])
        visit_relief[v] = whole(np.floor(saved + 0.5))
        staff_relieved[j] -= visit_relief[v]


@kernel
def take_off_relief(visit_cost, visit_relief, visit_count):
    """Take off each visit what staff need not do.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] -= visit_relief[v]


@kernel(per="share")
def book_set_up(set_up_expense, set_up_spend, lo, hi):
    """Book what taking part needs to be set up, in 1/100 cent a customer of the market and period.

    set_up_spend  tally [written]
    """
    for j in range(set_up_expense.shape[0]):
        set_up_spend[j] += (hi - lo) * set_up_expense[j]
