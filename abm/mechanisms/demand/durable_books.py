"""Books of durables: what is paid for units and services, who hands what over, and what is counted.   No neighbours.

Part of `durable`, where claim, sources and what firms set are. Money is in whole cents.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.core.money import cents
from abm.mechanisms.demand.durable_kernels import NOT_DUE, with_this_one
from abm.world.calendar import NEVER, periods_of
from abm.world.visits import NO_OCCASION, PURCHASE, SERVICE

_MOST_MISSED = 255  # what 8 bits hold
ONCE, TWICE, FOUR_TIMES = 1, 2, 4  # visits skipped: ends of the classes


@kernel(double=True)
def settle_units(
    visit_kind, visit_net, visit_spend, visit_count, visit_customer, visit_firm, occasion_kind, owned_from,
    warranty_left, basket, unit_cost, sale_unit_cost, build_expense, discounts, services_waived, unit_goods,
    build_spend,
):  # fmt: skip
    """Correct the books of each visit for what it was about.

    A purchase has goods of `cents(sale_unit_cost * basket)` in place of `cents(unit_cost * basket)`: the difference is
    `unit_goods`; how well the unit is built costs `build_expense`, in cents. A service by the firm that sold the unit,
    under warranty, is not charged: what she would have paid, her other discounts taken off, is forgone. Both costs of
    a purchase are in `visit_net`, which is 0 on other visits.

    visit_kind (visits,)  0 none, 1 purchase, 2 service; visit_net, visit_spend (visits,)  cents  [written]
    discounts, services_waived, unit_goods, build_spend  tallies, in cents [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        visit_kind[v] = occasion_kind[i]
        visit_net[v] = 0
        if occasion_kind[i] == PURCHASE:
            worth = np.float64(basket[i])
            more = cents(np.float64(sale_unit_cost[j]) * worth) - cents(np.float64(unit_cost[j]) * worth)
            visit_net[v] = more + build_expense[j]
            unit_goods[j] += more
            build_spend[j] += build_expense[j]
        elif occasion_kind[i] == SERVICE and owned_from[i] == np.int32(j) and warranty_left[i] > 0:
            discounts[j] += visit_spend[v]
            services_waived[j] += visit_spend[v]
            visit_spend[v] = 0


@kernel
def add_unit_net(visit_cost, visit_net, visit_count):
    """Add `visit_net` to what levers cost on the visit.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += visit_net[v]


@kernel
def hand_over(
    owned_from, unit_age, unit_liking, unit_problems, since_service, since_own_service, since_due, until_due,
    due_state, missed_due, wants_unit, warranty_left, visit_count, visit_customer, visit_firm, visit_kind, performance,
    warranty, service_interval, first_units, replaced_units, same_make, unit_sales, periods_per_year,
):  # fmt: skip
    """Hand over what was bought, visit by visit.

    Who buys has a new unit of the firm, and no longer the old one: its age, problems, time since service and visits
    missed are 0, it has no service due or made yet (times of 2^30 periods), it is under warranty for `warranty` after
    this period (`with_this_one`) and its first service due after `service_interval`, in periods, the latter 1 or more;
    she likes it as much as the performance of this visit. A replacement is counted for the firm of the old unit, and as
    the same make if it is that of the new.

    owned_from … warranty_left (n,)  [written]      first_units … unit_sales  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        f = owned_from[i]
        if visit_kind[v] == PURCHASE:
            if f >= 0:
                replaced_units[f] += 1
                same_make[f] += 1 if f == np.int32(j) else 0
            else:
                first_units[j] += 1
            unit_sales[j] += 1
            owned_from[i] = j
            unit_age[i] = 0
            unit_problems[i] = 0
            unit_liking[i] = performance[v]
            since_service[i] = 0
            since_own_service[i] = NEVER
            since_due[i] = NEVER
            until_due[i] = max(np.int64(1), periods_of(service_interval[j], periods_per_year))
            due_state[i] = NOT_DUE
            missed_due[i] = 0
            wants_unit[i] = 0
            warranty_left[i] = with_this_one(periods_of(warranty[j], periods_per_year))


@kernel
def note_services(
    since_service, since_own_service, until_due, due_state, missed_due, owned_from, visit_count, visit_customer,
    visit_firm, visit_kind, service_interval, services_done, due_own, due_elsewhere, periods_per_year,
):  # fmt: skip
    """Note services, visit by visit: each ends what is due.

    The next one is due after `service_interval` of the firm that sold the unit. If that firm did it, no visit is missed
    any more; else one more is, at most 255.

    since_service … missed_due (n,)  [written]      services_done  tally of the firm visited, due_own, due_elsewhere  of
    the firm that sold the unit  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        if visit_kind[v] == SERVICE:
            f = owned_from[i]
            own = f == np.int32(j)
            services_done[j] += 1
            due_own[f] += 1 if own else 0
            due_elsewhere[f] += 0 if own else 1
            since_service[i] = 0
            if own:
                since_own_service[i] = 0
            missed_due[i] = 0 if own else min(np.int32(missed_due[i]) + 1, _MOST_MISSED)
            until_due[i] = max(np.int64(1), periods_of(service_interval[f], periods_per_year))
            due_state[i] = NOT_DUE


@kernel
def put_basket_back(basket, service_basket, lo, hi):
    """Let the basket be the usual one again when the visits are booked.  basket (n,)  cu  [written]"""
    for i in range(lo, hi):
        basket[i] = service_basket[i]


@kernel
def note_calendar(seen_gap, known, seen_last, occasion_kind, until_due, lo, hi, t):
    """Let a firm that has sold or serviced the unit of a known customer in the period know when it is due next.

    Her rhythm, as the firm knows it, becomes the time until the service is due, which its reminders go by.

    seen_gap (m, n)  periods  [written, where the latest visit that the firm knows of is of this period]
    """
    for j in range(known.shape[0]):
        for i in range(lo, hi):
            if occasion_kind[i] != NO_OCCASION and known[j, i] > 0 and seen_last[j, i] == t:
                seen_gap[j, i] = np.float32(until_due[i])


@kernel
def skip_overdue(
    until_due, due_state, missed_due, owned_from, exited, service_interval, grace, due_skipped, periods_per_year, lo, hi
):  # fmt: skip
    """Let a service be skipped that has been due for `grace`, in periods: the next is due an interval after it was.

    It is skipped if, with no visit for it in the period, -`until_due` is `grace` or more. Then `until_due` grows by the
    interval of the firm that sold the unit, 1 or more, and is 1 at least; one more visit is missed, at most 255.

    until_due (n,)  periods, due_state (n,)  code, missed_due (n,)  visits  [written]      due_skipped  tally [written]
    """
    patience = periods_of(grace, periods_per_year)
    for i in range(lo, hi):
        f = owned_from[i]
        if f >= 0 and exited[i] < 0 and until_due[i] <= 0 and -np.int64(until_due[i]) >= patience:
            interval = max(np.int64(1), periods_of(service_interval[f], periods_per_year))
            until_due[i] = max(np.int64(1), until_due[i] + interval)
            due_state[i] = NOT_DUE
            missed_due[i] = min(np.int32(missed_due[i]) + 1, _MOST_MISSED)
            due_skipped[f] += 1


@kernel
def count_units(
    owned_from, exited, since_due, since_own_service, missed_due, installed_units, due_in_year, returned_in_year,
    owners_every_time, owners_skipped_one, owners_skipped_two, owners_skipped_few, owners_skipped_many,
    periods_per_year, lo, hi,
):  # fmt: skip
    """Count units in use at the end of the period by the firm that sold them; owners who have left do not count.

    Due in the year is whose service has fallen due within the latest `periods_per_year` periods (`since_due` below it);
    returned who of these has had one at that firm within as many. Classes are by visits missed there: 0, 1, 2, 3 or 4,
    more.

    installed_units and what follows  tallies [written]
    """
    for i in range(lo, hi):
        f = owned_from[i]
        if f >= 0 and exited[i] < 0:
            missed = np.int32(missed_due[i])
            due = since_due[i] < periods_per_year
            installed_units[f] += 1
            due_in_year[f] += 1 if due else 0
            returned_in_year[f] += 1 if due and since_own_service[i] < periods_per_year else 0
            owners_every_time[f] += 1 if missed == 0 else 0
            owners_skipped_one[f] += 1 if missed == ONCE else 0
            owners_skipped_two[f] += 1 if missed == TWICE else 0
            owners_skipped_few[f] += 1 if (missed > TWICE) & (missed <= FOUR_TIMES) else 0
            owners_skipped_many[f] += 1 if missed > FOUR_TIMES else 0
