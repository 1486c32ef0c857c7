"""Convenience: near is better than far.   Uses no neighbours.

Customers live at a place on a ring; a firm's outlets lie evenly on it, from a place of the firm's own.
Claim: going to a firm costs the way to its nearest outlet; each doubling of the outlets halves the longest way, so that
a further outlet is worth the less the more there are.
Source: Hotelling 1929 and Salop 1979 (a line and a ring of customers; from memory), assumed. Places are drawn and not
chosen, and an outlet's cost is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.functions import in_steps
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

_DRAW_1 = 1 << 16  # draw 1, block 0 of an address


@equation
def way(place, first_outlet, outlets):
    """Return the way to the nearest of the outlets at first_outlet + k / outlets, in rings: 0 to 0.5 / outlets."""
    along = np.float32(outlets) * (place - first_outlet)
    return abs(along - np.floor(along + 0.5)) / np.float32(outlets)


@kernel
def draw_places(place, customer_id, key, replication):
    """Draw where customers live, for life: uniform on the ring (period 0, draw 0, block 0, word 0).

    place (n,)  rings  [written]
    """
    for i in range(customer_id.shape[0]):
        place[i] = uniform4(key, customer_id[i], 0, 0, replication)[0]


@kernel
def draw_first_outlets(first_outlet, key, replication):
    """Draw where each firm's first outlet lies: uniform (number of the firm, period 0, draw 1, block 0, word 0).

    first_outlet (m,)  rings  [written]
    """
    for j in range(first_outlet.shape[0]):
        first_outlet[j] = uniform4(key, j, 0, _DRAW_1, replication)[0]


@kernel
def subtract_way(utility, place, first_outlet, outlets, distance_weight, lo, hi):
    """Take the way to each firm from its utility: `distance_weight * way`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] -= distance_weight * way(place[i], first_outlet[j], outlets[j])


@kernel
def count_ways(visit_count, visit_customer, visit_firm, place, first_outlet, outlets, way_sum, served_near):
    """Add up how far visitors came, in 2^-20 of the ring, rounded down.  way_sum, served_near  tallies [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        way_sum[j] += in_steps(way(place[visit_customer[v]], first_outlet[j], outlets[j]))
        served_near[j] += 1


@kernel(per="share")
def book_outlets(outlet_spend, outlet_expense, lo, hi):
    """Book what outlets cost, per customer of the market.  outlet_spend  tally, in 1/1000 cent  [written]"""
    for j in range(outlet_expense.shape[0]):
        outlet_spend[j] += outlet_expense[j] * (np.int64(hi) - np.int64(lo))


@kpi(unit="rings", better="less", nan="nobody visited the firm")
def mean_distance(c: Tallied) -> FloatArray:
    """Ways of the firm's visitors to its nearest outlet, in parts of the ring / visits served."""
    return c.way_sum / c.served_near


class ConveniencePolicy(Policy):
    """How many outlets a firm has."""

    name: ClassVar = "convenience"
    given: ClassVar = {"outlet_cost": "what its inputs cost is given to a firm"}
    outlets: int = param(1, unit="outlets", bounds=(1, 1000), evidence="assumed", doc="places where it can be visited")
    outlet_cost: float = param(
        30.0, unit="cu/1,000 customers/period", bounds=(0, 1e6), evidence="assumed",
        doc="cost of each outlet after the first, which is in the fixed cost, by size of the market",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what the outlets after the first cost a period, by 1,000 customers of the market."""
        return {"outlet_expense": (CENTS, self.outlet_cost * (self.outlets - 1))}


class Convenience(Mechanism):
    """Where customers live, and how far it is to the firms."""

    name = "convenience"
    policy = ConveniencePolicy
    owns = (
        Column("place", ("customer",), 0, "0-1", "where she lives on the ring"),
        Column("first_outlet", ("firm",), 0, "0-1", "where the firm's first outlet lies on the ring"),
    )
    counts = (
        Tally("way_sum", "rings", "sum over visits of the way to the nearest outlet", 1 / FIXED_POINT),
        Tally("served_near", "visits", "visits over which ways are added up"),
        Tally("outlet_spend", "cu", "cost of outlets after the first", CENT / 1000, account="lever"),
    )
    kpis = (mean_distance,)
    distance_weight: float = param(
        2.0, unit="logit units/ring", bounds=(0, 100), evidence="assumed",
        doc="utility that a way of once round the ring would take; 0 = all places are alike",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the way's term of utility and its count, and what outlets cost, also where ways are nothing."""
        near = ((Phase.VALUATION, subtract_way), (Phase.BOOKING, count_ways)) if self.distance_weight > 0 else ()
        paid = ((Phase.BOOKS, book_outlets),) if any(policy.outlets > 1 for policy in policies) else ()
        return (*near, *paid)

    def begin(self, world: World, seed: int) -> None:
        """Draw the places of customers and firms."""
        c, key = world.customers, stream_key(seed, self.name)
        if "place" in c:
            draw_places(c.place, c.customer_id, key, world.replication)
            draw_first_outlets(c.first_outlet, key, world.replication)
