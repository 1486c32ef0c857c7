"""sBG: contract customers, each of whom renews with a chance of her own that never changes.

Claim: the retention of a cohort rises with its age although nobody becomes more loyal: who is likely to leave leaves
early.

    chance of leaving at a renewal  theta ~ Beta(a, b)

    P(T = t) = B(a+1, b+t-1) / B(a, b)          leaves at renewal t = 1, 2, …
    S(t)     = B(a, b+t) / B(a, b)              is still there after t renewals
    r_t      = (b+t-1) / (a+b+t-1)              of those who faced renewal t stay

Source: FADER_HARDIE_2007.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, hyp2f1, psi

from abm.core.errors import Refusal
from abm.logs.likelihood import FloatArray, column, described, maximise, numbers, positive, same_length


@dataclass(frozen=True)
class SBG:
    """Chances of leaving at a renewal over customers.

    a, b : shapes of the Beta
    log_likelihood : at the fit, None if not fitted       n : customers, None likewise
    covariance : (2, 2) of the logarithms of a and b as estimates, None likewise
    """

    a: float
    b: float
    log_likelihood: float | None = None
    n: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        positive("SBG", a=self.a, b=self.b)

    @property
    def mean_dropout(self) -> float:
        """Share of new customers who leave at their first renewal."""
        return self.a / (self.a + self.b)

    def describe(self) -> str:
        """Return the fit in one line."""
        parameters = f"a = {self.a:.4g}, b = {self.b:.4g} ({self.mean_dropout:.4g} leave at the first renewal)"
        return described("sBG", parameters, self.n, self.log_likelihood)


def fit_sbg(renewals: ArrayLike, left: ArrayLike, customers: ArrayLike | None = None) -> SBG:
    """Fit a and b by maximum likelihood.

    renewals  : (k,)  which renewal a customer left at, from 1; of those still there, how many they have made
    left      : (k,)  1 = has left, 0 = is still there
    customers : (k,)  how many customers each entry stands for, None = one

    Cohorts of different age are put together by putting their entries together.
    Raises Refusal when nobody left or nobody renewed, when somebody left before her first renewal, and when customers
    do not differ, so that a and b run off to infinity.
    """
    t = column("renewals", renewals, whole=True)
    gone = column("left", left, whole=True)
    many = column("customers", np.ones(t.size) if customers is None else customers)
    same_length(renewals=t, left=gone, customers=many)
    for name, bad in (("left", gone > 1), ("renewals", (gone > 0) & (t < 1))):
        if bad.any():
            i, allowed = int(np.argmax(bad)), "0 or 1" if name == "left" else "1 or more of who has left"
            raise Refusal(f"{name}[{i}] = {(gone if name == 'left' else t)[i]:g} is not {allowed}")
    if not (many * gone).sum() or not (many * (t - gone)).sum():
        raise Refusal("sBG: somebody must have left, and somebody renewed; use more customers or a longer time")
    stayed = t - gone  # renewals made

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        a, b = parameters
        value = betaln(a + gone, b + stayed) - betaln(a, b)
        total = psi(a + b) - psi(a + b + t)
        by_a, by_b = psi(a + gone) - psi(a) + total, psi(b + stayed) - psi(b) + total
        return float(many @ value), np.array([many @ by_a, many @ by_b])

    found, value, covariance = maximise(log_likelihood, {"a": 1.0, "b": 1.0}, "sBG")
    a, b = map(float, found)
    return SBG(a, b, log_likelihood=value, n=round(float(many.sum())), covariance=covariance)


def fit_survivors(survivors: ArrayLike) -> SBG:
    """Fit a and b to one cohort.

    survivors : (t + 1,)  customers at the start and after each renewal, never more than before

    Raises Refusal as `fit_sbg`, and for survivors that grow.
    """
    there = column("survivors", survivors)
    lost = there[:-1] - there[1:]
    if there.size < 2 or (lost < 0).any():
        i = int(np.argmax(lost < 0)) + 1 if there.size > 1 else 0
        raise Refusal(f"survivors[{i}] = {there[i]:g}: at least 2 numbers are needed, none above the one before")
    t = np.arange(1.0, there.size)
    entries = np.append(t, t[-1]), np.append(np.ones(t.size), 0.0), np.append(lost, there[-1])
    return fit_sbg(*entries)


def survival(model: SBG, t: ArrayLike) -> FloatArray:
    """Return S(t), the share still there after t renewals, in the shape of `t`."""
    t = numbers("t", t, whole=True)
    return np.exp(betaln(model.a, model.b + t) - betaln(model.a, model.b))


def retention(model: SBG, t: ArrayLike) -> FloatArray:
    """Return r_t, the share of those who face renewal t = 1, 2, … who stay, in the shape of `t`."""
    t = numbers("t", t, least=1.0, whole=True)
    return (model.b + t - 1.0) / (model.a + model.b + t - 1.0)


def expected_renewals(model: SBG, t: ArrayLike, discount: float = 0.0) -> FloatArray:
    """Return the expected number of renewals t+1, t+2, … of who has made t, each discounted from renewal t + 1 on.

    (b+t) / (a+b+t) 2F1(1, b+t+1; a+b+t+1; 1 / (1 + discount)); times the margin it is the discounted expected residual
    lifetime value just before renewal t + 1.

    discount : of a period, 0 or more.  Without it the sum is (b+t) / (a-1), infinite for a <= 1.
    """
    t, rate = numbers("t", t, whole=True), float(numbers("discount", discount))
    a, b = model.a, model.b + t
    if rate == 0.0:
        return b / (a - 1.0) if a > 1.0 else np.full(np.shape(t), np.inf)[()]
    return b / (a + b) * hyp2f1(1.0, b + 1.0, a + b + 1.0, 1.0 / (1.0 + rate))
