"""Concentration: how unequally amounts are spread over customers.   All who are given count, those of amount 0 too."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import Refusal

FloatArray = NDArray[np.float64]


def gini(amounts: ArrayLike) -> float:
    """Return the Gini coefficient of amounts (n,): 2 Σ k x_k / (n Σ x_k) - (n + 1) / n, x_k the k-th smallest.

    0 = all alike, at most 1 - 1/n; NaN where there is nothing. Raises Refusal for an amount below 0 or NaN.
    """
    x = _ascending(amounts)
    n, total = x.size, x.sum()
    rank = np.arange(1, n + 1)
    return max(0.0, float(2.0 * (rank * x).sum() / (n * total) - (n + 1) / n)) if total > 0 else np.nan


def lorenz(amounts: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the points of the Lorenz curve: share of customers (n + 1,), from the least, and their share of the total.

    The second is NaN where there is nothing. Raises Refusal for an amount below 0 or NaN.
    """
    x = _ascending(amounts)
    below = np.concatenate(([0.0], np.cumsum(x)))
    share = below / below[-1] if below[-1] > 0 else np.full(below.size, np.nan)
    return np.arange(x.size + 1) / max(x.size, 1), share


def top_share(amounts: ArrayLike, top: float = 0.2) -> float:
    """Return the share of the total that the customers with the largest amounts (n,) have; NaN where there is nothing.

    top : share of the customers, in (0, 1]; one at the limit counts in part
    Raises Refusal for another share, and an amount below 0 or NaN.
    """
    if not 0.0 < top <= 1.0:
        raise Refusal(f"top = {top:g} is outside (0, 1] (share of customers)")
    ranked = _ascending(amounts)[::-1]
    below = np.concatenate(([0.0], np.cumsum(ranked)))
    part = np.interp(top * ranked.size, np.arange(ranked.size + 1), below)
    return float(part / below[-1]) if below[-1] > 0 else float("nan")


def _ascending(amounts: ArrayLike) -> FloatArray:
    values = np.asarray(amounts, dtype=np.float64)
    if values.ndim != 1 or not (values >= 0.0).all():
        raise Refusal("amounts are one number of at least 0 for each customer")
    return np.sort(values)
