"""Do counts of purchases look like an NBD?   Chi-square of the fit.

Claim: in a steady category the occasions of its customers in a window are distributed as the NBD says.
Source: EHRENBERG_1959 (the claim); the test is Pearson's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincc

from abm.core.errors import Refusal
from abm.logs.likelihood import FloatArray, column
from abm.logs.nbd import NBD, fit_nbd, nbd_probability

LEAST_EXPECTED = 5.0  # customers in a class, below which Pearson's statistic is no longer chi-square


@dataclass(frozen=True, eq=False)
class NBDCheck:
    """An NBD fitted to counts, and how far the counts are from it.

    model               : the fit, its window as the unit of time
    first               : (k,) lowest count of each class; the last has no upper end
    observed, expected  : (k,) customers in each class
    chi_square          : Σ (observed - expected)² / expected
    degrees_of_freedom  : k - 3: two parameters are fitted
    p                   : chance of a chi-square as large if the NBD holds; a little too small, as the fit uses the
                          single counts and not the classes
    """

    model: NBD
    first: FloatArray
    observed: FloatArray
    expected: FloatArray
    chi_square: float
    degrees_of_freedom: int
    p: float


def check_nbd(counts: ArrayLike) -> NBDCheck:
    """Fit an NBD to the counts of one window (n,), those of 0 included, and hold them against it.

    Neighbouring counts are put together, from 0 up, until at least 5 customers are expected in each class.
    Raises Refusal as `fit_nbd` does, and when fewer than 4 classes are left.
    """
    x = column("counts", counts, whole=True)
    model = fit_nbd(x)
    single = x.size * nbd_probability(model, np.arange(int(x.max()) + 1), 1.0)
    first = _classes(single, x.size)
    if first.size < 4:
        raise Refusal(f"NBD: {x.size} customers make {first.size} classes of 5 or more; at least 4 are needed")
    observed = np.histogram(x, np.append(first, np.inf))[0].astype(np.float64)
    below = np.concatenate(([0.0], np.cumsum(single)))[first]
    expected = np.diff(np.append(below, x.size))
    chi_square = float(((observed - expected) ** 2 / expected).sum())
    freedom = first.size - 3
    p = float(gammaincc(freedom / 2, chi_square / 2))
    return NBDCheck(model, first.astype(np.float64), observed, expected, chi_square, freedom, p)


def _classes(single: FloatArray, customers: int) -> np.ndarray:
    """Return the lowest count of each class; `single` are the customers expected at each count."""
    first, inside, left = [0], 0.0, float(customers)
    for count, expected in enumerate(single):
        if inside >= LEAST_EXPECTED and left >= LEAST_EXPECTED:
            first.append(count)
            inside = 0.0
        inside += expected
        left -= expected
    return np.array(first)
