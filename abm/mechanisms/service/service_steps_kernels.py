"""Steps of a visit: how well each is done, what is remembered of them, and what follows from each.

Part of `service_steps`, where what firms set and what the steps are is.
Claim: a step prepares the ones after it, and what is remembered of a visit is not the mean of its moments.
Source: KAHNEMAN and others 1993, Psychological Science (peak and end; from memory); SHOSTACK 1984, Harvard Business
Review (blueprint of a service; from memory); forms and sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import in_steps, normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

STEPS = (
    "greeting", "needs_assessment", "solution", "objection_handling", "atmosphere", "quality_check", "cross_selling",
    "follow_up",
)  # fmt: skip
GREETING, NEEDS, SOLUTION, OBJECTIONS, ATMOSPHERE, CHECK, SELLING, CALL = range(len(STEPS))
NOT_DUE = np.float32(-1.0)  # quality of a step that is no part of the visit
NO_PART, LEFT_OUT, BADLY, WELL = (np.uint8(code) for code in range(4))  # states of a step of a visit
_NOTHING = np.float32(1e-20)  # far below what moves a choice, far above where float32 gets slow


@equation
def care_of(kind, greeting, needs, solution, objections, atmosphere, check):
    """Return the care that a firm takes of a kind of step, 0 to 5."""
    early = greeting if kind == GREETING else (needs if kind == NEEDS else solution)
    late = objections if kind == OBJECTIONS else (atmosphere if kind == ATMOSPHERE else check)
    return early if kind <= SOLUTION else late


@equation
def prepared(level, kind, first, learned, usual_step, first_impression, unlearned):
    """Return the level of a step with what the steps before it do to it; -1 = there was no such step before it.

    first : quality of the first step of the visit; learned : of the assessment of needs

    level + first_impression (first - usual_step), and of a solution less unlearned (1 - learned), in this order.
    """
    coloured = level + (first_impression * (first - usual_step) if first >= 0.0 else np.float32(0.0))
    return coloured - (unlearned * (1.0 - learned) if kind == SOLUTION and learned >= 0.0 else np.float32(0.0))


@equation
def state_of(done, quality, well_from):
    """Return the state of a step that is part of a visit: 1 left out, 2 done badly, 3 done well (from `well_from`)."""
    return (WELL if quality >= well_from else BADLY) if done else LEFT_OUT


@equation
def step_level(care, z, usual_step, care_gain, step_spread):
    """Return how well a step is done by itself: usual + care_gain care (1 - usual) + step_spread z, z standard normal.

    Neither the steps before it nor the limits 0 and 1 are taken account of.
    """
    return usual_step + care_gain * care * (1.0 - usual_step) + step_spread * z


@equation
def is_done(u, care, completion):
    """Return whether a step is done, u uniform: below completion + (1 - completion) care."""
    return u < completion + (1.0 - completion) * care


@equation
def strength(quality, usual_step, negativity):
    """Return how much a moment stands out: quality above the usual, or negativity times what it is below it."""
    gap = quality - usual_step
    return gap if gap >= 0.0 else -negativity * gap


@equation
def remembered(mean, peak, end, peak_end):
    """Return what is remembered of moments: (1 - peak_end) mean + peak_end (peak + end) / 2."""
    return (1.0 - peak_end) * mean + peak_end * (0.5 * (peak + end))


@kernel
def forget_steps(doubt, offer_pressure, doubt_kept, pressure_kept, lo, hi):
    """Let doubt and pressure fade as the period begins: of each, its part is kept, and nothing below 10^-20.

    doubt (m, n)  0-1, offer_pressure (m, n)  offers  [written]
    """
    for j in range(doubt.shape[0]):
        for i in range(lo, hi):
            left, pressed = doubt_kept * doubt[j, i], pressure_kept * offer_pressure[j, i]
            doubt[j, i] = left if left > _NOTHING else np.float32(0.0)
            offer_pressure[j, i] = pressed if pressed > _NOTHING else np.float32(0.0)


@kernel
def add_resistance(utility, doubt, price, resistance, lo, hi):
    """Take `resistance * price * doubt` from the utility of each firm.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] -= resistance * price[j] * doubt[j, i]


