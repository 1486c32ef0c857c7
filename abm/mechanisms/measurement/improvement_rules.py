"""What a firm makes of its answers: how important each attribute is, what comes first, what a budget does for it.

Claim and sources: on the page of the theory, improvement.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from abm.world.attributes import ATTRIBUTES
from abm.world.world import World

FloatArray = np.ndarray
IMPORTANCE_AND_GAP, GAP, IMPORTANCE, EVEN = range(4)  # codes of `improvement_rule`
PAIRS = tuple((k, other) for k in range(len(ATTRIBUTES)) for other in range(k, len(ATTRIBUTES)))  # of `marks_products`
_SUMS = ("answers", "full_marks", "marks_visit", "marks_of", "marks_products", "marks_with_visit", "visits")


def coefficients(
    answers: int, sums: Sequence[int], visit_sum: int, products: Sequence[int], with_visit: Sequence[int]
) -> tuple[float, ...] | None:
    """Return the coefficients (5,) of a linear regression, with a constant, of the answer on the visit on attributes.

    answers    : who answered      sums : (5,) of marks of each attribute      visit_sum : of marks of the visit
    products   : (15,) sums of products of marks of two attributes, in the order of PAIRS
    with_visit : (5,) sums of products of marks of an attribute and of the visit

    Least squares, solved in fractions: exact, and rounded to float64 once at the end. None if the answers do not tell
    the attributes apart: the matrix of moments is singular.
    """
    k = len(sums)
    moments = [[Fraction(0)] * (k + 1) for _ in range(k)]
    for (a, b), product in zip(PAIRS, products, strict=True):
        moments[a][b] = moments[b][a] = Fraction(answers * int(product) - int(sums[a]) * int(sums[b]))
    for a in range(k):
        moments[a][k] = Fraction(answers * int(with_visit[a]) - int(sums[a]) * int(visit_sum))
    for a in range(k):
        pivot = next((row for row in range(a, k) if moments[row][a] != 0), None)
        if pivot is None:
            return None
        moments[a], moments[pivot] = moments[pivot], moments[a]
        moments[a] = [entry / moments[a][a] for entry in moments[a]]
        for row in range(k):
            if row != a:
                factor = moments[row][a]
                moments[row] = [x - factor * y for x, y in zip(moments[row], moments[a], strict=True)]
    return tuple(float(row[k]) for row in moments)


def importances(found: Sequence[float] | None) -> FloatArray:
    """Return the importance (5,) of each attribute: its coefficient, at least 0, over the sum of all.

    Where there are no coefficients, or none above 0, all are the same: 1/5.
    """
    positive = np.maximum(np.array(found if found is not None else [0.0] * len(ATTRIBUTES), np.float64), 0.0)
    total = math.fsum(positive)
    return positive / total if total > 0.0 else np.full(positive.size, 1.0 / positive.size)


def parts(rule: int, weights: FloatArray, gaps: FloatArray, in_proportion: bool) -> FloatArray:
    """Return which part (5,) of the budget goes to each attribute: all to the first in priority, or in proportion.

    rule    : code; the priority is importance x gap, gap, importance, or 1
    weights : (5,) importance, 0-1      gaps : (5,) target less score, at least 0

    Of equals the one that stands first in ATTRIBUTES comes first; if all priorities are 0, all parts are 0. Evenly is
    always in proportion.
    """
    priority = (weights * gaps, gaps, weights, np.ones(gaps.size))[rule]
    total = math.fsum(priority)
    if total <= 0.0:
        return np.zeros(priority.size)
    if in_proportion or rule == EVEN:
        return priority / total
    found = np.zeros(priority.size)
    found[int(np.argmax(priority))] = 1.0
    return found


def planned_rise(room: float, budget: float, part: float, scale: float) -> float:
    """Return by how much a part of the budget is to raise an attribute: room x (1 - e^(-budget x part / scale)).

    room : what it lacks to the best, 0-1      budget, scale : cu/visit
    """
    return room * -math.expm1(-budget * part / scale)


def dearer(quality: float, steps: Sequence[float], raised: Sequence[float], scales: Sequence[float]) -> float:
    """Return what attributes cost more, cu/visit, at raised steps than at others: below 0 where they are lower.

    sum_k scale_k (ln(1 - quality - step_k) - ln(1 - quality - raised_k)); all are below 1.
    """
    each = zip(steps, raised, scales, strict=True)
    return math.fsum(scale * (math.log1p(-(quality + a)) - math.log1p(-(quality + b))) for a, b, scale in each)


@dataclass(frozen=True)
class Sheet:
    """What was counted over the window before a review, by name: (m,), or (entries, m) int64."""

    counts: Mapping[str, np.ndarray]

    @classmethod
    def read(cls, world: World, first: int, last: int) -> Sheet:
        """Add up the periods from `first` until before `last`, over all customers, in whole numbers."""
        counted = world.history_by_part[first:last].sum(axis=(0, 1))
        return cls({name: world.layout.part(counted, name)[..., : world.m] for name in _SUMS})

    def scores(self) -> FloatArray:
        """Return the score of each attribute (5, m), 0-1: marks / most marks; NaN of who asked nobody."""
        marks, full = self.counts["marks_of"].astype(np.float64), self.counts["full_marks"].astype(np.float64)
        return np.divide(marks, full, out=np.full(marks.shape, np.nan), where=full > 0)

    def importances(self, j: int) -> FloatArray:
        """Return what firm j takes for the importance (5,) of each attribute."""
        of = {name: np.atleast_1d(array[..., j]).tolist() for name, array in self.counts.items()}
        given = of["marks_of"], of["marks_visit"][0], of["marks_products"], of["marks_with_visit"]
        return importances(coefficients(of["answers"][0], *given))
