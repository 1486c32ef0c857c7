"""Comparing the reference model with arrays, and knowing where float32 may decide otherwise.

The reference computes in float64. An engine that keeps its state in float32 agrees to about 1e-6 in each
step, so numbers are compared with a tolerance, whole numbers exactly. A decision may differ honestly only
where a quantity lies within such an error of its threshold: uniforms against probabilities, s against 0.50
and 0.60, P against what still keeps the promise, preference against 0.1 and 0.7, silence against gaps, benefit against
hassle, and amounts that lie at half a cent or half a hundredth of a point (money and points are float64 on
both sides, so next to none do). `Market` notes these in `close_calls`; a comparison ends with the first
period that has any. Exact equality is no close call: most often both sides see the same two numbers there.
Thresholds that are continuous (s against trust, P against expectation) need none.

Hand over people and levers as numbers that float32 can hold (`as_single`), or the two sides start from
different worlds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

DECISION = 1e-5  # float32 error of a few periods, in probabilities and in quantities of order 1
ROUNDING = 1e-9  # float64 error of a product of a few factors, relative, with room


def as_single(value: float) -> float:
    """Return the nearest number that float32 can hold."""
    return float(np.float32(value))


def near(value: float, threshold: float, margin: float = DECISION) -> bool:
    """Tell whether a value is so close to a threshold, not on it, that float32 may see it beyond."""
    distance = abs(value - threshold)
    return math.isfinite(distance) and 0.0 < distance <= margin * max(1.0, abs(threshold))


def near_any(value: float, thresholds: Iterable[float]) -> bool:
    """Tell whether a value is near one of several thresholds."""
    return any(near(value, threshold) for threshold in thresholds)


def near_half(amount: float) -> bool:
    """Tell whether an amount lies so close to half a hundredth that another order of factors may round it otherwise."""
    scaled = abs(amount) * 100.0
    return abs(scaled - math.floor(scaled) - 0.5) <= ROUNDING * max(1.0, scaled)


def cumulated(shares: Sequence[float]) -> list[float]:
    """Return the inner bounds between the places of a choice."""
    total, bounds = 0.0, []
    for share in shares[:-1]:
        total += share
        bounds.append(total)
    return bounds


def column(customers: Sequence[Any], name: str) -> np.ndarray:
    """Return a column of the model: (m, n) for a list with one entry a firm, (8, n) facets, (n,) else."""
    values = np.array([getattr(customer, name) for customer in customers])
    return values.T if values.ndim == 2 else values


def assert_same_state(customers: Sequence[Any], columns: Mapping[str, Any], tolerance: float = 1e-4) -> None:
    """Compare the reference's customers with an engine's columns, by name; NaN equals NaN.

    Raises AssertionError with the name of the first column that differs.
    """
    for name, found in columns.items():
        expected = column(customers, name)
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=name)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=name)
