"""Pricing: a price lowers the utility of a firm, for some customers more than for others.   Uses no neighbours.

Claim: utility falls in a straight line with the price index, with a weight that differs between customers.
Source: weight tuned with the prototype (PROTOTYPE).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abm.core.citations import cite
from abm.core.kernels import kernel
from abm.core.sources import PROTOTYPE
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column


@kernel
def respond_to_prices(price_response, price_weight, price_sensitivity, lo, hi):
    """Write how strongly each customer's utility falls with the price index: `price_sensitivity * price_weight`.

    price_response (n,)  logit/index  [written]
    """
    for i in range(lo, hi):
        price_response[i] = price_sensitivity * price_weight[i]


@kernel
def subtract_price(utility, price_response, price, lo, hi):
    """Take each firm's price from its utility: `price_response * price`.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] -= price_response[i] * price[j]


class Pricing(Mechanism):
    """What prices do to choices."""

    name = "pricing"
    standard = True
    owns = (Column("price_response", ("customer",), 0, "logit/index", "weight of the price index in her utility"),)
    price_sensitivity: float = param(
        6.0, unit="logit/index", bounds=(0, 50), evidence="calibrated", source=cite(PROTOTYPE, "papers/default_market"),
        doc="weight of the price index",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the response, and the price's term of utility."""
        return (Phase.NEED, respond_to_prices), (Phase.VALUATION, subtract_price)
