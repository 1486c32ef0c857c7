"""Stock: what is ordered, who finds the shelf empty, what that does to her, and what is left in the evening."""

from __future__ import annotations

import numpy as np

from abm.core.functions import normal32
from abm.core.kernels import equation, kernel
from abm.core.order import sort_by
from abm.core.streams import uniform4
from abm.world.visits import DENIED, SERVED

LEAST_FRACTILE, MOST_FRACTILE = 0.001, 0.999  # beyond them a normal quantile says nothing of counts
AVAILABILITY, NEWSVENDOR, CONTRIBUTION = 1, 2, 3  # codes of the rules by which a firm orders
NOTHING, FROM_STOCK, SUBSTITUTE, WAITS, LOST = range(5)  # what a visitor got


@equation(double=True)
def newsvendor_fractile(shortage_cost, surplus_cost):
    """Return C_u / (C_u + C_o), in [0.001, 0.999]: the chance that demand is met at which the next unit pays no more.

    Where neither costs anything the least fractile is returned.

    shortage_cost : C_u, margin of a unit that is missing, below 0 as 0      surplus_cost : C_o, cost of a unit left
    """
    missed = max(0.0, shortage_cost)
    share = missed / (missed + surplus_cost) if missed + surplus_cost > 0.0 else 0.0
    return min(max(share, LEAST_FRACTILE), MOST_FRACTILE)


@equation(double=True)
def ordered(mean, variance, z, on_hand, kept_share, lead_time):
    """Return how many units are ordered: up to mean + z sd at the time of delivery, rounded half up, at least 0.

    What is delivered at once joins what is on hand. What is delivered in the next period joins what is then still
    there, kept_share of what the mean of this period's visitors leaves; by then the error of this period, too, has come
    in on what is kept, so that the variance is 1 + kept_share times as large.
    """
    there = kept_share * max(0.0, on_hand - mean) if lead_time > 0 else np.float64(on_hand)
    covered = variance * (1.0 + kept_share) if lead_time > 0 else variance
    return max(np.int64(0), np.int64(np.floor(mean + z * np.sqrt(covered) - there + 0.5)))


@equation(double=True)
def fractile_of(rule, availability, price, unit_cost, unit_basket, service_cost, holding_cost, kept_share):
    """Return the fractile by which a firm orders: its lever, or the newsvendor's.

    A unit that is missing costs the margin of the goods, (price - unit_cost) unit_basket; under rule contribution less
    service_cost, cents, which a visitor who is not served does not cost. One that is left costs holding_cost if it
    keeps, as a part kept_share does, and unit_cost unit_basket if it perishes, as the rest does: the mean of both.
    """
    surplus = kept_share * holding_cost + (1.0 - kept_share) * unit_cost * unit_basket
    margin = (price - unit_cost) * unit_basket
    if rule == CONTRIBUTION:
        margin -= service_cost / 100.0
    return availability if rule == AVAILABILITY else newsvendor_fractile(margin, surplus)


@equation
def comes_before(visit, other, visit_customer, visit_nth, customer_id):
    """Return whether a visit is ahead of another that arrives at the same moment: by identity, then by occasion."""
    mine, hers = customer_id[visit_customer[visit]], customer_id[visit_customer[other]]
    return mine < hers or (mine == hers and visit_nth[visit] < visit_nth[other])


@equation
def empty_handed(u, substitute_share, wait_share):
    """Return what somebody does at an empty shelf: she takes a substitute, waits, or is lost.

    That is SUBSTITUTE if u < substitute_share, else WAITS if u < substitute_share + wait_share, else LOST, all of them
    float32, and so is the sum.  u: uniform
    """
    return SUBSTITUTE if u < substitute_share else (WAITS if u < substitute_share + wait_share else LOST)


