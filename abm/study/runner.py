"""Running an experiment: what is stored is skipped, what is missing is done, and an interrupt loses nothing done.

Runs go in order replication -> point -> arm, in batches of about a second that keep the arms of a replication together.
Results do not depend on how many workers or threads there are, on batches, or on interruptions.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from abm.study import inputs
from abm.study.compact import compact
from abm.study.experiment import Experiment
from abm.study.manifest import Manifest
from abm.study.pool import Death, Pool, Unsendable
from abm.study.results import Results
from abm.study.staff import Staff, staffing
from abm.study.store import Segments, Store, encode
from abm.study.versions import changes
from abm.study.work import Bench, Report

Progress = Callable[[int, int, int, float], None]

BATCH = 1.0  # seconds of work that a kill may cost
TRIAL = 0.5  # seconds of work done here before worker processes are started
STARTING = 3.0  # seconds of work below which starting worker processes does not pay


class Interrupted(KeyboardInterrupt):
    """A study stopped by Ctrl-C or SIGTERM; with a folder, the same call goes on from there.

    done, total, failed : runs        signal : SIGINT or SIGTERM        exit_code : 130 or 143
    results             : of the runs done so far
    """

    def __init__(self, done: int, total: int, failed: int, number: int, results: Results) -> None:
        super().__init__(f"interrupted after {done:,} of {total:,} runs ({failed:,} failed)")
        self.done, self.total, self.failed, self.signal = done, total, failed, signal.Signals(number)
        self.results = results

    @property
    def exit_code(self) -> int:
        """What a command that was stopped so exits with."""
        return 128 + self.signal


def run(
    experiment: Experiment,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Results:
    """Do all runs of an experiment that are not stored yet and return the results.

    store    : folder of the results, made if need be; None = results are kept in memory only
    workers  : processes; 1 = this one only; None = as many as pay
    threads  : inside a run; None = 1, unless there are fewer runs than processors and many customers
    progress : called as progress(done, total, failed, seconds_left) after every batch; nan seconds = not known yet

    A run that raises an exception is a row of `results.failed` and is tried again by the next call; the rest goes on.
    Raises Refusal for a folder that cannot be written and a world larger than this machine's memory, Interrupted on
    Ctrl-C and SIGTERM.
    """
    keeper = _opened(store, experiment)
    done = keeper.holdings(experiment.sheet).done
    if isinstance(keeper, Store) and keeper.damaged:
        names = ", ".join(sorted(keeper.damaged))
        warnings.warn(f"{keeper.folder}: damaged segments, their runs are done again: {names}", stacklevel=2)
        keeper.set_aside_damaged()
    if done.any():
        for change in dict.fromkeys(change for made_with in keeper.made_with() for change in changes(made_with)):
            warnings.warn(f"some stored runs were made with {change}; their last bits may differ", stacklevel=2)
    staff = staffing(experiment, int((~done).sum()), workers, threads)
    job = _Job(experiment, keeper, staff, np.flatnonzero(~done), progress)
    results = Results(experiment.sheet, keeper)
    with _terminable():
        try:
            job.go()
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, _Terminated) else signal.SIGINT
            raise Interrupted(job.done, job.total, job.failed, number, results) from None
    if isinstance(keeper, Store):
        compact(keeper)
    return results


def _opened(folder: Path | str | None, experiment: Experiment) -> Segments:
    """Make a results folder ready: manifest, input files; refuse it now if it cannot be written."""
    if folder is None:
        return Segments()
    keeper = Store(folder)
    keeper.prepare()
    with keeper.writing():
        inputs.keep(experiment.inputs, experiment.folder, keeper.folder)
        Manifest.of(experiment).write(keeper.folder)
    return keeper


class _Job:
    """The runs still to do, and how far they are."""

    def __init__(
        self,
        experiment: Experiment,
        keeper: Segments,
        staff: Staff,
        pending: np.ndarray,
        progress: Progress | None,
    ) -> None:
        self.experiment, self.keeper, self.staff = experiment, keeper, staff
        self.total = len(experiment.sheet)
        self.done, self.failed = self.total - len(pending), 0
        self._left, self._again = pending, list[np.ndarray]()
        self._progress, self._rate, self._began = progress, 0.0, time.monotonic()
        self._at_start = self.done

    def go(self) -> None:
        """Do all runs: here, or first a few here and then in worker processes, or all there."""
        self._tell()
        if self.staff.workers == 1 or self.staff.trial:
            self._alone()
        if len(self._left):
            try:
                self._together()
            except Unsendable as refusal:
                if not self.staff.free:
                    raise
                warnings.warn(f"runs in this process only: {refusal}", stacklevel=4)
                self.staff = Staff(1, self.staff.threads)
                self._alone()

    def _alone(self) -> None:
        """Do runs in this process: all, or as long as it takes to see that worker processes would pay."""
        bench = Bench(self.experiment, self.staff.threads)
        began = time.monotonic()
        while len(self._left):
            self._count(bench.batch(self._take(), self.keeper))
            waiting = len(self._left) * self._rate * (1 - 1 / self.staff.workers)
            if time.monotonic() - began > TRIAL and waiting > STARTING:
                return

    def _together(self) -> None:
        """Do runs in worker processes."""
        store = self.keeper if isinstance(self.keeper, Store) else None
        pool = Pool(self.experiment, store, self.staff.workers, self.staff.threads)
        try:
            while len(self._left) or self._again or pool.busy:
                while pool.idle and (len(self._left) or self._again):
                    pool.give(self._again.pop() if self._again else self._take())
                for batch, answer in pool.events():
                    self._settle(batch, answer)
        except KeyboardInterrupt:
            for report in pool.stop():
                self._keep(report)
            raise
        finally:
            pool.close()

    def _settle(self, batch: np.ndarray, answer: Report | Death) -> None:
        """Count what a worker did; runs of a dead one are done again one by one, until the guilty run is found."""
        if isinstance(answer, Report):
            self._keep(answer)
        elif len(batch) > 1:
            self._again += [batch[i : i + 1] for i in range(len(batch))]
        else:
            outcome = Bench(self.experiment).failed(int(batch[0]), "WorkerDied", str(answer))
            self.keeper.commit(encode([outcome], self.experiment.sheet.kpis))
            self._count(Report(1, 1, 0.0))

    def _keep(self, report: Report) -> None:
        if report.data:
            self.keeper.commit(report.data)
        self._count(report)

    def _take(self) -> np.ndarray:
        """Take the next batch: about a second of work, and the arms of a point or a whole replication together."""
        arms, points = len(self.experiment.arms), len(self.experiment.design)
        about = BATCH / self._rate if self._rate else arms
        if self.staff.workers > 1:
            about = min(about, len(self._left) / (2 * self.staff.workers))  # so that all finish together
        about = min(max(1, int(about)), len(self._left))
        group = arms * points if about >= arms * points else arms
        if len(self._left) < arms * self.staff.workers:
            group = 1  # too few to keep together: each worker takes what there is
        end = int(np.searchsorted(self._left, (self._left[about - 1] // group + 1) * group))
        batch, self._left = self._left[:end], self._left[end:]
        return batch

    def _count(self, report: Report) -> None:
        self.done, self.failed = self.done + report.runs, self.failed + report.failed
        if report.seconds:
            self._rate = report.seconds / report.runs
        self._tell()

    def _tell(self) -> None:
        if self._progress:
            so_far, remaining = self.done - self._at_start, self.total - self.done
            pace = (time.monotonic() - self._began) / so_far if so_far else np.nan
            self._progress(self.done, self.total, self.failed, float(remaining * pace) if remaining else 0.0)


class _Terminated(KeyboardInterrupt):
    """SIGTERM, to be treated like Ctrl-C."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception; only the main thread may, and elsewhere it is left alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise _Terminated(number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
