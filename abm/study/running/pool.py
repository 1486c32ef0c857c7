"""Worker processes: each does batches of runs and commits them itself, so that a kill costs at most a batch.

A worker starts as a new process, gets one batch at a time and answers with a report. When it is asked to stop, gets
SIGTERM or finds that its parent has ended, it finishes the run it is at, commits what it has done and ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal, shortage
from abm.study.plan.experiment import Experiment
from abm.study.running import script
from abm.study.running.work import Report, RunExecutor
from abm.study.storage.store import Segments, Store

GRACE = 2.0  # seconds a run may still take once everything is to stop
# The parent comes first: its id must be known before anything slow is loaded.
PRELOADED = ["abm.study.running.parent", __name__, "abm.study.running.preload"]
NO_RUNS = np.empty(0, np.int64)  # the batch that asks a worker to stop


class Unsendable(Refusal):
    """An experiment that worker processes cannot be given, or cannot load."""


@dataclass(frozen=True)
class WorkerDied:
    """What came of a batch whose worker process ended without a report.

    reason : how it ended, where no exit code says so
    """

    exit_code: int | None
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        if self.exit_code is not None and self.exit_code < 0:
            return f"the worker process was ended by {signal.Signals(-self.exit_code).name}; was there enough memory?"
        return f"the worker process ended by itself with exit code {self.exit_code}"


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    batch: np.ndarray = field(default_factory=lambda: NO_RUNS)
    ready: bool = False

    @property
    def idle(self) -> bool:
        return self.ready and not len(self.batch)


class Pool:
    """Worker processes for one experiment.

    store : where they commit; None = they send their segments back        size : how many workers there are

    Raises Unsendable for an experiment with mechanisms or KPIs that another process could not import, and in a program
    that it could not load; Refusal in a process that may start none.
    """

    def __init__(self, experiment: Experiment, store: Store | None, workers: int, threads: int) -> None:
        if multiprocessing.current_process().daemon:
            advice = "it may start no processes of its own; use workers=1"
            raise Refusal(f"= {workers}, but this is itself a worker process of a pool: {advice}", place="workers")
        if script.is_unguarded():
            raise Unsendable(f"every worker process would run the script from its beginning; {script.advice()}")
        self._has_server = start_server()
        self._context: Any = multiprocessing.get_context("forkserver" if self._has_server else "spawn")
        self._worker_arguments = (
            packed(experiment),
            experiment.sheet.digests,
            store.folder if store else None,
            threads,
            script.advice(),
        )
        self.size = workers
        self._workers = [self._start_worker() for _ in range(workers)]

    def _start_worker(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_do_batches, args=(theirs, *self._worker_arguments), daemon=True)
        try:
            # With a server Ctrl-C is not blocked here: one that is still loading keeps `start` waiting for seconds.
            with contextlib.nullcontext() if self._has_server else _blocking_ctrl_c():
                process.start()
        except (OSError, EOFError) as error:
            advice = shortage(error) or script.advice()
            raise Unsendable(f"no worker process could be started ({error}); {advice}") from None
        theirs.close()
        return _Worker(process, ours)

    @property
    def idle(self) -> int:
        """How many workers wait for a batch."""
        return sum(worker.idle for worker in self._workers)

    @property
    def busy(self) -> bool:
        """Whether any worker has a batch or is still starting."""
        return any(not worker.idle for worker in self._workers)

    def give(self, indices: np.ndarray) -> None:
        """Give a batch, indices of runs in the run sheet, to an idle worker."""
        worker = next(worker for worker in self._workers if worker.idle)
        worker.batch = indices
        with contextlib.suppress(OSError):  # `events` notices a worker that has just died
            worker.pipe.send(indices)

    def events(self) -> Iterator[tuple[np.ndarray, Report | WorkerDied]]:
        """Wait until something happens; yield what came of each batch that ended.  A dead worker is replaced."""
        workers = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(workers)):
            worker = workers[pipe]  # type: ignore[index]
            batch, answer = worker.batch, self._answer(worker)
            if isinstance(answer, Report | WorkerDied):
                worker.batch = NO_RUNS
                yield batch, answer

    def _answer(self, worker: _Worker) -> Report | WorkerDied | None:
        """Read what a worker sends: that it is ready, a report, a refusal to raise here, or nothing as it has died."""
        try:
            answer = worker.pipe.recv()
        except (EOFError, ConnectionError):
            return self._replace(worker)
        if isinstance(answer, Refusal):
            raise answer
        worker.ready = True
        return answer

    def _replace(self, worker: _Worker) -> WorkerDied:
        """Start another worker in place of one that has died, and return how that one ended."""
        worker.process.join(GRACE)
        ending = WorkerDied(worker.process.exitcode)
        if not worker.ready:
            raise Unsendable(f"{ending}, while starting; {script.advice()}")
        worker.pipe.close()
        self._workers[self._workers.index(worker)] = self._start_worker()
        return ending

    def stop(self) -> Iterator[Report]:
        """Ask all workers to stop after the run they are at; yield the last reports of those that do within GRACE."""
        for worker in self._workers:
            with contextlib.suppress(OSError):
                worker.pipe.send(NO_RUNS)
        until = time.monotonic() + GRACE
        waiting = {worker.pipe: worker for worker in self._workers if len(worker.batch)}
        while waiting and time.monotonic() < until:
            for pipe in wait(list(waiting), timeout=0.2):
                worker = waiting.pop(pipe)  # type: ignore[call-overload]
                with contextlib.suppress(EOFError, OSError):
                    answer = worker.pipe.recv()
                    if isinstance(answer, Report):
                        yield answer

    def close(self) -> None:
        """Kill all workers: one that waits for a batch has nothing to lose, one that works loses its batch."""
        for worker in self._workers:
            worker.process.kill()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join()


def start_server() -> bool:
    """Start the server that worker processes are forked from; return whether this platform has one.

    It loads the kernels, or compiles half of them; nothing of the caller's own modules.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return False
    from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415 - not on every platform

    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    resource_tracker.ensure_running()  # it comes first, as starting it undoes the blocking of Ctrl-C
    with _blocking_ctrl_c():
        forkserver.ensure_running()
    return True


