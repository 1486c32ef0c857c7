"""What customers do: shares, repeat purchase, retention, churn."""

from __future__ import annotations

from abm.core.sources import EHRENBERG_1988, JONES_SASSER_1995
from abm.kpis.kpi import FloatArray, Tallied, kpi

_MATRIX = f"{JONES_SASSER_1995.citation} (four kinds of customer; thresholds assumed)"


@kpi(unit="share", better="more", nan="nobody paid anything anywhere")
def market_share(c: Tallied) -> FloatArray:
    """What visitors pay at the firm / what they pay at all firms."""
    return c.revenue / c.revenue.sum(axis=-1, keepdims=True)


@kpi(unit="share", better="more", nan="nobody bought anywhere")
def visit_share(c: Tallied) -> FloatArray:
    """Visits to the firm / visits to all firms."""
    return c.visits / c.visits.sum(axis=-1, keepdims=True)


@kpi(unit="share", better="more", nan="no year closes in the period, or the firm's buyers paid nothing anywhere")
def share_of_wallet(c: Tallied) -> FloatArray:
    """Spend at the firm / category spend, both of the firm's buyers of the year that closes."""
    return c.wallet_own / c.wallet_all


@kpi(unit="share", better="more", nan="no year closes in the period")
def penetration(c: Tallied) -> FloatArray:
    """Customers who bought at the firm in the year that closes / customers."""
    return c.buyers / c.customers_at_close


@kpi(unit="visits/buyer/year", better="more", nan="no year closes in the period, or nobody bought at the firm")
def frequency(c: Tallied) -> FloatArray:
    """Visits to the firm in the year that closes / customers who bought there in that year."""
    return c.year_visits / c.buyers


@kpi(
    unit="visits/buyer/year",
    nan="no year closes in the period, or nobody bought at the firm",
    source=f"{EHRENBERG_1988.key} (w(1-b) = const)",
)
def frequency_constant(c: Tallied) -> FloatArray:
    """Frequency x (1 - penetration): nearly the same for firms that differ in the number of their buyers only."""
    return c.year_visits / c.buyers * (1.0 - c.buyers / c.customers_at_close)


@kpi(unit="share", better="more", nan="no year closes in the period, or nobody was the firm's own in the year before")
def retention_rate(c: Tallied) -> FloatArray:
    """Customers who were the firm's own in the year before and are so in the year that closes / those who were.

    A customer is a firm's own in a year if she bought there on half her visits or more. Who shares her purchases out
    among firms is nobody's own, and who bought nowhere in the year is not retained. It counts customers by the year;
    repeat_rate counts choices one by one, and service_retention of durables the services that fell due.
    """
    return c.retained / c.own_at_start


@kpi(unit="share", better="more", nan="no visit by customers whose provider it was")
def repeat_rate(c: Tallied) -> FloatArray:
    """Occasions on which the provider was chosen again / occasions of its customers spent at any firm.

    It counts choices one by one, those of frequent buyers most; retention_rate counts customers by the year.
    """
    return c.repeats / c.repeat_base


@kpi(unit="difference of shares", nan="no year closes in the period, or nobody bought twice")
def repeat_beyond_taste(c: Tallied) -> FloatArray:
    """Repeat rate less that of the same visits in random order, over whole years: what their order adds."""
    return c.repeats / c.repeat_base - c.chance_repeats / c.chance_base


@kpi(unit="1/period", better="less", nan="the firm has no customers")
def churn_rate(c: Tallied) -> FloatArray:
    """Relations given up as lost in the period / active, dormant and won-back customers before any was given up."""
    return c.fell_lost / c.current


@kpi(unit="share", better="more", nan="no year closes in the period, or nobody was dormant when it began")
def temporary_churn_share(c: Tallied) -> FloatArray:
    """Customers dormant when the year began who bought at the firm in the year / those dormant when it began."""
    return c.revived / c.dormant_at_start


@kpi(unit="customers", better="more")
def active_customers(c: Tallied) -> FloatArray:
    """Active and won-back customers at the end of a period; over several periods their mean."""
    return c.active / c.periods


@kpi(unit="1/period", better="more")
def acquisitions(c: Tallied) -> FloatArray:
    """First purchases at the firm, per period."""
    return c.acquired / c.periods


@kpi(unit="share", better="more", nan="no year closes in the period, or nobody was lost when it began")
def win_back_share(c: Tallied) -> FloatArray:
    """Customers lost when the year began who bought at the firm in the year / those lost when it began."""
    return c.regained / c.lost_at_start


@kpi(unit="1/period", better="less", nan="the firm has no customers")
def category_exit_rate(c: Tallied) -> FloatArray:
    """Relations that ended because the customer left the category / active, dormant and won-back customers before any
    was given up in the period: permanent churn, a part of the churn rate."""
    return c.left_category / c.current


@kpi(unit="share", better="more", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def loyalist_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction of 0.8 or more who came here on half their visits or more / buyers."""
    return c.loyalists / c.buyers


@kpi(unit="share", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def mercenary_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction of 0.8 or more who came here on less than half their visits / buyers."""
    return c.mercenaries / c.buyers


@kpi(unit="share", better="less", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def hostage_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction below 0.5 who came here on half their visits or more / buyers."""
    return c.hostages / c.buyers


@kpi(unit="share", better="less", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def defector_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction below 0.5 who came here on less than half their visits / buyers."""
    return c.defectors / c.buyers


@kpi(unit="0-1", better="more", nan="no occasion of customers whose provider it was")
def intention(c: Tallied) -> FloatArray:
    """Mean probability of choosing the provider again, over the occasions of its customers, before they choose."""
    return c.intention_sum / c.asked


@kpi(unit="difference of shares", nan="no year closes in the period, or there are no members, or only members")
def member_gap(c: Tallied) -> FloatArray:
    """Share of wallet of members less that of all others: the naive effect of a programme that heavy buyers choose."""
    others = (c.wallet_own - c.member_spend) / (c.category_spend - c.member_wallet)
    return c.member_spend / c.member_wallet - others
