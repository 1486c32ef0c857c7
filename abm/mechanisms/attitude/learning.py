"""Learning: cumulative satisfaction and expectation move towards experience.   Synchronous; uses no neighbours.

Claim: who has not used a firm expects what it promises, and not what it will deliver; experience takes the place of the
promise, visit by visit. The longer the relation, the less one more experience changes satisfaction; delight raises the
bar for the next visit.
Source: BOLTON_1998 (tenure), RUST_OLIVER_2000 (ratchet), BOULDING_1993 (what is communicated forms expectations); rates
are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from abm.core.functions import exp32, normal32, steps_at, unit
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.world.columns import FIXED_POINT, Column, Tally
from abm.world.world import World


@equation
def updated_satisfaction(satisfaction, transaction, encounters, settled_rate, newcomer_rate, tenure):
    """Return cumulative satisfaction after a visit: the transaction itself at first use."""
    rate = settled_rate + newcomer_rate * exp32(-encounters / tenure)
    return transaction if encounters < 0.5 else satisfaction + rate * (transaction - satisfaction)


@equation
def updated_expectation(expectation, performance, promise, encounters, expectation_rate, promise_rate, drift):
    """Return the expectation after a visit: towards performance, and towards the promise the less the more visits.

    encounters : this visit included
    """
    learned = expectation_rate * (performance - expectation)
    return unit(expectation + learned + promise_rate / encounters * (promise - expectation) + drift)


@kernel
def learn_satisfaction(
    satisfaction_at, encounters_at, visit_satisfaction, visit_count, visit_nth, visit_firm, visit_pair, transaction,
    settled_rate, newcomer_rate, tenure, satisfaction_sum,
):  # fmt: skip
    """Update satisfaction with the firm visited and count the visit.

    satisfaction_at (pairs,)  0-1, NaN before first use  [written]      encounters_at (pairs,)  visits  [written]
    visit_satisfaction (visits,)  satisfaction after the visit  [written]
    satisfaction_sum  tally [written]
    """
    for v in range(visit_count[0]):  # exponentials of all visits together, as if each were the first of the period
        pair = visit_pair[v]
        s = updated_satisfaction(
            satisfaction_at[pair], transaction[v], encounters_at[pair], settled_rate, newcomer_rate, tenure
        )
        visit_satisfaction[v] = s
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        s = visit_satisfaction[v]
        if visit_nth[v] > 0:
            s = updated_satisfaction(
                satisfaction_at[pair], transaction[v], encounters_at[pair], settled_rate, newcomer_rate, tenure
            )
            visit_satisfaction[v] = s
        satisfaction_at[pair] = s
        encounters_at[pair] += 1.0
    for j in range(satisfaction_sum.shape[0] - 1):
        satisfaction_sum[j] += steps_at(j, visit_satisfaction, visit_firm, visit_count[0])


@kernel
def learn_expectation(
    expectation_at, encounters_at, visit_count, visit_firm, visit_pair, performance, promise, expectation_rate,
    promise_rate, drift,
):  # fmt: skip
    """Update the expectation of the firm visited, after all visits of the period have been counted.

    expectation_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        expectation_at[pair] = updated_expectation(
            expectation_at[pair], performance[v], promise[j], encounters_at[pair], expectation_rate, promise_rate, drift
        )


@kernel
def draw_beliefs(
    expectation, aware, customer_id, promise, initial_awareness, spread_of_beliefs, lowest_belief, highest_belief, key,
    replication,
):  # fmt: skip
    """Draw who knows which firm, and what is expected of it.

    An expectation is `promise + Normal(0, spread_of_beliefs)`, in [`lowest_belief`, `highest_belief`]; a firm is known
    with probability `initial_awareness`.

    expectation, aware (m, n)  [written]
    """
    for j in range(promise.shape[0]):
        for i in range(customer_id.shape[0]):
            a, b, _, _ = uniform4(key, customer_id[i], 0, j, replication)
            expectation[j, i] = min(max(promise[j] + spread_of_beliefs * normal32(a), lowest_belief), highest_belief)
            aware[j, i] = 1 if b < initial_awareness[j] else 0


class Introduction(Policy):
    """What customers know of a firm before they have used it."""

    given: ClassVar = {"initial_awareness": "what is known of a firm at the start is its past"}
    free: ClassVar = {"promise": "words cost nothing; those that are not kept cost trust, and modest ones trial"}
    promise: float = param(
        0.75, unit="0-1", bounds=(0, 1), evidence="assumed", doc="quality that is promised, whatever is delivered"
    )
    initial_awareness: float = param(
        1.0, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who know the firm at the start"
    )


class Learning(Mechanism):
    """How satisfaction and expectation change with experience."""

    name = "learning"
    serves = ("B1",)
    policy = Introduction
    standard = True
    owns = (
        Column("aware", ("firm", "customer"), 1, "bool", "knows the firm", "uint8"),
        Column("expectation", ("firm", "customer"), 0, "0-1", "predictive expectation of performance"),
        Column(
            "satisfaction", ("firm", "customer"), float("nan"), "0-1", "cumulative satisfaction; NaN before first use"
        ),
        Column("encounters", ("firm", "customer"), 0, "visits", "visits so far"),
    )
    scratch = (Column("visit_satisfaction", ("visit",), 0, "0-1", "satisfaction after the visit"),)
    counts = (Tally("satisfaction_sum", "0-1", "sum over visits of satisfaction after the visit", 1 / FIXED_POINT),)
    settled_rate: float = param(
        0.10, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="learning rate of a long relation"
    )
    newcomer_rate: float = param(
        0.40, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="added rate of a new relation"
    )
    tenure: float = param(
        5.0, unit="visits", bounds=(0.01, 1e4), evidence="assumed", doc="visits over which the added rate fades"
    )
    expectation_rate: float = param(
        0.15, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="pull of performance on expectation"
    )
    promise_rate: float = param(
        0.10,
        unit="1/visit",
        bounds=(0, 1),
        evidence="assumed",
        doc="pull of the promise at the first visit",
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
    lowest_belief: float = param(0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="lowest initial expectation")
    highest_belief: float = param(
        0.95, unit="0-1", bounds=(0, 1), evidence="assumed", doc="highest initial expectation"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return satisfaction, then expectation."""
        return (Phase.LEARNING, learn_satisfaction), (Phase.LEARNING, learn_expectation)

    def begin(self, world: World, seed: int) -> None:
        """Draw awareness and expectations (draw 0, block j: word 0 expectation, word 1 awareness)."""
        c, f = world.customers, world.firms
        draw_beliefs(
            c.expectation, c.aware, c.customer_id, f.promise, f.initial_awareness, self.spread_of_beliefs,
            self.lowest_belief, self.highest_belief, stream_key(seed, self.name), world.replication,
        )  # fmt: skip
