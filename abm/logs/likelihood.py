"""Maximum likelihood over positive parameters, and the checks of data that every fit shares.

A fit works on the logarithms of its parameters, so that no bound is needed and all are of one scale. L-BFGS
finds the hill; Newton steps on the analytic gradient then climb to where rounding, not a stopping rule,
sets the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from abm.core.errors import Refusal

FloatArray = NDArray[np.float64]
LogLikelihood = Callable[[FloatArray], tuple[float, FloatArray]]  # parameters (k,) -> value, gradient (k,)

_LARGEST = 20.0  # |log parameter| beyond which a parameter has run away: 5e8
_NEWTON_STEPS = 50
LEAST_BENDING = 1e-4  # information on the log of a parameter: below, its standard error is a factor of e^100
_SETTLED = 1e-10  # relative change of every parameter in the last Newton step
_ROUNDING = 1e-6  # relative change below which steps that no longer shrink are rounding


class Maximum(NamedTuple):
    """Where a likelihood is highest.

    parameters : (k,)      value : log likelihood
    covariance : (k, k) of the logarithms of the parameters: the inverse of the information, minus the Hessian
    """

    parameters: FloatArray
    value: float
    covariance: FloatArray


def maximise(log_likelihood: LogLikelihood, start: Mapping[str, float], model: str) -> Maximum:
    """Return the maximising parameters (k,), in the order of `start`, the log likelihood there and their covariance.

    start : positive first guess of each parameter, by name      model : the model's name, for a refusal
    Raises Refusal when there is no maximum inside: a parameter runs to 0 or to infinity, or does not matter.
    """
    names = tuple(start)
    first = np.log(np.array([start[name] for name in names], dtype=np.float64))

    def in_logs(point: FloatArray) -> tuple[float, FloatArray]:
        parameters = np.exp(point)
        value, gradient = log_likelihood(parameters)
        return value, gradient * parameters

    scale = max(1.0, abs(in_logs(first)[0]))

    def objective(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = in_logs(point)
        return -value / scale, -gradient / scale

    bounds = [(-_LARGEST, _LARGEST)] * len(names)
    options = {"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(objective, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    point, covariance = _climb(lambda at: in_logs(at)[1], found.x, names, model)
    return Maximum(np.exp(point), in_logs(point)[0], covariance)


def _climb(
    gradient: Callable[[FloatArray], FloatArray], point: FloatArray, names: tuple[str, ...], model: str
) -> tuple[FloatArray, FloatArray]:
    """Return the log parameters (k,) of a hilltop, where the gradient (k,) vanishes, by Newton's method.

    Beside them their covariance (k, k), from the bending before the last step, which was too small to change it.
    """
    last = np.inf
    for _ in range(_NEWTON_STEPS):
        bending, axes = np.linalg.eigh(-curvature(gradient, point))
        # |bending| instead of bending: a step leads uphill also where the hill is not yet rounded
        step = axes @ ((axes.T @ gradient(point)) / np.maximum(np.abs(bending), np.finfo(float).tiny))
        size = float(np.abs(step).max())
        point = point + step / max(1.0, size)
        if np.abs(point).max() > _LARGEST:
            break
        settled = size < _SETTLED or last / 2 < size < _ROUNDING
        if settled and bending[0] > LEAST_BENDING:
            return point, (axes / bending) @ axes.T
        last = size
    loosest = names[int(np.argmax(np.abs(axes[:, 0])))]
    raise Refusal(f"{model}: these purchases do not determine {loosest}; use a longer log or a simpler model")


def curvature(gradient: Callable[[FloatArray], FloatArray], point: FloatArray) -> FloatArray:
    """Return the Hessian (k, k) of the log likelihood, by central differences of its gradient."""
    reach = 1e-5
    rows = [(gradient(point + move) - gradient(point - move)) / (2 * reach) for move in reach * np.eye(point.size)]
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2


def numbers(name: str, values: ArrayLike, *, least: float = 0.0, whole: bool = False) -> FloatArray:
    """Return `values` as floats of the same shape: finite, at least `least`, and whole if `whole`.

    Raises Refusal naming the first entry that is not.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise Refusal(f"{name} is not made of numbers") from None
    bad = ~(np.isfinite(array) & (array >= least))
    if whole:
        bad |= array != np.floor(array)
    if bad.any():
        at = np.argwhere(bad)[0]
        index = f"[{', '.join(map(str, at))}]" if at.size else ""
        kind = "whole number" if whole else "number"
        raise Refusal(f"{name}{index} = {array[tuple(at)]:g} is not a {kind} of at least {least:g}")
    return array


def column(name: str, values: ArrayLike, *, whole: bool = False) -> FloatArray:
    """Return `values` as a column (n,) of numbers of at least 0, whole ones if `whole`; raises Refusal."""
    array = numbers(name, values, whole=whole)
    if array.ndim != 1 or array.size == 0:
        raise Refusal(f"{name} has shape {array.shape}; a column with one number per customer is expected")
    return array


def same_length(**columns: FloatArray) -> None:
    """Refuse columns of different lengths."""
    sizes = {name: values.size for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise Refusal("one number per customer is needed: " + ", ".join(f"{k} has {v}" for k, v in sizes.items()))


def positive(model: str, **parameters: float) -> None:
    """Refuse a parameter that is not a positive finite number."""
    for name, value in parameters.items():
        if not (math.isfinite(value) and value > 0.0):
            raise Refusal(f"{model}.{name} = {value:g} is not a positive number")


def described(model: str, parameters: str, n: int | None, log_likelihood: float | None) -> str:
    """Return a fit in one line: model, customers, parameters and log likelihood."""
    over = "" if n is None else f" over {n:,} customers"
    end = "" if log_likelihood is None else f"; log likelihood {log_likelihood:,.2f}"
    return f"{model}{over}: {parameters}{end}"
