"""Fairness: what one gets for one's money is compared with what others get.   Uses no neighbours.

Claim: satisfaction depends on equity, the ratio of what one gets to what one pays against that of other customers of
the firm: less for the same price, or the same for a higher price, is unfair.
Source: SZYMANSKI_HENARD_2001 (equity goes strongest with satisfaction: abstract); form and sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.functions import exp32, in_steps
from abm.core.kernels import equation, kernel
from abm.core.sources import SZYMANSKI_HENARD_2001
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import FIXED_POINT, Column, Tally
from abm.world.world import World

_NOTHING = np.float32(1e-3)


@equation
def fairness_of(performance, paid, others_performance, others_paid, steepness):
    """Return how fair the exchange is, 0-1: 0.5 + 0.5 tanh(steepness * (own ratio / others' ratio - 1))."""
    own = performance / max(paid, _NOTHING)
    others = max(others_performance / max(others_paid, _NOTHING), _NOTHING)
    return 1.0 / (1.0 + exp32(-2.0 * steepness * (own / others - 1.0)))


@kernel
def weigh_fairness(
    satisfaction_shift, fair, visit_paid, visit_count, visit_firm, performance, visit_discount, price,
    others_performance, others_paid, equity_weight, steepness,
):  # fmt: skip
    """Add to satisfaction how fair the exchange was: `equity_weight * (fairness - 0.5)`; 0.5 before a comparison.

    satisfaction_shift, fair (visits,), visit_paid (visits,)  index  [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        fair[v] = 0.5
        visit_paid[v] = price[j] * (1.0 - visit_discount[v])
        if others_paid[j] > 0.0:
            fair[v] = fairness_of(performance[v], visit_paid[v], others_performance[j], others_paid[j], steepness)
        satisfaction_shift[v] += equity_weight * (fair[v] - np.float32(0.5))


@kernel
def count_fairness(visit_count, visit_firm, fair, visit_paid, fairness_sum, paid_sum):
    """Count how fair exchanges were, and what was paid.  fairness_sum, paid_sum  tallies [written]"""
    for v in range(visit_count[0]):
        fairness_sum[visit_firm[v]] += in_steps(fair[v])
        paid_sum[visit_firm[v]] += in_steps(visit_paid[v])


@kpi(unit="0-1", better="more", nan="nobody visited the firm")
def fairness(c: Tallied) -> FloatArray:
    """Mean fairness of exchanges in the eyes of visitors; 0.5 = as others fare."""
    return c.fairness_sum / c.visits


class Fairness(Mechanism):
    """Equity: own benefit and price against those of others."""

    name = "fairness"
    serves = ("B13",)
    owns = (
        Column("others_performance", ("firm",), 0, "0-1", "mean performance that others have met with lately"),
        Column("others_paid", ("firm",), 0, "index", "mean price that others have paid lately, 0 = not known"),
        Column("fair", ("visit",), 0, "0-1", "how fair the exchange was"),
    )
    scratch = (Column("visit_paid", ("visit",), 0, "index", "price that the visitor pays"),)
    counts = (
        Tally("fairness_sum", "0-1", "sum over visits of fairness", 1 / FIXED_POINT),
        Tally("paid_sum", "index", "sum over visits of the price paid", 1 / FIXED_POINT),
    )
    kpis = (fairness,)
    equity_weight: float = param(
        0.2, unit="0-1", bounds=(0, 5), evidence="assumed", source=cite(SZYMANSKI_HENARD_2001, "abstract: equity"),
        doc="satisfaction between the least and the most fair exchange; 0 = off",
    )  # fmt: skip
    steepness: float = param(
        1.0, unit="ratio", bounds=(0, 50), evidence="assumed", doc="how fast fairness changes with the ratio"
    )
    compared_every: int = param(
        4, unit="periods", bounds=(1, 1000), evidence="assumed", doc="time in which it becomes known how others fare"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return how others fare, the term of satisfaction and the count, if fairness counts."""
        if self.equity_weight == 0.0:
            return ()
        known = (Phase.OPENING, AtDates(self.look_around, self.compared_every))
        return (known, (Phase.JUDGEMENT, weigh_fairness), (Phase.VOICE, count_fairness))

    def look_around(self, world: World, t: int) -> None:
        """Let it become known how others fared on visits since the date before; without visits what was known stays."""
        if t < self.compared_every:
            return
        window = world.history[t - self.compared_every : t]
        visits, performed, paid = (
            world.layout.part(window, name).sum(axis=0)[: world.m].astype(np.float64)
            for name in ("visits", "performance_sum", "paid_sum")
        )
        met = visits > 0
        world.customers.others_performance[met] = performed[met] / (FIXED_POINT * visits[met])
        world.customers.others_paid[met] = paid[met] / (FIXED_POINT * visits[met])
