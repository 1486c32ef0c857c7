"""Accounts: money in whole cents, and yearly books of who bought what.   Reads only its own customer.

Claim: every lever has its cost; share of wallet and retention are counted on the same customers over the same year.
Source: definitions of the measures; unit costs are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.kernels import kernel
from abm.core.money import cents
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Policy
from abm.mechanisms.sums import Sum
from abm.world.calendar import year_closes
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.relations import DORMANT, LOST

_MOST_PURCHASES = 65_535  # what 16 bits hold
_ONE = np.int64(FIXED_POINT)


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
    visit_goods, visit_count, visit_customer, visit_firm, visit_pair, visit_spend, visit_forgone, year_spend_at,
    year_purchases_at, basket, price, unit_cost, revenue, goods, discounts, price_cuts,
):  # fmt: skip
    """Book revenue and costs of every visit: what is paid, and goods for `unit_cost * basket`, in whole cents.

    visit_goods (visits,)  cents  [written]
    year_spend_at (pairs,)  cents, year_purchases_at (pairs,)  at most 65,535  [written]
    revenue and what follows: tallies, in cents  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        visit_goods[v] = cents(np.float64(unit_cost[j]) * np.float64(basket[i]))
    for v in range(visit_count[0]):
        year_spend_at[visit_pair[v]] += visit_spend[v]
        year_purchases_at[visit_pair[v]] = min(np.int32(year_purchases_at[visit_pair[v]]) + 1, _MOST_PURCHASES)
    for j in range(price.shape[0]):
        spent, sold, forgone = 0, 0, 0
        for v in range(visit_count[0]):
            here = visit_firm[v] == np.int64(j)
            spent += visit_spend[v] if here else 0
            sold += visit_goods[v] if here else 0
            forgone += visit_forgone[v] if here else 0
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
    year_purchases, satisfaction, buyers, loyalists, mercenaries, hostages, defectors, periods_per_year, burn_in,
    periods, satisfied_from, dissatisfied_below, lo, hi, t,
):  # fmt: skip
    """When the books close, count who is loyal in deed and in mind.

    Who has bought at the firm since they were opened is a buyer, whatever she paid. Of the buyers, a loyalist is
    satisfied and bought here on half her visits or more, a mercenary is satisfied and bought here less often; a hostage
    is dissatisfied and came for half or more, a defector dissatisfied and for less.

    buyers, loyalists …  tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m = year_purchases.shape[0]
        for i in range(lo, hi):
            total = 0
            for j in range(m):
                total += year_purchases[j, i]
            for j in range(m):
                bought, s = np.int64(year_purchases[j, i]), satisfaction[j, i]
                main = 2 * bought >= total
                if bought > 0:
                    buyers[j] += 1
                    loyalists[j] += 1 if main and s >= satisfied_from else 0
                    mercenaries[j] += 1 if not main and s >= satisfied_from else 0
                    hostages[j] += 1 if main and s < dissatisfied_below else 0
                    defectors[j] += 1 if not main and s < dissatisfied_below else 0


@kernel
def close_relations(
    year_purchases, own_before, relation_before, relation, own_at_start, retained, lost_at_start, regained,
    dormant_at_start, revived, periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """When the books close, count who stayed with a firm and who came back to it since they were opened.

    A customer is a firm's own in a year if she bought there on half her visits or more. Retained is who was its own in
    the year before and is again. Regained is who was lost when the books were opened and has bought since; revived is
    the same of the dormant.

    own_before, relation_before (m, n)  [written]      own_at_start and what follows: tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m = relation.shape[0]
        for i in range(lo, hi):
            total = 0
            for j in range(m):
                total += year_purchases[j, i]
            for j in range(m):
                bought, was = np.int64(year_purchases[j, i]), relation_before[j, i]
                own = bought > 0 and 2 * bought >= total
                own_at_start[j] += own_before[j, i]
                retained[j] += own_before[j, i] if own else 0
                lost_at_start[j] += 1 if was == LOST else 0
                regained[j] += 1 if was == LOST and bought > 0 else 0
                dormant_at_start[j] += 1 if was == DORMANT else 0
                revived[j] += 1 if was == DORMANT and bought > 0 else 0
                own_before[j, i] = 1 if own else 0
                relation_before[j, i] = relation[j, i]


