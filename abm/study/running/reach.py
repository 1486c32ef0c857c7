"""A cluster that several studies share: it is reached once, when there is something to do."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any


class Reach:
    """A cluster to be reached when it is needed; `run` takes it for a cluster.

    where : the address of a Dask scheduler, a TOML file that asks for jobs, or a Client or cluster object of Dask
    """

    def __init__(self, where: Any) -> None:
        self._where, self._ours, self._client = where, contextlib.ExitStack(), None

    @property
    def client(self) -> Any:
        """The client of Dask.  Raises Refusal if the cluster cannot be reached."""
        if self._client is None:
            cluster = importlib.import_module("abm.study.running.cluster")  # slow, and not always installed
            self._client = self._ours.enter_context(cluster.opened(self._where))
        return self._client

    def leave(self) -> None:
        """Leave the cluster; end the jobs that were asked for."""
        self._ours.close()


@contextlib.contextmanager
def shared(where: Any) -> Iterator[Any]:
    """Yield a cluster for several calls of `run`, so that jobs are asked for once; None stays None, which is here."""
    if where is None or isinstance(where, Reach):
        yield where
        return
    reach = Reach(where)
    try:
        yield reach
    finally:
        reach.leave()
