"""Verdicts: which arm is best, in words and as a table, and whether the answer can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from abm.core.errors import counted, one_of
from abm.core.shown import in_notebook
from abm.study.comparison.question import Question
from abm.study.comparison.races import RaceOverPoints, RaceRunner
from abm.study.comparison.selection import PILOT, against_best, correlation, independent_runs, skewed
from abm.study.plan.arms import LABEL
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run
from abm.study.storage.results import Results

TWIN = "_again"  # ends the name of the second of two equal arms in an A/A comparison


@dataclass(frozen=True)
class Check:
    """Whether a verdict can be trusted.

    difference : the largest between the baseline and an arm of the same settings and another name (A/A), in any KPI,
                 firm and replication; it must be exactly 0; NaN if no run has a value
    warnings   : of the verdict, such as of skewed differences
    """

    difference: float
    replications: int
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether equal arms had exactly equal results."""
        return self.difference == 0

    def __str__(self) -> str:
        return "; ".join([self.statement, *self.warnings])

    @property
    def statement(self) -> str:
        """What the A/A comparison found, in words."""
        found = "have exactly equal results" if self.ok else f"differ by up to {self.difference:.6g}"
        if np.isnan(self.difference):
            found = "have nothing to compare"
        return f"two equal arms {found} in {counted(self.replications, 'replication')}"


@dataclass(frozen=True)
class Verdict:
    """Which arm is best in a KPI of a firm.

    best       : the arm, None while that is not decided          statement : the answer in words
    decided    : whether best is the best arm, or within the zone of it, with probability `confidence` or more
    contenders : arms not eliminated: the best, those equal to it in every replication, or those still undecided
    table      : a row per arm, the leader first, then those that stayed longest:
                 mean           over all its replications, in the KPI's unit
                 difference     from the leader, over the replications that both have
                 low, high      interval for the arm minus the best of the others, for all arms together at the
                                confidence (selection.against_best, conservative)
                 runs           used of this arm             eliminated_at  replications, <NA> = not eliminated
    runs       : used in all, those that were stored included        failed : of them
    runs_independent : what the same guarantee takes with separate luck for each arm and without elimination, by
                 Rinott's procedure with the variances measured here (selection.independent_runs); NaN where an arm
                 has no value
    correlation : of the arms' KPI, the mean over all pairs
    left_out   : replications left out as a run of an arm in the race failed or has no value
    warnings   : runs that failed, and what makes the stated probability doubtful
    points     : of the design, that each replication is averaged over
    """

    question: Question
    best: str | None
    decided: bool
    statement: str
    contenders: tuple[str, ...]
    table: pd.DataFrame
    runs: int
    runs_independent: float
    correlation: float
    failed: int
    left_out: int
    warnings: tuple[str, ...]
    points: tuple[int, ...]
    experiment: Experiment = field(repr=False, compare=False)

    _repr_html_ = in_notebook

    @property
    def saving(self) -> float:
        """How many times fewer runs than with separate luck and without elimination."""
        return self.runs_independent / self.runs

    def __str__(self) -> str:
        return self.statement

    def check(self, replications: int = PILOT, workers: int | None = None) -> Check:
        """Run the baseline twice under two names, in memory, and compare every KPI of every firm.

        Raises what runner.run raises.
        """
        return check(self.experiment, self.points, replications, workers, self.warnings)


