"""Steps that other theories take: offers of a second product, and calls after a visit.

Part of `service_steps`, where what firms set and the steps are.
Claim: an offer is resented that comes before anything has been done for the visitor, or again and again; a call after a
visit is its last moment.
Source: BREHM 1966 (reactance; from memory); KAHNEMAN and others 1993 (the end; from memory); sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import in_steps, normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.service.service_steps_kernels import CALL, SELLING, remembered, state_of, step_level, strength


@equation
def resentment(ground, pressure, quality, early_below, too_early, too_hard):
    """Return what an offer that is not taken takes from satisfaction, in [0, 1].

    ground : mean quality of the steps before it; pressure : offers lately heard; quality : of the offer, 0-1

    (too_early max(early_below - ground, 0) / early_below + too_hard pressure) (1 - quality).
    """
    early = too_early * max(early_below - ground, np.float32(0.0)) / early_below
    return unit((early + too_hard * pressure) * (1.0 - quality))


@equation
def ground_of(step_quality, sequence, v):
    """Return the mean quality of the steps of visit v that stand before cross-selling in `sequence`, 0 if none does.

    It is the sum of their qualities, from the first to the last, divided by how many there are.
    """
    total, count, reached = np.float32(0.0), np.float32(0.0), False
    for s in range(sequence.shape[0]):
        reached |= sequence[s] == SELLING
        if not reached and step_quality[sequence[s], v] >= 0.0:
            total += step_quality[sequence[s], v]
            count += np.float32(1.0)
    return total / max(count, np.float32(1.0))


@kernel
def place_offers(
    offer_resented, step_state, step_quality, offer_pressure_at, visit_offered, visit_second, visit_count,
    visit_customer, visit_nth, visit_firm, visit_pair, customer_id, sequence, blueprint, selling_care, usual_step,
    care_gain, step_spread, early_below, too_early, too_hard, well_from, resented_offers, key, replication, t,
):  # fmt: skip
    """Judge when and how each offer of the second product was made on a visit to a firm with a blueprint.

    An offer is the step of cross-selling, and done whenever it is made. Its quality is `step_level(selling_care,
    normal(b))` in [0, 1], b word 1 of draw 6, block nth, and its state badly or well. What is resented is `resentment`,
    on the `ground_of` the visit, with the pressure as it was before the offer, and 0 of who buys. Each offer adds 1 to
    the pressure of the pair, visit by visit in the order of the list.

    offer_resented (visits,)  0-1, step_state, step_quality (kinds, visits)  row 6 [written]
    offer_pressure_at (pairs,)  offers  [written]
    resented_offers  tally [written]: whole 2^-20, each visit's cut off
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        offer_resented[v] = 0.0
        if blueprint[j] > 0 and visit_offered[v] > 0:
            block = (SELLING << 16) + np.int64(visit_nth[v])
            z = normal32(uniform4(key, customer_id[i], t, block, replication)[1])
            quality = unit(step_level(selling_care[j], z, usual_step, care_gain, step_spread))
            step_state[SELLING, v], step_quality[SELLING, v] = state_of(True, quality, well_from), quality
            if visit_second[v] == 0:
                pressure = offer_pressure_at[pair]
                ground = ground_of(step_quality, sequence, v)
                offer_resented[v] = resentment(ground, pressure, quality, early_below, too_early, too_hard)
            offer_pressure_at[pair] += 1.0
            resented_offers[j] += in_steps(offer_resented[v])


@kernel
def resent_placing(satisfaction_shift, offer_resented, visit_count):
    """Take what is resented of an offer from satisfaction.  satisfaction_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        satisfaction_shift[v] -= offer_resented[v]


@kernel
def call_back(
    transaction, step_state, step_quality, step_moments, step_mean, step_peak, step_memory, calls_made_at, visit_count,
    visit_customer, visit_nth, visit_firm, visit_pair, customer_id, reachable_at, blueprint, call_care, usual_step,
    care_gain, step_spread, negativity, peak_end, step_weight, well_from, key, replication, t,
):  # fmt: skip
    """Let a call after a visit become its last moment: who is remembered to have asked is remembered better.

    Of each visit with steps of a pair to which `care` has made a call in the period, to a customer who is reachable,
    the call is one more moment, and the end. Its quality is `step_level(call_care, normal(b))` in [0, 1], b word 1 of
    draw 7, block nth. The mean is `(step_moments mean + quality) / (step_moments + 1)`; the call is the peak if its
    `strength` is greater than the peak's. Satisfaction moves by `step_weight` times what the memory moves, in [0, 1].

    transaction, step_mean, step_peak, step_memory (visits,)  0-1, step_moments (visits,)  [written]
    step_state, step_quality (kinds, visits)  row 7 [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        if blueprint[j] > 0 and calls_made_at[pair] > 0 and reachable_at[pair] > 0 and step_moments[v] > 0.0:
            block = (CALL << 16) + np.int64(visit_nth[v])
            z = normal32(uniform4(key, customer_id[i], t, block, replication)[1])
            quality = unit(step_level(call_care[j], z, usual_step, care_gain, step_spread))
            mean, peak = (step_moments[v] * step_mean[v] + quality) / (step_moments[v] + 1.0), step_peak[v]
            stronger = strength(quality, usual_step, negativity) > strength(peak, usual_step, negativity)
            peak = quality if stronger else peak
            memory = unit(remembered(mean, peak, quality, peak_end))
            transaction[v] = unit(transaction[v] + step_weight * (memory - step_memory[v]))
            step_state[CALL, v], step_quality[CALL, v] = state_of(True, quality, well_from), quality
            step_moments[v] += 1.0
            step_mean[v], step_peak[v], step_memory[v] = mean, peak, memory
