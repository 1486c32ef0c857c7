"""Accounts: money in whole cents, and yearly books of who bought what.   Reads only its own customer.

Claim: every lever has its cost; share of wallet and retention are counted on the same customers over the same year.
Source: definitions of the measures; unit costs are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import Kernel, equation, kernel
from abm.mechanisms.mechanism import Mechanism, Phase
from abm.world.columns import CENT, Column, Tally

_ACTIVE, _WON_BACK = np.uint8(1), np.uint8(4)


@equation(double=True)
def cents(cu):
    """Return an amount in whole cents, rounded half up."""
    return np.int64(np.floor(100.0 * cu + 0.5))


@kernel(double=True)
def charge(visit_spend, visit_forgone, visit_count, visit_customer, visit_firm, basket, price, tier, tier_discount):
    """Work out what each visitor pays.

    visit_spend, visit_forgone (visits,)  cents; forgone by tier discounts  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], max(visit_firm[v], 0)
        full = np.float64(basket[i]) * np.float64(price[j])
        spend = cents(full * (1.0 - np.float64(tier_discount[tier[j, i], j])))
        visit_spend[v] = spend
        visit_forgone[v] = cents(full) - spend


@kernel(double=True)
def book_visits(
    visit_count, visit_customer, visit_firm, visit_spend, visit_forgone, year_spend, basket, price, unit_cost,
    service_cost, revenue, goods, service, discounts, price_cuts, open_visits,
):  # fmt: skip
    """Book revenue and costs of every visit.

    year_spend (m, n)  cents  [written]      revenue and what follows: tallies, in cents and visits [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        if j >= 0:
            year_spend[j, i] += visit_spend[v]
            revenue[j] += visit_spend[v]
            goods[j] += cents(np.float64(unit_cost[j]) * np.float64(basket[i]))
            service[j] += service_cost[j]
            open_visits[j] += 1
            discounts[j] += visit_forgone[v]
            price_cuts[j] += cents(np.float64(basket[i]) * max(0.0, 1.0 - np.float64(price[j])))


@kernel
def close_year(
    year_spend, active_before, relation, customers_at_close, buyers, wallet_own, wallet_all, active_at_start,
    retained, open_visits, year_visits, periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """At the end of each measured year, and of the run, count wallets and who stayed; then open new books.

    year_spend, active_before (m, n)  [written]      customers_at_close, buyers, wallet_own, wallet_all,
    active_at_start, retained, open_visits, year_visits  tallies [written]
    """
    done = t + 1
    if done == burn_in or done == periods or (done > burn_in and (done - burn_in) % periods_per_year == 0):
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
                buyers[j] += 1 if spent > 0 else 0
                wallet_own[j] += spent
                wallet_all[j] += total if spent > 0 else 0
                now = relation[j, i] == _ACTIVE or relation[j, i] == _WON_BACK
                active_at_start[j] += 1 if active_before[j, i] > 0 else 0
                retained[j] += 1 if active_before[j, i] > 0 and now else 0
                active_before[j, i] = 1 if now else 0
                year_spend[j, i] = 0


@kernel(per="period")
def close_period(members_at, member_cost, fixed_cost, exited, membership, fixed, population):
    """Book what does not depend on visits.  membership, fixed, population  tallies [written]"""
    for j in range(fixed_cost.shape[0]):
        members = 0
        for k in range(members_at.shape[0]):
            members += members_at[k, j]
        membership[j] += (members * member_cost[j] + 50) // 100
        fixed[j] += fixed_cost[j]
        population[j] += exited.shape[0]


class Payment(Mechanism):
    """What visitors pay."""

    name = "payment"
    phase = Phase.ENCOUNTER
    owns = (
        Column("visit_spend", ("visit",), 0, "cents", "what the visitor pays", "int64"),
        Column("visit_forgone", ("visit",), 0, "cents", "what her tier's discount saves her", "int64"),
    )

    def kernels(self) -> tuple[Kernel, ...]:
        """Return the charge."""
        return (charge,)


class Accounts(Mechanism):
    """Revenue, costs, wallets and retention."""

    name = "accounts"
    phase = Phase.ACCOUNTS
    owns = (
        Column(
            "year_spend", ("firm", "customer"), 0, "cents", "spent at the firm since the books were opened", "int64"
        ),
        Column("active_before", ("firm", "customer"), 0, "bool", "active when the books were opened", "uint8"),
    )
    counts = (
        Tally("revenue", "cu", "money received", CENT),
        Tally("goods", "cu", "cost of goods", CENT),
        Tally("service", "cu", "cost of service delivered", CENT),
        Tally("discounts", "cu", "forgone by tier discounts", CENT),
        Tally("price_cuts", "cu", "forgone by prices below index 1", CENT),
        Tally("membership", "cu", "administration of members", CENT),
        Tally("fixed", "cu", "fixed cost", CENT),
        Tally("population", "customers", "customers in the market"),
        Tally("customers_at_close", "customers", "customers whose year closes"),
        Tally("open_visits", "visits", "visits since the books were opened", stock=True),
        Tally("year_visits", "visits", "visits in the year that closes"),
        Tally("buyers", "customers", "bought at the firm in the year that closes"),
        Tally("wallet_own", "cu", "spent by these at the firm in the year", CENT),
        Tally("wallet_all", "cu", "spent by these in the category in the year", CENT),
        Tally("active_at_start", "customers", "active when the year began"),
        Tally("retained", "customers", "of these, active when it closed"),
    )

    def kernels(self) -> tuple[Kernel, ...]:
        """Return the bookings of visits."""
        return (book_visits,)

    def deliveries(self) -> tuple[Kernel, ...]:
        """Return the books that close after everybody's visits."""
        return close_year, close_period
