"""The runs of a study in batches: here, in worker processes, or on a cluster, until none is left.

Runs go in order replication -> point -> arm, in batches of about a second that keep the arms of a replication together.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.study.plan.experiment import Experiment
from abm.study.running.estimate import seconds_in_one_process
from abm.study.running.parallelism import Parallelism
from abm.study.running.pool import Pool, Unsendable, WorkerDied, start_server
from abm.study.running.progress import Progress
from abm.study.running.starting_pool import StartingPool
from abm.study.running.work import Report, RunExecutor, compiled
from abm.study.storage.compact import MANY, compact
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


class StudyRuns:
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
