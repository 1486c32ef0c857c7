"""BG/NBD: Poisson purchases until a customer drops out, which may happen after any purchase.

Claim: what a customer did so far enters through three numbers: x repeat purchases, the last of them t_x weeks
after the first purchase ever, and T, the weeks from that first purchase to the end of the observation.

    rate ~ Gamma(shape r, rate alpha)      drop-out probability after a purchase ~ Beta(a, b)

    L(x, t_x, T) = B(a, b+x) / B(a, b) * Gamma(r+x) alpha^r / Gamma(r)
                   * [ (alpha+T)^-(r+x) + 1{x>0} a / (b+x-1) (alpha+t_x)^-(r+x) ]

Source: FADER_HARDIE_LEE_2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, betaln, expit, gammaln, hyp2f1, ndtr, psi, roots_legendre

from abm.core.errors import Refusal
from abm.logs.likelihood import FloatArray, column, described, maximise, numbers, positive, same_length
from abm.logs.nbd import log_probability

_NODES, _WEIGHTS = roots_legendre(32)
_SCORE_NODES, _SCORE_WEIGHTS = roots_legendre(64)
_SCORES = 8.2  # normal scores up to which drop-out is averaged: what lies beyond weighs 2e-16
_LARGE_A, _LARGE_B = 5.0, 1e3  # from which drop-out is averaged


@dataclass(frozen=True)
class RatesAndDropOut:
    """Purchase rates and drop-out over customers, who may leave after a purchase.

    r : shape of the Gamma of rates       alpha : its rate, weeks
    a, b : shapes of the Beta of the drop-out probability after a purchase
    log_likelihood : at the fit, None if not fitted       n : customers, None likewise
    covariance : (4, 4) of the logarithms of r, alpha, a and b as estimates, None likewise
    """

    model: ClassVar[str]
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float | None = None
    n: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        positive(type(self).__name__, r=self.r, alpha=self.alpha, a=self.a, b=self.b)

    @property
    def mean_rate(self) -> float:
        """Purchases per week of a customer who has not dropped out, over all customers."""
        return self.r / self.alpha

    @property
    def mean_dropout(self) -> float:
        """Probability of dropping out after a purchase, over all customers."""
        return self.a / (self.a + self.b)

    def describe(self) -> str:
        """Return the fit in one line."""
        parameters = (
            f"r = {self.r:.4g}, alpha = {self.alpha:.4g} weeks ({self.mean_rate:.4g} purchases per week), "
            f"a = {self.a:.4g}, b = {self.b:.4g} (drop-out {self.mean_dropout:.4g} per purchase)"
        )
        return described(self.model, parameters, self.n, self.log_likelihood)


@dataclass(frozen=True)
class BGNBD(RatesAndDropOut):
    """The BG/NBD: nobody drops out before a repeat purchase."""

    model: ClassVar = "BG/NBD"


def fit_bgnbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> BGNBD:
    """Fit r, alpha, a and b by maximum likelihood.

    frequency : (n,)  x, repeat purchases      recency : (n,)  t_x, weeks      age : (n,)  T, weeks
    Raises Refusal when nobody bought again, or when a parameter runs off to 0 or infinity, as a and b do
    without any sign of drop-out (`fit_nbd` then is the model).
    """
    x, t_x, t = history(frequency, recency, age)
    if x.sum() == 0:
        raise Refusal("BG/NBD: no customer bought again; use a longer log")

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, x, t_x, t)

    shape = 0.5
    start = {"r": shape, "alpha": shape * float(t.sum() / x.sum()), "a": 1.0, "b": 2.0}
    found, value, covariance = maximise(log_likelihood, start, "BG/NBD")
    r, alpha, a, b = map(float, found)
    return BGNBD(r, alpha, a, b, log_likelihood=value, n=x.size, covariance=covariance)


def _log_likelihood(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> tuple[float, FloatArray]:
    """Return the log likelihood of all customers and its gradient (4,) in r, alpha, a, b."""
    r, alpha, a, b = parameters
    again = x > 0
    b_left = np.where(again, b + x - 1.0, 1.0)
    alive = -(r + x) * np.log(alpha + t)
    gone = np.where(again, np.log(a) - np.log(b_left) - (r + x) * np.log(alpha + t_x), -np.inf)
    either = np.logaddexp(alive, gone)
    value = betaln(a, b + x) - betaln(a, b) + gammaln(r + x) - gammaln(r) + r * np.log(alpha) + either
    w = np.exp(gone - either)  # probability of having dropped out
    beta_term = psi(a + b) - psi(a + b + x)
    gradient = (
        psi(r + x) - psi(r) + np.log(alpha) - (1.0 - w) * np.log(alpha + t) - w * np.log(alpha + t_x),
        r / alpha - (r + x) * ((1.0 - w) / (alpha + t) + w / (alpha + t_x)),
        beta_term + w / a,
        beta_term + psi(b + x) - psi(b) - w / b_left,
    )
    return float(value.sum()), np.array([part.sum() for part in gradient])


def probability_alive(model: BGNBD, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
    """Return the probability (n,) that a customer has not dropped out by the end of the observation.

    1 / (1 + a / (b+x-1) ((alpha+T) / (alpha+t_x))^(r+x)) after a repeat purchase; before it, 1.
    """
    x, t_x, t = history(frequency, recency, age)
    growth = (model.r + x) * np.log1p((t - t_x) / (model.alpha + t_x))
    b_left = np.where(x > 0, model.b + x - 1.0, 1.0)
    log_odds_gone = np.where(x > 0, np.log(model.a) - np.log(b_left) + growth, -np.inf)
    return expit(-log_odds_gone)


def expected_purchases(model: BGNBD, t: ArrayLike) -> FloatArray:
    """Return E[X(t)], the repeat purchases of a new customer within t weeks, in the shape of `t`.

    (a+b-1) / (a-1) [1 - (alpha / (alpha+t))^r 2F1(r, b; a+b-1; t / (alpha+t))] where that is defined.
    """
    return _expected(model.r, model.alpha, model.a, model.b, numbers("t", t))


def conditional_expected_purchases(
    model: BGNBD, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Return E[Y(t) | x, t_x, T] (n,), the purchases in the next t weeks of customers with that history.

    Given that a customer is still active, rate and drop-out are again Gamma(r+x, alpha+T) and Beta(a, b+x),
    so this is the probability of being alive times E[X(t)] under those parameters.
    """
    x, _, watched = history(frequency, recency, age)
    ahead = conditional_expectation(model, numbers("t", t), x, watched)
    return probability_alive(model, frequency, recency, age) * ahead