@kernel
def serve_steps(
    step_state, step_quality, visit_count, visit_customer, visit_nth, visit_firm, customer_id, sequence, blueprint,
    greeting_care, needs_care, solution_care, objections_care, atmosphere_care, check_care, completion, usual_step,
    care_gain, step_spread, left_out_quality, first_impression, unlearned, well_from, key, replication, t,
):  # fmt: skip
    """Go through the steps of each visit to a firm with a blueprint, in the order of `sequence`.

    The step of kind k has the uniforms a, b of draw k, block nth, words 0 and 1. It is done if `is_done(a, care)`; then
    its quality is `prepared(step_level(care, normal(b)), …)` in [0, 1], with the qualities of steps gone through before
    it. A step that is left out has the quality `left_out_quality`, and counts as first or as assessment like others.
    Steps of the kinds 6 and 7 (cross-selling, follow-up) are passed over. What is no part of the visit has state 0 and
    quality -1.

    step_state (kinds, visits)  code: no part, left out, badly, well, step_quality (kinds, visits)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        for k in range(step_quality.shape[0]):
            step_state[k, v], step_quality[k, v] = NO_PART, NOT_DUE
        first, learned = NOT_DUE, NOT_DUE
        for s in range(sequence.shape[0] if blueprint[j] > 0 else 0):
            kind = sequence[s]
            if kind < SELLING:
                care = care_of(
                    kind, greeting_care[j], needs_care[j], solution_care[j], objections_care[j], atmosphere_care[j],
                    check_care[j],
                )  # fmt: skip
                a, b, _, _ = uniform4(key, customer_id[i], t, (kind << 16) + np.int64(visit_nth[v]), replication)
                level = step_level(care, normal32(b), usual_step, care_gain, step_spread)
                level = prepared(level, kind, first, learned, usual_step, first_impression, unlearned)
                done = is_done(a, care, completion)
                quality = unit(level) if done else left_out_quality
                step_state[kind, v] = state_of(done, quality, well_from)
                step_quality[kind, v] = quality
                first = quality if first < 0.0 else first
                learned = quality if kind == NEEDS else learned


@kernel
def hear_objections(
    unanswered, doubt_at, step_state, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, customer_id,
    objection_rate, objections_raised, objections_unanswered, key, replication, t,
):  # fmt: skip
    """Let visitors with a step of objections have one if word 2 of draw 3, block nth, is below `objection_rate`.

    If the step was done well it is answered, and her doubt about the firm is 0; else her doubt is 1, and `unanswered`
    of the visit is 1.

    unanswered (visits,)  0 or 1, doubt_at (pairs,)  0-1  [written]
    objections_raised, objections_unanswered  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j, state = visit_customer[v], visit_firm[v], step_state[OBJECTIONS, v]
        unanswered[v] = 0
        if state != NO_PART:
            block = (OBJECTIONS << 16) + np.int64(visit_nth[v])
            if uniform4(key, customer_id[i], t, block, replication)[2] < objection_rate:
                unanswered[v] = 0 if state == WELL else 1
                doubt_at[visit_pair[v]] = 0.0 if state == WELL else 1.0
                objections_raised[j] += 1
                objections_unanswered[j] += unanswered[v]


@kernel
def remember_steps(
    step_moments,
    step_mean,
    step_peak,
    step_memory,
    step_quality,
    visit_count,
    sequence,
    usual_step,
    negativity,
    peak_end,
):
    """Work out what is remembered of each visit with steps, in the order of `sequence`.

    The mean is the sum of qualities, from the first step to the last, divided by how many there are; the peak is the
    quality with the greatest `strength`, of equals the first; the end is the last. Where there is no step, all are 0.

    step_moments (visits,)  steps, step_mean, step_peak, step_memory (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        count, total, peak, end = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
        most = NOT_DUE
        for s in range(sequence.shape[0]):
            quality = step_quality[sequence[s], v]
            if quality >= 0.0:
                stands_out = strength(quality, usual_step, negativity)
                peak = quality if stands_out > most else peak
                most = max(most, stands_out)
                count += np.float32(1.0)
                total += quality
                end = quality
        step_moments[v] = count
        step_mean[v] = total / max(count, np.float32(1.0))
        step_peak[v] = peak
        step_memory[v] = unit(remembered(step_mean[v], peak, end, peak_end))


@kernel
def add_memory(performance_shift, step_moments, step_memory, visit_count, usual_visit, step_weight):
    """Add `step_weight (memory - usual_visit)` to visits with steps.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] += (
            step_weight * (step_memory[v] - usual_visit) if step_moments[v] > 0.0 else np.float32(0.0)
        )


@kernel
def catch_failures(failure_risk, step_quality, visit_count, usual_visit, caught):
    """Multiply the risk of a failure by `max(0, 1 + caught (usual_visit - quality))` where the quality check is a step.

    failure_risk (visits,)  ratio  [written]
    """
    for v in range(visit_count[0]):
        quality = step_quality[CHECK, v]
        factor = max(1.0 + caught * (usual_visit - quality), np.float32(0.0))
        failure_risk[v] *= factor if quality >= 0.0 else np.float32(1.0)


@kernel
def miss_answers(satisfaction_shift, unanswered, visit_count, unanswered_loss):
    """Take `unanswered_loss` from satisfaction where an objection was not answered.  satisfaction_shift [written]"""
    for v in range(visit_count[0]):
        satisfaction_shift[v] -= unanswered_loss if unanswered[v] > 0 else np.float32(0.0)


@kernel
def count_steps(step_state, visit_count, visit_firm, steps_due, steps_done, steps_well):
    """Count steps that were part of visits, those done, and those done well.  Tallies (kinds, firms) [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        for k in range(step_state.shape[0]):
            state = step_state[k, v]
            steps_due[k, j] += 1 if state >= LEFT_OUT else 0
            steps_done[k, j] += 1 if state >= BADLY else 0
            steps_well[k, j] += 1 if state == WELL else 0


@kernel
def count_memories(
    step_moments, step_mean, step_peak, step_memory, visit_count, visit_firm, usual_step, step_visits, worst_decided,
    step_mean_sum, step_memory_sum,
):  # fmt: skip
    """Count visits with steps, those whose peak is below `usual_step`, and sums of mean and memory.  Tallies [written]

    The sums are in whole 2^-20, each visit's cut off.
    """
    for v in range(visit_count[0]):
        if step_moments[v] > 0.0:
            j = visit_firm[v]
            step_visits[j] += 1
            worst_decided[j] += 1 if step_peak[v] < usual_step else 0
            step_mean_sum[j] += in_steps(step_mean[v])
            step_memory_sum[j] += in_steps(step_memory[v])


@kernel(per="share")
def book_steps(visits, step_expense, step_spend):
    """Book what care of steps costs on the period's visits, in 1/100 cent.  step_spend  tally [written]"""
    for j in range(step_expense.shape[0]):
        step_spend[j] += visits[j] * step_expense[j]
