"""Credit: bills that are paid later: who is given credit, and what that is worth to her.   Reads only its own customer.

A firm has one account for each customer: what she may pay later is added to it, the account is due when the oldest bill
on it is, and she pays all of it or nothing.
Claim: to pay later is worth what the delay saves, more to those who will be late; to be refused it is an offence.
Source: rules of the trade, assumed; what policies do with these stands in `payments`.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import whole
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

PROMPT, LATE, DEFAULTER = range(3)  # disciplines: a payer's code is twice hers, + 1 if she is noisy

_TRAIT = 3 << 16  # draw 3, block 0 of an address


@equation
def pressed(chance, factor):
    """Return a chance whose odds are multiplied: factor chance / (1 + (factor - 1) chance)."""
    return factor * chance / (1.0 + (factor - 1.0) * chance)


@equation
def prompting(prompt_rebate, rebate_response):
    """Return by what a rebate multiplies the odds of paying in time: 1 + rebate_response * prompt_rebate."""
    return 1.0 + rebate_response * prompt_rebate


@equation
def part_granted(score, full_credit_from, no_credit_below, fair_part):
    """Return the part of its credit that a firm grants by score: nothing, `fair_part` or all."""
    fair = fair_part if score < full_credit_from else np.float32(1.0)
    return np.float32(0.0) if score < no_credit_below else fair


@equation
def refused(granted, credit):
    """Return which part of the credit that a firm offers is refused to a customer, 0-1; 0 where it offers none."""
    return (credit - granted) / credit if credit > 0.0 else np.float32(0.0)


@equation(double=True)
def part_in_cents(share, amount):
    """Return a share of an amount in whole cents, rounded half up.  amount : cents"""
    return whole(np.floor(np.float64(share) * np.float64(amount) + 0.5))


@kernel
def draw_payers(payer, customer_id, late_share, defaulter_share, noisy_share, key, replication):
    """Draw for life how each customer pays, and whether she is noisy (period 0, draw 3, block 0).

    She is a defaulter (2) for uniforms (word 0) below `defaulter_share`, late (1) for the next `late_share`, else
    prompt (0); and noisy for uniforms (word 1) below `noisy_share`, whatever she pays like.

    payer (n,)  code: 2 discipline + [noisy]  [written]
    """
    for i in range(customer_id.shape[0]):
        a, b, _, _ = uniform4(key, customer_id[i], 0, _TRAIT, replication)
        late = LATE if a < defaulter_share + late_share else PROMPT
        payer[i] = 2 * (DEFAULTER if a < defaulter_share else late) + (1 if b < noisy_share else 0)


@equation
def is_cut_off(due, t, barred, cut_off_after):
    """Return whether a firm cuts a customer off: who has been in debt for so long, or is barred; never after 0."""
    return (cut_off_after > 0) & (((due >= 0) & (t - due >= cut_off_after)) | (barred > 0))


@kernel
def grant_credit(
    granted, cut_off, offended_by, trust, satisfaction, due, credit_score, barred, credit, cut_off_after,
    full_credit_from, no_credit_below, fair_part, resentment, cut_offs, lo, hi, t,
):  # fmt: skip
    """After that, decide who is cut off, and which part of a bill each customer may pay later in this period.

    A firm whose `cut_off_after` is above 0 cuts off who owes it something (`due` is not -1) that has been overdue for
    as long or longer (`t - due`), and who is barred. Who is cut off is granted nothing, else `credit` times the part by
    her score (`part_granted`). Who is cut off now and was not when the period began takes it badly: her trust and
    satisfaction are multiplied by `1 - resentment`. Of several firms that offend her in a period the last is
    remembered, -1 = none did.

    granted (m, n)  0-1, cut_off (m, n)  bool, offended_by (n,)  firm  [written]
    trust, satisfaction (m, n)  0-1  [written]      cut_offs  tally [written]
    """
    for i in range(lo, hi):
        offended_by[i] = -1
    for j in range(granted.shape[0]):
        after, fresh = cut_off_after[j], 0
        for i in range(lo, hi):
            cut = is_cut_off(due[j, i], t, barred[j, i], after)
            part = part_granted(credit_score[j, i], full_credit_from[j], no_credit_below[j], fair_part)
            granted[j, i] = np.float32(0.0) if cut else credit[j] * part
            fresh += 1 if cut & (cut_off[j, i] == 0) else 0
        if fresh > 0:
            for i in range(lo, hi):
                if cut_off[j, i] == 0 and is_cut_off(due[j, i], t, barred[j, i], after):
                    offended_by[i] = j
                    trust[j, i] *= 1.0 - resentment
                    satisfaction[j, i] *= 1.0 - resentment
        cut_offs[j] += fresh
        for i in range(lo, hi):
            cut_off[j, i] = 1 if is_cut_off(due[j, i], t, barred[j, i], after) else 0


@equation
def worth_of_credit(chance, delay, credit_terms, prompt_rebate, factor, delay_value):
    """Return what it is worth to pay a bill later, as a part of the price: the delay, and the rebate foreseen."""
    return delay_value * (np.float32(credit_terms) + delay) + prompt_rebate * pressed(chance, factor)


@kernel
def value_credit(
    utility, granted, cut_off, payer, price_response, price, credit_terms, prompt_rebate, pay_chance, mean_delay,
    delay_value, rebate_response, cut_off_aversion, lo, hi,
):  # fmt: skip
    """Add what paying later is worth, in units of the price.

    The term is `price_response * price * (granted * (delay_value * (credit_terms + mean_delay[discipline]) +
    prompt_rebate * chance) - [cut off] * cut_off_aversion)`: who will pay late keeps the money for longer. The chance
    is that of paying on the day, `pressed(pay_chance[discipline], prompting)`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        rebate, days = prompt_rebate[j], credit_terms[j]
        factor = prompting(rebate, rebate_response)
        prompt = worth_of_credit(pay_chance[PROMPT], mean_delay[PROMPT], days, rebate, factor, delay_value)
        late = worth_of_credit(pay_chance[LATE], mean_delay[LATE], days, rebate, factor, delay_value)
        never = worth_of_credit(pay_chance[DEFAULTER], mean_delay[DEFAULTER], days, rebate, factor, delay_value)
        for i in range(lo, hi):
            worth = late if payer[i] >= 2 * LATE else prompt
            worth = never if payer[i] >= 2 * DEFAULTER else worth
            lost = cut_off_aversion if cut_off[j, i] > 0 else np.float32(0.0)
            utility[j, i - lo] += price_response[i] * price[j] * (granted[j, i] * worth - lost)