def _do_batches(
    pipe: Connection, packed_experiment: bytes, digests: dict[str, str], folder: Path | None, threads: int, advice: str
) -> None:
    """Do, as a worker, the batches that come through a pipe, until there are no more or its other end is closed.

    advice : what to do if the experiment cannot be loaded here
    """
    state = _WorkerState()
    with contextlib.suppress(EOFError, ConnectionError):
        try:
            executor = RunExecutor(unpacked(packed_experiment, digests, advice), threads)
            pipe.send("ready")
            while not state.stopping and len(indices := pipe.recv()):
                state.working = True
                keeper = Store(folder) if folder else Segments()
                report = executor.batch(indices, keeper, stop=lambda: state.stopping or pipe.poll())
                if report.stopped:
                    raise report.stopped
                pipe.send(report if folder else replace(report, data=keeper.only()))
                state.working = False
        except Refusal as refusal:
            pipe.send(refusal)


@contextlib.contextmanager
def _blocking_ctrl_c() -> Iterator[None]:
    """Block Ctrl-C, so that it does not end processes that are started meanwhile; this one acts on it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _WorkerState:
    """Whether a worker is doing a batch, and whether SIGTERM has asked it to stop.

    A worker that waits stops at once, one that works after its run. Ctrl-C, which goes to all processes of a terminal,
    is ignored: the parent acts on it.
    """

    def __init__(self) -> None:
        self.working = self.stopping = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._terminated)

    def _terminated(self, number: int, frame: Any) -> None:
        self.stopping = True
        if not self.working:
            sys.exit(128 + number)


def packed(experiment: Experiment) -> bytes:
    """Return an experiment as bytes for another process.

    Raises Unsendable for mechanisms or KPIs that another process could not import.
    """
    try:
        return pickle.dumps(experiment)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        advice = "define mechanisms and KPIs at the top level of a module, or use workers=1"
        raise Unsendable(f"the experiment cannot be sent to worker processes ({error}); {advice}") from None


def unpacked(packed_experiment: bytes, digests: dict[str, str], advice: str) -> Experiment:
    """Return the experiment that another process has packed; `digests` are those of its arms there.

    Raises Unsendable if something of it cannot be imported here, Refusal if code or input files are not the same here.
    """
    try:
        experiment: Experiment = pickle.loads(packed_experiment)  # safe: from the study's own process, never a file
        same = experiment.sheet.digests == digests
    except Exception as error:
        raise Unsendable(f"a worker process cannot load the experiment ({error}); {advice}") from None
    if not same:
        raise Refusal("code or input files have changed since the experiment was built; start Python anew")
    return experiment
