"""A cluster that several studies share is reached once, and only if there is something to do."""

import contextlib

import pytest

from abm.core.errors import Refusal
from abm.study.running.reach import Reach, shared
from abm.study.running.runner import run

distributed = pytest.importorskip("distributed")
clusters = pytest.importorskip("abm.study.running.cluster")


def test_no_cluster_stays_none():
    with shared(None) as cluster:
        assert cluster is None


def test_reached_once_and_left_at_the_end(study, monkeypatch, tmp_path):
    opened, events = clusters.opened, []

    @contextlib.contextmanager
    def counted(where):
        if isinstance(where, Reach):
            with opened(where) as client:
                yield client
            return
        events.append("reached")
        with opened(where) as client:
            yield client
        events.append("left")

    monkeypatch.setattr(clusters, "opened", counted)
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options, protocol="inproc") as dask, shared(dask) as cluster:
        assert events == []
        for seed in (1, 2):
            assert run(study(seed=seed), cluster=cluster).missing == 0
        with shared(cluster) as same:
            assert same is cluster
        assert events == ["reached"]
    assert events == ["reached", "left"]


def test_what_is_stored_asks_nobody(study, tmp_path):
    run(study(), tmp_path, workers=1)
    with shared("tcp://127.0.0.1:9") as cluster:
        assert run(study(), tmp_path, cluster=cluster).missing == 0


def test_what_cannot_be_reached_is_refused(study, monkeypatch):
    monkeypatch.setattr(clusters, "ANSWER", 0.5)
    with shared("tcp://127.0.0.1:9") as cluster, pytest.raises(Refusal, match="no Dask scheduler answers"):
        run(study(), cluster=cluster)
