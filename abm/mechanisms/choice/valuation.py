"""Valuation: what a firm attracts with, and who considers it.   Synchronous; uses no neighbours.

Claim: who has used a firm goes by satisfaction, who has not by expectation; a firm that she does not know, or has left
under contract, is not considered: a relation that is lost stays so, for good or until a person gives it another chance.
Source: MCFADDEN_1974 (a utility of each alternative); JACKSON_1985 (lost for good); that it may end is assumed.
"""

from __future__ import annotations

from abm.core.kernels import kernel
from abm.mechanisms.sums import UNCONSIDERED
from abm.world.relations import LOST


@kernel
def add_attraction(utility, encounters, satisfaction, expectation, attraction, lo, hi):
    """Add what each firm attracts with: satisfaction, or expectation before first use.

    The term is `attraction * satisfaction`, or `attraction * expectation`. It is added for everybody, visitor or not:
    row by row is quicker than looking visitors up.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            satisfied, expected = satisfaction[j, i], expectation[j, i]  # both are read, or it would be a branch
            utility[j, i - lo] += attraction * (satisfied if encounters[j, i] > 0.0 else expected)


@kernel
def add_outside(outside_utility, outside, lo, hi):
    """Write what buying nowhere is worth, for who asks.  outside_utility (tile,)  logit units  [written]"""
    for i in range(lo, hi):
        outside_utility[i - lo] += outside


@kernel
def leave_out_unknown(utility, aware, lo, hi):
    """Take out of consideration the firms that a customer does not know.  utility (m, tile)  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] = utility[j, i - lo] if aware[j, i] > 0 else UNCONSIDERED


@kernel
def leave_out_lost(utility, relation, last_purchase, closed_for, lo, hi, t):
    """Take out of consideration the firms that a customer has left, `closed_for` periods from her last purchase on.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            closed = (relation[j, i] == LOST) & (t - last_purchase[j, i] < closed_for)
            utility[j, i - lo] = UNCONSIDERED if closed else utility[j, i - lo]
