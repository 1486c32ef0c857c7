"""Forecasts: by hand, against statsmodels, at limits, and refusals."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.capacity import fitting
from abm.capacity.fitting import fitted_weights
from abm.capacity.forecasts import LAGS, METHODS, bias, forecast, mape, sum_of_segments
from abm.core.errors import Refusal
from tests.examples import examples

counts = st.lists(st.integers(0, 500).map(float), min_size=1, max_size=60)
weights = st.floats(0.0, 1.0)
rules = st.sampled_from(METHODS)


def season(periods, length=7, level=100.0, swing=40.0, noise=0.0, seed=1):
    """Return a series with a season and with luck."""
    luck = np.random.default_rng(seed).normal(size=periods) * noise
    return level + swing * np.cos(2.0 * np.pi * np.arange(periods) / length) + luck


class TestByHand:
    seen = (10.0, 14.0, 12.0, 20.0)

    def test_naive(self):
        np.testing.assert_array_equal(forecast(self.seen, "naive")[1:], self.seen)

    def test_seasonal_naive(self):
        """A season of three: the first two periods foretell the next as naive does."""
        found = forecast(self.seen, "seasonal_naive", season_length=3)
        np.testing.assert_array_equal(found[1:], [10.0, 14.0, 10.0, 14.0])

    def test_moving_average(self):
        found = forecast(self.seen, "moving_average", window=3)
        np.testing.assert_allclose(found[1:], [10.0, 12.0, 12.0, 46.0 / 3.0], rtol=1e-15)

    def test_exponential_smoothing(self):
        """10; 10 + .5 x 4 = 12; 12; 12 + .5 x 8 = 16."""
        found = forecast(self.seen, "exponential_smoothing", level_weight=0.5)
        np.testing.assert_array_equal(found[1:], [10.0, 12.0, 12.0, 16.0])

    def test_holt_winters(self):
        """The first season of two: level 12, seasons -2 and +2. Then 12 is seen where 12 + 0 - 2 was foretold.

        Level .5 (12 + 2) + .5 x 12 = 13, trend .25 x 1 = .25, season .5 (12 - 12) + .5 (-2) = -1; forecast 13.25 + 2.
        Then 20: level .5 x 18 + .5 x 13.25 = 15.625, trend .25 x 2.625 + .75 x .25 = .84375; forecast 16.46875 - 1.
        """
        found = forecast(
            self.seen, "holt_winters", season_length=2, level_weight=0.5, trend_weight=0.25, season_weight=0.5
        )
        np.testing.assert_array_equal(found[1:], [10.0, 10.0, 15.25, 15.46875])

    def test_errors(self):
        """|8 - 10| / 10 and |6 - 4| / 4; the period without visitors has no relative error, but counts for the bias."""
        assert mape([math.nan, 8.0, 6.0, 3.0], [5.0, 10.0, 4.0, 0.0]) == pytest.approx(0.35)
        assert bias([math.nan, 8.0, 6.0, 3.0], [5.0, 10.0, 4.0, 0.0]) == pytest.approx(3.0 / 14.0)
        assert math.isnan(mape([1.0], [0.0]))
        assert math.isnan(bias([math.nan], [3.0]))


class TestAgainstStatsmodels:
    @pytest.fixture(autouse=True)
    def _statsmodels(self):
        self.smoothing = pytest.importorskip("statsmodels.tsa.holtwinters", reason="statsmodels is an extra")

    @pytest.mark.parametrize("weight", [0.05, 0.3, 0.95])
    def test_exponential_smoothing(self, weight):
        seen = season(80, noise=20.0)
        model = self.smoothing.SimpleExpSmoothing(seen, initialization_method="known", initial_level=seen[0])
        fit = model.fit(smoothing_level=weight, optimized=False)
        found = forecast(seen, "exponential_smoothing", level_weight=weight)
        np.testing.assert_allclose(found[1:-1], fit.fittedvalues[1:], rtol=1e-12)
        assert found[-1] == pytest.approx(fit.forecast(1)[0], rel=1e-12)

    @pytest.mark.parametrize(("level", "trend", "of_season"), [(0.3, 0.1, 0.2), (0.8, 0.5, 0.05), (0.1, 0.0, 0.9)])
    def test_holt_winters(self, level, trend, of_season):
        seen, m = season(90, noise=15.0) + 0.5 * np.arange(90), 7
        mean = seen[:m].mean()
        model = self.smoothing.ExponentialSmoothing(
            seen[m:], trend="add", seasonal="add", seasonal_periods=m, initialization_method="known",
            initial_level=mean, initial_trend=0.0, initial_seasonal=seen[:m] - mean,
        )  # fmt: skip
        fit = model.fit(smoothing_level=level, smoothing_trend=trend, smoothing_seasonal=of_season, optimized=False)
        found = forecast(
            seen, "holt_winters", season_length=m, level_weight=level, trend_weight=trend, season_weight=of_season
        )
        np.testing.assert_allclose(found[m:-1], fit.fittedvalues, rtol=1e-11)
        assert found[-1] == pytest.approx(fit.forecast(1)[0], rel=1e-11)

    def test_fitted_weights_leave_smaller_errors_than_others(self):
        seen = season(150, noise=10.0, seed=3)
        fit = fitted_weights(seen, 7)

        def squares(**given):
            return np.square(forecast(seen, "holt_winters", season_length=7, **given)[7:-1] - seen[7:]).sum()

        assert squares(**vars(fit)) < squares(level_weight=0.3, trend_weight=0.05, season_weight=0.3)
        walk = 100.0 + np.cumsum(np.random.default_rng(5).normal(size=400))
        assert fitted_weights(walk).level_weight > 0.8, "of a random walk the latest value says most"
        assert fitted_weights(np.random.default_rng(5).normal(100.0, 9.0, 400)).level_weight < 0.1


class TestProperties:
    @given(counts, rules, st.integers(1, 20), st.integers(1, 20), weights, weights, weights)
    @settings(max_examples=examples(60), deadline=None)
    def test_a_forecast_knows_nothing_of_what_comes(self, seen, rule, window, length, a, b, c):
        given_ = {
            "window": window, "season_length": length, "level_weight": a, "trend_weight": b, "season_weight": c,
        }  # fmt: skip
        whole, part = forecast(seen, rule, **given_), forecast(seen[:-1], rule, **given_)
        np.testing.assert_array_equal(whole[:-1], part)

    @given(st.floats(0.0, 1e4), rules, st.integers(1, 30), weights)
    @settings(max_examples=examples(40), deadline=None)
    def test_what_never_changes_is_foretold(self, level, rule, length, weight):
        found = forecast([level] * 40, rule, season_length=length, level_weight=weight)
        np.testing.assert_allclose(found[1:], level, rtol=1e-9, atol=1e-9)

    @given(st.lists(st.tuples(*[st.integers(0, 99)] * 3), min_size=1, max_size=40), rules)
    @settings(max_examples=examples(40), deadline=None)
    def test_the_sum_over_segments_by_one_rule_is_the_forecast_of_the_sum(self, rows, rule):
        series = np.array(rows, float).T
        found = sum_of_segments(series, [rule], season_length=5)
        np.testing.assert_allclose(found[1:], forecast(series.sum(axis=0), rule, season_length=5)[1:], atol=1e-9)

    @given(counts, weights)
    @settings(max_examples=examples(40), deadline=None)
    def test_smoothing_stays_among_what_was_seen(self, seen, weight):
        found = forecast(seen, "exponential_smoothing", level_weight=weight)[1:]
        assert (found >= min(seen) - 1e-9).all()
        assert (found <= max(seen) + 1e-9).all()


def test_limits():
    """All weight on the latest is naive; a window of one too; a season of one period is the latest."""
    seen = season(50, noise=30.0)
    naive = forecast(seen, "naive")[1:]
    np.testing.assert_allclose(forecast(seen, "exponential_smoothing", level_weight=1.0)[1:], naive, rtol=1e-12)
    np.testing.assert_array_equal(forecast(seen, "moving_average", window=1)[1:], naive)
    np.testing.assert_array_equal(forecast(seen, "seasonal_naive", season_length=1)[1:], naive)


def test_seasons_as_long_as_the_log_reaches_back():
    seen = np.arange(900.0)
    found = forecast(seen, "seasonal_naive", season_length=LAGS)
    np.testing.assert_array_equal(found[LAGS:], seen[: 901 - LAGS])
    assert forecast(seen, "moving_average", window=LAGS)[-1] == pytest.approx(seen[-LAGS:].mean())
    steady = forecast(season(3 * LAGS, LAGS), "holt_winters", season_length=LAGS)
    np.testing.assert_allclose(steady[LAGS:-1], season(3 * LAGS, LAGS)[LAGS:], atol=1e-6)


def test_seasonal_rules_are_best_with_a_season_and_smoothing_without():
    of = {rule: forecast(season(210, noise=5.0), rule, season_length=7)[70:-1] for rule in METHODS}
    error = {rule: mape(found, season(210, noise=5.0)[70:]) for rule, found in of.items()}
    assert max(error["holt_winters"], error["seasonal_naive"]) < 0.5 * error["naive"]
    flat = season(210, swing=0.0, noise=20.0)
    error = {rule: mape(forecast(flat, rule, season_length=7)[70:-1], flat[70:]) for rule in METHODS}
    assert error["exponential_smoothing"] < error["naive"]
    assert error["moving_average"] < error["naive"]


def test_segments_with_rules_of_their_own():
    """One segment comes by the season, the other as luck will have it."""
    rows = np.array([season(140), season(140, swing=0.0, noise=40.0, seed=2)])
    of_sum = mape(forecast(rows.sum(axis=0), "naive", season_length=7)[70:-1], rows.sum(axis=0)[70:])
    own = sum_of_segments(rows, ["seasonal_naive", "exponential_smoothing"], season_length=7, level_weight=0.1)
    assert mape(own[70:-1], rows.sum(axis=0)[70:]) < of_sum


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: forecast([1.0], "drift"), r"method = 'drift' is no method of forecasting \(methods: naive, seas"),
        (lambda: forecast([1.0, math.nan], "naive"), r"series\[1\] is no finite number; leave no period out"),
        (lambda: forecast([[1.0]], "naive"), r"series has the shape \(1, 1\)"),
        (lambda: forecast(["x"], "naive"), r"series holds something that is no number"),
        (lambda: forecast([1.0], "naive", window=0), r"window = 0 is not allowed; take whole periods from 1 to 366"),
        (lambda: forecast([1.0], "naive", season_length=True), r"season_length = True is not allowed"),
        (lambda: forecast([1.0], "naive", level_weight=1.5), r"level_weight = 1.5 is outside \[0, 1\]"),
        (lambda: sum_of_segments([1.0], ["naive"]), r"series has the shape \(1,\); a row for each segment"),
        (lambda: sum_of_segments([[1.0]] * 3, ["naive"] * 2), r"2 methods for 3 segments; give one for each"),
        (lambda: mape([1.0], [1.0, 2.0]), r"forecasts of shape \(1,\) for periods of shape \(2,\)"),
        (lambda: fitted_weights([1.0, 2.0]), r"series has 2 periods; weights need at least 3"),
        (lambda: fitted_weights([1.0] * 9, 5), r"series has 9 periods; weights need at least 10"),
        (lambda: fitted_weights([1.0] * 9, 1), r"season_length = 1 is not allowed; take 2 to 366 periods"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(Refusal, match=said):
        call()


def test_without_statsmodels_one_line_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert fitting.importlib is importlib
    with pytest.raises(Refusal, match=r'pip install "patronage\[forecast\]"'):
        fitted_weights([1.0, 2.0, 3.0])


def test_an_empty_series_foretells_nothing():
    assert np.isnan(forecast([], "naive")).tolist() == [True]
