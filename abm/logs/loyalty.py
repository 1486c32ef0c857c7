"""Loyalty taken apart: lasting taste and state dependence, estimated from a panel of purchases.

Claim: a household buys a brand again because it likes it (taste) and because it bought it last (state dependence).
Purchases in order tell the two apart: taste keeps its effect whatever the order, state dependence does not.

    utility_ij = intercept_j + taste_ij + state [j bought last] + coefficients · controls_ij + Gumbel noise
    taste_ij ~ Normal(0, spread²), independent over brands, fixed for life

A mixed logit by simulated maximum likelihood with fixed quasi-random draws; the same spread for all brands, as in the
theory `taste`. The integral over a household's tastes is taken by importance sampling around the mode of her own
posterior, so that few draws serve even where long histories leave little doubt.

Initial conditions: households bought before the panel began, and whoever likes a brand is more likely to have it as
her first. So the first purchase is taken as drawn from the steady state of the household's own chain, whose shares are
π_j ∝ e^{V_j} (Σ_k e^{V_k} + (e^state - 1) e^{V_j}), with V at the controls of that occasion. A simulated market needs
a burn-in for this to hold.

Source: JAIN_VILCASSIM_CHINTAGUNTA_1994 (random coefficients on such panels; not read, so the estimates are ours
alone); GUADAGNI_LITTLE_1983 (a lasting preference beside the last purchase). The steady state is worked out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, ndtri

from abm.core.errors import Refusal
from abm.logs.brands import Purchases

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DRAWS = 128
_ROUNDS = 12  # at most, of placing the draws anew around what was found
_SETTLED = 1e-3  # change of every parameter between two rounds
_START = (1.0, 0.5)  # first guess of taste spread and state dependence, logit units
_LARGEST = 50.0  # logit units, beyond which an estimate has run away
_LEAST_BENDING = 1e-9  # least curvature of the likelihood as a share of the largest
_WIDER = 1.2  # proposals have the sd of the posterior's curvature times this, so that weights stay small
_NEWTON_STEPS = 30


@dataclass(frozen=True, eq=False)
class Loyalty:
    """What was estimated, with standard errors from the curvature of the likelihood.

    taste_spread     : sd over customers of the taste for a brand, logit units. Near 0 the likelihood is flat in it:
                       its standard error there is that of its square over twice itself
    state_dependence : logit units added for the brand bought last
    intercepts       : (m,) of the brands, logit units; that of the first is 0
    coefficients     : logit units per unit of each control, and `coefficient_errors` likewise
    log_likelihood   : simulated, of all purchases, each customer's first included
    customers        : who bought at least once
    """

    taste_spread: float
    taste_spread_error: float
    state_dependence: float
    state_dependence_error: float
    intercepts: FloatArray
    coefficients: dict[str, float]
    coefficient_errors: dict[str, float]
    log_likelihood: float
    customers: int

    def describe(self) -> str:
        """Return the estimate in one line."""
        taste = f"taste spread {self.taste_spread:.3f} ± {self.taste_spread_error:.3f}"
        state = f"state dependence {self.state_dependence:.3f} ± {self.state_dependence_error:.3f}"
        others = "".join(
            f", {name} {value:.3f} ± {self.coefficient_errors[name]:.3f}" for name, value in self.coefficients.items()
        )
        return f"loyalty of {self.customers:,} customers: {taste}, {state}{others} (± standard error)"


def estimate_loyalty(
    bought: Purchases, controls: Mapping[str, FloatArray] | None = None, draws: int = DRAWS
) -> Loyalty:
    """Estimate taste spread and state dependence from purchases in order.

    bought   : of at least two firms, each with a purchase
    controls : what else moves utility (n, m), rows as they were given to `ordered_purchases`: price / mean price, …
    draws    : of tastes, for each customer

    Raises Refusal when a firm has no purchase, controls have another shape or no number, nobody buys twice, or the
    purchases do not determine the estimates.
    """
    data = _situations(bought, controls or {})
    points = _normal_points(data.customers * draws, bought.firms).reshape(data.customers, draws, bought.firms)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # where the likelihood has no maximum
        found, objective = _fitted(data, points)
        curvature = objective.curvature(found)
    bending = np.linalg.eigvalsh(curvature) if np.isfinite(curvature).all() else np.zeros(1)
    if np.abs(found).max() > _LARGEST or bending[0] <= _LEAST_BENDING * bending[-1]:
        raise Refusal("loyalty: these purchases do not determine taste and state dependence; use a longer panel")
    errors = np.sqrt(np.diagonal(np.linalg.inv(curvature)) / data.customers)
    return _loyalty(found, errors, -objective(found)[0] * data.customers, data, tuple(controls or {}))


def _fitted(data: _Situations, points: FloatArray) -> tuple[FloatArray, _Objective]:
    """Return the parameters of the maximum and the objective, its draws placed around them."""
    found = np.concatenate((np.zeros(data.choices.shape[1] - 1), _START, np.zeros(data.control.shape[2])))
    inverse = np.eye(found.size)
    for _ in range(_ROUNDS):
        last, objective = found, _Objective(data, _placed(points, data, found))
        options = {"gtol": 1e-6, "maxiter": 500, "hess_inv0": inverse}
        result = minimize(objective, last, jac=True, method="BFGS", options=options)
        found, inverse = result.x, (result.hess_inv + result.hess_inv.T) / 2
        if np.abs(found - last).max() < _SETTLED or not np.abs(found).max() <= _LARGEST:
            break
    return found, objective


def _loyalty(
    found: FloatArray, errors: FloatArray, log_likelihood: float, data: _Situations, names: Sequence[str]
) -> Loyalty:
    at = data.choices.shape[1] - 1  # where the spread stands, after the intercepts
    return Loyalty(
        taste_spread=abs(float(found[at])),
        taste_spread_error=float(errors[at]),
        state_dependence=float(found[at + 1]),
        state_dependence_error=float(errors[at + 1]),
        intercepts=np.concatenate(([0.0], found[:at])),
        coefficients=dict(zip(names, map(float, found[at + 2 :]), strict=True)),
        coefficient_errors=dict(zip(names, map(float, errors[at + 2 :]), strict=True)),
        log_likelihood=float(log_likelihood),
        customers=data.customers,
    )


class _Situations(NamedTuple):
    """What customers faced, purchases in the same situation of the same customer put together.

    customer : (s,)       by which the situations are ordered, from 0
    last     : (s,)       brand bought last; of the first purchases, which are rows of their own, the brand bought
    first    : (s,)       whether it is a first purchase
    choices  : (s, m)     purchases of each brand
    control  : (s, m, c)  controls
    starts   : (h,)       row where each customer begins
    """

    customer: IntArray
    last: IntArray
    first: NDArray[np.bool_]
    choices: FloatArray
    control: FloatArray
    starts: IntArray

    @property
    def customers(self) -> int:
        return self.starts.size


def _situations(bought: Purchases, controls: Mapping[str, FloatArray]) -> _Situations:
    opens = np.diff(bought.customer, prepend=-1) != 0
    if bought.firms < 2 or opens.all():
        raise Refusal("loyalty: at least 2 firms and a customer who buys twice are needed")
    if (unsold := np.flatnonzero(bought.counts.sum(axis=0) == 0)).size:
        raise Refusal(f"loyalty: firm {unsold[0]} has no purchase; leave it out")
    customer = np.cumsum(opens) - 1
    last = np.where(opens, bought.firm, np.roll(bought.firm, 1))
    table = _table(bought, controls)
    key = np.column_stack((customer, ~opens, last, table.reshape(customer.size, -1)))
    _, row, place = np.unique(key, axis=0, return_index=True, return_inverse=True)
    choices = np.zeros((row.size, bought.firms))
    np.add.at(choices, (place.ravel(), bought.firm), 1.0)
    starts = np.flatnonzero(np.diff(customer[row], prepend=-1))
    return _Situations(customer[row], last[row], opens[row], choices, table[row], starts)


def _table(bought: Purchases, controls: Mapping[str, FloatArray]) -> FloatArray:
    """Return the controls (n, m, c) in the order of the purchases."""
    shape = (bought.firm.size, bought.firms)
    table = np.zeros((*shape, len(controls)))
    for k, (name, values) in enumerate(controls.items()):
        if np.shape(values) != shape or not np.isfinite(values).all():
            raise Refusal(f"loyalty: control {name} is no table {shape} of numbers, a row a purchase, a column a firm")
        table[:, :, k] = np.asarray(values, np.float64)[bought.rows]
    return table


def _normal_points(n: int, dimensions: int) -> FloatArray:
    """Return points (n, dimensions) spread evenly under the normal density: an additive recurrence.

    Its steps are powers of 1 / φ, φ the positive root of x^(d+1) = x + 1, which generalises the golden ratio.
    """
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    return ndtri(np.mod(0.5 + np.outer(np.arange(1, n + 1), steps), 1.0))


class _Placed(NamedTuple):
    """Draws of standardised tastes (h, draws, m), and the log weights (h, draws) that make up for their place."""

    tastes: FloatArray
    log_weights: FloatArray


def _placed(points: FloatArray, data: _Situations, at: FloatArray) -> _Placed:
    """Move each customer's draws to the mode of her posterior and scale them to its curvature."""
    mode, precision = _posterior(data, at)
    lower = _WIDER * np.linalg.cholesky(np.linalg.inv(precision))
    tastes = mode[:, None, :] + points @ np.swapaxes(lower, 1, 2)
    scale = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    log_weights = (points**2 - tastes**2).sum(axis=2) / 2 + scale[:, None] - np.log(points.shape[1])
    return _Placed(tastes, log_weights)


