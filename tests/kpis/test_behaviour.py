"""Shares, repeat purchase, retention and churn, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from abm.kpis import behaviour
from abm.mechanisms.demand.durable_measures import service_retention
from tests.kpis.counts import both, nothing, period


def test_measures_of_staying_say_how_they_differ():
    measures = (behaviour.retention_rate, behaviour.repeat_rate, service_retention)
    for one in measures:
        assert "It counts " in one.definition
    assert "repeat_rate" in behaviour.retention_rate.definition
    assert "service_retention" in behaviour.retention_rate.definition
    assert all("retention_rate" in one.definition for one in measures[1:])


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (behaviour.market_share, [800 / 1000, 200 / 1000]),
        (behaviour.visit_share, [0.8, 0.2]),
        (behaviour.share_of_wallet, [0.6, 0.25]),
        (behaviour.penetration, [0.4, 0.2]),
        (behaviour.frequency, [4.0, 2.0]),
        (behaviour.frequency_constant, [4.0 * 0.6, 2.0 * 0.8]),
        (behaviour.retention_rate, [0.75, 0.4]),
        (behaviour.repeat_rate, [0.8, 0.25]),
        (behaviour.repeat_beyond_taste, [0.05, 0.1]),
        (behaviour.churn_rate, [0.04, 0.08]),
        (behaviour.temporary_churn_share, [0.5, 0.25]),
        (behaviour.active_customers, [75.0, 25.0]),
        (behaviour.acquisitions, [6.0, 2.0]),
        (behaviour.win_back_share, [0.5, 0.25]),
        (behaviour.category_exit_rate, [0.04, 0.02]),
        (behaviour.loyalist_share, [0.4, 0.2]),
        (behaviour.mercenary_share, [0.25, 0.25]),
        (behaviour.hostage_share, [0.1, 0.05]),
        (behaviour.defector_share, [0.05, 0.3]),
        (behaviour.intention, [0.6, 0.4]),
        (behaviour.member_gap, [4500 / 6000 - 1500 / 6000, np.nan]),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_by_hand(measure, expected):
    np.testing.assert_allclose(measure(period()), expected)


def test_market_shares_of_firms_add_up_to_one():
    assert behaviour.market_share(period()).sum() == pytest.approx(1.0)


def test_a_firm_without_revenue_has_no_share_but_the_market_has():
    assert behaviour.market_share(period(revenue=(0.0, 200.0, 0.0))).tolist() == [0.0, 1.0]


def test_at_a_price_of_nothing_visits_are_still_shared():
    free = period(revenue=(0.0, 0.0, 0.0), wallet_own=(0.0, 0.0, 0.0), wallet_all=(0.0, 0.0, 0.0))
    assert behaviour.visit_share(free).tolist() == [0.8, 0.2]
    assert behaviour.penetration(free).tolist() == [0.4, 0.2]
    assert np.isnan([behaviour.market_share(free), behaviour.share_of_wallet(free)]).all()


def test_where_everybody_is_a_member_there_is_nobody_to_compare_with():
    members = period(member_spend=(6000.0, 0.0, 0.0), member_wallet=(12000.0, 0.0, 0.0))
    assert np.all(np.isnan(behaviour.member_gap(members)))


def test_active_customers_over_several_periods_are_a_mean():
    twice = both(period(), period(active=(25.0, 75.0, 0.0)))
    assert behaviour.active_customers(twice).tolist() == [50.0, 50.0]


def test_a_period_in_which_no_year_closes_adds_nothing_to_yearly_measures():
    """Their counts are 0 there, and so what a year gave stays what it was."""
    yearly = (
        behaviour.share_of_wallet, behaviour.penetration, behaviour.frequency, behaviour.retention_rate,
        behaviour.loyalist_share, behaviour.mercenary_share, behaviour.hostage_share, behaviour.defector_share,
        behaviour.win_back_share, behaviour.temporary_churn_share, behaviour.member_gap,
    )  # fmt: skip
    for measure in yearly:
        assert np.all(np.isnan(measure(nothing()))), measure.name
        np.testing.assert_allclose(measure(both(period(), nothing())), measure(period()))
