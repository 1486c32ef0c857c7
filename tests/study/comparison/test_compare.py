"""Comparison: the same answer however it is run, at any points, and refusals before anything is written."""

import os
import signal

import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.engine import recording
from abm.study.comparison.compare import compare
from abm.study.plan.design import grid
from abm.study.running import study_runs
from abm.study.running.interrupts import Interrupted
from abm.study.storage.results import read


def said(verdict):
    """Return all that a verdict says, for comparison."""
    return verdict.statement, verdict.table.to_json(), verdict.runs, verdict.correlation, verdict.saving


class TestTheSameAnswer:
    @pytest.mark.slow
    def test_the_number_of_workers_decides_nothing(self, trio, tmp_path):
        alone = compare(trio, "profit", zone=2.0, store=tmp_path / "one", workers=1, batch=15)
        together = compare(trio, "profit", zone=2.0, store=tmp_path / "two", workers=2, batch=15)
        assert alone.runs > 30  # more than one look
        assert said(alone) == said(together)
        assert read(tmp_path / "one").canonical() == read(tmp_path / "two").canonical()

    def test_batches_decide_nothing(self, trio, monkeypatch):
        before = said(compare(trio, "profit", zone=2.0, workers=1))
        monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)
        assert said(compare(trio, "profit", zone=2.0, workers=1)) == before

    @pytest.mark.slow
    @pytest.mark.parametrize("interrupted_at", [7, 33])
    def test_an_interrupted_comparison_goes_on(self, trio, tmp_path, done, monkeypatch, interrupted_at):
        undisturbed = compare(trio, "profit", zone=2.0, workers=1)
        total = len(done)
        done.clear()
        whole, calls = recording.record, []

        def stopping(*arguments, **options):
            calls.append(1)
            if len(calls) == interrupted_at:
                os.kill(os.getpid(), signal.SIGINT)
            return whole(*arguments, **options)

        monkeypatch.setattr(recording, "record", stopping)
        with pytest.raises(Interrupted) as stop:
            compare(trio, "profit", zone=2.0, store=tmp_path, workers=1)
        stored = read(tmp_path).runs["run_id"].nunique()
        assert stop.value.done == stored >= interrupted_at - 1
        assert stop.value.total > stop.value.done
        again = compare(trio, "profit", zone=2.0, store=tmp_path, workers=1)
        assert said(again) == said(undisturbed)
        assert len(calls) <= total + 1  # the run that was interrupted


class TestPoints:
    @pytest.fixture
    def crossed(self, trio):
        return trio.replace(design=grid({"firms.south.price": [0.9, 1.3]}))

    def test_one_point_is_the_study_of_that_world(self, crossed, trio, done):
        verdict = compare(crossed, "profit", zone=10.0, point=1, workers=1)
        assert {point for _, point, _ in done} == {1}
        alone = compare(trio.replace(design=grid({"firms.south.price": [1.3]})), "profit", zone=10.0, workers=1)
        pd.testing.assert_frame_equal(verdict.table, alone.table)
        assert "at point 1" in verdict.statement

    def test_all_points_are_averaged_within_replications(self, crossed, tmp_path):
        verdict = compare(crossed, "profit", zone=10.0, store=tmp_path, workers=1)
        results = read(tmp_path)
        for row in verdict.table.to_dict("records"):
            blocks = results.block("profit", row["arm"], "north")
            assert row["mean"] == pytest.approx(blocks[:, : row["runs"] // 2].mean())
        assert "over 2 points" in verdict.statement
        assert verdict.points == (0, 1)


def test_arms_race_in_the_kpi_of_a_group(trio, tmp_path):
    apart = trio.replace(groups={"rate": {"by": "purchase_rate", "parts": 2}})
    verdict = compare(apart, "profit", zone=10.0, group="rate_high", store=tmp_path, workers=1)
    assert verdict.statement.startswith(f"'{verdict.best}' has the highest profit of north's customers in 'rate_high'")
    results = read(tmp_path)
    for row in verdict.table.to_dict("records"):
        block = results.block("profit", row["arm"], "north", "rate_high")
        assert row["mean"] == pytest.approx(block[:, : row["runs"]].mean())
    assert verdict.check(workers=1).ok
    everybody = compare(apart, "profit", zone=10.0, store=tmp_path, workers=1)
    alone = compare(trio, "profit", zone=10.0, workers=1)
    assert said(everybody) == said(alone)
    assert everybody.table["mean"][0] != verdict.table["mean"][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kpi": "profti"}, "kpi = \"profti\" is no KPI; did you mean 'profit'?"),
        ({"zone": 0}, "zone = 0 is not a number above 0"),
        ({"point": 1}, "point = 1 is outside [0, 0]"),
        ({"point": 0.0}, "point = 0.0 is not a whole number"),
        ({"max_runs": 29}, "max_runs = 29 is below the pilot: 3 arms x 10 = 30 runs"),
        ({"max_runs": 0}, "max_runs = 0 is outside [1, "),
    ],
)
def test_refusals_come_before_anything_is_written(trio, tmp_path, changes, message):
    options = {"kpi": "profit", "zone": 1.0, "store": tmp_path / "new", "workers": 1} | changes
    with pytest.raises(Refusal) as refusal:
        compare(trio, options.pop("kpi"), **options)
    assert str(refusal.value).startswith(message)
    assert not (tmp_path / "new").exists()


def test_a_long_race_goes_beyond_the_replications_of_the_study(trio, tmp_path):
    verdict = compare(trio.replace(replications=2), "profit", zone=2.0, store=tmp_path, workers=1)
    assert verdict.table["runs"].max() > 10
