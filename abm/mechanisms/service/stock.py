"""Stock: a firm holds goods for the period, and who finds the shelf empty may go away.   Visitors of one firm meet.

Claim: a unit that is missing costs its margin, a unit that is left costs its keeping or, if it perishes, what was paid
for it; what is earned in the period is most at the level that meets demand with chance C_u / (C_u + C_o). Who goes away
empty-handed also thinks less of the firm afterwards, and who takes a substitute is no lost sale, which that chance
leaves out. Orders that are seldom cost less, and what they bring is kept for longer; deliveries that come sooner are
dearer, and spare stock; what is made to order is never kept nor missing, but customers wait for it, and some do not.
How orders are placed and delivered: `stock_orders.py`.
Source: definition (newsvendor, order-up-to); what customers do at an empty shelf or when they have to wait, and sizes,
are assumed.

Goods are paid for when they are sold, in the firm's cost of goods; what is kept is not written off when a run ends.
Substitutes are goods of the same firm that do not run out, at the same price and cost. A unit is what a visit takes. A
visit for something that is made to order is a purchase of the period in which it is ordered. That it fits whom it was
made for better is `personalisation`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.stock_kernels import (
    close_shelves,
    come_back,
    end_waiting,
    forget_waiting,
    list_by_arrival,
    remember_stock_outs,
    serve_from_stock,
    take_substitutes,
    wait_for_making,
)
from abm.mechanisms.service.stock_orders import MOST_LEAD, NO_ORDER, deliver_orders, place_orders, receive_goods
from abm.mechanisms.service.stock_policy import StockPolicy
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


@kpi(unit="share", better="more", nan="the firm has ordered nothing")
def supplier_fill_rate(c: Tallied) -> FloatArray:
    """Units that suppliers delivered or will deliver / units ordered."""
    return 1.0 - c.units_short / c.units_ordered


@kpi(unit="share", better="more", nan="nobody wanted what is made to order")
def wait_acceptance(c: Tallied) -> FloatArray:
    """Visitors who wait for what is made to order / visitors who want such."""
    return c.units_made / (c.units_made + c.unwilling)


class Stock(Mechanism):
    """Goods on the shelves, and visitors who find none."""

    name = "stock"
    serves = ("A23", "E14", "F10")
    policy = StockPolicy
    needs = ("forecasting",)
    owns = (
        Column("on_hand", ("firm",), 0, "units", "on the firm's shelves", "int64"),
        Column("deliveries_due", ("delivery", "firm"), 0, "units", "ordered and due in 1, 2, … periods", "int64"),
        Column("next_order", ("firm",), 0, "period", "from which the firm orders again", "int64"),
        Column("order_placed", ("firm",), 0, "units", "ordered in the period", "int64"),
        Column("supplier_expects", ("firm",), NO_ORDER, "units", "of the next order, -1 = no order yet", "float64"),
        Column("unit_basket", ("firm",), 0, "cu", "mean basket of the market, at price index 1", "float64"),
        Column("postponed", ("customer",), 0, "occasions", "visits put off to the next period at an empty shelf"),
        Column(
            "latest_return", ("whole_market",), -1, "period", "latest in which visits put off could come back", "int64"
        ),
        Column("stock_outcome", ("visit",), 0, "code", "nothing, from stock, substitute, waits, lost, made", "uint8"),
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
        Tally("units_ordered", "units", "ordered"),
        Tally("units_short", "units", "of these, that suppliers could not deliver"),
        Tally("units_made", "units", "made to order"),
        Tally("unwilling", "visitors", "wanted what is made to order and would not wait for it"),
        Tally("substituted", "visitors", "found the shelf empty, or would not wait, and took a substitute"),
        Tally("postponed_visits", "visitors", "found it empty, or would not wait, and come again in the next period"),
        Tally("lost_to_stock_outs", "visitors", "found the shelf empty, or would not wait, and went away"),
        Tally("stock_periods", "periods", "in which the firm held stock"),
        Tally("stock_out_periods", "periods", "of these, in which somebody found the shelf empty"),
        Tally("holding", "cu", "cost of keeping goods", CENT / 100, account="lever"),
        Tally("ordering", "cu", "cost of orders", CENT, account="lever"),
        Tally("write_offs", "cu", "paid for goods that perished", CENT, account="lever"),
        Tally("expedite_spend", "cu", "cost of deliveries that come sooner", CENT / 100, account="lever"),
        Tally("making", "cu", "cost of making to order, beyond that of goods", CENT / 100, account="lever"),
        Tally("supply_programmes", "cu", "cost of cheaper orders and of shared forecasts", CENT, account="lever"),
    )
    kpis = (fill_rate, stock_out_rate, stock_turn, supplier_fill_rate, wait_acceptance)
    kept_share: float = param(
        1.0, unit="kept/period", bounds=(0, 1), evidence="assumed",
        doc="part of what is left that keeps for the next period; 0 = goods perish",
    )  # fmt: skip
    lead_time: int = param(
        0, unit="periods", bounds=(0, MOST_LEAD), evidence="assumed", doc="time from an order to its delivery"
    )
    supplier_capacity: float = param(
        0.0, unit="ratio", bounds=(0, 100), evidence="assumed",
        doc="most that a supplier delivers, of what it is prepared for; 0 = whatever is ordered",
    )  # fmt: skip
    supplier_memory: float = param(
        0.3,
        unit="1/order",
        bounds=(0, 1),
        evidence="assumed",
        doc="weight of the latest order in what a supplier expects",
    )
    impatience: float = param(
        0.3, unit="1/period", bounds=(0, 100), evidence="assumed",
        doc="who does not wait for what is made to order: 1 - e^(-impatience periods)",
    )  # fmt: skip
    making_loss: float = param(
        0.03, unit="0-1/period", bounds=(0, 1), evidence="assumed", doc="performance lost by waiting until it is made"
    )
    substitute_share: float = param(
        0.4,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="of who find the shelf empty, or will not wait, who take a substitute",
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
        """Refuse visitors who go on to another firm, as goods would be taken from the shelf of the first.

        And goods that perish within a period where a firm orders for several.
        """
        line = market.waiting_line
        holding = [firm.name for firm in market.firms if firm.policy(StockPolicy).stock_rule != "none"]
        if line is not None and "waiting_line" not in market.off and line.elsewhere > 0 and holding:
            raise Refusal(
                f"= {line.elsewhere:g}, but firm {holding[0]!r} holds stock, and goods cannot follow who goes to "
                "another firm; set it to 0, or stock.stock_rule to none",
                place="waiting_line.elsewhere",
            )
        for firm in market.firms:
            interval = firm.policy(StockPolicy).order_interval
            if self.kept_share == 0.0 and interval > 1:
                raise Refusal(
                    f"= 0, but firm {firm.name!r} orders for {interval} periods, and goods perish within one; set it "
                    "above 0, or stock.order_interval to 1",
                    place="kept_share",
                )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return orders, service, memory, return, the term of substitutes and costs, if any firm holds stock."""
        if not any(policy.stock_rule != "none" for policy in policies):
            return ()
        back = ((Phase.OPENING, forget_waiting), (Phase.NEED, come_back), (Phase.OCCASIONS, end_waiting))
        waiting = back if self.wait_share > 0 else ()
        made = any(policy.stock_rule != "none" and policy.made_to_order > 0 for policy in policies)
        orders = (receive_goods, place_orders, deliver_orders)
        return (
            *((Phase.OPENING, act) for act in orders),
            *waiting,
            (Phase.OPERATIONS, list_by_arrival),
            (Phase.OPERATIONS, serve_from_stock),
            (Phase.ADMISSION, remember_stock_outs),
            (Phase.DELIVERY, take_substitutes),
            *(((Phase.DELIVERY, wait_for_making),) if made else ()),
            (Phase.BOOKS, close_shelves),
        )

    def axes(self) -> Mapping[str, int]:
        """Return that there is one market, and how far ahead deliveries may be due."""
        return {"whole_market": 1, "delivery": MOST_LEAD}

    def begin(self, world: World, seed: int) -> None:
        """Note what a unit is, and let what firms expect be on its way to them when deliveries take time."""
        c, levers = world.customers, world.firms
        # Exact sums, as rows may lie in any order
        c.unit_basket.fill(math.fsum(c.basket.astype(np.float64)) / max(world.n, 1))
        occasions = math.fsum(c.purchase_rate.astype(np.float64)) / world.m
        shelf = np.float32(1.0) - levers.made_to_order
        expected = np.floor(shelf * (levers.expected_part * occasions) + 0.5)
        lead = self.lead_time - levers.expediting
        for k in range(MOST_LEAD):
            c.deliveries_due[k] = np.where((levers.stock_rule > 0) & (lead > k), expected, 0)
