"""Worker processes: each does batches of runs and commits them itself, so that a kill costs at most a batch.

A worker starts fresh, is handed one batch at a time and answers with a report. When it is told to stop, gets SIGTERM or
loses its parent, it finishes the run it is at, commits what it has and leaves.
"""

from __future__ import annotations

import contextlib
import importlib
import io
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

from abm.core.errors import Refusal
from abm.kpis.kpi import Kpi
from abm.study.plan.experiment import Experiment
from abm.study.running.work import Bench, Report
from abm.study.storage.store import Segments, Store

GRACE = 2.0  # seconds a run may still take once everything is to stop
GUARD = 'put the call of abm.run below `if __name__ == "__main__":`, or use workers=1'
PARENT, WARM = "abm.study.running.parent", "abm.study.running.warm"  # in this order
NONE = np.empty(0, np.int64)


class Unsendable(Refusal):
    """An experiment that cannot be handed to another process."""


@dataclass(frozen=True)
class Death:
    """What came of a batch whose worker process ended without a report.

    words : how it ended, when there is no exit code to tell
    """

    exit_code: int | None
    words: str = ""

    def __str__(self) -> str:
        if self.words:
            return self.words
        if self.exit_code is not None and self.exit_code < 0:
            return f"the worker process was ended by {signal.Signals(-self.exit_code).name}; was there enough memory?"
        return f"the worker process ended by itself with exit code {self.exit_code}"


@dataclass
class _Worker:
    process: BaseProcess
    line: Connection
    batch: np.ndarray = field(default_factory=lambda: NONE)
    ready: bool = False

    @property
    def idle(self) -> bool:
        return self.ready and not len(self.batch)


class Pool:
    """Worker processes for one experiment.

    store : where they commit; None = they send their segments back        size : how many there are

    Raises Unsendable for an experiment with mechanisms or KPIs that another process could not import.
    """

    def __init__(self, experiment: Experiment, store: Store | None, workers: int, threads: int) -> None:
        self._served = start_server()
        self._context: Any = multiprocessing.get_context("forkserver" if self._served else "spawn")
        self._order = (packed(experiment), experiment.sheet.digests, store.folder if store else None, threads)
        self.size = workers
        self._workers = [self._hired() for _ in range(workers)]

    def _hired(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, *self._order), daemon=True)
        try:
            # a server that is still loading keeps `start` waiting, and then Ctrl-C must be heard
            with contextlib.nullcontext() if self._served else _deaf():
                process.start()
        except (OSError, EOFError) as error:
            raise Refusal(f"no worker process could be started ({error}); {GUARD}") from None
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
        """Hand a batch, places in the run sheet, to an idle worker."""
        worker = next(worker for worker in self._workers if worker.idle)
        worker.batch = indices
        with contextlib.suppress(OSError):  # a worker that has just left is noticed by `events`
            worker.line.send(indices)

    def events(self) -> Iterator[tuple[np.ndarray, Report | Death]]:
        """Wait until something happens; yield what came of each batch that ended.  A dead worker is replaced."""
        lines = {worker.line: worker for worker in self._workers}
        for line in wait(list(lines)):
            worker = lines[line]  # type: ignore[index]
            batch, answer = worker.batch, self._answer(worker)
            if isinstance(answer, Report | Death):
                worker.batch = NONE
                yield batch, answer

    def _answer(self, worker: _Worker) -> Report | Death | None:
        """Read what a worker says: it is ready, its batch is done, it cannot go on, or nothing as it is dead."""
        try:
            answer = worker.line.recv()
        except (EOFError, ConnectionError):
            return self._mourned(worker)
        if isinstance(answer, Refusal):
            raise answer
        worker.ready = True
        return answer

    def _mourned(self, worker: _Worker) -> Death:
        worker.process.join(GRACE)
        death = Death(worker.process.exitcode)
        if not worker.ready:
            raise Refusal(f"{death}, while starting; {GUARD}")
        worker.line.close()
        self._workers[self._workers.index(worker)] = self._hired()
        return death

    def stop(self) -> Iterator[Report]:
        """Tell all workers to stop after the run they are at; yield their last reports; end the rest after GRACE."""
        for worker in self._workers:
            with contextlib.suppress(OSError):
                worker.line.send(NONE)
        until = time.monotonic() + GRACE
        waiting = {worker.line: worker for worker in self._workers if len(worker.batch)}
        while waiting and time.monotonic() < until:
            for line in wait(list(waiting), timeout=0.2):
                worker = waiting.pop(line)  # type: ignore[call-overload]
                with contextlib.suppress(EOFError, OSError):
                    answer = worker.line.recv()
                    if isinstance(answer, Report):
                        yield answer

    def close(self) -> None:
        """End all workers; one that waits holds nothing, one that works loses its batch."""
        for worker in self._workers:
            worker.process.kill()
            worker.line.close()
        for worker in self._workers:
            worker.process.join()


