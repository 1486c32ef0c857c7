"""Running an experiment: what is stored is skipped, what is missing is done, and an interrupt loses nothing done.

Runs go in order replication -> point -> arm, in batches of about a second that keep the arms of a replication together.
Results do not depend on how many workers or threads there are, on batches, or on interruptions.
"""

from __future__ import annotations

import signal
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment
from abm.study.running.cluster_connection import shared_connection
from abm.study.running.estimate import seconds_in_one_process
from abm.study.running.interrupts import Interrupted, Terminated, terminable
from abm.study.running.matching import solved
from abm.study.running.parallelism import Parallelism, choose_parallelism
from abm.study.running.pool import Pool, Unsendable, WorkerDied, start_server
from abm.study.running.progress import Progress, in_notebook
from abm.study.running.readiness import NO_MANIFEST, make_ready, warn_of_other_versions
from abm.study.running.starting_pool import StartingPool
from abm.study.running.work import Report, RunExecutor, compiled
from abm.study.storage.compact import MANY, compact
from abm.study.storage.loading import loaded
from abm.study.storage.results import Results
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments, Store

if TYPE_CHECKING:
    from abm.study.running.cluster import Cluster

BATCH_SECONDS = 1.0  # of work in a batch, which a kill may cost
ON_CLUSTER = 5.0  # times as long are batches that are sent to a cluster
WHILE_STARTING = 0.2  # times as long are batches done here while workers start, so that these do not wait
TRIAL_SECONDS = 0.5  # of work that is done here before workers are started
WORTH_WORKERS = 3.0  # seconds of work left, from which starting workers pays
SURELY_WORTH_WORKERS = 20.0  # seconds of work, by the estimate, from which it pays without a trial


