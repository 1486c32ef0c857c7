"""Several studies share one connection to a cluster, which is made only if there is something to do."""

import contextlib

import pytest

from abm.core.errors import Refusal
from abm.study.running.cluster_connection import ClusterConnection, shared_connection
from abm.study.running.runner import run

distributed = pytest.importorskip("distributed")
clusters = pytest.importorskip("abm.study.running.cluster")


def test_no_cluster_stays_none():
    with shared_connection(None) as connection:
        assert connection is None


def test_connected_once_and_disconnected_at_the_end(study, monkeypatch, tmp_path):
    connected, events = clusters.connected, []

    @contextlib.contextmanager
    def counted(where):
        if isinstance(where, ClusterConnection):
            with connected(where) as client:
                yield client
            return
        events.append("connected")
        with connected(where) as client:
            yield client
        events.append("disconnected")

    monkeypatch.setattr(clusters, "connected", counted)
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options, protocol="inproc") as dask, shared_connection(dask) as connection:
        assert events == []
        for seed in (1, 2):
            assert run(study(seed=seed), cluster=connection).missing == 0
        with shared_connection(connection) as same:
            assert same is connection
        assert events == ["connected"]
    assert events == ["connected", "disconnected"]


def test_where_all_is_stored_no_connection_is_made(study, tmp_path):
    run(study(), tmp_path, workers=1)
    with shared_connection("tcp://127.0.0.1:9") as connection:
        assert run(study(), tmp_path, cluster=connection).missing == 0


def test_without_a_scheduler_it_is_refused(study, monkeypatch):
    monkeypatch.setattr(clusters, "ANSWER", 0.5)
    with (
        shared_connection("tcp://127.0.0.1:9") as connection,
        pytest.raises(Refusal, match="no Dask scheduler answers"),
    ):
        run(study(), cluster=connection)
