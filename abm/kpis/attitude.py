"""What customers feel and say: satisfaction, trust, disconfirmation, word of mouth."""

from __future__ import annotations

from abm.kpis.kpi import FloatArray, Tallied, kpi

_NO_VISITS = "nobody visited the firm"


@kpi(
    unit="0-100", better="more", nan=_NO_VISITS, source="FORNELL_1996 (form of the index, with the overall item alone)"
)
def csi(c: Tallied) -> FloatArray:
    """Customer satisfaction index: 100 x mean cumulative satisfaction of the firm's visitors."""
    return 100.0 * c.satisfaction_sum / c.visits


@kpi(unit="0-1", better="more", nan=_NO_VISITS)
def trust(c: Tallied) -> FloatArray:
    """Mean trust of the firm's visitors, after the visit."""
    return c.trust_sum / c.visits


@kpi(unit="0-1", better="more", nan=_NO_VISITS)
def perceived_quality(c: Tallied) -> FloatArray:
    """Mean perceived performance of visits."""
    return c.performance_sum / c.visits


@kpi(unit="1/visit", better="less", nan=_NO_VISITS)
def failure_share(c: Tallied) -> FloatArray:
    """Visits on which something went wrong / visits."""
    return c.failures / c.visits


@kpi(unit="1/visit", better="less", nan=_NO_VISITS)
def dissatisfied_share(c: Tallied) -> FloatArray:
    """Visits with transaction satisfaction below 0.5 / visits."""
    return c.dissatisfied / c.visits


@kpi(unit="ratio", better="more", nan="no bad story was told", source="EAST_HAMMOND_WRIGHT_2007 (about 3)")
def word_of_mouth_ratio(c: Tallied) -> FloatArray:
    """Good stories told about the firm / bad stories told about it."""
    return c.positive_messages / c.negative_messages


@kpi(unit="stories/visit", nan=_NO_VISITS)
def telling_rate(c: Tallied) -> FloatArray:
    """Stories told about the firm / visits to it."""
    return (c.positive_messages + c.negative_messages) / c.visits


@kpi(unit="stories/customer/period")
def stories_heard(c: Tallied) -> FloatArray:
    """Stories about the firm that reached a neighbour / customers of the market, per period."""
    return c.heard / c.population


@kpi(unit="share", nan="nobody learned of the firm")
def referral_share(c: Tallied) -> FloatArray:
    """Customers who learned of the firm through a tie / all who learned of it."""
    return c.referred / c.learned


@kpi(unit="1/visit", better="less", nan=_NO_VISITS)
def broken_promise_share(c: Tallied) -> FloatArray:
    """Visits that fell short of the promise / visits."""
    return c.broken_promises / c.visits