def run(
    experiment: Experiment | Path | str,
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

    experiment : or the path of its study file
    store    : folder of the results, made if need be; None = results are kept in memory only, or in the Segments given
    workers  : processes; 1 = this one only; None = as many as pay
    threads  : inside a run; None = 1, unless there are fewer runs than processors and many customers
    progress : called as progress(done, total, failed, seconds_left) after every batch; nan seconds = not known yet;
               None = a notebook shows a bar for what takes longer than a few seconds, and nothing else does
    cluster  : do the runs there, not on this machine: the address of a Dask scheduler ("tcp://host:8786"), a TOML file
               that asks a queueing system for jobs, or a Client or cluster object of Dask
    only     : indices in the run sheet, ascending, of the runs to do; None = all
    command  : what the manifest says the runs were asked for with

    Values that arms leave open are found first, as by abm.matched.
    A run that raises an exception is a row of `results.failed` and is tried again by the next call; the rest goes on.
    Raises Refusal for a folder that cannot be written, a world larger than this machine's memory and a cluster that
    does not answer or has other versions; Interrupted on Ctrl-C and SIGTERM.
    """
    asked = loaded(experiment)
    keeper = store if isinstance(store, Segments) else Segments() if store is None else Store(store)
    with shared_connection(cluster) as connection:
        study = with_matches(asked, keeper, workers, threads, progress, connection)
        return _run(study, keeper, workers, threads, progress, connection, only, command)


def with_matches(
    experiment: Experiment,
    keeper: Segments,
    workers: int | None,
    threads: int | None,
    progress: Progress | None,
    cluster: Any,
    made: set[bytes] | None = None,
) -> Experiment:
    """Return the experiment with the values that its arms leave open, found by trial runs (matching.py).

    made : takes the ids of the trial runs that were not stored before
    """
    if not experiment.matches:
        return experiment
    with shared_connection(cluster) as connection:

        def do(trial: Experiment, only: np.ndarray) -> Results:
            open_ones = only[~keeper.holdings(trial.sheet).done[only]]
            if not len(open_ones):
                return Results(trial.sheet, keeper)
            if made is not None:
                made.update(trial.sheet.ids_of(open_ones).tolist())
            return _run(trial, keeper, workers, threads, progress, connection, only, NO_MANIFEST)

        return solved(experiment, do)


def _run(
    experiment: Experiment,
    keeper: Segments,
    workers: int | None,
    threads: int | None,
    progress: Progress | None,
    cluster: Any,
    only: np.ndarray | None,
    command: str,
) -> Results:
    done = keeper.holdings(experiment.sheet).done
    asked = np.arange(len(done), dtype=np.int32) if only is None else only.astype(np.int32)
    pending = asked[~done[asked]]
    parallelism = _parallelism(experiment, len(pending), workers, threads, cluster)
    with terminable(), shared_connection(cluster) as connection:
        if connection is not None and len(pending):
            connection.client  # noqa: B018 - connects now, to be refused before anything is written
        if isinstance(keeper, Store):
            make_ready(keeper, experiment, command, len(pending) > 0)
        if done.any():
            warn_of_other_versions(keeper)
        runs = _StudyRuns(experiment, keeper, parallelism, pending, len(asked), progress or in_notebook(), connection)
        results = Results(experiment.sheet, keeper, experiment)
        try:
            runs.do_all()
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, Terminated) else signal.SIGINT
            raise Interrupted(runs.done, runs.total, runs.failed, number, results) from None
    return results


def _parallelism(
    experiment: Experiment, runs: int, workers: int | None, threads: int | None, cluster: Any
) -> Parallelism:
    """Return how runs are shared out here; on a cluster only the threads of a run are this machine's to say."""
    if cluster is None:
        return choose_parallelism(experiment, runs, workers, threads)
    if workers is not None:
        raise Refusal(f"= {workers} counts processes of this machine, and a cluster has its own", place="workers")
    return Parallelism(1, 1 if threads is None else threads)


class _StudyRuns:
    """The runs of a study: which are still to do, and how many are done.

    cluster : None = this machine
    """

    def __init__(
        self,
        experiment: Experiment,
        keeper: Segments,
        parallelism: Parallelism,
        pending: np.ndarray,
        total: int,
        progress: Progress | None,
        cluster: Any = None,
    ) -> None:
        self.experiment, self.keeper, self.parallelism, self.total = experiment, keeper, parallelism, total
        self._cluster, self._workers = cluster, parallelism.workers
        self._batch_seconds = BATCH_SECONDS * (1.0 if cluster is None else ON_CLUSTER)
        self.done, self.failed = self.total - len(pending), 0
        self._pending, self._left, self._again = pending, pending, list[np.ndarray]()
        self._last, self._suspects = list[np.ndarray](), set[int]()  # runs whose worker died, when they were alone
        self._segments_since_compaction = 0
        self._progress, self._seconds_per_run, self._began = progress, 0.0, time.monotonic()
        self._at_start = self.done

    def do_all(self) -> None:
        """Do all runs: in this process, in workers, the first here and the rest in workers, or on a cluster."""
        self._report_progress()
        starting = None
        if self._cluster is None and (self.parallelism.workers == 1 or self.parallelism.try_here_first):
            starting = self._do_here()
        if len(self._left):
            try:
                self._do_in_workers(starting.pool() if starting else self._start_workers())
            except Unsendable as refusal:
                if not self.parallelism.by_default:
                    raise
                warnings.warn(f"runs in this process only: {refusal}", stacklevel=4)
                self.parallelism = Parallelism(1, self.parallelism.threads)
                self._take_back()
                self._do_here()
        self._compact(at_last=True)

    def _take_back(self) -> None:
        """Take back the runs that were given to workers and are not done."""
        done = self.keeper.holdings(self.experiment.sheet).done
        self._left, self._again, self._last = self._pending[~done[self._pending]], [], []

    def _do_here(self) -> StartingPool | None:
        """Do runs in this process: all, or, where workers pay, those until workers have started, which are returned."""
        executor = RunExecutor(self.experiment, self.parallelism.threads)
        began, starting, needed = np.inf, None, False
        try:
            if self.parallelism.workers > 1 and not compiled(self.experiment):
                start_server()  # it compiles half of the kernels meanwhile
            elif self.parallelism.workers > 1 and self._surely_worth_workers():
                starting = self._begin_starting()
            while len(self._left) and not (starting and starting.done):
                report = executor.batch(self._next_batch(), self.keeper)
                self._count(report)
                if report.stopped:
                    raise report.stopped
                self._compact()
                saved = len(self._left) * self._seconds_per_run * (1 - 1 / self.parallelism.workers)
                if starting is None and time.monotonic() - began > TRIAL_SECONDS and saved > WORTH_WORKERS:
                    starting = self._begin_starting()
                # The first batch has loaded the kernels, or compiled them, and says nothing of the pace.
                began = min(began, time.monotonic())
            needed = len(self._left) > 0
        finally:
            self._batch_seconds = BATCH_SECONDS
            if starting and not needed:
                starting.close()
        return starting

    def _surely_worth_workers(self) -> bool:
        return seconds_in_one_process(self.experiment, len(self._left)) > SURELY_WORTH_WORKERS

    def _begin_starting(self) -> StartingPool:
        """Let workers start while runs go on here, in batches so short that the workers need not wait."""
        self._batch_seconds = BATCH_SECONDS * WHILE_STARTING
        return StartingPool(self._start_pool)

    def _do_in_workers(self, pool: Pool | Cluster) -> None:
        """Do all runs left in worker processes, of this machine or of a cluster, and end these."""
        try:
            while len(self._left) or self._again or self._last or pool.busy:
                self._workers = max(1, pool.size)
                while pool.idle and (batch := self._to_give(pool)) is not None:
                    pool.give(batch)
                for batch, answer in pool.events():
                    self._handle(batch, answer)
                self._compact()
        except KeyboardInterrupt:
            for report in pool.stop():
                self._keep(report)
            raise
        finally:
            pool.close()

    def _to_give(self, pool: Pool | Cluster) -> np.ndarray | None:
        """Take what a worker is to do; None while there is nothing but runs that wait until all others are done."""
        if self._again:
            return self._again.pop()
        if len(self._left):
            return self._next_batch()
        return self._last.pop() if self._last and not pool.busy else None

    def _start_workers(self) -> Pool | Cluster:
        if self._cluster is not None:
            from abm.study.running.cluster import Cluster  # noqa: PLC0415 - slow, and not always installed

            return Cluster(self.experiment, self._cluster, self.parallelism.threads)
        return self._start_pool()

    def _start_pool(self) -> Pool:
        store = self.keeper if isinstance(self.keeper, Store) else None
        return Pool(self.experiment, store, self.parallelism.workers, self.parallelism.threads)

    def _handle(self, batch: np.ndarray, answer: Report | WorkerDied) -> None:
        """Count what a worker did; after one that died, do its runs one by one, to find the run that ends workers.

        A run that was alone may have been ended for what others did, such as filling the memory: it is done once more,
        when there is nothing else to do.
        """
        if isinstance(answer, Report):
            self._keep(answer)
        elif len(batch) > 1:
            self._again += [batch[i : i + 1] for i in range(len(batch))]
        elif (index := int(batch[0])) not in self._suspects:
            self._suspects.add(index)
            self._last.append(batch)
        else:
            outcome = RunExecutor(self.experiment).failed(index, "WorkerDied", str(answer))
            self.keeper.commit(encode([outcome], self.experiment.sheet.kpis))
            self._count(Report(1, 1, 0.0))

    def _compact(self, *, at_last: bool = False) -> None:
        """Merge small segments of the folder when there are many, and at last."""
        if isinstance(self.keeper, Store) and self._segments_since_compaction >= (1 if at_last else MANY):
            compact(self.keeper)
            self._segments_since_compaction = 0

    def _keep(self, report: Report) -> None:
        if report.data:
            self.keeper.commit(report.data)
        self._count(report)

    def _next_batch(self) -> np.ndarray:
        """Take the next batch: about a second of work, and the arms of a point or a whole replication together."""
        arms, points = len(self.experiment.arms), len(self.experiment.design)
        about = self._batch_seconds / self._seconds_per_run if self._seconds_per_run else arms
        if self._workers > 1:
            about = min(about, len(self._left) / (2 * self._workers))  # so that all finish together
        about = min(max(1, int(about)), len(self._left))
        group = arms * points if about >= arms * points else arms
        if len(self._left) < arms * self._workers:
            group = 1  # too few to keep together: each worker takes what there is
        end = int(np.searchsorted(self._left, (self._left[about - 1] // group + 1) * group))
        batch, self._left = self._left[:end], self._left[end:]
        return batch

    def _count(self, report: Report) -> None:
        self.done, self.failed = self.done + report.runs, self.failed + report.failed
        self._segments_since_compaction += 1
        if report.runs and report.seconds:
            self._seconds_per_run = report.seconds / report.runs
        self._report_progress()

    def _report_progress(self) -> None:
        if self._progress:
            so_far, remaining = self.done - self._at_start, self.total - self.done
            pace = (time.monotonic() - self._began) / so_far if so_far else np.nan
            self._progress(self.done, self.total, self.failed, float(remaining * pace) if remaining else 0.0)
