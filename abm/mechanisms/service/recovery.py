"""Recovery: some of the dissatisfied complain, and a firm makes amends.   Reads only its own customer.

Claim: the more a visit disappoints, the likelier a complaint; amends restore satisfaction with the visit, mostly by
what is given back and by how, and rarely all of it.
Source: Orsingher, Valentini & de Angelis 2010, Journal of the Academy of Marketing Science (order of the two; abstract
read); Knox & van Oest 2014, Journal of Marketing (incomplete offset; abstract read); sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.functions import in_steps
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import philox, uniform
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally


@equation
def complaint_probability(satisfaction, dissatisfied_below, voice):
    """Return the chance of a complaint: none down to the mark, rising in a straight line to `voice` at 0."""
    return voice * max(dissatisfied_below - satisfaction, np.float32(0.0)) / dissatisfied_below


@equation
def amended(satisfaction, expectation, compensation, empathy, distributive, interactional):
    """Return satisfaction after amends: a part of what is missing to the expectation, never more than that."""
    part = distributive * min(compensation, np.float32(1.0)) + interactional * empathy
    return satisfaction + min(part, np.float32(1.0)) * max(expectation - satisfaction, np.float32(0.0))


@kernel
def complain(
    complained, visit_count, visit_customer, visit_nth, visit_firm, transaction, customer_id, dissatisfied_below, voice,
    complaints, key, replication, t,
):  # fmt: skip
    """Draw who complains.  complained (visits,)  bool  [written]      complaints  tally [written]"""
    for v in range(visit_count[0]):
        word = philox(customer_id[visit_customer[v]], t, visit_nth[v], replication, key)[0]
        speaks = uniform(word) < complaint_probability(transaction[v], dissatisfied_below, voice)
        complained[v] = 1 if speaks else 0
        complaints[visit_firm[v]] += 1 if speaks else 0


@kernel
def make_amends(
    transaction, visit_amends, complained, visit_count, visit_customer, visit_firm, visit_pair, expectation_at, basket,
    compensation, empathy, empathy_cost, distributive, interactional, restored, amends_cost,
):  # fmt: skip
    """Restore the satisfaction of visitors who complained, and book what that costs.

    transaction (visits,)  0-1, visit_amends (visits,)  cents  [written]      restored, amends_cost  tallies [written]
    """
    for v in range(visit_count[0]):
        visit_amends[v] = 0
        if complained[v] > 0:
            j, before = visit_firm[v], transaction[v]
            expected = expectation_at[visit_pair[v]]
            after = amended(before, expected, compensation[j], empathy[j], distributive, interactional)
            transaction[v] = after
            restored[j] += in_steps(after) - in_steps(before)
            given = np.float64(compensation[j]) * np.float64(basket[visit_customer[v]])
            visit_amends[v] = np.int64(np.float64(100.0) * given + np.float64(0.5)) + empathy_cost[j]
            amends_cost[j] += visit_amends[v]


@kernel
def add_amends_cost(visit_cost, visit_amends, visit_count):
    """Add what amends cost.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += visit_amends[v]


@kpi(unit="1/visit", nan="nobody visited the firm")
def complaint_rate(c: Tallied) -> FloatArray:
    """Complaints / visits."""
    return c.complaints / c.visits


@kpi(unit="0-1", better="more", nan="nobody complained")
def restored_satisfaction(c: Tallied) -> FloatArray:
    """Satisfaction with the visit that amends gave back / complaints."""
    return c.restored / c.complaints


class RecoveryPolicy(Policy):
    """What a firm does about a complaint, and what that costs."""

    name = "recovery"
    given: ClassVar = {"empathy_scale": "what an hour of staff costs is given to a firm"}
    compensation: float = param(
        0.0, unit="share of basket", bounds=(0, 2), evidence="assumed", doc="given back to who complains"
    )
    empathy: float = param(0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="how well complaints are heard")
    empathy_scale: float = param(
        1.0, unit="cu/complaint", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - empathy), its cost"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what hearing a complaint costs: each further step of empathy costs more than the one before."""
        return {"empathy_cost": (CENTS, -self.empathy_scale * math.log1p(-self.empathy))}


class Recovery(Mechanism):
    """Complaints, and amends for them."""

    name = "recovery"
    policy = RecoveryPolicy
    owns = (
        Column("complained", ("visit",), 0, "bool", "whether the visitor complained", "uint8"),
        Column("visit_amends", ("visit",), 0, "cents", "what amends cost on the visit", "int64"),
    )
    writes = ("transaction",)
    counts = (
        Tally("complaints", "complaints", "complaints about visits"),
        Tally("restored", "0-1", "satisfaction with visits that amends gave back", 1 / FIXED_POINT),
        Tally("amends_cost", "cu", "given back, and spent on hearing complaints", CENT, account="lever"),
    )
    kpis = (complaint_rate, restored_satisfaction)
    dissatisfied_below: float = param(
        0.5, unit="0-1", bounds=(0.01, 1), evidence="assumed", doc="satisfaction below which a visitor may complain"
    )
    voice: float = param(0.6, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance at no satisfaction at all")
    distributive: float = param(
        0.45, unit="share", bounds=(0, 1), evidence="assumed", doc="part that giving back the basket restores"
    )
    interactional: float = param(
        0.40, unit="share", bounds=(0, 1), evidence="assumed", doc="part that full empathy restores"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the complaints; the amends, if any firm makes some."""
        amends = any(policy.compensation > 0 or policy.empathy > 0 for policy in policies)
        made = ((Phase.RECOVERY, make_amends), (Phase.RELATION, add_amends_cost)) if amends else ()
        return ((Phase.VOICE, complain), *made)
