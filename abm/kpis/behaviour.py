"""What customers do: shares, repeat purchase, retention, churn."""

from __future__ import annotations

from abm.core.sources import JONES_SASSER_1995
from abm.kpis.kpi import FloatArray, Tallied, kpi

_MATRIX = f"{JONES_SASSER_1995.citation} (four kinds of customer; thresholds assumed)"


@kpi(unit="share", nan="nobody bought anywhere")
def market_share(c: Tallied) -> FloatArray:
    """Revenue of the firm / revenue of all firms."""
    return c.revenue / c.revenue.sum(axis=-1, keepdims=True)


@kpi(unit="share", nan="no year closes in the period, or nobody bought at the firm")
def share_of_wallet(c: Tallied) -> FloatArray:
    """Spend at the firm / category spend, both of the firm's buyers of the year that closes."""
    return c.wallet_own / c.wallet_all


@kpi(unit="share", nan="no year closes in the period")
def penetration(c: Tallied) -> FloatArray:
    """Customers who bought at the firm in the year that closes / customers."""
    return c.buyers / c.customers_at_close


@kpi(unit="visits/buyer/year", nan="no year closes in the period, or nobody bought at the firm")
def frequency(c: Tallied) -> FloatArray:
    """Visits to the firm in the year that closes / customers who bought there in that year."""
    return c.year_visits / c.buyers


@kpi(unit="share", nan="no year closes in the period, or nobody was active when it began")
def retention_rate(c: Tallied) -> FloatArray:
    """Customers active at the start and at the end of the year / customers active at its start."""
    return c.retained / c.active_at_start


@kpi(unit="share", nan="no visit by customers whose provider it was")
def repeat_rate(c: Tallied) -> FloatArray:
    """Occasions on which the provider was chosen again / occasions of its customers spent at any firm."""
    return c.repeats / c.repeat_base


@kpi(unit="1/period", nan="nobody is active")
def churn_rate(c: Tallied) -> FloatArray:
    """Relations given up as lost in the period / active customers."""
    return c.fell_lost / c.active


@kpi(unit="share", nan="no relation fell dormant")
def temporary_churn_share(c: Tallied) -> FloatArray:
    """Dormant customers who bought again / relations that fell dormant, over the same periods."""
    return c.returned / c.fell_dormant


@kpi(unit="customers")
def active_customers(c: Tallied) -> FloatArray:
    """Active and won-back customers at the end of a period; over several periods their mean."""
    return c.active / c.periods


@kpi(unit="1/period")
def acquisitions(c: Tallied) -> FloatArray:
    """First purchases at the firm, per period."""
    return c.acquired / c.periods


@kpi(unit="share", nan="no relation was given up")
def win_back_share(c: Tallied) -> FloatArray:
    """Lost customers who bought again / relations given up as lost, over the same periods."""
    return c.won_back / c.fell_lost


@kpi(unit="1/period", nan="nobody is active")
def category_exit_rate(c: Tallied) -> FloatArray:
    """The firm's customers who left the category for good / active customers: permanent churn."""
    return c.exits / c.active


@kpi(unit="share", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def loyalist_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction of 0.8 or more who spent half their wallet or more here / buyers."""
    return c.loyalists / c.buyers


@kpi(unit="share", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def mercenary_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction of 0.8 or more who spent less than half their wallet here / buyers."""
    return c.mercenaries / c.buyers


@kpi(unit="share", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def hostage_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction below 0.5 who spent half their wallet or more here / buyers."""
    return c.hostages / c.buyers


@kpi(unit="share", nan="no year closes in the period, or nobody bought at the firm", source=_MATRIX)
def defector_share(c: Tallied) -> FloatArray:
    """Buyers of the year with satisfaction below 0.5 who spent less than half their wallet here / buyers."""
    return c.defectors / c.buyers


@kpi(unit="0-1", nan="no year closes in the period, or it is nobody's provider")
def intention(c: Tallied) -> FloatArray:
    """Mean probability of choosing the firm again, of customers whose provider it is when the year closes."""
    return c.intention_sum / c.patrons


@kpi(unit="share", nan="no year closes in the period, or there are no members, or only members")
def member_gap(c: Tallied) -> FloatArray:
    """Share of wallet of members less that of all others: the naive effect of a programme that heavy buyers choose."""
    others = (c.wallet_own - c.member_spend) / (c.category_spend - c.member_wallet)
    return c.member_spend / c.member_wallet - others
