"""Runs on a Dask cluster of threads in this process; real processes are in tests/endurance/test_dask.py."""

import asyncio
import logging
import sys

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.kpis.kpi import kpi
from abm.study.provenance.versions import versions
from abm.study.running import jobs, study_runs
from abm.study.running.interrupts import Interrupted
from abm.study.running.pool import Unsendable, WorkerDied
from abm.study.running.runner import run
from abm.study.running.work import RunExecutor
from abm.study.storage.results import read

pytestmark = pytest.mark.slow

distributed = pytest.importorskip("distributed")
clusters = pytest.importorskip("abm.study.running.cluster")


@pytest.fixture(scope="module")
def dask():
    """A cluster of two workers, threads of this process."""
    options = {"processes": False, "n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options, protocol="inproc") as cluster:
        yield cluster


class TestTheSameNumbers:
    def test_in_a_folder_and_in_memory(self, crossed, dask, tmp_path):
        alone = run(crossed, workers=1)
        there = run(crossed, tmp_path, cluster=dask)
        assert there.missing == 0
        assert there.canonical() == read(tmp_path).canonical() == alone.canonical()
        assert run(crossed, cluster=dask, threads=2).canonical() == alone.canonical()

    def test_through_a_client_that_stays_open(self, study, dask):
        with distributed.Client(dask, set_as_default=False) as client:
            for seed in (1, 2):
                experiment = study(seed=seed)
                assert run(experiment, cluster=client).canonical() == run(experiment, workers=1).canonical()
            assert client.status == "running"

    def test_where_an_event_loop_runs_already_as_in_a_notebook(self, study, dask):
        async def cell():
            return run(study(), cluster=dask).canonical()

        assert asyncio.run(cell()) == run(study(), workers=1).canonical()

    def test_several_threads_of_a_worker_take_turns(self, crossed):
        options = {"processes": False, "n_workers": 1, "threads_per_worker": 4, "dashboard_address": "127.0.0.1:0"}
        with distributed.LocalCluster(**options, protocol="inproc") as cluster:
            assert run(crossed, cluster=cluster).canonical() == run(crossed, workers=1).canonical()

    def test_failed_runs_are_rows(self, study, world, own, dask):
        experiment = study(scenario=world.adding(own.Fragile(in_replication=1)))
        reports = []
        results = run(experiment, cluster=dask, progress=lambda *numbers: reports.append(numbers[:3]))
        assert reports[-1] == (6, 6, 2)
        assert results.canonical() == run(experiment, workers=1).canonical()


class TestInterrupts:
    def test_the_same_call_goes_on(self, study, dask, tmp_path):
        experiment = study(replications=30)

        def stop(done, *rest):
            if done >= 20:
                raise KeyboardInterrupt

        with pytest.raises(Interrupted) as stopped:
            run(experiment, tmp_path, cluster=dask, progress=stop)
        assert 20 <= stopped.value.done <= 60 - read(tmp_path).missing < 60
        assert run(experiment, tmp_path, cluster=dask).canonical() == run(experiment, workers=1).canonical()

    def test_a_finished_study_needs_no_scheduler(self, study, tmp_path):
        before = run(study(), tmp_path, workers=1).canonical()
        assert run(study(), tmp_path, cluster="tcp://127.0.0.1:9").canonical() == before

    def test_a_run_that_ends_its_workers_is_found(self, study, dask, monkeypatch):
        """Dask gives a batch up when several workers ended over it."""
        answered = clusters.Cluster._answer
        guilty = 3

        def answer(self, future):
            _, batch = self._given[future.key]
            return WorkerDied(None, "several ended") if guilty in batch else answered(self, future)

        given = clusters.Cluster.give

        def give(self, indices):
            given(self, indices)
            self._given = getattr(self, "_given", {}) | self._batches

        monkeypatch.setattr(clusters.Cluster, "give", give)
        monkeypatch.setattr(clusters.Cluster, "_answer", answer)
        results = run(study(), cluster=dask)
        assert list(results.failed[["replication", "arm", "error"]].itertuples(index=False, name=None)) == [
            (1, "cheap", "WorkerDied")
        ]
        assert results.missing == 0


class TestRefusals:
    def test_workers_are_of_this_machine(self, study):
        with pytest.raises(Refusal, match="workers = 2 counts processes of this machine, and a cluster has its own"):
            run(study(), workers=2, cluster="tcp://127.0.0.1:9")

    @pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tpc://127.0.0.1:9", "tcp://127.0.0.1:x"])
    def test_nobody_answers(self, study, tmp_path, address, monkeypatch):
        monkeypatch.setattr(clusters, "ANSWER", 0.5)
        with pytest.raises(Refusal, match=r"no Dask scheduler answers at .*; start one with `dask scheduler`"):
            run(study(), tmp_path / "results", cluster=address)
        assert not (tmp_path / "results").exists(), "nothing is half written"

    @pytest.mark.parametrize("where", ["127.0.0.1:8786", "slurm", ""])
    def test_neither_an_address_nor_a_file(self, study, where):
        with pytest.raises(
            Refusal, match=r"cluster = .* is neither the address of a Dask scheduler \(tcp://HOST:PORT\)"
        ):
            run(study(), cluster=where)

    def test_other_versions(self, study, dask, monkeypatch):
        monkeypatch.setattr(clusters, "versions", lambda: versions() | {"patronage": "9.9"})
        with pytest.raises(Refusal, match=r"a worker on \S+ has other versions: .*patronage 9\.9 \(now .*\); install"):
            run(study(), cluster=dask)

    def test_other_code(self, study, dask, monkeypatch):
        made = clusters.packed
        monkeypatch.setattr(clusters, "packed", lambda experiment: made(experiment.replace(seed=8)))
        with pytest.raises(Refusal, match="code or input files have changed"):
            run(study(), cluster=dask)

    def test_what_workers_cannot_import(self, study, dask):
        local = kpi(unit="1")(lambda tallied: tallied.profit)
        with pytest.raises(Unsendable, match="cannot be sent to worker processes"):
            run(study(kpis=(local,)), cluster=dask)

    def test_a_worker_without_the_package(self, study, dask, monkeypatch):
        def without(*sent):
            raise ModuleNotFoundError("No module named 'abm'")

        monkeypatch.setattr(clusters, "do_batch", without)
        with pytest.raises(Refusal, match=r"cannot do runs \(ModuleNotFoundError: No module named 'abm'\); install"):
            run(study(), cluster=dask)

    def test_the_extra_is_not_installed(self, study, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        monkeypatch.delitem(sys.modules, "abm.study.running.cluster")
        with pytest.raises(Refusal, match=r'cluster: .* pip install "patronage\[cluster\]"'):
            run(study(), cluster="tcp://127.0.0.1:9")

    def test_a_scheduler_that_goes_away(self, study, monkeypatch):
        options = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
        cluster = distributed.LocalCluster(**options, protocol="inproc")
        monkeypatch.setattr(clusters, "POLL_SECONDS", 0.05)
        with pytest.raises(Refusal, match=r"the Dask scheduler is gone .*the same command goes on from there"):
            run(study(replications=5000), cluster=cluster, progress=lambda done, *_: done > 20 and cluster.close())


def test_what_dask_logs_is_not_shown(dask):
    """What goes wrong is said in one line, and not in the log of a client too."""
    before = [logging.getLogger(name).level for name in jobs.LOGGERS]
    with clusters.connected(dask):
        assert not any(logging.getLogger(name).isEnabledFor(logging.ERROR) for name in jobs.LOGGERS)
    assert [logging.getLogger(name).level for name in jobs.LOGGERS] == before


def test_idle_workers_are_not_waited_for(study, dask, monkeypatch):
    """A comparison sends runs to the same cluster at each look: waiting would add up."""
    cluster = clusters.Cluster(study(), dask, 1)
    monkeypatch.setattr(cluster, "_ended", None)  # on which it would wait
    assert list(cluster.events()) == []
    assert cluster.idle == 4
    cluster.close()


def test_a_batch_depends_on_what_is_sent_alone(study):
    experiment = study()
    sent = (clusters.packed(experiment), experiment.sheet.digests, versions(), 1, np.array([0, 3]))
    first, second = clusters.do_batch(*sent), clusters.do_batch(*sent)
    assert first.data == second.data
    assert (first.runs, first.failed) == (2, 0)


def test_batches_on_a_cluster_are_longer(study, dask, monkeypatch):
    """They take longer to get there, and this process commits them all."""
    monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)
    monkeypatch.setattr(study_runs, "ON_CLUSTER", 4e9)
    sizes = []
    batch = RunExecutor.batch
    monkeypatch.setattr(
        RunExecutor, "batch", lambda self, some, *rest: (sizes.append(len(some)), batch(self, some, *rest))[1]
    )
    run(study(replications=100), cluster=dask)
    assert sum(sizes) == 200
    assert max(sizes) > 10
