"""Baskets: how mean spend per purchase differs over customers, and spend from purchase to purchase.

Two models. Gamma-Gamma works on each customer's mean spend and is the one used with the BG/NBD for customer
value; the lognormal one works on the single baskets and tells customers from chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammaln, psi

from abm.core.errors import Refusal
from abm.logs.likelihood import (
    LEAST_BENDING,
    FloatArray,
    column,
    curvature,
    described,
    maximise,
    numbers,
    positive,
    same_length,
)


@dataclass(frozen=True)
class GammaGamma:
    """Baskets are Gamma(shape p, rate nu) with nu ~ Gamma(shape q, rate v) over customers.

    A customer's mean basket is p / nu, so over customers p v / Gamma(q, 1).

    p : shape of a customer's baskets       q : shape over customers       v : rate of nu, currency units
    correlation : between frequency and mean spend in the data; the model takes it for 0
    log_likelihood : at the fit, None if not fitted       n : customers, None likewise
    covariance : (3, 3) of the logarithms of p, q and v as estimates, None likewise
    """

    p: float
    q: float
    v: float
    correlation: float | None = None
    log_likelihood: float | None = None
    n: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        positive("GammaGamma", p=self.p, q=self.q, v=self.v)

    @property
    def population_mean(self) -> float:
        """Mean basket over customers, currency units: p v / (q - 1); infinite for q <= 1."""
        return self.p * self.v / (self.q - 1.0) if self.q > 1.0 else math.inf

    def describe(self) -> str:
        """Return the fit in one line."""
        parameters = f"p = {self.p:.4g}, q = {self.q:.4g}, v = {self.v:.4g} (mean basket {self.population_mean:.4g})"
        if self.correlation is not None:
            parameters += f", correlation of frequency and spend {self.correlation:.3f}"
        return described("Gamma-Gamma", parameters, self.n, self.log_likelihood)


def fit_gamma_gamma(frequency: ArrayLike, mean_amount: ArrayLike) -> GammaGamma:
    """Fit p, q and v by maximum likelihood to customers' mean spend.

    frequency : (n,)  x, purchases the mean is over      mean_amount : (n,)  z, currency units

    f(z | x) = Gamma(p x + q) / (Gamma(p x) Gamma(q)) v^q z^(p x - 1) x^(p x) / (v + x z)^(p x + q)

    Customers without a purchase (z may be NaN there), or who paid nothing, are left out. The usual z is the
    mean over repeat purchase days, as in `purchases.summary`. Source: FADER_HARDIE_2013. Raises
    Refusal when fewer than two customers are left or the spend does not determine the parameters.
    """
    x, z = _spending(frequency, mean_amount)
    used = (x > 0) & (z > 0)
    x, z = x[used], z[used]
    if x.size < 2 or np.ptp(z) == 0.0:
        raise Refusal("Gamma-Gamma: at least two customers with different mean spend are needed")

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        p, q, v = parameters
        px, total = p * x, np.log(v + x * z)
        value = gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(v) + px * np.log(x * z) - np.log(z)
        by_p = x * (psi(px + q) - psi(px) + np.log(x * z) - total)
        by_q = psi(px + q) - psi(q) + np.log(v) - total
        by_v = q / v - (px + q) / (v + x * z)
        return float(np.sum(value - (px + q) * total)), np.array([by_p.sum(), by_q.sum(), by_v.sum()])

    start = {"p": 2.0, "q": 2.0, "v": float(z.mean()) / 2.0}
    found, value, covariance = maximise(log_likelihood, start, "Gamma-Gamma")
    p, q, v = map(float, found)
    varies = np.ptp(x) > 0.0
    correlation = float(np.corrcoef(x, z)[0, 1]) if varies else None
    return GammaGamma(p, q, v, correlation=correlation, log_likelihood=value, n=x.size, covariance=covariance)


def expected_mean_amount(model: GammaGamma, frequency: ArrayLike, mean_amount: ArrayLike) -> FloatArray:
    """Return the expected mean basket (n,) of customers with x purchases of mean z, currency units.

    p (v + x z) / (p x + q - 1): between a customer's own mean and the population's, which it is for x = 0.
    Raises Refusal for q <= 1, where the population mean is infinite.
    """
    if model.q <= 1.0:
        raise Refusal(f"GammaGamma.q = {model.q:g} is not above 1: the mean basket is infinite")
    x, z = _spending(np.atleast_1d(frequency), np.atleast_1d(mean_amount))
    return model.p * (model.v + x * z) / (model.p * x + model.q - 1.0)


def _spending(frequency: ArrayLike, mean_amount: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return x and z as checked columns (n,), z being 0 where x is."""
    x = column("frequency", frequency, whole=True)
    z = np.asarray(mean_amount, dtype=np.float64)
    same_length(frequency=x, mean_amount=z)
    return x, column("mean_amount", np.where(x > 0, z, 0.0))


