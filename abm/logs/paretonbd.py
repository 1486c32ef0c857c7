"""Pareto/NBD: Poisson purchases until a customer drops out, which may happen at any moment.

Claim: customers differ in their rate of purchase and in their rate of leaving; silence tells which of them have left.

    purchase rate ~ Gamma(shape r, rate alpha)      rate of leaving ~ Gamma(shape s, rate beta), both per week

    L(x, t_x, T) = Gamma(r+x) / Gamma(r) alpha^r beta^s
                   * [ (alpha+T)^-(r+x) (beta+T)^-s + s int_{t_x}^T (alpha+y)^-(r+x) (beta+y)^-(s+1) dy ]

with x, t_x and T as in bgnbd.py. The integral, over the moment y at which she left, is usually written with two
hypergeometric functions, whose difference loses digits; here it is taken as it stands.

Source: SCHMITTLEIN_MORRISON_COLOMBO_1987 (the model); FADER_HARDIE_LEE_2005 (its fit to CDNOW).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel, gammaln, logsumexp, psi, roots_legendre

from abm.core.errors import Refusal
from abm.logs.bgnbd import history
from abm.logs.likelihood import FloatArray, described, maximise, numbers, positive
from abm.logs.nbd import log_probability

_NODES, _WEIGHTS = roots_legendre(64)
_SHARE = (_NODES + 1.0) / 2.0  # of an interval
_LOG_WEIGHTS = np.log(_WEIGHTS / 2.0)
_FAR = 40.0  # the integrand falls by e^-40 at least: what is beyond adds nothing


@dataclass(frozen=True)
class ParetoNBD:
    """Rates of purchase and of leaving over customers.

    r : shape of the Gamma of purchase rates       alpha : its rate, weeks
    s : shape of the Gamma of rates of leaving     beta  : its rate, weeks
    log_likelihood : at the fit, None if not fitted       n : customers, None likewise
    covariance : (4, 4) of the logarithms of r, alpha, s and beta as estimates, None likewise
    """

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float | None = None
    n: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        positive("ParetoNBD", r=self.r, alpha=self.alpha, s=self.s, beta=self.beta)

    @property
    def mean_rate(self) -> float:
        """Purchases per week of a customer who has not left, over all customers."""
        return self.r / self.alpha

    @property
    def mean_leaving(self) -> float:
        """Mean rate of leaving over customers, 1/week."""
        return self.s / self.beta

    def describe(self) -> str:
        """Return the fit in one line."""
        parameters = (
            f"r = {self.r:.4g}, alpha = {self.alpha:.4g} weeks ({self.mean_rate:.4g} purchases per week), "
            f"s = {self.s:.4g}, beta = {self.beta:.4g} weeks (leaving at {self.mean_leaving:.4g} per week)"
        )
        return described("Pareto/NBD", parameters, self.n, self.log_likelihood)


def fit_paretonbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> ParetoNBD:
    """Fit r, alpha, s and beta by maximum likelihood.

    frequency : (n,)  x, repeat purchases      recency : (n,)  t_x, weeks      age : (n,)  T, weeks
    Raises Refusal when nobody bought again, or when a parameter runs off to 0 or infinity, as s does where nobody
    leaves.
    """
    x, t_x, t = history(frequency, recency, age)
    if x.sum() == 0:
        raise Refusal("Pareto/NBD: no customer bought again; use a longer log")

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, x, t_x, t)

    mean_age = float(t.mean())
    start = {"r": 0.5, "alpha": 0.5 * float(t.sum() / x.sum()), "s": 0.5, "beta": max(mean_age / 2.0, 1e-3)}
    found, value, covariance = maximise(log_likelihood, start, "Pareto/NBD")
    r, alpha, s, beta = map(float, found)
    return ParetoNBD(r, alpha, s, beta, log_likelihood=value, n=x.size, covariance=covariance)


def _log_likelihood(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> tuple[float, FloatArray]:
    """Return the log likelihood of all customers and its gradient (4,) in r, alpha, s, beta."""
    r, alpha, s, beta = parameters
    alive = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
    y, log_step = _moments(parameters, x, t_x, t)
    log_alpha, log_beta = np.log(alpha + y), np.log(beta + y)
    parts = np.log(s) + log_step - (r + x) * log_alpha - (s + 1.0) * log_beta
    gone = logsumexp(parts, axis=0)
    either = np.logaddexp(alive, gone)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + either
    w = np.exp(parts - either)  # (nodes, n)  of having left at a moment
    stayed = np.exp(alive - either)
    left = w.sum(axis=0)
    gradient = (
        psi(r + x) - psi(r) + np.log(alpha) - stayed * np.log(alpha + t) - (w * log_alpha).sum(axis=0),
        r / alpha - (r + x) * (stayed / (alpha + t) + (w / (alpha + y)).sum(axis=0)),
        np.log(beta) - stayed * np.log(beta + t) - (w * log_beta).sum(axis=0) + left / s,
        s / beta - s * stayed / (beta + t) - (s + 1.0) * (w / (beta + y)).sum(axis=0),
    )
    return float(value.sum()), np.array([part.sum() for part in gradient])


def _moments(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return moments y (nodes, n) between t_x and T, and the logarithms of the time that each stands for.

    With c the lesser of alpha and beta they are spread evenly in z = ln((c+y) / (c+t_x)), where the integrand is smooth
    and falls by `fall` at least for each unit of z, if that is above 0.
    """
    r, alpha, s, beta = parameters
    c = min(alpha, beta)
    purchases, leaving = (r + x) / (alpha + t_x), (s + 1.0) / (beta + t_x)
    fall = (purchases + leaving) * (c + t_x) - 1.0
    width = np.minimum(np.log1p((t - t_x) / (c + t_x)), _FAR / np.maximum(fall, 1e-9))
    z = _SHARE[:, None] * width
    with np.errstate(divide="ignore"):  # who bought on the last day: no time at all
        log_step = _LOG_WEIGHTS[:, None] + np.log(width) + np.log(c + t_x) + z
    return (c + t_x) * np.exp(z) - c, log_step


