"""Encounter: performance, failure and disconfirmation on one visit.   Synchronous; uses no neighbours.

Claim: satisfaction with a transaction is performance plus disconfirmation, and falling short hurts more than
exceeding helps; expectations have no direct effect of their own.
Source: OLIVER_1980 (disconfirmation); ANDERSON_SULLIVAN_1993 (form and asymmetry, abstract); sizes tuned with the
prototype.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import in_steps, normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.sources import ANDERSON_SULLIVAN_1993, PROTOTYPE, cite
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import FIXED_POINT, Column, Tally


@equation
def transaction_satisfaction(performance, expectation, gain, loss):
    """Return performance plus asymmetric disconfirmation, in [0, 1]."""
    gap = performance - expectation
    return unit(performance + gain * max(gap, np.float32(0.0)) - loss * max(-gap, np.float32(0.0)))


@kernel
def draw_quality(luck, visit_count, visit_customer, visit_nth, customer_id, key, replication, t):
    """Fill three uniforms a visit: quality, failure, severity.  luck (4, visits)  [written]"""
    for v in range(visit_count[0]):
        a, b, c, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
        luck[0, v] = a
        luck[1, v] = b
        luck[2, v] = c


@kernel
def meet(
    performance, transaction, luck, visit_count, visit_firm, visit_pair, expectation_at, match_at, quality,
    spread, failure_rate, severity_low, severity_high, assimilation, gain, loss,
):  # fmt: skip
    """Write what each visit was like.  performance, transaction (visits,)  0-1  [written]"""
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        fell = severity_low + (severity_high - severity_low) * luck[2, v]
        q = quality[j] + match_at[pair] + spread[j] * normal32(luck[0, v])
        q -= fell if luck[1, v] < failure_rate[j] else np.float32(0.0)
        p = unit(q + assimilation * (expectation_at[pair] - q))
        performance[v] = p
        transaction[v] = transaction_satisfaction(p, expectation_at[pair], gain, loss)


@kernel
def count_encounters(
    visit_count, visit_firm, luck, performance, transaction, failure_rate, failures, dissatisfied,
    performance_sum, transaction_sum,
):  # fmt: skip
    """Count failures, dissatisfied visits, and sums of performance and transaction satisfaction.  Tallies [written]"""
    for j in range(failure_rate.shape[0]):
        failed, unhappy, performed, satisfied = 0, 0, 0, 0
        for v in range(visit_count[0]):
            here = visit_firm[v] == np.int64(j)
            failed += 1 if here & (luck[1, v] < failure_rate[j]) else 0
            unhappy += 1 if here & (transaction[v] < 0.5) else 0
            performed += in_steps(performance[v]) if here else 0
            satisfied += in_steps(transaction[v]) if here else 0
        failures[j] += failed
        dissatisfied[j] += unhappy
        performance_sum[j] += performed
        transaction_sum[j] += satisfied


class Encounter(Mechanism):
    """What a visit is like, and how it compares with what was expected."""

    name = "encounter"
    standard = True
    owns = (
        Column("performance", ("visit",), 0, "0-1", "perceived performance"),
        Column("transaction", ("visit",), 0, "0-1", "satisfaction with the transaction"),
        Column("match", ("firm", "customer"), 0, "0-1", "quality added by the customer's fit with the firm"),
    )
    scratch = (Column("luck", ("luck", "visit"), 0, "0-1", "uniforms of the visit: quality, failure, severity"),)
    counts = (
        Tally("failures", "visits", "visits on which something went wrong"),
        Tally("dissatisfied", "visits", "visits with transaction satisfaction below 0.5"),
        Tally("performance_sum", "0-1", "sum of performance over visits", 1 / FIXED_POINT),
        Tally("transaction_sum", "0-1", "sum of transaction satisfaction over visits", 1 / FIXED_POINT),
    )
    severity_low: float = param(0.2, unit="0-1", bounds=(0, 1), evidence="assumed", doc="mildest failure")
    severity_high: float = param(0.6, unit="0-1", bounds=(0, 1), evidence="assumed", doc="worst failure")
    assimilation: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="pull of expectation on perceived performance"
    )
    gain: float = param(
        0.3, unit="ratio", bounds=(0, 5), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="effect of positive disconfirmation",
    )  # fmt: skip
    loss: float = param(
        0.6, unit="ratio", bounds=(0, 5), evidence="calibrated",
        source=cite(ANDERSON_SULLIVAN_1993, "abstract: falling short hurts more; size from the prototype"),
        doc="effect of negative disconfirmation",
    )  # fmt: skip

    def schedule(self) -> Schedule:
        """Return draws, the encounter, and its counts."""
        return tuple((Phase.ENCOUNTER, k) for k in (draw_quality, meet, count_encounters))
