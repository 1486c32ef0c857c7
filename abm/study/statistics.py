"""Paired comparison: what common random numbers make of two arms.

Both arms of a replication live through the same luck, so their difference is measured within replications.
Claim: over R independent replications the mean difference d has the two-sided interval d ± t(R-1) · s / sqrt(R).
Source: the paired-t interval of the simulation textbooks (Law, Simulation Modeling and Analysis), from memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes a second to import, in every worker process

FloatArray = np.ndarray


@dataclass(frozen=True)
class PairedDifference:
    """How much better one arm does than another in one KPI of one firm.

    mean, low, high : mean of arm minus against and its interval, in the KPI's unit
    pairs           : replications in the interval; with fewer than two it is (-inf, inf)
    sd              : standard deviation of the difference between replications
    dropped         : pairs (point, replication) left out because a run failed, is missing or has no value
    saving          : variance of the difference had the arms not shared their luck, over its variance now
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

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        left_out = f", {self.dropped} left out" if self.dropped else ""
        return (
            f"{self.kpi} of {self.firm}, {self.arm} minus {self.against}: {self.mean:.6g} "
            f"[{self.low:.6g}, {self.high:.6g}] ({self.confidence:.6g} confidence, {self.pairs} pairs{left_out})"
        )


def interval(differences: FloatArray, confidence: float) -> tuple[float, float, float, float]:
    """Return (mean, low, high, sd) of independent differences (R,) by Student's t.

    Equal differences have the interval [d, d]; fewer than two differences have (-inf, inf).
    """
    count = len(differences)
    if count == 0:
        return math.nan, -math.inf, math.inf, math.nan
    if count == 1:
        return float(differences[0]), -math.inf, math.inf, math.nan
    if np.all(differences == differences[0]):  # a rounded mean of equal numbers need not be that number
        return float(differences[0]), float(differences[0]), float(differences[0]), 0.0
    mean, sd = float(np.mean(differences)), float(np.std(differences, ddof=1))
    half = float(stdtrit(count - 1, 0.5 + confidence / 2)) * sd / math.sqrt(count)
    return mean, mean - half, mean + half, sd


def by_replication(arm: FloatArray, against: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Average two blocks (point, replication) over points, pair by pair.

    Returns the replications' means (R,) of both arms and how many pairs were left out for want of a finite value.
    """
    whole = np.isfinite(arm) & np.isfinite(against)
    used = whole.any(axis=0)
    counts = whole.sum(axis=0)[used]
    first = np.where(whole, arm, 0.0).sum(axis=0)[used] / counts
    second = np.where(whole, against, 0.0).sum(axis=0)[used] / counts
    return first, second, int((~whole).sum())


def saving(arm: FloatArray, against: FloatArray) -> float:
    """Return how many times fewer replications pairing needs: (var x + var y) / var(x - y); NaN below two pairs."""
    if len(arm) < 2:
        return math.nan
    paired = float(np.var(arm - against, ddof=1))
    alone = float(np.var(arm, ddof=1) + np.var(against, ddof=1))
    if paired == 0:
        return math.inf if alone > 0 else math.nan
    return alone / paired
