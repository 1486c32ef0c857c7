"""Comparison: the best arm, or one as good for all that matters, with a stated probability.

    verdict = abm.compare(study, "profit", firm="north", zone=0.5, store="results/study")
    print(verdict)            'points' has the highest profit of north, or is within 0.5 … of it (0.95 confidence, …)
    verdict.table, verdict.runs, verdict.saving, verdict.check()

Arms live through the same luck and leave the race as soon as they are shown not to be the best, so that only what is
close costs runs. How it decides: abm/study/comparison/selection.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from abm.core.errors import Refusal
from abm.study.comparison.question import question
from abm.study.comparison.races import Progress, RaceRunner
from abm.study.comparison.selection import BATCH, PILOT
from abm.study.comparison.verdict import Verdict, verdict
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment


def compare(
    experiment: Experiment,
    kpi: str,
    firm: str | None = None,
    zone: float | None = None,
    confidence: float = 0.95,
    *,
    largest: bool | None = None,
    group: str | None = None,
    point: int | None = None,
    max_runs: int | None = None,
    pilot: int = PILOT,
    batch: int = BATCH,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    command: str = "abm.compare",
) -> Verdict:
    """Return which arm is best in a KPI of a firm, with the probability that this is right.

    firm       : None = the focal firm, the first           largest : whether more is better; None = as the KPI says
    group      : of the firm's customers that the study tells apart; None = everybody
    zone       : the smallest difference that matters, in the KPI's unit, above 0; only you can know it
    confidence : probability of a right answer, above 1 / number of arms
    point      : of the design; None = each replication is averaged over all points
    max_runs   : at most; None = as many as it takes
    pilot, batch : replications before the first decision and between the first decisions, see selection.next_look
    store, workers, threads, cluster, command : as of runner.run; the runs of a look are done together
    progress   : called with a Standing after every batch

    Runs that are stored already, by an earlier comparison or by `run`, are used; a comparison that was interrupted goes
    on with the same call. The replications of the experiment do not limit it.
    Raises Refusal for input of no use, and what runner.run raises.
    """
    asked = question(experiment, kpi, firm, zone, confidence, largest, pilot, batch, group)
    points = points_of(experiment, point)
    runner = RaceRunner(experiment, asked, store, workers, threads, progress, cluster, command)
    (race,) = runner.races([points], max_runs)
    runner.finish([race])
    return verdict(runner, race)


def points_of(experiment: Experiment, point: int | None) -> range:
    """Return the points of the design that are compared: one, or all.  Raises Refusal for one that is not there."""
    points = range(len(experiment.design))
    if point is None:
        return points
    checks.whole("point", point, low=0)
    if point not in points:
        raise Refusal(f"= {point} is outside [0, {len(points) - 1}]", place="point")
    return range(point, point + 1)
