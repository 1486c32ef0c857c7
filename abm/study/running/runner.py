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
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment
from abm.study.provenance import inputs
from abm.study.provenance.versions import changes
from abm.study.running.estimate import work
from abm.study.running.hiring import Hiring
from abm.study.running.pool import Death, Pool, Unsendable, start_server
from abm.study.running.reach import shared
from abm.study.running.staff import Staff, staffing
from abm.study.running.work import Bench, Report, compiled
from abm.study.storage.compact import MANY, compact
from abm.study.storage.manifest import Manifest
from abm.study.storage.results import Results
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments, Store

if TYPE_CHECKING:
    from abm.study.running.cluster import Cluster

Progress = Callable[[int, int, int, float], None]

BATCH = 1.0  # seconds of work that a kill may cost
FAR = 5.0  # times longer are batches that go to a cluster
SHORT = 0.2  # times as long are those done here while worker processes start
TRIAL = 0.5  # seconds of work done here before worker processes are started
STARTING = 3.0  # seconds of work below which starting worker processes does not pay
SURE = 20.0  # seconds of work, on paper, from which it pays without a trial


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
    store: Path | str | Segments | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    *,
    only: np.ndarray | None = None,
    command: str = "abm.run",
) -> Results:
    """Do all runs of an experiment that are not stored yet and return the results.

    store    : folder of the results, made if need be; None = results are kept in memory only, or in the Segments given
    workers  : processes; 1 = this one only; None = as many as pay
    threads  : inside a run; None = 1, unless there are fewer runs than processors and many customers
    progress : called as progress(done, total, failed, seconds_left) after every batch; nan seconds = not known yet
    cluster  : do the runs there, not on this machine: the address of a Dask scheduler ("tcp://host:8786"), a TOML file
               that asks a queueing system for jobs, or a Client or cluster object of Dask
    only     : places in the run sheet, ascending, of the runs to do; None = all
    command  : what the manifest says the runs were asked for with

    A run that raises an exception is a row of `results.failed` and is tried again by the next call; the rest goes on.
    Raises Refusal for a folder that cannot be written, a world larger than this machine's memory and a cluster that
    does not answer or has other versions; Interrupted on Ctrl-C and SIGTERM.
    """
    if cluster is not None and workers is not None:
        raise Refusal(f"= {workers} counts processes of this machine, and a cluster has its own", place="workers")
    keeper = store if isinstance(store, Segments) else Segments() if store is None else Store(store)
    done = keeper.holdings(experiment.sheet).done
    asked = np.arange(len(done), dtype=np.int32) if only is None else only.astype(np.int32)
    pending = asked[~done[asked]]
    if cluster is None:
        staff = staffing(experiment, len(pending), workers, threads)
    else:
        staff = Staff(1, 1 if threads is None else threads)  # what this machine has does not count
    with terminable(), shared(cluster) as reached:
        if reached is not None and len(pending):
            reached.client  # noqa: B018 - refuses now, before anything is written, what cannot be reached
        if isinstance(keeper, Store):
            _make_ready(keeper, experiment, command, len(pending) > 0)
        if done.any():
            for change in dict.fromkeys(change for made_with in keeper.made_with() for change in changes(made_with)):
                warnings.warn(f"some stored runs were made with {change}; their last bits may differ", stacklevel=2)
        job = _Job(experiment, keeper, staff, pending, len(asked), progress, reached)
        results = Results(experiment.sheet, keeper)
        try:
            job.go()
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, Terminated) else signal.SIGINT
            raise Interrupted(job.done, job.total, job.failed, number, results) from None
    return results


def _make_ready(keeper: Store, experiment: Experiment, command: str, wanting: bool) -> None:
    """Make a results folder ready: manifest, input files; refuse it now if runs are `wanting` and cannot be kept.

    A folder that has everything is only read, so that it may be an archive.
    """
    manifest = Manifest.of(experiment, command)
    news = wanting or not manifest.says_the_same(keeper.folder)
    if news:
        keeper.prepare()
    with keeper.writing():
        inputs.keep(experiment.inputs, experiment.folder, keeper.folder)
        if news:
            manifest.write(keeper.folder)
    if keeper.damaged:
        names = ", ".join(sorted(keeper.damaged))
        warnings.warn(f"{keeper.folder}: damaged segments, their runs are done again: {names}", stacklevel=3)
        keeper.set_aside_damaged()


