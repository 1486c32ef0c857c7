"""A connection to a cluster that several studies share: it is made once, when one of them has something to do."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any


class ClusterConnection:
    """A connection to a cluster, made when it is first needed; `run` takes it in place of a cluster.

    where : the address of a Dask scheduler, a TOML file that asks for jobs, or a Client or cluster object of Dask
    """

    def __init__(self, where: Any) -> None:
        self._where, self._cleanup, self._client = where, contextlib.ExitStack(), None

    @property
    def client(self) -> Any:
        """The client of Dask.  Raises Refusal if there is no connection to be had."""
        if self._client is None:
            cluster = importlib.import_module("abm.study.running.cluster")  # slow, and not always installed
            self._client = self._cleanup.enter_context(cluster.connected(self._where))
        return self._client

    def close(self) -> None:
        """Disconnect from the cluster; end the jobs that were asked for."""
        self._cleanup.close()


@contextlib.contextmanager
def shared_connection(where: Any) -> Iterator[Any]:
    """Yield one connection for several calls of `run`, so that jobs are asked for once; None for this machine."""
    if where is None or isinstance(where, ClusterConnection):
        yield where
        return
    connection = ClusterConnection(where)
    try:
        yield connection
    finally:
        connection.close()
