"""Fees: what becoming a firm's customer costs, and what ending the relation costs.   Uses no neighbours.

Claim: a fee binds those who would have to pay it to leave, and keeps off those who would have to pay it to come: a
joining fee in full, an exit fee so far as they foresee that they will leave.
Source: BURNHAM_FRELS_MAHAJAN_2003 (monetary loss as a cost of switching, abstract); sizes assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.kernels import equation, kernel
from abm.core.money import cents
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.world.columns import CENT, Column, Tally
from abm.world.relations import LOST, PROSPECT


@equation
def owed(fee, basket, fee_limit):
    """Return what can be collected of a fee, cu: all of it, and at most `fee_limit` baskets of the customer."""
    return min(fee, fee_limit * basket)


@kernel
def note_relations(relation_then, relation, lo, hi):
    """Keep the relations as the period begins.  relation_then (m, n)  [written]"""
    for j in range(relation.shape[0]):
        for i in range(lo, hi):
            relation_then[j, i] = relation[j, i]


@kernel
def add_exit_fee(fee_at_stake, visit_count, visit_customer, visit_provider, basket, exit_fee, fee_limit):
    """Add what the provider would charge for leaving.  fee_at_stake (visits,)  cu  [written]"""
    for v in range(visit_count[0]):
        i, j = visit_customer[v], max(visit_provider[v], 0)
        fee_at_stake[v] += owed(exit_fee[j], basket[i], fee_limit)


@kernel
def shy_from_fees(
    utility, relation, price_response, basket, exit_fee, joining_fee, fee_limit, foresight, lo, hi
):  # fmt: skip
    """Take from a firm's utility, for those who are not its customers, the fees that they see coming.

    The term is `price_response * (joining fee + foresight * exit fee) / basket`: fees are weighed like a higher price.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        if exit_fee[j] > 0.0 or joining_fee[j] > 0.0:
            for i in range(lo, hi):
                later = foresight * owed(exit_fee[j], basket[i], fee_limit)
                seen = (owed(joining_fee[j], basket[i], fee_limit) + later) / basket[i]
                outsider = (relation[j, i] == PROSPECT) | (relation[j, i] == LOST)
                utility[j, i - lo] -= price_response[i] * seen if outsider else np.float32(0.0)


@kernel(double=True)
def collect_fees(
    relation_then, relation, basket, exit_fee, joining_fee, fee_limit, joining_fees, exit_fees, lo, hi
):  # fmt: skip
    """Collect the joining fee of who became a customer in the period, and the exit fee of whose relation ended.

    She joins with the first purchase, and with the first after having been lost; the relation ends where it is given up
    for absence, at a renewal that is not taken, or because she leaves the category. Who comes and goes within a period
    pays neither.

    joining_fees, exit_fees  tallies, in cents [written]
    """
    for j in range(relation.shape[0]):
        joined, left = 0, 0
        if exit_fee[j] > 0.0 or joining_fee[j] > 0.0:
            for i in range(lo, hi):
                outside_then = (relation_then[j, i] == PROSPECT) | (relation_then[j, i] == LOST)
                outside_now = (relation[j, i] == PROSPECT) | (relation[j, i] == LOST)
                usual, limit = np.float64(basket[i]), np.float64(fee_limit)
                coming = cents(owed(np.float64(joining_fee[j]), usual, limit))
                going = cents(owed(np.float64(exit_fee[j]), usual, limit))
                joined += coming if outside_then & (not outside_now) else 0
                left += going if outside_now & (not outside_then) else 0
        joining_fees[j] += joined
        exit_fees[j] += left


class FeePolicy(Policy):
    """What a firm charges for coming and for leaving.  Their cost is custom that they keep away."""

    free: ClassVar = {
        "exit_fee": "a fee is a term of the contract; it keeps away those who see it coming",
        "joining_fee": "a fee is a term of the contract; it keeps away those who would have to pay it",
    }
    exit_fee: float = param(0.0, unit="cu", bounds=(0, 1e6), evidence="assumed", doc="fee for ending the relation")
    joining_fee: float = param(
        0.0, unit="cu", bounds=(0, 1e6), evidence="assumed", doc="fee for becoming the firm's customer"
    )


class Fees(Mechanism):
    """Fees for coming and for leaving: who pays them, and whom they keep away.

    They are the firm's revenue, and no part of what she spends in the category: no points are earned by them.
    """

    name = "fees"
    policy = FeePolicy
    standard = True
    owns = (Column("relation_then", ("firm", "customer"), 0, "state", "relation as the period began", "uint8"),)
    counts = (
        Tally("joining_fees", "cu", "fees of those who became customers", CENT, account="revenue"),
        Tally("exit_fees", "cu", "fees of those whose relation ended", CENT, account="revenue"),
    )
    fee_limit: float = param(
        2.0, unit="baskets", bounds=(0, 1000), evidence="assumed",
        doc="most that can be collected of a fee: what is out of proportion to the custom is not paid",
    )  # fmt: skip
    foresight: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="how likely who comes thinks it that she will leave and pay the exit fee",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return relations before, what fees do to choices, and their collection, if any firm charges one."""
        charged = [policy for policy in policies if policy is not None and (policy.exit_fee or policy.joining_fee)]
        if not charged:
            return ()
        stakes = ((Phase.STAKES, add_exit_fee),) if any(policy.exit_fee for policy in charged) else ()
        seen = (Phase.STAKES, note_relations), (Phase.VALUATION, shy_from_fees)
        return (*seen, *stakes, (Phase.RELATION, collect_fees))
