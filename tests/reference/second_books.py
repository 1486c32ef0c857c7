"""Books of a second product: what the main product loses by it, in whole cents, and what is measured.

Claim: what owners do without of the main product is missing from revenue, and so are its goods from their cost.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.reference import accounts
from tests.reference.accounts import hundredths
from tests.reference.closeness import near


@dataclass(frozen=True)
class Replaced:
    """What a visit of an owner changes, in cents: what she pays, and what is taken off books that hold all of it."""

    spend: int
    goods: int = 0
    discounts: int = 0
    price_cuts: int = 0
    less: int = 0  # not spent on the main product


def paid_by_owner(basket: float, price: float, unit_cost: float, discount: float, part: float) -> Replaced:
    """Return what a visit is charged, and what its books lose, where a part of the basket is done without."""

    def booked(share: float) -> tuple[int, int, int, int]:
        bought = share * basket
        spend = hundredths(accounts.spend(price, bought, discount))
        full = hundredths(accounts.spend(price, bought, 0.0))
        cut = hundredths(accounts.price_cut(price, bought))
        return spend, hundredths(accounts.goods_cost(unit_cost, bought)), full - spend, cut

    of_all, of_less = booked(1.0), booked(1.0 - part)
    less, goods, discounts, cuts = (a - b for a, b in zip(of_all, of_less, strict=True))
    return Replaced(of_less[0], goods, discounts, cuts, less)


def is_doubtful(basket: float, price: float, unit_cost: float, discount: float, part: float) -> bool:
    """Tell whether an amount lies beside half a cent, so that another order of factors may round it otherwise."""
    kept = [basket, (1.0 - part) * basket]
    amounts = [factor * one for one in kept for factor in (price, price * (1.0 - discount), unit_cost, 1.0 - price)]
    return any(near(100.0 * cu - math.floor(100.0 * cu), 0.5, 1e-7) for cu in amounts)


def measures(c: dict[str, float], received: float, actives: float, per_year: float) -> dict[str, float]:
    """Return the KPIs of a firm from what was counted over some periods, money in cu; NaN where nothing divides.

    received : all the firm's revenue      actives : its active customers, added up over ends of periods
    per_year : 1 / years of customers of the market
    """

    def ratio(counted: float, of: float) -> float:
        return counted / of if of else math.nan

    spent = c["second_goods"] + c["pitch_spend"] + c["letter_spend"] + c["analysis_spend"]
    return {
        "cross_buying_share": ratio(c["second_owners"], actives),
        "second_sales_rate": c["second_sales"] * per_year,
        "offer_precision": ratio(c["second_offers_right"], c["second_offers"]),
        "offer_timing_error": ratio(c["second_offers_untimely"], c["second_offers"]),
        "second_revenue_share": ratio(c["second_revenue"], received),
        "cannibalisation": ratio(c["replaced_spend"], c["second_revenue"]),
        "margin_per_offer": ratio(c["second_revenue"] - spent, c["second_offers"]),
    }
