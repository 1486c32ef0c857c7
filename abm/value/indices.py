"""The analyst's indices: satisfaction index, net promoter score and top-box share, with their standard errors.

They are of answers to a survey, never of what customers feel.
Source: FORNELL_1996 (form of the satisfaction index); REICHHELD_2003 (net promoter score).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Refusal
from abm.value.checks import FloatArray, column_of, one_number, within

_LOW, _HIGH = 1.0, 10.0  # the scale of the satisfaction index
_WEIGHT_ROUNDING = 1e-9


@dataclass(frozen=True)
class Index:
    """An index from a random sample of answers.

    value : in the unit of the index      standard_error : likewise, NaN where one answer cannot tell      n : answers
    """

    value: float
    standard_error: float
    n: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the interval of large samples: value ± z standard errors."""
        if not 0.0 < confidence < 1.0:
            raise Refusal(f"confidence = {confidence:g} is outside (0, 1)")
        half = NormalDist().inv_cdf((1.0 + confidence) / 2.0) * self.standard_error
        return self.value - half, self.value + half


def satisfaction_index(items: ArrayLike, weights: ArrayLike | None = None) -> Index:
    """Return the customer satisfaction index of the ACSI form, 0-100: Σ_j w_j (mean_j - 1) / 9 × 100.

    items   : (n, k) answers from 1 to 10; of the ACSI, k = 3: overall, against expectation, against the ideal
    weights : (k,) at least 0, adding up to 1; alike if None

    The standard error is that of the mean of the respondents' own indices. Source: FORNELL_1996 (form).
    Raises Refusal for answers off the scale and other weights.
    """
    answers = within("items", items, _LOW, _HIGH, "answer")
    if answers.ndim != 2 or not answers.size:
        raise Refusal(f"items has shape {answers.shape}; a row for each respondent and a column for each item expected")
    k = answers.shape[1]
    w = np.full(k, 1.0 / k) if weights is None else column_of("weights", weights, 0.0, 1.0)
    if w.size != k or abs(w.sum() - 1.0) > _WEIGHT_ROUNDING:
        raise Refusal(f"weights are {w.size} and add up to {w.sum():g}; {k} that add up to 1 are expected")
    return _mean((answers - _LOW) @ w / (_HIGH - _LOW) * 100.0)


def net_promoter_score(answers: ArrayLike) -> Index:
    """Return the net promoter score, points from -100 to 100: 100 (p - d), p who answer 9 or 10, d who answer 0 to 6.

    answers : (n,) whole numbers from 0 to 10: would you recommend us?

    The variance is that of a multinomial sample, (p + d - (p - d)²) / n. Source: REICHHELD_2003 (the score).
    Raises Refusal for other answers.
    """
    given = column_of("answers", answers, 0.0, 10.0, "answer", whole=True)
    promoters, detractors = float((given >= 9.0).mean()), float((given <= 6.0).mean())
    net = promoters - detractors
    # rounding may leave less than nothing where all answer alike
    variance = max(0.0, promoters + detractors - net**2) / given.size
    return Index(100.0 * net, 100.0 * math.sqrt(variance), given.size)


def top_box_share(answers: ArrayLike, least: float) -> Index:
    """Return the share of the answers (n,) that are `least` or more, with the binomial standard error.

    least : the lowest answer that counts: 10 is the top box of a scale up to 10, 9 the top two
    """
    given = column_of("answers", answers)
    share = float((given >= one_number("least", least)).mean())
    return Index(share, math.sqrt(share * (1.0 - share) / given.size), given.size)


def _mean(values: FloatArray) -> Index:
    error = float(values.std(ddof=1)) / math.sqrt(values.size) if values.size > 1 else math.nan
    return Index(float(values.mean()), error, values.size)
