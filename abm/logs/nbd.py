"""NBD: Poisson purchases at rates that are Gamma distributed over customers, and the norms of repeat buying.

Claim: in a steady market the buyers of one period, how many of them return in the next and how many buyers
are new all follow from two numbers. A promotion or a programme has done something if it beats these norms.

    rate ~ Gamma(shape r, rate alpha)
    P(X(t) = x) = C(r + x - 1, x) (alpha / (alpha + t))^r (t / (alpha + t))^x

Ehrenberg writes k for r, m = r t / alpha for the mean and a = m / k = t / alpha.
Source: EHRENBERG_1988, as given in notes on the book.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammaln, psi, xlogy

from abm.core.errors import Refusal
from abm.logs.likelihood import FloatArray, column, described, maximise, positive, same_length


@dataclass(frozen=True)
class NBD:
    """Purchase rates over customers: Gamma with mean r / alpha per week.

    r : shape; small when customers differ much     alpha : rate of the Gamma, weeks (the unit of the windows)
    log_likelihood : of the counts, None if not fitted to counts       n : customers counted, None likewise
    covariance : (2, 2) of ln r and ln alpha as estimates, None likewise
    """

    r: float
    alpha: float
    log_likelihood: float | None = None
    n: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        positive("NBD", r=self.r, alpha=self.alpha)

    @property
    def mean_rate(self) -> float:
        """Purchases per customer and week."""
        return self.r / self.alpha

    def describe(self) -> str:
        """Return the fit in one line."""
        rate = f"{self.mean_rate:.4g} purchases per week"
        parameters = f"r = {self.r:.4g}, alpha = {self.alpha:.4g} weeks ({rate})"
        return described("NBD", parameters, self.n, self.log_likelihood)


@dataclass(frozen=True)
class RepeatNorms:
    """What the NBD expects of two windows of equal length that follow each other, in a steady market.

    penetration        : b, share of customers who buy in a window
    purchase_frequency : w, purchases per buyer and window
    repeat_penetration : b_R, share of customers who buy in both windows
    repeat_frequency   : w_R, purchases per repeat buyer in the second window
    new_penetration    : b_N, share of customers who buy in the second window only
    new_frequency      : w_N, purchases per new buyer in the second window
    """

    penetration: float
    purchase_frequency: float
    repeat_penetration: float
    repeat_frequency: float
    new_penetration: float
    new_frequency: float

    @property
    def repeat_share(self) -> float:
        """Share of a window's buyers who buy again in the next: b_R / b."""
        return self.repeat_penetration / self.penetration


def nbd_probability(model: NBD, counts: ArrayLike, window: float) -> FloatArray:
    """Return P(X = x) (n,) of each count x in a window of that many weeks."""
    x = column("counts", counts, whole=True)
    positive("nbd_probability", window=window)
    return np.exp(log_probability(x, window, model.r, model.mean_rate))


def log_probability(x: FloatArray, t: FloatArray | float, r: float, rate: float) -> FloatArray:
    """Return ln P(X = x) for counts x in windows of t weeks, with alpha = r / rate; x and t broadcast."""
    mean = rate * t
    choose = gammaln(r + x) - gammaln(r) - gammaln(x + 1.0)
    return choose - r * np.log1p(mean / r) + xlogy(x, mean / (r + mean))


