"""Lifecycle: active, dormant, lost, won back.   Synchronous; uses no neighbours.

Claim: where customers share their purchases out, absence is judged against the customer's own rhythm, and those who
were given up may return.
Source: DWYER_1989 and JACKSON_1985 (always a share, lost for good); multiples assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import kernel
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally
from abm.world.relations import ACTIVE, DORMANT, LOST, PROSPECT, WON_BACK
from abm.world.world import World


@kernel
def date_purchases(
    last_purchase_at, gap_at, relation_at, visit_count, visit_firm, visit_pair, gap_rate, acquired, returned, won_back,
    t,
):  # fmt: skip
    """Date each purchase, learn the customer's rhythm at the firm, and renew the relation.

    Unless it is the first purchase, the gap grows by `gap_rate * (t - last_purchase - gap)`. The relation becomes
    active, or won back if it was lost; one that was won back becomes active at the next purchase.

    last_purchase_at (pairs,)  period, gap_at (pairs,)  periods, relation_at (pairs,)  [written]
    acquired, returned, won_back  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        before = last_purchase_at[pair]
        if before >= 0:
            gap_at[pair] += gap_rate * (np.float32(t - before) - gap_at[pair])
        last_purchase_at[pair] = t
        state = relation_at[pair]
        acquired[j] += 1 if state == PROSPECT else 0
        returned[j] += 1 if state == DORMANT else 0
        won_back[j] += 1 if state == LOST else 0
        relation_at[pair] = WON_BACK if state == LOST else ACTIVE


@kernel
def judge_silence(
    relation, last_purchase, gap, provider, signed, fell_dormant, fell_lost, active, dormant_after, lost_after, lo, hi,
    t,
):  # fmt: skip
    """Judge silence against each customer's rhythm; those under contract are active however silent.

    Who has been silent for more than `dormant_after` gaps is dormant, for more than `lost_after` lost; a gap counts as
    one period at least. Who has signed with the firm stays as she is, also after the term, until she leaves at a
    renewal.

    relation (m, n)  [written]      fell_dormant, fell_lost, active  tallies [written]
    """
    now = np.float32(t)
    for j in range(relation.shape[0]):
        to_dormant, to_lost, still = 0, 0, 0
        for i in range(lo, hi):
            state = relation[j, i]
            rhythm = max(gap[j, i], np.float32(1.0))
            silence = now - np.float32(last_purchase[j, i])
            bound = (provider[i] == j) & (signed[i] >= 0)
            known = (state != PROSPECT) & (state != LOST) & (not bound)
            lost = known & (silence > lost_after * rhythm)
            dormant = known & (silence > dormant_after * rhythm) & (not lost)
            to_lost += 1 if lost else 0
            to_dormant += 1 if dormant & (state != DORMANT) else 0
            new = LOST if lost else (DORMANT if dormant else state)
            relation[j, i] = new
            still += 1 if (new == ACTIVE) | (new == WON_BACK) else 0
        fell_dormant[j] += to_dormant
        fell_lost[j] += to_lost
        active[j] += still


class Lifecycle(Mechanism):
    """State of each relation between a customer and a firm."""

    name = "lifecycle"
    standard = True
    owns = (
        Column(
            "last_purchase", ("firm", "customer"), -1, "period", "period of the latest purchase, -1 = none", "int32"
        ),
        Column("gap", ("firm", "customer"), 0, "periods", "smoothed time between purchases at the firm"),
        Column(
            "relation", ("firm", "customer"), 0, "state", "0 prospect, 1 active, 2 dormant, 3 lost, 4 won back", "uint8"
        ),
    )
    counts = (
        Tally("acquired", "customers", "first purchases at the firm"),
        Tally("returned", "customers", "dormant customers who bought again: temporary churn"),
        Tally("won_back", "customers", "lost customers who bought again"),
        Tally("fell_dormant", "customers", "relations that fell dormant"),
        Tally("fell_lost", "customers", "relations given up as lost"),
        Tally("active", "customers", "active and won-back customers at the end of the period"),
    )
    gap_rate: float = param(
        0.3, unit="1/purchase", bounds=(0, 1), evidence="assumed", doc="weight of the latest gap in the rhythm"
    )
    dormant_after: float = param(
        2.0, unit="gaps", bounds=(0.1, 1e3), evidence="assumed", doc="silence after which a customer counts as dormant"
    )
    lost_after: float = param(
        4.0, unit="gaps", bounds=(0.1, 1e3), evidence="assumed", doc="silence after which a customer counts as lost"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return purchases, then silence."""
        return (Phase.RELATION, date_purchases), (Phase.RELATION, judge_silence)

    def begin(self, world: World, seed: int) -> None:
        """Start everybody's rhythm at the mean time between her category occasions: 1 / purchase_rate, at most 10^6."""
        if "gap" in world.customers:
            world.customers.gap[:] = 1.0 / np.maximum(world.customers.purchase_rate, np.float32(1e-6))
