"""Many comparisons at once: every arm with the baseline, or every pair of arms, at a confidence that holds for all.

    abm.comparisons(results, "profit")                     each arm minus the baseline
    abm.comparisons(results, "profit", among="all")        every pair

Of twenty intervals at 0.95 one misses on average. The methods, and what was measured by
tests/study/replications/test_multiple.py:

max_t       Intervals mean ± c s/√R with one c for all, and p-values adjusted alike. c is the quantile of the largest
            |t| among normal differences with the correlations seen in the data: what Dunnett's test is for many arms
            and a control and Tukey's for all pairs, without their assumption that arms are independent and equally
            spread, which common random numbers break. At 0.95 all intervals held together in 0.939 to 0.952 of the
            studies of 4 arms and 0.93 to 0.95 of those of 8 arms, with 5 to 60 replications: a little too seldom, as
            the correlations are themselves estimates. They are 4 to 7 % narrower than Bonferroni's.
bonferroni  Each interval at confidence 1 - α / k, p-values times k: at least 1 - α whatever the correlations.
holm        P-values by Holm's steps, never larger than Bonferroni's. Holm gives no intervals: they are Bonferroni's.

Source: Holm 1979 and Bonferroni's inequality, from memory; max_t: Hothorn, Bretz & Westfall 2008, Biometrical Journal
50(3), 346-363 (abstract read), here with the distribution of each difference's own standard deviation (Bartlett's
decomposition of a Wishart matrix, from memory) in place of one that all share.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import gammaincinv, ndtri, stdtr, stdtrit  # scipy.stats takes a second to import

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.study.statistics.paired import together
from abm.study.storage.results import Results

FloatArray = np.ndarray

METHODS = ("max_t", "bonferroni", "holm")
AMONG = ("baseline", "all")
MOST = 1_000  # comparisons of which max_t works out the joint distribution
_DRAWS = 1 << 14  # points of a low-discrepancy sequence: c is right to 0.5 %
_EDGE = 1e-9  # of (0, 1): quantiles there are still finite
_RARE = 0.002  # a probability that so many draws show too coarsely
_AT_A_TIME = 256  # of them, which bounds the memory
_COLUMNS = ("arm", "against", "difference", "low", "high", "p", "p_adjusted", "pairs")


def comparisons(
    results: Results,
    kpi: str,
    firm: str | None = None,
    *,
    among: str = "baseline",
    method: str = "max_t",
    confidence: float = 0.95,
    point: int | None = None,
) -> pd.DataFrame:
    """Return a row per comparison: arm, against, difference, low, high, p, p_adjusted, pairs.

    among      : "baseline" = each other arm minus the baseline; "all" = every pair of arms
    method     : "max_t", "bonferroni" or "holm"        confidence : that all intervals hold together
    firm       : None = the focal firm                  point : of the design, None = mean of all points
    difference : mean over replications, in the KPI's unit; low, high : simultaneous interval
    p          : of Student's t against no difference, two-sided; p_adjusted : below 1 - confidence = told apart

    Replications in which an arm has no value are left out for all, so that all rows are of the same luck.
    Raises Refusal for names that are not in the results and other words or numbers than these.
    """
    for what, value, allowed in (("among", among, AMONG), ("method", method, METHODS)):
        if value not in allowed:
            hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
            raise Refusal(f"{what} = {shown(value)} is not {one_of(allowed)}{hint}")
    if not 0 < confidence < 1:
        raise Refusal(f"confidence = {shown(confidence)} is outside (0, 1)")
    means, _ = together(_blocks(results, kpi, firm, point))
    arms = list(results.arms)
    base = arms.index(results.baseline)
    others = [(arm, base) for arm in range(len(arms)) if arm != base]
    pairs = others if among == "baseline" else [(b, a) for a, b in combinations(range(len(arms)), 2)]
    first, second = (np.array([pair[side] for pair in pairs], int) for side in (0, 1))
    numbers = simultaneous(means[first] - means[second], method, confidence)
    names = ([arms[i] for i in first], [arms[i] for i in second])
    return pd.DataFrame(dict(zip(_COLUMNS, (*names, *numbers, means.shape[1]), strict=True)), columns=_COLUMNS)


def _blocks(results: Results, kpi: str, firm: str | None, point: int | None) -> list[FloatArray]:
    """Return a block (points, replications) per arm, or the one row of a point."""
    blocks = [results.block(kpi, arm, results.firms[0] if firm is None else firm) for arm in results.arms]
    if point is None:
        return blocks
    if not 0 <= point < len(blocks[0]):
        raise Refusal(f"point = {point} is outside [0, {len(blocks[0]) - 1}]")
    return [block[point : point + 1] for block in blocks]


def simultaneous(differences: FloatArray, method: str, confidence: float) -> tuple[FloatArray, ...]:
    """Return (mean, low, high, p, p_adjusted), (k,) each, of paired differences (k, R) in k comparisons.

    Equal differences have the interval [d, d] and p = 0, or 1 if they are 0; fewer than two have (-inf, inf) and p NaN.
    Raises Refusal for more comparisons than max_t works out.
    """
    count, pairs = differences.shape
    if pairs < 2:
        mean = differences[:, 0] if pairs else np.full(count, np.nan)
        unknown = np.full(count, np.nan)
        return mean, np.full(count, -np.inf), np.full(count, np.inf), unknown, unknown
    equal = np.ptp(differences, axis=1) == 0
    mean = np.where(equal, differences[:, 0], differences.mean(axis=1))
    error = np.where(equal, 0.0, np.std(differences, axis=1, ddof=1) / np.sqrt(pairs))
    t = np.where(equal, np.where(mean == 0, 0.0, np.inf), np.abs(mean) / np.where(equal, 1.0, error))
    p = 2 * stdtr(pairs - 1, -t)
    if method == "max_t":
        critical, p_adjusted = max_t(differences, t, confidence)
    else:
        critical = float(stdtrit(pairs - 1, 1 - (1 - confidence) / 2 / max(count, 1)))
        p_adjusted = holm(p) if method == "holm" else np.minimum(1.0, count * p)
    return mean, mean - critical * error, mean + critical * error, p, p_adjusted


def holm(p: FloatArray) -> FloatArray:
    """Return Holm's adjusted p-values (k,): the i-th smallest times k - i + 1, made not to fall."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted


