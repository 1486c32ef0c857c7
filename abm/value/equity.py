"""Customer equity: what all customers are worth together, and what comes of it when they switch between firms.

Claim: a purchase may go to any firm, and where it goes depends on where the last one went. With a matrix M of switching
probabilities between m firms (row: from, column: to), a start B_0 (shares, or the firm of the last purchase), spend v_j
on a purchase, an interpurchase time τ and a discount d in the same unit of time

    value_j = v_j Σ_{t=first}^{T} (B_0 M^t)_j (1 + d)^(-τ t)

Source: RUST_LEMON_ZEITHAML_2004 (form).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from abm.core.errors import Refusal, shown
from abm.logs.brands import ordered_purchases
from abm.value.checks import FloatArray, column_of, has_columns, once_each, one_number, whole_number, within

_ROUNDING = 1e-9  # by which a row of probabilities may miss 1


@dataclass(frozen=True)
class EquityChange:
    """How customer equity came from one date to another, money: `after` = `before` + kept + gained - lost.

    kept   : rise of the value of who is there at both dates
    gained : value of who is there at the second only      lost : of who was there at the first only
    """

    before: float
    after: float
    kept: float
    gained: float
    lost: float


def customer_equity(values: ArrayLike) -> float:
    """Return the sum of the lifetime values (n,) of all customers, money."""
    return float(column_of("values", values, unit="money").sum())


def equity_change(before: pd.Series, after: pd.Series) -> EquityChange:
    """Return the change of customer equity between two dates, by whose value it is.

    before, after : lifetime value, money, of each customer of that date; the index names her, once
    Raises Refusal for a customer who comes twice, and for values that are no finite numbers.
    """
    for name, values in (("before", before), ("after", after)):
        once_each(name, values.index)
        within(name, values.to_numpy(), unit="money")
    both = before.index.intersection(after.index)
    return EquityChange(
        before=float(before.sum()),
        after=float(after.sum()),
        kept=float((after[both] - before[both]).sum()),
        gained=float(after.drop(both).sum()),
        lost=float(before.drop(both).sum()),
    )


def switching_equity(
    matrix: ArrayLike,
    start: ArrayLike,
    spend: ArrayLike,
    interval: float,
    discount: float,
    *,
    first: int = 1,
    horizon: int | None = None,
) -> FloatArray:
    """Return the value of customers to each firm, money, (m,) or (n, m) as `start` is.

    matrix   : M (m, m), 0-1, rows add up to 1
    start    : B_0 (m,) of one customer or segment, or (n, m); rows add up to 1
    spend    : v, money on a purchase: one number, or (m,), or (n, m)
    interval : τ, time between purchases, above 0 (years, say)      discount : d per unit of that time, at least 0
    first    : 1 = what comes after the purchase of `start`, 0 = that one too
    horizon  : T, number of the last purchase, at least 1; None = without end, in closed form

    Raises Refusal for other shapes, rows that do not add up, and a value without end that is not discounted.
    """
    m = _stochastic("matrix", matrix)
    if m.ndim != 2 or m.shape[0] != m.shape[1]:
        raise Refusal(f"matrix has shape {m.shape}; a row and a column for each firm are expected")
    shares = _stochastic("start", start)
    if shares.ndim not in (1, 2) or shares.shape[-1] != len(m):
        raise Refusal(f"start has shape {shares.shape}; one share for each of the {len(m)} firms is expected")
    paid = within("spend", spend, unit="money a purchase")
    if paid.shape not in ((), m.shape[:1], shares.shape):
        raise Refusal(f"spend has shape {paid.shape}; one number, or one for each of the {len(m)} firms is expected")
    wait, d = one_number("interval", interval, 0.0), one_number("discount", discount, 0.0)
    begin = whole_number("first", first, 0, 1, "number of the first purchase")
    step = m * (1.0 + d) ** -wait
    if horizon is None:
        if d == 0.0 or wait == 0.0:
            raise Refusal("without discount and interval above 0 the value is infinite; give a horizon")
        purchases = np.linalg.solve((np.eye(len(m)) - step).T, shares.T).T
    else:
        now = purchases = shares
        for _ in range(whole_number("horizon", horizon, 1, unit="purchases")):
            now = now @ step
            purchases = purchases + now
    return paid * (purchases - shares if begin else purchases)


def stationary_shares(matrix: ArrayLike) -> FloatArray:
    """Return the shares (m,) that switching leaves as they are: π M = π, Σ π = 1.

    matrix : (m, m) switching probabilities, 0-1, rows add up to 1
    Raises Refusal if there is more than one such vector, as when two firms keep all their customers.
    """
    m = _stochastic("matrix", matrix)
    if m.ndim != 2 or m.shape[0] != m.shape[1]:
        raise Refusal(f"matrix has shape {m.shape}; a row and a column for each firm are expected")
    stays = np.eye(len(m)) - m
    if np.linalg.matrix_rank(stays) < len(m) - 1:
        raise Refusal("matrix has several groups of firms that nobody leaves: shares in the end depend on the start")
    equations = np.vstack((stays.T, np.ones(len(m))))
    shares = np.linalg.lstsq(equations, np.append(np.zeros(len(m)), 1.0))[0]
    return np.clip(shares, 0.0, None) / np.clip(shares, 0.0, None).sum()


def switching_counts(purchases: pd.DataFrame) -> pd.DataFrame:
    """Return how often a purchase at one firm (row) was followed by one at another (column), by name of firm.

    purchases : columns customer, period (whole numbers) and firm, a row a purchase; those of a customer in one period
        in their order. Who chose no firm is left out first.

    Raises Refusal for a missing column or cell, and a period that is no whole number.
    """
    has_columns(purchases, ("customer", "period", "firm"))
    if purchases.empty:
        raise Refusal("the table of purchases is empty")
    for name in ("customer", "period", "firm"):
        if purchases[name].isna().any():
            at = int(purchases[name].isna().to_numpy().argmax())
            raise Refusal(f"{name} is missing in row {at} of the purchases; leave such rows out")
    who, _ = pd.factorize(purchases["customer"])
    where, firms = pd.factorize(purchases["firm"].astype(object), sort=True)
    bought = ordered_purchases(who, purchases["period"].to_numpy(), where)
    follows = bought.customer[1:] == bought.customer[:-1]
    pairs = bought.firm[:-1][follows] * len(firms) + bought.firm[1:][follows]
    counted = np.bincount(pairs, minlength=len(firms) ** 2).reshape(len(firms), len(firms))
    return pd.DataFrame(counted, pd.Index(firms, name="from"), pd.Index(firms, name="to"))


def switching_matrix(purchases: pd.DataFrame) -> pd.DataFrame:
    """Return the switching probabilities between firms: the shares in each row of `switching_counts`, which see.

    They are the maximum likelihood estimate where all customers have the same matrix; where tastes differ, lasting
    preference is read as staying.
    Raises Refusal besides for a firm of which no purchase is followed by another, as its row is unknown.
    """
    counts = switching_counts(purchases)
    seen = counts.sum(axis=1)
    if (seen == 0).any():
        firm = seen.index[(seen == 0).to_numpy()][0]
        raise Refusal(f"no purchase at {shown(firm)} is followed by another; leave the firm out or use a longer log")
    return counts.div(seen, axis=0)


def _stochastic(name: str, values: ArrayLike) -> FloatArray:
    """Return probabilities of which each row adds up to 1; raises Refusal."""
    array = within(name, values, 0.0, 1.0, "probability")
    if not array.ndim or not array.size:
        raise Refusal(f"{name} has shape {array.shape}; rows of probabilities are expected")
    sums = np.atleast_1d(array.sum(axis=-1))
    off = np.abs(sums - 1.0) > _ROUNDING
    if off.any():
        at = int(np.argmax(off))
        row = f", row {at}," if array.ndim > 1 else ""
        raise Refusal(f"{name}{row} adds up to {sums[at]:g}; probabilities of a row add up to 1")
    return array
