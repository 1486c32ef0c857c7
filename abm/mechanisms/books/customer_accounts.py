"""Customer accounts: what each customer has brought each firm so far.   Reads only its own customer.

Claim: a customer's contribution is what she has paid less the goods and what levers have cost on her visits; what a
firm pays as a whole (being there, staff, the administration of members) is nobody's.
Source: definition (customer profitability; Gupta & Lehmann, Managing Customers as Investments, from memory).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import kernel
from abm.core.money import cents
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column


@kernel(double=True)
def book_customers(
    profit_from_customer_at, spend_so_far_at, visits_so_far_at, visit_count, visit_customer, visit_firm, visit_pair,
    visit_spend, visit_cost, basket, unit_cost,
):  # fmt: skip
    """Book each visit to the account of its customer.

    profit_from_customer_at, spend_so_far_at (pairs,)  cents, visits_so_far_at (pairs,)  [written]
    """
    for v in range(visit_count[0]):
        pair, j = visit_pair[v], visit_firm[v]
        goods = cents(np.float64(unit_cost[j]) * np.float64(basket[visit_customer[v]]))
        profit_from_customer_at[pair] += visit_spend[v] - goods - visit_cost[v]
        spend_so_far_at[pair] += visit_spend[v]
        visits_so_far_at[pair] += 1


class CustomerAccounts(Mechanism):
    """What each customer has brought each firm since the run began; it changes nothing."""

    name = "customer_accounts"
    owns = (
        Column("profit_from_customer", ("firm", "customer"), 0, "money", "contribution so far", "int64"),
        Column("spend_so_far", ("firm", "customer"), 0, "cents", "paid to the firm so far", "int64"),
        Column("visits_so_far", ("firm", "customer"), 0, "visits", "visits to the firm so far", "int32"),
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the booking."""
        return ((Phase.BOOKING, book_customers),)
