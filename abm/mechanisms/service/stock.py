"""Stock: a firm holds goods for the period, and who finds the shelf empty may go away.   Visitors of one firm meet.

Claim: a unit that is missing costs its margin, a unit that is left costs its keeping or, if it perishes, what was paid
for it; what is earned in the period is most at the level that meets demand with chance C_u / (C_u + C_o). Who goes away
empty-handed also thinks less of the firm afterwards, and who takes a substitute is no lost sale, which that chance
leaves out.
Source: definition (newsvendor, order-up-to); what customers do at an empty shelf, and sizes, are assumed.

Goods are paid for when they are sold, in the firm's cost of goods; what is kept is not written off when a run ends.
Substitutes are goods of the same firm that do not run out, at the same price and cost. A unit is what a visit takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.service.stock_kernels import (
    LEAST_FRACTILE,
    MOST_FRACTILE,
    close_shelves,
    come_back,
    end_waiting,
    forget_waiting,
    list_by_arrival,
    remember_stock_outs,
    replenish,
    serve_from_stock,
    take_substitutes,
)
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

_NO_STOCK = "the firm holds no stock"


@kpi(unit="share", better="more", nan="nobody came to a shelf")
def fill_rate(c: Tallied) -> FloatArray:
    """Visitors who got a unit from the stock / visitors who came to the shelf."""
    return c.units_sold / c.units_wanted


@kpi(unit="share", better="less", nan=_NO_STOCK)
def stock_out_rate(c: Tallied) -> FloatArray:
    """Periods in which somebody found the shelf empty / periods in which the firm held stock."""
    return c.stock_out_periods / c.stock_periods


@kpi(unit="1/year", better="more", nan=_NO_STOCK)
def stock_turn(c: Tallied) -> FloatArray:
    """Units sold in a year / mean stock: the mean of what is on hand after delivery and before anything perishes."""
    return c.units_sold * c.year / c.units_held


class StockPolicy(Policy):
    """How much a firm has on its shelves."""

    name = "stock"
    given: ClassVar = {
        "holding_cost": "what room and capital cost is given to a firm",
        "order_cost": "what an order costs is given to a firm",
    }
    stock_rule: Literal["none", "availability", "newsvendor", "contribution"] = param(
        "none", unit="name", evidence="assumed",
        doc="by which goods are ordered: none = everybody is served; by the lever; by the newsvendor's fractile, with "
        "the margin of the goods, or with what is left of it after the cost to serve",
    )  # fmt: skip
    availability: float = param(
        0.9, unit="0-1", bounds=(LEAST_FRACTILE, MOST_FRACTILE), evidence="assumed",
        doc="chance that the visitors of a period are all served, by the firm's forecast; under rule availability",
    )  # fmt: skip
    expected_part: float = param(
        1.0, unit="share", bounds=(0, 10), evidence="assumed",
        doc="visitors expected by who has no forecast, as a part of the market's mean occasions / firms",
    )  # fmt: skip
    holding_cost: float = param(
        0.1, unit="cu/unit/period", bounds=(0, 1e4), evidence="assumed", doc="cost of a unit that is kept"
    )
    order_cost: float = param(1.0, unit="cu/order", bounds=(0, 1e6), evidence="assumed", doc="cost of an order")

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what keeping a unit costs, in 1/100 cent, and an order, in cents."""
        return {"holding_expense": (CENTS, 100.0 * self.holding_cost), "order_expense": (CENTS, self.order_cost)}


