"""Results: tables and differences of runs whose numbers are known."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.study.plan.design import grid
from abm.study.running.runner import run
from abm.study.storage.results import Results, read
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments, Store
from abm.view import factors, summary


@pytest.fixture
def results(study, outcome):
    """Make results whose profit is given by arm, point and replication."""

    def make(profit, arms=("none", "points"), levels=(), replications=3, missing=(), failed=()):
        design = {"design": grid({"firms.south.price": list(levels)})} if levels else {}
        sheet = study(arms={arm: {} for arm in arms}, replications=replications, kpis=("profit",), **design).sheet
        kept = Segments()
        for each in sheet.runs():
            if each.index in missing:
                continue
            error = "RuntimeError" if each.index in failed else ""
            value = profit(each.arm, each.point, each.replication)
            one = outcome(sheet, each.index, firms=("north", "east", "south"), value=value, error=error)
            kept.commit(encode([one], sheet.kpis))
        return Results(sheet, kept)

    return make


def ahead(arm, point, replication):
    """Points is ahead by 1, 2, 3 in the three replications."""
    return 100 * replication + (replication + 1 if arm == "points" else 0)


def test_runs_are_tidy(results):
    table = results(ahead, levels=(1.0, 1.5)).runs
    assert list(table.columns) == [
        "run_id", "arm", "point", "replication", "seed", "firm", "firms.south.price", "status", "error", "profit",
    ]  # fmt: skip
    assert len(table) == 2 * 2 * 3 * 3
    row = table.iloc[3 * 7]
    assert (row["arm"], row["point"], row["replication"], row["firm"]) == ("points", 1, 1, "north")
    assert (row["firms.south.price"], row["profit"], row["seed"]) == (1.5, 102.0, 7)
    assert set(table["status"]) == {"done"}


def test_periods_are_tidy_and_join_by_run_id(results):
    found = results(ahead)
    table = found.periods
    assert list(table.columns) == ["run_id", "arm", "point", "replication", "period", "firm", "profit"]
    assert len(table) == 2 * 3 * 2 * 3
    assert list(table["period"][:6]) == [0, 0, 0, 1, 1, 1]
    joined = found.runs.merge(table, on=["run_id", "firm"], suffixes=("", "_of_period"))
    assert len(joined) == len(table)
    assert (joined["arm"] == joined["arm_of_period"].astype(str)).all()


def test_what_is_done_to_a_table_changes_no_later_answer(results):
    """Cents of `persons` turned into cu made the effects on persons a hundred times smaller."""
    found = results(ahead)
    before, course = found.paired("profit", "points"), found.course("profit", "points", "north")
    runs = found.runs.copy()
    for name in ("runs", "periods", "failed"):
        table = getattr(found, name)
        table[table.columns[-1]] = 0
    assert found.paired("profit", "points") == before
    np.testing.assert_array_equal(found.course("profit", "points", "north"), course)
    pd.testing.assert_frame_equal(found.runs, runs)


def test_a_failed_run_is_one_row_without_numbers(results):
    found = results(ahead, failed=(2,))
    failed = found.runs[found.runs["status"] == "failed"]
    assert len(failed) == 1
    assert failed.iloc[0][["arm", "replication", "error", "firm"]].tolist() == ["none", 1, "RuntimeError", ""]
    assert np.isnan(failed.iloc[0]["profit"])
    assert found.failed.to_dict("records") == [
        {
            "run_id": found.sheet.run(2).run_id,
            "arm": "none",
            "point": 0,
            "replication": 1,
            "error": "RuntimeError",
            "message": "RuntimeError in run 2",
        }
    ]
    assert repr(found) == "<Results of small: 5 of 6 runs, 1 failed (RuntimeError: RuntimeError in run 2)>"


def test_factor_columns_have_the_type_of_their_levels(study, outcome):
    factors = {
        "network.kind": ["ring", "complete"],
        "population.customers": [10, 20],
        "firms.north.program": [{"preset": "points"}],
    }
    sheet = study(arms={}, design=grid(factors), kpis=("profit",), replications=1).sheet
    kept = Segments()
    kept.commit(encode([outcome(sheet, index) for index in range(4)], sheet.kpis))
    table = Results(sheet, kept).runs
    assert list(table["network.kind"][::2]) == ["ring", "ring", "complete", "complete"]
    assert table["population.customers"].dtype == int
    assert '"preset":"points"' in table["firms.north.program"][0]


def test_paired_by_hand(results):
    found = results(ahead).paired("profit", "points")
    # differences 1, 2, 3: mean 2, sd 1, t(2, .975) / sqrt(3) = 2.484138
    assert (found.mean, found.sd, found.pairs, found.dropped) == (2.0, 1.0, 3, 0)
    assert (found.low, found.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-6)
    assert (found.arm, found.against, found.firm) == ("points", "none", "north")


def test_paired_by_another_statistic(results):
    found = results(lambda arm, point, rep: 10 * (rep + 1) + (rep**2 if arm == "points" else 0), replications=12)
    difference = np.arange(12) ** 2
    middle = found.paired("profit", "points", statistic="median")
    assert (middle.estimate, middle.mean, middle.statistic) == (30.5, difference.mean(), "median")
    assert middle.low <= 25
    assert middle.high >= 36
    ratio = found.paired("profit", "points", statistic="ratio")
    assert ratio.estimate == pytest.approx(1 + difference.sum() / 780)
    assert ratio.low < ratio.estimate < ratio.high
    assert found.paired("profit", "points", statistic=0.25).estimate < middle.estimate
    skewed, plain = (found.paired("profit", "points", statistic=name) for name in ("skewed_mean", "mean"))
    assert skewed.high - skewed.mean > plain.high - plain.mean
    assert plain.estimate == plain.mean
    with pytest.raises(Refusal, match="did you mean 'median'"):
        found.paired("profit", "points", statistic="medium")


def test_paired_the_other_way_round(results):
    found = results(ahead)
    there, back = found.paired("profit", "points", against="none"), found.paired("profit", "none", against="points")
    assert (back.mean, back.low, back.high) == (-there.mean, -there.high, -there.low)


def test_equal_arms_differ_by_exactly_nothing(results):
    found = results(lambda arm, point, replication: 0.1 * replication, arms=("none", "twin"))
    difference = found.paired("profit", "twin")
    assert (difference.mean, difference.low, difference.high, difference.sd) == (0.0, 0.0, 0.0, 0.0)


def test_common_luck_is_what_pairing_saves(results):
    # variance between replications 10,000 in each arm, of the difference 1
    assert results(ahead).paired("profit", "points").saving == pytest.approx(2 * 10_000 + 200 + 1, rel=1e-3)


def test_points_are_averaged_or_taken_alone(results):
    found = results(lambda arm, point, rep: (10 * point + rep) * (arm == "points"), levels=(1.0, 1.5))
    assert found.paired("profit", "points").mean == 6.0
    assert found.paired("profit", "points", point=0).mean == 1.0
    assert found.paired("profit", "points", point=1).mean == 11.0
    assert found.paired("profit", "points").pairs == 3
    with pytest.raises(Refusal, match=r"point = 2 is outside \[0, 1\]"):
        found.paired("profit", "points", point=2)


@pytest.mark.parametrize("hole", [{"missing": (3,)}, {"failed": (3,)}, {"missing": (2, 3)}])
def test_broken_pairs_are_left_out_and_counted(results, hole):
    found = results(ahead, **hole).paired("profit", "points")
    assert (found.mean, found.pairs, found.dropped) == (2.0, 2, 1)  # replication 1 is out; 1 and 3 remain


def test_a_value_that_is_not_defined_breaks_its_pair(results):
    found = results(lambda arm, point, rep: math.nan if (arm, rep) == ("none", 0) else ahead(arm, point, rep))
    assert found.paired("profit", "points").pairs == 2
    assert found.table()["dropped"].tolist() == [1, 1]


def test_table(results):
    table = results(ahead).table()
    assert list(table.columns) == [
        "arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs", "dropped",
    ]  # fmt: skip
    assert table[["arm", "mean", "difference", "pairs"]].to_numpy().tolist() == [
        ["none", 100.0, 0.0, 3],
        ["points", 102.0, 2.0, 3],
    ]
    assert (table["low"][0], table["high"][0]) == (0.0, 0.0)


def test_ranking_and_winner(results):
    def profit(arm, point, replication):
        return {"none": 0, "points": 5, "tiers": 3}[arm] + 100 * replication + 0.01 * replication * (arm == "points")

    found = results(profit, arms=("none", "points", "tiers"))
    ranking = found.ranking("profit")
    assert list(ranking["arm"]) == ["points", "tiers", "none"]
    assert ranking["difference"].tolist() == pytest.approx([0.0, -2.01, -5.01])
    assert found.winner("profit").arm == "points"
    assert len(found.winner("profit").differences) == 2
    assert found.winner("profit").differences[0].confidence == pytest.approx(0.975)
    assert list(found.ranking("profit", largest=False)["arm"]) == ["none", "tiers", "points"]
    assert found.winner("profit", largest=False).arm == "none"


def test_no_winner_among_twins(results):
    winner = results(lambda arm, point, rep: rep, arms=("none", "twin")).winner("profit")
    assert winner.arm is None
    assert "equal in all 3 pairs" in winner.statement


def test_an_arm_without_numbers_comes_last_and_stops_no_ranking(results):
    found = results(lambda arm, point, rep: math.nan if arm == "tiers" else rep, arms=("tiers", "none", "points"))
    assert list(found.ranking("profit")["arm"])[-1] == "tiers"
    assert found.winner("profit").arm is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kpi": "proft"}, "no KPI \"proft\" in the results; did you mean 'profit'?"),
        ({"arm": "point"}, "no arm \"point\" in the results; did you mean 'points'?"),
        ({"against": "x"}, 'no arm "x" in the results; there is none or points'),
        ({"firm": "nort"}, "no firm \"nort\" in the results; did you mean 'north'?"),
        ({"confidence": 1.0}, "confidence = 1.0 is outside (0, 1)"),
    ],
)
def test_unknown_names_are_refused(results, arguments, message):
    with pytest.raises(Refusal) as refusal:
        results(ahead).paired(**{"kpi": "profit", "arm": "points", **arguments})
    assert message in str(refusal.value)


def test_what_is_missing_is_counted(results):
    found = results(ahead, missing=(0, 5))
    assert found.missing == 2
    assert len(found.runs) == 4 * 3


class TestCanonical:
    """One digest for the same numbers, another for others."""

    def store(self, folder, sheet, outcomes, batches):
        store = Store(folder)
        store.prepare()
        for batch in batches:
            store.commit(encode([outcomes[index] for index in batch], sheet.kpis))
        return Results(sheet, store).canonical()

    def test_it_does_not_depend_on_how_runs_are_stored(self, crossed, outcome, tmp_path):
        sheet = crossed.sheet
        outcomes = [outcome(sheet, index, error="RuntimeError" * (index == 5)) for index in range(len(sheet))]
        once = self.store(tmp_path / "a", sheet, outcomes, [range(24)])
        assert self.store(tmp_path / "b", sheet, outcomes, [range(20, 24), range(19, -1, -1)]) == once
        assert self.store(tmp_path / "c", sheet, outcomes, [[i, (i + 1) % 24] for i in range(24)]) == once

    def test_it_does_not_depend_on_the_order_of_arms_or_kpis(self, study):
        arms = {"none": {}, "cheap": {"firms.north.price": 0.9}}
        first = run(study(arms=arms, kpis=("profit", "csi"), replications=2), workers=1).canonical()
        turned = study(arms=dict(reversed(arms.items())), kpis=("csi", "profit"), replications=2)
        assert run(turned, workers=1).canonical() == first

    @pytest.mark.parametrize("where", ["summary", "by_period"])
    def test_one_bit_counts(self, study, outcome, tmp_path, where):
        sheet = study().sheet
        outcomes = [outcome(sheet, index) for index in range(6)]
        before = self.store(tmp_path / "a", sheet, outcomes, [range(6)])
        block = getattr(outcomes[3], where)
        block.flat[1] = np.nextafter(block.flat[1], np.inf)
        assert self.store(tmp_path / "b", sheet, outcomes, [range(6)]) != before

    def test_minus_zero_is_another_number_but_nan_is_nan(self, results):
        zero, minus = (results(lambda *_, v=value: v).canonical() for value in (0.0, -0.0))
        assert zero != minus
        nans = [results(lambda *_, v=value: v).canonical() for value in (math.nan, -math.nan)]
        assert nans[0] == nans[1]

    def test_a_missing_or_failed_run_counts(self, results):
        digests = {
            results(ahead, **change).canonical()
            for change in ({}, {"missing": (2,)}, {"failed": (2,)}, {"failed": (3,)})
        }
        assert len(digests) == 4


def test_csv_to_the_last_bit(results, tmp_path):
    found = results(lambda arm, point, rep: 1 / 3 + rep)
    found.to_csv(tmp_path / "csv")
    back = pd.read_csv(tmp_path / "csv" / "runs.csv", dtype=str)
    assert [float(text) for text in back["profit"]] == list(found.runs["profit"])
    assert len(pd.read_csv(tmp_path / "csv" / "periods.csv")) == len(found.periods)


def test_a_folder_that_is_not_one_of_results(tmp_path):
    with pytest.raises(Refusal, match="is not a results folder"):
        read(tmp_path)


def test_failed_runs_of_a_point_do_not_move_the_mean_over_points(crossed, outcome):
    """Effects of 1, 2, 3 and 4 at the points; at the last every run but one fails. Table, ranking and winner alike."""
    sheet, kept = crossed.sheet, Segments()
    outcomes = []
    for index in range(len(sheet)):
        one = sheet.run(index)
        value = one.replication + (one.point + 1.0) * (one.arm == "cheap")
        made = outcome(sheet, index, value=value)
        whole = replace(made, by_period=np.full_like(made.by_period, value))
        failed = one.point == 3 and one.replication > 0
        outcomes.append(outcome(sheet, index, error="ZeroDivisionError") if failed else whole)
    kept.commit(encode(outcomes, sheet.kpis))
    results = Results(sheet, kept)
    found = results.paired("profit", "cheap")
    assert (found.mean, found.pairs, found.dropped) == (2.5, 1, 8)
    assert results.paired("profit", "cheap", point=0).pairs == 3
    for table in (results.table(), results.ranking("profit")):
        row = table[(table["kpi"] == "profit") & (table["arm"] != "none")].iloc[0]
        assert (row["pairs"], row["dropped"]) == (1, 8)
    assert results.ranking("profit")["arm"].tolist() == ["cheap", "none"]
    assert results.winner("profit").differences[0].mean == 2.5
    by_level = factors.by_factor(results, "profit", "firms.south.price")
    assert (by_level["difference"].tolist(), by_level["pairs"].tolist()) == ([2.0, 3.0], [3, 1])
    course = summary.courses(results, "profit")
    np.testing.assert_allclose(course[course["arm"] == "cheap"]["difference"], 2.5)
