"""Delight: doing more than the core, always or now and then beyond what anybody imagined.   Uses no neighbours.

Claim: what goes beyond the core pleases, and is soon expected; a surprise pleases the more the rarer it is, and raises
the bar for the visits that follow.
Source: RUST_OLIVER_2000 (delight raises expectations); sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, Column, Tally


@equation
def surprise(surprise_size, surprise_rate):
    """Return what a surprise adds to performance: what happens on every visit surprises nobody."""
    return surprise_size * (1.0 - surprise_rate)


@kernel
def add_delight(
    performance_shift, delight_cost, visit_count, visit_customer, visit_nth, visit_firm, customer_id, extra,
    extra_expense, surprise_rate, surprise_expense, surprise_size, key, replication, t,
):  # fmt: skip
    """Add to each visit `extra`, and `surprise` if a uniform (draw 0, block nth, word 0) is below `surprise_rate`.

    performance_shift (visits,)  [written]      delight_cost (visits,)  cents  [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        surprised = (
            uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)[0] < surprise_rate[j]
        )  # fmt: skip
        performance_shift[v] += extra[j]
        performance_shift[v] += surprise(surprise_size, surprise_rate[j]) if surprised else 0.0
        delight_cost[v] = extra_expense[j] + (surprise_expense[j] if surprised else 0)


@kernel
def add_delight_cost(visit_cost, delight_cost, visit_count):
    """Add what delight costs.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += delight_cost[v]


@kernel
def count_delighted(
    visit_count, visit_firm, delight_cost, transaction, delighted_from, delighted, spent_on_delight
):  # fmt: skip
    """Count visits that delighted, and what delight costs.  delighted, spent_on_delight  tallies [written]"""
    for v in range(visit_count[0]):
        delighted[visit_firm[v]] += 1 if transaction[v] >= delighted_from else 0
        spent_on_delight[visit_firm[v]] += delight_cost[v]


@kpi(unit="share", better="more", nan="nobody visited the firm")
def delighted_share(c: Tallied) -> FloatArray:
    """Visits that delighted / visits."""
    return c.delighted / c.visits


class DelightPolicy(Policy):
    """What a firm does beyond the core of its service."""

    name = "delight"
    given: ClassVar = {
        "extra_scale": "what its inputs cost is given to a firm",
        "surprise_price": "what a gift costs is given to a firm",
    }
    extra: float = param(
        0.0, unit="0-1", bounds=(0, 0.5), evidence="assumed", doc="added to performance on every visit, beyond the core"
    )
    surprise_rate: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="visits on which a visitor is surprised"
    )
    extra_scale: float = param(
        20.0, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - extra), its cost"
    )
    surprise_price: float = param(
        6.0, unit="cu/surprise", bounds=(0, 1e4), evidence="assumed", doc="cost of a surprise"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what extras cost a visit, and a surprise."""
        return {
            "extra_expense": (CENTS, -self.extra_scale * math.log1p(-self.extra)),
            "surprise_expense": (CENTS, self.surprise_price),
        }


class Delight(Mechanism):
    """Extras and surprises."""

    name = "delight"
    serves = ("B16",)
    policy = DelightPolicy
    owns = (Column("delight_cost", ("visit",), 0, "cents", "what extras and surprises cost on the visit", "int64"),)
    counts = (
        Tally("delighted", "visits", "visits that delighted"),
        Tally("spent_on_delight", "cu", "cost of extras and surprises", CENT, account="lever"),
    )
    kpis = (delighted_share,)
    surprise_size: float = param(
        0.2, unit="0-1", bounds=(0, 1), evidence="assumed", doc="added to performance by a surprise that never happens"
    )
    delighted_from: float = param(
        0.9, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction with a visit that delights"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return extras, surprises, their counts and their cost, if any firm does more than the core."""
        if not any(policy.extra > 0 or policy.surprise_rate > 0 for policy in policies):
            return ()
        counted = ((Phase.RECOVERY, count_delighted), (Phase.RELATION, add_delight_cost))
        return ((Phase.DELIVERY, add_delight), *counted)
