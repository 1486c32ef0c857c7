"""Many comparisons at once: every arm with the baseline, or every pair of arms, at a confidence that holds for all.

    abm.comparisons(results, "profit")                     each arm minus the baseline
    abm.comparisons(results, "profit", among="all")        every pair

Of twenty intervals at 0.95 one misses on average. The methods, and what was measured by
tests/study/replications/test_multiple.py:

max_t       Intervals mean ± c s/√R with one c for all, and p-values adjusted alike. c allows for the correlations seen
            in the data: what Dunnett's test is for many arms and a control and Tukey's for all pairs, without their
            assumption that arms are independent and equally spread, which common random numbers break. At 0.95 all
            intervals held together in 0.945 to 0.960 of the studies of normal arms, for 3 to 39 comparisons and 3 to 60
            replications. With 10 replications and 28 comparisons of arms that are t of 5 degrees of freedom they did
            in 0.961, uniform 0.943, exponential 0.979 (0.962 with 60). If *differences* are themselves skewed they
            hold far too seldom, as each is Student's: exponential ones 0.75 with 10 replications and 7 comparisons,
            0.88 with 60. c is 2 to 8 % below Bonferroni's.
bonferroni  Each interval at confidence 1 - α / k, p-values times k: at least 1 - α whatever the correlations.
holm        P-values by Holm's steps, never larger than Bonferroni's. Holm gives no intervals: they are Bonferroni's.

Source: Holm 1979 and Bonferroni's inequality, from memory; max_t: rotation tests, Langsrud 2005, Statistics and
Computing 15, 53-60 (abstract read): of normal values whose correlations are not known, turned at random, the smallest
p-value has the distribution that it has given all that is seen of the correlations. Here it is the differences from
their means that are turned, as for an interval the true means are not known.
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
_FLAT = 1e-10  # an eigenvalue, as a share of the largest, that is 0 but for rounding
_AT_A_TIME = 256  # draws that are made together, which bounds the memory
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
    p          : of Student's t against no difference, two-sided; p_adjusted : below 1 - confidence = shown to differ

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

    Equal differences have the interval [d, d] and p = 0, or 1 if they are 0; one has (-inf, inf) and
    p NaN, none has NaN.
    Raises Refusal for more comparisons than max_t works out.
    """
    count, pairs = differences.shape
    if pairs < 2:
        mean = differences[:, 0] if pairs else np.full(count, np.nan)
        unknown = np.full(count, np.nan)
        far = np.full(count, np.inf) if pairs else unknown
        return mean, -far, far, unknown, unknown
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
    if len(varied) < 2 or pairs < 3:  # two replications say nothing of a correlation
        return bonferroni, highest
    smallest = np.sort(_smallest(np.corrcoef(varied), pairs - 1))
    critical = -float(stdtrit(pairs - 1, np.quantile(smallest, 1 - confidence) / 2))
    reached = np.searchsorted(smallest, p, side="right") / len(smallest)
    adjusted = np.where(reached < _RARE, highest, np.clip(reached, p, highest))
    return min(bonferroni, critical), adjusted


def _smallest(correlation: FloatArray, dimensions: int) -> FloatArray:
    """Return draws of the smallest p-value among comparisons (k, k) of values turned at random.

    The values of a comparison are a vector, and |t| is large where its angle with the direction of the mean is small.
    Turning the vectors together is drawing that direction. Of many dimensions only those count in which vectors lie:
    direction = normal numbers there, and the length of all others together, over their common length.
    """
    from scipy.stats import qmc  # noqa: PLC0415 - takes a second to import

    values, vectors = np.linalg.eigh(correlation)
    kept = np.flatnonzero(values > _FLAT * values[-1])[-dimensions:]
    factor = vectors[:, kept] * np.sqrt(values[kept])
    others = dimensions - len(kept)
    sequence = qmc.Sobol(len(kept) + 1, seed=0)  # scrambled, but by a seed: the same results give the same numbers
    found = []
    for _ in range(_DRAWS // _AT_A_TIME):
        uniform = np.clip(sequence.random(_AT_A_TIME), _EDGE, 1 - _EDGE)
        normal = ndtri(uniform[:, :-1])
        beyond = 2 * gammaincinv(others / 2, uniform[:, -1]) if others else 0.0
        found.append(((normal @ factor.T) ** 2).max(axis=1) / ((normal**2).sum(axis=1) + beyond))
    squared = np.minimum(np.concatenate(found), 1 - _FLAT)  # of the cosine of the smallest angle
    return 2 * stdtr(dimensions - 1, -np.sqrt((dimensions - 1) * squared / (1 - squared)))
