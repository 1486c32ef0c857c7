"""Erlang's formulas: c servers, arrivals at random, and nobody who gives up.

With the offered load a = λ m (rate of arrivals times mean service time), and S the chance of fewer than c busy servers
relative to that of exactly c where there is no room to wait,

    S = Σ_{k<c} p_k / p_c = c/a + c (c-1)/a² + … + c!/a^c          all terms positive, so that no digits are lost
    Erlang B   B = 1 / (1 + S)                                     lost on finding all servers busy (M/M/c/c)
    Erlang C   C = 1 / (1 + (1 - a/c) S) = c B / (c - a (1 - B))   waits, a < c (M/M/c)
    wait       P(W > t) = C e^(-(c - a) t / m),   E[W] = C m / (c - a),   E[Q] = λ E[W]   (Little)

M/M/1 is the case c = 1, in which C = a.
Source: Erlang 1917 (loss and delay); Little 1961: both from memory. The sum S is worked out here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from abm.queues.checks import MOST, SHORTEST, FloatArray, numbers, stable


def idle_odds(servers: int, load: float) -> float:
    """Return S: the chance of fewer than c busy servers relative to that of c, where nobody can wait.

    servers : c, whole, at least 0      load : a, above 0      inf where it is beyond the largest float64
    """
    with np.errstate(over="ignore"):
        return float(np.cumprod(np.arange(servers, 0, -1.0) / load).sum())


def erlang_b(servers: ArrayLike, load: ArrayLike) -> FloatArray:
    """Return the share of arrivals that is lost (M/M/c/c), 0-1, in the shape to which the numbers broadcast.

    servers : c, whole, at least 0      load : a, erlangs (mean number of servers asked for), at least 0
    It holds for any distribution of service times of that mean. Raises Refusal for numbers out of range.
    """
    c, a = numbers("servers", servers, 0, MOST, whole=True), numbers("load", load, unit="erlangs")
    return 1.0 / (1.0 + _each(c, a))


def erlang_c(servers: ArrayLike, load: ArrayLike) -> FloatArray:
    """Return the share of arrivals that waits (M/M/c), 0-1, in the shape to which the numbers broadcast.

    servers : c, whole, at least 1      load : a, erlangs, from 0 to below c
    Raises Refusal for numbers out of range, and for a load of c or more, under which the line grows without end.
    """
    c, a = numbers("servers", servers, 1, MOST, whole=True), numbers("load", load, unit="erlangs")
    stable(a, c)
    return 1.0 / (1.0 + (1.0 - a / c) * _each(c, a))


@dataclass(frozen=True, eq=False)
class ErlangC:
    """A line of patient customers in the long run (M/M/c, in order of arrival); every field has the same shape.

    occupancy : share of time that a server is busy, 0-1     p_wait : share of customers who wait, 0-1
    mean_wait : E[W], minutes, of all, those who do not wait at 0; `mean_answer` is the same, as all are answered
    mean_queue : E[Q], customers who wait      p_abandon : 0, as nobody gives up
    """

    servers: FloatArray
    minutes: FloatArray
    occupancy: FloatArray
    p_wait: FloatArray
    mean_wait: FloatArray
    mean_answer: FloatArray
    mean_queue: FloatArray
    p_abandon: FloatArray

    def wait_exceeds(self, minutes: ArrayLike) -> FloatArray:
        """Return P(W > t), 0-1; t : at least 0."""
        return self.p_wait * np.exp(-self._spare * numbers("minutes", minutes, unit="minutes"))

    def answered_within(self, minutes: ArrayLike) -> FloatArray:
        """Return the service level P(W <= t), 0-1; t : at least 0."""
        return 1.0 - self.wait_exceeds(minutes)

    def wait_quantile(self, share: ArrayLike) -> FloatArray:
        """Return the shortest t with P(W <= t) >= share, minutes; share : 0-1, inf at 1."""
        with np.errstate(divide="ignore"):
            ratio = self.p_wait / (1.0 - numbers("share", share, 0, 1))
            return np.maximum(0.0, np.log(ratio)) / self._spare

    @property
    def _spare(self) -> FloatArray:  # 1/minute, at which a line of any length gets shorter
        return self.servers * (1.0 - self.occupancy) / self.minutes


def patient_line(rate: ArrayLike, minutes: ArrayLike, servers: ArrayLike) -> ErlangC:
    """Return what M/M/c is like in the long run, in the shape to which the numbers broadcast.

    rate : λ, arrivals a minute, at least 0      minutes : m, mean service time, above 0      servers : c, at least 1
    Any other unit of time will do if all are in it. Raises Refusal as `erlang_c` does.
    """
    come, took = numbers("rate", rate, unit="1/minute"), numbers("minutes", minutes, SHORTEST, unit="minutes")
    come, took, c = np.broadcast_arrays(come, took, numbers("servers", servers, 1, MOST, whole=True))
    load = come * took
    p_wait = erlang_c(c, load)
    mean_wait = p_wait * took / (c - load)
    return ErlangC(c, took, load / c, p_wait, mean_wait, mean_wait, come * mean_wait, np.zeros(c.shape)[()])


def _each(servers: FloatArray, load: FloatArray) -> FloatArray:
    """Return S of each pair; inf without a load, except that nobody is there to be idle where there is no server."""
    c, a = np.broadcast_arrays(servers, load)
    odds = [(idle_odds(int(n), x) if x > 0 else np.inf) if n else 0.0 for n, x in zip(c.flat, a.flat, strict=True)]
    return np.array(odds).reshape(c.shape)[()]