@dataclass(frozen=True)
class LognormalBaskets:
    """Baskets are lognormal about a customer's own level, and the levels are lognormal over customers.

    ln basket = mu + u + e,  u ~ Normal(0, sigma) once per customer,  e ~ Normal(0, sigma_within) per purchase

    mu : log currency units       sigma : log units, between customers       sigma_within : log units, within
    log_likelihood : at the fit, None if not fitted     n : customers     baskets : purchases; None likewise
    covariance : (k, k) of mu and of ln sigma and ln sigma_within, where these are above 0, as estimates; None likewise,
        NaN where the likelihood is too flat to tell
    """

    mu: float
    sigma: float
    sigma_within: float
    log_likelihood: float | None = None
    n: int | None = None
    baskets: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        numbers("LognormalBaskets.mu", self.mu, least=-math.inf)
        numbers("LognormalBaskets.sigma", self.sigma)
        numbers("LognormalBaskets.sigma_within", self.sigma_within)

    @property
    def median(self) -> float:
        """Median over customers of a customer's mean basket, currency units: exp(mu + sigma_within^2 / 2)."""
        return math.exp(self.mu + self.sigma_within**2 / 2.0)

    @property
    def population_mean(self) -> float:
        """Mean over customers of a customer's mean basket, currency units."""
        return self.median * math.exp(self.sigma**2 / 2.0)

    def describe(self) -> str:
        """Return the fit in one line."""
        parameters = (
            f"median {self.median:.4g}, sigma = {self.sigma:.4g} between customers, "
            f"{self.sigma_within:.4g} within (mean basket {self.population_mean:.4g})"
        )
        if self.baskets is not None:
            parameters += f", from {self.baskets:,} baskets"
        return described("lognormal baskets", parameters, self.n, self.log_likelihood)


def fit_lognormal_baskets(customer: ArrayLike, amount: ArrayLike) -> LognormalBaskets:
    """Fit mu, sigma and sigma_within by maximum likelihood: analysis of variance with random customers.

    customer : (k,)  label of the buyer of each basket      amount : (k,)  currency units

    The spread of customers' mean spend mixes how customers differ with chance in the few baskets of each; a
    population needs the former alone, which is `sigma`. Baskets of amount 0 have no logarithm and are left
    out. Raises Refusal when no customer has two different baskets: the two spreads cannot be told apart.
    """
    value = column("amount", amount)
    labels = np.asarray(customer)
    if labels.shape != value.shape:
        raise Refusal(f"one amount per basket is needed: customer has {labels.size}, amount has {value.size}")
    used = value > 0
    code, known = pd.factorize(labels[used])
    y = np.log(value[used])
    if len(known) < 2:
        raise Refusal("lognormal baskets: at least two customers with a positive amount are needed")
    size = np.bincount(code).astype(np.float64)
    mean = np.bincount(code, weights=y) / size
    within = float(np.sum((y - mean[code]) ** 2))
    if within <= y.size * np.finfo(float).eps:
        raise Refusal("lognormal baskets: no customer has two different baskets, so chance and customer are one")

    ratio = _variance_ratio(size, mean, within)
    mu, variance, slack = _given_ratio(ratio, size, mean, within)
    log_likelihood = -0.5 * (y.size * (math.log(2.0 * math.pi * variance) + 1.0) + np.log(slack).sum()) - y.sum()
    sigma, sigma_within = math.sqrt(ratio * variance), math.sqrt(variance)
    return LognormalBaskets(
        mu=mu,
        sigma=sigma,
        sigma_within=sigma_within,
        log_likelihood=float(log_likelihood),
        n=len(known),
        baskets=y.size,
        covariance=_covariance(mu, sigma, sigma_within, size, mean, within),
    )


def _covariance(
    mu: float, sigma: float, sigma_within: float, size: FloatArray, mean: FloatArray, within: float
) -> FloatArray:
    """Return the covariance of the estimates of mu, ln sigma (unless it is 0) and ln sigma_within, NaN if not told.

    size, mean : (n,) baskets of each customer and the mean of their logarithms      within : squares about these
    """

    def gradient(point: FloatArray) -> FloatArray:
        between, inside = math.exp(2.0 * point[-2]) if sigma else 0.0, math.exp(2.0 * point[-1])
        off, spread = mean - point[0], inside + size * between
        pull = size * off**2 / spread**2 - 1.0 / spread  # (n,)  twice the slope in what `spread` is made of
        by_inside = inside * (within / inside**2 - (size.sum() - size.size) / inside + pull.sum())
        by_between = [between * float((size * pull).sum())] if sigma else []
        return np.array([(size * off / spread).sum(), *by_between, by_inside])

    spreads = [math.log(sigma)] if sigma else []
    information = -curvature(gradient, np.array([mu, *spreads, math.log(sigma_within)]))
    told = np.linalg.eigvalsh(information)[0] > LEAST_BENDING
    return np.asarray(np.linalg.inv(information) if told else np.full(information.shape, np.nan), np.float64)


def _given_ratio(ratio: float, size: FloatArray, mean: FloatArray, within: float) -> tuple[float, float, FloatArray]:
    """Return the best mu and variance within, given their ratio between to within; and 1 + size * ratio."""
    slack = 1.0 + size * ratio
    weight = size / slack
    mu = float(np.sum(weight * mean) / np.sum(weight))
    variance = (within + float(np.sum(weight * (mean - mu) ** 2))) / float(size.sum())
    return mu, variance, slack


def _variance_ratio(size: FloatArray, mean: FloatArray, within: float) -> float:
    """Return the ratio of variances, between customers to within, where the profile likelihood is highest."""

    def slope(ratio: float) -> float:
        mu, variance, slack = _given_ratio(ratio, size, mean, within)
        weight = size / slack
        return float(np.sum(weight**2 * (mean - mu) ** 2) / variance - np.sum(weight))

    if slope(0.0) <= 0.0:
        return 0.0
    high = 1.0
    while slope(high) > 0.0:
        high *= 2.0
    return float(brentq(slope, 0.0, high, xtol=1e-15, rtol=1e-14))
