"""BG/BB: customers who may buy once in each period, until they drop out between two of them.

Claim: where there is an occasion a year, a week or an event, and one buys on it or not, x purchases on the n occasions
so far, the last of them on occasion t_x (0 = none), say all.

    buys on an occasion    p ~ Beta(alpha, beta)      drops out before an occasion    theta ~ Beta(gamma, delta)

    L(x, t_x, n) = P(x, n) B(gamma, delta+n) / B(gamma, delta)
                   + sum_{k=t_x}^{n-1} P(x, k) B(gamma+1, delta+k) / B(gamma, delta)

with P(x, k) = B(alpha+x, beta+k-x) / B(alpha, beta): that she buys on x given ones of k occasions. The sum is over the
occasion k after which she may have dropped out.

Source: FADER_HARDIE_SHANG_2010.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln, logsumexp, psi

from abm.core.errors import Refusal
from abm.logs.likelihood import FloatArray, column, described, maximise, numbers, positive, same_length

MOST_OCCASIONS = 1000  # a sum over the occasions since the last purchase is taken for each customer


@dataclass(frozen=True)
class BGBB:
    """Chances of buying on an occasion, and of dropping out before one, over customers.

    alpha, beta  : shapes of the Beta of buying
    gamma, delta : shapes of the Beta of dropping out
    log_likelihood : at the fit, None if not fitted       n : customers, None likewise
    covariance : (4, 4) of the logarithms of alpha, beta, gamma and delta as estimates, None likewise
    """

    alpha: float
    beta: float
    gamma: float
    delta: float
    log_likelihood: float | None = None
    n: int | None = None
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        positive("BGBB", alpha=self.alpha, beta=self.beta, gamma=self.gamma, delta=self.delta)

    @property
    def mean_rate(self) -> float:
        """Purchases per occasion of a customer who has not dropped out, over all customers."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def mean_dropout(self) -> float:
        """Share of new customers who drop out before their first occasion."""
        return self.gamma / (self.gamma + self.delta)

    def describe(self) -> str:
        """Return the fit in one line."""
        parameters = (
            f"alpha = {self.alpha:.4g}, beta = {self.beta:.4g} ({self.mean_rate:.4g} purchases per occasion), "
            f"gamma = {self.gamma:.4g}, delta = {self.delta:.4g} (drop-out {self.mean_dropout:.4g} per occasion)"
        )
        return described("BG/BB", parameters, self.n, self.log_likelihood)


def fit_bgbb(
    frequency: ArrayLike, recency: ArrayLike, occasions: ArrayLike, customers: ArrayLike | None = None
) -> BGBB:
    """Fit alpha, beta, gamma and delta by maximum likelihood.

    frequency : (k,)  x, occasions with a purchase      recency : (k,)  t_x, the last of these, 0 = none
    occasions : (k,)  n, all so far, at most 1,000      customers : (k,)  whom each entry stands for, None = one

    Raises Refusal for a history that cannot be, when nobody bought, and when a parameter runs off to 0 or infinity, as
    where nobody drops out or all are alike.
    """
    x, t_x, n = occasion_history(frequency, recency, occasions)
    many = column("customers", np.ones(x.size) if customers is None else customers)
    same_length(frequency=x, customers=many)
    if not many @ x:
        raise Refusal("BG/BB: no customer bought; use more occasions")

    def log_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, x, t_x, n, many)

    start = {"alpha": 1.0, "beta": 1.0, "gamma": 1.0, "delta": 2.0}
    found, value, covariance = maximise(log_likelihood, start, "BG/BB")
    alpha, beta, gamma, delta = map(float, found)
    return BGBB(alpha, beta, gamma, delta, value, round(float(many.sum())), covariance)


def _log_likelihood(
    parameters: FloatArray, x: FloatArray, t_x: FloatArray, n: FloatArray, many: FloatArray
) -> tuple[float, FloatArray]:
    """Return the log likelihood of all customers and its gradient (4,) in alpha, beta, gamma, delta."""
    alpha, beta, gamma, delta = parameters
    last, died, parts = _parts(parameters, x, t_x, n)
    value = logsumexp(parts, axis=0)
    w = np.exp(parts - value)  # (ends, k)  of having ended so
    buying = psi(alpha + beta) - psi(alpha + beta + last)
    living = psi(gamma + delta) - psi(gamma + delta + died + last)
    slopes = (
        psi(alpha + x) - psi(alpha) + buying,
        psi(beta + last - x) - psi(beta) + buying,
        psi(gamma + died) - psi(gamma) + living,
        psi(delta + last) - psi(delta) + living,
    )
    return float(many @ value), np.array([many @ (w * slope).sum(axis=0) for slope in slopes])