@kernel
def close_order(
    year_purchases, chance_repeats, chance_base, periods_per_year, burn_in, periods, lo, hi, t
):  # fmt: skip
    """When the books close, count the repeat purchases of the year that a random order of them would show.

    Of n visits to a firm among N a random order has n (n - 1) / N repeats on average, and n (N - 1) / N visits of the
    firm's that another follows; both are summed in whole 2^-20, rounded down.

    chance_repeats, chance_base  tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m = year_purchases.shape[0]
        for i in range(lo, hi):
            total = np.int64(0)
            for j in range(m):
                total += np.int64(year_purchases[j, i])
            for j in range(m):
                n = np.int64(year_purchases[j, i])
                chance_repeats[j] += n * (n - 1) * _ONE // max(total, np.int64(1))
                chance_base[j] += n * max(total - 1, np.int64(0)) * _ONE // max(total, np.int64(1))


@kernel
def close_year(
    year_spend, year_purchases, customers_at_close, category_spend, wallet_own, wallet_all, year_visits,
    periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """When the books close, count visits and wallets; then open new ones.

    They close with the burn-in and with every `periods_per_year` periods after it; with the run, if it measures less
    than that. A buyer's wallet is what she spent anywhere.

    year_spend, year_purchases (m, n)  [written]
    customers_at_close, category_spend, wallet_own, wallet_all, year_visits  tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m = year_spend.shape[0]
        for i in range(lo, hi):
            total = 0
            for j in range(m):
                total += year_spend[j, i]
            for j in range(m):
                customers_at_close[j] += 1
                category_spend[j] += total
                wallet_own[j] += year_spend[j, i]
                wallet_all[j] += total if year_purchases[j, i] > 0 else 0
                year_visits[j] += year_purchases[j, i]
                year_spend[j, i] = 0
                year_purchases[j, i] = 0


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
    free: ClassVar = {"price": "a price is a number; what it costs is custom or margin"}
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
    serves = ("B7",)
    policy = Offer
    standard = True
    owns = (
        Column(
            "year_spend", ("firm", "customer"), 0, "cents", "spent at the firm since the books were opened", "int64"
        ),
        Column(
            "year_purchases", ("firm", "customer"), 0, "visits", "at the firm since the books were opened", "uint16"
        ),
        Column("own_before", ("firm", "customer"), 0, "bool", "the firm's own customer in the year before", "uint8"),
        Column("relation_before", ("firm", "customer"), 0, "state", "relation when the books were opened", "uint8"),
        Column("visit_spend", ("visit",), 0, "cents", "what the visitor pays", "int64"),
    )
    sums = (
        Sum("visit_discount", ("visit",), 0.0, "share", "taken off what the visitor pays", Phase.DELIVERY),
        Sum("visit_cost", ("visit",), 0.0, "money", "what levers cost on the visit", Phase.RELATION, "int64"),
    )
    scratch = (
        Column("visit_forgone", ("visit",), 0, "cents", "what discounts save her", "int64"),
        Column("visit_goods", ("visit",), 0, "cents", "cost of the goods sold on the visit", "int64"),
    )
    counts = (
        Tally("revenue", "cu", "paid by visitors", CENT, account="revenue"),
        Tally("goods", "cu", "cost of goods", CENT, account="goods"),
        Tally("service", "cu", "cost of service delivered", CENT, account="lever"),
        Tally("discounts", "cu", "forgone by tier discounts", CENT, account="forgone"),
        Tally("price_cuts", "cu", "forgone by prices below index 1", CENT, account="forgone"),
        Tally("fixed", "cu", "fixed cost", CENT, account="fixed"),
        Tally("population", "customers", "customers in the market"),
        Tally("customers_at_close", "customers", "customers whose year closes"),
        Tally("year_visits", "visits", "visits in the year that closes"),
        Tally("buyers", "customers", "bought at the firm in the year that closes"),
        Tally("loyalists", "customers", "of these, satisfied and here on half their visits or more"),
        Tally("mercenaries", "customers", "of the buyers, satisfied and here on less than half"),
        Tally("hostages", "customers", "of the buyers, dissatisfied and here on half or more"),
        Tally("defectors", "customers", "of the buyers, dissatisfied and here on less than half"),
        Tally("category_spend", "cu", "spent by everybody in the category in the year", CENT),
        Tally("wallet_own", "cu", "spent by buyers at the firm in the year", CENT),
        Tally("wallet_all", "cu", "spent by buyers in the category in the year", CENT),
        Tally("chance_repeats", "visits", "repeats in the year, had its visits come in random order", 1 / FIXED_POINT),
        Tally("chance_base", "visits", "visits that another follows, likewise", 1 / FIXED_POINT),
        Tally("own_at_start", "customers", "the firm's own in the year before: there on half their visits or more"),
        Tally("retained", "customers", "of these, its own again in the year that closes"),
        Tally("lost_at_start", "customers", "lost when the year began"),
        Tally("regained", "customers", "of these, bought at the firm in the year"),
        Tally("dormant_at_start", "customers", "dormant when the year began"),
        Tally("revived", "customers", "of these, bought at the firm in the year"),
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
        yearly = tuple((Phase.CLOSING, kernel) for kernel in (close_loyalty, close_relations, close_order, close_year))
        books = ((Phase.BOOKS, book_service), (Phase.BOOKS, count_population), (Phase.BOOKS, book_fixed_cost))
        return (*visits, *yearly, *books)
