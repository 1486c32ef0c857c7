"""Management of expectations: a promise that follows what customers answer.

Claim: a firm moves its promise by a part of the gap between performance and expectation that its customers state.
Source: docs/model.md, expectation_management, and docs/how-to/surveys.md, without a look at the kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.reference.encounter import clipped
from tests.reference.survey import Known

EXAMPLE: dict[str, Any] = {"every": 13, "lowest_promise": 0.05, "highest_promise": 0.99}


def adjusted(promise: float, adjustment: float, gap: float, p: Mapping[str, Any]) -> float:
    """Return the promise after a review."""
    return clipped(promise + adjustment * gap, p["lowest_promise"], p["highest_promise"])


def reviews(t: int, adjustment: float, known: Known, p: Mapping[str, Any]) -> bool:
    """Tell whether a firm moves its promise in period t: only by answers read since the latest review."""
    return adjustment > 0.0 and t % p["every"] == 0 and 0 <= known.age < p["every"]


def review(t: int, promise: float, adjustment: float, known: Known, p: Mapping[str, Any]) -> float:
    """Return the promise as period t begins, after answers were read."""
    return adjusted(promise, adjustment, known.gap, p) if reviews(t, adjustment, known, p) else promise
