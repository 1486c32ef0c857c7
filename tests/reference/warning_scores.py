"""Warning scores: how sure a firm may be that a customer is gone, from what it has seen of her.

Claim: silence is judged against her own rhythm, or by the chance that she has dropped out after a visit, or by a logit
of what is seen.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math
from typing import Any

EXAMPLE: dict[str, Any] = {
    "score": "recency",
    "r": 1.0,
    "alpha": 12.0,
    "a": 1.0,
    "b": 10.0,
    "intercept": -2.0,
    "on_silence": 1.0,
    "on_visits": 0.0,
    "on_spend": 0.0,
    "on_trend": 0.0,
    "on_complaints": 0.0,
}
SILENT = 3  # of the code of a visit's complaint: how, or not at all


def recency_warning(silence: int, gap: float) -> float:
    """Return 1 - exp(-silence / gap); 0 while there is no gap; silence and gap in periods."""
    return 1.0 - math.exp(-silence / gap) if gap > 0.0 else 0.0


def dropped_out(repeats: int, recency: int, age: int, p: dict[str, Any]) -> float:
    """Return the chance that she has dropped out, from odds that are worked out as a logarithm; 0 without a repeat."""
    if repeats == 0:
        return 0.0
    stretched = math.log((p["alpha"] + age) / (p["alpha"] + recency))
    return logistic(math.log(p["a"] / (p["b"] + repeats - 1)) + (p["r"] + repeats) * stretched)


def slowing(gap: float, recency: int, visits: int) -> float:
    """Return the logarithm of her gap of late over the mean of all gaps between visits seen; 0 where one is 0."""
    return math.log(gap * (visits - 1) / recency) if gap > 0.0 and recency > 0 and visits > 1 else 0.0


def logistic(z: float) -> float:
    """Return 1 / (1 + exp(-z))."""
    return 1.0 / (1.0 + math.exp(-z)) if z >= 0.0 else 1.0 - logistic(-z)


def logit_score(*, silence: int, gap: float, recency: int, visits: int, cents: int, complaints: int, p: Any) -> float:
    """Return the score by a logit of what is seen of a customer."""
    return logistic(
        p["intercept"]
        + p["on_silence"] * (silence / gap if gap > 0.0 else 0.0)
        + p["on_visits"] * math.log(visits)
        + p["on_spend"] * math.log(1.0 + cents / 100.0)
        + p["on_trend"] * slowing(gap, recency, visits)
        + p["on_complaints"] * complaints
    )