class Stock(Mechanism):
    """Goods on the shelves, and visitors who find none."""

    name = "stock"
    serves = ("A23",)
    policy = StockPolicy
    needs = ("forecasting",)
    owns = (
        Column("on_hand", ("firm",), 0, "units", "on the firm's shelves", "int64"),
        Column("on_order", ("firm",), 0, "units", "ordered and not yet delivered", "int64"),
        Column("unit_basket", ("firm",), 0, "cu", "mean basket of the market, at price index 1", "float64"),
        Column("postponed", ("customer",), 0, "occasions", "visits put off to the next period at an empty shelf"),
        Column(
            "latest_return", ("whole_market",), -1, "period", "latest in which visits put off could come back", "int64"
        ),
        Column("stock_outcome", ("visit",), 0, "code", "nothing, from stock, substitute, waits, lost", "uint8"),
    )
    scratch = (
        Column("arrival", ("visit",), 0, "0-1", "when the visitor comes to the shelf, as a part of the period"),
        Column("order", ("visit",), 0, "place", "visits in the order of arrival", "uint32"),
        Column("spare", ("visit",), 0, "place", "room for sorting", "uint32"),
    )
    writes = ("visit_outcome", "satisfaction", "expectation", "trust")
    counts = (
        Tally("units_opening", "units", "on hand when the period begins"),
        Tally("units_delivered", "units", "delivered"),
        Tally("units_wanted", "units", "visitors who came to the shelf"),
        Tally("units_sold", "units", "sold from the stock"),
        Tally("units_perished", "units", "perished"),
        Tally("units_closing", "units", "on hand when the period ends"),
        Tally("units_held", "units", "mean of what is on hand after delivery and before anything perishes", 0.5),
        Tally("substituted", "visitors", "found the shelf empty and took a substitute"),
        Tally("postponed_visits", "visitors", "found the shelf empty and wait for the next period"),
        Tally("lost_to_stock_outs", "visitors", "found the shelf empty and went away"),
        Tally("stock_periods", "periods", "in which the firm held stock"),
        Tally("stock_out_periods", "periods", "of these, in which somebody found the shelf empty"),
        Tally("holding", "cu", "cost of keeping goods", CENT / 100, account="lever"),
        Tally("ordering", "cu", "cost of orders", CENT, account="lever"),
        Tally("write_offs", "cu", "paid for goods that perished", CENT, account="lever"),
    )
    kpis = (fill_rate, stock_out_rate, stock_turn)
    kept_share: float = param(
        1.0, unit="kept/period", bounds=(0, 1), evidence="assumed",
        doc="part of what is left that keeps for the next period; 0 = goods perish",
    )  # fmt: skip
    lead_time: int = param(
        0, unit="periods", bounds=(0, 1), evidence="assumed", doc="time from an order to its delivery"
    )
    substitute_share: float = param(
        0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="of who find the shelf empty, who take a substitute"
    )
    wait_share: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="of these, who need it in the next period instead"
    )
    substitute_loss: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="performance that a substitute lacks"
    )
    stock_out_resentment: float = param(
        0.05, unit="share", bounds=(0, 1), evidence="assumed",
        doc="satisfaction with the firm, or expectation, lost by going away empty-handed",
    )  # fmt: skip
    stock_out_distrust: float = param(
        0.05, unit="share", bounds=(0, 1), evidence="assumed", doc="trust in the firm lost by going away empty-handed"
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        both = self.substitute_share + self.wait_share
        if both > 1.0:
            rest = "more than all who find the shelf empty; lower one of them"
            raise Refusal(f"= {self.wait_share:g} and substitute_share make {both:g}, {rest}", place="wait_share")
        return self

    def fits(self, market: Any) -> None:
        """Refuse visitors who go on to another firm: goods would be taken from the shelf of the first."""
        line = market.waiting_line
        holding = [firm.name for firm in market.firms if firm.policy(StockPolicy).stock_rule != "none"]
        if line is not None and "waiting_line" not in market.off and line.elsewhere > 0 and holding:
            raise Refusal(
                f"= {line.elsewhere:g}, but firm {holding[0]!r} holds stock, and goods cannot follow who goes to "
                "another firm; set it to 0, or stock.stock_rule to none",
                place="waiting_line.elsewhere",
            )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return orders, service, memory, return, the term of substitutes and costs, if any firm holds stock."""
        if not any(policy.stock_rule != "none" for policy in policies):
            return ()
        back = ((Phase.OPENING, forget_waiting), (Phase.NEED, come_back), (Phase.OCCASIONS, end_waiting))
        waiting = back if self.wait_share > 0 else ()
        return (
            (Phase.OPENING, replenish),
            *waiting,
            (Phase.OPERATIONS, list_by_arrival),
            (Phase.OPERATIONS, serve_from_stock),
            (Phase.ADMISSION, remember_stock_outs),
            (Phase.DELIVERY, take_substitutes),
            (Phase.BOOKS, close_shelves),
        )

    def axes(self) -> Mapping[str, int]:
        """Return that there is one market."""
        return {"whole_market": 1}

    def begin(self, world: World, seed: int) -> None:
        """Note what a unit is, and let what firms expect be on its way to them when deliveries take time."""
        c, levers = world.customers, world.firms
        # Exact sums, as rows may lie in any order
        c.unit_basket.fill(math.fsum(c.basket.astype(np.float64)) / max(world.n, 1))
        occasions = math.fsum(c.purchase_rate.astype(np.float64)) / world.m
        expected = np.floor(levers.expected_part * occasions + 0.5)
        c.on_order[:] = np.where((levers.stock_rule > 0) & (self.lead_time > 0), expected, 0)