@kernel
def resent_refusal(satisfaction_shift, visit_count, visit_firm, visit_pair, granted_at, credit, offence):
    """Take from the satisfaction with a visit what it is to be refused credit: `offence * refused`.

    satisfaction_shift (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        satisfaction_shift[v] -= offence * refused(granted_at[visit_pair[v]], credit[visit_firm[v]])


@kernel
def bill_visits(
    owed_at, due_at, visit_count, visit_firm, visit_pair, visit_spend, granted_at, credit_terms, billed, paid_cash, t
):
    """Bill every visit: put `granted` of what is spent on the account, in whole cents rounded half up.

    The rest is paid at once. An account on which nothing was owed is due in period `t + credit_terms`.

    owed_at (pairs,)  cents, due_at (pairs,)  period  [written]      billed, paid_cash  tallies, in cents [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        later = part_in_cents(granted_at[pair], visit_spend[v])
        if later > 0:
            if owed_at[pair] == 0:
                due_at[pair] = t + credit_terms[j]
            owed_at[pair] += later
        billed[j] += visit_spend[v]
        paid_cash[j] += visit_spend[v] - later


@kernel
def hold_receivables(owed, cut_off, capital_expense, receivables, capital_cost, cut_off_customers, lo, hi):
    """At the end of the period, count what is owed and who is cut off, and book what capital costs on what is owed.

    Capital costs `owed * capital_expense`, in 10^-6 cents.

    receivables  tally, in cents, capital_cost  tally, in 10^-6 cents, cut_off_customers  tally  [written]
    """
    for j in range(owed.shape[0]):
        total, cut = 0, 0
        for i in range(lo, hi):
            total += owed[j, i]
            cut += 1 if cut_off[j, i] > 0 else 0
        receivables[j] += total
        capital_cost[j] += total * capital_expense[j]
        cut_off_customers[j] += cut
