"""Runs on a Dask cluster.   The only file that imports distributed.

Batches are sent to the workers of a Dask scheduler and come back as segments, which this process commits: workers need
no folder in common. A batch is a function of its order alone, so that Dask may do it again elsewhere when a worker is
lost, and a run that comes back twice is stored as twins. The scheduler runs what it is sent, for whoever reaches it:
it belongs on loopback or behind TLS.
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
from abm.study.running.jobs import said
from abm.study.running.pool import Death, packed, unpacked
from abm.study.running.reach import Reach
from abm.study.running.work import Bench, Report
from abm.study.storage.store import Segments

try:
    import distributed
except ImportError:
    raise Refusal('a cluster needs more to be installed: pip install "patronage[cluster]"', place="cluster") from None

_ONE_AT_A_TIME = threading.Lock()  # a worker may have several threads, and a bench keeps worlds between runs
ANSWER = 10  # seconds in which a scheduler must answer
LOOK = 1.0  # seconds between two looks at how many workers there are
AHEAD = 2  # batches at a time for each thread of a worker, so that none waits for this process
SAME = "install the same versions on this machine, the scheduler and its workers"
GOES_ON = "what is stored so far is safe, and the same command goes on from there"
IMPORTABLE = "install its module on the workers too"


@contextlib.contextmanager
def opened(where: Any) -> Iterator[distributed.Client]:
    """Reach a cluster, and leave it; jobs that are asked for end then, and a client that is given stays as it is.

    where : the address of a scheduler ("tcp://host:8786"), a TOML file that says how to ask a queueing system for jobs,
            or a Client or cluster object of Dask

    Raises Refusal if nothing answers there or the file is wrong.
    """
    if isinstance(where, Reach | distributed.Client):
        yield where.client if isinstance(where, Reach) else where
        return
    with contextlib.ExitStack() as ours:
        if isinstance(where, str | Path) and "://" not in str(where):
            if Path(where).suffix != ".toml":
                advice = "is neither the address of a Dask scheduler (tcp://HOST:PORT) nor a TOML file"
                raise Refusal(f"= {shown(str(where))} {advice}", place="cluster")
            where = ours.enter_context(jobs.asked(Path(where)))
        ours.enter_context(jobs.quiet())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of versions that differ: each batch compares them, and says so
                client = distributed.Client(where, timeout=ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            advice = "start one with `dask scheduler`, or correct the address"
            raise Refusal(f"no Dask scheduler answers at {where} ({error}); {advice}", place="cluster") from None
        ours.callback(client.close, timeout=LOOK)
        yield client


class Cluster:
    """The workers of a Dask scheduler, for one experiment; used like a Pool.

    where : as of `opened`

    Raises what `opened` raises, and Unsendable like Pool.
    """

    def __init__(self, experiment: Experiment, where: Any, threads: int) -> None:
        checks.whole("threads", threads, low=1)
        self._order = (packed(experiment), experiment.sheet.digests, versions(), threads)
        self._ended: queue.SimpleQueue[distributed.Future] = queue.SimpleQueue()
        self._batches: dict[str, tuple[distributed.Future, np.ndarray]] = {}
        self._name, self._number = f"patronage-{secrets.token_hex(4)}", itertools.count()
        self._looked, self._waited, self.size = 0.0, False, 0
        self._ours = contextlib.ExitStack()
        self._client = self._ours.enter_context(opened(where))

    @property
    def idle(self) -> int:
        """How many batches can be given now."""
        return max(0, AHEAD * self.size - len(self._batches))

    @property
    def busy(self) -> bool:
        """Whether any batch is with the workers."""
        return bool(self._batches)

    def give(self, indices: np.ndarray) -> None:
        """Send a batch, places in the run sheet, to the workers."""
        key = f"{self._name}-{next(self._number)}"
        with _in_reach():
            future = self._client.submit(do_batch, *self._order, np.asarray(indices), key=key, pure=False)
        self._batches[key] = future, indices
        future.add_done_callback(self._ended.put)

    def events(self) -> Iterator[tuple[np.ndarray, Report | Death]]:
        """Wait until a batch has ended or LOOK has passed; yield what came of each batch that ended."""
        self._look()
        if self.idle and not self.busy:
            return  # the workers are there and wait: this is the first look at them
        with contextlib.suppress(queue.Empty):
            future = self._ended.get(timeout=LOOK)
            while True:
                _, batch = self._batches.pop(str(future.key))
                yield batch, self._answer(future)
                future = self._ended.get_nowait()

    def _look(self) -> None:
        """Count the workers, now and then; raise Refusal if the scheduler is gone."""
        if time.monotonic() - self._looked < LOOK:
            return
        with _in_reach():
            self.size = sum(self._client.nthreads().values())
        self._looked = time.monotonic()
        if not self.size and not self._waited:
            self._waited = True
            warnings.warn("the Dask scheduler has no workers yet; runs begin when the first one comes", stacklevel=6)

    def _answer(self, future: distributed.Future) -> Report | Death:
        """Return what a batch came to; raise Refusal if the workers cannot do any."""
        if future.status == "error":
            error = future.exception()
            if isinstance(error, distributed.KilledWorker):
                return Death(None, "workers of the cluster ended while they did this run; was there enough memory?")
            raise Refusal(f"a worker of the cluster cannot do runs ({said(error)}); {SAME}", place="cluster")
        if future.status != "finished":
            raise Refusal(f"the Dask scheduler is gone (a batch is {future.status}); {GOES_ON}", place="cluster")
        with _in_reach():
            answer = future.result()
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def stop(self) -> Iterator[Report]:
        """Take the batches that have not begun or not ended back; yield the reports of those that have."""
        self._take_back()
        for future, _ in self._batches.values():
            if future.status == "finished":
                with contextlib.suppress(Exception):  # its worker may be gone, and there is no time to do it again
                    answer = future.result(timeout=LOOK)
                    if isinstance(answer, Report):
                        yield answer
        self._batches.clear()

    def close(self) -> None:
        """Take all batches back and leave the scheduler; end the jobs that were asked for here."""
        self._take_back()
        self._ours.close()

    def _take_back(self) -> None:
        if self._client.status == "running":
            self._client.cancel([future for future, _ in self._batches.values() if not future.done()], force=True)


@contextlib.contextmanager
def _in_reach() -> Iterator[None]:
    """Say in one line that the scheduler is gone, for which Dask has many errors."""
    try:
        yield
    except Exception as error:
        raise Refusal(f"the Dask scheduler is gone ({said(error)}); {GOES_ON}", place="cluster") from None


def do_batch(
    order: bytes, digests: dict[str, str], made_with: dict[str, str], threads: int, indices: np.ndarray
) -> Report | Refusal:
    """Do a batch on a worker; return the report with its segment, or why no batch can be done there."""
    if others := changes(made_with):
        where = f"a worker on {socket.gethostname()}"
        return Refusal(f"{where} has other versions: made with {', '.join(others)}; {SAME}", place="cluster")
    kept = Segments()
    with _ONE_AT_A_TIME:
        try:
            bench = _bench(order, tuple(digests.items()), threads)
        except Refusal as refusal:
            return refusal
        report = bench.batch(indices, kept)
    return replace(report, data=kept.only(), stopped=None)


@lru_cache(maxsize=2)
def _bench(order: bytes, digests: tuple[tuple[str, str], ...], threads: int) -> Bench:
    return Bench(unpacked(order, dict(digests), IMPORTABLE), threads)
