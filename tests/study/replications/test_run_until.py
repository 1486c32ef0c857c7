"""Running until it is precise: where it stops, and that nothing else decides it."""

import pytest

import abm
from abm.study.replications import precision
from abm.study.replications.precision import PILOT, counts, run_until
from abm.study.running import study_runs
from abm.study.running.runner import run
from abm.study.storage.manifest import FILE
from abm.study.storage.results import read

WIDE = 1e6  # known at the first look


def test_it_stops_at_the_first_look_that_is_narrow_enough(study):
    looks = []
    found = run_until(study(), {"profit": 4.0}, max_runs=400, workers=1, after_look=looks.append)
    assert found.reached
    assert [look.reached for look in looks] == [False] * (len(looks) - 1) + [True]
    assert [look.replications for look in looks] == list(counts(study(), 400))[: len(looks)]
    assert len(looks) > 1
    row = found.table.iloc[0]
    assert row["pairs"] == found.replications == found.results.sheet.replications
    assert row["half_width"] <= 4.0
    again = run(study(replications=found.replications), workers=1)
    assert found.results.canonical() == again.canonical()


def test_the_budget_ends_it(study):
    found = run_until(study(), {"profit": 1e-6}, max_runs=50, workers=1)
    assert not found.reached
    assert found.replications == 25
    assert "after 25 replications (50 runs)" in found.statement
    assert "only (wanted ±1e-06); about " in found.statement


def test_what_has_no_value_ends_it(study):
    found = run_until(study(kpis=("breakage",)), {"breakage": 0.1}, workers=1)
    assert (found.reached, found.replications) == (False, PILOT)


@pytest.mark.slow
def test_workers_and_folders_change_nothing(study, tmp_path):
    goal = {"profit": 4.0, "csi.south": "0.5%"}
    alone = run_until(study(), goal, max_runs=48, workers=1)
    two = run_until(study(), goal, max_runs=48, workers=2, store=tmp_path / "two")
    assert alone.statement == two.statement
    assert alone.results.canonical() == two.results.canonical() == read(tmp_path / "two").canonical()


def test_it_goes_on_where_it_was_interrupted(study, tmp_path, monkeypatch):
    whole = run_until(study(), {"profit": 1e-6}, max_runs=60, workers=1)
    calls = []

    def interrupted(*arguments, **options):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return run(*arguments, **options)

    monkeypatch.setattr(precision, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_until(study(), {"profit": 1e-6}, max_runs=60, workers=1, store=tmp_path)
    monkeypatch.setattr(precision, "run", run)
    done = []
    outcome = study_runs.RunExecutor.outcome
    monkeypatch.setattr(study_runs.RunExecutor, "outcome", lambda self, i: (done.append(i), outcome(self, i))[1])
    found = run_until(study(), {"profit": 1e-6}, max_runs=60, workers=1, store=tmp_path)
    assert sorted(done) == list(range(40, 60))
    assert found.statement == whole.statement
    assert found.results.canonical() == whole.results.canonical()


def test_what_is_stored_is_read_only(study, tmp_path, monkeypatch):
    first = run_until(study(), {"profit": 1e-6}, max_runs=60, workers=1, store=tmp_path)
    before = (tmp_path / FILE).stat().st_mtime_ns
    monkeypatch.setattr(study_runs.RunExecutor, "batch", lambda *_: 1 / 0)
    reports = []
    again = run_until(
        study(), {"profit": 1e-6}, max_runs=60, workers=1, store=tmp_path, progress=lambda *now: reports.append(now)
    )
    assert again.statement == first.statement
    assert (tmp_path / FILE).stat().st_mtime_ns == before
    assert reports == [(60, 60, 0, 0.0)]


def test_the_folder_says_what_it_holds(study, tmp_path):
    run(study(replications=40), tmp_path, workers=1)
    run_until(study(), {"profit": WIDE}, workers=1, store=tmp_path)
    assert read(tmp_path).sheet.replications == PILOT


def test_failed_runs_are_left_out(study, world, own):
    experiment = study(scenario=world.adding(own.Fragile(in_replication=1)))
    found = run_until(experiment, {"profit": WIDE}, workers=1)
    assert found.reached
    assert found.table["pairs"].tolist() == [PILOT - 1]


def test_it_is_there_for_users():
    assert abm.run_until is run_until