def fit_nbd(counts: ArrayLike, window: ArrayLike = 1.0) -> NBD:
    """Fit r and alpha to purchase counts by maximum likelihood.

    counts : (n,)  purchases of each customer, those with none included
    window : weeks they were counted over: one number, or (n,) when customers were watched for different times

    With one window the fitted mean is the mean count. Raises Refusal when nobody buys, or when the counts
    vary no more than Poisson counts, so that no spread of rates can be seen.
    """
    x = column("counts", counts, whole=True)
    t = column("window", np.broadcast_to(window, x.shape) if np.ndim(window) == 0 else window)
    same_length(counts=x, window=t)
    if (t <= 0.0).any():
        raise Refusal(f"window[{int(np.argmax(t <= 0.0))}] = 0 is not a positive number of weeks")
    if x.sum() == 0:
        raise Refusal("NBD: no customer bought in the window; use a longer one")
    rate = float(x.sum() / t.sum())
    mean = rate * t
    excess = float(np.sum((x - mean) ** 2 - x))
    if excess <= 0.0:
        raise Refusal("NBD: the counts vary no more than Poisson counts of one rate; all customers are alike here")

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        r, rate = parameters
        mean = rate * t
        by_r = psi(r + x) - psi(r) - np.log1p(mean / r) + (mean - x) / (r + mean)
        by_rate = t * (x - mean) * r / (mean * (r + mean))
        return float(log_probability(x, t, r, rate).sum()), np.array([by_r.sum(), by_rate.sum()])

    # r and the mean rate are almost independent in the likelihood; r and alpha are not
    start = {"r": float(np.sum(mean**2) / excess), "mean rate": rate}
    (r, rate), value, covariance = maximise(log_likelihood, start, "NBD")
    to_alpha = np.array([[1.0, 0.0], [1.0, -1.0]])  # ln alpha = ln r - ln rate
    covariance = to_alpha @ covariance @ to_alpha.T
    return NBD(r=float(r), alpha=float(r / rate), log_likelihood=value, n=x.size, covariance=covariance)


def nbd_from_penetration(penetration: float, purchase_frequency: float, window: float = 1.0) -> NBD:
    """Return the NBD with penetration b and purchase frequency w (purchases per buyer) in a window of weeks.

    Solves 1 - b = (1 + m / k)^-k with m = b w for k (Ehrenberg's "mean and zeros").
    Raises Refusal unless 0 < b < 1 and w > -ln(1 - b) / b, the frequency if all customers were alike.
    """
    b, w = penetration, purchase_frequency
    positive("nbd_from_penetration", purchase_frequency=w, window=window)
    if not 0.0 < b < 1.0:
        raise Refusal(f"penetration = {b:g} is outside (0, 1) (share of customers)")
    non_buyers = -math.log1p(-b)
    if w * b <= non_buyers:
        raise Refusal(
            f"purchase_frequency = {w:g} is too low for penetration {b:g}: alike customers would give "
            f"{non_buyers / b:.4g}, differing ones more"
        )
    mean = b * w

    def gap(log_k: float) -> float:
        k = math.exp(log_k)
        return k * math.log1p(mean / k) - non_buyers  # rises in k, from -non_buyers to mean - non_buyers

    k = math.exp(brentq(gap, -600.0, 60.0, xtol=1e-14))
    return NBD(r=k, alpha=k * window / mean)


def repeat_norms(model: NBD, window: float) -> RepeatNorms:
    """Return the norms of repeat buying for windows of that many weeks.

    b = 1 - (1+a)^-k          w = m / b
    b_R = 1 - 2 (1+a)^-k + (1+2a)^-k          m_R = m (1 - (1+a)^(-k-1))          w_R = m_R / b_R
    b_N = b - b_R = (1+a)^-k - (1+2a)^-k      m_N = m - m_R                       w_N = m_N / b_N
    """
    positive("repeat_norms", window=window)
    k, a = model.r, window / model.alpha
    m = k * a
    none = -k * math.log1p(a)  # log of the share who do not buy
    b = -math.expm1(none)
    new = math.exp(none) * -math.expm1(-k * math.log1p(a / (1.0 + a)))
    repeat = b - new
    repeat_purchases = -m * math.expm1(none - math.log1p(a))
    return RepeatNorms(
        penetration=b,
        purchase_frequency=m / b,
        repeat_penetration=repeat,
        repeat_frequency=repeat_purchases / repeat,
        new_penetration=new,
        new_frequency=m * math.exp(none - math.log1p(a)) / new,
    )


def conditional_trend(model: NBD, counts: ArrayLike, window: float) -> FloatArray:
    """Return the mean purchases (n,) in the next window of those who bought x times in this one.

    (k + x) a / (1 + a). In a steady market heavy buyers seem to fade and non-buyers to wake: regression to
    the mean, nothing else.
    """
    x = column("counts", counts, whole=True)
    positive("conditional_trend", window=window)
    return (model.r + x) * window / (model.alpha + window)
