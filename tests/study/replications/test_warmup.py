"""Warm-up: series worked out by hand, a process whose bias is known, and the tables of a study."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import abm
from abm.core.errors import Refusal
from abm.study.replications.warmup import BATCH, courses, criterion, mser5, warm_up
from abm.study.storage.results import Results
from abm.study.storage.rows import Outcome
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments

FLAT = np.tile([2.0, -1.0, 2.0, -1.0, 0.0, -2.0, 1.0, -2.0, 1.0, 0.0], 10)  # batch means 0.4 and -0.4 in turn


def by_definition(batches, left_out):
    rest = batches[left_out:]
    return ((rest - rest.mean()) ** 2).sum() / len(rest) ** 2


def first_order(periods, studies, start, memory=0.9, seed=1):
    """Return AR(1) series (studies, periods) that begin at `start` and settle at 0."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((periods, studies))
    values, now = np.empty((periods, studies)), np.full(studies, start)
    for t in range(periods):
        now = memory * now + noise[t]
        values[t] = now
    return values.T


class TestCriterion:
    def test_by_hand(self):
        # 10, 0, 2, 0, 2: the mean 2.8 has squares 68.8 / 25; without the 10 the mean is 1: 4 / 16, then 2.67 / 9, …
        found = criterion(np.array([10.0, 0.0, 2.0, 0.0, 2.0]))
        assert found == pytest.approx([68.8 / 25, 4 / 16, 8 / 3 / 9, 2 / 4, 0.0])

    @given(arrays(float, st.integers(2, 40), elements=st.floats(-1e3, 1e3)), st.sampled_from([0.0, 1e9]))
    def test_it_is_the_definition(self, batches, level):
        expected = [by_definition(batches, left_out) for left_out in range(len(batches))]
        scale = max(1.0, float(np.ptp(batches)) ** 2)
        assert criterion(level + batches) == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale * (1 + level / 1e8))


class TestSeries:
    @pytest.mark.parametrize("biased", [5, 10, 35, 50])
    def test_a_step_is_cut_off_where_it_ends(self, biased):
        series = FLAT.copy()
        series[:biased] += 20
        assert mser5(series) == (biased, "settled")

    def test_a_step_inside_a_batch_is_cut_off_with_its_batch(self):
        series = FLAT.copy()
        series[:12] += 20
        assert mser5(series) == (15, "settled")

    def test_a_step_beyond_half_is_not_settled(self):
        series = FLAT.copy()
        series[:60] += 20
        assert mser5(series) == (60, "not settled")

    def test_a_trend_never_settles(self):
        first, state = mser5(np.arange(200.0))
        assert state == "not settled"
        assert first == 200 - (5 + 1) * BATCH  # the last five batches are no candidates

    @pytest.mark.parametrize("start", [0.3, 1e9])
    def test_what_is_constant_after_a_start_is_cut_off_there(self, start):
        series = np.full(100, 0.1)
        series[:10] += start
        assert mser5(series) == (10, "settled")

    @pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
    def test_a_constant_has_no_warm_up(self, value):
        assert mser5(np.full(60, value)) == (0, "settled")

    def test_values_that_fill_no_batch_do_not_count(self):
        assert mser5(np.concatenate([FLAT, [99.0] * 4])) == mser5(FLAT)

    @pytest.mark.parametrize("count", [0, 1, 49])
    def test_too_short(self, count):
        assert mser5(np.zeros(count)) == (0, "too short")

    @pytest.mark.parametrize("series", [np.array([np.nan] * 60), np.array([np.inf] + [0.0] * 60), np.zeros((60, 2))])
    def test_what_is_no_series_is_refused(self, series):
        with pytest.raises(Refusal, match="one row of finite numbers"):
            mser5(series)

    @given(st.floats(-100, 100), st.floats(0.1, 100))
    def test_units_do_not_matter(self, shift, scale):
        series = first_order(200, 1, 15.0)[0]
        assert mser5(shift + scale * series) == mser5(series)


class TestKnownBias:
    """AR(1) with memory 0.9, begun 20 (nine standard deviations) from where it settles: the start fades as 0.9^t."""

    def test_it_is_cut_off(self):
        series = first_order(500, 300, 20.0)
        found = [mser5(one) for one in series]
        settled = np.array([state == "settled" for _, state in found])
        cut = np.array([first for first, _ in found])
        assert settled.mean() > 0.95
        # 0.9^22 leaves 2 of the 20, a standard deviation of the process; 0.9^60 leaves 0.04
        assert 15 <= np.median(cut) <= 60
        before = series.mean(axis=1).mean()
        after = np.mean([one[first:].mean() for one, first in zip(series, cut, strict=True)])
        assert before == pytest.approx(20 * 0.9 * (1 - 0.9**500) / 0.1 / 500, abs=0.1)  # 0.36 by the sum of 0.9^t
        assert abs(after) < before / 4

    def test_averaging_replications_first_finds_smaller_biases(self):
        alone = [mser5(one)[0] for one in first_order(500, 100, 4.0, seed=2)]
        together = [mser5(first_order(500, 50, 4.0, seed=seed).mean(axis=0))[0] for seed in range(20)]
        assert np.median(together) > np.median(alone)

    def test_without_bias_little_is_thrown_away(self):
        series = first_order(700, 300, 0.0, seed=3)[:, 200:]
        cut = [first for first, state in map(mser5, series) if state == "settled"]
        assert len(cut) > 200
        assert np.median(cut) <= 100


