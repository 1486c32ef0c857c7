"""Classes of customers with a right of way that interrupts nobody, and what no order of service can change.

Classes k = 1, 2, … from the highest; within a class in order of arrival; a service that has begun is finished. With
ρ_k = λ_k m_k, σ_k = ρ_1 + … + ρ_k, and the residual work in service W_0 = Σ_k λ_k m_k² (1 + v_k²) / 2:

    M/G/1   E[W_k] = W_0 / ((1 - σ_(k-1)) (1 - σ_k))
    M/M/c   E[W_k] = C(c, a) m / c / ((1 - σ_(k-1)) (1 - σ_k)),  σ of loads / c, one mean service time m for all

Conservation law (M/G/1): any order that neither interrupts nor idles nor looks at service times has the same

    Σ_k ρ_k E[W_k] = ρ W_0 / (1 - ρ)

so that what one class wins in waiting, weighted by load, the others lose.
Source: Cobham 1954 (waits), Kleinrock 1965 (conservation law): both from memory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from abm.queues.checks import SHORTEST, FloatArray, alike, column, count, number, one_server
from abm.queues.erlang import erlang_c

_VARIATION = "standard deviation / mean"


def priority_waits(rates: ArrayLike, minutes: ArrayLike, variation: ArrayLike = 1.0) -> FloatArray:
    """Return the mean wait E[W_k] (k,), minutes, of each class before one server (M/G/1, nobody is interrupted).

    rates     : λ_k (k,), arrivals a minute, at least 0, the highest class first
    minutes   : m_k, mean service time, above 0, (k,) or one for all
    variation : v_k of service times, at least 0, (k,) or one for all; 1 = exponential
    Time in the system is the wait + m_k. Raises Refusal for numbers out of range, and for a load of 1 or more in sum.
    """
    loads, residual = _loads(rates, minutes, variation)
    return residual * _ways(loads)


def priority_waits_of_many(rates: ArrayLike, minutes: float, servers: int) -> FloatArray:
    """Return the mean wait E[W_k] (k,), minutes, of each class before c servers (M/M/c, nobody is interrupted).

    rates   : λ_k (k,), arrivals a minute, at least 0, the highest class first
    minutes : m, mean service time, above 0, the same for all classes      servers : c, at least 1
    Raises Refusal for numbers out of range, and for a load of c or more in sum.
    """
    come, c = column("rates", rates, unit="1/minute"), count("servers", servers)
    took = number("minutes", minutes, SHORTEST, unit="minutes")
    loads = come * took / c
    return float(erlang_c(c, come.sum() * took)) * took / c * _ways(loads)


def conserved_wait(rates: ArrayLike, minutes: ArrayLike, variation: ArrayLike = 1.0) -> float:
    """Return Σ ρ_k E[W_k], minutes: the same for all orders of service that the conservation law is about.

    Arguments and refusals as of `priority_waits`.
    """
    loads, residual = _loads(rates, minutes, variation)
    total = float(loads.sum())
    return total * residual / (1.0 - total)


def _loads(rates: ArrayLike, minutes: ArrayLike, variation: ArrayLike) -> tuple[FloatArray, float]:
    """Return ρ_k (k,) and W_0."""
    come = column("rates", rates, unit="1/minute")
    took = alike("minutes", minutes, come.size, SHORTEST, unit="minutes")
    v = alike("variation", variation, come.size, unit=_VARIATION)
    loads = come * took
    one_server(loads.sum())
    return loads, float(np.sum(come * took**2 * (1.0 + v**2)) / 2.0)


def _ways(loads: FloatArray) -> FloatArray:
    """Return 1 / ((1 - σ_(k-1)) (1 - σ_k)) of each class (k,)."""
    left = 1.0 - np.concatenate(([0.0], np.cumsum(loads)))
    return 1.0 / (left[:-1] * left[1:])
