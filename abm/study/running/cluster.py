"""Runs on a Dask cluster.   The only file that imports distributed.

Batches are sent to the workers of a Dask scheduler and come back as segments, which this process commits: workers need
no folder in common. What a batch gives depends on what is sent alone, so that Dask may do it again elsewhere when a
worker dies, and a run that comes back twice is stored twice and read once. The scheduler runs what anybody sends it who
can connect to it: it belongs on loopback or behind TLS.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import secrets
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal, shown
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.provenance.versions import changes, versions
from abm.study.running import jobs
from abm.study.running.cluster_connection import ClusterConnection
from abm.study.running.jobs import on_one_line
from abm.study.running.pool import WorkerDied, packed, unpacked
from abm.study.running.work import Report, RunExecutor
from abm.study.storage.store import Segments

try:
    import distributed
except ImportError:
    raise Refusal('a cluster needs more to be installed: pip install "patronage[cluster]"', place="cluster") from None

_ONE_AT_A_TIME = threading.Lock()  # the threads of a worker share an executor, which keeps worlds between runs
ANSWER = 10  # seconds in which a scheduler must answer
POLL_SECONDS = 1.0  # between two counts of the workers
BATCHES_PER_THREAD = 2  # at a time, so that no thread of a worker waits for this process
VERSIONS_ADVICE = "install the same versions on this machine, the scheduler and its workers"
RESUME_ADVICE = "what is stored so far is safe, and the same command goes on from there"
IMPORT_ADVICE = "install its module on the workers too"


@contextlib.contextmanager
def connected(where: Any) -> Iterator[distributed.Client]:
    """Connect to a cluster, and disconnect; jobs asked for end then, and a client that was given stays connected.

    where : the address of a scheduler ("tcp://host:8786"), a TOML file that says how to ask a queueing system for jobs,
            or a Client or cluster object of Dask

    Raises Refusal if nothing answers there or the file is wrong.
    """
    if isinstance(where, ClusterConnection | distributed.Client):
        yield where.client if isinstance(where, ClusterConnection) else where
        return
    with contextlib.ExitStack() as cleanup:
        if isinstance(where, str | Path) and "://" not in str(where):
            if Path(where).suffix != ".toml":
                advice = "is neither the address of a Dask scheduler (tcp://HOST:PORT) nor a TOML file"
                raise Refusal(f"= {shown(str(where))} {advice}", place="cluster")
            where = cleanup.enter_context(jobs.requested(Path(where)))
        cleanup.enter_context(jobs.without_logs())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Dask warns of other versions, which each batch compares itself
                client = distributed.Client(where, timeout=ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            advice = "start one with `dask scheduler`, or correct the address"
            raise Refusal(f"no Dask scheduler answers at {where} ({error}); {advice}", place="cluster") from None
        cleanup.callback(client.close, timeout=POLL_SECONDS)
        yield client


class Cluster:
    """The workers of a Dask scheduler, for one experiment; used like a Pool.

    where : as of `connected`

    Raises what `connected` raises, and Unsendable like Pool.
    """

    def __init__(self, experiment: Experiment, where: Any, threads: int) -> None:
        checks.whole("threads", threads, low=1)
        self._arguments = (packed(experiment), experiment.sheet.digests, versions(), threads)
        self._ended: queue.SimpleQueue[distributed.Future] = queue.SimpleQueue()
        self._batches: dict[str, tuple[distributed.Future, np.ndarray]] = {}
        self._name, self._number = f"patronage-{secrets.token_hex(4)}", itertools.count()
        self._counted_at, self._warned, self.size = 0.0, False, 0
        self._cleanup = contextlib.ExitStack()
        self._client = self._cleanup.enter_context(connected(where))

    @property
    def idle(self) -> int:
        """How many batches can be given now."""
        return max(0, BATCHES_PER_THREAD * self.size - len(self._batches))

    @property
    def busy(self) -> bool:
        """Whether any batch is with the workers."""
        return bool(self._batches)

    def give(self, indices: np.ndarray) -> None:
        """Send a batch, indices of runs in the run sheet, to the workers."""
        key = f"{self._name}-{next(self._number)}"
        with _refusing_without_scheduler():
            future = self._client.submit(do_batch, *self._arguments, np.asarray(indices), key=key, pure=False)
        self._batches[key] = future, indices
        future.add_done_callback(self._ended.put)

    def events(self) -> Iterator[tuple[np.ndarray, Report | WorkerDied]]:
        """Wait for a batch to end, for POLL_SECONDS at most; yield what came of each batch that ended."""
        self._count_workers()
        if self.idle and not self.busy:
            return  # they were counted for the first time and wait for batches
        with contextlib.suppress(queue.Empty):
            future = self._ended.get(timeout=POLL_SECONDS)
            while True:
                _, batch = self._batches.pop(str(future.key))
                yield batch, self._answer(future)
                future = self._ended.get_nowait()

    def _count_workers(self) -> None:
        """Count the workers, at most every POLL_SECONDS; raise Refusal if the scheduler is gone."""
        if time.monotonic() - self._counted_at < POLL_SECONDS:
            return
        with _refusing_without_scheduler():
            self.size = sum(self._client.nthreads().values())
        self._counted_at = time.monotonic()
        if not self.size and not self._warned:
            self._warned = True
            warnings.warn("the Dask scheduler has no workers yet; runs begin when the first one comes", stacklevel=6)

    def _answer(self, future: distributed.Future) -> Report | WorkerDied:
        """Return what a batch came to; raise Refusal if the workers cannot do any."""
        if future.status == "error":
            error = future.exception()
            if isinstance(error, distributed.KilledWorker):
                return WorkerDied(
                    None, "workers of the cluster ended while they did this run; was there enough memory?"
                )
            raise Refusal(
                f"a worker of the cluster cannot do runs ({on_one_line(error)}); {VERSIONS_ADVICE}", place="cluster"
            )
        if future.status != "finished":
            raise Refusal(f"the Dask scheduler is gone (a batch is {future.status}); {RESUME_ADVICE}", place="cluster")
        with _refusing_without_scheduler():
            answer = future.result()
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def stop(self) -> Iterator[Report]:
        """Cancel the batches that have not ended; yield the reports of those that have."""
        self._cancel_unfinished()
        for future, _ in self._batches.values():
            if future.status == "finished":
                with contextlib.suppress(Exception):  # its worker may have died, and nobody waits for another
                    answer = future.result(timeout=POLL_SECONDS)
                    if isinstance(answer, Report):
                        yield answer
        self._batches.clear()

    def close(self) -> None:
        """Cancel all batches and disconnect from the scheduler; end the jobs that were asked for here."""
        self._cancel_unfinished()
        self._cleanup.close()

    def _cancel_unfinished(self) -> None:
        if self._client.status == "running":
            self._client.cancel([future for future, _ in self._batches.values() if not future.done()], force=True)


@contextlib.contextmanager
def _refusing_without_scheduler() -> Iterator[None]:
    """Turn any of the many errors by which Dask says that the scheduler is gone into one refusal."""
    try:
        yield
    except Exception as error:
        raise Refusal(f"the Dask scheduler is gone ({on_one_line(error)}); {RESUME_ADVICE}", place="cluster") from None


def do_batch(
    packed_experiment: bytes,
    digests: dict[str, str],
    made_with: dict[str, str],
    threads: int,
    indices: np.ndarray,
) -> Report | Refusal:
    """Do a batch on a worker; return the report with its segment, or why no batch can be done there."""
    if others := changes(made_with):
        where = f"a worker on {socket.gethostname()}"
        return Refusal(f"{where} has other versions: made with {', '.join(others)}; {VERSIONS_ADVICE}", place="cluster")
    kept = Segments()
    with _ONE_AT_A_TIME:
        try:
            executor = _executor(packed_experiment, tuple(digests.items()), threads)
        except Refusal as refusal:
            return refusal
        report = executor.batch(indices, kept)
    return replace(report, data=kept.only(), stopped=None)


@lru_cache(maxsize=2)
def _executor(packed_experiment: bytes, digests: tuple[tuple[str, str], ...], threads: int) -> RunExecutor:
    return RunExecutor(unpacked(packed_experiment, dict(digests), IMPORT_ADVICE), threads)
