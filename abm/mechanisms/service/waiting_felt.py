"""What a wait is like, and what is felt of it: equations and kernels of `perceived_wait`."""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, in_steps, log32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.service.waiting_rules import EXPRESS, NUMBERS, PARALLEL, SECONDS

# What a wait may be like; each holds for a part of it, 0-1.
UNOCCUPIED, PRE_PROCESS, UNCERTAIN, UNEXPLAINED, UNFAIR, ANXIOUS = range(6)
FACTORS = 6

_MINUTES = np.float32(60.0)  # of an hour
_NOT_KNOWN = np.float32(-1.0)  # minutes: of a usual wait that nobody remembers, of a wait that was not announced


@equation
def felt(minutes, announced, exponent, overrun_weight):
    """Return the minutes that a wait feels like before its factors: a power of minutes, those beyond what was
    announced weighted.  minutes: above 0, announced: minutes, below 0 = nothing was"""
    over = max(minutes - announced, np.float32(0.0)) if announced >= 0.0 else np.float32(0.0)
    weighted = minutes + (overrun_weight - 1.0) * over
    return weighted if exponent == 1.0 else exp32(exponent * log32(weighted))


@equation
def lengthened(factor, part):
    """Return by how much a factor lengthens a wait if it holds for a part of it: 1 + (factor - 1) part."""
    return 1.0 + (factor - 1.0) * part


@equation
def tolerated(accepted, usual, announced, adaptation):
    """Return the wait that a visitor finds acceptable, minutes: what she accepts, raised by what she is used to, or
    what was announced if that is longer.  usual, announced: below 0 = none"""
    used_to = accepted + adaptation * max(usual - accepted, np.float32(0.0))
    return max(used_to, announced)


@equation
def resented(perceived, acceptable, pressure, annoyance):
    """Return what a wait takes from satisfaction, 0-1: annoyance times what is beyond the acceptable wait, in
    acceptable waits, at most all of it."""
    beyond = max(perceived - acceptable, np.float32(0.0)) / acceptable
    return min(annoyance * pressure * beyond, np.float32(1.0))


@equation
def impression(perceived, acceptable):
    """Return how bad a first impression the wait makes: 0 without one, 0.5 for an acceptable one, below 1."""
    return perceived / (perceived + acceptable)


@equation
def wrong_line(lines, discipline, servers, express_servers):
    """Return the chance that another of the lines to choose from was the quicker one: (L - 1) / L of L parallel lines,
    those of express servers not counted; 0 of one line, and where numbers are drawn."""
    apart = express_servers if discipline == EXPRESS else 0
    choice = np.float32(max(servers - apart, 1)) if lines == PARALLEL else np.float32(1.0)
    return (choice - 1.0) / choice


@equation
def overtaken_unfairly(overtaken, excused, excuse):
    """Return how unfair it seems that k others went first: k / (k + 1), times `excuse` where the reason can be seen."""
    seen = np.float32(overtaken) / (np.float32(overtaken) + 1.0)
    return seen * excuse if excused else seen


