"""Erlang A: c servers, arrivals at random, and customers who hang up when their patience ends (M/M/c+M).

With mean service time m, mean patience g (both exponential), s = c g / m and x = λ g, the line with c busy servers and
j who wait has, relative to j = 0, the chance

    w_j = x^j / ((s+1) (s+2) … (s+j)),    M(s, x) = Σ_j w_j

    P(wait)             = 1 / (1 + S / M(s, x))                       S as in erlang.py
    E[Q]                = P(wait) Σ j w_j / M,   E[W] = E[Q] / λ,   P(abandon) = E[W] / g
    occupancy           = λ (1 - P(abandon)) m / c
    E[W; answered]      = P(wait) g Σ_j w_j / M  s / (s+j+1)  Σ_{i<=j+1} 1 / (s+i)
    P(V > t)            = P(wait) e^(-c t/m + x (1 - e^(-t/g)))  M(s, x e^(-t/g)) / M(s, x)
    P(V > t; answered)  = P(wait) e^(-c t/m + x (1 - e^(-t/g)) - t/g)  s / (s+1)  M(s+1, x e^(-t/g)) / M(s, x)

V is the wait of somebody who would never hang up; a customer's own wait ends with her patience, W = min(V, patience).
The line is stable under any load. With patience without end it is Erlang C; with g = m the number of customers is
Poisson with mean λ m, as with a server for each.
Source: Palm 1957 (the model), Baccelli & Hebuterne 1981 (the wait), Garnett, Mandelbaum & Reiman 2002 (the example
that the tests use): all from memory. The sums are worked out here from the birth-death chain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import digamma, gammaln

from abm.core.errors import Refusal
from abm.queues.checks import SHORTEST, FloatArray, count, number, numbers
from abm.queues.erlang import idle_odds

_NEGLIGIBLE = 45.0  # e^-45: what is smaller, relative to the largest term, no float64 sum would notice
_SPREADS = 12.0  # standard deviations of a Poisson count beyond which its terms are as small
_MORE = 50.0  # terms for counts so small that they are far from normal
_BEYOND = 1e-3  # of patience: more than rounding can move the end of a wait
_MOST_TERMS = 20_000_000  # of a sum


@dataclass(frozen=True)
class ErlangA:
    """A line of customers with limited patience in the long run (M/M/c+M, in order of arrival).

    p_wait      : share of customers who find all servers busy, 0-1
    p_abandon   : share of customers who hang up, 0-1             occupancy : share of time that a server is busy, 0-1
    mean_wait   : E[W], minutes, of all: until answered or until they hang up
    mean_answer : E[W | answered], minutes: the average speed of answer      mean_queue : E[Q], customers who wait

    Chances of waits are exact but for rounding of about 1e-15 λ g, which counts only under a large, lasting overload.
    """

    rate: float
    minutes: float
    servers: int
    patience: float
    p_wait: float
    p_abandon: float
    occupancy: float
    mean_wait: float
    mean_answer: float
    mean_queue: float
    _log_sum: float = field(repr=False)  # of M(s, x)

    def wait_exceeds(self, minutes: ArrayLike) -> FloatArray:
        """Return P(W > t), 0-1, of all customers: still in line after t, neither answered nor gone; t : at least 0."""
        return self._left(minutes, answered=False)

    def answered_within(self, minutes: ArrayLike, of: Literal["all", "answered"] = "all") -> FloatArray:
        """Return the service level, 0-1: the share of customers who are answered by t; t : at least 0.

        of : "all" - of everybody who came, so that who hangs up counts as not answered; "answered" - of who is answered
        """
        if of not in ("all", "answered"):
            raise Refusal(f'= {of!r} is neither "all" nor "answered"', place="of")
        answered = 1.0 - self.p_abandon
        by_then = np.clip(answered - self._left(minutes, answered=True), 0.0, 1.0)
        return (by_then if of == "all" else np.minimum(by_then / answered, 1.0))[()]

    def wait_quantile(self, share: float) -> float:
        """Return the shortest t with P(W <= t) >= share, minutes, of all customers; share : 0-1, inf at 1."""
        left = 1.0 - number("share", share, 0, 1)
        if left >= float(self.wait_exceeds(0.0)):
            return 0.0
        if left == 0.0:
            return math.inf
        longest = self.patience * (math.log(self.p_wait / left) + _BEYOND)  # patience alone ends it by then
        return float(brentq(lambda t: float(self.wait_exceeds(t)) - left, 0.0, longest, xtol=1e-14, rtol=1e-14))

    def _left(self, minutes: ArrayLike, answered: bool) -> FloatArray:
        times = numbers("minutes", minutes, unit="minutes")
        s, x = self.servers * self.patience / self.minutes, self.rate * self.patience
        gone = times / self.patience
        first = s + 1.0 if answered else s
        sums = np.array([_log_sum(first, x * math.exp(-g)) for g in gone.flat]).reshape(gone.shape)
        power = -self.servers * times / self.minutes - x * np.expm1(-gone) - gone + sums - self._log_sum
        return (self.p_wait * (s / first) * np.exp(power))[()]


def impatient_line(rate: float, minutes: float, servers: int, patience: float) -> ErlangA:
    """Return what M/M/c+M is like in the long run; any load is stable.

    rate     : λ, arrivals a minute, at least 0              minutes : m, mean service time, above 0
    patience : g, mean time until a waiting customer hangs up, minutes, above 0      servers : c, at least 1
    Any other unit of time will do if all are in it. Raises Refusal for numbers out of range.
    """
    come, took = number("rate", rate, unit="1/minute"), number("minutes", minutes, SHORTEST, unit="minutes")
    c, g = count("servers", servers), number("patience", patience, SHORTEST, unit="minutes")
    if come == 0.0:
        return ErlangA(come, took, c, g, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    s, x = c * g / took, come * g
    waiting, chance, log_sum = _line(s, x)
    p_wait = 1.0 / (1.0 + idle_odds(c, come * took) * math.exp(-log_sum))
    queue = p_wait * float(waiting @ chance)
    p_abandon = min(queue / x, 1.0)
    steps = 1.0 / (s + waiting + 1.0)
    begun = float(digamma(s + waiting[0] + 1.0) - digamma(s + 1.0)) if waiting[0] else 0.0
    answered_wait = p_wait * g * s * float((chance * steps) @ (begun + np.cumsum(steps)))
    occupancy = come * (1.0 - p_abandon) * took / c
    mean_answer = answered_wait / (1.0 - p_abandon)
    return ErlangA(come, took, c, g, p_wait, p_abandon, occupancy, queue / come, mean_answer, queue, log_sum)


def _line(s: float, x: float) -> tuple[FloatArray, FloatArray, float]:
    """Return how many wait (k,), the chance of each given that all servers are busy (k,), and the logarithm of M(s, x).

    The terms rise up to j = x - s and fall on both sides as those of a Poisson count, or faster; only those that a
    float64 sum would notice are made.
    """
    spread = _SPREADS * math.sqrt(max(s, x)) + _MORE
    peak = max(x - s, 0.0)
    first = max(0.0, math.floor(peak - spread))
    last = peak + spread
    if x < s:  # they fall from the start, at least by the factor x / s
        last = min(last, _NEGLIGIBLE / math.log(s / x) + 1.0)
    if last - first > _MOST_TERMS:
        raise Refusal(
            "is too long beside the other times; state a shorter one, or none where the load is below the servers",
            place="patience",
        )
    waiting = np.arange(first, math.ceil(last) + 1.0)
    ratios = math.log(x) - np.log(s + waiting[1:])
    logs = np.concatenate(([0.0], np.cumsum(ratios)))
    if first:  # terms below `first`, as one product
        logs += first * math.log(x) - float(gammaln(s + first + 1.0) - gammaln(s + 1.0))
    top = float(logs.max())
    terms = np.exp(logs - top)
    total = float(terms.sum())
    return waiting, terms / total, top + math.log(total)


def _log_sum(s: float, x: float) -> float:
    return _line(s, x)[2] if x > 0.0 else 0.0
