"""Verdicts: what is said of a race, in words and numbers, and whether it can be trusted."""

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine import recording
from abm.scenario.scenario import Scenario
from abm.study.comparison.compare import compare
from abm.study.plan.design import grid
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run
from abm.study.running.work import RunExecutor
from abm.study.storage.results import read


class TestVerdict:
    def test_best_arm_runs_and_saving(self, trio, done):
        verdict = compare(trio, "profit", "north", zone=20.0, workers=1)
        assert verdict.decided
        assert verdict.best == verdict.contenders[0] == verdict.table["arm"][0]
        assert verdict.runs == verdict.table["runs"].sum() == len(done) == len(set(done))
        assert verdict.saving == verdict.runs_independent / verdict.runs
        assert -1 <= verdict.correlation <= 1
        assert str(verdict) == verdict.statement
        assert f"'{verdict.best}' has the highest profit of north, or is within 20 cu" in verdict.statement
        assert f"(0.95 confidence, 3 arms, {verdict.runs} runs)" in verdict.statement

    def test_eliminated_arms_run_no_more(self, trio, done):
        verdict = compare(trio, "profit", zone=2.0, workers=1)
        table = verdict.table.set_index("arm")
        for arm in trio.arms:
            replications = [replication for name, _, replication in done if name == arm]
            assert replications == list(range(table["runs"][arm]))
        assert table["runs"].nunique() > 1
        out = table["eliminated_at"].dropna()
        assert verdict.best not in out.index
        assert (out == table["runs"][out.index]).all()

    def test_the_table_says_what_the_runs_say(self, trio, tmp_path):
        verdict = compare(trio, "profit", zone=2.0, store=tmp_path, workers=1)
        results = read(tmp_path)
        leader = results.block("profit", verdict.best, "north")[0]
        for row in verdict.table.to_dict("records"):
            own = results.block("profit", row["arm"], "north")[0]
            both = min(row["runs"], verdict.table["runs"][0])
            assert row["mean"] == pytest.approx(own[: row["runs"]].mean())
            assert row["difference"] == pytest.approx((own - leader)[:both].mean())
            assert row["low"] <= 0 <= row["high"]

    def test_lowest(self, trio):
        least = compare(trio, "profit", zone=5.0, largest=False, workers=1)
        assert "'none' has the lowest profit of north" in least.statement
        rows = least.table.set_index("arm")
        assert (rows["difference"].drop("none") > 0).all()
        assert rows["high"]["none"] == 0
        assert rows["low"]["none"] < 0
        assert (rows["low"].drop("none") == 0).all()

    def test_another_firm(self, trio):
        verdict = compare(trio, "profit", "south", zone=20.0, workers=1)
        assert "profit of south" in verdict.statement

    def test_twins_are_equal(self, study):
        verdict = compare(study(arms={"none": {}, "twin": {}}), "profit", zone=1e-6, workers=1)
        assert (verdict.best, verdict.contenders, verdict.runs) == ("none", ("none", "twin"), 20)
        assert "'twin' is equal to it in all 10 replications" in verdict.statement
        assert not verdict.table[["difference", "low", "high"]].to_numpy().any()

    def test_one_arm(self, study):
        verdict = compare(study(arms={}), "profit", zone=1.0, workers=1)
        assert (verdict.best, verdict.decided, verdict.runs) == ("base", True, 10)
        assert verdict.statement == "there is only the arm 'base', so there is nothing to compare"
        assert np.isfinite(verdict.table["mean"][0])

    def test_a_budget_that_ends_too_soon(self, trio):
        verdict = compare(trio, "profit", zone=1e-3, max_runs=42, workers=1)
        assert (verdict.best, verdict.decided, verdict.runs) == (None, False, 40)
        assert verdict.contenders == ("better", "dear")
        assert verdict.statement.startswith("not decided within the budget: ")
        assert all(f"'{arm}'" in verdict.statement for arm in verdict.contenders)
        assert verdict.table["eliminated_at"].isna().sum() == 2


