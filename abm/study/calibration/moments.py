"""Moments: the simulated values that targets are compared with, each with its sampling error over replications.

A mean is over replications; a difference is paired within them; a ratio is that of two means, and its error is that of
the linearised ratio (the delta method), which keeps the pairing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit  # scipy.stats takes a second to import

from abm.kpis.kpi import FloatArray
from abm.kpis.measure import Measure
from abm.study.calibration.targets import Target
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import everybody
from abm.study.storage.results import Results


@dataclass(frozen=True)
class Moments:
    """The simulated values that several targets are compared with, at several points of a design.

    mean     : (points, targets) in the units of the targets; NaN where a run failed or has no value
    variance : (points, targets) of the mean, over replications
    count    : replications
    """

    mean: FloatArray
    variance: FloatArray
    count: int

    def interval(self, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Return the ends (points, targets) of the means' intervals, by Student's t."""
        half = stdtrit(self.count - 1, 0.5 + confidence / 2) * np.sqrt(self.variance)
        return self.mean - half, self.mean + half


def known_kpis(experiment: Experiment) -> dict[str, Measure]:
    """Return the KPIs a target may name: the shipped ones and the experiment's own."""
    return {**experiment.own.known, **{one.name: one for one in experiment.kpis}}


def moments(results: Results, targets: Sequence[Target], points: Sequence[int]) -> Moments:
    """Return the simulated values for targets, as `resolved` returns them, at some points of the study's design."""
    tables: dict[bool, pd.DataFrame] = {}
    blocks = []
    for target in targets:
        single = target.period is not None
        if single not in tables:
            tables[single] = everybody(results.periods if single else results.runs)
        table = tables[single]
        if single:
            table = table[table["period"] == target.period]
        own = table[table["firm"] == target.firm]
        arms = [
            _block(own[own["arm"] == arm], target.kpi, points, results.sheet.replications)
            for arm in (target.arm or results.baseline, target.against or results.baseline)
        ]
        blocks.append(_estimates(target.statistic, *arms))
    mean, variance = (np.column_stack(parts) for parts in zip(*blocks, strict=True))
    return Moments(mean, variance, results.sheet.replications)


def _estimates(statistic: str, values: FloatArray, against: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of the mean (points,) of values (points, replications)."""
    if statistic == "mean":
        mean, spread = values.mean(axis=1), values
    elif statistic == "difference":
        spread = values - against
        mean = spread.mean(axis=1)
    else:
        base = against.mean(axis=1)
        base = np.where(base == 0, np.nan, base)
        mean = values.mean(axis=1) / base
        spread = (values - mean[:, None] * against) / base[:, None]
    return mean, spread.var(axis=1, ddof=1) / values.shape[1]


def _block(table: pd.DataFrame, name: str, points: Sequence[int], replications: int) -> FloatArray:
    """Return a KPI as (points, replications), NaN for what is not there."""
    wide = table.pivot(index="point", columns="replication", values=name)
    return wide.reindex(index=list(points), columns=range(replications)).to_numpy(float)
