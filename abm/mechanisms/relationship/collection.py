"""Collection: what is owed is asked for, paid, or written off, and who does not pay is cut off.   No neighbours.

Claim: whether somebody pays in time is a trait of hers, which pressure moves by its odds; who is cut off tells of it.
Source: rules of the trade, assumed; what policies do with these stands in `payments`.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.relationship.credit import part_in_cents, pressed, prompting
from abm.world.visits import DENIED, SERVED

_AT_THE_TILL = 1 << 16  # draw 1, block 0 of an address
_STORY = 2 << 16  # draw 2
_SERVICE = 1  # code of the word in `cut_off_from`
_PER_THOUSAND = "1/1,000 customers/period"


@kernel
def call_about_bills(
    due, payer, customer_id, billing_calls, overdue_calls, calls, key, replication, lo, hi, t,
):  # fmt: skip
    """At the start of the period, let noisy customers call who owe something: whose `due` is not -1.

    One calls if the uniform (draw 0, block j, word 1) is below `overdue_calls`, or `billing_calls` while the account is
    not yet overdue by 1 period or more: `t - due`.

    calls  tally [written]
    """
    for j in range(due.shape[0]):
        for i in range(lo, hi):
            if (due[j, i] >= 0) and (payer[i] & 1) > 0:
                chance = overdue_calls if t > due[j, i] else billing_calls
                calls[j] += 1 if uniform4(key, customer_id[i], t, j, replication)[1] < chance else 0


@kernel
def collect_accounts(
    owed, due, credit_score, payer, pay_chance, prompt_rebate, reminder_after, reminder_every, reminder_pressure,
    rebate_response, score_rate, customer_id, fell_due, paid_in_time, paid_late, collected, rebates, payment_reminders,
    key, replication, lo, hi, t,
):  # fmt: skip
    """After that, collect what is owed, firm by firm, from each customer whose account is due: `due` is in 0 … t.

    An account is overdue by `t - due`. One of 0 falls due. In this order:

    - a reminder is sent if `reminder_after` is above 0 and the account is overdue by it, or by `reminder_every` more,
      or by twice as many more …;
    - she pays all of it if the uniform (draw 0, block j, word 0) is below `pressed(pay_chance[discipline], factor)`;
      the factor is 1, times `reminder_pressure` if she is reminded now, times `prompting` if it falls due now;
    - if she pays and it falls due now, she keeps `prompt_rebate` of it, in whole cents rounded half up, and her score
      moves by `score_rate` of its way to 1; if she pays later, the score stays;
    - if she does not pay, her score falls by `score_rate` of itself.

    owed (m, n)  cents, due (m, n)  period, -1 = nothing is owed, credit_score (m, n)  0-1  [written]
    fell_due, paid_in_time, paid_late, payment_reminders, and in cents collected, rebates  tallies [written]
    """
    for j in range(owed.shape[0]):
        for i in range(lo, hi):
            if (due[j, i] >= 0) & (due[j, i] <= t):
                overdue = t - due[j, i]
                after = overdue - reminder_after[j]
                reminded = reminder_after[j] > 0 and after >= 0 and after % reminder_every == 0
                factor = reminder_pressure if reminded else np.float32(1.0)
                factor *= prompting(prompt_rebate[j], rebate_response) if overdue == 0 else np.float32(1.0)
                chance = pressed(pay_chance[payer[i] >> 1], factor)
                pays = uniform4(key, customer_id[i], t, j, replication)[0] < chance
                payment_reminders[j] += 1 if reminded else 0
                fell_due[j] += 1 if overdue == 0 else 0
                if pays:
                    in_time = overdue == 0
                    kept = part_in_cents(prompt_rebate[j], owed[j, i]) if in_time else np.int64(0)
                    paid_in_time[j] += 1 if in_time else 0
                    paid_late[j] += 0 if in_time else 1
                    rebates[j] += kept
                    collected[j] += owed[j, i] - kept
                    owed[j, i] = 0
                    due[j, i] = -1
                    credit_score[j, i] += score_rate * (1.0 - credit_score[j, i]) if in_time else np.float32(0.0)
                else:
                    credit_score[j, i] -= score_rate * credit_score[j, i]


@kernel
def write_off_debts(owed, due, credit_score, barred, write_off_after, bad_debt, lo, hi, t):
    """After that, write off what is owed, and overdue by `write_off_after` periods or more (0 = never).

    Nothing is owed any more, the score is 0 and the customer is barred, for good.

    owed (m, n)  cents, due (m, n)  period, credit_score (m, n)  0-1, barred (m, n)  bool  [written]
    bad_debt  tally, in cents [written]
    """
    for j in range(owed.shape[0]):
        if write_off_after[j] > 0:
            for i in range(lo, hi):
                if (due[j, i] >= 0) & (t - due[j, i] >= write_off_after[j]):
                    bad_debt[j] += owed[j, i]
                    owed[j, i] = 0
                    due[j, i] = -1
                    credit_score[j, i] = 0.0
                    barred[j, i] = 1


@kernel
def press_debtors(
    visit_outcome, offended_by, owed_at, due_at, cut_off_at, trust_at, satisfaction_at, visit_count, visit_customer,
    visit_nth, visit_firm, visit_pair, payer, pay_chance, cut_off_from, cut_off_pressure, resentment, customer_id,
    paid_late, collected, turned_away, key, replication, t,
):  # fmt: skip
    """Ask visitors who are cut off for what they owe, and turn away who does not pay where the firm serves none such.

    Of visitors who are served so far, visit by visit: who is cut off and owes something pays all of it if the uniform
    (draw 1, block nth, word 0) is below `pressed(pay_chance[discipline], cut_off_pressure)`, and is then not cut off
    any more (credit is granted from the next period on). Who is still cut off is denied if `cut_off_from` is 1
    (service); her trust and her satisfaction with the firm are multiplied by `1 - resentment`, and the firm is the one
    that is remembered to have offended her.

    visit_outcome (visits,)  code, offended_by (n,)  firm  [written]
    owed_at (pairs,)  cents, due_at (pairs,)  period, cut_off_at (pairs,)  bool  [written]
    trust_at, satisfaction_at (pairs,)  0-1  [written]      paid_late, collected, turned_away  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        if visit_outcome[v] == SERVED and cut_off_at[pair] > 0:
            u = uniform4(key, customer_id[i], t, _AT_THE_TILL | visit_nth[v], replication)[0]
            if owed_at[pair] > 0 and u < pressed(pay_chance[payer[i] >> 1], cut_off_pressure):
                paid_late[j] += 1
                collected[j] += owed_at[pair]
                owed_at[pair] = 0
                due_at[pair] = -1
                cut_off_at[pair] = 0
            elif cut_off_from[j] == _SERVICE:
                visit_outcome[v] = DENIED
                offended_by[i] = j
                turned_away[j] += 1
                trust_at[pair] *= 1.0 - resentment
                satisfaction_at[pair] *= 1.0 - resentment


