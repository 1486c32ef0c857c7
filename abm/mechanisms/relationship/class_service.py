"""Service by class: what a firm does for its best customers, and what that takes from the others.   No neighbours.

Claim: effort has diminishing returns, and the same effort is divided otherwise: performance moves with the logarithm of
the effort on a visit, and over all visitors of a period effort is what it was. A discount and a person of her own add
to what the provider is worth, and cost.
Source: assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set, log32
from abm.core.kernels import equation, kernel
from abm.world.complaints import NO_COMPLAINT

A, C = np.uint8(1), np.uint8(3)  # the first and the last class of those on top


@equation
def effort_per_visit(effort_on_top, top_visit_share, is_top):
    """Return the effort on a visit, 1 = the average, so that all visits take what they took: a / w, (1 - a) / (1 - w).

    It is 1 where there is nothing to divide: no top visitor, none but top visitors, or no share said.
    """
    divided = effort_on_top > 0.0 and top_visit_share > 0.0 and top_visit_share < 1.0
    top, rest = effort_on_top / top_visit_share, (1.0 - effort_on_top) / (1.0 - top_visit_share)
    return np.float32(1.0) if not divided else np.float32(top if is_top else rest)


@kernel(per="firm")
def weigh_visitors(top_visit_share, book_start, book_visit, visit_customer, customer_class, lo, hi):
    """Find which share of the period's visitors of firms lo..hi are in class A, B or C.

    top_visit_share (m,)  share  [written]
    """
    for j in range(lo, hi):
        first, last, top = book_start[j], book_start[np.int64(j) + 1], 0
        for k in range(first, last):
            found = customer_class[j, visit_customer[book_visit[k]]]
            top += 1 if (found >= A) & (found <= C) else 0
        top_visit_share[j] = np.float32(top) / np.float32(max(last - first, 1))


@kernel
def add_effort(
    performance_shift, visit_count, visit_firm, visit_pair, customer_class_at, top_visit_share, effort_on_top,
    effort_effect,
):  # fmt: skip
    """Add what more or less effort than the average does: `effort_effect * ln(effort)`.

    performance_shift (visits,)  [written]
    """
    for v in range(visit_count[0]):
        j, found = visit_firm[v], customer_class_at[visit_pair[v]]
        is_top = (found >= A) & (found <= C)
        effort = effort_per_visit(effort_on_top[j], top_visit_share[j], is_top)
        performance_shift[v] += effort_effect * log32(effort)


@kernel
def foresee_class_discount(utility, price_response, price, customer_class, class_discount, lo, hi):
    """Add what the discount of her class is worth: `price_response * price * class_discount`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        if any_set(class_discount[:, j]):
            for i in range(lo, hi):
                utility[j, i - lo] += price_response[i] * price[j] * class_discount[customer_class[j, i], j]


@kernel
def discount_classes(visit_discount, visit_count, visit_firm, visit_pair, customer_class_at, class_discount):
    """Take the discount of the visitor's class off what other discounts leave.

    visit_discount (visits,)  share  [written]
    """
    for v in range(visit_count[0]):
        discount = class_discount[customer_class_at[visit_pair[v]], visit_firm[v]]
        visit_discount[v] += discount * (1.0 - visit_discount[v])


@kernel
def attend_to_best(
    personal_bond_at, visit_count, visit_firm, visit_pair, customer_class_at, has_person, attended_rate
):  # fmt: skip
    """Let the personal relationship of visitors in class A grow by `attended_rate` of its way to 1, where each has a
    person of her own.

    personal_bond_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        if has_person[visit_firm[v]] > 0 and customer_class_at[pair] == A:
            personal_bond_at[pair] += attended_rate * (1.0 - personal_bond_at[pair])


@kernel(per="share")
def book_persons(person_spend, customer_class, person_expense, lo, hi):
    """Book what the persons of class A cost.  person_spend  tally [written]"""
    for j in range(person_expense.shape[0]):
        found = 0
        for i in range(lo, hi):
            found += 1 if customer_class[j, i] == A else 0
        person_spend[j] += found * person_expense[j]


@kernel
def hasten_best(handling_time, visit_count, visit_firm, visit_pair, customer_class_at, complaint_priority):
    """Shorten the handling of complaints of class A, by `complaint_priority`.  handling_time (visits,)  [written]"""
    for v in range(visit_count[0]):
        if customer_class_at[visit_pair[v]] == 1:
            handling_time[v] *= 1.0 - complaint_priority[visit_firm[v]]


@kernel
def book_priority(visit_count, visit_firm, visit_pair, customer_class_at, handling, priority_expense, priority_spend):
    """Book what hurrying for class A costs, complaint by complaint.  priority_spend  tally [written]"""
    for v in range(visit_count[0]):
        if customer_class_at[visit_pair[v]] == 1 and handling[v] != NO_COMPLAINT:
            priority_spend[visit_firm[v]] += priority_expense[visit_firm[v]]
