"""Surplus: what each relation brings the customer, what it brings the firm, and who gains.   Changes nothing.

Claim: a relation lasts by itself where both sides gain. A customer gains what her visit was worth to her above buying
nowhere, the price paid; a firm gains what she paid less goods and what levers cost on her visits.

    surplus of a visit = basket * (utility of the firm - utility of nowhere) / price response      [cu]

Utility is what her beliefs tell her as she chooses, without the luck of the choice and without the cost of leaving,
which is no gain from staying. She gains from a firm in a year if the sum over her visits there is above 0. In a closed
market, where nowhere is all but ruled out, only differences between firms and arms mean anything.

    both gain   cooperation 合作          the customer alone   friend 朋友
    neither     no relation 无关系        the firm alone       supplier 供应商

Source: definitions (logit utility over the weight of the price, McFadden; the matrix as it is taught); reads only its
own customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import equation, kernel
from abm.core.money import cents
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.sums import UNCONSIDERED
from abm.world.calendar import year_closes
from abm.world.columns import CENT, Column, Tally


@equation
def surplus(basket, utility, nowhere, price_response):
    """Return what a visit is worth to a customer above buying nowhere, cu; 0 if prices do not weigh with her."""
    gained = basket * (utility - nowhere) / price_response
    return gained if price_response > 0.0 else np.float32(0.0)


@kernel
def value_visits(
    visit_surplus, visit_count, visit_customer, visit_firm, basket, price_response, utility_without_switching_cost,
    outside_utility, lo,
):  # fmt: skip
    """Write what each visit is expected to be worth to the visitor.  visit_surplus (visits,)  cu  [written]

    It is 0 where a contract sends her to a firm that she does not consider, whose utility says nothing of its worth.
    """
    for v in range(visit_count[0]):
        i, r = visit_customer[v], visit_customer[v] - lo
        worth = utility_without_switching_cost[visit_firm[v], r]
        gained = surplus(basket[i], worth, outside_utility[r], price_response[i])
        visit_surplus[v] = gained if worth > UNCONSIDERED else np.float32(0.0)


@kernel(double=True)
def book_surplus(
    year_surplus_at, year_margin_at, visit_count, visit_customer, visit_firm, visit_pair, visit_surplus, visit_spend,
    visit_cost, basket, unit_cost, surplus_sum, margin_sum, valued_visits,
):  # fmt: skip
    """Book both sides of each visit, in whole cents.

    year_surplus_at, year_margin_at (pairs,)  cents  [written]      surplus_sum, margin_sum, valued_visits  tallies
    [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        gained = cents(np.float64(visit_surplus[v]))
        goods = cents(np.float64(unit_cost[j]) * np.float64(basket[visit_customer[v]]))
        left = visit_spend[v] - goods - visit_cost[v]
        year_surplus_at[pair] += gained
        year_margin_at[pair] += left
        surplus_sum[j] += gained
        margin_sum[j] += left
        valued_visits[j] += 1


@kernel
def close_surplus(
    year_surplus, year_margin, year_purchases, relations, cooperations, friends, suppliers, no_relations,
    periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """When the books close, count the relations of those who bought in the year by who gained; then open new ones.

    year_surplus, year_margin (m, n)  cents  [written]      relations and what follows: tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        for j in range(year_surplus.shape[0]):
            for i in range(lo, hi):
                bought = year_purchases[j, i] > 0
                hers, its = year_surplus[j, i] > 0, year_margin[j, i] > 0
                relations[j] += 1 if bought else 0
                cooperations[j] += 1 if bought & hers & its else 0
                friends[j] += 1 if bought & hers & (not its) else 0
                suppliers[j] += 1 if bought & its & (not hers) else 0
                no_relations[j] += 1 if bought & (not hers) & (not its) else 0
                year_surplus[j, i] = 0
                year_margin[j, i] = 0


_NO_BUYERS = "no year closes in the period, or nobody bought at the firm"
_NO_VISITS = "nobody visited the firm"


@kpi(unit="cu/visit", better="more", nan=_NO_VISITS)
def customer_surplus(c: Tallied) -> FloatArray:
    """What visits were worth to visitors above buying nowhere / visits."""
    return c.surplus_sum / c.valued_visits


@kpi(unit="cu/visit", better="more", nan=_NO_VISITS)
def joint_surplus(c: Tallied) -> FloatArray:
    """What visits were worth to visitors, and what they left the firm above goods and levers' costs / visits."""
    return (c.surplus_sum + c.margin_sum) / c.valued_visits


@kpi(unit="share", nan="nobody visited the firm, or one of the sides lost")
def customer_part_of_surplus(c: Tallied) -> FloatArray:
    """Customers' surplus / joint surplus, where neither side lost."""
    both = (c.surplus_sum >= 0) & (c.margin_sum >= 0)
    return c.surplus_sum / (c.surplus_sum + c.margin_sum) / both


@kpi(unit="share", better="more", nan=_NO_BUYERS)
def cooperation_share(c: Tallied) -> FloatArray:
    """Buyers of the year from whom both sides gained / buyers of the firm."""
    return c.cooperations / c.relations


@kpi(unit="share", nan=_NO_BUYERS)
def friend_share(c: Tallied) -> FloatArray:
    """Buyers of the year who gained while the firm did not / buyers of the firm."""
    return c.friends / c.relations


@kpi(unit="share", nan=_NO_BUYERS)
def supplier_share(c: Tallied) -> FloatArray:
    """Buyers of the year from whom the firm gained while they did not / buyers of the firm."""
    return c.suppliers / c.relations


@kpi(unit="share", better="less", nan=_NO_BUYERS)
def no_relation_share(c: Tallied) -> FloatArray:
    """Buyers of the year from whom neither side gained / buyers of the firm."""
    return c.no_relations / c.relations


class Surplus(Mechanism):
    """Who gains from each relation; it changes nothing."""

    name = "surplus"
    serves = ("D13", "D14")
    owns = (
        Column("visit_surplus", ("visit",), 0, "money", "worth of the visit to her above buying nowhere, cu"),
        Column(
            "year_surplus", ("firm", "customer"), 0, "money", "cents of surplus since the books were opened", "int64"
        ),
        Column("year_margin", ("firm", "customer"), 0, "money", "cents that she left the firm since then", "int64"),
    )
    counts = (
        Tally("surplus_sum", "cu", "what visits were worth to visitors above buying nowhere", CENT),
        Tally("margin_sum", "cu", "what visits left the firm above goods and levers' costs", CENT),
        Tally("valued_visits", "visits", "visits over which both are added up"),
        Tally("relations", "customers", "bought at the firm in the year that closes"),
        Tally("cooperations", "customers", "of these, where both sides gained"),
        Tally("friends", "customers", "of these, who gained alone"),
        Tally("suppliers", "customers", "of these, from whom the firm gained alone"),
        Tally("no_relations", "customers", "of these, where neither side gained"),
    )
    kpis = (
        customer_surplus, joint_surplus, customer_part_of_surplus, cooperation_share, friend_share, supplier_share,
        no_relation_share,
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the worth of visits, the bookings, and the yearly count."""
        return ((Phase.CHOICE, value_visits), (Phase.BOOKING, book_surplus), (Phase.CLOSING, close_surplus))
