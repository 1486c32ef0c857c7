"""Lifecycle: active, dormant, lost, won back.   Synchronous; uses no neighbours.

Claim: where customers share their purchases out, absence from a firm means something only on occasions on which they
bought, or could have bought, elsewhere; who needs nothing is not lost.  Those who were given up may return.
Source: DWYER_1989 and JACKSON_1985 (always a share, lost for good); numbers of occasions assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.functions import one_more
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally
from abm.world.relations import ACTIVE, DORMANT, LOST, PROSPECT, WON_BACK

_MOST_MISSED = 65_535  # what 16 bits hold


@kernel
def count_missed(missed, visit_count, visit_customer):
    """Count each occasion in the category for all firms: at whichever she buys, the count begins again.

    missed (m, n)  occasions, at most 65,535  [written]
    """
    for v in range(visit_count[0]):
        i = visit_customer[v]
        for j in range(missed.shape[0]):
            missed[j, i] = min(np.int32(missed[j, i]) + 1, _MOST_MISSED)


@kernel
def date_purchases(
    last_purchase_at, missed_at, relation_at, visit_count, visit_firm, visit_pair, acquired, returned, won_back, t
):
    """Date each purchase, end the absence from the firm, and renew the relation.

    The occasions of a period are weighed together: a purchase leaves none of them missed. The relation becomes active,
    or won back if it was lost; one that was won back becomes active at the next purchase.

    last_purchase_at (pairs,)  period, missed_at (pairs,)  occasions, relation_at (pairs,)  [written]
    acquired, returned, won_back  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        last_purchase_at[pair] = t
        missed_at[pair] = 0
        state = relation_at[pair]
        acquired[j] += 1 if state == PROSPECT else 0
        returned[j] += 1 if state == DORMANT else 0
        won_back[j] += 1 if state == LOST else 0
        relation_at[pair] = WON_BACK if state == LOST else ACTIVE


@kernel
def judge_silence(
    relation, missed, provider, signed, exited, fell_dormant, fell_lost, left_category, current, active, dormant_after,
    lost_after, lo, hi,
):  # fmt: skip
    """Judge absence by the category occasions missed; those under contract are active however silent.

    Who has missed more than `dormant_after` occasions is dormant, more than `lost_after` lost. Who has signed with the
    firm stays as she is, also after the term, until she leaves at a renewal. Who has left the category is lost to
    every firm whose customer she was.

    relation (m, n)  [written]      fell_dormant, fell_lost, left_category, current, active  tallies [written]
    """
    until_dormant, until_lost = np.int32(dormant_after), np.int32(lost_after)
    for j in range(relation.shape[0]):
        to_dormant = to_lost = left = before = still = np.int32(0)
        for i in range(lo, hi):
            state, absent = relation[j, i], np.int32(missed[j, i])
            free = (provider[i] != np.int32(j)) | (signed[i] < 0)
            customer = (state != PROSPECT) & (state != LOST)
            leaver = customer & (exited[i] >= 0)
            lost = leaver | (customer & free & (absent > until_lost))
            dormant = customer & free & (absent > until_dormant) & (not lost)
            before = one_more(before, customer)
            left = one_more(left, leaver)
            to_lost = one_more(to_lost, lost)
            to_dormant = one_more(to_dormant, dormant & (state != DORMANT))
            new = LOST if lost else (DORMANT if dormant else state)
            relation[j, i] = new
            still = one_more(still, (new == ACTIVE) | (new == WON_BACK))
        fell_dormant[j] += to_dormant
        fell_lost[j] += to_lost
        left_category[j] += left
        current[j] += before
        active[j] += still


class Lifecycle(Mechanism):
    """State of each relation between a customer and a firm."""

    name = "lifecycle"
    serves = ("D6",)
    standard = True
    owns = (
        Column(
            "last_purchase", ("firm", "customer"), -1, "period", "period of the latest purchase, -1 = none", "int32"
        ),
        Column(
            "missed", ("firm", "customer"), 0, "occasions", "in the category, since a purchase at the firm", "uint16"
        ),
        Column(
            "relation", ("firm", "customer"), 0, "state", "0 prospect, 1 active, 2 dormant, 3 lost, 4 won back", "uint8"
        ),
    )
    counts = (
        Tally("acquired", "customers", "first purchases at the firm"),
        Tally("returned", "customers", "dormant customers who bought again"),
        Tally("won_back", "customers", "lost customers who bought again"),
        Tally("fell_dormant", "customers", "relations that fell dormant"),
        Tally("fell_lost", "customers", "relations given up as lost"),
        Tally("left_category", "customers", "of these, because the customer left the category"),
        Tally("current", "customers", "active, dormant and won-back customers before any was given up in the period"),
        Tally("active", "customers", "active and won-back customers at the end of the period"),
    )
    dormant_after: int = param(
        13, unit="occasions", bounds=(1, 60_000), evidence="assumed",
        doc="missed occasions after which she counts as dormant: about a year of the mean customer",
    )  # fmt: skip
    lost_after: int = param(
        26, unit="occasions", bounds=(1, 60_000), evidence="assumed",
        doc="missed occasions after which she counts as lost: about two years of the mean customer",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return occasions, purchases, then silence."""
        return (Phase.OCCASIONS, count_missed), (Phase.RELATION, date_purchases), (Phase.RELATION, judge_silence)
