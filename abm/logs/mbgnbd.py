"""MBG/NBD: the BG/NBD in which a customer may drop out at once, after the purchase that made her one.

Claim: some customers buy once and never again; in the BG/NBD nobody leaves before a repeat purchase. With x, t_x and T
as in bgnbd.py

    L(x, t_x, T) = B(a, b+x+1) / B(a, b) * Gamma(r+x) alpha^r / Gamma(r)
                   * [ (alpha+T)^-(r+x) + a / (b+x) (alpha+t_x)^-(r+x) ]

Source: BATISLAM_DENIZEL_FILIZTEKIN_2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln, expit, gammaln, psi

from abm.core.errors import Refusal
from abm.logs.bgnbd import BGNBD, RatesAndDropOut, conditional_expectation, expected_purchases, history
from abm.logs.likelihood import FloatArray, maximise, numbers
from abm.logs.nbd import log_probability


@dataclass(frozen=True)
class MBGNBD(RatesAndDropOut):
    """The MBG/NBD: a customer may drop out after her first purchase too."""

    model: ClassVar = "MBG/NBD"

    @property
    def after_the_first(self) -> BGNBD:
        """The BG/NBD that those are like who have not dropped out after the first purchase."""
        return BGNBD(self.r, self.alpha, self.a, self.b + 1.0)


def fit_mbgnbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> MBGNBD:
    """Fit r, alpha, a and b by maximum likelihood.

    frequency : (n,)  x, repeat purchases      recency : (n,)  t_x, weeks      age : (n,)  T, weeks
    Raises Refusal when nobody bought again, or when a parameter runs off to 0 or infinity, as a and b do
    without any sign of drop-out.
    """
    x, t_x, t = history(frequency, recency, age)
    if x.sum() == 0:
        raise Refusal("MBG/NBD: no customer bought again; use a longer log")

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, x, t_x, t)

    shape = 0.5
    start = {"r": shape, "alpha": shape * float(t.sum() / x.sum()), "a": 1.0, "b": 2.0}
    found, value, covariance = maximise(log_likelihood, start, "MBG/NBD")
    r, alpha, a, b = map(float, found)
    return MBGNBD(r, alpha, a, b, log_likelihood=value, n=x.size, covariance=covariance)


def _log_likelihood(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> tuple[float, FloatArray]:
    """Return the log likelihood of all customers and its gradient (4,) in r, alpha, a, b."""
    r, alpha, a, b = parameters
    alive = -(r + x) * np.log(alpha + t)
    gone = np.log(a) - np.log(b + x) - (r + x) * np.log(alpha + t_x)
    either = np.logaddexp(alive, gone)
    value = betaln(a, b + x + 1.0) - betaln(a, b) + gammaln(r + x) - gammaln(r) + r * np.log(alpha) + either
    w = np.exp(gone - either)  # probability of having dropped out
    beta_term = psi(a + b) - psi(a + b + x + 1.0)
    gradient = (
        psi(r + x) - psi(r) + np.log(alpha) - (1.0 - w) * np.log(alpha + t) - w * np.log(alpha + t_x),
        r / alpha - (r + x) * ((1.0 - w) / (alpha + t) + w / (alpha + t_x)),
        beta_term + w / a,
        beta_term + psi(b + x + 1.0) - psi(b) - w / (b + x),
    )
    return float(value.sum()), np.array([part.sum() for part in gradient])


def alive_mbgnbd(model: MBGNBD, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
    """Return the probability (n,) that a customer has not dropped out by the end of the observation.

    1 / (1 + a / (b+x) ((alpha+T) / (alpha+t_x))^(r+x)), below 1 also of who has not bought again.
    """
    x, t_x, t = history(frequency, recency, age)
    growth = (model.r + x) * np.log1p((t - t_x) / (model.alpha + t_x))
    return expit(np.log(model.b + x) - np.log(model.a) - growth)


def expected_mbgnbd(model: MBGNBD, t: ArrayLike) -> FloatArray:
    """Return E[X(t)], the repeat purchases of a new customer within t weeks, in the shape of `t`.

    b / (a+b) stay after the first purchase, and are then customers of a BG/NBD of b + 1.
    """
    return (1.0 - model.mean_dropout) * expected_purchases(model.after_the_first, t)


def conditional_mbgnbd(
    model: MBGNBD, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Return E[Y(t) | x, t_x, T] (n,), the purchases in the next t weeks of customers with that history."""
    x, _, watched = history(frequency, recency, age)
    ahead = conditional_expectation(model.after_the_first, numbers("t", t), x, watched)
    return alive_mbgnbd(model, frequency, recency, age) * ahead


def mbgnbd_probability(model: MBGNBD, x: ArrayLike, t: ArrayLike) -> FloatArray:
    """Return P(X(t) = x), the probability of x repeat purchases within t weeks; x and t broadcast.

    Either she stayed after all x + 1, or left after the last: B(a,b+x+1)/B(a,b) NBD(x) + B(a+1,b+x)/B(a,b) P(NBD >= x),
    NBD being the count without drop-out.
    """
    x, t = np.broadcast_arrays(numbers("x", x, whole=True), numbers("t", t))
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    staying = np.exp(betaln(a, b + x + 1.0) - betaln(a, b) + log_probability(x, t, r, r / alpha))
    as_many = np.where(x > 0, betainc(np.maximum(x, 1.0), r, t / (alpha + t)), 1.0)
    return staying + np.exp(betaln(a + 1.0, b + x) - betaln(a, b)) * as_many
