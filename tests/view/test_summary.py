"""The tables that figures and report are made of, against the results they come from."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

import abm
from abm.study.storage.results import Results
from abm.study.storage.rows import Outcome
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments
from abm.view import factors, hints, summary
from tests.view.conftest import STUDY


def test_profit_decides_and_comes_first(results):
    assert summary.judged_by(results) == "profit"
    assert summary.kpis_shown(results) == ["profit", "share_of_wallet", "csi", "programme_cost"]


def test_effects_are_the_paired_differences(results):
    table = summary.effects(results)
    assert len(table) == 3 * 4
    for row in table.itertuples():
        pair = results.paired(row.kpi, row.arm)
        assert (row.difference, row.low, row.high, row.pairs) == (pair.mean, pair.low, pair.high, pair.pairs)


def test_arms_are_ranked_by_the_kpi_that_decides(results):
    table = summary.effects(results)
    profit = table[table["kpi"] == "profit"]
    assert list(profit["mean"]) == sorted(profit["mean"], reverse=True)
    for _, rows in table.groupby("kpi", sort=False):
        assert list(rows["arm"]) == list(profit["arm"])


def test_less_of_a_cost_is_better():
    base = abm.Scenario(periods=20, population=abm.Population(customers=40))
    arms = {"none": {}, "club": {"firms.north.program": abm.points_program()}}
    study = abm.Experiment("costs", base, arms, replications=3, kpis=("programme_cost",))
    results = abm.run(study, workers=1)
    assert summary.ranked_arms(results, results.table())[0] == "none"
    assert "lowest programme_cost" in summary.winner(results).statement


def test_what_was_run_until_it_was_known_has_the_half_width_of_that(results):
    known = pd.DataFrame([("profit", "north", "service", 9.0)], columns=["kpi", "firm", "arm", "half_width"])
    table, student = (summary.effects(results, known=one).set_index(["kpi", "arm"]) for one in (known, None))
    row = table.loc["profit", "service"]
    assert (row["low"], row["high"]) == (row["difference"] - 9.0, row["difference"] + 9.0)
    others = [key for key in table.index if key != ("profit", "service")]
    pd.testing.assert_frame_equal(table.loc[others, ["low", "high"]], student.loc[others, ["low", "high"]])
    assert summary.measured(results, known) == ["profit"]
    for other in (known.assign(firm="south"), known.assign(arm="none"), None):
        assert summary.measured(results, other) == []


@pytest.mark.parametrize(
    ("low", "high", "means", "decimals"),
    [
        (-1.0, 1.0, [50.0], 1),
        (0.0, 0.004, [0.4], 4),
        (-200.0, 200.0, [1e4], 0),
        (0.0, 0.0, [0.1234], 3),
        (0.0, 0.0, [0.0], 2),
    ],
)
def test_decimals_are_what_the_interval_bears_out(low, high, means, decimals):
    rows = pd.DataFrame({"mean": means, "low": low, "high": high})
    assert summary.decimals(rows) == decimals


def test_verdict_by_hand(results):
    row = {
        "arm": "a",
        "kpi": "profit",
        "unit": "cu",
        "pairs": 4,
        "difference": 2.0,
        "low": 1.0,
        "high": 3.0,
        "decimals": 1,
    }
    assert summary._compared(row, "none") == "'a': more profit, +2.0 cu against 'none' [+1.0, +3.0]."
    assert "less profit" in summary._compared(row | {"difference": -2.0, "low": -3.0, "high": -1.0}, "none")
    assert "cannot be told" in summary._compared(row | {"low": -1.0}, "none")
    assert "too few pairs" in summary._compared(row | {"pairs": 1}, "none")


def test_verdict_begins_with_the_winner_and_names_every_arm(results):
    first, *others = summary.verdict(results, summary.effects(results))
    assert first.lower().startswith(summary.winner(results).statement[:20].lower())
    assert others.pop(0) == summary.about_points(results)
    assert len(others) == 2
    assert all(any(f"'{arm}'" in sentence for sentence in others) for arm in ("points", "service"))


def test_courses_by_hand(results):
    course = summary.courses(results, "profit")
    table = results.periods
    own = table[(table["firm"] == "north") & (table["period"] == 10)]
    by_draw = own.pivot_table(index="replication", columns="arm", values="profit", observed=True)
    row = course[(course["arm"] == "service") & (course["period"] == 10)].iloc[0]
    assert row["level"] == pytest.approx(by_draw["service"].mean())
    difference = by_draw["service"] - by_draw["none"]
    assert row["difference"] == pytest.approx(difference.mean())
    assert row["high"] - row["difference"] == pytest.approx(3.182446 * difference.std() / 2, rel=1e-5)


def test_courses_take_periods_together(results):
    course = summary.courses(results, "profit", together=4)
    assert sorted(course["period"].unique())[:2] == [1.5, 5.5]
    fine = summary.courses(results, "profit")
    four = fine[(fine["arm"] == "none") & (fine["period"] < 4)]["level"].mean()
    assert course[(course["arm"] == "none") & (course["period"] == 1.5)]["level"].iloc[0] == pytest.approx(four)


def test_a_yearly_kpi_has_a_point_a_year(results):
    course = summary.courses(results, "share_of_wallet")
    assert set(course["period"]) <= set(range(60))
    assert 1 <= course["period"].nunique() <= 3


def test_by_factor_is_the_paired_difference_at_the_points(results):
    table = factors.by_factor(results, "profit", "word_of_mouth.contact_rate")
    assert list(table["level"].unique()) == [0.0, 0.5]
    for row in table.itertuples():
        pair = results.paired("profit", row.arm, point=[0.0, 0.5].index(row.level))
        assert row.difference == pytest.approx(pair.mean)
        assert row.low == pytest.approx(pair.low)


def test_by_factor_refuses_strangers(results):
    with pytest.raises(abm.Refusal, match="no factor 'contact_rate'"):
        factors.by_factor(results, "profit", "contact_rate")
    with pytest.raises(abm.Refusal, match="did you mean 'profit'"):
        factors.by_factor(results, "profits", "word_of_mouth.contact_rate")


def test_records_are_the_json_rows(results):
    rows = summary.records(summary.effects(results))
    assert set(rows[0]) == {"arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs"}
    assert all(isinstance(row["pairs"], int) and isinstance(row["mean"], float) for row in rows)


def test_units_of_parameters():
    assert summary.parameter_unit("word_of_mouth.contact_rate") == "1/story/tie"
    assert summary.parameter_unit("firms.north.price") == "index"
    assert summary.parameter_unit("choice.market") == ""
    assert summary.parameter_unit("habit.growth") == ""


def test_nothing_measured_is_no_error():
    study = abm.Experiment("void", abm.Scenario(periods=0), {"a": {}, "b": {"firms.north.price": 1.1}}, replications=2)
    results = abm.run(study, workers=1)
    table = summary.effects(results)
    assert np.isnan(table["difference"]).all()
    assert summary.courses(results, "profit").empty
    assert summary.winner(results).arm is None
    assert all(math.isnan(mean) for mean in table["mean"])


def test_many_levels_of_a_factor_are_put_together():
    factor = "word_of_mouth.contact_rate"
    design = abm.latin_hypercube({factor: (0.0, 0.8)}, points=16)
    world = abm.Scenario(population=abm.Population(customers=40), periods=6)
    study = abm.Experiment("many", world, {"a": {}, "b": {"firms.north.price": 1.1}}, design, 2)
    results = abm.run(study, workers=1)
    table = factors.by_factor(results, "profit", factor)
    assert len(table) == 8
    order = np.argsort([point[factor] for point in design.with_seed(study.seed).points])
    difference = results.block("profit", "b", "north") - results.block("profit", "a", "north")
    for part, row in enumerate(table.sort_values("level").itertuples()):
        two = order[2 * part : 2 * part + 2]
        assert row.level == pytest.approx(np.mean([study.design.point(k)[factor] for k in two]))
        assert row.difference == pytest.approx(difference[two].mean())
        assert row.pairs == 2


@pytest.fixture
def run_as():
    """Return the results of a study of 100 periods whose profit is so in a replication, by period."""

    def made(profit, replications=8, periods=100):
        world = abm.Scenario(periods=periods, population=abm.Population(customers=10))
        study = abm.Experiment("told", world, {"none": {}, "more": {}}, replications=replications, kpis=("profit",))
        segments = Segments()
        for run in study.runs():
            block = np.repeat(profit(run.replication)[:, None, None], 3, axis=1)
            outcome = Outcome(run, "{}", study.sheet.firms, block.mean(axis=0), block)
            segments.commit(encode([outcome], study.sheet.kpis))
        return Results(study.sheet, segments)

    return made


@pytest.fixture
def effect_of():
    """Return the results of a study of 100 periods in which arm "more" has so much more profit than "none"."""

    def made(effect, replications=8):
        world = abm.Scenario(periods=100, population=abm.Population(customers=10))
        study = abm.Experiment("told", world, {"none": {}, "more": {}}, replications=replications, kpis=("profit",))
        segments = Segments()
        for run in study.runs():
            course = luck(run.replication) + (effect(run.replication) if run.arm == "more" else 0.0)
            block = np.repeat(course[:, None, None], 3, axis=1)
            outcome = Outcome(run, "{}", study.sheet.firms, block.mean(axis=0), block)
            segments.commit(encode([outcome], study.sheet.kpis))
        return Results(study.sheet, segments)

    return made


class TestStillMoving:
    def test_an_effect_that_grows_is_said(self, effect_of):
        results = effect_of(lambda replication: np.arange(100.0) + 0.1 * luck(replication + 50))
        said = hints.still_moving(results, 100, 20)
        assert re.match(
            r"still moving at the end: over the last two times 20 periods the effect on profit of north", said
        )
        assert re.search(r"'more' rises from \+69\.\d to \+89\.\d; run longer, or say that this is the horizon", said)
        assert said in hints.hints(results, 100, 20, 80)

    def test_one_that_is_there_from_the_first_is_not(self, effect_of):
        results = effect_of(lambda replication: 5.0 + 0.1 * luck(replication + 50))
        assert hints.still_moving(results, 100, 20) == ""

    def test_one_that_falls_by_less_than_a_tenth_is_not(self, effect_of):
        results = effect_of(lambda replication: 100.0 - 0.1 * np.arange(100.0))
        assert hints.still_moving(results, 100, 20) == ""

    def test_luck_alone_is_not(self, effect_of):
        assert hints.still_moving(effect_of(lambda replication: luck(replication + 50)), 100, 20) == ""

    def test_one_replication_tells_nothing(self, effect_of):
        assert hints.still_moving(effect_of(lambda _: np.arange(100.0), replications=1), 100, 20) == ""


class TestWhatDecides:
    def test_it_is_the_first_kpi_of_the_study(self):
        world = abm.Scenario(periods=8, population=abm.Population(customers=30))
        arms = {"none": {}, "cheap": {"firms.north.price": 0.8}}
        study = abm.Experiment("first", world, arms, replications=2, kpis=("market_share", "profit"))
        results = abm.run(study, workers=1)
        assert summary.judged_by(results) == "market_share"
        results = abm.run(study.replace(judge_by="profit"), workers=1)
        assert summary.judged_by(results) == "profit"
        assert summary.kpis_shown(results) == ["profit", "market_share"]
        assert summary.ranked_arms(results, results.table())[0] == "none"

    def test_no_arm_is_the_best_in_what_is_neither_good_nor_bad(self):
        world = abm.Scenario(periods=8, population=abm.Population(customers=30))
        arms = {"none": {}, "cheap": {"firms.north.price": 0.8}}
        results = abm.run(abm.Experiment("neither", world, arms, replications=2, kpis=("telling_rate",)), workers=1)
        assert summary.winner(results).arm is None
        assert summary.winner(results).statement.startswith("neither more nor less of telling_rate is better")
        assert summary.about_points(results) == ""

    def test_a_kpi_of_ones_own_has_its_unit_and_direction(self, tmp_path):
        @abm.kpi(unit="regrets", better="less")
        def regret(c):
            """Visits, as regrets."""
            return c.visits

        world = abm.Scenario(periods=8, population=abm.Population(customers=30))
        arms = {"none": {}, "cheap": {"firms.north.price": 0.8}}
        abm.run(abm.Experiment("own", world, arms, replications=3, kpis=(regret,)), tmp_path, workers=1)
        results = abm.read(tmp_path)
        assert list(summary.effects(results)["unit"].unique()) == ["regrets"]
        assert summary.ranked_arms(results, results.table())[0] == "none"

    def test_of_a_design_it_is_said_at_how_many_points_an_arm_leads(self, results):
        profits = np.stack([results.block("profit", arm, "north").mean(axis=-1) for arm in results.arms])
        counts = [(int((profits.argmax(axis=0) == k).sum()), arm) for k, arm in enumerate(results.arms)]
        most, arm = max(counts)
        said = summary.about_points(results)
        assert said.startswith("That is a mean over the 2 points of the design: ")
        assert f"'{arm}' leads at {most}" in said
        assert said.endswith("Intervals cover the luck of replications, not which points were chosen.")


def luck(replication, periods=100):
    return np.random.default_rng(replication).normal(size=periods)


def test_more_warm_up_than_the_burn_in_is_said(run_as):
    results = run_as(lambda replication: luck(replication) + np.where(np.arange(100) < 30, 40.0, 60.0))
    assert hints.settling(results, 100, 30) == ""
    assert re.fullmatch(
        r"warm-up: profit of north under 'none' is (39\.|40)\S* in periods 10 to 29 and (59\.|60)\S* after them, so "
        r"these look like warm-up \(MSER-5\); set burn_in = 30 or more, unless the start is what you want to measure",
        hints.settling(results, 100, 10),
    )


def test_what_goes_on_growing_is_to_run_longer(run_as):
    results = run_as(lambda replication: luck(replication) + np.arange(100.0))
    assert "(MSER-5), or the market changes all the time; run longer, unless" in hints.settling(results, 100, 10)


def by_the_year(periods, year, kpis=("profit", "penetration", "frequency")):
    world = abm.Scenario(periods=periods, burn_in=10, periods_per_year=year, population=abm.Population(customers=20))
    return abm.run(abm.Experiment("years", world, {"none": {}}, replications=2, kpis=kpis), workers=1)


@pytest.mark.parametrize(
    ("periods", "year", "said"),
    [
        (
            30, 52,
            "less than a year: penetration and frequency are of the 20 periods that are measured, and a year has 52",
        ),
        (
            33, 10,
            "part of a year: the last 3 periods of 23 measured are in no whole year, and penetration and frequency "
            "leave them out; set periods = 40",
        ),
        (30, 10, ""),
    ],
)  # fmt: skip
def test_what_measures_by_the_year_are_of_is_said(periods, year, said):
    results = by_the_year(periods, year)
    assert hints.part_of_a_year(results, periods, 10, year) == said
    assert (said in hints.hints(results, periods, 10, year)) == bool(said)
    assert hints.part_of_a_year(by_the_year(periods, year, ("profit",)), periods, 10, year) == ""


def test_luck_is_no_warm_up(run_as):
    assert hints.settling(run_as(luck), 100, 0) == ""
    assert hints.settling(run_as(luck, replications=1), 100, 0) == ""


def test_of_short_or_large_tables_nothing_is_said(run_as, monkeypatch):
    assert hints.settling(run_as(lambda r: luck(r, 40) - np.arange(40.0), periods=40), 40, 0) == ""
    results = run_as(lambda replication: luck(replication) + np.arange(100.0))
    monkeypatch.setattr(hints, "MOST_ROWS", 100)
    assert hints.settling(results, 100, 10) == ""


def of_arms(arms):
    return abm.run(abm.Experiment.from_dict(STUDY | {"arms": arms, "expect": [], "replications": 1}), workers=1)


def test_arms_without_a_label_are_read_with_blanks():
    results = of_arms({"none": {}, "my_arm": {"label": "Mine"}, "an_other": {}})
    read, known = summary.readable(results, pd.DataFrame({"arm": ["an_other", "my_arm"]}))
    assert read.arms == ("none", "Mine", "an other")
    assert list(known["arm"]) == ["an other", "Mine"]
    assert read.block("profit", "an other", "north").tolist() == results.block("profit", "an_other", "north").tolist()


def test_names_that_blanks_would_make_one_stay():
    results = of_arms({"none": {"label": "a b"}, "a_b": {}})
    assert summary.readable(results)[0].arms == ("a b", "a_b")
