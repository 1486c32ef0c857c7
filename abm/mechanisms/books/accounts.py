"""Accounts: money in whole cents, and yearly books of who bought what.   Reads only its own customer.

Claim: every lever has its cost; share of wallet and retention are counted on the same customers over the same year.
Source: definitions of the measures; unit costs are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.kernels import kernel
from abm.core.spec import param
from abm.mechanisms.books.money import cents
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Policy
from abm.mechanisms.sums import Sum
from abm.world.calendar import year_closes
from abm.world.columns import CENT, Column, Tally
from abm.world.relations import ACTIVE, WON_BACK


@kernel(double=True)
def charge(visit_spend, visit_forgone, visit_count, visit_customer, visit_firm, visit_discount, basket, price):
    """Work out what each visitor pays: `price * basket * (1 - visit_discount)`, in whole cents.

    visit_spend, visit_forgone (visits,)  cents; forgone by discounts  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        full = np.float64(basket[i]) * np.float64(price[j])
        spend = cents(full * (1.0 - np.float64(visit_discount[v])))
        visit_spend[v] = spend
        visit_forgone[v] = cents(full) - spend


@kernel(double=True)
def book_visits(
    visit_goods, visit_count, visit_customer, visit_firm, visit_pair, visit_spend, visit_forgone, year_spend_at, basket,
    price, unit_cost, revenue, goods, discounts, price_cuts, open_visits,
):  # fmt: skip
    """Book revenue and costs of every visit: what is paid, and goods for `unit_cost * basket`, in whole cents.

    visit_goods (visits,)  cents  [written]
    year_spend_at (pairs,)  cents  [written]      revenue and what follows: tallies, in cents and visits [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        visit_goods[v] = cents(np.float64(unit_cost[j]) * np.float64(basket[i]))
    for v in range(visit_count[0]):
        year_spend_at[visit_pair[v]] += visit_spend[v]
    for j in range(price.shape[0]):
        came, spent, sold, forgone = 0, 0, 0, 0
        for v in range(visit_count[0]):
            here = visit_firm[v] == np.int64(j)
            came += 1 if here else 0
            spent += visit_spend[v] if here else 0
            sold += visit_goods[v] if here else 0
            forgone += visit_forgone[v] if here else 0
        open_visits[j] += came
        revenue[j] += spent
        goods[j] += sold
        discounts[j] += forgone
        if price[j] < 1.0:
            cut = 0
            for v in range(visit_count[0]):
                full = np.float64(basket[visit_customer[v]])
                cut += cents(full * (1.0 - np.float64(price[j]))) if visit_firm[v] == np.int64(j) else 0
            price_cuts[j] += cut


@kernel
def add_service_cost(visit_cost, visit_count, visit_firm, service_cost):
    """Add what it costs to serve a visitor.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += service_cost[visit_firm[v]]


@kernel(per="share")
def book_service(service, visits, service_cost):
    """Book what the period's visits cost to serve.  service  tally [written]"""
    for j in range(service_cost.shape[0]):
        service[j] += visits[j] * service_cost[j]


@kernel
def close_loyalty(
    year_spend, satisfaction, category_spend, buyers, loyalists, mercenaries, hostages, defectors, periods_per_year,
    burn_in, periods, satisfied_from, dissatisfied_below, lo, hi, t,
):  # fmt: skip
    """When the books close, count who is loyal in deed and in mind.

    Who spent anything at the firm since they were opened is a buyer; her wallet is what she spent anywhere. Of the
    buyers, a loyalist is satisfied and spent half her wallet or more here, a mercenary is satisfied and
    spent less; a hostage is dissatisfied and spent half or more, a defector dissatisfied and less.

    buyers, category_spend …  tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m = year_spend.shape[0]
        for i in range(lo, hi):
            total = 0
            for j in range(m):
                total += year_spend[j, i]
            for j in range(m):
                spent, s = year_spend[j, i], satisfaction[j, i]
                main = 2 * spent >= total
                category_spend[j] += total
                if spent > 0:
                    buyers[j] += 1
                    loyalists[j] += 1 if main and s >= satisfied_from else 0
                    mercenaries[j] += 1 if not main and s >= satisfied_from else 0
                    hostages[j] += 1 if main and s < dissatisfied_below else 0
                    defectors[j] += 1 if not main and s < dissatisfied_below else 0


@kernel
def close_year(
    year_spend, active_before, relation, customers_at_close, wallet_own, wallet_all, active_at_start, retained,
    open_visits, year_visits, periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """When the books close, count wallets and who stayed; then open new ones.

    They close with the burn-in, with every `periods_per_year` periods after it, and with the run. Retained is who was
    active when they were opened and is active now.

    year_spend, active_before (m, n)  [written]      customers_at_close, wallet_own, wallet_all, active_at_start,
    retained, open_visits, year_visits  tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m = relation.shape[0]
        for j in range(m):  # the visits of all tiles, at the first; the others find none left
            year_visits[j] += open_visits[j]
            open_visits[j] = 0
        for i in range(lo, hi):
            total = 0
            for j in range(m):
                total += year_spend[j, i]
            for j in range(m):
                spent = year_spend[j, i]
                customers_at_close[j] += 1
                wallet_own[j] += spent
                wallet_all[j] += total if spent > 0 else 0
                now = relation[j, i] == ACTIVE or relation[j, i] == WON_BACK
                active_at_start[j] += 1 if active_before[j, i] > 0 else 0
                retained[j] += 1 if active_before[j, i] > 0 and now else 0
                active_before[j, i] = 1 if now else 0
                year_spend[j, i] = 0


