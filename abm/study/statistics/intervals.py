"""Intervals of what two arms differ by: of the mean, of a quantile, of the ratio of means; all over replications.

How often a 0.95 interval holds the truth was measured with 10 to 200 pairs, in 100,000 studies a case or more where it
is near 0.936 or 0.964 (tests/study/statistics/test_intervals.py):

mean         Student's t, `paired.interval`: exact for normal differences, 0.946 to 0.955 for t of 5 degrees of freedom
             and uniform ones. The skewness γ of n differences costs about 0.25 γ² / n (Owen 2025, arXiv 2501.07645,
             abstract read): of skewness 1 (gamma) it is 0.9365 with 10, 0.944 with 30; of skewness 2 (exponential)
             0.90 with 10, 0.9265 with 30, 0.942 with 100.
skewed_mean  `skewed_mean`. From 15 pairs on 0.937 to 0.961 for all of these, log-normal (skewness 1.75), Poisson and
             dice too. With 10: normal 0.960, gamma 0.95, log-normal 0.938, uniform 0.963; out of bounds exponential,
             0.934, t of 5, 0.966, and U-shaped, 0.975, as ten values do not tell these apart.
quantile     `quantile`. 0.939 to 0.961 for normal, exponential, t, uniform and U-shaped differences alike, if at least
             one value is to be expected beyond the quantile. Discrete differences: 0.95 to 1.
ratio        `ratio`. Exact for normal pairs of any correlation; 0.947 to 0.964 for the others with 10 pairs, 0.948 to
             0.953 with 30.

So t stays the interval of a mean, and `skewed_mean` is there for differences that are visibly skewed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import bdtr, stdtrit  # scipy.stats takes a second to import

from abm.core.errors import Refusal, did_you_mean, shown
from abm.study.statistics.paired import interval, skewness

FloatArray = np.ndarray
Estimates = tuple[FloatArray, FloatArray, FloatArray]

STATISTICS = ("mean", "skewed_mean", "median", "ratio")
_STRAIGHT = 1e-7  # Willink's function below it is a straight line to double precision


def checked(statistic: Any) -> str | float:
    """Return the statistic; raise Refusal for one that there is not."""
    if statistic in STATISTICS:
        return statistic
    if isinstance(statistic, float) and 0 < statistic < 1:
        return statistic
    allowed = f"{', '.join(STATISTICS)} or a quantile such as 0.9"
    meant = did_you_mean(statistic, STATISTICS) if isinstance(statistic, str) else ""
    raise Refusal(f"statistic = {shown(statistic)} is not {allowed}{meant}")


def estimated(
    statistic: str | float, arm: FloatArray, against: FloatArray, confidence: float
) -> tuple[float, float, float]:
    """Return (estimate, low, high) of a statistic of paired values (R,), as of `checked`.

    "mean", "skewed_mean", "median" and a quantile are of arm minus against; "ratio" is mean of arm / mean of against.
    """
    if statistic == "mean":
        return interval(arm - against, confidence)[:3]
    if statistic == "ratio":
        found = ratio(arm, against, confidence)
    elif statistic == "skewed_mean":
        found = skewed_mean(arm - against, confidence)
    else:
        found = quantile(arm - against, 0.5 if statistic == "median" else float(statistic), confidence)
    return float(found[0]), float(found[1]), float(found[2])


def skewed_mean(values: FloatArray, confidence: float) -> Estimates:
    """Return mean and interval, (...) each, of independent values (..., R) whose distribution may be skewed.

    The interval is as long as `bent`'s, with the mean in its middle. `bent` moves its ends by the skewness seen, which
    goes with the mean seen: too far if tails are heavy, the wrong way if they are light. The length takes the square
    of the skewness, and so has no such error. What it costs: the misses are not alike on both sides.
    Equal values have [x, x]; one has (-inf, inf), none has NaN.
    Source: Hall 1988, Journal of the Royal Statistical Society B 50, 35-45, from memory: coverage of symmetric
    intervals is right to a higher order in 1/R.
    """
    mean, low, high = bent(values, confidence)
    if values.shape[-1] < 2:
        return mean, low, high
    half = (high - low) / 2
    return mean, mean - half, mean + half


def bent(values: FloatArray, confidence: float) -> Estimates:
    """Return mean and interval, (...) each, of independent values (..., R): t's, stretched towards the long tail.

    The ends are x̄ - g(t) s/√R and x̄ - g(-t) s/√R with g(z) = ((1 + 6a(z - a))^(1/3) - 1) / 2a, a = skewness / 6√R.
    Equal values have [x, x]; one has (-inf, inf), none has NaN.
    Source: Willink 2005, Communications in Statistics - Theory and Methods 34 (seen in a secondary source), with
    Student's t quantile.
    """
    count = values.shape[-1]
    if count < 2:
        return _unknown(values)
    mean = np.where(np.ptp(values, axis=-1) == 0, values[..., 0], values.mean(axis=-1))
    error = np.where(np.ptp(values, axis=-1) == 0, 0.0, np.std(values, axis=-1, ddof=1)) / np.sqrt(count)
    bend = skewness(values) / (6 * np.sqrt(count))
    t = stdtrit(count - 1, 0.5 + confidence / 2)
    return mean, mean - _reach(t, bend) * error, mean - _reach(-t, bend) * error


def _reach(z: float, bend: FloatArray) -> FloatArray:
    """Return Willink's g(z)."""
    straight = np.abs(bend) < _STRAIGHT
    safe = np.where(straight, 1.0, bend)
    return np.where(straight, z, (np.cbrt(1 + 6 * safe * (z - safe)) - 1) / (2 * safe))


