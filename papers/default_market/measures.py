"""What the calibration of the default market measures beside the shipped KPIs."""

from __future__ import annotations

import abm


@abm.kpi(unit="share", nan="no year closes in the period, or nobody bought at a firm", source="EHRENBERG_1988")
def frequency_constant_distance(c):
    """w (1 - b) of the firm / its mean over firms - 1: nearly 0 for small and large brands alike."""
    penetration = c.buyers / c.customers_at_close
    constant = c.year_visits / c.buyers * (1.0 - penetration)
    return constant / constant.mean(axis=-1, keepdims=True) - 1.0
