"""Races on the run store: runs that are there are used, and it is told how far they are."""

import numpy as np

from abm.study.comparison.compare import compare
from abm.study.comparison.question import question
from abm.study.comparison.races import Standing, Track
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
        told = []
        compare(trio, "profit", zone=0.01, max_runs=70, store=tmp_path, workers=1, progress=told.append)
        assert len({now.done for now in told}) > 2  # looks
        assert len(read) == len(set(read)) > 0

    def test_a_second_question_costs_only_what_is_new(self, trio, tmp_path, done):
        compare(trio, "profit", zone=20.0, store=tmp_path, workers=1)
        done.clear()
        compare(trio, "profit", "south", zone=1e4, largest=False, store=tmp_path, workers=1)
        assert done == []


class TestProgress:
    def test_it_tells_how_far_the_race_is(self, trio, tmp_path):
        run(trio.replace(replications=4), tmp_path, workers=1)
        told: list[Standing] = []
        verdict = compare(trio, "profit", zone=2.0, store=tmp_path, workers=1, progress=told.append)
        assert told[0] == Standing(done=12, stored=12, failed=0, at_most=30, races=1, arms=3)
        assert told[-1].done == verdict.runs
        assert told[-1].stored == 12
        assert [now.done for now in told] == sorted(now.done for now in told)
        assert told[-1].arms < 3
        assert all(now.done <= now.at_most for now in told)


class TestTrack:
    def test_races_side_by_side_are_the_races_alone(self, trio, done):
        study = trio.replace(design=grid({"firms.south.price": [0.9, 1.3]}))
        track = Track(study, question(study, "profit", None, 4.0, 0.95, True), workers=1)
        heats = track.heats([[0], [1]], None)
        track.hold(heats)
        assert sum(heat.runs for heat in heats) == len(done) == len(set(done))
        for point, heat in enumerate(heats):
            alone = compare(study, "profit", zone=4.0, point=point, workers=1)
            assert alone.runs == heat.runs
            assert [track.experiment.sheet.arms[arm] for arm in heat.race.racing] == list(alone.contenders)

    def test_a_budget_is_shared_by_all(self, trio):
        study = trio.replace(design=grid({"firms.south.price": [0.9, 1.3]}))
        track = Track(study, question(study, "profit", None, 1e-4, 0.95, True), workers=1)
        heats = track.heats([[0], [1]], 100)
        track.hold(heats)
        assert [heat.race.end for heat in heats] == ["budget", "budget"]
        assert sum(heat.runs for heat in heats) <= 100


class TestSomeRuns:
    def test_only_what_is_asked_for_is_done(self, trio, done):
        results = run(trio, workers=1, only=np.array([1, 4, 5]))
        assert done == [("dear", 0, 0), ("dear", 0, 1), ("better", 0, 1)]
        assert results.missing == 6

    def test_segments_are_kept_between_calls(self, trio, done):
        keeper, told = Segments(), []
        run(trio, keeper, workers=1, only=np.array([0, 1]))
        run(trio, keeper, workers=1, only=np.array([1, 2]), progress=lambda *numbers: told.append(numbers[:2]))
        assert len(done) == 3
        assert told == [(1, 2), (2, 2)]
