"""Runs on a Dask cluster.   The only file that imports distributed and dask_jobqueue.

Batches are sent to the workers of a Dask scheduler and come back as segments, which this process commits: workers need
no folder in common. A batch is a function of its order alone, so that Dask may do it again elsewhere when a worker is
lost, and a run that comes back twice is stored as twins. The scheduler runs what it is sent, for whoever reaches it:
it belongs on loopback or behind TLS.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import logging
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

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.spec import read_toml
from abm.study import checks
from abm.study.experiment import Experiment
from abm.study.pool import Death, packed, unpacked
from abm.study.store import Segments
from abm.study.versions import changes, versions
from abm.study.work import Bench, Report

try:
    import distributed
except ImportError:
    raise Refusal('a cluster needs more to be installed: pip install "patronage[cluster]"', place="cluster") from None

_ONE_AT_A_TIME = threading.Lock()  # a worker may have several threads, and a bench keeps worlds between runs
KINDS = {
    "slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster", "moab": "MoabCluster",
    "oar": "OARCluster", "htcondor": "HTCondorCluster", "local": "local.LocalCluster",
}  # fmt: skip
SETTINGS: dict[str, type] = {
    "kind": str, "jobs": int, "cores": int, "processes": int, "memory": str, "disk": str, "walltime": str,
    "queue": str, "account": str, "project": str, "resource_spec": str, "interface": str, "python": str,
    "local_directory": str, "log_directory": str, "shared_temp_directory": str, "death_timeout": int,
    "job_extra_directives": list, "job_script_prologue": list, "worker_extra_args": list,
}  # fmt: skip
NEEDED = ("kind", "jobs", "cores", "memory")
ANSWER = 10  # seconds in which a scheduler must answer
LEAVE = 3  # seconds in which jobs must end
LOOK = 1.0  # seconds between two looks at how many workers there are
PATIENCE = 300  # seconds that a job looks for its scheduler
MOST_SAID = 300  # characters of an error of Dask's
AHEAD = 2  # batches at a time for each thread of a worker, so that none waits for this process
SAME = "install the same versions on this machine, the scheduler and its workers"
GOES_ON = "what is stored so far is safe, and the same command goes on from there"
IMPORTABLE = "install its module on the workers too"


class Cluster:
    """The workers of a Dask scheduler, for one experiment; used like a Pool.

    where : the address of a scheduler ("tcp://host:8786"), a TOML file that says how to ask a queueing system for jobs,
            or a Client or cluster object of Dask

    Raises Refusal if nothing answers there or the file is wrong, Unsendable like Pool.
    """

    def __init__(self, experiment: Experiment, where: Any, threads: int) -> None:
        checks.whole("threads", threads, low=1)
        self._order = (packed(experiment), experiment.sheet.digests, versions(), threads)
        self._ended: queue.SimpleQueue[distributed.Future] = queue.SimpleQueue()
        self._batches: dict[str, tuple[distributed.Future, np.ndarray]] = {}
        self._name, self._number = f"patronage-{secrets.token_hex(4)}", itertools.count()
        self._looked, self._waited, self.size = 0.0, False, 0
        self._ours = contextlib.ExitStack()
        self._client = self._connected(where)

    def _connected(self, where: Any) -> distributed.Client:
        if isinstance(where, distributed.Client):
            return where
        if isinstance(where, str | Path) and "://" not in str(where):
            if Path(where).suffix != ".toml":
                advice = "is neither the address of a Dask scheduler (tcp://HOST:PORT) nor a TOML file"
                raise Refusal(f"= {shown(str(where))} {advice}", place="cluster")
            where = self._ours.enter_context(_queue(Path(where)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of versions that differ: each batch compares them, and says so
                client = distributed.Client(where, timeout=ANSWER, set_as_default=False)
        except BaseException as error:
            self._ours.close()  # also when Ctrl-C comes while jobs wait in the queue
            if not isinstance(error, OSError | ValueError):
                raise
            advice = "start one with `dask scheduler`, or correct the address"
            raise Refusal(f"no Dask scheduler answers at {where} ({error}); {advice}", place="cluster") from None
        self._ours.callback(client.close, timeout=LOOK)
        return client

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
            raise Refusal(f"a worker of the cluster cannot do runs ({_said(error)}); {SAME}", place="cluster")
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
        raise Refusal(f"the Dask scheduler is gone ({_said(error)}); {GOES_ON}", place="cluster") from None


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


def _said(error: BaseException | None) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:MOST_SAID]


@contextlib.contextmanager
def _queue(path: Path) -> Iterator[Any]:
    """Ask a queueing system for jobs as a file says; yield the cluster, which ends with them."""
    with checks.at("", str(path)):
        wanted = settings(read_toml(path))
    kind, jobs = wanted.pop("kind"), wanted.pop("jobs")
    home, _, name = KINDS[kind].rpartition(".")
    made = None
    with _quiet():
        try:
            try:
                made = getattr(importlib.import_module(".".join(filter(None, ("dask_jobqueue", home)))), name)(**wanted)
                made.scale(jobs=jobs)
                made.sync(_submitted, made)
            except Exception as error:  # each queueing system has errors of its own
                raise Refusal(f"no jobs can be had: {_said(error)}", source=str(path)) from None
            yield made
        finally:
            if made is not None:
                _ended(made)


def _ended(cluster: Any) -> None:
    """End jobs, and remove the certificates by which they have known each other."""
    with contextlib.suppress(Exception):  # a job that never was cannot be ended either
        cluster.close(timeout=LEAVE)
    for name, thing in vars(cluster).items():
        if name.startswith("_job_") and hasattr(thing, "close"):
            thing.close()


async def _submitted(cluster: Any) -> None:
    """Wait until all jobs are in the queue; raise what one that is not is refused with."""
    await cluster
    for job in cluster.workers.values():
        await job


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what goes wrong behind the scenes off the terminal: it is said in one line."""
    loggers = [logging.getLogger(name) for name in ("tornado.application", "asyncio", "distributed")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def settings(table: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a queueing system as dask_jobqueue takes them; raise Refusal for wrong ones."""
    for key, value in table.items():
        if key not in SETTINGS:
            raise Refusal(f"no setting {shown(key)}{did_you_mean(key, SETTINGS) or '; there is ' + one_of(SETTINGS)}")
        if SETTINGS[key] is int:
            checks.whole(key, value, low=1)
        elif SETTINGS[key] is str:
            checks.text(key, value, empty=False)
        elif not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise Refusal(f"= {shown(value)} is not a list of texts", place=key)
    for key in NEEDED:
        if key not in table:
            raise Refusal("is missing", place=key)
    kind = table["kind"]
    if kind not in KINDS:
        raise Refusal(f"= {shown(kind)} is not {one_of(KINDS)}{did_you_mean(kind, KINDS)}", place="kind")
    loopback = {"host": "127.0.0.1"} if kind == "local" else {}
    defaults = {"processes": table["cores"], "shared_temp_directory": str(Path.home()), "death_timeout": PATIENCE}
    safe = {"security": True, "scheduler_options": {"dashboard_address": "127.0.0.1:0", **loopback}}
    return defaults | table | safe
