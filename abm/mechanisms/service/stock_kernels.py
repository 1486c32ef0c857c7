"""Stock: who finds the shelf empty or waits until it is made, what that does to her, and what is left."""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.order import sort_by
from abm.core.streams import uniform4
from abm.world.visits import DENIED, SERVED

NOTHING, FROM_STOCK, SUBSTITUTE, WAITS, LOST, MADE = range(6)  # what a visitor got


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


@equation
def willing_to_wait(impatience, making_time):
    """Return the chance that somebody waits until it is made: e^(-impatience making_time), in float32."""
    return exp32(-impatience * making_time)


@kernel(per="firm")
def serve_from_stock(
    stock_outcome, on_hand, order, book_start, visit_outcome, visit_customer, visit_nth, customer_id, stock_rule,
    made_to_order, making_time, making_expense, impatience, substitute_share, wait_share, units_wanted, units_sold,
    substituted, postponed_visits, lost_to_stock_outs, stock_periods, stock_out_periods, units_made, unwilling, making,
    key, replication, lo, hi, t,
):  # fmt: skip
    """Give visitors of firms lo..hi a unit each, in the order of their arrival, made to order or until stock is out.

    Who has left before (an outcome other than served) takes nothing, and gets `NOTHING`. Words are of draw 0, block
    nth. What she wants is made to order if word 3 is below `made_to_order`, and she waits for it, `MADE`, if word 2 is
    below `willing_to_wait`. Who does not, and who finds the shelf empty, takes a substitute if word 1 is below
    `substitute_share`; else she waits for the next period if it is below `substitute_share + wait_share`, and is lost
    otherwise. At firms without stock everybody gets `NOTHING`.

    stock_outcome (book,)  codes  [written]      on_hand (m,)  units  [written]
    units_wanted (who reached the shelf) and what follows to making (making_expense a unit made, in 1/100 cent)
    tallies [written]
    """
    for j in range(lo, hi):
        missed, willing = 0, willing_to_wait(impatience, making_time[j])
        for k in range(book_start[j], book_start[np.int64(j) + 1]):
            v = order[k]
            stock_outcome[v] = NOTHING
            if stock_rule[j] > 0 and visit_outcome[v] == SERVED:
                luck = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
                own = luck[3] < made_to_order[j]
                there = luck[2] < willing if own else on_hand[j] > 0
                got = empty_handed(luck[1], substitute_share, wait_share)
                got = (MADE if own else FROM_STOCK) if there else got
                stock_outcome[v] = got
                on_hand[j] -= 1 if got == FROM_STOCK else 0
                missed = 1 if not (own or there) else missed
                units_wanted[j] += 0 if own else 1
                units_sold[j] += 1 if got == FROM_STOCK else 0
                units_made[j] += 1 if got == MADE else 0
                unwilling[j] += 1 if own and not there else 0
                making[j] += making_expense[j] if got == MADE else 0
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
        if stock_outcome[v] == WAITS or stock_outcome[v] == LOST:
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


@kernel
def wait_for_making(performance_shift, visit_count, visit_firm, stock_outcome, making_time, making_loss):
    """Take from the performance of a visit `making_loss` for each period until it is made, in float32.

    performance_shift (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        performance_shift[v] -= making_loss * making_time[visit_firm[v]] if stock_outcome[v] == MADE else 0.0


@kernel(per="market", double=True)
def close_shelves(
    on_hand, stock_rule, unit_cost, unit_basket, holding_expense, programme_expense, kept_share, units_held,
    units_perished, units_closing, holding, write_offs, supply_programmes,
):  # fmt: skip
    """Let what does not keep perish, and book what is left, for firms that hold stock.

    Of the units on hand floor(kept_share * on_hand + 1/2) keep, in float64, and the others perish. A unit that keeps
    costs `holding_expense`, in 1/100 cent; one that perishes costs what was paid for it, `unit_cost * unit_basket` in
    whole cents for each unit, rounded half up. Programmes of supply cost `programme_expense`, in cents. What other
    firms have on hand keeps, and costs nothing.

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
            supply_programmes[j] += programme_expense[j]