def _posterior(data: _Situations, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mode (h, m) and curvature (h, m, m) of standardised tastes, first purchases taken as plain choices.

    It only places the draws; the weights make up for what it leaves out.
    """
    m = data.choices.shape[1]
    spread = at[m - 1]
    base = _base(data, at)
    n = data.choices.sum(axis=1)
    mode = np.zeros((data.customers, m))
    for _ in range(_NEWTON_STEPS):
        utility = base + spread * mode[data.customer]
        share = np.exp(utility - utility.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        slope = spread * np.add.reduceat(data.choices - n[:, None] * share, data.starts) - mode
        inner = n[:, None, None] * (share[:, :, None] * (np.eye(m) - share[:, None, :]))
        precision = np.eye(m) + spread**2 * np.add.reduceat(inner, data.starts)
        step = np.linalg.solve(precision, slope[:, :, None])[:, :, 0]
        size = np.abs(step).max(axis=1, keepdims=True)
        mode += step / np.maximum(1.0, size)
        if size.max() < 1e-6:
            break
    return mode, precision


def _base(data: _Situations, at: FloatArray) -> FloatArray:
    """Return utility without taste (s, m); first purchases have no last one."""
    m = data.choices.shape[1]
    utility = np.concatenate(([0.0], at[: m - 1])) + data.control @ at[m + 1 :]
    again = np.flatnonzero(~data.first)
    utility[again, data.last[again]] += at[m]
    return utility


class _Objective:
    """Minus the mean simulated log likelihood of a customer and its gradient, as a function of the parameters.

    Parameters: intercepts of all firms but the first, taste spread, state dependence, coefficients of the controls.
    """

    def __init__(self, data: _Situations, placed: _Placed) -> None:
        self.data, self.placed = data, placed
        self.tastes = np.moveaxis(placed.tastes, 2, 1)[data.customer]  # (s, m, draws)
        self.n = data.choices.sum(axis=1)
        self.rows = np.arange(data.customer.size)

    def __call__(self, at: FloatArray) -> tuple[float, FloatArray]:
        data = self.data
        m = data.choices.shape[1]
        utility = _base(data, at)[:, :, None] + at[m - 1] * self.tastes
        largest = utility.max(axis=1, keepdims=True)
        weight = np.exp(utility - largest)
        total = weight.sum(axis=1)
        value = np.einsum("sj,sjr->sr", data.choices, utility)
        value -= self.n[:, None] * (np.log(total) + largest[:, 0])
        share = weight / total[:, None]
        residual = data.choices[:, :, None] - self.n[:, None, None] * share
        by_state = np.where(data.first[:, None], 0.0, residual[self.rows, data.last])
        self._add_first(float(at[m]), share, value, residual, by_state)

        of_customer = np.add.reduceat(value, data.starts) + self.placed.log_weights
        log_likelihood = logsumexp(of_customer, axis=1)
        posterior = np.exp(of_customer - log_likelihood[:, None])[data.customer]
        mean = np.einsum("sjr,sr->sj", residual, posterior)
        gradient = np.concatenate(
            (
                mean.sum(axis=0)[1:],
                [np.einsum("sjr,sjr,sr->", residual, self.tastes, posterior, optimize=True)],
                [(by_state * posterior).sum()],
                np.einsum("sj,sjc->c", mean, data.control),
            )
        )
        return -float(log_likelihood.mean()), -gradient / data.customers

    def _add_first(
        self, state: float, shares: FloatArray, value: FloatArray, residual: FloatArray, by_state: FloatArray
    ) -> None:
        """Write the log share of the steady state, and its slopes, for the first purchases.

        With E = e^V, S = ΣE and g = e^state - 1: ln π_y = V_y + ln(S + g E_y) - ln(S² + g ΣE²).
        """
        rows = np.flatnonzero(self.data.first)
        y, g = self.data.last[rows], np.expm1(state)
        share = shares[rows]  # E / S: the scale of E cancels
        own, squares = share[np.arange(rows.size), y], (share**2).sum(axis=1)
        stay, whole = 1.0 + g * own, 1.0 + g * squares
        value[rows] += np.log(stay) - np.log(whole)  # a plain choice has ln π_y = V_y - ln S already
        slope = share / stay[:, None] - 2.0 * (share + g * share**2) / whole[:, None]
        slope[np.arange(rows.size), y] += 1.0 + g * own / stay
        residual[rows] = slope
        by_state[rows] = np.exp(state) * (own / stay - squares / whole)

    def curvature(self, at: FloatArray) -> FloatArray:
        """Return the Hessian of minus the mean log likelihood, by central differences of its gradient."""
        reach = 1e-4
        rows = [(self(at + move)[1] - self(at - move)[1]) / (2 * reach) for move in reach * np.eye(at.size)]
        return (np.array(rows) + np.array(rows).T) / 2
