"""Learning: cumulative satisfaction and expectation move towards experience.   Synchronous; uses no neighbours.

Claim: the longer the relation, the less one more experience changes satisfaction; delight raises the bar for the
next visit.
Source: BOLTON_1998 (tenure), RUST_OLIVER_2000 (ratchet); rates are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, normal32, unit
from abm.core.kernels import Kernel, equation, kernel
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.mechanisms.mechanism import Mechanism, Phase
from abm.world.columns import FIXED_POINT, Column, Tally, World

_WHOLE = np.float32(FIXED_POINT)


@equation
def updated_satisfaction(satisfaction, transaction, encounters, floor, extra, tenure):
    """Return cumulative satisfaction after a visit: the transaction itself at first use."""
    rate = floor + extra * exp32(-encounters / tenure)
    return transaction if encounters < 0.5 else satisfaction + rate * (transaction - satisfaction)


@equation
def updated_expectation(expectation, performance, promise, rate, promise_rate, drift):
    """Return the expectation after a visit: towards performance and towards the promise."""
    return unit(expectation + rate * (performance - expectation) + promise_rate * (promise - expectation) + drift)


@kernel
def learn_satisfaction(
    satisfaction, encounters, first_update, visit_count, visit_customer, visit_nth, visit_firm, transaction, floor,
    extra, tenure, satisfaction_sum,
):  # fmt: skip
    """Update satisfaction with the firm visited and count the visit.

    satisfaction (m, n)  0-1, NaN before first use  [written]      encounters (m, n)  visits  [written]
    first_update (visits,)  satisfaction after the visit if it is her first of the period  [written]
    satisfaction_sum  tally [written]
    """
    for v in range(visit_count[0]):  # exponentials of all visits together; those to nobody are never read
        i, j = visit_customer[v], visit_firm[v]
        s = updated_satisfaction(satisfaction[j, i], transaction[v], encounters[j, i], floor, extra, tenure)
        first_update[v] = s
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        if j >= 0:
            s = first_update[v]
            if visit_nth[v] > 0:
                s = updated_satisfaction(satisfaction[j, i], transaction[v], encounters[j, i], floor, extra, tenure)
            satisfaction[j, i] = s
            encounters[j, i] += 1.0
            satisfaction_sum[j] += np.int64(s * _WHOLE)


@kernel
def learn_expectation(
    expectation, visit_count, visit_customer, visit_firm, performance, promise, rate, promise_rate, drift
):
    """Update the expectation of the firm visited.  expectation (m, n)  0-1  [written]"""
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        if j >= 0:
            expectation[j, i] = updated_expectation(
                expectation[j, i], performance[v], promise[j], rate, promise_rate, drift
            )


@kernel
def draw_beliefs(expectation, aware, customer_id, quality, initial_awareness, spread_of_beliefs, key, replication):
    """Draw who knows which firm, and what is expected of it.  expectation, aware (m, n)  [written]"""
    for j in range(quality.shape[0]):
        for i in range(customer_id.shape[0]):
            a, b, _, _ = uniform4(key, customer_id[i], 0, j, replication)
            expectation[j, i] = min(
                max(quality[j] + spread_of_beliefs * normal32(a), np.float32(0.05)), np.float32(0.95)
            )
            aware[j, i] = 1 if b < initial_awareness[j] else 0


class Learning(Mechanism):
    """How satisfaction and expectation change with experience."""

    name = "learning"
    phase = Phase.LEARNING
    owns = (
        Column("aware", ("firm", "customer"), 1, "bool", "knows the firm", "uint8"),
        Column("expectation", ("firm", "customer"), 0, "0-1", "predictive expectation of performance"),
        Column(
            "satisfaction", ("firm", "customer"), float("nan"), "0-1", "cumulative satisfaction; NaN before first use"
        ),
        Column("encounters", ("firm", "customer"), 0, "visits", "visits so far"),
        Column("first_update", ("visit",), 0, "0-1", "satisfaction after the visit, if the first of the period"),
    )
    counts = (Tally("satisfaction_sum", "0-1", "sum over visits of satisfaction after the visit", 1 / FIXED_POINT),)
    floor: float = param(
        0.10, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="learning rate of a long relation"
    )
    extra: float = param(0.40, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="added rate of a new relation")
    tenure: float = param(
        5.0, unit="visits", bounds=(0.01, 1e4), evidence="assumed", doc="visits over which the added rate fades"
    )
    rate: float = param(
        0.15, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="pull of performance on expectation"
    )
    promise_rate: float = param(
        0.10, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="pull of the promise on expectation"
    )
    drift: float = param(
        0.0,
        unit="0-1/visit",
        bounds=(-0.1, 0.1),
        evidence="assumed",
        doc="growth of expectations with customers' knowledge",
    )
    spread_of_beliefs: float = param(
        0.08, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of expectations before any experience"
    )

    def kernels(self) -> tuple[Kernel, ...]:
        """Return satisfaction, then expectation."""
        return learn_satisfaction, learn_expectation

    def begin(self, world: World, seed: int) -> None:
        """Draw awareness and expectations (draw 0, block j: word 0 expectation, word 1 awareness)."""
        c, f = world.customers, world.firms
        draw_beliefs(
            c.expectation, c.aware, c.customer_id, f.quality, f.initial_awareness, self.spread_of_beliefs,
            stream_key(seed, self.name), world.replication,
        )  # fmt: skip