@kernel(per="market", double=True)
def replenish(
    on_hand, on_order, stock_rule, availability, price, unit_cost, unit_basket, service_cost, holding_cost,
    expected_part, visits_forecast, visits_variance, logged_until, usual_visits, order_expense, kept_share, lead_time,
    units_opening, units_delivered, units_held, ordering, t,
):  # fmt: skip
    """Receive what is due and order, for firms that hold stock, all in float64.

    Mean and variance of the period's visitors are `visits_forecast` and `visits_variance`; without a forecast of period
    t (-1, or `logged_until` is not t - 1) both are `expected_part * usual_visits`. What was on order is received first;
    ordered is `ordered` of what is then on hand, at z, the normal score (in float32) of `fractile_of`. With lead_time 0
    it is received at once, else it is on order. What other firms have on hand or on order stays as it is.

    on_hand, on_order (m,)  units  [written]      units_opening (on hand before anything is received), units_delivered,
    units_held (on hand thereafter), ordering (order_expense for each order of a unit or more, cents)  tallies [written]
    """
    for j in range(stock_rule.shape[0]):
        if stock_rule[j] > 0:
            mean, variance = visits_forecast[j], visits_variance[j]
            if mean < 0.0 or logged_until[j] != t - 1:
                mean = np.float64(expected_part[j]) * usual_visits[j]
                variance = mean
            fractile = fractile_of(
                stock_rule[j], np.float64(availability[j]), np.float64(price[j]), np.float64(unit_cost[j]),
                unit_basket[j], np.float64(service_cost[j]), np.float64(holding_cost[j]), np.float64(kept_share),
            )  # fmt: skip
            z = np.float64(normal32(np.float32(fractile)))
            units_opening[j] += on_hand[j]
            received = on_order[j]
            units = ordered(mean, variance, z, on_hand[j] + received, np.float64(kept_share), lead_time)
            on_order[j] = units if lead_time > 0 else 0
            received += units if lead_time == 0 else 0
            on_hand[j] += received
            units_delivered[j] += received
            units_held[j] += on_hand[j]
            ordering[j] += order_expense[j] if units > 0 else 0


@kernel(per="firm")
def list_by_arrival(
    arrival, order, spare, book_start, book_visit, visit_customer, visit_nth, customer_id, stock_rule, key, replication,
    lo, hi, t,
):  # fmt: skip
    """List the visitors of firms lo..hi in the order of their arrival; those of firms without stock as in the book.

    Word 0 of draw 0, block nth, is the moment of arrival. Of those who arrive at the same moment the one of lower
    identity is ahead, then the earlier occasion.

    order (book,)  visits, those of firm j at book_start[j] and after; arrival (book,)  of each visit, whatever its
    firm; spare (book,)  [written]
    """
    for j in range(lo, hi):
        first, last = book_start[j], book_start[np.int64(j) + 1]
        for k in range(first, last):
            v = book_visit[k]
            order[k] = v
            arrival[v] = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)[0]
        if stock_rule[j] > 0:
            sort_by(order, spare, arrival, first, last)
            for k in range(first + 1, last):  # identity decides between equal arrivals, as rows may lie in any order
                e = k
                while (
                    e > first
                    and arrival[order[e - 1]] == arrival[order[e]]
                    and comes_before(order[e], order[e - 1], visit_customer, visit_nth, customer_id)
                ):
                    order[e - 1], order[e] = order[e], order[e - 1]
                    e -= 1


@kernel(per="firm")
def serve_from_stock(
    stock_outcome, on_hand, order, book_start, visit_outcome, visit_customer, visit_nth, customer_id, stock_rule,
    substitute_share, wait_share, units_wanted, units_sold, substituted, postponed_visits, lost_to_stock_outs,
    stock_periods, stock_out_periods, key, replication, lo, hi, t,
):  # fmt: skip
    """Give visitors of firms lo..hi a unit each, in the order of their arrival, until the shelf is empty.

    Who has left before (an outcome other than served) takes nothing, and gets `NOTHING`. Who finds the shelf empty
    takes a substitute if word 1 of draw 0, block nth, is below `substitute_share`; else she waits for the next period
    if it is below `substitute_share + wait_share`, and is lost otherwise. At firms without stock everybody gets
    `NOTHING`.

    stock_outcome (book,)  codes  [written]      on_hand (m,)  units  [written]
    units_wanted (who reached the shelf) and what follows to stock_out_periods (periods in which somebody found it
    empty)  tallies [written]
    """
    for j in range(lo, hi):
        missed = 0
        for k in range(book_start[j], book_start[np.int64(j) + 1]):
            v = order[k]
            stock_outcome[v] = NOTHING
            if stock_rule[j] > 0 and visit_outcome[v] == SERVED:
                units_wanted[j] += 1
                if on_hand[j] > 0:
                    on_hand[j] -= 1
                    units_sold[j] += 1
                    stock_outcome[v] = FROM_STOCK
                else:
                    missed = 1
                    u = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)[1]
                    got = empty_handed(u, substitute_share, wait_share)
                    stock_outcome[v] = got
                    substituted[j] += 1 if got == SUBSTITUTE else 0
                    postponed_visits[j] += 1 if got == WAITS else 0
                    lost_to_stock_outs[j] += 1 if got == LOST else 0
        stock_periods[j] += 1 if stock_rule[j] > 0 else 0
        stock_out_periods[j] += missed


