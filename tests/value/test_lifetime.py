"""Retention CLV: golden numbers, limits, the shape of it, and a simulated market of constant churn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, none, one_of, sampled_from

import abm
from abm.core.errors import Refusal
from abm.value.lifetime import firm_value, lifetime_value, lifetime_value_with_cost, retention_elasticity

shares = floats(0.0, 1.0)
rates = floats(0.01, 1.0)
horizons = one_of(none(), integers(1, 200))


def summed(margin, retention, discount, first, horizon, growth=0.0):
    """Term by term."""
    dates = np.arange(first, horizon + 1)
    return float(np.sum(margin * (1 + growth) ** (dates - first) * retention**dates / (1 + discount) ** dates))


@pytest.mark.parametrize(("first", "value"), [(1, 266.667), (0, 366.667)])
def test_golden_clv(first, value):
    assert lifetime_value(100, 0.8, 0.1, first=first) == pytest.approx(value, abs=5e-4)


def test_golden_elasticity():
    assert retention_elasticity(0.8, 0.1) == pytest.approx(3.6667, abs=5e-5)


def test_golden_case_1_of_berger_and_nasr():
    assert lifetime_value_with_cost(260, 50, 0.75, 0.2, 10) == pytest.approx(568.783, abs=5e-4)


@pytest.mark.parametrize(("retention", "rise"), [(0.7, 22.4), (0.8, 27.5), (0.9, 40.7)])
def test_golden_five_points_of_retention(retention, rise):
    before, after = lifetime_value(1, [retention, retention + 0.05], 0.1)
    assert 100 * (after / before - 1) == pytest.approx(rise, abs=0.05)


@given(retention=shares, discount=rates, first=sampled_from([0, 1]), horizon=integers(1, 200), growth=floats(-1.0, 0.5))
def test_it_is_the_sum_of_its_terms(retention, discount, first, horizon, growth):
    found = lifetime_value(10, retention, discount, first=first, horizon=horizon, growth=growth)
    assert found == pytest.approx(summed(10, retention, discount, first, horizon, growth), rel=1e-10, abs=1e-12)


@given(retention=shares, discount=rates, first=sampled_from([0, 1]))
def test_a_far_horizon_is_no_end(retention, discount, first):
    found = lifetime_value(10, retention, discount, first=first, horizon=5000)
    assert found == pytest.approx(lifetime_value(10, retention, discount, first=first), rel=1e-9)


@given(low=shares, high=shares, discount=rates, first=sampled_from([0, 1]), horizon=horizons)
def test_it_rises_with_retention(low, high, discount, first, horizon):
    low, high = sorted((low, high))
    worse, better = lifetime_value(1, [low, high], discount, first=first, horizon=horizon)
    assert worse <= better * (1 + 1e-12)


def test_growth_without_end():
    assert lifetime_value(100, 0.8, 0.1, growth=0.05) == pytest.approx(100 * 0.8 / (1.1 - 0.8 * 1.05))


@pytest.mark.parametrize("horizon", [1, 7])
def test_who_never_leaves_is_worth_all_margins_where_nothing_is_discounted(horizon):
    assert lifetime_value(3, 1, 0, horizon=horizon) == pytest.approx(3 * horizon)
    assert lifetime_value(3, 1, 1e-12, horizon=horizon) == pytest.approx(3 * horizon, rel=1e-9)
    assert lifetime_value(3, 1, 0, first=0, horizon=horizon) == pytest.approx(3 * (horizon + 1))


def test_who_leaves_at_once_brings_today_only():
    assert lifetime_value(3, 0, 0.1) == 0
    assert lifetime_value(3, 0, 0.1, horizon=4) == 0
    assert lifetime_value(3, 0, 0.1, first=0) == lifetime_value(3, 0, 0.1, first=0, horizon=4) == 3


@given(retention=floats(0.05, 0.95), discount=rates, first=sampled_from([0, 1]), horizon=horizons)
def test_elasticity_is_the_slope_of_logarithms(retention, discount, first, horizon):
    step = 1e-5
    more, less = (
        lifetime_value(1, retention * np.exp(move), discount, first=first, horizon=horizon) for move in (step, -step)
    )
    found = retention_elasticity(retention, discount, first=first, horizon=horizon)
    assert found == pytest.approx((np.log(more) - np.log(less)) / (2 * step), rel=1e-5, abs=1e-8)


def test_cost_without_end_and_shapes():
    ratio = 0.75 / 1.2
    expected = (260 - 50 / 1.2**0.5) / (1 - ratio)
    assert lifetime_value_with_cost([260, 260], 50, 0.75, 0.2) == pytest.approx([expected, expected])


def test_elasticities_of_a_firm_are_those_of_its_value():
    given = {"margin": 60.0, "retention": 0.8, "discount": 0.12, "acquisition_cost": 40.0}
    found = firm_value(1000, [100, 120, 90], **given)

    def slope(name):
        step = 1e-6
        up, down = (firm_value(1000, [100, 120, 90], **given | {name: given[name] * (1 + m)}) for m in (step, -step))
        return (up.total - down.total) / (2 * step * found.total)

    assert found.retention_elasticity == pytest.approx(slope("retention"), rel=1e-7)
    assert found.margin_elasticity == pytest.approx(slope("margin"), rel=1e-7)
    assert found.acquisition_elasticity == pytest.approx(slope("acquisition_cost"), rel=1e-6)
    assert found.total == pytest.approx(
        1000 * 150 + sum(n * (150 - 40) / 1.12**k for k, n in enumerate((100, 120, 90), 1))
    )
    assert found.retention_elasticity > found.margin_elasticity >= 1 > -found.acquisition_elasticity > 0


def test_a_firm_worth_nothing_has_no_elasticity():
    found = firm_value(0, [0], margin=1, retention=0.5, discount=0.1, acquisition_cost=1)
    assert found.total == 0
    assert np.isnan([found.retention_elasticity, found.margin_elasticity, found.acquisition_elasticity]).all()


def test_customers_of_a_contract_market_are_worth_the_closed_form():
    """One firm, contracts, and a hazard that is the same in every period and for all."""
    churn, discount, periods, margin = 0.06, 0.01, 80, 5.0
    study = abm.Experiment(
        name="constant_churn",
        scenario=abm.Scenario(
            preset="contract",
            periods=periods,
            burn_in=0,
            population={"customers": 4000},
            firms=[{"name": "only"}],
            defection={"exit_rate": churn, "dissatisfaction": 0.0, "contagion": 0.0},
            renewal={"leaving_rate": 0.0},
        ),
        arms={"none": {}},
        record={"persons": {"columns": ["exited"]}},
        replications=1,
    )
    exited = abm.run(study, workers=1).persons["exited"].to_numpy()
    lifetimes = np.bincount(exited[exited >= 0], minlength=periods)[:10]
    geometric = exited.size * churn * (1 - churn) ** np.arange(10)
    assert np.abs(lifetimes - geometric).max() < 4 * np.sqrt(geometric.max())
    left_in = np.where(exited < 0, periods, exited)  # she is there at the dates 1 … left_in
    values = lifetime_value(margin, 1.0, discount, horizon=periods)
    each = margin * (1 - (1 + discount) ** -left_in.astype(float)) / discount
    error = each.std() / np.sqrt(each.size)
    expected = lifetime_value(margin, 1 - churn, discount, horizon=periods)
    assert each.max() <= values * (1 + 1e-12)
    assert abs(each.mean() - expected) < 4 * error
    assert error < 0.02 * expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"retention": 1.2}, r"retention = 1\.2 is not a finite number in \[0, 1\] \(share a period\)"),
        ({"discount": -0.1}, "discount = -0.1 is not a finite number of at least 0"),
        ({"margin": [1, float("nan")]}, r"margin\[1\] = nan"),
        ({"margin": "much"}, "margin is not made of numbers"),
        ({"first": 2}, r"first = 2 is not a whole number in \[0, 1\]"),
        ({"horizon": 0}, "horizon = 0 is not a whole number of at least 1"),
        ({"horizon": 1.5}, "horizon = 1.5"),
        ({"retention": 1.0, "discount": 0.0}, "the value is infinite; give a horizon"),
        ({"growth": 0.6}, "the value is infinite"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(Refusal, match=words):
        lifetime_value(**{"margin": 1.0, "retention": 0.8, "discount": 0.1} | arguments)


def test_a_firm_has_one_margin():
    with pytest.raises(Refusal, match=r"margin has shape \(2,\); one number is expected"):
        firm_value(1, [1], margin=[1, 2], retention=0.8, discount=0.1, acquisition_cost=1)
