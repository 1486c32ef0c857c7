"""Small counts of two firms, from which every KPI is worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from abm.kpis.kpi import Tallied
from abm.mechanisms.shipped import shipped

YEAR = 52
PERIOD: Mapping[str, tuple[float, float, float]] = {  # first firm, second firm, nobody; in the tallies' units
    "visits": (40.0, 10.0, 50.0),
    "repeats": (24.0, 3.0, 0.0),
    "repeat_base": (30.0, 12.0, 0.0),
    "failures": (4.0, 1.0, 0.0),
    "dissatisfied": (8.0, 1.0, 0.0),
    "performance_sum": (28.0, 8.0, 0.0),
    "transaction_sum": (26.0, 8.0, 0.0),
    "satisfaction_sum": (30.0, 7.5, 0.0),
    "trust_sum": (22.0, 6.0, 0.0),
    "positive_messages": (6.0, 1.0, 0.0),
    "negative_messages": (2.0, 4.0, 0.0),
    "revenue": (800.0, 200.0, 0.0),
    "joining_fees": (6.0, 0.0, 0.0),
    "exit_fees": (14.0, 0.0, 0.0),
    "integration_spend": (8.0, 0.0, 0.0),
    "goods": (480.0, 120.0, 0.0),
    "service": (60.0, 10.0, 0.0),
    "discounts": (20.0, 0.0, 0.0),
    "price_cuts": (0.0, 5.0, 0.0),
    "rewards_cost": (40.0, 0.0, 0.0),
    "provision": (-8.0, 0.0, 0.0),
    "membership": (10.0, 0.0, 0.0),
    "fixed": (100.0, 50.0, 0.0),
    "population": (200.0, 200.0, 0.0),
    "members": (50.0, 0.0, 0.0),
    "points_issued": (400.0, 0.0, 0.0),
    "points_redeemed": (100.0, 0.0, 0.0),
    "points_expired": (20.0, 0.0, 0.0),
    "points_outstanding": (600.0, 0.0, 0.0),
    "customers_at_close": (200.0, 200.0, 0.0),
    "chance_repeats": (120.0, 9.0, 0.0),
    "chance_base": (160.0, 60.0, 0.0),
    "buyers": (80.0, 40.0, 0.0),
    "loyalists": (32.0, 8.0, 0.0),
    "mercenaries": (20.0, 10.0, 0.0),
    "hostages": (8.0, 2.0, 0.0),
    "defectors": (4.0, 12.0, 0.0),
    "asked": (50.0, 20.0, 0.0),
    "intention_sum": (30.0, 8.0, 0.0),
    "member_spend": (4500.0, 0.0, 0.0),
    "member_wallet": (6000.0, 0.0, 0.0),
    "category_spend": (12000.0, 12000.0, 0.0),
    "year_visits": (320.0, 80.0, 0.0),
    "wallet_own": (6000.0, 1500.0, 0.0),
    "wallet_all": (10000.0, 6000.0, 0.0),
    "own_at_start": (60.0, 30.0, 0.0),
    "retained": (45.0, 12.0, 0.0),
    "fell_dormant": (10.0, 4.0, 0.0),
    "fell_lost": (3.0, 2.0, 0.0),
    "returned": (5.0, 1.0, 0.0),
    "active": (75.0, 25.0, 0.0),
    "acquired": (6.0, 2.0, 0.0),
    "won_back": (1.5, 0.5, 0.0),
    "lost_at_start": (10.0, 8.0, 0.0),
    "regained": (5.0, 2.0, 0.0),
    "dormant_at_start": (12.0, 4.0, 0.0),
    "revived": (6.0, 1.0, 0.0),
    "current": (75.0, 25.0, 0.0),
    "left_category": (3.0, 0.5, 0.0),
    "exits": (3.0, 0.5, 1.0),
    "heard": (20.0, 5.0, 0.0),
    "learned": (8.0, 5.0, 0.0),
    "referred": (2.0, 4.0, 0.0),
    "broken_promises": (10.0, 1.0, 0.0),
}


ACCOUNTS = {
    tally.name: tally.account for kind in shipped() for tally in kind.counts if tally.account and tally.name in PERIOD
}


def period(**changes: tuple[float, float, float]) -> Tallied:
    """Return the counts of one period, some of them changed."""
    counts = {name: np.array(values, np.float64) for name, values in {**PERIOD, **changes}.items()}
    return Tallied(counts, YEAR, 1, ACCOUNTS)


def nothing() -> Tallied:
    """Return the counts of a period in which nothing was counted but the people."""
    counts = {name: np.zeros(3) for name in PERIOD}
    counts["population"] = np.array([200.0, 200.0, 0.0])
    return Tallied(counts, YEAR, 1, ACCOUNTS)


def both(first: Tallied, second: Tallied) -> Tallied:
    """Return the counts of two periods added up."""
    counts = {name: first._counts[name] + second._counts[name] for name in PERIOD}
    return Tallied(counts, YEAR, 2, ACCOUNTS)
