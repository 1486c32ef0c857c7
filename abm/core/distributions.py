"""Probability distributions of traits, times and amounts: one uniform number a draw, by inversion.

A distribution is one Spec whose `kind` says which parameters belong to it: a union of Specs would refuse slips in
pydantic's words or as slips in another member, and no path could lead from one kind to another. `quantile` is exact,
in float64; kernels call the float32 equations, whose errors hold for every u that `streams.uniform` returns.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import model_validator
from scipy import special

from abm.core.errors import CONTINUES, Refusal, one_of, shown
from abm.core.functions import exp32, log32, normal32
from abm.core.kernels import equation
from abm.core.parameters import Bounds, Meaning, check_within
from abm.core.spec import Spec, param

FloatArray = NDArray[np.float64]
Kind = Literal["constant", "uniform", "normal", "lognormal", "exponential", "weibull", "gamma", "beta", "categorical"]

CONSTANT, UNIFORM, NORMAL, LOGNORMAL, EXPONENTIAL, WEIBULL = range(6)  # codes of `draw`, in the order of Kind
_EDGE = 2.0**-24  # least distance of a correlated uniform from 0 and 1, which float32 can hold


@equation
def exponential_quantile(u, mean):
    """Return the exponential quantile of u.  Relative error below 4e-7."""
    return -mean * log32(1.0 - u)


@equation
def weibull_quantile(u, scale, shape):
    """Return the Weibull quantile of u; scale = mean / Γ(1 + 1 / shape).  Relative error below 4e-7 + 3e-6 / shape.

    Values below scale * e**-80 come out as that.
    """
    return scale * exp32(log32(max(-log32(1.0 - u), np.float32(2.0**-100))) / shape)  # 0 has no logarithm


@equation
def normal_quantile(u, mean, spread):
    """Return the normal quantile of u.  Error below 4e-7 of |mean| + |result - mean|."""
    return mean + spread * normal32(u)


@equation
def lognormal_quantile(u, log_mean, spread):
    """Return e**(log_mean + spread z), z = normal32(u).  Relative error below 3e-7 (1 + 5 spread + |log_mean|)."""
    return exp32(log_mean + spread * normal32(u))


@equation
def draw(code, a, b, u):
    """Return the quantile of u of the distribution whose `numbers()` are (code, a, b)."""
    x = a
    if code == UNIFORM:
        x = min(a + (b - a) * u, b)
    elif code == NORMAL:
        x = normal_quantile(u, a, b)
    elif code == LOGNORMAL:
        x = lognormal_quantile(u, a, b)
    elif code == EXPONENTIAL:
        x = exponential_quantile(u, a)
    elif code == WEIBULL:
        x = weibull_quantile(u, a, b)
    return x


@equation
def tabulated(table, u):
    """Return the quantile of u, linear between the entries of a `table` (points,) and level beyond its ends."""
    last = table.shape[0] - 1
    place = min(max(u * np.float32(last + 1) - 0.5, np.float32(0.0)), np.float32(last))
    below = min(np.int32(place), np.int32(last - 1))
    low, high = table[np.uint64(below)], table[np.uint64(below) + np.uint64(1)]
    return min(low + (place - np.float32(below)) * (high - low), high)


_ANY, _SCALE = (-1e9, 1e9), (1e-9, 1e9)
_USES: dict[str, dict[str, Bounds]] = {  # each kind's parameters, in the order in which the functions below take them
    "constant": {"value": _ANY},
    "uniform": {"low": _ANY, "high": _ANY},
    "normal": {"mean": _ANY, "spread": (0, 1e9)},
    "lognormal": {"mean": _SCALE, "spread": (0, 5)},
    "exponential": {"mean": _SCALE},
    "weibull": {"mean": _SCALE, "shape": (0.1, 100)},
    "gamma": {"mean": _SCALE, "shape": (0.01, 1e6)},
    "beta": {"mean": (0.001, 0.999), "precision": (0.1, 1e6)},
    "categorical": {"shares": (0, 1)},
}
_QUANTILES: dict[str, Callable[..., FloatArray]] = {
    "constant": np.full_like,
    "uniform": lambda u, low, high: np.minimum(low + (high - low) * u, high),
    "normal": lambda u, mean, spread: mean + spread * special.ndtri(u),
    "lognormal": lambda u, mean, spread: mean * np.exp(spread * special.ndtri(u) - spread**2 / 2),
    "exponential": lambda u, mean: -mean * np.log1p(-u),
    "weibull": lambda u, mean, shape: mean / math.gamma(1 + 1 / shape) * (-np.log1p(-u)) ** (1 / shape),
    "gamma": lambda u, mean, shape: mean / shape * special.gammaincinv(shape, u),
    "beta": lambda u, mean, precision: special.betaincinv(mean * precision, (1 - mean) * precision, u),
    "categorical": lambda u, shares: np.asarray(np.digitize(u, np.cumsum(shares) / np.cumsum(shares)[-1]), np.float64),
}
_VARIANCES: dict[str, Callable[..., float]] = {
    "constant": lambda value: 0.0,
    "uniform": lambda low, high: (high - low) ** 2 / 12,
    "normal": lambda mean, spread: spread**2,
    "lognormal": lambda mean, spread: mean**2 * math.expm1(spread**2),
    "exponential": lambda mean: mean**2,
    "weibull": lambda mean, shape: mean**2 * (math.gamma(1 + 2 / shape) / math.gamma(1 + 1 / shape) ** 2 - 1),
    "gamma": lambda mean, shape: mean**2 / shape,
    "beta": lambda mean, precision: mean * (1 - mean) / (1 + precision),
    "categorical": lambda shares: float(np.cov(np.arange(len(shares)), aweights=shares, ddof=0)),
}


class Distribution(Spec):
    """How a variable is distributed.  A kind takes all its parameters and no others:

    constant  value          exponential  mean                      gamma        mean, shape (large = alike)
    uniform   low, high      lognormal    mean, spread (of the log)  beta         mean, precision (sum of a and b)
    normal    mean, spread   weibull      mean, shape               categorical  shares (of 0, 1, 2 …; they add to 1)
    """

    kind: Kind = param(unit="name", evidence="assumed", doc="the family")
    value: float | None = param(None, unit="variable's unit", bounds=_ANY, evidence="assumed", doc="the only value")
    low: float | None = param(None, unit="variable's unit", bounds=_ANY, evidence="assumed", doc="least value")
    high: float | None = param(None, unit="variable's unit", bounds=_ANY, evidence="assumed", doc="greatest value")
    mean: float | None = param(None, unit="variable's unit", bounds=_ANY, evidence="assumed", doc="not of the log")
    spread: float | None = param(None, unit="sd", bounds=(0, 1e9), evidence="assumed", doc="lognormal: of the log")
    shape: float | None = param(None, unit="shape", bounds=(0.01, 1e6), evidence="assumed", doc="large = alike")
    precision: float | None = param(None, unit="a + b", bounds=(0.1, 1e6), evidence="assumed", doc="large = alike")
    shares: tuple[float, ...] | None = param(None, unit="fraction", bounds=(0, 1), evidence="assumed", doc="add to 1")

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        uses, family = _USES[self.kind], f'kind = "{self.kind}"'
        given = [name for name in type(self).model_fields if name != "kind" and getattr(self, name) is not None]
        if set(given) != set(uses):
            raise Refusal(f"{family} takes {' and '.join(uses)}; given: {' and '.join(given) or 'none'}")
        for name, bounds in uses.items():
            check_within(Meaning(family, bounds, "assumed", None, ""), getattr(self, name), name)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise Refusal(f"{CONTINUES}{shown(self.low)} is above high = {shown(self.high)}", place="low")
        if self.shares is not None and abs((total := math.fsum(self.shares)) - 1) > 1e-9:
            raise Refusal(f"{CONTINUES}{shown(self.shares)} add to {total:.10g}, not 1", place="shares")
        return self

    @property
    def _values(self) -> tuple[float, ...]:
        return tuple(getattr(self, name) for name in _USES[self.kind])

    def quantile(self, u: ArrayLike) -> FloatArray:
        """Return the values below which shares u (n,) in (0, 1) lie, (n,); the index of a category as a float."""
        return _QUANTILES[self.kind](np.asarray(u, np.float64), *self._values)

    @property
    def expectation(self) -> float:
        """Mean of the variable, also for the kinds without a parameter of this name."""
        values = self._values if self.shares is None else range(len(self.shares))
        return float(np.average(values, weights=self.shares)) if self.mean is None else self.mean

    @property
    def variance(self) -> float:
        """Variance of the variable."""
        return _VARIANCES[self.kind](*self._values)

    @property
    def support(self) -> tuple[float, float]:
        """Least and greatest value; infinite where there is none."""
        ends = (0.0, len(self.shares) - 1.0) if self.shares is not None else (self._values[0], self._values[-1])
        fixed = {"normal": (-math.inf, math.inf), "beta": (0.0, 1.0)}
        return ends if self.kind in ("constant", "uniform", "categorical") else fixed.get(self.kind, (0.0, math.inf))

    def numbers(self) -> tuple[int, float, float]:
        """Return (code, a, b) for `draw`.  Raises Refusal for gamma, beta and categorical."""
        code, (a, b) = list(_USES).index(self.kind), (*self._values, 0.0)[:2]
        if code > WEIBULL:
            step = "give kernels its table()" if self.shares is None else "use quantile()"
            raise Refusal(f'kind = "{self.kind}" has no equation, as {one_of(list(_USES)[:6])} have; {step}')
        if self.kind == "lognormal":
            a = math.log(a) - b**2 / 2
        return code, a / math.gamma(1 + 1 / b) if self.kind == "weibull" else a, b


def table(distribution: Distribution, points: int = 1025) -> NDArray[np.float32]:
    """Return the quantiles of (k + 1/2) / points, k = 0, 1, …, for `tabulated`: (points,) float32.

    What 1025 points lose of mean, variance, mostly above the last: gamma of shape 0.1: 0.3 %, 3.2 %; 0.5: 0.06 %,
    0.9 %; 2: 0.02 %, 0.4 %; 20: 0.002 %, 0.2 %; beta of mean 0.1 to 0.9: 0.02 %, 0.2 % at most; 4097 lose a third.
    Raises Refusal for categories, between which there is nothing, and for fewer than 2 points.
    """
    if distribution.shares is not None:
        raise Refusal('kind = "categorical" has no table: there is nothing between two categories; use quantile()')
    if points < 2:
        raise Refusal(f"= {points} is too few; a line takes 2", place="points")
    return distribution.quantile((np.arange(points) + 0.5) / points).astype(np.float32)


def spearman_to_normal(rho: ArrayLike) -> FloatArray:
    """Return 2 sin(π rho / 6), the correlations of normal variables whose ranks correlate by rho (any shape)."""
    return np.asarray(2.0 * np.sin(np.pi / 6.0 * np.asarray(rho, np.float64)))


def copula(correlation: ArrayLike, uniforms: ArrayLike) -> FloatArray:
    """Return uniforms (k, n) that depend on each other as normal variables with this correlation (k, k) do.

    uniforms : (k, n) independent, in (0, 1); rows that depend on none above, as the first, come back bit for bit
    A column of the result depends on the same column alone.  Raises Refusal if no variables correlate like this.
    """
    u = np.array(uniforms, np.float64)
    root, normal = _root(_possible(correlation, len(u))), special.ndtri(u)
    for j in range(1, len(u)):
        if root[j, :j].any():
            # Term by term, as the bits of a product of matrices depend on how many columns there are.
            mixed = sum(root[j, k] * normal[k] for k in range(j + 1))
            u[j] = np.clip(special.ndtr(mixed), _EDGE, 1.0 - _EDGE)
    return u


def _root(correlation: FloatArray) -> FloatArray:
    """Return the lower triangle L with L @ L.T = correlation (k, k), which may be singular."""
    root = np.zeros_like(correlation)
    for j in range(len(root)):
        rest = correlation[j:, j] - root[j:, :j] @ root[j, :j]
        if rest[0] > 1e-12:  # else the variable is a mixture of those above it
            root[j:, j] = rest / math.sqrt(rest[0])
    return root


def _possible(correlation: ArrayLike, rows: int) -> FloatArray:
    matrix = np.array(correlation, np.float64)
    if matrix.shape != (rows, rows):
        raise Refusal(f"has shape {matrix.shape}, but {rows} rows of uniforms need {(rows, rows)}", place="correlation")
    wrong = ~(np.abs(matrix - np.eye(rows)) <= 1.0 - (1.0 - 1e-9) * np.eye(rows)) | (np.abs(matrix - matrix.T) > 1e-9)
    for i, j in np.argwhere(wrong):
        right = "1" if i == j else f"in [-1, 1] and equal to correlation[{j}][{i}] = {matrix[j, i]:g}"
        raise Refusal(f"{CONTINUES}{matrix[i, j]:g} must be {right}", place=f"correlation[{i}][{j}]")
    found = misfit(matrix)
    if found is not None:
        i, j, factor = found
        fits = f"[{i}][{j}] fits the others least; multiply all but the diagonal by {factor} or less"
        raise Refusal(f"no variables correlate like this: {fits}", place="correlation")
    return matrix


def misfit(correlation: FloatArray) -> tuple[int, int, float] | None:
    """Return None if some variables correlate like this (k, k), with ones on the diagonal and both halves equal.

    Else the places of the two whose correlation fits the others least, and a factor for all but the diagonal with
    which they would.
    """
    values, vectors = np.linalg.eigh(correlation)
    if values[0] >= -1e-10:
        return None
    pull = np.triu(correlation * np.outer(vectors[:, 0], vectors[:, 0]), 1)
    least = np.round(pull, 9)  # which of equal ones is lowest in the last bit differs between machines
    i, j = np.unravel_index(np.flatnonzero(least == least.min())[-1], correlation.shape)
    return int(i), int(j), math.floor(1e4 / (1.0 - values[0])) / 1e4
