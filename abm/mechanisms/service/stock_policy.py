"""What a firm sets for its goods: how many it has on its shelves, how it orders them, and what it makes to order."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from abm.core.spec import param
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.service.stock_orders import LEAST_FRACTILE, MOST_FRACTILE, MOST_LEAD

MOST_INTERVAL = 52  # periods between two orders
LEAST_MAKING = 0.05  # periods that it takes to make something to order
_SUPPLIER = "what suppliers ask is given to a firm"


class StockPolicy(Policy):
    """How much a firm has on its shelves, how it orders, and what it makes to order."""

    name = "stock"
    given: ClassVar = {
        "holding_cost": "what room and capital cost is given to a firm",
        "order_cost": "what an order costs is given to a firm",
        "setup_scale": "what it takes to order more cheaply is given to a firm",
        "expedite_cost": _SUPPLIER,
        "sharing_scale": _SUPPLIER,
        "making_cost": "what it takes to make a unit at once is given to a firm",
    }
    stock_rule: Literal["none", "availability", "newsvendor", "contribution"] = param(
        "none", unit="name", evidence="assumed",
        doc="by which goods are ordered: none = everybody is served; by the lever; by the newsvendor's fractile, with "
        "the margin of the goods, or with what is left of it after the cost to serve",
    )  # fmt: skip
    availability: float = param(
        0.9, unit="0-1", bounds=(LEAST_FRACTILE, MOST_FRACTILE), evidence="assumed",
        doc="chance that the visitors of a period, or of an order interval, are all served, by the firm's forecast; "
        "under rule availability",
    )  # fmt: skip
    expected_part: float = param(
        1.0, unit="share", bounds=(0, 10), evidence="assumed",
        doc="visitors expected by who has no forecast, as a part of the market's mean occasions / firms",
    )  # fmt: skip
    order_interval: int = param(
        1, unit="periods", bounds=(1, MOST_INTERVAL), evidence="assumed",
        doc="from an order to the next; each costs the same whatever its size, and what it brings is kept for longer",
    )  # fmt: skip
    setup_reduction: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of the cost of an order that a programme saves"
    )
    expediting: int = param(
        0,
        unit="periods",
        bounds=(0, MOST_LEAD),
        evidence="assumed",
        doc="by which deliveries come sooner, at most at once",
    )
    forecast_sharing: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="part of what a supplier prepares that follows the firm's own order, told ahead, instead of its guess",
    )  # fmt: skip
    made_to_order: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed",
        doc="of what visitors want, that is made for them instead of taken from the shelf; they wait for it",
    )  # fmt: skip
    making_time: float = param(
        1.0, unit="periods", bounds=(LEAST_MAKING, MOST_LEAD), evidence="assumed", doc="until it is made"
    )
    holding_cost: float = param(
        0.1, unit="cu/unit/period", bounds=(0, 1e4), evidence="assumed", doc="cost of a unit that is kept"
    )
    order_cost: float = param(1.0, unit="cu/order", bounds=(0, 1e6), evidence="assumed", doc="cost of an order")
    setup_scale: float = param(
        1.0, unit="cu/period", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - setup_reduction)"
    )
    expedite_cost: float = param(
        0.5, unit="cu/unit/period", bounds=(0, 1e4), evidence="assumed", doc="for each period that a unit comes sooner"
    )
    sharing_scale: float = param(
        2.0, unit="cu/period", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - forecast_sharing)"
    )
    making_cost: float = param(
        1.0, unit="cu period/unit", bounds=(0, 1e4), evidence="assumed",
        doc="of a unit that is made to order, beyond its cost of goods, times the periods it takes: in half the time "
        "it costs twice as much",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what supply costs.

        order_expense, programme_expense : cents of an order, of programmes a period
        holding_expense, making_expense, expedite_expense : 1/100 cent of a unit kept, made, and sooner by a period
        """
        programmes = self.setup_scale * math.log1p(-self.setup_reduction)
        programmes += self.sharing_scale * math.log1p(-self.forecast_sharing)
        return {
            "holding_expense": (CENTS, 100.0 * self.holding_cost),
            "order_expense": (CENTS, self.order_cost * (1.0 - self.setup_reduction)),
            "programme_expense": (CENTS, -programmes),
            "making_expense": (CENTS, 100.0 * self.making_cost / self.making_time),
            "expedite_expense": (CENTS, 100.0 * self.expedite_cost),
        }