@kernel
def describe_waits(
    wait_factors, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, wait, overtaken, announced_wait,
    accepted_wait, usual_wait_at, customer_id, servers, lines, discipline, express_servers, appointments, occupation,
    greeted_part, greeted_after, explanation, excuse, key, replication, t,
):  # fmt: skip
    """Write for which part of each wait each factor holds; all are 0 of who has not waited, or came to a firm without
    a line (`servers` 0).

    unoccupied: 1 - `occupation`. Pre-process: all of it, or the first `greeted_after` minutes of who is greeted, if
    word 0 of draw 0, block nth, is below `greeted_part`. Uncertain: 1 if nothing was announced (below 0).
    Unexplained: 1 - usual / `wait`, at least 0, of her usual wait at the firm as the period begins, if she has none
    (below 0) of `accepted_wait`; 0 if word 1 is below `explanation`. Unfair: k / (k + 1) of k who overtook her, times
    `excuse` where numbers are drawn, lines are express lines or some have appointments. Anxious: (L - 1) / L of L
    parallel lines, L = `servers`, with express lines less `express_servers`, 1 at least; 0 of other lines.

    wait_factors (visits, 6)  0-1, in this order  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        part = wait_factors[v]
        part[:] = 0.0
        if servers[j] > 0 and wait[v] > 0.0:
            u, w, _, _ = uniform4(key, customer_id[i], t, visit_nth[v], replication)
            usual = usual_wait_at[visit_pair[v]]
            usual = usual if usual >= 0.0 else accepted_wait[v]
            excused = lines[j] == NUMBERS or discipline[j] == EXPRESS or appointments[j] > 0.0
            part[UNOCCUPIED] = 1.0 - occupation[j]
            part[PRE_PROCESS] = min(greeted_after / wait[v], np.float32(1.0)) if u < greeted_part[j] else 1.0
            part[UNCERTAIN] = 1.0 if announced_wait[v] < 0.0 else 0.0
            part[UNEXPLAINED] = max(1.0 - usual / wait[v], np.float32(0.0)) if w >= explanation[j] else 0.0
            part[UNFAIR] = overtaken_unfairly(overtaken[v], excused, excuse)
            part[ANXIOUS] = wrong_line(lines[j], discipline[j], servers[j], express_servers[j])


@kernel
def feel_waits(
    perceived_wait, acceptable, wait_factors, visit_count, visit_firm, visit_pair, wait, announced_wait, accepted_wait,
    usual_wait_at, servers, factor_weights, exponent, overrun_weight, adaptation,
):  # fmt: skip
    """Write how long each wait feels, and how long a one is acceptable; 0 and 1 of who has not waited, or came to a
    firm without a line.

    Minutes and (`overrun_weight` - 1) times those beyond what was announced, to the power `exponent`, times
    1 + (weight - 1) part over the factors in their order. Acceptable is `accepted_wait` and `adaptation` of what her
    usual wait as the period begins is above it, or what was announced if that is longer.

    factor_weights (6,)  ratio
    perceived_wait, acceptable (visits,)  minutes  [written]
    """
    for v in range(visit_count[0]):
        perceived_wait[v], acceptable[v] = 0.0, 1.0
        if servers[visit_firm[v]] > 0 and wait[v] > 0.0:
            long = felt(wait[v], announced_wait[v], exponent, overrun_weight)
            for f in range(FACTORS):
                long *= lengthened(factor_weights[f], wait_factors[v, f])
            perceived_wait[v] = long
            usual = usual_wait_at[visit_pair[v]]
            acceptable[v] = tolerated(accepted_wait[v], usual, announced_wait[v], adaptation)


@kernel
def colour_visits(performance_shift, visit_count, perceived_wait, acceptable, halo):
    """Let the wait, which comes first, colour what follows: take `halo` perceived / (perceived + acceptable) off.

    performance_shift (visits,)  shift of 0-1  [written]
    """
    for v in range(visit_count[0]):
        performance_shift[v] -= halo * impression(perceived_wait[v], acceptable[v])


@kernel
def resent_waits(satisfaction_shift, visit_count, perceived_wait, acceptable, time_pressure, annoyance):
    """Take from satisfaction `annoyance * time_pressure * max(0, perceived - acceptable) / acceptable`, at most 1.

    satisfaction_shift (visits,)  shift of 0-1  [written]
    """
    for v in range(visit_count[0]):
        satisfaction_shift[v] -= resented(perceived_wait[v], acceptable[v], time_pressure[v], annoyance)


@kernel
def count_felt(
    visit_count, visit_firm, wait, announced_wait, perceived_wait, satisfaction_shift_of_perceived_wait, servers,
    time_value, line_visits, served_wait, felt_wait, told, overran, lost_to_waiting, time_cost,
):  # fmt: skip
    """Count visitors who are served by a firm with a line: minutes waited and felt, in whole seconds; who was told of
    a wait (`announced_wait` 0 or above), and who of these waited longer; satisfaction lost, in steps of 2^-20 cut off;
    what their time is worth, 100 `time_value` cents for 60 minutes of `wait`.

    Seconds and cents of each visit are rounded half up: seconds as 60 `wait` + 0.5 in float64, cut off, cents as
    `wait` / 60 * `time_value` * 100 + 0.5, each step in float32, cut off.
    line_visits, served_wait, felt_wait, told, overran, lost_to_waiting, time_cost  tallies [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if servers[j] > 0:
            line_visits[j] += 1
            served_wait[j] += np.int64(SECONDS * wait[v] + np.float32(0.5))
            felt_wait[j] += np.int64(SECONDS * perceived_wait[v] + np.float32(0.5))
            told[j] += 1 if announced_wait[v] >= 0.0 else 0
            overran[j] += 1 if announced_wait[v] >= 0.0 and wait[v] > announced_wait[v] else 0
            lost_to_waiting[j] += in_steps(-satisfaction_shift_of_perceived_wait[v])
            time_cost[j] += np.int64(wait[v] / _MINUTES * time_value * np.float32(100.0) + np.float32(0.5))


@kernel
def get_used(usual_wait_at, visit_count, visit_firm, visit_pair, wait, servers, memory):
    """Move what each visitor remembers of waits at a firm with a line towards the wait that she has had, by `memory` of
    the distance; the first wait is remembered as it was. Visits in their order; who was served at once has waited 0.

    usual_wait_at (pairs,)  minutes, -1 = none  [written]
    """
    for v in range(visit_count[0]):
        if servers[visit_firm[v]] > 0:
            pair = visit_pair[v]
            usual = usual_wait_at[pair]
            usual_wait_at[pair] = usual + memory * (wait[v] - usual) if usual > _NOT_KNOWN else wait[v]


@kernel(double=True)
def pay_for_remedies(
    waiting_remedies, visit_count, visit_firm, wait, servers, occupation_expense, greeting_expense, explanation_expense
):
    """Book what it costs to make waits easier, at firms with a line: for each minute waited, of those too who give up;
    for each who comes; for each who waits.

    Firms pay for those who chose them, once for each, however often she comes again on the day; of who goes elsewhere
    also for what she waits there, and the firm that serves her pays nothing.
    In 1/100 cent; that for minutes is `wait` * `occupation_expense` in float64, rounded half up for each visit.
    waiting_remedies  tally [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if servers[j] > 0:
            waiting_remedies[j] += np.int64(wait[v] * occupation_expense[j] + 0.5) + greeting_expense[j]
            waiting_remedies[j] += explanation_expense[j] if wait[v] > 0.0 else 0