def _parts(
    parameters: FloatArray, x: FloatArray, t_x: FloatArray, n: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return occasions lived through (ends, k), 1 where she then dropped out, and the log likelihood of each end.

    The first row is that of who is still there; the others begin with t_x, and are -inf from n on.
    """
    alpha, beta, gamma, delta = parameters
    steps = np.arange(float(np.max(n - t_x, initial=0.0)))[:, None]
    last = np.vstack([n, t_x + steps])
    died = np.vstack([np.zeros_like(n), np.ones((len(steps), n.size))])
    parts = betaln(alpha + x, beta + last - x) - betaln(alpha, beta)
    parts += betaln(gamma + died, delta + last) - betaln(gamma, delta)
    return last, died, np.where((died > 0) & (last >= n), -np.inf, parts)


def alive_bgbb(model: BGBB, frequency: ArrayLike, recency: ArrayLike, occasions: ArrayLike) -> FloatArray:
    """Return the probability (k,) that a customer is there on the next occasion, n + 1."""
    x, t_x, n = occasion_history(frequency, recency, occasions)
    return _there(model, x, t_x, n) * (model.delta + n) / (model.gamma + model.delta + n)


def _there(model: BGBB, x: FloatArray, t_x: FloatArray, n: FloatArray) -> FloatArray:
    """Return the probability (k,) that a customer was there on occasion n."""
    parts = _parts(np.array([model.alpha, model.beta, model.gamma, model.delta]), x, t_x, n)[2]
    return np.exp(parts[0] - logsumexp(parts, axis=0))


def expected_bgbb(model: BGBB, n: ArrayLike) -> FloatArray:
    """Return E[X(n)], the purchases of a new customer on n occasions, in the shape of `n`.

    alpha / (alpha+beta) sum_{t=1}^n B(gamma, delta+t) / B(gamma, delta)
    """
    n = _occasions("n", n)
    return model.mean_rate * _occasions_lived(model, np.zeros(n.shape), n)


def conditional_bgbb(
    model: BGBB, ahead: int, frequency: ArrayLike, recency: ArrayLike, occasions: ArrayLike
) -> FloatArray:
    """Return the expected purchases (k,) on the next `ahead` occasions of customers with that history.

    Given that a customer is there, her chances are Beta(alpha+x, beta+n-x) and Beta(gamma, delta+n).
    """
    x, t_x, n = occasion_history(frequency, recency, occasions)
    steps = np.broadcast_to(_occasions("ahead", ahead), n.shape)
    rate = (model.alpha + x) / (model.alpha + model.beta + n)
    return _there(model, x, t_x, n) * rate * _occasions_lived(model, n, steps)


def _occasions_lived(model: BGBB, since: FloatArray, ahead: FloatArray) -> FloatArray:
    """Return how many of the next `ahead` occasions who was there on occasion `since` is expected to be there for."""
    total, there = np.zeros(ahead.shape), np.ones(ahead.shape)
    for step in range(int(np.max(ahead, initial=0.0))):
        there = there * (model.delta + since + step) / (model.gamma + model.delta + since + step)
        total += np.where(step < ahead, there, 0.0)
    return total[()]


def bgbb_probability(model: BGBB, x: ArrayLike, n: int) -> FloatArray:
    """Return P(X(n) = x), the probability of x purchases on n occasions, in the shape of `x`.

    Summed over the occasion she lived to, n or the one before she dropped out.
    """
    x, end = numbers("x", x, whole=True), int(_occasions("n", n))
    total = np.zeros(x.shape)
    for last in range(end + 1):
        lived = betaln(model.gamma + (last < end), model.delta + last) - betaln(model.gamma, model.delta)
        silent = np.maximum(last - x, 0.0)
        ways = gammaln(last + 1.0) - gammaln(x + 1.0) - gammaln(silent + 1.0)
        bought = ways + betaln(model.alpha + x, model.beta + silent) - betaln(model.alpha, model.beta)
        total += np.where(x <= last, np.exp(bought + lived), 0.0)
    return total[()]


def bgbb_history_probability(model: BGBB, frequency: ArrayLike, recency: ArrayLike, occasions: ArrayLike) -> FloatArray:
    """Return the probability (k,) that a new customer has that history: L(x, t_x, n) times the orders that have it.

    Of the x purchases the last is on t_x, and the others are on any of the occasions before: C(t_x - 1, x - 1) orders.
    """
    x, t_x, n = occasion_history(frequency, recency, occasions)
    parts = _parts(np.array([model.alpha, model.beta, model.gamma, model.delta]), x, t_x, n)[2]
    once, before = np.maximum(x, 1.0), np.maximum(t_x, 1.0)  # who never bought has one order, as C(0, 0)
    orders = gammaln(before) - gammaln(once) - gammaln(before - once + 1.0)
    return np.exp(logsumexp(parts, axis=0) + orders)


def occasion_history(
    frequency: ArrayLike, recency: ArrayLike, occasions: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return x, t_x and n as checked columns (k,).  Raises Refusal for a history that cannot be."""
    x = column("frequency", np.atleast_1d(frequency), whole=True)
    t_x = column("recency", np.atleast_1d(recency), whole=True)
    n = _occasions("occasions", np.atleast_1d(occasions))
    same_length(frequency=x, recency=t_x, occasions=n)
    for bad, why in (
        (t_x > n, "its recency is past them"), (x > t_x, "it has more purchases than occasions until the last of them"),
        ((x == 0) & (t_x > 0), "its recency is that of no purchase"),
    ):  # fmt: skip
        if bad.any():
            i = int(np.argmax(bad))
            said = f"frequency = {x[i]:g}, recency = {t_x[i]:g}, occasions = {n[i]:g}"
            raise Refusal(f"BG/BB: customer {i} cannot be ({said}): {why}")
    return x, t_x, n


def _occasions(name: str, values: ArrayLike) -> FloatArray:
    n = numbers(name, values, whole=True)
    if (n > MOST_OCCASIONS).any():
        raise Refusal(f"{name} = {n.max():g} is above {MOST_OCCASIONS:,}; count longer periods")
    return n
