"""Enough replications: when it stops, what it says, and how often it is right after stopping."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from abm.core.errors import Refusal
from abm.study.replications import precision
from abm.study.replications.precision import (
    GROWTH,
    MOST,
    PILOT,
    assessed,
    by_replications,
    counts,
    goals_of,
    half_width,
    run_until,
)
from abm.study.statistics.intervals import bent, skewed_mean
from abm.study.statistics.paired import interval
from abm.study.storage.results import Results
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments

LOWEST, HIGHEST = 0.936, 0.964
LAWS = {
    "normal": stats.norm(),
    "gamma": stats.gamma(4),  # skewness 1
    "exponential": stats.expon(),  # skewness 2
    "log-normal": stats.lognorm(0.5),  # skewness 1.75
    "t5": stats.t(5),
    "uniform": stats.uniform(),
    "Poisson": stats.poisson(1),
    "die": stats.randint(1, 7),
}


@pytest.fixture
def results(study, outcome):
    """Make results whose profit is given by arm and replication."""

    def make(profit, arms=("none", "points"), replications=PILOT):
        sheet = study(arms={arm: {} for arm in arms}, replications=replications, kpis=("profit",)).sheet
        kept = Segments()
        kept.commit(
            encode(
                [outcome(sheet, run.index, value=profit(run.arm, run.replication)) for run in sheet.runs()], sheet.kpis
            )
        )
        return Results(sheet, kept)

    return make


class TestCounts:
    def test_looks_are_at_fixed_counts(self, study):
        found = list(counts(study(replications=1), max_runs=2 * 60))
        assert found == [20, 24, 29, 35, 42, 51, 60]
        assert found[1:-1] == [math.ceil(GROWTH * count) for count in found[:-2]]

    def test_the_study_may_ask_for_more_at_first(self, study):
        assert next(counts(study(replications=50))) == 50
        assert next(counts(study(replications=3))) == PILOT

    def test_without_a_budget_there_is_an_end(self, study):
        assert list(counts(study()))[-1] == MOST
        assert list(counts(study(replications=2 * MOST))) == [2 * MOST]

    def test_the_budget_counts_runs(self, crossed):
        assert list(counts(crossed, max_runs=8 * 25 + 7)) == [20, 24, 25]  # two arms at four points

    @pytest.mark.parametrize("budget", [39, 0, -1, 2.5])
    def test_a_budget_below_the_first_look(self, study, budget):
        with pytest.raises(Refusal, match="max_runs = "):
            counts(study(), max_runs=budget)


class TestHalfWidth:
    @given(arrays(float, st.integers(2, 30), elements=st.floats(-1e3, 1e3)))
    def test_it_is_the_longest_arm(self, values):
        mean, low, high, _ = interval(values, 0.95)
        _, lower, higher = bent(values, 0.95)
        longest = max(high - mean, mean - low, mean - float(lower), float(higher) - mean)
        assert half_width(values, 0.95) == pytest.approx(longest, rel=1e-9, abs=1e-9)

    def test_edges(self):
        assert half_width(np.array([]), 0.95) == half_width(np.array([3.0]), 0.95) == math.inf
        assert half_width(np.full(5, 0.1), 0.95) == 0

    def test_many_at_once(self):
        values = np.random.default_rng(1).normal(size=(3, 4, 12))
        assert half_width(values, 0.9)[1, 2] == half_width(values[1, 2], 0.9)


class TestGoals:
    def test_absolute_and_relative(self, study):
        first, second, third = goals_of(study(), {"profit": 5, "csi.south": "2 %", "profit.east": "0.5"})
        assert (first.kpi, first.firm, first.half_width, first.relative) == ("profit", "north", 5.0, False)
        assert (second.kpi, second.firm, second.half_width, second.relative) == ("csi", "south", 0.02, True)
        assert (third.firm, third.half_width, third.relative) == ("east", 0.5, False)

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            ({}, "asks for nothing"),
            ({"proft": 5}, "no KPI \"proft\"; did you mean 'profit'"),
            ({"churn_rate": 5}, r'"churn_rate" is not measured by the study; set kpis = \['),
            ({"profit.nort": 5}, "precision.profit: no firm \"nort\"; did you mean 'north'"),
            ({"profit.x": 5}, "there is "),
            ({"profit": 0}, "precision.profit = 0 is no half-width"),
            ({"profit": -1.0}, "is no half-width"),
            ({"profit": math.nan}, "is no half-width"),
            ({"profit": True}, "is no half-width"),
            ({"profit": "five"}, 'precision.profit = "five" is no half-width'),
            ({"profit": "-1%"}, "is no half-width"),
            ({"profit": None}, "is no half-width"),
        ],
    )
    def test_others_are_refused(self, study, wanted, message):
        with pytest.raises(Refusal, match=message):
            run_until(study(), wanted)

    @pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
    def test_confidence(self, study, confidence):
        with pytest.raises(Refusal, match=r"confidence = .* is outside \(0, 1\)"):
            run_until(study(), {"profit": 5}, confidence=confidence)


class TestAssessed:
    def test_by_hand(self, results, study):
        def profit(arm, replication):
            return 50 * replication + (replication % 2 if arm == "points" else 0)

        # differences 0 and 1 in turn: mean 0.5, s = sqrt(20/19)/2 = .51299, no skewness; t(19) = 2.093024; / sqrt(20)
        found = assessed(results(profit), goals_of(study(), {"profit": 0.25}))
        row = found.table.iloc[0]
        half = 2.0930240544 * 0.5129891760 / math.sqrt(20)
        assert (row["arm"], row["mean"], row["pairs"]) == ("points", 0.5, 20)
        assert row["half_width"] == pytest.approx(half)
        assert found.reached is True
        assert (row["wanted"], bool(row["reached"]), row["needed"]) == (0.25, True, math.ceil(20 * (half / 0.25) ** 2))
        assert found.statement == (
            "after 20 replications (40 runs) profit of north, every arm minus 'none', is known to ±0.2401 "
            "(wanted ±0.25) (0.95 confidence each)"
        )

    def test_the_first_look_has_the_interval_of_a_fixed_number(self, results, study):
        goals, values = goals_of(study(), {"profit": 1.0}), np.arange(20.0) ** 2 / 100
        table = assessed(results(lambda arm, r: values[r] if arm == "points" else 0.0), goals).table
        _, low, high = skewed_mean(values, 0.95)
        assert table["half_width"][0] == pytest.approx((high - low) / 2)
        assert table["half_width"][0] < half_width(values, 0.95)

    @pytest.mark.parametrize(("replications", "wanted"), [(20, 0.5), (24, 1.0)])
    def test_looks_that_do_not_stop_or_are_later_have_the_one_stopped_on(self, results, study, replications, wanted):
        values = np.arange(replications) ** 2 / 100
        found = results(lambda arm, r: values[r] if arm == "points" else 0.0, replications=replications)
        table = assessed(found, goals_of(study(), {"profit": wanted})).table
        assert table["half_width"][0] == pytest.approx(float(half_width(values, 0.95)))

    def test_the_arm_that_is_known_least_counts(self, results, study):
        spread = {"none": 0, "points": 1, "tiers": 10}
        found = assessed(
            results(lambda arm, replication: spread[arm] * (replication % 2), arms=tuple(spread)),
            goals_of(study(), {"profit": 1.0}),
        )
        assert not found.reached
        assert found.table["reached"].tolist() == [True, False]
        assert "'tiers' minus 'none', is known to ±2.401 only (wanted ±1); about 116 replications" in str(found)

    def test_a_single_arm_is_known_by_its_mean(self, results, study):
        goals = goals_of(study(), {"profit": "10%"})
        found = assessed(results(lambda arm, replication: 100 + replication % 2, arms=("none",)), goals)
        row = found.table.iloc[0]
        assert (row["arm"], row["mean"], row["wanted"]) == ("none", 100.5, pytest.approx(10.05))
        assert "profit of north is known to ±0.2401 (wanted ±10.05)" in found.statement

    def test_a_share_is_of_the_baseline(self, results, study):
        def profit(arm, replication):
            return -200.0 if arm == "none" else float(replication % 2)

        found = assessed(results(profit), goals_of(study(), {"profit": "1%"}))
        assert found.table["wanted"].tolist() == [2.0]

    def test_a_share_of_nothing_is_refused(self, results, study):
        found = results(lambda arm, replication: 0.0 if arm == "none" else 1.0 + replication)
        with pytest.raises(Refusal, match=r"profit = 1% is a share of the mean of 'none', which is 0"):
            assessed(found, goals_of(study(), {"profit": "1%"}))

    def test_no_value_at_all(self, results, study):
        found = assessed(results(lambda *_: math.nan), goals_of(study(), {"profit": 1.0}))
        assert not found.reached
        assert "has no value in any replication, and more will not help" in found.statement

    def test_equal_arms_are_known_at_once(self, results, study):
        found = assessed(results(lambda arm, replication: 3.0 * replication), goals_of(study(), {"profit": 1e-9}))
        assert found.reached
        assert found.table["needed"].tolist() == [0]


class TestByReplications:
    def test_what_would_have_been_known(self, results):
        found = results(lambda arm, replication: 10 * replication + (replication**1.5 if arm == "points" else 0))
        table = by_replications(found, "profit", "points")
        assert table["replications"].tolist() == list(range(2, 21))
        values = np.arange(20) ** 1.5
        row = table.iloc[5]
        assert row["mean"] == pytest.approx(values[:7].mean())
        assert row["high"] - row["mean"] == pytest.approx(float(half_width(values[:7], 0.95)))

    def test_of_an_arm_itself(self, results):
        found = results(lambda arm, replication: 10.0 * replication)
        assert by_replications(found, "profit", "none", against="none")["mean"].iloc[-1] == 95.0


def stopped(name, optimal, studies, seed, relative=False, shift=0.0):
    """Return how often mean ± half-width holds the truth after stopping, and the mean count over `optimal`.

    optimal : replications that the half-width takes if the standard deviation is known
    relative : the half-width wanted is a share of the mean so far
    """
    law, rng = LAWS[name], np.random.default_rng(seed)
    wanted = stats.norm.ppf(0.975) * law.std() / math.sqrt(optimal)
    looks = list(precision._looks(PILOT, 6 * optimal + 100))
    truth, values = law.mean() + shift, np.empty((studies, 0))
    right = spent = 0.0
    for count in looks:
        more = law.rvs((len(values), count - values.shape[1]), random_state=rng)
        values = np.hstack([values, shift + more])
        half, mean = half_width(values, 0.95), values.mean(axis=1)
        ends = half <= (wanted / truth * np.abs(mean) if relative else wanted)
        if count == PILOT:
            half = np.ptp(skewed_mean(values, 0.95)[1:], axis=0) / 2
        elif count == looks[-1]:
            ends[:] = True
        right += float((np.abs(mean - truth) <= half)[ends].sum())
        spent += count * int(ends.sum())
        values = values[~ends]
        if not len(values):
            break
    return right / studies, spent / studies / optimal


class TestCoverage:
    """Mean ± half-width after stopping, at 0.95 confidence."""

    @pytest.mark.parametrize(("name", "optimal", "cost"), [("normal", 25, 1.35), ("exponential", 60, 1.55)])
    def test_it_is_kept(self, name, optimal, cost):
        covered, spent = stopped(name, optimal, 12_000, seed=5)
        assert LOWEST <= covered <= HIGHEST
        assert spent < cost

    def test_why_it_takes_a_correction(self):
        """Student's interval of exponential differences, stopped on at each replication from the tenth."""
        values = np.random.default_rng(6).exponential(1.0, (20_000, 200)) - 1
        count = np.arange(1, 201)
        mean = values.cumsum(axis=1) / count
        with np.errstate(invalid="ignore", divide="ignore"):
            sd = np.sqrt(((values**2).cumsum(axis=1) - count * mean**2) / (count - 1))
            half = stats.t.ppf(0.975, count - 1) * sd / np.sqrt(count)
        wanted = stats.norm.ppf(0.975) / math.sqrt(40)
        at = np.argmax((half <= wanted) & (count >= 10), axis=1)
        rows = np.arange(len(values))
        assert np.mean(np.abs(mean[rows, at]) <= half[rows, at]) == pytest.approx(0.857, abs=0.01)

    @pytest.mark.endurance
    @pytest.mark.parametrize("name", LAWS)
    @pytest.mark.parametrize("optimal", [8, 15, 25, 40, 60, 100])
    def test_of_everything(self, name, optimal):
        covered, spent = stopped(name, optimal, 20_000, seed=7)
        assert LOWEST <= covered <= HIGHEST
        assert spent < 1.3 if optimal >= 40 and name in ("normal", "uniform") else spent < 1.7 or optimal < 40

    @pytest.mark.endurance
    @pytest.mark.parametrize("name", ["normal", "gamma", "exponential"])
    @pytest.mark.parametrize("optimal", [15, 40, 100])
    def test_of_a_share_of_the_mean(self, name, optimal):
        covered, _ = stopped(name, optimal, 20_000, seed=8, relative=True, shift=3.0)
        assert LOWEST <= covered <= HIGHEST
