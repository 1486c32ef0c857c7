"""Books of a second product: what is sold, what offers cost, and what the main product loses, in whole cents.

Part of `second_product`, where what firms set is; whom it is offered to is in `second_offers`.
Claim: what an owner does without of the main product is missing from revenue, and so are its goods from their cost.
Source: definitions (cannibalisation).
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import whole
from abm.core.kernels import equation, kernel
from abm.mechanisms.demand.second_offers import NO_OFFER, RIGHT, UNTIMELY


@equation(double=True)
def cents(cu):
    """Return an amount in whole cents, rounded half up."""
    return whole(np.floor(100.0 * cu + 0.5))


@kernel(double=True)
def replace_main(
    visit_spend, visit_net, visit_owner, visit_count, visit_customer, visit_firm, visit_discount, basket, price,
    unit_cost, cannibalised, goods, discounts, price_cuts, replaced_spend,
):  # fmt: skip
    """Charge visitors who had the product from the firm as if their basket were smaller by `cannibalised` of itself.

    With `full = basket * price`, and `less` as much of it as is left, she pays `cents(less * (1 - visit_discount))`.
    Taken back from the firm's books is what they hold too much once the whole basket is booked: goods, `cents(unit_cost
    * basket)` less the same of the smaller basket; discounts, `cents(full)` less `cents(less)` less what she pays less;
    and, at a price below 1, price cuts, `cents(basket * (1 - price))` less the same of the smaller basket. What goods
    cost less is taken from `visit_net` too.

    visit_spend, visit_net (visits,)  cents  [written]
    goods, discounts, price_cuts, replaced_spend  tallies, in cents [written]
    """
    for v in range(visit_count[0]):
        if visit_owner[v] > 0:
            i, j = visit_customer[v], visit_firm[v]
            whole_basket = np.float64(basket[i])
            smaller = whole_basket * (1.0 - np.float64(cannibalised))
            asked, cost = np.float64(price[j]), np.float64(unit_cost[j])
            pays = cents(smaller * asked * (1.0 - np.float64(visit_discount[v])))
            lost = visit_spend[v] - pays
            visit_spend[v] = pays
            saved = cents(cost * whole_basket) - cents(cost * smaller)
            visit_net[v] -= saved
            replaced_spend[j] += lost
            goods[j] -= saved
            discounts[j] -= cents(whole_basket * asked) - cents(smaller * asked) - lost
            if asked < 1.0:
                price_cuts[j] -= cents(whole_basket * (1.0 - asked)) - cents(smaller * (1.0 - asked))


@kernel
def book_second(
    visit_net, visit_count, visit_firm, visit_second, visit_offered, second_price_paid, second_expense, pitch_expense,
    second_offers, second_offers_right, second_offers_untimely, second_sales, second_revenue, second_goods, pitch_spend,
):  # fmt: skip
    """Count offers on visits by their kind, and book what is sold, its goods, and the time of offers, in whole cents.

    To `visit_net` is added what an offer costs, less what a sale leaves: its price less its goods.

    visit_net (visits,)  cents  [written]
    second_offers, second_offers_right, second_offers_untimely, second_sales, second_revenue, second_goods, pitch_spend
    tallies  [written]
    """
    for v in range(visit_count[0]):
        j, kind = visit_firm[v], visit_offered[v]
        if kind != NO_OFFER:
            second_offers[j] += 1
            second_offers_right[j] += 1 if kind == RIGHT else 0
            second_offers_untimely[j] += 1 if kind == UNTIMELY else 0
            visit_net[v] += pitch_expense[j]
            pitch_spend[j] += pitch_expense[j]
        if visit_second[v] > 0:
            visit_net[v] -= second_price_paid[j] - second_expense[j]
            second_sales[j] += 1
            second_revenue[j] += second_price_paid[j]
            second_goods[j] += second_expense[j]


@kernel
def add_second_net(visit_cost, visit_net, visit_count):
    """Add `visit_net`, so that each customer's account holds what she has brought in all; below 0 it is a gain.

    visit_cost (visits,)  cents  [written]
    """
    for v in range(visit_count[0]):
        visit_cost[v] += visit_net[v]


@kernel(per="share")
def book_analysis(analysis_expense, known_customers, analysis_spend):
    """Book what it costs to know for whom it is, in 1/100 cent a known customer.  analysis_spend  tally [written]"""
    for j in range(analysis_expense.shape[0]):
        analysis_spend[j] += known_customers[j] * analysis_expense[j]
