"""Races over the run store: the runs that the arms of an experiment need next are done, and their KPI is handed on.

Several races go side by side, such as one for each point of a design: all that they want next is done together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.study.comparison.question import Question
from abm.study.comparison.selection import Race
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.plan.given import MOST_RUNS
from abm.study.running import runner
from abm.study.running.reach import shared
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
class Heat:
    """A race, and the points of the design over which each of its observations is averaged."""

    race: Race
    points: tuple[int, ...]

    @property
    def runs(self) -> int:
        """Runs that the race has used."""
        return int(self.race.taken.sum()) * len(self.points)


@dataclass
class Track:
    """Where races are held: an experiment, a question, the store that keeps the runs, and who does them.

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

    def heats(self, fields: Sequence[Sequence[int]], max_runs: int | None) -> list[Heat]:
        """Return a race of all arms for each field of points; refuse a budget that does not pay for the pilots."""
        arms, q, points = len(self.experiment.arms), self.question, sum(map(len, fields))
        # at the last two arms race, and their replications must not make the run sheet too long
        most = 2 * (MOST_RUNS // (arms * len(self.experiment.design)))
        if max_runs is not None:
            checks.whole("max_runs", max_runs, low=1)
            least = arms * points * q.pilot
            if max_runs < least:
                of = f"{arms} arms x {points} points" if points > 1 else f"{arms} arms"
                raise Refusal(f"= {max_runs:,} is below the pilot: {of} x {q.pilot} = {least:,} runs", place="max_runs")
            most = min(most, max_runs // points)
        return [Heat(Race(arms, q.zone, q.confidence, q.pilot, q.batch, most), tuple(field)) for field in fields]

    def hold(self, heats: Sequence[Heat]) -> None:
        """Hold races to their ends.  Raises what runner.run raises."""
        with shared(self.cluster) as cluster:
            while going := [heat for heat in heats if not heat.race.end]:
                self._go(heats, going, cluster)

    def _go(self, heats: Sequence[Heat], going: Sequence[Heat], cluster: Any) -> None:
        """Do all runs that races want next, and let them decide."""
        last = max(heat.race.last for heat in going)
        study = self.experiment if last <= self.experiment.replications else self.experiment.replace(replications=last)
        places = [self._places(heat) for heat in going]
        only = np.unique(np.concatenate([one.ravel() for one in places]))
        options = (self.workers, self.threads, self._meter(heats, going), cluster)
        try:
            self.results = runner.run(study, self._keeper, *options, only=only, command=self.command)
        except runner.Interrupted as stop:
            before = sum(heat.runs for heat in heats)
            stop.done, stop.total = stop.done + before, stop.total + before
            raise
        values = self._measured(study, only)
        for heat, wanted in zip(going, places, strict=True):
            heat.race.take(values[wanted].mean(axis=1).T)

    def _meter(self, heats: Sequence[Heat], going: Sequence[Heat]) -> runner.Progress:
        """Return what tells how far the races are when the runner tells how far the runs wanted next are."""
        before, failed_before = sum(heat.runs for heat in heats), self._failed
        at_most = sum(heat.race.at_most * len(heat.points) for heat in heats)
        arms = sum(len(heat.race.racing) for heat in going)
        stored: list[int] = []

        def tell(done: int, total: int, failed: int, seconds_left: float) -> None:
            if not stored:  # the runner's first word is what it has found
                stored.append(done)
                self._stored += done
            self._failed = failed_before + failed
            if self.progress:
                known = int(at_most) if math.isfinite(at_most) else before + total
                self.progress(Standing(before + done, self._stored, self._failed, known, len(going), arms))

        return tell

    def _places(self, heat: Heat) -> np.ndarray:
        """Return the places in the run sheet of what a race wants next: (replications, points, arms)."""
        race, points = heat.race, len(self.experiment.design)
        replications = np.arange(race.first, race.last)[:, None, None]
        return (replications * points + np.array(heat.points)[:, None]) * len(race.taken) + race.racing

    def _measured(self, study: Experiment, only: np.ndarray) -> np.ndarray:
        """Return what is compared in some runs, NaN in others (runs,), with the sign that makes more better."""
        q, rows = self.question, self._keeper.rows(study.sheet, by_period=False, only=only)
        values = np.full(len(study), np.nan)
        if q.firm in rows.firms:
            own = rows.firm == rows.firms.index(q.firm)
            values[rows.index[own]] = rows.kpis[q.kpi.name][own]
        return values if q.largest else -values
