"""Worker processes: started, given batches, killed, unable to load what they are sent."""

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.kpis.behaviour import market_share
from abm.kpis.kpi import kpi
from abm.study.plan.experiment import load
from abm.study.running import pool as pools
from abm.study.running.pool import Pool, Unsendable, WorkerDied, packed, unpacked
from abm.study.running.runner import run
from abm.study.running.work import Report
from abm.study.storage.store import Segments, Store
from tests.study.own_files import STUDY, habit

pytestmark = pytest.mark.slow


@kpi(unit="1")
def one(tallied):
    """One."""
    return tallied.profit * 0 + 1


def collect(pool, batches):
    """Give batches to workers and return what came of each."""
    answers, waiting = [], [np.asarray(batch) for batch in batches]
    until = time.monotonic() + 60
    while (waiting or pool.busy) and time.monotonic() < until:
        while waiting and pool.idle:
            pool.give(waiting.pop(0))
        answers += pool.events()
    return answers


def test_shipped_kpis_are_packed_by_name(study):
    experiment = study(kpis=("profit", "market_share"))
    other = unpacked(packed(experiment), experiment.sheet.digests, "")
    assert other == experiment
    assert other.kpis[1] is market_share


def test_files_of_theories_are_sent_along_to_where_nobody_has_them(tmp_path):
    """As on a cluster: another process, in which neither the file nor its folder is there any more."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "habits.py").write_text(habit())
    (home / "study.toml").write_text(STUDY)
    experiment = load(home / "study.toml", own=home / "habits.py")
    (tmp_path / "packed").write_bytes(packed(experiment))
    shutil.rmtree(home)
    loading = """
        import pathlib, sys
        from abm.study.running.pool import unpacked
        from abm.study.running.runner import run

        experiment = unpacked(pathlib.Path("packed").read_bytes(), dict(part.split("=") for part in sys.argv[1:]), "")
        print(run(experiment, workers=1).canonical())
    """
    digests = [f"{arm}={digest}" for arm, digest in experiment.sheet.digests.items()]
    environment = {**os.environ, "PYTHONPATH": str(Path(abm.__file__).parents[1])}
    command = [sys.executable, "-c", textwrap.dedent(loading), *digests]
    there = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (there.stdout.strip(), there.stderr) == (run(experiment, workers=1).canonical(), "")


def test_what_no_other_process_can_import_is_refused(study):
    local = kpi(unit="1")(lambda tallied: tallied.profit)
    with pytest.raises(Unsendable, match="cannot be sent to worker processes"):
        packed(study(kpis=(local,)))


def test_a_worker_sends_segments_back_when_there_is_no_folder(study):
    pool = Pool(study(), None, workers=1, threads=1)
    try:
        ((batch, report),) = collect(pool, [[0, 3]])
    finally:
        pool.close()
    assert list(batch) == [0, 3]
    assert isinstance(report, Report)
    kept = Segments()
    kept.commit(report.data)
    assert list(np.flatnonzero(kept.holdings(study().sheet).done)) == [0, 3]


def test_where_processes_can_only_be_spawned(study, monkeypatch):
    monkeypatch.setattr(pools.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    pool = Pool(study(), None, workers=1, threads=1)
    try:
        ((_, report),) = collect(pool, [[0, 3]])
    finally:
        pool.close()
    assert type(pool._context).__name__ == "SpawnContext"
    assert report.runs == 2


def test_a_killed_worker_is_reported_and_replaced(study, world, own):
    experiment = study(scenario=world.adding(own.Deadly(in_replication=1)))
    pool = Pool(experiment, None, workers=1, threads=1)
    try:
        answers = collect(pool, [[2], [0]])
    finally:
        pool.close()
    assert isinstance(answers[0][1], WorkerDied)
    assert "SIGKILL" in str(answers[0][1])
    assert answers[1][1].runs == 1


def test_a_module_the_worker_cannot_import_is_a_plain_line(study, world, own, tmp_path):
    experiment = study(scenario=world.adding(own.Fragile()))
    sent = packed(experiment)
    (tmp_path / "own_theories.py").unlink()
    pool = Pool(experiment, None, workers=1, threads=1)
    try:
        with pytest.raises(Unsendable, match="cannot load the experiment"):
            collect(pool, [[0]])
    finally:
        pool.close()
    assert b"own_theories" in sent


def test_code_edited_since_it_was_imported_is_refused(study, world, own, tmp_path):
    experiment = study(scenario=world.adding(own.Fragile()))
    assert len(experiment.sheet.digests) == 2
    text = (tmp_path / "own_theories.py").read_text()
    (tmp_path / "own_theories.py").write_text(text.replace("broke in", "stopped in"))
    pool = Pool(experiment, None, workers=1, threads=1)
    try:
        with pytest.raises(Refusal, match="have changed since the experiment was built"):
            collect(pool, [[0]])
    finally:
        pool.close()


def test_stop_lets_the_run_at_hand_finish(study, world, own):
    experiment = study(scenario=world.adding(own.Slow(seconds=0.05)), replications=50)
    pool = Pool(experiment, None, workers=1, threads=1)
    try:
        while not pool.idle:
            list(pool.events())
        pool.give(np.arange(100))
        time.sleep(0.8)
        (report,) = pool.stop()
    finally:
        pool.close()
    assert 1 <= report.runs < 50
    kept = Segments()
    kept.commit(report.data)
    assert kept.holdings(experiment.sheet).done.sum() == report.runs


def test_a_run_that_does_not_finish_in_time_is_given_up(study, world, own, monkeypatch):
    monkeypatch.setattr(pools, "GRACE", 0.3)
    experiment = study(scenario=world.adding(own.Slow(seconds=5.0)))
    pool = Pool(experiment, None, workers=1, threads=1)
    while not pool.idle:
        list(pool.events())
    pool.give(np.arange(3))
    began = time.monotonic()
    assert list(pool.stop()) == []
    pool.close()
    assert time.monotonic() - began < 3


def test_a_folder_that_cannot_be_written_stops_the_work(study, tmp_path):
    (tmp_path / "file").touch()
    pool = Pool(study(), Store(tmp_path / "file"), workers=1, threads=1)
    try:
        with pytest.raises(Refusal, match="cannot be written"):
            collect(pool, [[0]])
    finally:
        pool.close()


@pytest.mark.parametrize(("code", "words"), [(-9, "ended by SIGKILL"), (1, "exit code 1"), (None, "exit code None")])
def test_a_worker_that_died_says_how(code, words):
    assert words in str(WorkerDied(code))
