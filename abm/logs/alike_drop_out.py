"""The edge of the BG/NBD at which all customers drop out alike: a and b go to infinity, a / (a + b) = p stays.

Claim: customers differ in their rates, and each leaves after any purchase with the same probability p. With x, t_x and
T as in bgnbd.py

    L(x, t_x, T) = (1-p)^x Gamma(r+x) alpha^r / Gamma(r)
                   * [ (alpha+T)^-(r+x) + 1{x>0} p / (1-p) (alpha+t_x)^-(r+x) ]

Source: FADER_HARDIE_LEE_2005, of whose likelihood this is the limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, psi

from abm.core.errors import Refusal
from abm.logs.bgnbd import history
from abm.logs.likelihood import FloatArray, described, maximise, positive


@dataclass(frozen=True)
class AlikeDropOut:
    """Purchase rates over customers, and one drop-out probability for all of them.

    r : shape of the Gamma of rates       alpha : its rate, weeks
    dropout : probability of dropping out after a purchase, above 0 and below 1
    log_likelihood : at the fit, None if not fitted       n : customers, None likewise
    covariance : (3, 3) of the logarithms of r, alpha and the odds of dropping out as estimates, None likewise
    """

    r: float
    alpha: float
    dropout: float
    log_likelihood: float | None = None
    n: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        positive("AlikeDropOut", r=self.r, alpha=self.alpha, dropout=self.dropout)
        if self.dropout >= 1.0:
            raise Refusal(f"AlikeDropOut.dropout = {self.dropout:g} is not below 1")

    @property
    def mean_rate(self) -> float:
        """Purchases per week of a customer who has not dropped out, over all customers."""
        return self.r / self.alpha

    def describe(self) -> str:
        """Return the fit in one line."""
        parameters = (
            f"r = {self.r:.4g}, alpha = {self.alpha:.4g} weeks ({self.mean_rate:.4g} purchases per week), "
            f"drop-out {self.dropout:.4g} per purchase, alike for all"
        )
        return described("BG/NBD of alike drop-out", parameters, self.n, self.log_likelihood)


def fit_alike_drop_out(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> AlikeDropOut:
    """Fit r, alpha and the drop-out probability by maximum likelihood.

    frequency : (n,)  x, repeat purchases      recency : (n,)  t_x, weeks      age : (n,)  T, weeks
    Raises Refusal when nobody bought again, or when a parameter runs off to 0 or infinity, as the drop-out does where
    nobody leaves.
    """
    x, t_x, t = history(frequency, recency, age)
    if x.sum() == 0:
        raise Refusal("BG/NBD of alike drop-out: no customer bought again; use a longer log")

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, x, t_x, t)

    start = {"r": 0.5, "alpha": 0.5 * float(t.sum() / x.sum()), "drop-out": 0.1}
    found, value, covariance = maximise(log_likelihood, start, "BG/NBD of alike drop-out")
    r, alpha, odds = map(float, found)
    return AlikeDropOut(r, alpha, odds / (1.0 + odds), log_likelihood=value, n=x.size, covariance=covariance)


def _log_likelihood(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> tuple[float, FloatArray]:
    """Return the log likelihood of all customers and its gradient (3,) in r, alpha and the odds p / (1-p)."""
    r, alpha, odds = parameters
    alive = -(r + x) * np.log(alpha + t)
    gone = np.where(x > 0, np.log(odds) - (r + x) * np.log(alpha + t_x), -np.inf)
    either = np.logaddexp(alive, gone)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - x * np.log1p(odds) + either
    w = np.exp(gone - either)  # probability of having dropped out
    gradient = (
        psi(r + x) - psi(r) + np.log(alpha) - (1.0 - w) * np.log(alpha + t) - w * np.log(alpha + t_x),
        r / alpha - (r + x) * ((1.0 - w) / (alpha + t) + w / (alpha + t_x)),
        w / odds - x / (1.0 + odds),
    )
    return float(value.sum()), np.array([part.sum() for part in gradient])