@kernel(per="share")
def count_population(population, lo, hi):
    """Count the customers of the market.  population  tally [written]"""
    for j in range(population.shape[0] - 1):
        population[j] += hi - lo


@kernel(per="market")
def book_fixed_cost(fixed_cost, fixed):
    """Book what does not depend on visits.  fixed  tally [written]"""
    for j in range(fixed_cost.shape[0]):
        fixed[j] += fixed_cost[j]


class Offer(Policy):
    """A firm's price, and what goods and being there cost."""

    held: ClassVar = {"fixed_cost": CENTS}
    given: ClassVar = {
        "unit_cost": "what goods cost is given to a firm", "fixed_cost": "what being there costs is given to a firm",
    }  # fmt: skip
    price: float = param(
        1.0, unit="index", bounds=(0, 1000), evidence="assumed", doc="price index: 1 = a customer's usual basket"
    )
    unit_cost: float = param(
        0.6, unit="cu/cu", bounds=(0, 10), evidence="assumed", doc="cost of goods per cu of basket at price index 1"
    )
    fixed_cost: float = param(0.0, unit="cu/period", bounds=(0, 1e9), evidence="assumed", doc="cost without customers")


class Accounts(Mechanism):
    """What visitors pay, revenue, costs, wallets and retention."""

    name = "accounts"
    policy = Offer
    standard = True
    owns = (
        Column(
            "year_spend", ("firm", "customer"), 0, "cents", "spent at the firm since the books were opened", "int64"
        ),
        Column("active_before", ("firm", "customer"), 0, "bool", "active when the books were opened", "uint8"),
        Column("visit_spend", ("visit",), 0, "cents", "what the visitor pays", "int64"),
    )
    sums = (
        Sum("visit_discount", ("visit",), 0.0, "share", "taken off what the visitor pays", Phase.DELIVERY),
        Sum("visit_cost", ("visit",), 0.0, "cents", "what levers cost on the visit", Phase.RELATION, "int64"),
    )
    scratch = (
        Column("visit_forgone", ("visit",), 0, "cents", "what discounts save her", "int64"),
        Column("visit_goods", ("visit",), 0, "cents", "cost of the goods sold on the visit", "int64"),
    )
    counts = (
        Tally("revenue", "cu", "money received", CENT, account="revenue"),
        Tally("goods", "cu", "cost of goods", CENT, account="goods"),
        Tally("service", "cu", "cost of service delivered", CENT, account="lever"),
        Tally("discounts", "cu", "forgone by tier discounts", CENT, account="forgone"),
        Tally("price_cuts", "cu", "forgone by prices below index 1", CENT, account="forgone"),
        Tally("fixed", "cu", "fixed cost", CENT, account="fixed"),
        Tally("population", "customers", "customers in the market"),
        Tally("customers_at_close", "customers", "customers whose year closes"),
        Tally("open_visits", "visits", "visits since the books were opened", stock=True),
        Tally("year_visits", "visits", "visits in the year that closes"),
        Tally("buyers", "customers", "bought at the firm in the year that closes"),
        Tally("loyalists", "customers", "of these, satisfied and spending half their wallet or more here"),
        Tally("mercenaries", "customers", "of the buyers, satisfied and spending less than half here"),
        Tally("hostages", "customers", "of the buyers, dissatisfied and spending half or more here"),
        Tally("defectors", "customers", "of the buyers, dissatisfied and spending less than half here"),
        Tally("category_spend", "cu", "spent by everybody in the category in the year", CENT),
        Tally("wallet_own", "cu", "spent by these at the firm in the year", CENT),
        Tally("wallet_all", "cu", "spent by these in the category in the year", CENT),
        Tally("active_at_start", "customers", "active when the year began"),
        Tally("retained", "customers", "of these, active when it closed"),
    )

    satisfied_from: float = param(
        0.8, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction of a loyalist or mercenary, at least"
    )
    dissatisfied_below: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction of a hostage or defector is lower"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is charged, the bookings of visits, and the books that close after everybody's."""
        visits = ((Phase.ENCOUNTER, charge), (Phase.RELATION, add_service_cost), (Phase.BOOKING, book_visits))
        yearly = ((Phase.CLOSING, close_loyalty), (Phase.CLOSING, close_year))
        books = ((Phase.BOOKS, book_service), (Phase.BOOKS, count_population), (Phase.BOOKS, book_fixed_cost))
        return (*visits, *yearly, *books)
