"""Paired comparison: what common random numbers make of two arms.

Both arms of a replication live through the same luck, so their difference is measured within replications.
Claim: over R independent replications the mean difference d has the two-sided interval d ± t(R-1) · s / sqrt(R).
Source: the paired-t interval of the simulation textbooks (Law, Simulation Modeling and Analysis), from memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes a second to import, in every worker process

from abm.core.errors import counted
from abm.core.shown import in_notebook

FloatArray = np.ndarray


@dataclass(frozen=True)
class PairedDifference:
    """How much better one arm does than another in one KPI of one firm.

    mean, sd  : of arm minus against over replications, in the KPI's unit
    low, high : interval, by default of the mean; with one pair it is (-inf, inf), with none NaN
    pairs     : replications in the interval
    dropped   : pairs (point, replication) left out because a run failed, is missing or has no value, there or at
                another point of the replication
    saving    : variance of the difference had the arms not shared their luck, over its variance now
    statistic : what the interval is of: "mean", "skewed_mean", "median" or a quantile of the difference in the KPI's
                unit, or the "ratio" of the arms' means            estimate : its value
    """

    kpi: str
    arm: str
    against: str
    firm: str
    mean: float
    low: float
    high: float
    pairs: int
    sd: float
    confidence: float
    dropped: int = 0
    saving: float = math.nan
    statistic: str | float = "mean"
    estimate: float = math.nan

    _repr_html_ = in_notebook

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of no difference: of 0, or of 1 for a ratio."""
        equal = 1.0 if self.statistic == "ratio" else 0.0
        return self.low > equal or self.high < equal

    def __str__(self) -> str:
        left_out = f", {self.dropped} left out" if self.dropped else ""
        pairs = counted(self.pairs, "pair")
        value = self.mean if self.statistic == "mean" else self.estimate
        return (
            f"{self._what()}: {value:.6g} "
            f"[{self.low:.6g}, {self.high:.6g}] ({self.confidence:.6g} confidence, {pairs}{left_out})"
        )

    def _what(self) -> str:
        compared = f"{self.arm} {'over' if self.statistic == 'ratio' else 'minus'} {self.against}"
        statistic = f"{self.statistic} quantile" if isinstance(self.statistic, float) else self.statistic
        of = f", {statistic}" if statistic not in ("mean", "skewed_mean", "ratio") else ""
        return f"{self.kpi} of {self.firm}, {compared}{of}"


def interval(differences: FloatArray, confidence: float) -> tuple[float, float, float, float]:
    """Return (mean, low, high, sd) of independent differences (R,) by Student's t.

    Equal differences have the interval [d, d]; one difference has (-inf, inf), none has NaN.
    """
    count = len(differences)
    if count == 0:
        return math.nan, math.nan, math.nan, math.nan
    if count == 1:
        return float(differences[0]), -math.inf, math.inf, math.nan
    if np.all(differences == differences[0]):  # a rounded mean of equal numbers need not be that number
        return float(differences[0]), float(differences[0]), float(differences[0]), 0.0
    mean, sd = float(np.mean(differences)), float(np.std(differences, ddof=1))
    half = float(stdtrit(count - 1, 0.5 + confidence / 2)) * sd / math.sqrt(count)
    return mean, mean - half, mean + half, sd


def skewness(values: FloatArray) -> FloatArray:
    """Return the skewness (...) of values (..., R), adjusted for R; 0 for equal values and for fewer than three.

    Source: the adjusted Fisher-Pearson coefficient, n / ((n - 1)(n - 2)) Σ ((x - x̄) / s)³.
    """
    count = values.shape[-1]
    if count < 3:
        return np.zeros(values.shape[:-1])
    sd = np.where(np.ptp(values, axis=-1) == 0, 0.0, np.std(values, axis=-1, ddof=1))[..., None]
    scaled = np.where(sd > 0, values - values.mean(axis=-1, keepdims=True), 0.0) / np.where(sd > 0, sd, 1.0)
    return (scaled**3).sum(axis=-1) * count / ((count - 1) * (count - 2))


def by_replication(arm: FloatArray, against: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Average two blocks (point, replication) over points, pair by pair, as `over_points` does.

    Returns the replications' means (R,) of both arms and how many pairs were left out.
    """
    (first, second), dropped = together([arm, against])
    return first, second, dropped


def together(blocks: Sequence[FloatArray]) -> tuple[FloatArray, int]:
    """Average blocks (point, replication), one per arm, over points, as `over_points` does.

    Returns the means (arms, R) of the replications that have one, and how many places (point, replication) are in none.
    """
    used = balanced(blocks)
    return over_points(blocks)[:, used.any(axis=0)], int((~used).sum())


def over_points(blocks: Sequence[FloatArray]) -> FloatArray:
    """Return the means (arms, replication) of blocks (point, replication), one per arm, NaN where there is none.

    Every mean is over the same points, or differences between points would be taken for luck: over those at which all
    arms have a finite value in some replication, in the replications in which they have one at each of these.
    """
    used = balanced(blocks)
    with np.errstate(invalid="ignore"):
        return np.where(used, np.array(blocks), 0.0).sum(axis=1) / used.sum(axis=0)


def balanced(blocks: Sequence[FloatArray]) -> np.ndarray:
    """Return which places (point, replication) of blocks, one per arm, `over_points` averages."""
    whole = np.isfinite(np.array(blocks)).all(axis=0)
    points = whole.any(axis=1, keepdims=True)
    return points & whole & (whole | ~points).all(axis=0)


def mean_of_points(block: FloatArray) -> float:
    """Return the mean over points of the means of a block (point, replication) over replications; NaN without a value.

    Only finite values count, and a point without one is left out.
    """
    known = np.isfinite(block)
    counts = known.sum(axis=1)
    means = np.where(known, block, 0.0).sum(axis=1)[counts > 0] / counts[counts > 0]
    return float(means.mean()) if len(means) else math.nan


def saving(arm: FloatArray, against: FloatArray) -> float:
    """Return how many times fewer replications pairing needs: (var x + var y) / var(x - y); NaN below two pairs."""
    if len(arm) < 2:
        return math.nan
    paired = float(np.var(arm - against, ddof=1))
    alone = float(np.var(arm, ddof=1) + np.var(against, ddof=1))
    if paired == 0:
        return math.inf if alone > 0 else math.nan
    return alone / paired