def conditional_expectation(model: BGNBD, t: FloatArray, x: FloatArray, watched: FloatArray) -> FloatArray:
    """Return the expected purchases (n,) in the next t weeks of who is active after x in `watched` weeks."""
    return _expected(model.r + x, model.alpha + watched, model.a, model.b + x, t)


def bgnbd_probability(model: BGNBD, x: ArrayLike, t: ArrayLike) -> FloatArray:
    """Return P(X(t) = x), the probability of x repeat purchases within t weeks; x and t broadcast.

    Either x purchases without dropping out, or the x-th, made before t, was the last:
    B(a,b+x)/B(a,b) NBD(x) + 1{x>0} B(a+1,b+x-1)/B(a,b) P(NBD >= x), NBD being the count without drop-out.
    Source: FADER_HARDIE_LEE_2005 (the fit histogram).
    """
    x, t = np.broadcast_arrays(numbers("x", x, whole=True), numbers("t", t))
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    staying = np.exp(betaln(a, b + x) - betaln(a, b) + log_probability(x, t, r, r / alpha))
    last = np.maximum(x, 1.0)  # for x = 0 nothing was last: any valid number
    leaving = np.exp(betaln(a + 1.0, b + last - 1.0) - betaln(a, b)) * betainc(last, r, t / (alpha + t))
    return staying + np.where(x > 0, leaving, 0.0)


def _expected(r: ArrayLike, alpha: ArrayLike, a: float, b: ArrayLike, t: FloatArray) -> FloatArray:
    """Return E[X(t)] as the integral to t of E[rate e^(-rate p s)] ds, purchases at s by those still active.

    The published form has poles that cancel at a = 1 and a + b = 1, loses digits for short t and overflows
    for frequent buyers. This integrand, in logarithmic time, is positive and smooth for every a and b, but where one
    of them is large the hypergeometric function overflows or loses digits, and drop-out is averaged instead.
    """
    r, alpha, b = np.asarray(r), np.asarray(alpha), np.asarray(b)
    if a >= _LARGE_A or np.max(b, initial=0.0) >= _LARGE_B:
        return _over_dropout(r, alpha, a, b, t)
    half = np.log1p(t / alpha) / 2.0
    total = np.zeros(np.broadcast_shapes(r.shape, half.shape))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        s = half * (1.0 + node)
        total += weight * np.exp((1.0 - a) * s) * hyp2f1(a, a + b - r - 1.0, a + b, -np.expm1(-s))
    return (r * half * total)[()]


def _over_dropout(r: FloatArray, alpha: FloatArray, a: float, b: FloatArray, t: FloatArray) -> FloatArray:
    """Return E[X(t)] as the mean of (1 - (alpha / (alpha + p t))^r) / p over p ~ Beta(a, b), by its quantiles.

    The quantiles are those of normal scores between -8.2 and 8.2, at which a Beta of large a or b is nearly a line.
    """
    shape = np.broadcast_shapes(r.shape, alpha.shape, b.shape, np.shape(t))
    total, mass = np.zeros(shape), 0.0
    for node, weight in zip(_SCORE_NODES, _SCORE_WEIGHTS, strict=True):
        z = _SCORES * node
        density = weight * math.exp(-z * z / 2.0)
        p = np.maximum(betaincinv(a, b, ndtr(z)), np.finfo(float).tiny)
        total += density * -np.expm1(-r * np.log1p(p * t / alpha)) / p
        mass += density
    return (total / mass)[()]


def history(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return x, t_x and T as checked columns (n,)."""
    x = column("frequency", np.atleast_1d(frequency), whole=True)
    t_x = column("recency", np.atleast_1d(recency))
    t = column("age", np.atleast_1d(age))
    same_length(frequency=x, recency=t_x, age=t)
    late = t_x > t
    if late.any():
        i = int(np.argmax(late))
        raise Refusal(f"recency[{i}] = {t_x[i]:g} is past age[{i}] = {t[i]:g} (weeks)")
    return x, t_x, t