def alive_paretonbd(model: ParetoNBD, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
    """Return the probability (n,) that a customer has not left by the end of the observation."""
    x, t_x, t = history(frequency, recency, age)
    alive = -(model.r + x) * np.log(model.alpha + t) - model.s * np.log(model.beta + t)
    parameters = np.array([model.r, model.alpha, model.s, model.beta])
    y, log_step = _moments(parameters, x, t_x, t)
    parts = log_step - (model.r + x) * np.log(model.alpha + y) - (model.s + 1.0) * np.log(model.beta + y)
    gone = np.log(model.s) + logsumexp(parts, axis=0)
    return np.exp(alive - np.logaddexp(alive, gone))


def expected_paretonbd(model: ParetoNBD, t: ArrayLike) -> FloatArray:
    """Return E[X(t)], the repeat purchases of a new customer within t weeks, in the shape of `t`.

    r beta / (alpha (s-1)) [1 - (beta / (beta+t))^(s-1)], and r beta / alpha ln(1 + t / beta) for s = 1.
    """
    return _expected(model.r, model.alpha, model.s, model.beta, numbers("t", t))


def conditional_paretonbd(
    model: ParetoNBD, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Return E[Y(t) | x, t_x, T] (n,), the purchases in the next t weeks of customers with that history.

    Given that a customer is there, her rates are again Gamma(r+x, alpha+T) and Gamma(s, beta+T).
    """
    x, _, watched = history(frequency, recency, age)
    ahead = _expected(model.r + x, model.alpha + watched, model.s, model.beta + watched, numbers("t", t))
    return alive_paretonbd(model, frequency, recency, age) * ahead


def _expected(r: ArrayLike, alpha: ArrayLike, s: float, beta: ArrayLike, t: FloatArray) -> FloatArray:
    r, alpha, beta = np.asarray(r), np.asarray(alpha), np.asarray(beta)
    u = np.log1p(t / beta)
    return (r * beta / alpha * u * exprel((1.0 - s) * u))[()]


def paretonbd_probability(model: ParetoNBD, x: ArrayLike, t: ArrayLike) -> FloatArray:
    """Return P(X(t) = x), the probability of x repeat purchases within t weeks; x and t broadcast.

    NBD(x; t) (beta / (beta+t))^s of those who stay, and int_0^t NBD(x; y) s beta^s / (beta+y)^(s+1) dy of the others,
    NBD being the count without drop-out.
    """
    x, t = np.broadcast_arrays(numbers("x", x, whole=True), numbers("t", t))
    rate, end = model.mean_rate, np.log1p(t / model.beta)
    total = np.exp(log_probability(x, t, model.r, rate) - model.s * end)
    for share, weight in zip(_SHARE, _WEIGHTS / 2.0, strict=True):
        z = end * share
        at = log_probability(x, model.beta * np.expm1(z), model.r, rate)
        total = total + weight * end * model.s * np.exp(at - model.s * z)
    return total[()]
