"""Emulator: what a model would give for settings it was not run with, and how sure that is.

Claim: seen as a function of the settings x, an output of the model is a plane plus a smooth Gaussian process. Its
values at n settings then say what to expect anywhere, with a variance that is small near them and grows away from them.

    f(x) = b_0 + b'x + u(x),  cov(u(x), u(x')) = s^2 (k(d) + nugget [x = x']),  d^2 = sum_i ((x_i - x'_i) / l_i)^2
    k(d) = (1 + sqrt(5) d + 5 d^2 / 3) exp(-sqrt(5) d)                                              (Matérn 5/2)

b and s^2 follow from the values by generalised least squares; the lengths l and the nugget, which stands for the luck
that settings do not share, are those of highest (restricted) likelihood.
Source: VERNON_GOLDSTEIN_BOWER_2010 for plane plus process as the emulator of history matching; the formulas are those
of universal kriging, from memory. An emulator that is surer than its own leave-one-out errors bear out is widened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

FloatArray = np.ndarray

LENGTHS = (0.05, 10.0)  # of the unit cube: a rougher function cannot be learned, a longer one is a plane
NUGGETS = (1e-6, 1.0)  # in units of s^2
_STARTS = (0.3, 1.5)  # lengths from which the likelihood is climbed
_FLAT = 1e-6  # gain in likelihood below which no more is asked for
_SMALLEST = 1e-300


@dataclass(frozen=True)
class Emulator:
    """One output of a model as a function on the unit cube; `fitted` makes one.

    x : (n, d) settings in [0, 1]          centre, scale : of the values, which are standardised by them
    lengths : (d,)      nugget : of s^2    widened : factor on all variances that leave-one-out errors ask for
    """

    x: FloatArray
    centre: float
    scale: float
    lengths: FloatArray
    nugget: float
    widened: float
    _fit: _Fit

    def predict(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance (m,) of the output at points (m, d) of the unit cube."""
        fit = self._fit
        near = _matern(_squares(points, self.x), self.lengths)
        plane = _plane(points)
        mean = plane @ fit.coefficients + near @ fit.weights
        known = (near @ fit.inverse * near).sum(axis=1)
        rest = plane - near @ fit.solved
        variance = 1.0 - known + (rest @ np.linalg.inv(fit.information) * rest).sum(axis=1)
        variance = self.widened * fit.variance * np.maximum(variance, 0.0)
        return self.centre + self.scale * mean, self.scale**2 * variance


def fitted(x: FloatArray, y: FloatArray) -> Emulator:
    """Return the emulator of values y (n,) at settings x (n, d) in the unit cube; n must exceed d + 1."""
    centre, scale = float(y.mean()), float(y.std()) or 1.0
    values, squares, plane = (y - centre) / scale, _squares(x, x), _plane(x)

    def misfit(logs: FloatArray) -> tuple[float, FloatArray]:
        lengths, nugget = np.exp(logs[:-1]), float(np.exp(logs[-1]))
        fit = _solved(squares, plane, values, lengths, nugget)
        slopes = _matern_slopes(squares, lengths)
        return fit.misfit, np.array([*map(fit.slope, slopes), fit.slope(nugget * np.eye(len(values)))])

    bounds = [np.log(LENGTHS)] * x.shape[1] + [np.log(NUGGETS)]
    starts = [np.log([*[length] * x.shape[1], 1e-3]) for length in _STARTS]
    climbs = [
        minimize(misfit, start, jac=True, method="SLSQP", bounds=bounds, options={"ftol": _FLAT}) for start in starts
    ]
    best = min(climbs, key=lambda climb: climb.fun).x
    lengths, nugget = np.exp(best[:-1]), float(np.exp(best[-1]))
    fit = _solved(squares, plane, values, lengths, nugget)
    return Emulator(x, centre, scale, lengths, nugget, max(1.0, fit.overconfidence()), fit)


@dataclass(frozen=True)
class _Fit:
    """The linear algebra of a fit: `factor` of the covariance A, A^-1, A^-1 H, H' A^-1 H, b, A^-1 (y - H b), s^2."""

    factor: tuple[FloatArray, bool]
    inverse: FloatArray
    solved: FloatArray
    information: FloatArray
    coefficients: FloatArray
    weights: FloatArray
    variance: float

    @property
    def misfit(self) -> float:
        """Minus the logarithm of the restricted likelihood, but for a constant."""
        n, q = self.solved.shape
        spread = 2.0 * np.log(np.diag(self.factor[0])).sum() + np.linalg.slogdet(self.information)[1]
        return float(0.5 * ((n - q) * np.log(self.variance) + spread))

    def slope(self, change: FloatArray) -> float:
        """Return how the misfit changes when the covariance changes by `change` (n, n)."""
        seen = (self.inverse * change).sum() - (self.solved.T @ change @ self._unsolved).trace()
        return float(0.5 * (seen - self.weights @ change @ self.weights / self.variance))

    @cached_property
    def _unsolved(self) -> FloatArray:
        return np.linalg.solve(self.information, self.solved.T).T

    def overconfidence(self) -> float:
        """Mean square of the leave-one-out errors, each over its variance: 1 for an emulator that knows itself."""
        return float(np.mean(self.weights**2 / np.diag(self.inverse)) / self.variance)


def _solved(squares: FloatArray, plane: FloatArray, values: FloatArray, lengths: FloatArray, nugget: float) -> _Fit:
    covariance = _matern(squares, lengths)
    covariance[np.diag_indices_from(covariance)] += nugget
    factor = cho_factor(covariance, lower=True)
    inverse = cho_solve(factor, np.eye(len(values)))
    solved = inverse @ plane
    information = plane.T @ solved
    coefficients = np.linalg.solve(information, solved.T @ values)
    rest = values - plane @ coefficients
    weights = inverse @ rest
    variance = max(float(rest @ weights) / (len(values) - plane.shape[1]), _SMALLEST)
    return _Fit(factor, inverse, solved, information, coefficients, weights, variance)


def _plane(points: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(points)), points])


def _squares(points: FloatArray, others: FloatArray) -> FloatArray:
    """Return the squared differences (d, m, n) in each setting."""
    return (points.T[:, :, None] - others.T[:, None, :]) ** 2


def _matern(squares: FloatArray, lengths: FloatArray) -> FloatArray:
    root = _root(squares, lengths)
    return (1.0 + root + root**2 / 3.0) * np.exp(-root)


def _matern_slopes(squares: FloatArray, lengths: FloatArray) -> FloatArray:
    """Return how the correlations change with the logarithm of each length: (d, m, n)."""
    root = _root(squares, lengths)
    return (lengths**-2.0)[:, None, None] * squares * (5.0 / 3.0 * (1.0 + root) * np.exp(-root))


def _root(squares: FloatArray, lengths: FloatArray) -> FloatArray:
    return np.sqrt(5.0 * np.tensordot(lengths**-2.0, squares, axes=1))