@kernel
def remember_stock_outs(
    visit_outcome, satisfaction_at, expectation_at, trust_at, postponed, visit_count, visit_customer, visit_pair,
    stock_outcome, encounters_at, stock_out_resentment, stock_out_distrust,
):  # fmt: skip
    """Deny those who waited or were lost at the shelf, lower what they think of the firm, and note who will come back.

    Expectation, and the satisfaction of who has used the firm (encounters above 0), lose `stock_out_resentment` of
    themselves a visit, trust loses `stock_out_distrust`. Who waits has one occasion more that is put off, a visit.

    visit_outcome (visits,)  code  [written]
    satisfaction_at, expectation_at, trust_at (pairs,)  0-1  [written]      postponed (n,)  occasions  [written]
    """
    for v in range(visit_count[0]):
        if stock_outcome[v] >= WAITS:
            visit_outcome[v] = DENIED
            pair = visit_pair[v]
            trust_at[pair] *= 1.0 - stock_out_distrust
            expectation_at[pair] *= 1.0 - stock_out_resentment
            if encounters_at[pair] > 0.0:
                satisfaction_at[pair] *= 1.0 - stock_out_resentment
            postponed[visit_customer[v]] += 1.0 if stock_outcome[v] == WAITS else 0.0


@kernel(per="market")
def forget_waiting(postponed, latest_return, t):
    """Let all visits that were put off be lost if the period before was none in which somebody could come back.

    That is so if `latest_return`, the latest period in which this was done, is not t - 1: since then no firm held
    stock, or nobody waits.

    postponed (n,)  occasions, latest_return (1,)  the period t  [written]
    """
    if latest_return[0] != t - 1:
        for i in range(postponed.shape[0]):
            postponed[i] = 0.0
    latest_return[0] = t


@kernel
def come_back(need, postponed, purchase_rate, lo, hi):
    """Raise the need of who waits by one occasion for each visit that was put off: postponed / purchase_rate.

    It is added when all other theories have moved need; a need without a rate stays as it is.

    need (tile,)  ratio  [written]
    """
    for i in range(lo, hi):
        if postponed[i] > 0.0 and purchase_rate[i] > 0.0:
            need[i - lo] += postponed[i] / purchase_rate[i]


@kernel
def end_waiting(postponed, lo, hi):
    """Let visits that were put off be made up for, or not.  postponed (n,)  occasions  [written]"""
    for i in range(lo, hi):
        postponed[i] = 0.0


@kernel
def take_substitutes(performance_shift, visit_count, stock_outcome, substitute_loss):
    """Take from the performance of a visit what a substitute lacks.  performance_shift (visits,)  0-1  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] -= substitute_loss if stock_outcome[v] == SUBSTITUTE else 0.0


@kernel(per="market", double=True)
def close_shelves(
    on_hand, stock_rule, unit_cost, unit_basket, holding_expense, kept_share, units_held, units_perished,
    units_closing, holding, write_offs,
):  # fmt: skip
    """Let what does not keep perish, and book what is left, for firms that hold stock.

    Of the units on hand floor(kept_share * on_hand + 1/2) keep, in float64, and the others perish. A unit that keeps
    costs `holding_expense`, in 1/100 cent; one that perishes costs what was paid for it, `unit_cost * unit_basket` in
    whole cents for each unit, rounded half up. What other firms have on hand keeps, and costs nothing.

    on_hand (m,)  units  [written]      units_held (on hand before anything perishes) and what follows  tallies
    [written]
    """
    for j in range(stock_rule.shape[0]):
        if stock_rule[j] > 0:
            left = on_hand[j]
            kept = np.int64(np.floor(np.float64(kept_share) * left + 0.5))
            paid = np.int64(np.floor(100.0 * np.float64(unit_cost[j]) * unit_basket[j] + 0.5))
            on_hand[j] = kept
            units_held[j] += left
            units_perished[j] += left - kept
            units_closing[j] += kept
            holding[j] += kept * holding_expense[j]
            write_offs[j] += (left - kept) * paid