@pytest.fixture
def results(study):
    """Make results whose profit by period is given for each arm, firm and replication."""

    def make(profit, periods=100, replications=2, kpis=("profit",)):
        sheet = study(kpis=kpis, replications=replications).sheet
        kept = Segments()
        for run in sheet.runs():
            rows = [[profit(run.arm, firm, run.replication) for firm in ("north", "south")]]
            block = np.repeat(np.array(rows).transpose(2, 0, 1).reshape(periods, 2, 1), len(kpis), axis=2)
            outcome = Outcome(run, "{}", ("north", "south"), block.mean(axis=0), block)
            kept.commit(encode([outcome], sheet.kpis))
        return Results(sheet, kept)

    return make


def stepped(length, height=20.0):
    series = FLAT.copy()
    series[:length] += height
    return series


class TestStudy:
    def test_the_last_to_settle_decides(self, results):
        lengths = {("none", "north"): 10, ("cheap", "north"): 30, ("none", "south"): 0, ("cheap", "south"): 5}
        found = warm_up(results(lambda arm, firm, replication: stepped(lengths.get((arm, firm), 0))), firm="north")
        assert found.burn_in == 30
        assert str(found) == (
            "by MSER-5 the first 30 periods are warm-up: of 2 measures profit of north in arm 'cheap' settles last; "
            "set burn_in = 30 or more"
        )
        row = found.table.iloc[0]
        assert (row["arm"], row["firm"], row["kpi"], row["warm_up"], row["state"]) == (
            "cheap", "north", "profit", 30, "settled",
        )  # fmt: skip
        assert (row["values"], row["replications"]) == (100, 2)
        assert row["mean"] == pytest.approx(0, abs=0.1)
        assert row["bias"] == pytest.approx(20 * 0.3, abs=0.1)

    def test_replications_are_averaged(self, results):
        """A bias of +20 and one of -20 in two replications are none."""
        signs = {0: 20.0, 1: -20.0}
        found = warm_up(results(lambda arm, firm, replication: stepped(30, signs[replication])), firm="north")
        assert found.burn_in == 0
        assert "all 2 measures are settled from the first period" in found.statement

    def test_one_that_does_not_settle_is_named(self, results):
        lengths = {"none": 10, "cheap": 70}
        found = warm_up(results(lambda arm, firm, replication: stepped(lengths[arm])), firm="north")
        assert found.burn_in is None
        assert found.statement == (
            "1 of 2 measures do not settle within half of the 100 periods, the others within 10, by MSER-5; the last "
            "is profit of north in arm 'cheap'; run longer, or measure what settles"
        )

    def test_periods_without_a_value_are_passed_over(self, results):
        def profit(arm, firm, replication):
            series = stepped(30)
            series[:12] = np.nan  # such as the share of points redeemed before any were earned
            return series

        found = warm_up(results(profit), firm="north")
        # 88 values from period 12: the first 18 are biased, so four batches go, up to period 32
        assert found.table["warm_up"].tolist() == [32, 32]
        assert found.table["values"].tolist() == [88, 88]

    def test_what_starts_late_but_level_begins_with_its_first_value(self, results):
        found = warm_up(results(lambda *_: np.concatenate([np.full(15, np.nan), FLAT[:85]])), firm="north")
        assert found.burn_in == 15

    def test_a_kpi_counted_once_a_year_is_not_judged(self, results):
        yearly = np.where(np.arange(100) % 52 == 51, 1.0, np.nan)
        found = warm_up(results(lambda *_: yearly), firm="north")
        assert found.burn_in is None
        assert found.statement == "nothing is known of the warm-up: MSER-5 takes 50 periods with a value"
        assert set(found.table["state"]) == {"too short"}

    def test_all_firms_and_kpis_unless_told(self, results):
        found = results(lambda *_: FLAT, kpis=("profit", "csi"))
        assert len(warm_up(found).table) == 2 * 3 * 2 - 2 * 2  # the sheet's third firm has no rows
        assert set(warm_up(found, ["csi"]).table["kpi"]) == {"csi"}
        assert len(courses(found, ["csi"], ["north"])) == 2 * 100

    def test_names_are_checked(self, results):
        found = results(lambda *_: FLAT)
        with pytest.raises(Refusal, match="no KPI \"proft\" in the results; did you mean 'profit'"):
            warm_up(found, ["proft"])
        with pytest.raises(Refusal, match="no firm \"nort\" in the results; did you mean 'north'"):
            warm_up(found, firm="nort")

    def test_of_a_real_study(self, study, world):
        found = abm.warm_up(abm.run(study(scenario=world.replace({"periods": 60})), workers=1), ["csi"], "north")
        assert found.table["values"].tolist() == [60, 60]
        assert set(found.table["state"]) <= {"settled", "not settled"}
