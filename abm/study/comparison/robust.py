"""Robustness: which arm wins where in the space of what nobody can know, and what it costs to choose another.

    found = abm.robust(study, "profit", firm="north", zone=0.5, store="results/study")
    print(found)              'points' has the highest profit of north at 24 of 32 points (75 % of the space), …
    found.table, found.arms

At each point of the design the arms race on their own, with the guarantee of `compare`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import counted
from abm.core.shown import in_notebook
from abm.study.comparison.question import Question, question
from abm.study.comparison.races import Progress, RaceRunner
from abm.study.comparison.selection import BATCH, PILOT
from abm.study.comparison.verdict import Check, Verdict, check, verdict
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.provenance.digest import canonical


@dataclass(frozen=True)
class Robustness:
    """Which arm is best at each point of a design.

    verdicts : of the points, in the design's order
    together : whether the confidence is that of all verdicts together, not of each
    table    : a row per point and arm: point, factors, weight, arm, mean, regret, best, decided
               weight  share of the space that the point stands for
               regret  how far the arm is behind the point's leading arm, over the replications that both have
    arms     : a row per arm, the one that wins most of the space first: arm, points (won), share (of the space won),
               mean_regret (over the space), largest_regret, worst_point (where that is)
    """

    question: Question
    verdicts: tuple[Verdict, ...]
    together: bool
    table: pd.DataFrame
    arms: pd.DataFrame

    _repr_html_ = in_notebook

    @property
    def decided(self) -> bool:
        """Whether the best arm is known at every point."""
        return all(one.decided for one in self.verdicts)

    @property
    def runs(self) -> int:
        """Runs used in all, those that were stored included."""
        return sum(one.runs for one in self.verdicts)

    @property
    def runs_independent(self) -> float:
        """Runs that the same guarantee takes with separate luck and without elimination."""
        return sum(one.runs_independent for one in self.verdicts)

    @property
    def saving(self) -> float:
        """How many times fewer runs than with separate luck and without elimination."""
        return self.runs_independent / self.runs

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return sum(one.failed for one in self.verdicts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the stated probability doubtful, and at which point."""
        return tuple(f"at point {one.points[0]} {text}" for one in self.verdicts for text in one.warnings)

    @property
    def statement(self) -> str:
        """What was found, in words."""
        q, total, rows = self.question, counted(len(self.verdicts), "point"), self.arms.to_dict("records")
        winners = [row for row in rows if row["points"]]
        won = [f"'{row['arm']}' at {row['points']} ({row['share']:.0%} of the space)" for row in winners]
        text = f"the {q.most} {q.kpi.name} of {q.whose} at {total}: {', '.join(won) or 'none is decided'}"
        undecided = sum(not one.decided for one in self.verdicts)
        if won and undecided:
            text += f", not decided at {undecided}"
        safest = min(rows, key=lambda row: (row["largest_regret"], row["mean_regret"]))
        for row in [*winners[:1], safest] if winners and winners[0] != safest else [safest]:
            text += f"; {self._cost(row)}"
        each = "for all points together" if self.together else "at each point"
        return f"{text} ({q.confidence:.6g} confidence {each}, within {q.amount}, {counted(self.runs, 'run')})"

    def __str__(self) -> str:
        return self.statement

    def check(self, replications: int = PILOT, workers: int | None = None) -> Check:
        """Run the baseline twice under two names at all points, in memory, and compare every KPI of every firm."""
        points = range(len(self.verdicts))
        return check(self.verdicts[0].experiment, points, replications, workers, self.warnings)

    def _cost(self, row: Mapping[Hashable, Any]) -> str:
        if row["largest_regret"] == 0:
            return f"'{row['arm']}' leads everywhere"
        said = self.question.said
        where = f"{said(row['largest_regret'])} at the worst, at point {row['worst_point']}"
        return f"'{row['arm']}' everywhere costs {said(row['mean_regret'])} on average and {where}"


def robust(
    experiment: Experiment,
    kpi: str,
    firm: str | None = None,
    zone: float | None = None,
    confidence: float = 0.95,
    *,
    together: bool = False,
    largest: bool | None = None,
    group: str | None = None,
    max_runs: int | None = None,
    pilot: int = PILOT,
    batch: int = BATCH,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    command: str = "abm.robust",
) -> Robustness:
    """Return which arm is best at each point of a design, and what it costs to choose another.

    together : whether the confidence is that all verdicts are right (Bonferroni), not that each of them is
    max_runs : at most, in equal shares for the points; None = as many as it takes

    The other parameters, what is stored and what is raised are as of `compare`.
    """
    checks.instance("together", together, bool)
    asked = question(experiment, kpi, firm, zone, confidence, largest, pilot, batch, group)
    points = len(experiment.design)
    each = 1 - (1 - asked.confidence) / points if together else asked.confidence
    runner = RaceRunner(
        experiment, replace(asked, confidence=each), store, workers, threads, progress, cluster, command
    )
    races = runner.races([[point] for point in range(points)], max_runs)
    runner.finish(races)
    verdicts = tuple(verdict(runner, race) for race in races)
    table = _table(experiment, verdicts, asked.largest)
    return Robustness(asked, verdicts, together, table, _arms(experiment, table))


def _table(experiment: Experiment, verdicts: tuple[Verdict, ...], largest: bool) -> pd.DataFrame:
    design = experiment.design
    weights = np.bincount(design.index, minlength=len(design)) / len(design.index)
    parts = []
    for point, one in enumerate(verdicts):
        rows = one.table.set_index("arm").loc[list(experiment.arms)].reset_index()
        behind = -rows["difference"] if largest else rows["difference"]
        found = {"mean": rows["mean"], "regret": np.maximum(behind, 0.0) + 0.0, "best": rows["arm"] == one.best}
        part = pd.DataFrame({"point": point, "arm": rows["arm"]} | found)
        for path, value in design.point(point).items():
            part[path] = value if isinstance(value, bool | int | float | str) else canonical(value)
        parts.append(part.assign(weight=weights[point], decided=one.decided))
    names = ["point", *design.factors, "weight", "arm", "mean", "regret", "best", "decided"]
    return pd.concat(parts, ignore_index=True)[names]


def _arms(experiment: Experiment, table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for arm in experiment.arms:
        own = table[table["arm"] == arm].reset_index(drop=True)
        won, regret = own["best"].to_numpy(bool), own["regret"].to_numpy(float)
        worst = int(np.argmax(np.nan_to_num(regret, nan=np.inf)))
        share = float(own["weight"][won].sum())
        mean = float((own["weight"] * regret).sum(skipna=False))
        rows.append((arm, int(won.sum()), share, mean, float(regret[worst]), int(own["point"][worst])))
    names = ["arm", "points", "share", "mean_regret", "largest_regret", "worst_point"]
    found = pd.DataFrame(rows, columns=names)
    return found.sort_values(["share", "mean_regret"], ascending=[False, True], kind="stable").reset_index(drop=True)
