"""What is measured of competition: stances, strength, and who goes over to rivals."""

from __future__ import annotations

from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.market.stances import ATTACK, DEFEND, RETREAT, STANCES

_ALONE = "the market has no competition, or all its firms leave the stance at none"


def _share(c: Tallied, *stances: int) -> FloatArray:
    return sum(c.stance_periods[..., k - ATTACK, :] for k in stances) / c.watched_periods


@kpi(unit="share", nan=_ALONE)
def attack_share(c: Tallied) -> FloatArray:
    """Periods in which the firm attacks / periods in which it is in the market."""
    return _share(c, ATTACK)


@kpi(unit="share", nan=_ALONE)
def defend_share(c: Tallied) -> FloatArray:
    """Periods in which the firm defends / periods in which it is in the market."""
    return _share(c, DEFEND)


@kpi(unit="share", nan=_ALONE)
def retreat_share(c: Tallied) -> FloatArray:
    """Periods in which the firm retreats / periods in which it is in the market."""
    return _share(c, RETREAT)


@kpi(unit="share", nan=_ALONE)
def stage_strategy_share(c: Tallied) -> FloatArray:
    """Periods in which the firm introduces, builds, holds or harvests / periods in which it is in the market."""
    return _share(c, *range(RETREAT + 1, len(STANCES)))


@kpi(unit="ratio", better="more", nan=f"no window has passed yet, or {_ALONE}")
def relative_strength(c: Tallied) -> FloatArray:
    """Revenue less goods as a multiple of that of the strongest rival, as it was read last; 10 at most; mean."""
    return c.strength_sum / c.strength_periods


@kpi(unit="1/period", better="less", nan=f"nobody had the firm as provider, or {_ALONE}")
def lost_to_rivals(c: Tallied) -> FloatArray:
    """Customers who ended the period with another firm as provider / those whose provider it was as it began."""
    return c.lost_customers / c.held_customers


@kpi(unit="1/period", better="less", nan=f"nobody had the firm as provider, or {_ALONE}")
def net_loss_to_rivals(c: Tallied) -> FloatArray:
    """Customers lost to rivals less those won from rivals / those whose provider it was as the period began."""
    return (c.lost_customers - c.won_customers) / c.held_customers


@kpi(unit="index", nan=_ALONE)
def posted_price(c: Tallied) -> FloatArray:
    """Price that everybody can see, mean over the periods in which the firm is in the market."""
    return c.price_noted / c.watched_periods
