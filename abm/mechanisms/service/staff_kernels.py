"""Staff: how abilities and morale move, who leaves and why, and what that does to service.   Firm by firm.

Claim and source: those of `abm/mechanisms/service/staff.py`. Everything is worked out in float64; levers and parameters
are the numbers that float32 holds.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import STEPS, exp64, log32
from abm.core.kernels import equation, kernel

USUAL = 0.5  # of each ability and of morale: of staff with whom nobody takes trouble, and of newcomers
OPEN = 1  # code of `open_state` where firms open and close
USUAL_CUSTOMER_TIME = np.float32(0.7)  # of staff's time, at which internal work is neither missing nor in the way


@equation(double=True)
def before(history, row, j, t):
    """Return what was counted at firm j in the period before, in a row of `history`; 0 in period 0, and in row -1."""
    total = np.int64(0)
    for part in range(history.shape[1] if t > 0 and row >= 0 else 0):
        total += history[t - 1, part, row, j]
    return np.float64(total)


@equation(double=True)
def within(x):
    """Return x clipped to [0, 1]."""
    return min(max(x, 0.0), 1.0)


@equation(double=True)
def above_market(own, every, firms):
    """Return by how much a firm's pay premium is above the mean of the others; above 0 if it is the only firm.

    own, every : of the firm, of all firms that are open, in whole 2^-20      firms : so many are open
    """
    if firms == 1:
        return own / STEPS
    return (own * firms - every) / ((firms - 1) * STEPS)


@equation(double=True)
def leaving(turnover, premium, morale, pay_stay, morale_stay):
    """Return the part of staff who leave in a period: turnover e^(-pay_stay premium - morale_stay (morale - USUAL)).

    It is clipped to [0, 1].  premium : above the market's
    """
    return within(turnover * exp64(-pay_stay * premium - morale_stay * (morale - USUAL)))


@equation(double=True)
def trained(ability, effort, newcomers, left, learning, forgetting):
    """Return an ability a period later: a + learning effort (1 - a) - forgetting (a - USUAL) - left (a - newcomers).

    It is clipped to [0, 1].  newcomers : their ability, left : part of staff whom they replace
    """
    gained = np.float64(learning) * effort * (1.0 - ability)
    return within(ability + gained - forgetting * (ability - USUAL) - left * (ability - newcomers))


@equation(double=True)
def burnout(strain, load, emotion, strained, visits_per_head, overwork, comfortable):
    """Return what difficult customers and too much work take from morale in a period.

    (1 - emotion) (strained visits_per_head strain + overwork max(0, load - comfortable))

    strain : morale that encounters take, a visit      load : minutes of service / minutes on duty
    """
    scenes = np.float64(strained) * visits_per_head * strain
    return (1.0 - emotion) * (scenes + overwork * max(0.0, load - comfortable))


@equation(double=True)
def recovered(morale, target, left, burnt, recovery):
    """Return morale a period later: m + recovery (target - m) - left (m - USUAL) - burnt, clipped to [0, 1]."""
    return within(morale + recovery * (target - morale) - left * (morale - USUAL) - burnt)


@equation(double=True)
def relative(ability, effect):
    """Return (1 - effect ability) / (1 - effect USUAL): what is left of failures, or of minutes, against the usual."""
    return (1.0 - effect * ability) / (1.0 - effect * USUAL)


@equation(double=True)
def uncontrolled(customer_time, knowledge, control):
    """Return the factor on failures of price and information that staff's time leaves to internal work.

    e^(control (customer_time - USUAL_CUSTOMER_TIME) (1 - knowledge) / (1 - USUAL)): knowledge stands in for control.
    """
    return exp64(control * (np.float64(customer_time) - USUAL_CUSTOMER_TIME) * (1.0 - knowledge) / (1.0 - USUAL))


@kernel(per="market", double=True)
def look_back(
    staff_strain, staff_load, history, visits_row, incident_strain_row, busy_time_row, paid_time_row, t
):  # fmt: skip
    """Write the strain of the period before, a visit, and the load of servers in it; both are 0 in period 0.

    strain : `incident_strain` / `visits`, 0 without visits or without difficult customers
    load   : `busy_time` / `paid_time`, 0 without servers who are paid

    staff_strain, staff_load (m,)  [written]
    """
    for j in range(staff_strain.shape[0]):
        visits, paid = before(history, visits_row, j, t), before(history, paid_time_row, j, t)
        staff_strain[j] = before(history, incident_strain_row, j, t) / STEPS / visits if visits > 0.0 else 0.0
        staff_load[j] = before(history, busy_time_row, j, t) / paid if paid > 0.0 else 0.0


@kernel(per="market", double=True)
def develop_staff(
    staff_knowledge, staff_skill, staff_emotion, staff_morale, staff_leaving, staff_strain, staff_load, open_state,
    knowledge_training, skill_training, emotion_training, selectivity, pay_premium, incentives, learning, forgetting,
    turnover, pay_stay, morale_stay, better_hires, morale_recovery, pay_morale, incentive_morale, strained,
    visits_per_head, overwork, comfortable,
):  # fmt: skip
    """Let each firm's staff learn, forget, leave and take heart or lose it; all from the states of the period before.

    A firm that is not open has nobody: its states stay, nobody leaves, and its pay is no part of the market's.
    Pay counts in whole 2^-20, rounded down (`above_market`). Newcomers have min(1, USUAL + better_hires selectivity) of
    each ability, and the usual morale; the target of morale is USUAL + pay_morale premium + incentive_morale
    incentives, clipped to [0, 1]. Who leaves over pay is the excess of `leaving` above what it would be at the
    market's pay, over morale above what it would be at the usual morale; each is 0 at least, and they overlap.

    staff_knowledge, staff_skill, staff_emotion, staff_morale (m,)  0-1  [written]
    staff_leaving (3, m)  part of staff who leave, of these over pay, over morale  [written]
    """
    firms, every = np.int64(0), np.int64(0)
    for j in range(pay_premium.shape[0]):
        firms += 1 if open_state[j] == OPEN else 0
        every += np.int64(STEPS * pay_premium[j]) if open_state[j] == OPEN else 0
    for j in range(pay_premium.shape[0]):
        if open_state[j] != OPEN:
            staff_leaving[:, j] = 0.0
            continue
        premium = above_market(np.int64(STEPS * pay_premium[j]), every, firms)
        morale, emotion = staff_morale[j], staff_emotion[j]
        left = leaving(turnover, premium, morale, pay_stay, morale_stay)
        staff_leaving[0, j] = left
        staff_leaving[1, j] = max(0.0, left - leaving(turnover, 0.0, morale, pay_stay, morale_stay))
        staff_leaving[2, j] = max(0.0, left - leaving(turnover, premium, USUAL, pay_stay, morale_stay))
        new = min(1.0, USUAL + np.float64(better_hires) * selectivity[j])
        staff_knowledge[j] = trained(staff_knowledge[j], knowledge_training[j], new, left, learning, forgetting)
        staff_skill[j] = trained(staff_skill[j], skill_training[j], new, left, learning, forgetting)
        staff_emotion[j] = trained(emotion, emotion_training[j], new, left, learning, forgetting)
        target = within(USUAL + pay_morale * premium + np.float64(incentive_morale) * incentives[j])
        burnt = burnout(staff_strain[j], staff_load[j], emotion, strained, visits_per_head, overwork, comfortable)
        staff_morale[j] = recovered(morale, target, left, burnt, morale_recovery)


@kernel(per="market", double=True)
def weigh_staff(
    staff_shift, staff_risk, staff_pace, staff_knowledge, staff_skill, staff_emotion, staff_morale, customer_time,
    attitude_part, price_part, information_part, skill_quality, morale_quality, attention, knowledge_failures,
    emotion_failures, control, knowledge_pace,
):  # fmt: skip
    """Work out what staff does to quality, failures and minutes of service; float64, rounded to float32 at the end.

    shift = skill_quality (skill - USUAL) + morale_quality (morale - USUAL)
            + attention ln(customer_time / USUAL_CUSTOMER_TIME), the logarithm that of float32 (`log32`)
    risk  = `relative`(knowledge, knowledge_failures) max(0, 1 - emotion_failures attitude_part (emotion - USUAL))
            max(0, 1 + (price_part + information_part) (`uncontrolled` - 1))
    pace  = `relative`(knowledge, knowledge_pace)

    staff_shift (m,)  shift of 0-1, staff_risk, staff_pace (m,)  ratio  [written]
    """
    for j in range(customer_time.shape[0]):
        turned = np.float64(log32(customer_time[j] / USUAL_CUSTOMER_TIME))
        shift = skill_quality * (staff_skill[j] - USUAL) + morale_quality * (staff_morale[j] - USUAL)
        staff_shift[j] = shift + attention * turned
        treated = max(0.0, 1.0 - emotion_failures * np.float64(attitude_part[j]) * (staff_emotion[j] - USUAL))
        internal = np.float64(price_part[j]) + np.float64(information_part[j])
        controlled = 1.0 + internal * (uncontrolled(customer_time[j], staff_knowledge[j], control) - 1.0)
        staff_risk[j] = relative(staff_knowledge[j], knowledge_failures) * treated * max(0.0, controlled)
        staff_pace[j] = relative(staff_knowledge[j], knowledge_pace)


@kernel(per="market", double=True)
def count_staff(
    leavers, left_over_pay, left_over_morale, knowledge_sum, skill_sum, emotion_sum, morale_sum, staff_periods,
    staff_hiring, staff_leaving, staff_knowledge, staff_skill, staff_emotion, staff_morale, open_state, history,
    visits_row, hire_cost, replacement_cost, turnover, visits_per_head, t,
):  # fmt: skip
    """Count who left and the states of staff, in whole 2^-20, rounded down, of firms that are open; book hiring.

    Hiring is booked in whole cents, rounded half up: 100 visits / visits_per_head (leaving hire_cost - turnover
    replacement_cost), with the visits of the period before.

    leavers, left_over_pay, left_over_morale, knowledge_sum, skill_sum, emotion_sum, morale_sum, staff_periods,
    staff_hiring  tallies [written]
    """
    for j in range(open_state.shape[0]):
        leavers[j] += np.int64(np.floor(STEPS * staff_leaving[0, j]))
        left_over_pay[j] += np.int64(np.floor(STEPS * staff_leaving[1, j]))
        left_over_morale[j] += np.int64(np.floor(STEPS * staff_leaving[2, j]))
        if open_state[j] == OPEN:
            knowledge_sum[j] += np.int64(np.floor(STEPS * staff_knowledge[j]))
            skill_sum[j] += np.int64(np.floor(STEPS * staff_skill[j]))
            emotion_sum[j] += np.int64(np.floor(STEPS * staff_emotion[j]))
            morale_sum[j] += np.int64(np.floor(STEPS * staff_morale[j]))
            staff_periods[j] += 1
            paid_for = staff_leaving[0, j] * hire_cost[j] - turnover * replacement_cost[j]
            heads = before(history, visits_row, j, t) / np.float64(visits_per_head)
            staff_hiring[j] += np.int64(np.floor(100.0 * heads * paid_for + 0.5))


@kernel
def serve_at_pace(service_time, visit_count, visit_firm, staff_pace):
    """Multiply the time of service by what knowledge saves.  service_time (visits,)  ratio  [written]

    An occasion on which no firm is chosen, -1, is left as it is.
    """
    for v in range(visit_count[0]):
        if visit_firm[v] >= 0:
            service_time[v] *= staff_pace[visit_firm[v]]


@kernel
def serve_as_able(performance_shift, failure_risk, visit_count, visit_firm, staff_shift, staff_risk):
    """Add `staff_shift` to what is delivered, and multiply the risk of a failure by `staff_risk`.

    performance_shift (visits,)  shift of 0-1, failure_risk (visits,)  ratio  [written]
    """
    for v in range(visit_count[0]):
        performance_shift[v] += staff_shift[visit_firm[v]]
        failure_risk[v] *= staff_risk[visit_firm[v]]


@kernel(per="share")
def book_staff(visits, training_expense, pay_expense, staff_training, staff_pay):
    """Book what training, and pay and incentives, cost on the period's visits, in 1/100 cent.

    staff_training, staff_pay  tallies [written]
    """
    for j in range(training_expense.shape[0]):
        staff_training[j] += visits[j] * training_expense[j]
        staff_pay[j] += visits[j] * pay_expense[j]