def check(
    experiment: Experiment, points: Iterable[int], replications: int, workers: int | None, warnings: tuple[str, ...]
) -> Check:
    """Run the baseline of an experiment twice under two names at some points, and compare all it measures."""
    baseline = experiment.sheet.baseline
    settings = {key: value for key, value in experiment.arms[baseline].items() if key != LABEL}  # of one arm only
    twins = dict.fromkeys((baseline, baseline[:50] + TWIN), settings)
    pair = experiment.replace(arms=twins, baseline=baseline, replications=replications, expect=(), groups={})
    indices = np.arange(len(pair))
    only = indices[np.isin(indices // len(twins) % len(pair.design), list(points))]
    table = run(pair, workers=workers, only=only).runs
    kpis = [kpi.name for kpi in pair.kpis]
    first, second = (table.loc[table["arm"] == arm, kpis].to_numpy(float) for arm in twins)
    if not np.array_equal(np.isnan(first), np.isnan(second)):
        return Check(np.inf, replications, warnings)
    apart = np.abs(first - second)[np.isfinite(first)]
    return Check(float(apart.max()) if len(apart) else np.nan, replications, warnings)


def verdict(runner: RaceRunner, race_over_points: RaceOverPoints) -> Verdict:
    """Return the verdict of a race that has ended."""
    race, question, arms = race_over_points.race, runner.question, runner.experiment.sheet.arms
    means = np.array([_mean(row) for row in race.values])
    leader = int(race.racing[np.argmax(np.nan_to_num(means[race.racing], nan=-np.inf))])
    table = _table(question, race_over_points, arms, means, leader)
    contenders = tuple(table["arm"][: len(race.racing)])
    failed = _failed(runner.results, race_over_points)
    left_out = int((~np.isfinite(race.values[race.racing]).all(axis=0)).sum())
    return Verdict(
        question=question,
        best=arms[leader] if race.decided else None,
        decided=race.decided,
        statement=_statement(runner, race_over_points, contenders, failed)
        + (_omission(left_out) if race.decided else ""),
        contenders=contenders,
        table=table,
        runs=race_over_points.runs,
        runs_independent=independent_runs(race) * len(race_over_points.points),
        correlation=correlation(race.values),
        failed=len(failed),
        left_out=left_out,
        warnings=(*_failures(failed, race_over_points), *_skewness(race_over_points, arms, leader)),
        points=race_over_points.points,
        experiment=runner.experiment,
    )


def _mean(row: np.ndarray) -> float:
    there = row[np.isfinite(row)]
    return float(there.mean()) if len(there) else np.nan


def _table(
    question: Question, race_over_points: RaceOverPoints, arms: tuple[str, ...], means: np.ndarray, leader: int
) -> pd.DataFrame:
    race, sign = race_over_points.race, 1 if question.largest else -1
    difference, low, high = against_best(race)
    if not question.largest:
        low, high = -high, -low
    out = ~np.isin(np.arange(len(arms)), race.racing)
    columns = {
        "arm": np.array(arms, object),
        "mean": sign * means,
        "difference": sign * difference[:, leader],
        "low": low,
        "high": high,
        "runs": race.taken * len(race_over_points.points),
        "eliminated_at": pd.array(np.where(out, race.taken, 0), "Int64"),
    }
    table = pd.DataFrame(columns)
    table.loc[~out, "eliminated_at"] = pd.NA
    numbers = table.columns[1:5]
    table[numbers] = table[numbers] + 0.0  # adding zero turns -0.0 into 0.0, which is shown without a minus
    behind = np.nan_to_num(-difference[:, leader], nan=np.inf)
    return table.iloc[np.lexsort([behind, -race.taken, out])].reset_index(drop=True)


def _failed(results: Results | None, race_over_points: RaceOverPoints) -> pd.DataFrame:
    """Return those of the failed runs that the race has used."""
    assert results is not None
    table = results.failed
    taken = dict(zip(results.arms, race_over_points.race.taken, strict=True))
    used = table["point"].isin(race_over_points.points) & (
        table["replication"] < table["arm"].map(taken).fillna(0).astype(int)
    )
    return table[used]


def _statement(
    runner: RaceRunner, race_over_points: RaceOverPoints, contenders: tuple[str, ...], failed: pd.DataFrame
) -> str:
    q, race, points = runner.question, race_over_points.race, len(runner.experiment.design)
    best = f"the {q.most} {q.kpi.name} of {q.whose}"
    if points > 1:
        best += (
            f" over {points} points" if len(race_over_points.points) > 1 else f" at point {race_over_points.points[0]}"
        )
    near = f"or is within {q.amount} of the best"
    sure = f"{q.confidence:.6g} confidence, {counted(len(race.taken), 'arm')}, {counted(race_over_points.runs, 'run')}"
    first = f"'{contenders[0]}' has {best}, {near}"
    if len(race.taken) == 1:
        return f"there is only the arm '{contenders[0]}', so there is nothing to compare"
    if race.end == "one":
        return f"{first} ({sure})"
    if race.end == "equal":
        same = f"equal to it in all {race.first} replications"
        return f"{first}; {_listed(contenders[1:])} {same} ({sure})"
    if race.end == "budget":
        among = one_of(f"'{arm}'" for arm in contenders)
        return f"not decided within the budget: {among} has {best}, {near} ({sure}); take more runs, or a wider zone"
    reason = _undefined(q, race_over_points, runner.experiment.sheet.arms, failed)
    return f"not decided: {reason}; leave that arm out, or compare another KPI"


def _listed(arms: Iterable[str]) -> str:
    quoted = [f"'{arm}'" for arm in arms]
    return f"{quoted[0]} is" if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]} are"


def _undefined(q: Question, race_over_points: RaceOverPoints, arms: tuple[str, ...], failed: pd.DataFrame) -> str:
    """Say which arm has no value in most of its runs, and why."""
    there = np.isfinite(race_over_points.race.values).mean(axis=1)
    arm, of = arms[int(there.argmin())], race_over_points.race.first
    missing = of - round(float(there.min()) * of)
    mine = failed[failed["arm"] == arm]
    if len(mine):
        return f"{len(mine)} of {counted(of, 'run')} of '{arm}' failed"
    reason = "" if q.kpi.nan == "never" else f" ({q.kpi.nan})"
    return f"{q.kpi.name} of {q.whose} has no value in {missing} of {counted(of, 'replication')} of '{arm}'{reason}"


def _omission(left_out: int) -> str:
    words = "1 replication is" if left_out == 1 else f"{left_out} replications are"
    return f"; {words} left out, as a run failed or has no value" if left_out else ""


def _failures(failed: pd.DataFrame, race_over_points: RaceOverPoints) -> Iterable[str]:
    if len(failed):
        first = failed.iloc[0]
        where = f"arm '{first['arm']}', point {first['point']}, replication {first['replication']}"
        what = f"the first ({where}) with {first['error']}: {first['message']}"
        runs = counted(race_over_points.runs, "run")
        yield f"{len(failed):,} of {runs} failed, {what}; the same call tries them again"


def _skewness(race_over_points: RaceOverPoints, arms: tuple[str, ...], leader: int) -> Iterable[str]:
    found = skewed(race_over_points.race, leader)
    if np.isfinite(found).any():
        worst = int(np.nanargmax(np.abs(found)))
        count = int(race_over_points.race.taken[[worst, leader]].min())
        yield (
            f"the differences of '{arms[worst]}' from '{arms[leader]}' are skewed (skewness {found[worst]:.2g} over "
            f"{count} replications), so the confidence is approximate: ask for a higher one (0.99) or a pilot of 100"
        )
