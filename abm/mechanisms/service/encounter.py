"""Encounter: performance, failure and disconfirmation on one visit.   Synchronous; uses no neighbours.

Claim: satisfaction with a transaction is performance plus disconfirmation, and falling short hurts more than
exceeding helps; expectations have no direct effect of their own. Each further step of quality costs more than the one
before.
Source: OLIVER_1980 (disconfirmation); ANDERSON_SULLIVAN_1993 (form and asymmetry, abstract); sizes tuned with the
prototype.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.citations import cite
from abm.core.functions import normal32, one_more, steps_at, unit
from abm.core.kernels import equation, kernel
from abm.core.sources import ANDERSON_SULLIVAN_1993, PROTOTYPE
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.mechanisms.sums import Sum
from abm.world.columns import FIXED_POINT, Column, Tally
from abm.world.visits import CORE, NO_FAILURE


@equation
def transaction_satisfaction(performance, expectation, gain, loss, shift):
    """Return performance plus asymmetric disconfirmation and what other theories add, in [0, 1]."""
    gap = performance - expectation
    return unit(performance + gain * max(gap, np.float32(0.0)) - loss * max(-gap, np.float32(0.0)) + shift)


@kernel
def draw_quality(luck, visit_count, visit_customer, visit_nth, customer_id, key, replication, t):
    """Fill three uniforms a visit: quality, failure, severity.

    They are words 0, 1 and 2 of draw 0, block nth.

    luck (4, visits)  [written]
    """
    for v in range(visit_count[0]):
        a, b, c, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
        luck[0, v] = a
        luck[1, v] = b
        luck[2, v] = c


@kernel
def meet(
    performance, failure_cause, failure_severity, luck, visit_count, visit_firm, visit_pair, expectation_at,
    failure_risk, performance_shift, quality, visit_spread, failure_rate, severity_low, severity_high, assimilation,
):  # fmt: skip
    """Write what goes wrong on each visit, and how it is perceived.

    A visit fails with probability `failure_rate * failure_risk`; a failure's severity is uniform on [`severity_low`,
    `severity_high`], otherwise it is 0. Quality is `quality + performance_shift + visit_spread * z - severity`, z
    standard normal; performance is `(1 - assimilation) * quality + assimilation * expectation` of that quality, in
    [0, 1].

    performance, failure_severity (visits,)  0-1, failure_cause (visits,)  [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        failed = luck[1, v] < failure_rate[j] * failure_risk[v]
        fell = severity_low + (severity_high - severity_low) * luck[2, v]
        failure_cause[v] = CORE if failed else NO_FAILURE
        failure_severity[v] = fell if failed else np.float32(0.0)
        q = quality[j] + performance_shift[v] + visit_spread[j] * normal32(luck[0, v])
        q -= fell if failed else np.float32(0.0)
        performance[v] = unit(q + assimilation * (expectation_at[pair] - q))


@kernel
def judge(transaction, visit_count, visit_pair, performance, expectation_at, satisfaction_shift, gain, loss):
    """Compare each visit with what was expected at the start of the period.  transaction (visits,)  0-1  [written]"""
    for v in range(visit_count[0]):
        expected = expectation_at[visit_pair[v]]
        transaction[v] = transaction_satisfaction(performance[v], expected, gain, loss, satisfaction_shift[v])


@kernel
def count_encounters(
    visit_count, visit_firm, failure_cause, performance, transaction, dissatisfied_below, failures, dissatisfied,
    performance_sum, transaction_sum,
):  # fmt: skip
    """Count failures, dissatisfied visits, and sums of performance and transaction satisfaction.  Tallies [written]"""
    for j in range(failures.shape[0] - 1):
        failed = unhappy = np.int32(0)
        for v in range(visit_count[0]):
            here = visit_firm[v] == np.int32(j)
            failed = one_more(failed, here & (failure_cause[v] != NO_FAILURE))
            unhappy = one_more(unhappy, here & (transaction[v] < dissatisfied_below))
        failures[j] += failed
        dissatisfied[j] += unhappy
        performance_sum[j] += steps_at(j, performance, visit_firm, visit_count[0])
        transaction_sum[j] += steps_at(j, transaction, visit_firm, visit_count[0])


ORDINARY_FAILURE_RATE = 0.10  # what service without any spending on reliability would show
ORDINARY_SPREAD = 0.25  # what service without any standards would show
_PERFECTION = 1e-3  # of what is ordinary: perfection is costed as one in a thousand, for it has no finite price
_PRICE = "what its inputs cost is given to a firm"


class ServicePolicy(Policy):
    """Design quality, its spread, failures, the channel, and what they cost a visit."""

    name: ClassVar = "service"
    given: ClassVar = {
        f"{lever}_cost": _PRICE for lever in ("quality", "reliability", "consistency", "transparency", "richness")
    }

    quality: float = param(0.75, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="mean performance delivered")
    failure_rate: float = param(
        0.05, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="visits on which something goes wrong"
    )
    spread_within: float = param(
        0.10, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of one server's performance over visits"
    )
    spread_between: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of performance between servers"
    )
    transparency: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="notice given when a promise will be broken"
    )
    richness: float = param(
        0.8, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="of the channel: contact-free 0.1 to intimate 0.99"
    )
    quality_cost: float = param(
        3.0, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - quality)"
    )
    reliability_cost: float = param(
        1.0, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(failure_rate / 0.10)"
    )
    consistency_cost: float = param(
        0.5, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(spread / 0.25)"
    )
    transparency_cost: float = param(
        0.3, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - transparency)"
    )
    richness_cost: float = param(
        0.5, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - richness)"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return the spread over visits, what of it is drawn anew for each, and what a visit costs to serve.

        Where servers are told apart, the spread between them is theirs.
        """
        anew = self.spread_within if firm.servers.team > 0 else self.spread
        return {
            "spread": (NUMBER, self.spread),
            "visit_spread": (NUMBER, anew),
            "service_cost": (CENTS, self.cost_per_visit),
        }

    @property
    def spread(self) -> float:
        """Sd of performance over visits, within servers and between them."""
        return math.hypot(self.spread_within, self.spread_between)

    @property
    def cost_per_visit(self) -> float:
        """Cost of a visit, cu; each further step towards perfection costs more than the one before.

        -quality_cost ln(1 - quality) - transparency_cost ln(1 - transparency) - richness_cost ln(1 - richness)
        - reliability_cost ln(min(1, failure_rate / 0.10)) - consistency_cost ln(min(1, spread / 0.25)).
        A failure rate of 0.10 or a spread of 0.25 costs nothing, nor does more; none at all is costed as a thousandth.
        """
        upward = (
            (self.quality_cost, self.quality),
            (self.transparency_cost, self.transparency),
            (self.richness_cost, self.richness),
        )
        downward = (
            (self.reliability_cost, self.failure_rate / ORDINARY_FAILURE_RATE),
            (self.consistency_cost, self.spread / ORDINARY_SPREAD),
        )
        cost = -sum(scale * math.log1p(-level) for scale, level in upward)
        return cost - sum(scale * math.log(min(1.0, max(left, _PERFECTION))) for scale, left in downward)


class Encounter(Mechanism):
    """What a visit is like, and how it compares with what was expected."""

    name = "encounter"
    serves = ("B1",)
    policy = ServicePolicy
    standard = True
    owns = (
        Column("performance", ("visit",), 0, "0-1", "perceived performance"),
        Column("transaction", ("visit",), 0, "0-1", "satisfaction with the transaction"),
    )
    sums = (
        Sum("service_time", ("visit",), 1.0, "ratio", "factor on minutes of service in a line", Phase.ARRIVAL),
        Sum("failure_risk", ("visit",), 1.0, "ratio", "factor on the firm's failure rate", Phase.DELIVERY),
        Sum(
            "performance_shift", ("visit",), 0.0, "shift of 0-1", "what is added to the firm's quality", Phase.DELIVERY
        ),
        Sum("satisfaction_shift", ("visit",), 0.0, "shift of 0-1", "what is added to satisfaction", Phase.JUDGEMENT),
        Sum(
            "answer_shift",
            ("visit",),
            0.0,
            "shift of 0-1",
            "what is added to satisfaction with the visit when she is asked for it, and nowhere else",
            Phase.RECOVERY,
        ),
    )
    writes = ("failure_cause", "failure_severity")
    scratch = (Column("luck", ("luck", "visit"), 0, "0-1", "uniforms of the visit: quality, failure, severity"),)
    counts = (
        Tally("failures", "visits", "visits on which something went wrong"),
        Tally("dissatisfied", "visits", "visits with transaction satisfaction below `dissatisfied_below`"),
        Tally("performance_sum", "0-1", "sum of performance over visits", 1 / FIXED_POINT),
        Tally("transaction_sum", "0-1", "sum of transaction satisfaction over visits", 1 / FIXED_POINT),
    )
    severity_low: float = param(0.2, unit="0-1", bounds=(0, 1), evidence="assumed", doc="mildest failure")
    severity_high: float = param(0.6, unit="0-1", bounds=(0, 1), evidence="assumed", doc="worst failure")
    dissatisfied_below: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction with a dissatisfied visit is lower"
    )
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

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return draws and the encounter; then the judgement, and the counts."""
        met = tuple((Phase.ENCOUNTER, k) for k in (draw_quality, meet))
        return (*met, (Phase.VOICE, judge), (Phase.VOICE, count_encounters))