@kernel
def tell_of_cut_offs(story, offended_by, customer_id, outrage, negative_messages, key, replication, lo, hi, t):
    """Let who was cut off or turned away tell of it, in place of what else she tells in the period.

    She does with chance `outrage` (draw 2, block 0, word 0), once a period, of the firm that is remembered.

    story (n,)  2 (firm + 1), a bad one  [written]      negative_messages  tally [written]
    """
    for i in range(lo, hi):
        j = offended_by[i]
        if j >= 0 and uniform4(key, customer_id[i], t, _STORY, replication)[0] < outrage:
            story[i] = 2 * (j + 1)
            negative_messages[j] += 1


@kernel(per="share")
def book_collection(payment_reminders, calls, reminder_cost, call_cost, collection):
    """Book what reminders and calls of the period cost.  collection  tally, in cents [written]"""
    for j in range(reminder_cost.shape[0]):
        collection[j] += payment_reminders[j] * reminder_cost[j] + calls[j] * call_cost[j]


@kpi(unit="share", better="less")
def cut_off_share(c: Tallied) -> FloatArray:
    """Customers whom the firm has cut off at the end of a period / customers of the market; over several their mean."""
    return c.cut_off_customers / c.population


@kpi(unit=_PER_THOUSAND, better="less")
def reminder_rate(c: Tallied) -> FloatArray:
    """Reminders sent, per 1,000 customers of the market and period."""
    return 1000.0 * c.payment_reminders / c.population


@kpi(unit=_PER_THOUSAND, better="less")
def billing_call_rate(c: Tallied) -> FloatArray:
    """Calls of customers about their bills, per 1,000 customers of the market and period: time of staff."""
    return 1000.0 * c.calls / c.population


@kpi(unit="share", better="less", nan="nobody was turned away or served")
def turned_away_share(c: Tallied) -> FloatArray:
    """Visitors who were turned away because they had not paid / visitors who were turned away or served."""
    return c.turned_away / (c.turned_away + c.visits)
