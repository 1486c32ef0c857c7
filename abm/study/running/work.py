"""Doing runs: from their indices in the run sheet to a committed segment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from abm.core.errors import shortage
from abm.core.kernels import Kernel
from abm.engine import recording
from abm.engine.kept import Kept
from abm.kpis.kpi import WrongMeasure
from abm.scenario.scenario import Scenario
from abm.study.plan.arms import in_arm
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import ALL, unit_of
from abm.study.plan.sheet import Run
from abm.study.running.grouping import GroupFinder
from abm.study.running.own_place import own_place
from abm.study.running.recorder import Recorder
from abm.study.storage.rows import Outcome
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments

MOST_WORDS = 500  # characters of an error's message that are kept
_MOST_WORLDS = 1024  # that are kept, and settings as many


@dataclass(frozen=True)
class Report:
    """What came of a batch: runs committed, how many of them failed, how long it took.

    data    : the segment, when there is no folder to commit it to
    stopped : what ended the batch early; the runs finished before are committed
    """

    runs: int
    failed: int
    seconds: float
    data: bytes = b""
    stopped: BaseException | None = None


def compiled(experiment: Experiment) -> bool:
    """Return whether every kernel of an experiment has machine code on the disk."""
    worlds = [in_arm(experiment.scenario, arm, settings) for arm, settings in experiment.arms.items()]
    acts = [step.act for world in worlds for step in world.ever()[1]]
    return all(act.is_cached() for act in acts if isinstance(act, Kernel))


class RunExecutor:
    """Does runs of one experiment, and keeps the worlds of its arms and points for the next replication.

    threads : of a single run
    """

    def __init__(self, experiment: Experiment, threads: int = 1) -> None:
        self.experiment, self.threads = experiment, threads
        self._recorder = Recorder(experiment)
        self._world: Callable[[str, int], Scenario] = lru_cache(_MOST_WORLDS)(self._recorded)
        self._cells = len(experiment.arms) * len(experiment.design)
        self._kept = Kept()
        plain: Callable[[str, int], Scenario] = lru_cache(_MOST_WORLDS)(experiment.scenario_of)
        self._groups = GroupFinder(experiment, plain, threads)
        self._settings: Callable[[int], str] = lru_cache(_MOST_WORLDS)(experiment.sheet.settings)

    def batch(self, indices: Iterable[int], keeper: Segments, stop: Callable[[], bool] = lambda: False) -> Report:
        """Do runs and commit them as one segment; `stop` is asked after each whether to leave the rest.

        Runs of one arm and point go together, as one world serves them all.  Runs finished before an interrupt are
        committed too.  Raises Refusal when they cannot be.
        """
        began = time.perf_counter()
        outcomes: list[Outcome] = []
        stopped: BaseException | None = None
        try:
            for index in sorted(map(int, indices), key=lambda index: (index % self._cells, index)):
                outcomes.append(self.outcome(index))
                if stop():
                    break
        except (KeyboardInterrupt, SystemExit) as interrupt:
            stopped = interrupt
        if outcomes:
            data = encode(outcomes, self.experiment.sheet.kpis)
            try:
                keeper.commit(data)
            except KeyboardInterrupt as interrupt:
                stopped = interrupt
                keeper.commit(data)  # it may be there already, but to commit twice is to commit once
        failed = sum(bool(outcome.error) for outcome in outcomes)
        return Report(len(outcomes), failed, time.perf_counter() - began, stopped=stopped)

    def outcome(self, index: int) -> Outcome:
        """Do the run at `index` of the sheet; one that raises an exception comes back as failed.

        Raises WrongMeasure for a KPI or reading that no run can use.
        """
        run = self.experiment.sheet.run(index)
        try:
            return self._done(run)
        except WrongMeasure:  # it is wrong in every run
            raise
        except Exception as error:  # an error of any kind is this run's alone: the others go on
            return self.failed(index, type(error).__name__, shortage(error) or str(error), own_place(error))

    def failed(self, index: int, error: str, message: str, place: str = "") -> Outcome:
        """Return what is kept of a run that failed.

        place : in the user's own code, "" = none
        """
        run = self.experiment.sheet.run(index)
        where = f" ({place})" if place else ""
        words = " ".join(message.split())[: MOST_WORDS - len(where)] + where
        return Outcome(run, self._settings(run.point), error=error, message=words.lstrip())

    def _done(self, run: Run) -> Outcome:
        study, world = self.experiment, self._world(run.arm, run.point)
        partition = self._groups.partition(run.point, run.replication)
        seen = self._recorder.begin(run, world, partition)
        record = recording.record(
            world, run.seed, run.replication,
            threads=self.threads, folder=study.folder, kept=self._kept, kpis=study.kpis, partition=partition,
            stops=seen.stops, look=seen.look,
        )  # fmt: skip
        parts = [record, *record.groups]
        groups = (ALL, *study.sheet.groups)
        return Outcome(
            run,
            self._settings(run.point),
            firms=tuple(unit_of(firm, group) for group in groups for firm in record.firms),
            summary=np.concatenate([part.summary(study.kpis) for part in parts]),
            by_period=np.concatenate([part.by_period(study.kpis) for part in parts], axis=1),
            logs=seen.logs,
        )

    def _recorded(self, arm: str, point: int) -> Scenario:
        return self._recorder.recorded(self.experiment.scenario_of(arm, point))
