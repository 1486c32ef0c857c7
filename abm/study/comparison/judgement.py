"""Judgement: whether the results of a study are what it claims.

    abm.judge(results)                     a row per criterion: estimate, interval, verdict

A criterion is met if its interval lies wholly inside what is claimed, not met if it lies wholly outside, and else
undecided. The intervals are over replications, paired by the luck that the arms share, and hold together: each of k is
at confidence 1 - α / k (Bonferroni's inequality), so that all verdicts of a study are right with probability 1 - α.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from abm.core import given
from abm.core.errors import Refusal, counted, shown
from abm.study.plan.criteria import Criterion, Number, points
from abm.study.statistics.intervals import estimated
from abm.study.statistics.paired import over_points
from abm.study.storage.results import Results, read

MET, NOT_MET, UNDECIDED = "met", "not met", "undecided"
CONFIDENCE = 0.95
_COLUMNS = (
    "kpi", "arm", "against", "firm", "group", "claim", "estimate", "low", "high", "pairs", "verdict", "reason", "why",
)  # fmt: skip


def judge(results: Results | Path | str, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Return a row per criterion of a study: what it claims, the estimate with its interval, the verdict.

    results    : or the folder that they are in

    kpi, arm, against, firm, group, claim, why : of the criterion; no arm stands against a level, no group is everybody,
                 and the claim is in words
    estimate, low, high : in the KPI's unit, or a ratio; an interval (-inf, inf) says nothing
    pairs      : replications that count, as they have a value of all that is compared
    verdict    : "met", "not met" or "undecided"       reason : why it is undecided, else ""
    confidence : that all verdicts are right

    Raises Refusal for a confidence outside (0, 1), and for a folder that is not one of results.
    """
    if not isinstance(results, Results):
        results = read(given.path("results", results, "; give results, or the folder that they are in"))
    if not 0 < confidence < 1:
        raise Refusal(f"confidence = {shown(confidence)} is outside (0, 1)")
    expect = results.sheet.expect
    each = 1 - (1 - confidence) / max(1, len(expect))
    return pd.DataFrame([_judged(results, one, each) for one in expect], columns=_COLUMNS)


def _judged(results: Results, one: Criterion, confidence: float) -> tuple[object, ...]:
    own, *others = one.numbers(results.baseline, results.firms[0])
    if others:
        first, second = _series(results, own), _series(results, others[0])
    else:
        first, second = _arms(results, own)
    there = np.isfinite(first) & np.isfinite(second)
    first, second = first[there], second[there]
    found = estimated("ratio" if one.ratio else "mean", first, second, confidence)
    verdict = _verdict(found, one.bounds)
    reason = _reason(found, one.bounds, len(first)) if verdict == UNDECIDED else ""
    labels = (own.kpi, own.arm, own.against or None, own.firm, own.group or None, one.claim)
    return (*labels, *found, len(first), verdict, reason, one.why)


def _arms(results: Results, number: Number) -> np.ndarray:
    """Return the means (2, R) of a number's arms over its points; of a level the second is 0.  NaN = no value."""
    where = points(results.sheet.design, number.at)
    means = over_points(
        [results.block(number.kpi, arm, number.firm, number.group or None)[where] for arm in number.arms]
    )
    return means if len(means) == 2 else np.vstack([means, np.zeros_like(means)])


def _series(results: Results, number: Number) -> np.ndarray:
    """Return the number in each replication (R,)."""
    first, second = _arms(results, number)
    return np.asarray(first - second)


def _verdict(found: tuple[float, float, float], bounds: tuple[float, float]) -> str:
    (_, low, high), (above, below) = found, bounds
    if above < low and high < below:
        return MET
    return NOT_MET if high <= above or below <= low else UNDECIDED


def _reason(found: tuple[float, float, float], bounds: tuple[float, float], pairs: int) -> str:
    """Say what keeps a criterion from being decided, and about how many pairs would do if the estimate is the truth."""
    estimate, low, high = found
    if pairs < 2:
        return f"{counted(pairs, 'pair') if pairs else 'no pairs'} with a value, and it takes 2 or more"
    if math.isinf(low):
        return "what it is divided by cannot be told from 0"
    gap = min(abs(estimate - end) for end in bounds)
    if gap == 0:
        return "the estimate is at the end of what is claimed"
    needed = pairs * max(((high - low) / 2 / gap) ** 2, 1)
    return f"about {math.ceil(needed):,} pairs would tell, if the estimate is the truth"