class TestWhatHasNoValue:
    def test_a_kpi_that_an_arm_does_not_have(self, study):
        arms = {"none": {}, "points": {"firms.north.program": {"preset": "points"}}}
        verdict = compare(study(arms=arms, kpis=("breakage", "profit")), "breakage", zone=0.1, workers=1)
        assert (verdict.best, verdict.decided, verdict.runs) == (None, False, 20)
        assert "breakage of north has no value in 10 of 10 replications of 'none' (no points were" in verdict.statement
        assert np.isnan(verdict.runs_independent)

    def test_a_replication_with_a_failed_run_is_left_out(self, trio, world, own, tmp_path):
        experiment = trio.replace(scenario=world.adding(own.Fragile(in_replication=3)))
        verdict = compare(experiment, "profit", zone=20.0, store=tmp_path, workers=1)
        assert verdict.decided
        assert verdict.left_out == 1
        assert verdict.failed == 3
        assert verdict.table["runs"].min() == 15  # ten replications with values take two looks
        assert "1 replication is left out" in verdict.statement
        (warning,) = verdict.warnings
        assert warning.startswith(
            f"3 of {verdict.runs} runs failed, the first (arm 'none', point 0, replication 3) with"
        )

    def test_an_arm_that_always_fails(self, trio, monkeypatch):
        whole = recording.record

        def broken(scenario, *arguments, **options):
            if scenario.firms[0].service.quality == 0.77:
                raise RuntimeError("no such price")
            return whole(scenario, *arguments, **options)

        monkeypatch.setattr(recording, "record", broken)
        verdict = compare(trio, "profit", zone=20.0, workers=1)
        assert not verdict.decided
        assert "10 of 10 runs of 'better' failed" in verdict.statement
        assert "RuntimeError: no such price" in verdict.warnings[0]


class TestCheck:
    def test_equal_arms_do_not_differ_at_all(self, trio, study):
        verdict = compare(study(arms={"none": {}, "twin": {}}), "profit", zone=2.0, workers=1)  # nothing is skewed
        check = verdict.check(workers=1)
        assert (check.ok, check.difference, check.replications) == (True, 0.0, 10)
        assert str(check) == "two equal arms have exactly equal results in 10 replications"
        skewed = compare(trio, "profit", zone=2.0, workers=1).check(replications=2, workers=1)
        assert "the differences of 'dear' from 'better' are skewed" in str(skewed)

    def test_a_label_of_the_baseline_is_no_obstacle(self, study):
        arms = {"none": {"label": "As it is"}, "twin": {}}
        assert compare(study(arms=arms), "profit", zone=2.0, workers=1).check(replications=2, workers=1).ok

    def test_luck_that_hangs_on_the_arm_is_found(self, trio, monkeypatch):
        verdict = compare(trio, "profit", zone=20.0, workers=1)
        whole = RunExecutor.outcome

        def unlucky(self, index):
            outcome = whole(self, index)
            if outcome.run.arm.endswith("_again") and outcome.run.replication == 2:
                outcome.summary[1, 0] = np.nextafter(outcome.summary[1, 0], np.inf)
            return outcome

        monkeypatch.setattr(RunExecutor, "outcome", unlucky)
        check = verdict.check(replications=4, workers=1)
        assert not check.ok
        assert "differ by up to" in check.statement

    def test_nothing_to_compare_is_no_success(self, trio, monkeypatch):
        verdict = compare(trio, "profit", zone=20.0, workers=1)
        monkeypatch.setattr(recording, "record", lambda *_, **__: 1 / 0)
        check = verdict.check(replications=2, workers=1)
        assert not check.ok
        assert check.statement == "two equal arms have nothing to compare in 2 replications"

    def test_it_stays_at_the_verdict_s_point(self, trio, done):
        experiment = trio.replace(design=grid({"firms.south.price": [0.9, 1.3]}))
        verdict = compare(experiment, "profit", zone=20.0, point=1, workers=1)
        done.clear()
        assert verdict.check(replications=2, workers=1).ok
        assert sorted(done) == [(arm, 1, r) for arm in ("none", "none_again") for r in (0, 1)]


def test_the_best_arm_has_most_of_what_is_good_and_least_of_what_is_bad():
    """An arm that leaves most customers dissatisfied was called the best in `dissatisfied_share`."""
    arms = {"good": {}, "bad": {"firms.north.service.quality": 0.2}}
    world = Scenario(periods=30, population={"customers": 200})
    study = Experiment("bad", world, arms, kpis=("dissatisfied_share", "telling_rate"), replications=4)
    assert compare(study, "dissatisfied_share", zone=0.05, workers=1).best == "good"
    assert compare(study, "dissatisfied_share", zone=0.05, largest=True, workers=1).best == "bad"
    results = run(study, workers=1)
    assert results.winner("dissatisfied_share").arm == "good"
    assert list(results.ranking("dissatisfied_share")["arm"]) == ["good", "bad"]
    assert list(results.ranking("dissatisfied_share", largest=True)["arm"]) == ["bad", "good"]
    for ask in (results.winner, results.ranking, lambda kpi: compare(study, kpi, zone=0.05)):
        with pytest.raises(Refusal, match="neither more nor less of telling_rate is better; say "):
            ask("telling_rate")