def quantile(values: FloatArray, at: float, confidence: float) -> Estimates:
    """Return the `at` quantile and its interval, (...) each, of independent values (..., R) of any distribution.

    The ends are order statistics, interpolated so that each misses with probability (1 - confidence) / 2 nearly
    whatever the distribution. Where values are equal they are order statistics further out, not interpolated: between
    two values that a discrete distribution takes lies none that it takes. These ends miss at most so often.
    An end that so few values cannot give is infinite, and the other may then miss with probability 1 - confidence.
    Both ends take log((1 - confidence) / 2) / log(max(at, 1 - at)) values: at 0.95 confidence 6 for the median, 13 for
    a quartile, 36 for 0.9, 72 for 0.95.
    Source: Hettmansperger & Sheather 1986, Statistics & Probability Letters 4, 75-79 (abstract read); Nyblom 1992, same
    journal 14, 129-131 (formula seen in a secondary source); discrete distributions: Scheffé & Tukey 1945, Annals of
    Mathematical Statistics 16, 187-192, from memory; estimate: the median-unbiased quantile of numpy.
    """
    count = values.shape[-1]
    if count < 2:
        return _unknown(values)
    ordered = np.sort(values, axis=-1)
    equal = (np.diff(ordered, axis=-1) == 0).any(axis=-1)
    low, high = ranks(count, at, confidence)
    middle = np.quantile(ordered, at, axis=-1, method="median_unbiased")
    return (
        middle,
        np.where(equal, _at_rank(ordered, np.floor(low)), _at_rank(ordered, low)),
        np.where(equal, _at_rank(ordered, np.ceil(high)), _at_rank(ordered, high)),
    )


@lru_cache(maxsize=256)
def ranks(count: int, at: float, confidence: float) -> tuple[float, float]:
    """Return the ranks, in [1, count] and not whole, of the ends of a quantile's interval; ±inf = there is none."""
    tail = 1 - confidence
    low, high = _rank(count, at, tail / 2), _rank(count, 1 - at, tail / 2)
    if not low and high:
        high = _rank(count, 1 - at, tail)
    elif low and not high:
        low = _rank(count, at, tail)
    return low or -np.inf, count + 1 - high if high else np.inf


def _rank(count: int, at: float, tail: float) -> float:
    """Return the rank whose order statistic exceeds the `at` quantile with probability `tail`, 0 if there is none."""
    exceed = bdtr(np.arange(count), count, at)  # the order statistic of rank d + 1 exceeds it: at most d lie below
    rank = int(np.searchsorted(exceed, tail, side="right"))
    if rank in (0, count):
        return float(rank)
    short, over = tail - exceed[rank - 1], exceed[rank] - tail
    return rank + short / (short + over * rank * (1 - at) / ((count - rank) * at))


def _at_rank(ordered: FloatArray, rank: float) -> FloatArray:
    """Return ordered values (..., R) at a rank between 1 and R, interpolated; ±inf at an infinite rank."""
    if np.isinf(rank):
        return np.full(ordered.shape[:-1], rank)
    whole = min(int(rank), ordered.shape[-1] - 1)
    share = rank - whole
    return (1 - share) * ordered[..., whole - 1] + share * ordered[..., whole]


def ratio(arm: FloatArray, against: FloatArray, confidence: float) -> Estimates:
    """Return the ratio of the means and its interval, (...) each, of paired values (..., R).

    The interval holds every ρ for which arm - ρ against has a mean that Student's t cannot tell from 0. Where the mean
    of `against` cannot be told from 0 that says nothing of the ratio, and the interval is (-inf, inf).
    Source: Fieller's theorem (Oxford dictionary's statement read): exact for pairs that are jointly normal.
    """
    count = arm.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if count < 2:
            return _unknown(arm / against)
    x, y = arm.mean(axis=-1), against.mean(axis=-1)
    dx, dy = arm - x[..., None], against - y[..., None]
    weight = stdtrit(count - 1, 0.5 + confidence / 2) ** 2 / (count - 1) / count
    a = y * y - weight * (dy * dy).sum(axis=-1)
    b = x * y - weight * (dx * dy).sum(axis=-1)
    c = x * x - weight * (dx * dx).sum(axis=-1)
    bounded = a > 0
    safe = np.where(bounded, a, 1.0)
    half = np.sqrt(np.maximum(b * b - a * c, 0.0)) / safe
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = x / y
    return estimate, np.where(bounded, b / safe - half, -np.inf), np.where(bounded, b / safe + half, np.inf)


def _unknown(values: FloatArray) -> Estimates:
    """Return what fewer than two values say: one is a mean without an interval, none is nothing."""
    shape = values.shape[:-1]
    if not values.shape[-1]:
        return np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    return values[..., 0], np.full(shape, -np.inf), np.full(shape, np.inf)
