"""Kernels of sales forces: how many calls of each kind there are, whom they reach, what is said, and what comes of it.

Reads only its own customer, but for the plan, which counts all of them.
Claim: a sales force divides so many calls a period among those whom it could call; who is called is drawn to the firm
for a time, and expects what she was told.
Source: assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import STEPS, exp32, in_steps, unit, whole
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

NO_LEAD, LEAD, TRIAL, CUSTOMER = (np.uint8(code) for code in range(4))  # what a customer is in a firm's funnel
NOT_CALLED, SUSPECT_CALLED, LEAD_CALLED, CUSTOMER_CALLED = (np.uint8(code) for code in range(4))
_BOUGHT = np.uint8(4)  # added to these when who was called buys in the period
_PER = np.float32(1000.0)  # customers, for whom salespeople are counted


@equation
def eagerness(commission, half_commission):
    """Return how eager a commission makes, from 0 to 1: 1 - 2^(-commission / half_commission)."""
    return 1.0 - exp32(-0.6931472 * commission / half_commission)


@equation
def called_as(funnel, known):
    """Return as what a firm would call a customer: 3 a customer, 2 a lead, 1 a suspect.

    A customer is whom it knows (information), or whom its salespeople know for one (funnel 2 or 3); a lead who has been
    called (funnel 1); everybody else is a suspect, customers whom nobody knows for such included.
    """
    ours = known > 0 or funnel >= TRIAL
    return CUSTOMER_CALLED if ours else (LEAD_CALLED if funnel == LEAD else SUSPECT_CALLED)


@equation
def share_of_calls(group, prospect_share, to_leads):
    """Return the share of calls that go to suspects (1), leads (2) or customers (3)."""
    prospects = prospect_share * (to_leads if group == 2 else 1.0 - to_leads)
    return prospects if group < 3 else 1.0 - prospect_share


@equation
def stated_chance(hit_rate, optimism):
    """Return the chance of a sale that salespeople state for a call: hit_rate * (1 + optimism), in [0, 1]."""
    return unit(hit_rate * (1.0 + optimism))


@kernel(per="market")
def plan_calls(
    call_chance, hit_rate, called, funnel, known, exited, salespeople, commission, prospect_share, to_leads,
    calls_each, zeal, half_commission, optimism, hit_memory, sales_foreseen, sales_made, sales_missed,
):  # fmt: skip
    """Hold the forecast of the period before against its sales, learn from them, and plan the calls of the period.

    For each firm with salespeople, over the groups g = 1 suspects, 2 leads, 3 customers. Of the period before: C_g were
    called and are still there, of whom B_g bought (`called` g or g + 4; g + 4). Its forecast is Σ C_g times the stated
    chance, each cut off to whole 2^-20; foreseen are that sum, made Σ B_g, missed the difference without its sign.
    Then, where C_g > 0, `hit_rate` moves by `hit_memory` of its way to B_g / C_g, as float32.

    Calls are salespeople * calls_each * (1 + zeal * eagerness) * n / 1000, divided by `share_of_calls`. Each of the
    group's N_g customers who are in the category (`exited` below 0) is called with the chance calls_g / N_g, 1 at most
    and 0 if N_g is 0: calls that nobody is left for are not made.

    call_chance, hit_rate (m, 3)  0-1  [written]
    sales_foreseen, sales_missed  2^-20 of a sale, sales_made  sales: tallies [written]
    """
    n = np.int64(called.shape[1])
    for j in range(called.shape[0]):
        if salespeople[j] > 0.0:
            eager = 1.0 + zeal * eagerness(commission[j], half_commission)
            calls = salespeople[j] * calls_each * eager * (np.float32(n) / _PER)
            foreseen, made = np.int64(0), np.int64(0)
            for g in range(1, 4):
                there, asked, bought = np.int64(0), np.int64(0), np.int64(0)
                for i in range(n):
                    mine = exited[i] < 0 and called_as(funnel[j, i], known[j, i]) == g
                    there += 1 if mine else 0
                    asked += 1 if called[j, i] == g or called[j, i] == g + _BOUGHT else 0
                    bought += 1 if called[j, i] == g + _BOUGHT else 0
                foreseen += asked * in_steps(stated_chance(hit_rate[j, g - 1], optimism))
                made += bought
                if asked > 0:
                    rate = np.float32(bought) / np.float32(asked)
                    hit_rate[j, g - 1] += hit_memory * (rate - hit_rate[j, g - 1])
                own = calls * share_of_calls(g, prospect_share[j], to_leads[j])
                call_chance[j, g - 1] = min(np.float32(1.0), own / np.float32(there)) if there > 0 else np.float32(0.0)
            sales_foreseen[j] += foreseen
            sales_made[j] += made
            sales_missed[j] += abs(foreseen - made * np.int64(STEPS))


@kernel
def make_calls(
    called, called_last, funnel, call_pull, aware, expectation, contact_welcome, encounters, known, reachable, exited,
    customer_id, call_chance, salespeople, commission, promise, persuasiveness, call_kept, said_pull,
    exaggeration, half_commission, suspect_calls, lead_calls, customer_calls, learned, key, replication, lo, hi, t,
):  # fmt: skip
    """Let what calls have done fade, and make the calls of the period.

    `call_pull` is `call_kept` times what it was. Of a firm with salespeople, who is in the category is called if a
    uniform (draw 0, block j, word 0) is below the chance of her group. A call to a known customer whom the firm's data
    do not reach does nothing more. Else she knows the firm from then on;
    `call_pull` moves by persuasiveness * welcome, 0 if she is annoyed, of its way to 1; her expectation by
    said_pull / (1 + encounters) of its way to what is said, promise + exaggeration * eagerness, 1 at most; a suspect is
    a lead (funnel 1), or if she has been a customer all along one who is known (3).

    called (m, n)  group, 0 = not called, called_last (m, n)  period, funnel (m, n)  code, call_pull, expectation (m, n)
    0-1, aware (m, n)  [written]
    suspect_calls, lead_calls, customer_calls, learned  tallies [written]
    """
    for j in range(called.shape[0]):
        said = unit(promise[j] + exaggeration * eagerness(commission[j], half_commission))
        for i in range(lo, hi):
            called[j, i] = NOT_CALLED
            call_pull[j, i] *= call_kept
            if salespeople[j] > 0.0 and exited[i] < 0:
                group = called_as(funnel[j, i], known[j, i])
                if uniform4(key, customer_id[i], t, j, replication)[0] < call_chance[j, group - 1]:
                    called[j, i] = group
                    suspect_calls[j] += 1 if group == SUSPECT_CALLED else 0
                    lead_calls[j] += 1 if group == LEAD_CALLED else 0
                    customer_calls[j] += 1 if group == CUSTOMER_CALLED else 0
                    if known[j, i] == 0 or reachable[j, i] > 0:
                        called_last[j, i] = t
                        learned[j] += 1 if aware[j, i] == 0 else 0
                        aware[j, i] = 1
                        gladly = max(contact_welcome[j, i - lo], np.float32(0.0))
                        call_pull[j, i] += persuasiveness * gladly * (1.0 - call_pull[j, i])
                        pull = said_pull / (1.0 + encounters[j, i])
                        expectation[j, i] += pull * (said - expectation[j, i])
                        if group == SUSPECT_CALLED:
                            funnel[j, i] = CUSTOMER if encounters[j, i] > 0.0 else LEAD


@kernel
def approach_called(approaches, called, known, lo, hi):
    """Approach each known customer who is called, reached or not, as by any contact.

    approaches (m, tile)  contacts  [written]
    """
    for j in range(called.shape[0]):
        for i in range(lo, hi):
            contact = called[j, i] != NOT_CALLED and known[j, i] > 0
            approaches[j, i - lo] += np.float32(1.0) if contact else np.float32(0.0)


@kernel
def aim_calls(user_talks, approver_talks, evaluator_talks, decider_talks, called, known, reachable, aim, lo, hi):
    """Let a call that reaches a customer be a talk with the person at whom the firm aims: 1 user … 4 decider.

    user_talks, … decider_talks (m, tile)  talks  [written]
    """
    for j in range(called.shape[0]):
        if aim[j] > 0:
            for i in range(lo, hi):
                there = called[j, i] > 0 and (known[j, i] == 0 or reachable[j, i] > 0)
                talk = np.float32(1.0) if there else np.float32(0.0)
                user_talks[j, i - lo] += talk if aim[j] == 1 else np.float32(0.0)
                approver_talks[j, i - lo] += talk if aim[j] == 2 else np.float32(0.0)
                evaluator_talks[j, i - lo] += talk if aim[j] == 3 else np.float32(0.0)
                decider_talks[j, i - lo] += talk if aim[j] == 4 else np.float32(0.0)


@kernel
def add_call_pull(utility, call_pull, call_weight, lo, hi):
    """Add what calls have done: `call_weight * call_pull`.  utility (m, tile)  logit units  [written]"""
    for j in range(call_pull.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += call_weight * call_pull[j, i]


@kernel(double=True)
def note_sales(
    called, funnel, called_last, visit_count, visit_customer, visit_firm, visit_spend, commission, credited_for,
    prospect_hits, customer_hits, lead_trials, trial_returns, credited_visits, commission_paid, t,
):  # fmt: skip
    """Note what visitors who were called have bought, visit by visit.

    The first visit in the period of who was called in it is a hit (`called` + 4). A visit of a lead makes her a trial,
    one of a trial a customer. On each visit less than `credited_for` periods after the latest call that reached the
    visitor a commission is paid, `commission * visit_spend` in float64, in whole cents rounded half up.

    called, funnel (m, n)  codes  [written]      prospect_hits (of suspects and leads), customer_hits, lead_trials,
    trial_returns, credited_visits, commission_paid  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        code, stage, last = called[j, i], funnel[j, i], called_last[j, i]
        if code != NOT_CALLED and code < _BOUGHT:
            called[j, i] = code + _BOUGHT
            prospect_hits[j] += 1 if code < CUSTOMER_CALLED else 0
            customer_hits[j] += 1 if code == CUSTOMER_CALLED else 0
        if stage == LEAD:
            funnel[j, i] = TRIAL
            lead_trials[j] += 1
        elif stage == TRIAL:
            funnel[j, i] = CUSTOMER
            trial_returns[j] += 1
        if last >= 0 and t - last < credited_for:
            credited_visits[j] += 1
            commission_paid[j] += whole(np.floor(np.float64(commission[j]) * np.float64(visit_spend[v]) + 0.5))


