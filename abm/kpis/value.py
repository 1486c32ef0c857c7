"""What it is worth: profit, what levers cost, programmes' books."""

from __future__ import annotations

from abm.kpis.kpi import FloatArray, Tallied, kpi

_PER_CUSTOMER = "cu/customer/year"


def _yearly(c: Tallied, amount: FloatArray) -> FloatArray:
    """Return an amount per customer of the market and year."""
    return amount / c.population * c.year


@kpi(unit=_PER_CUSTOMER, better="more", accounts=("revenue", "goods", "lever", "fixed"))
def profit(c: Tallied) -> FloatArray:
    """Revenue - cost of goods - cost of levers - fixed cost, per customer of the market and year."""
    return _yearly(c, c.account("revenue") - c.account("goods", "lever", "fixed"))


@kpi(unit=_PER_CUSTOMER, better="more", accounts=("revenue",))
def revenue(c: Tallied) -> FloatArray:
    """Money received on visits and in fees, per customer of the market and year."""
    return _yearly(c, c.account("revenue"))


@kpi(unit="cu/visit", better="more", nan="no year closes in the period, or nobody bought at the firm")
def basket(c: Tallied) -> FloatArray:
    """Spend at the firm / visits to it, both in the year that closes."""
    return c.wallet_own / c.year_visits


@kpi(unit=_PER_CUSTOMER, better="less")
def programme_cost(c: Tallied) -> FloatArray:
    """Rewards given, provision for points, tier discounts and administration, per customer of the market and year."""
    return _yearly(c, c.rewards_cost + c.provision + c.discounts + c.membership)


@kpi(unit=_PER_CUSTOMER, better="less", accounts=("lever", "forgone"))
def lever_cost(c: Tallied) -> FloatArray:
    """Cost of levers and money forgone for them, per customer of the market and year: the budget of a strategy."""
    return _yearly(c, c.account("lever", "forgone"))


DISCOUNT = 0.10  # a year, of money that comes later


@kpi(
    unit="cu/customer", better="more", nan="no year closes in the period, or nobody was its own before",
    source="RUST_LEMON_ZEITHAML_2004 (customer equity; here by retention, at a discount of 10 % a year)",
    accounts=("revenue", "goods", "lever"),
)  # fmt: skip
def customer_equity(c: Tallied) -> FloatArray:
    """Discounted contribution to come: a year's revenue - goods - levers x r / (1 + d - r), per customer of the market;
    r is the retention rate, d = 0.10."""
    stays = c.retained / c.own_at_start
    contribution = _yearly(c, c.account("revenue") - c.account("goods", "lever"))
    return contribution * stays / (1.0 + DISCOUNT - stays)


@kpi(unit="points/customer")
def points_outstanding(c: Tallied) -> FloatArray:
    """Unredeemed points at the end of a period, per customer of the market; over several periods their mean."""
    return c.points_outstanding / c.population


@kpi(unit="points/point", better="less", nan="no points were issued")
def breakage(c: Tallied) -> FloatArray:
    """Points that lapsed / points issued, over the same periods; what lapses may have been issued before them."""
    return c.points_expired / c.points_issued


@kpi(unit="points/point", better="more", nan="no points were issued")
def redemption_rate(c: Tallied) -> FloatArray:
    """Points redeemed / points issued, over the same periods; what is redeemed may have been issued before them."""
    return c.points_redeemed / c.points_issued


@kpi(unit="share")
def membership_share(c: Tallied) -> FloatArray:
    """Members of the programme / customers of the market; over several periods their mean."""
    return c.members / c.population
