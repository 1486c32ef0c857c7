"""Trust and commitment grow out of experience.   Synchronous; uses no neighbours.

Claim: trust falls faster than it grows and suffers from broken promises; affective commitment follows satisfaction
and trust.
Source: SLOVIC_1993 (asymmetry); MORGAN_HUNT_1994 and PALMATIER_2006 (trust, commitment); rates are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.functions import one_more, steps_at, unit
from abm.core.kernels import equation, kernel
from abm.core.sources import PROTOTYPE
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import FIXED_POINT, Column, Tally


@equation
def updated_trust(trust, transaction, growth, fall, broken):
    """Return trust after a visit; `broken` is what a broken promise takes away, 0 if it was kept."""
    rate = growth if transaction >= trust else fall
    return unit(trust + rate * (transaction - trust) - broken)


@kernel
def learn_trust(
    trust_at, visit_trust, broken, visit_count, visit_firm, visit_pair, transaction, performance, promise, spread,
    transparency, growth, fall, tolerance, usual_spreads, promise_cost, notice, trust_sum, broken_promises,
):  # fmt: skip
    """Update trust in the firm visited.

    A promise is broken by more than how much service varies anyway: if `performance < promise - tolerance -
    usual_spreads * spread`. That costs a further `promise_cost * (1 - notice * transparency)`.

    trust_at (pairs,)  0-1, visit_trust, broken (visits,)  [written]      trust_sum, broken_promises  tallies [written]
    """
    for v in range(visit_count[0]):
        broken[v] = 0.0
    for j in range(promise.shape[0]):
        broke, cost = np.int32(0), promise_cost * (1.0 - notice * transparency[j])
        kept_from = promise[j] - tolerance - usual_spreads * spread[j]
        for v in range(visit_count[0]):
            missed = (visit_firm[v] == np.int32(j)) & (performance[v] < kept_from)
            broken[v] += cost if missed else np.float32(0.0)
            broke = one_more(broke, missed)
        broken_promises[j] += broke
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        new = updated_trust(trust_at[pair], transaction[v], growth, fall, broken[v])
        trust_at[pair] = new
        visit_trust[v] = new
    for j in range(promise.shape[0]):
        trust_sum[j] += steps_at(j, visit_trust, visit_firm, visit_count[0])


@kernel
def learn_commitment(
    affective_commitment_at, visit_count, visit_pair, satisfaction_at, trust_at, satisfaction_part, commitment_rate
):
    """Move affective commitment towards the mean of satisfaction and trust.

    It grows by `commitment_rate * (satisfaction / 2 + trust / 2 - affective_commitment)`, of satisfaction and
    trust as all visits of the period have left them.

    affective_commitment_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        goal = satisfaction_part * satisfaction_at[pair] + (1.0 - satisfaction_part) * trust_at[pair]
        affective_commitment_at[pair] += commitment_rate * (goal - affective_commitment_at[pair])


@kernel
def add_trust(utility, trust, affective_commitment, trust_weight, commitment_weight, lo, hi):
    """Add trust and commitment to the utility of each firm.

    The term is `trust_weight * trust + commitment_weight * affective_commitment`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            u = utility[j, i - lo] + trust_weight * trust[j, i]
            utility[j, i - lo] = u + commitment_weight * affective_commitment[j, i]


class Trust(Mechanism):
    """Trust in each firm, and affective commitment to it."""

    name = "trust"
    serves = ("B14",)
    standard = True
    owns = (
        Column("trust", ("firm", "customer"), 0.5, "0-1", "trust in the firm"),
        Column("affective_commitment", ("firm", "customer"), 0.2, "0-1", "attachment to the firm"),
    )
    scratch = (
        Column("visit_trust", ("visit",), 0, "0-1", "trust after the visit"),
        Column("broken", ("visit",), 0, "0-1", "trust that a broken promise takes away"),
    )
    counts = (
        Tally("trust_sum", "0-1", "sum over visits of trust after the visit", 1 / FIXED_POINT),
        Tally("broken_promises", "visits", "visits that fell short of the promise"),
    )
    growth: float = param(
        0.08, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="rate when experience exceeds trust"
    )
    fall: float = param(
        0.20, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="rate when experience falls short of trust"
    )
    tolerance: float = param(
        0.10, unit="0-1", bounds=(0, 1), evidence="assumed", doc="shortfall that still counts as a kept promise"
    )
    usual_spreads: float = param(
        1.5,
        unit="sd",
        bounds=(0, 10),
        evidence="assumed",
        doc="of the firm's own spread: what is put down to chance",
    )
    promise_cost: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="trust lost by a broken promise"
    )
    notice: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="part of that loss which full transparency saves"
    )
    commitment_rate: float = param(
        0.05, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="pull of satisfaction and trust on commitment"
    )

    satisfaction_part: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="weight of satisfaction, against trust, in commitment"
    )
    trust_weight: float = param(
        1.0, unit="logit/0-1", bounds=(-50, 50), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="weight of trust in utility",
    )  # fmt: skip
    commitment_weight: float = param(
        1.0, unit="logit/0-1", bounds=(-50, 50), evidence="calibrated", source=cite(PROTOTYPE, "run"),
        doc="weight of affective commitment in utility",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the term of utility; trust, then commitment."""
        return (Phase.VALUATION, add_trust), (Phase.LEARNING, learn_trust), (Phase.LEARNING, learn_commitment)

    def schedule_when_off(self, policies: Sequence[Any]) -> Schedule:
        """Return the term of utility."""
        return ((Phase.VALUATION, add_trust),)
