"""Discounting: members of a programme make light of bad news about their own firm.   Reads only its own customer.

Claim: members of a loyalty programme overlook or discount a bad experience more than others do.
Source: BOLTON_KANNAN_BRAMLETT_2000 (sign: abstract); the size is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abm.core.citations import cite
from abm.core.kernels import equation, kernel
from abm.core.sources import BOLTON_KANNAN_BRAMLETT_2000
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase


@equation
def discounted(transaction, satisfaction, member_discount):
    """Return satisfaction of a member with a bad visit: part of what it lacks to what she is used to is overlooked."""
    return transaction + member_discount * (satisfaction - transaction)


@kernel
def make_light(transaction, visit_count, visit_pair, satisfaction_at, encounters_at, member_at, member_discount):
    """Let members who know the firm overlook a part of a visit below their satisfaction with it, after amends.

    transaction (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        if member_at[pair] > 0 and encounters_at[pair] > 0.0 and transaction[v] < satisfaction_at[pair]:
            transaction[v] = discounted(transaction[v], satisfaction_at[pair], member_discount)


class Discounting(Mechanism):
    """Members' discount of bad news."""

    name = "discounting"
    writes = ("transaction",)
    member_discount: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed",
        source=cite(BOLTON_KANNAN_BRAMLETT_2000, "abstract: sign"),
        doc="part of what a bad visit lacks to her satisfaction so far that a member overlooks; 0 = none",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the discount, if there is one."""
        return ((Phase.RECOVERY, make_light),) if self.member_discount > 0 else ()
