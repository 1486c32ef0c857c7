"""Races of arms: the runs that they ask for next are done, or read from the store, and their KPI goes to the races.

Several races go side by side, such as one for each point of a design: all that they want next is done together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal, counted
from abm.study.comparison.question import Question
from abm.study.comparison.selection import Race
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.plan.given import MOST_RUNS
from abm.study.running import runner
from abm.study.running.cluster_connection import shared_connection
from abm.study.running.interrupts import Interrupted
from abm.study.running.progress import in_notebook
from abm.study.storage.results import Results
from abm.study.storage.store import Segments, Store


@dataclass(frozen=True)
class Standing:
    """How far races are.

    done    : runs, those that were stored before included       stored : of these       failed : of those done now
    at_most : runs in the end, by what is known so far           races, arms : still going, and the arms left in them
    """

    done: int
    stored: int
    failed: int
    at_most: int
    races: int
    arms: int


Progress = Callable[[Standing], None]


@dataclass(frozen=True)
class RaceOverPoints:
    """A race, and the points of the design over which each of its observations is averaged."""

    race: Race
    points: tuple[int, ...]

    @property
    def runs(self) -> int:
        """Runs that the race has used."""
        return int(self.race.taken.sum()) * len(self.points)


@dataclass
class RaceRunner:
    """Does the runs that races ask for: of which experiment, for which question, kept where, and done by whom.

    store   : folder of the results; None = runs are kept in memory       cluster, command : as of runner.run
    results : of the runs so far; None before the first
    """

    experiment: Experiment
    question: Question
    store: Path | str | None = None
    workers: int | None = None
    threads: int | None = None
    progress: Progress | None = None
    cluster: Any = None
    command: str = "abm.compare"
    results: Results | None = None

    def __post_init__(self) -> None:
        self._keeper = Segments() if self.store is None else Store(self.store)
        self._stored = self._failed = 0
        if self.progress is None and (show := in_notebook()):
            self.progress = lambda now: show(now.done, now.at_most, now.failed, math.nan)

    def races(self, groups: Sequence[Sequence[int]], max_runs: int | None) -> list[RaceOverPoints]:
        """Return a race of all arms for each group of points; refuse a budget that does not pay for the pilots."""
        arms, q, points = len(self.experiment.arms), self.question, sum(map(len, groups))
        # Two arms are left at the end, and their replications must not make the run sheet too long.
        most = 2 * (MOST_RUNS // (arms * len(self.experiment.design)))
        if max_runs is not None:
            checks.whole("max_runs", max_runs, low=1)
            least = arms * points * q.pilot
            if max_runs < least:
                of = " x ".join(
                    [counted(arms, "arm"), *([counted(points, "point")] if points > 1 else []), str(q.pilot)]
                )
                raise Refusal(f"= {max_runs:,} is below the pilot: {of} = {least:,} runs", place="max_runs")
            most = min(most, max_runs // points)
        return [RaceOverPoints(Race(arms, q.zone, q.confidence, q.pilot, q.batch, most), tuple(one)) for one in groups]

    def finish(self, races: Sequence[RaceOverPoints]) -> None:
        """Find the values that arms leave open, do runs until all races have ended.  Raises what runner.run raises."""
        with shared_connection(self.cluster) as connection:
            options = (self.workers, self.threads, None, connection)
            self.experiment = runner.with_matches(self.experiment, self._keeper, *options)
            while going := [one for one in races if not one.race.end]:
                self._do_next(races, going, connection)

    def _do_next(self, races: Sequence[RaceOverPoints], going: Sequence[RaceOverPoints], connection: Any) -> None:
        """Do all runs that races want next, and let them decide."""
        last = max(one.race.last for one in going)
        study = self.experiment if last <= self.experiment.replications else self.experiment.replace(replications=last)
        wanted = [self._wanted(one) for one in going]
        only = np.unique(np.concatenate([indices.ravel() for indices in wanted]))
        options = (self.workers, self.threads, self._progress_of(races, going), connection)
        try:
            self.results = runner.run(study, self._keeper, *options, only=only, command=self.command)
        except Interrupted as stop:
            before = sum(one.runs for one in races)
            stop.done, stop.total = stop.done + before, stop.total + before
            raise
        values = self._measured(study, only)
        for one, indices in zip(going, wanted, strict=True):
            one.race.take(values[indices].mean(axis=1).T)

    def _progress_of(self, races: Sequence[RaceOverPoints], going: Sequence[RaceOverPoints]) -> runner.Progress:
        """Return a function that takes the progress of the next runs and reports that of the races."""
        before, failed_before = sum(one.runs for one in races), self._failed
        at_most = sum(one.race.at_most * len(one.points) for one in races)
        arms = sum(len(one.race.racing) for one in going)
        stored: list[int] = []

        def report(done: int, total: int, failed: int, seconds_left: float) -> None:
            if not stored:  # the first report of the runner is of what was stored before
                stored.append(done)
                self._stored += done
            self._failed = failed_before + failed
            if self.progress:
                known = int(at_most) if math.isfinite(at_most) else before + total
                self.progress(Standing(before + done, self._stored, self._failed, known, len(going), arms))

        return report

    def _wanted(self, one: RaceOverPoints) -> np.ndarray:
        """Return the runs that a race wants next, as indices in the run sheet: (replications, points, arms)."""
        race, points = one.race, len(self.experiment.design)
        replications = np.arange(race.first, race.last)[:, None, None]
        return (replications * points + np.array(one.points)[:, None]) * len(race.taken) + race.racing

    def _measured(self, study: Experiment, only: np.ndarray) -> np.ndarray:
        """Return what is compared in some runs, NaN in others (runs,), with the sign that makes more better."""
        q, rows = self.question, self._keeper.rows(study.sheet, by_period=False, only=only)
        values = np.full(len(study), np.nan)
        if q.unit in rows.firms:
            own = rows.firm == rows.firms.index(q.unit)
            values[rows.index[own]] = rows.kpis[q.kpi.name][own]
        return values if q.largest else -values