def start_server() -> bool:
    """Start the server that worker processes are forked from; return whether this platform has one.

    It loads the kernels, or compiles half of them; nothing of the caller's own modules.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return False
    from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415 - not on every platform

    multiprocessing.get_context("forkserver").set_forkserver_preload([PARENT, __name__, WARM])
    resource_tracker.ensure_running()  # starting it makes a process hear Ctrl-C again
    with _deaf():
        forkserver.ensure_running()
    return True


def _serve(line: Connection, order: bytes, digests: dict[str, str], folder: Path | None, threads: int) -> None:
    """Be a worker: do the batches that come down the line until there are no more, or nobody is at its other end."""
    told = _Told()
    with contextlib.suppress(EOFError, ConnectionError):
        try:
            bench = Bench(unpacked(order, digests, GUARD), threads)
            line.send("ready")
            while not told.leaving and len(indices := line.recv()):
                told.working = True
                keeper = Store(folder) if folder else Segments()
                report = bench.batch(indices, keeper, stop=lambda: told.leaving or line.poll())
                if report.stopped:
                    raise report.stopped
                line.send(report if folder else replace(report, data=keeper.only()))
                told.working = False
        except Refusal as refusal:
            line.send(refusal)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach even while they load: it is for their parent, who hears it then."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Told:
    """Whether a worker was told to leave by SIGTERM: at once when it waits, after its run when it works.

    Ctrl-C reaches all processes of a terminal; a worker leaves it to its parent.
    """

    def __init__(self) -> None:
        self.working = self.leaving = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._terminated)

    def _terminated(self, number: int, frame: Any) -> None:
        self.leaving = True
        if not self.working:
            sys.exit(128 + number)


class _Packer(pickle.Pickler):
    """Pickles a KPI as the place where its module defines it: its function alone cannot be found by name."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, Kpi):
            module, name = thing.function.__module__, thing.function.__qualname__
            if getattr(sys.modules.get(module), name, None) == thing:
                return _unpacked_kpi, (module, name)
        return NotImplemented


def _unpacked_kpi(module: str, name: str) -> Kpi:
    return getattr(importlib.import_module(module), name)


def packed(experiment: Experiment) -> bytes:
    """Return an experiment as bytes for another process.

    Raises Unsendable for mechanisms or KPIs that another process could not import.
    """
    sink = io.BytesIO()
    try:
        _Packer(sink).dump(experiment)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        advice = "define mechanisms and KPIs at the top level of a module, or use workers=1"
        raise Unsendable(f"the experiment cannot be sent to worker processes ({error}); {advice}") from None
    return sink.getvalue()


def unpacked(order: bytes, digests: dict[str, str], advice: str) -> Experiment:
    """Return the experiment that another process has packed; `digests` are those of its arms there.

    Raises Unsendable if something of it cannot be imported here, Refusal if code or input files are not the same here.
    """
    try:
        experiment: Experiment = pickle.loads(order)  # bytes of our own parent, never of a file
        same = experiment.sheet.digests == digests
    except Exception as error:
        raise Unsendable(f"a worker process cannot load the experiment ({error}); {advice}") from None
    if not same:
        raise Refusal("code or input files have changed since the experiment was built; start Python anew")
    return experiment
