"""The twins of forecasting, demand profiles and demand shocks: by numbers worked by hand, and against the kernels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abm.capacity import forecasts
from abm.kpis.kpi import Tallied
from abm.mechanisms.demand.demand_profile import DemandProfile, follow_profile
from abm.mechanisms.demand.demand_shock import draw_shock, follow_shock, shocked_need
from abm.mechanisms.service.forecasting import (
    Forecasting,
    book_forecasting,
    count_at_the_door,
    forecast_visits,
    in_whole_steps,
    judge_forecast,
)
from tests.mechanisms.small import Small
from tests.reference import demand_profile, demand_shock, forecasting
from tests.reference.by_hand import SEED, assert_counted, per_firm, share
from tests.reference.closeness import as_single
from tests.reference.forecasting import METHODS, Forecaster, Log, Rule
from tests.reference.random_numbers import stream_key

CODES = ("none", *METHODS)
WEIGHTS = ("level_weight", "trend_weight", "season_weight")
weight = st.one_of(st.sampled_from([0.0, 1.0]), share)
length = st.one_of(st.integers(1, 5), st.sampled_from([1, 365, 366]))
rules = st.builds(
    Rule, st.sampled_from(METHODS), st.integers(1, 9), st.integers(1, 6), level_weight=weight, trend_weight=weight,
    season_weight=weight,
)  # fmt: skip
number = st.integers(-1000, 1000).map(lambda whole: whole / 8.0)
series_drawn = st.lists(number, min_size=1, max_size=25)


def settings_of(rule):
    """Return the settings that the package takes for a rule."""
    named = {"window": rule.window, "season_length": rule.season_length}
    return named | {name: getattr(rule, name) for name in WEIGHTS}


class TestByHand:
    def test_profile(self):
        """Of 2, 1 and 0 the mean is 1; of 1 and 3 it is 2."""
        assert demand_profile.factors([2.0, 1.0, 0.0]) == [2.0, 1.0, 0.0]
        assert [demand_profile.factor([1.0, 3.0], t) for t in range(3)] == [0.5, 1.5, 0.5]
        assert demand_profile.factor([], 3) == 1.0

    def test_shock(self):
        """0.36 of the variance is left, 0.64 is own; two standard deviations of 0.6 below nothing is nothing."""
        assert demand_shock.renewal(0.6) == pytest.approx(0.8)
        assert [demand_shock.factor(shock, 0.6) for shock in (-2.0, -1.0, 0.0, 1.0)] == [0.0, 0.4, 1.0, 1.6]

    def test_short_logs(self):
        """After 10 and 20: 20; two periods before the third lay 10; 15; 10 + 0.3 * 10."""
        rules = [Rule(method, 5, 2, 0.3) for method in METHODS[:4]]
        assert [forecasting.series_foretold([10.0, 20.0], rule)[2] for rule in rules] == [20.0, 10.0, 15.0, 13.0]
        assert forecasting.series_foretold([10.0, 20.0], Rule("seasonal_naive", 5, 3))[1:] == [10.0, 20.0]

    def test_seasons(self):
        """Level 15, seasons -5 and 5; 12 moves them to 16, trend 0.5, season (12 - 15 - 5) / 2; then 16.5 + 5."""
        rule = Rule("holt_winters", 1, 2, 0.5, 0.5, 0.5)
        assert forecasting.series_foretold([10.0, 20.0, 12.0], rule)[1:] == [10.0, 10.0, 21.5]
        log = Log()
        for seen in (10.0, 20.0, 12.0):
            log.take_in(seen, rule)
        assert (log.level, log.trend, log.seasons) == (16.0, 0.5, [-4.0, 5.0])

    def test_firm(self):
        """10 seen are the first variance; 10 foretold and 16 seen, of 20 who came: 10 + 0.5 * (36 - 10), misses 0.5."""
        firm = Forecaster(7.0, Rule("naive"))
        assert (firm.forecast, firm.variance, firm.expects(0)) == (7.0, 7.0, True)
        assert not any(firm.end(0, 12, 10, 0.5).values())
        assert (firm.forecast, firm.variance) == (10.0, 10.0)
        counted = firm.end(1, 20, 16, 0.5)
        assert list(counted.values()) == [2**19, 1, -10 * 2**20, 20]
        assert (firm.forecast, firm.variance, firm.expects(2), firm.expects(3)) == (16.0, 23.0, True, False)

    def test_measures(self):
        """Errors of 2 and -5 of 10 each; of the first period nothing was foretold, and in the last nobody came."""
        forecasts_made, seen = [math.nan, 12.0, 5.0, 1.0], [9.0, 10.0, 10.0, 0.0]
        assert forecasting.mape(forecasts_made, seen) == pytest.approx(0.35)
        assert forecasting.bias(forecasts_made, seen) == pytest.approx(-0.1)

    def test_expense(self):
        found = [forecasting.expense(method, True, 0.5, 1.25, 2.0) for method in ("none", "naive", "holt_winters")]
        assert found == [0, 250, 325]


@given(series_drawn, rules, length)
def test_forecasts_of_a_series_are_those_of_the_twin(series, rule, season_length):
    rule = replace(rule, season_length=season_length)
    found = forecasts.forecast(series, rule.method, **settings_of(rule))
    np.testing.assert_allclose(found, forecasting.series_foretold(series, rule), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_forecasts_of_a_series_longer_than_the_ring(method):
    """Of 366 periods, with the longest season and the longest window."""
    series = [100.0 + 10.0 * (p % 7) + 0.125 * ((p * p) % 11) for p in range(800)]
    rule = Rule(method, 366, 366, 0.25, 0.125, 0.5)
    found = forecasts.forecast(series, method, **settings_of(rule))
    np.testing.assert_allclose(found, forecasting.series_foretold(series, rule), rtol=1e-9)


@given(st.integers(1, 8).flatmap(lambda k: st.lists(st.lists(number, min_size=k, max_size=k), min_size=1, max_size=3)),
       rules, st.data())  # fmt: skip
def test_segments_are_those_of_the_twin(series, rule, data):
    methods = data.draw(st.lists(st.sampled_from(METHODS), min_size=len(series), max_size=len(series)))
    expected = np.sum(
        [forecasting.series_foretold(one, replace(rule, method=m)) for one, m in zip(series, methods, strict=True)], 0
    )
    found = forecasts.sum_of_segments(series, methods, **settings_of(rule))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


foretold_and_seen = st.lists(
    st.tuples(st.one_of(st.just(math.nan), number), st.one_of(st.just(0.0), number)), max_size=8
)


@given(foretold_and_seen)
@example([(3.0, 0.0)])
@example([(math.nan, 4.0)])
@example([(math.nan, 8.0), (3.0, 2.0)])
def test_measures_of_forecasts_are_those_of_the_twin(pairs):
    made, seen = [f for f, _ in pairs], [s for _, s in pairs]
    assert forecasts.mape(made, seen) == pytest.approx(forecasting.mape(made, seen), nan_ok=True)
    assert forecasts.bias(made, seen) == pytest.approx(forecasting.bias(made, seen), nan_ok=True)


@given(st.one_of(st.floats(-1e6, 1e6), st.integers(-(2**22), 2**22).map(lambda k: k / 2**21)))
def test_whole_steps_are_those_of_the_twin(x):
    assert in_whole_steps(x) == forecasting.in_steps(x)


rule_or_none = st.one_of(rules, st.just(Rule()))
money = st.floats(0.0, 50.0).map(lambda x: round(x, 3))


@given(rule_or_none, st.booleans(), money, money, money)
def test_expenses_are_those_of_the_twin(rule, door, rule_cost, recursion_cost, door_cost):
    costs = {"forecast_rule_cost": rule_cost, "forecast_recursion_cost": recursion_cost, "door_count_cost": door_cost}
    counting = "door" if door else "till"
    other = {"forecast_method": "naive", "forecast_rule_cost": 0.07}
    own = {"forecast_method": rule.method, "counting": counting, **costs}
    small = Small(3, [{"forecasting": own}, {"forecasting": other}], forecasting={})
    small.run("forecasting", book_forecasting)
    cents = forecasting.expense(rule.method, door, rule_cost, recursion_cost, door_cost)
    assert_counted(small, {"forecasting": [cents, 7]})


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 1)), max_size=9).map(sorted))
def test_who_came_is_counted_as_by_the_twin(visits):
    """Who stays at home came to no firm."""
    firms = [{"forecasting": {"forecast_method": "naive"}, "stock": {"stock_rule": "newsvendor"}}, {}]
    small = Small(3, firms, forecasting={}, stock={})
    small.visits([i for i, _ in visits], [j for _, j in visits])
    small.at("visit_outcome")[:] = [k % 4 for k in range(len(visits))]
    small.run("forecasting", count_at_the_door)
    came = [j for _, j in visits]
    assert_counted(small, {"came_by": [came.count(0), came.count(1)]})


seen_by_firm = st.tuples(rule_or_none, st.booleans(), st.integers(0, 30), share)
PERIOD = per_firm(seen_by_firm)


def set_levers(small, j, rule, door):
    """Let a firm forecast by a rule."""
    levers = {"forecast_method": CODES.index(rule.method), "forecast_window": rule.window}
    levers |= {"counting": int(door), "season_length": rule.season_length}
    for name, value in (levers | {name: getattr(rule, name) for name in WEIGHTS}).items():
        small.firms[name][j] = value


def assert_same_forecasts(small, twins):
    """Compare what firms expect, what they reckon with, and how long their logs are."""
    c = small.c
    for name, expected in (
        ("visits_forecast", [firm.forecast for firm in twins]),
        ("visits_variance", [firm.variance for firm in twins]),
    ):
        np.testing.assert_allclose(c[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)
    np.testing.assert_array_equal(c.logged_until, [firm.until for firm in twins])
    for j, firm in enumerate(twins):
        if firm.rule.method != "none":
            assert c.periods_logged[j] == len(firm.log.seen)
            assert c.forecast_state[j, 0] == pytest.approx(firm.log.smoothed)


forecasting_at_first = per_firm(rule_or_none).filter(lambda both: any(rule.method != "none" for rule in both))
periods_drawn = st.lists(st.tuples(PERIOD, st.sampled_from([1, 1, 1, 2])), min_size=1, max_size=14)


@given(forecasting_at_first, periods_drawn, share)
def test_forecasts_of_firms_are_those_of_the_twin(first, periods, error_weight):
    """Under rules that change from period to period, with gaps in which nobody forecasts."""
    own = [{"forecasting": {"forecast_method": rule.method}} for rule in first]
    small = Small(5, own, forecasting={"error_weight": error_weight})
    usual = float(np.sum(small.c.purchase_rate, dtype=np.float64)) / 2
    twins = [Forecaster(usual, rule) for rule in first]
    assert_same_forecasts(small, twins)
    t = -1
    for levers, passed in periods:
        t += passed
        expected = {name: [0, 0] for name in forecasting.COUNTS[1:5]}
        small.world.counted_by_part.fill(0)
        for j, (rule, door, come, part) in enumerate(levers):
            set_levers(small, j, rule, door)
            served = math.floor(come * part)
            small.world.lookup("came_by", 0)[j], small.world.lookup("visits", 0)[j] = come, served
            twins[j].rule = rule
            for name, count in twins[j].end(t, come, come if door else served, error_weight).items():
                expected[name][j] = count
        small.scenario.forecasting.look_back(small.world, t)
        small.run("forecasting", judge_forecast, t)
        small.run("forecasting", forecast_visits, t)
        assert_same_forecasts(small, twins)
        assert_counted(small, expected)


def end_period(small, twin, t, come):
    """End a period with one firm, which counts at the door, and compare."""
    set_levers(small, 0, twin.rule, True)
    small.world.counted_by_part.fill(0)
    small.world.lookup("came_by", 0)[0] = come
    counted = twin.end(t, come, come, as_single(0.1))
    small.scenario.forecasting.look_back(small.world, t)
    small.run("forecasting", judge_forecast, t)
    small.run("forecasting", forecast_visits, t)
    assert_same_forecasts(small, [twin])
    assert_counted(small, {name: [count] for name, count in counted.items()})


def one_firm():
    """Return a small market of one firm that forecasts, and its twin."""
    small = Small(3, [{"forecasting": {"forecast_method": "holt_winters"}}], forecasting={})
    return small, Forecaster(float(np.sum(small.c.purchase_rate, dtype=np.float64)))


@pytest.mark.parametrize("between", [9, 2])
def test_a_season_of_another_length_for_a_while(between):
    """A season that is too long for the log leaves the recursion where it was, and one that fits begins it anew."""
    small, twin = one_firm()
    for t, season_length in enumerate([3] * 4 + [between] * 2 + [3] * 3):
        twin.rule = Rule("holt_winters", 8, season_length, 0.5, 0.25, 0.75)
        end_period(small, twin, t, 10 + (7 * t * t) % 13)
    assert (twin.log.season_length, len(twin.log.seen)) == (3, 9)


def test_nobody_foretells_fewer_than_none():
    """A trend of -15 from 5 on is -10."""
    small, twin = one_firm()
    twin.rule = Rule("holt_winters", 8, 1, 1.0, 1.0, 0.0)
    for t, come in enumerate((30, 20, 5, 0, 0)):
        end_period(small, twin, t, come)
        assert (twin.log.foretold(twin.rule) < 0.0) == (t in (2, 3)), t
    assert twin.forecast == 0.0


def test_measures_of_firms_are_those_of_the_twin():
    """Misses of 1.5 in 3 periods; 7.5 too many foretold of 30 visitors."""
    zeros = {name: np.zeros(3) for name in forecasting.COUNTS}
    counted = zeros | {
        "forecast_misses": np.array([1.5, 0.0, 0.0]),
        "forecast_periods": np.array([3, 0, 0]),
        "forecast_gap": np.array([7.5, 0.0, 0.0]),
        "forecast_visitors": np.array([30, 0, 0]),
    }
    found = [kpi(Tallied(counted, 12, 4)) for kpi in Forecasting.kpis]
    assert [values[0] for values in found] == [0.5, 0.25]
    assert np.isnan([values[1] for values in found]).all()


profile_drawn = st.lists(st.one_of(st.just(0.0), st.floats(0.01, 100.0)), min_size=1, max_size=9).filter(any)


@given(profile_drawn, st.integers(0, 10_000), st.lists(st.floats(0.0, 4.0, width=32), min_size=3, max_size=3))
def test_profiles_are_those_of_the_twin(profile, t, need):
    small = Small(3, demand_profile={"profile": tuple(profile)})
    small.passing.need[:3] = need
    small.run("demand_profile", follow_profile, t)
    expected = [one * demand_profile.factor(profile, t) for one in need]
    np.testing.assert_allclose(small.passing.need[:3], expected, rtol=1e-6)
    assert bool(DemandProfile(profile=tuple(profile)).schedule(())) == (len(set(profile)) > 1)


@given(st.floats(-5.0, 5.0, width=32), share)
def test_the_factor_of_a_shock_is_that_of_the_twin(shock, spread):
    assert shocked_need(np.float32(shock), np.float32(spread)) == pytest.approx(
        demand_shock.factor(shock, spread), abs=1e-6
    )


@given(st.floats(0.0, 0.9375), st.integers(0, 1000), st.integers(0, 3), st.floats(0.01, 1.0),
       st.lists(st.floats(0.0, 4.0, width=32), min_size=3, max_size=3))  # fmt: skip
def test_shocks_are_those_of_the_twin(persistence, first, replication, spread, need):
    """Whoever is customer 0, and whatever was before period 0."""
    own = {"shock_persistence": persistence, "shock_spread": spread}
    small, key = Small(3, demand_shock=own), stream_key(SEED, "demand_shock")
    small.world.replication, small.c.customer_id[:], small.c.demand_shock_state[0] = replication, (5, 0, 9), 0.5
    shock = 0.5
    for t in (first, first + 1):
        small.run("demand_shock", draw_shock, t)
        shock = demand_shock.next_shock(shock, key, t, persistence, replication)
        assert small.c.demand_shock_state[0] == pytest.approx(shock, abs=1e-5)
    small.passing.need[:3] = need
    small.run("demand_shock", follow_shock)
    expected = [one * demand_shock.factor(shock, spread) for one in need]
    np.testing.assert_allclose(small.passing.need[:3], expected, rtol=1e-5, atol=1e-4)
