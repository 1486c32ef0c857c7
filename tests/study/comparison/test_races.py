"""Races on the run store: runs that are there are used, and reports say how far the races are."""

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.study.comparison.compare import compare
from abm.study.comparison.question import question
from abm.study.comparison.races import RaceRunner, Standing
from abm.study.comparison.selection import PILOT
from abm.study.plan.design import grid
from abm.study.running.runner import run
from abm.study.storage import store as stores
from abm.study.storage.store import Segments


def said(verdict):
    """Return all that a verdict says, for comparison."""
    return verdict.statement, verdict.table.to_json(), verdict.runs, verdict.correlation, verdict.saving


class TestTheStore:
    def test_runs_that_are_there_are_used(self, trio, tmp_path, done):
        run(trio.replace(replications=12), tmp_path, workers=1)
        before = set(done)
        done.clear()
        verdict = compare(trio, "profit", zone=2.0, store=tmp_path, workers=1)
        assert not before & set(done)
        assert 0 < len(done) < verdict.runs
        assert said(verdict) == said(compare(trio, "profit", zone=2.0, workers=1))

    def test_run_uses_what_a_comparison_has_done(self, trio, tmp_path, done):
        compare(trio, "profit", zone=20.0, store=tmp_path, workers=1)
        done.clear()
        results = run(trio.replace(replications=10), tmp_path, workers=1)
        assert done == []
        assert results.missing == 0

    def test_the_folder_belongs_to_the_study(self, trio, tmp_path):
        compare(trio.replace(replications=11), "profit", zone=2.0, store=tmp_path, workers=1)
        manifest = (tmp_path / "manifest.toml").read_text()
        assert 'command = "abm.compare"' in manifest
        assert all(f'{arm} = "' in manifest for arm in trio.arms)

    def test_a_file_is_compared_with_its_digest_once(self, trio, tmp_path, monkeypatch):
        read, whole = [], stores.digest_of
        monkeypatch.setattr(stores, "digest_of", lambda path: read.append(path) or whole(path))
        reports = []
        compare(trio, "profit", zone=0.01, max_runs=70, store=tmp_path, workers=1, progress=reports.append)
        assert len({now.done for now in reports}) > 2  # looks
        assert len(read) == len(set(read)) > 0

    def test_a_second_question_costs_only_what_is_new(self, trio, tmp_path, done):
        compare(trio, "profit", zone=20.0, store=tmp_path, workers=1)
        done.clear()
        compare(trio, "profit", "south", zone=1e4, largest=False, store=tmp_path, workers=1)
        assert done == []


class TestProgress:
    def test_it_tells_how_far_the_race_is(self, trio, tmp_path):
        run(trio.replace(replications=4), tmp_path, workers=1)
        reports: list[Standing] = []
        verdict = compare(trio, "profit", zone=2.0, store=tmp_path, workers=1, progress=reports.append)
        assert reports[0] == Standing(done=12, stored=12, failed=0, at_most=30, races=1, arms=3)
        assert reports[-1].done == verdict.runs
        assert reports[-1].stored == 12
        assert [now.done for now in reports] == sorted(now.done for now in reports)
        assert reports[-1].arms < 3
        assert all(now.done <= now.at_most for now in reports)


class TestRaceRunner:
    def test_races_side_by_side_are_the_races_alone(self, trio, done):
        study = trio.replace(design=grid({"firms.south.price": [0.9, 1.3]}))
        runner = RaceRunner(study, question(study, "profit", None, 4.0, 0.95, True), workers=1)
        races = runner.races([[0], [1]], None)
        runner.finish(races)
        assert sum(race.runs for race in races) == len(done) == len(set(done))
        for point, race in enumerate(races):
            alone = compare(study, "profit", zone=4.0, point=point, workers=1)
            assert alone.runs == race.runs
            assert [runner.experiment.sheet.arms[arm] for arm in race.race.racing] == list(alone.contenders)

    def test_a_budget_is_shared_by_all(self, trio):
        study = trio.replace(design=grid({"firms.south.price": [0.9, 1.3]}))
        runner = RaceRunner(study, question(study, "profit", None, 1e-4, 0.95, True), workers=1)
        races = runner.races([[0], [1]], 100)
        runner.finish(races)
        assert [race.race.end for race in races] == ["budget", "budget"]
        assert sum(race.runs for race in races) <= 100


class TestSomeRuns:
    def test_only_what_is_asked_for_is_done(self, trio, done):
        results = run(trio, workers=1, only=np.array([1, 4, 5]))
        assert done == [("dear", 0, 0), ("dear", 0, 1), ("better", 0, 1)]
        assert results.missing == 6

    def test_segments_are_kept_between_calls(self, trio, done):
        keeper, reports = Segments(), []
        run(trio, keeper, workers=1, only=np.array([0, 1]))
        run(trio, keeper, workers=1, only=np.array([1, 2]), progress=lambda *numbers: reports.append(numbers[:2]))
        assert len(done) == 3
        assert reports == [(1, 2), (2, 2)]


def test_the_size_of_a_pilot_is_said_in_the_right_number(study):
    runner = RaceRunner(study(), question(study(), "profit", None, 1.0, 0.95, True))
    arms = len(study().arms)
    with pytest.raises(Refusal, match=f"= 1 is below the pilot: {arms} arms x {PILOT} = {arms * PILOT} runs"):
        runner.races([[0]], 1)
