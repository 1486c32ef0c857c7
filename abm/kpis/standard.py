"""The shipped measures: KPIs, and readings of the world."""

from __future__ import annotations

from abm.kpis import attitude, behaviour, readings, value
from abm.kpis.kpi import Kpi
from abm.kpis.measure import Measure
from abm.kpis.reading import Reading

KPIS: tuple[Kpi, ...] = (
    value.profit, behaviour.share_of_wallet, behaviour.retention_rate, behaviour.market_share, attitude.csi,
    behaviour.visit_share, value.programme_cost, value.lever_cost, value.revenue, value.basket, value.customer_equity,
    behaviour.penetration, behaviour.frequency, behaviour.frequency_constant, behaviour.repeat_rate,
    behaviour.repeat_beyond_taste,
    behaviour.churn_rate, behaviour.temporary_churn_share, behaviour.active_customers, behaviour.acquisitions,
    behaviour.win_back_share, behaviour.category_exit_rate, behaviour.loyalist_share, behaviour.mercenary_share,
    behaviour.hostage_share, behaviour.defector_share, behaviour.intention, behaviour.member_gap,
    attitude.trust, attitude.perceived_quality, attitude.failure_share, attitude.dissatisfied_share,
    attitude.broken_promise_share, attitude.word_of_mouth_ratio, attitude.telling_rate, attitude.stories_heard,
    attitude.referral_share,
    value.points_outstanding, value.breakage, value.redemption_rate, value.membership_share,
)  # fmt: skip
READINGS: tuple[Reading, ...] = (
    readings.gini_of_spend, readings.top_fifth_share, readings.median_satisfaction, readings.sole_buyer_share,
    readings.satisfaction_slope, readings.satisfaction_curvature,
    readings.duplication_error,
)  # fmt: skip
STANDARD: tuple[Measure, ...] = (*KPIS, *READINGS)