def max_t(differences: FloatArray, t: FloatArray, confidence: float) -> tuple[float, FloatArray]:
    """Return the critical value of the largest |t| of differences (k, R), and the adjusted p-values of t (k,).

    Differences that are equal in all replications cannot go wrong and do not count. Neither the critical value nor a
    p-value is above Bonferroni's; p-values too small for the draws are Bonferroni's.
    Raises Refusal for more than MOST comparisons.
    """
    count, pairs = differences.shape
    if count > MOST:
        raise Refusal(f'method = "max_t" does at most {MOST:,} comparisons, not {count:,}; take "bonferroni" or "holm"')
    varied = differences[np.ptp(differences, axis=1) > 0]
    p = 2 * stdtr(pairs - 1, -t)
    highest = np.minimum(1.0, max(1, len(varied)) * p)
    bonferroni = float(stdtrit(pairs - 1, 1 - (1 - confidence) / 2 / max(1, len(varied))))
    if len(varied) < 2:
        return bonferroni, highest
    largest = np.sort(_largest(np.corrcoef(varied), pairs - 1))
    exceeded = 1 - np.searchsorted(largest, t) / len(largest)
    adjusted = np.where(exceeded < _RARE, highest, np.clip(exceeded, p, highest))
    return min(bonferroni, float(np.quantile(largest, confidence))), adjusted


def _largest(correlation: FloatArray, df: int) -> FloatArray:
    """Return draws of the largest |t| among comparisons (k, k) that are normal with these correlations.

    Z = F z and S = F A A' F' with correlation = F F', z standard normal and A the triangular factor of a Wishart
    matrix: each t is its own Z over the root of its own S / df.
    """
    from scipy.stats import qmc  # noqa: PLC0415 - takes a second to import

    values, vectors = np.linalg.eigh(correlation)
    kept = values > 1e-10 * values[-1]
    factor = vectors[:, kept] * np.sqrt(values[kept])
    rank = factor.shape[1]
    below = np.tril_indices(rank, -1)
    sequence = qmc.Sobol(rank + len(below[0]) + rank, seed=0)  # scrambled, always alike
    chi = np.maximum(df - np.arange(rank), 1) / 2
    found = []
    for _ in range(_DRAWS // _AT_A_TIME):
        uniform = np.clip(sequence.random(_AT_A_TIME), _EDGE, 1 - _EDGE)
        normal = ndtri(uniform[:, :-rank])
        triangle = np.zeros((_AT_A_TIME, rank, rank))
        triangle[:, below[0], below[1]] = normal[:, rank:]
        triangle[:, np.arange(rank), np.arange(rank)] = np.sqrt(2 * gammaincinv(chi, uniform[:, -rank:]))
        spread = np.sqrt(((factor @ triangle) ** 2).sum(axis=2) / df)
        found.append((np.abs(normal[:, :rank] @ factor.T) / spread).max(axis=1))
    return np.concatenate(found)