@kernel
def count_funnel(
    funnel, encounters, exited, salespeople, funnel_suspects, funnel_leads, funnel_trials, funnel_customers, lo, hi
):
    """Count, at the end of the period, who in the category is where in the funnel of a firm with salespeople.

    A customer is who has visited, and has not come by a call just once (funnel 2); of the others a lead has been called
    (funnel 1).

    funnel_suspects, funnel_leads, funnel_trials, funnel_customers  tallies [written]
    """
    for j in range(funnel.shape[0]):
        if salespeople[j] > 0.0:
            for i in range(lo, hi):
                if exited[i] < 0:
                    stage, came = funnel[j, i], encounters[j, i] > 0.0
                    funnel_trials[j] += 1 if stage == TRIAL else 0
                    funnel_customers[j] += 1 if stage == CUSTOMER or (came and stage == NO_LEAD) else 0
                    funnel_leads[j] += 1 if stage == LEAD else 0
                    funnel_suspects[j] += 1 if stage == NO_LEAD and not came else 0


@kernel(per="share")
def book_salaries(salary_bill, salary_expense, lo, hi):
    """Book salaries, per customer of the market.  salary_bill  tally, in 1/1000 cent  [written]"""
    for j in range(salary_expense.shape[0]):
        salary_bill[j] += salary_expense[j] * (np.int64(hi) - np.int64(lo))