class _Job:
    """The runs still to do, and how far they are."""

    def __init__(
        self,
        experiment: Experiment,
        keeper: Segments,
        staff: Staff,
        pending: np.ndarray,
        total: int,
        progress: Progress | None,
        cluster: Any = None,
    ) -> None:
        self.experiment, self.keeper, self.staff, self.total = experiment, keeper, staff, total
        self._cluster, self._hands, self._stretch = cluster, staff.workers, 1.0 if cluster is None else FAR
        self.done, self.failed = self.total - len(pending), 0
        self._left, self._again = pending, list[np.ndarray]()
        self._untidy = 0
        self._progress, self._rate, self._began = progress, 0.0, time.monotonic()
        self._at_start = self.done

    def go(self) -> None:
        """Do all runs: here, or first a few here and then in worker processes, or all there, or on a cluster."""
        self._tell()
        hiring = None
        if self._cluster is None and (self.staff.workers == 1 or self.staff.trial):
            hiring = self._alone()
        if len(self._left):
            try:
                self._together(hiring.pool() if hiring else self._hired())
            except Unsendable as refusal:
                if not self.staff.free:
                    raise
                warnings.warn(f"runs in this process only: {refusal}", stacklevel=4)
                self.staff = Staff(1, self.staff.threads)
                self._alone()
        self._tidy(at_last=True)

    def _alone(self) -> Hiring | None:
        """Do runs in this process: all, or until worker processes are there, if they are seen to pay."""
        bench = Bench(self.experiment, self.staff.threads)
        began, hiring, needed = np.inf, None, False
        try:
            if self.staff.workers > 1 and not compiled(self.experiment):
                start_server()  # it compiles half of the kernels
            elif self.staff.workers > 1 and work(self.experiment, len(self._left)) > SURE:
                hiring, self._stretch = Hiring(self._pool), SHORT
            while len(self._left) and not (hiring and hiring.done):
                report = bench.batch(self._take(), self.keeper)
                self._count(report)
                if report.stopped:
                    raise report.stopped
                self._tidy()
                waiting = len(self._left) * self._rate * (1 - 1 / self.staff.workers)
                if hiring is None and time.monotonic() - began > TRIAL and waiting > STARTING:
                    hiring, self._stretch = Hiring(self._pool), SHORT
                # the first batch has loaded the kernels, or compiled them: it says nothing of the pace
                began = min(began, time.monotonic())
            needed = len(self._left) > 0
        finally:
            self._stretch = 1.0
            if hiring and not needed:
                hiring.dismiss()
        return hiring

    def _together(self, pool: Pool | Cluster) -> None:
        """Do runs in worker processes."""
        try:
            while len(self._left) or self._again or pool.busy:
                self._hands = max(1, pool.size)
                while pool.idle and (len(self._left) or self._again):
                    pool.give(self._again.pop() if self._again else self._take())
                for batch, answer in pool.events():
                    self._settle(batch, answer)
                self._tidy()
        except KeyboardInterrupt:
            for report in pool.stop():
                self._keep(report)
            raise
        finally:
            pool.close()

    def _hired(self) -> Pool | Cluster:
        if self._cluster is not None:
            from abm.study.running.cluster import Cluster  # noqa: PLC0415 - slow, and not always installed

            return Cluster(self.experiment, self._cluster, self.staff.threads)
        return self._pool()

    def _pool(self) -> Pool:
        store = self.keeper if isinstance(self.keeper, Store) else None
        return Pool(self.experiment, store, self.staff.workers, self.staff.threads)

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

    def _tidy(self, *, at_last: bool = False) -> None:
        """Compact the folder now and then, and at last."""
        if isinstance(self.keeper, Store) and self._untidy >= (1 if at_last else MANY):
            compact(self.keeper)
            self._untidy = 0

    def _keep(self, report: Report) -> None:
        if report.data:
            self.keeper.commit(report.data)
        self._count(report)

    def _take(self) -> np.ndarray:
        """Take the next batch: about a second of work, and the arms of a point or a whole replication together."""
        arms, points = len(self.experiment.arms), len(self.experiment.design)
        about = self._stretch * BATCH / self._rate if self._rate else arms
        if self._hands > 1:
            about = min(about, len(self._left) / (2 * self._hands))  # so that all finish together
        about = min(max(1, int(about)), len(self._left))
        group = arms * points if about >= arms * points else arms
        if len(self._left) < arms * self._hands:
            group = 1  # too few to keep together: each worker takes what there is
        end = int(np.searchsorted(self._left, (self._left[about - 1] // group + 1) * group))
        batch, self._left = self._left[:end], self._left[end:]
        return batch

    def _count(self, report: Report) -> None:
        self.done, self.failed = self.done + report.runs, self.failed + report.failed
        self._untidy += 1
        if report.runs and report.seconds:
            self._rate = report.seconds / report.runs
        self._tell()

    def _tell(self) -> None:
        if self._progress:
            so_far, remaining = self.done - self._at_start, self.total - self.done
            pace = (time.monotonic() - self._began) / so_far if so_far else np.nan
            self._progress(self.done, self.total, self.failed, float(remaining * pace) if remaining else 0.0)


class Terminated(KeyboardInterrupt):
    """SIGTERM, to be treated like Ctrl-C."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception; only the main thread may, and elsewhere it is left alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise Terminated(number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
