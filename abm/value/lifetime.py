"""Lifetime value of a customer who stays or is lost for good, and what a firm of such customers is worth.

Claim: a customer is worth the margins that are expected of her, each discounted to today. With margin m, retention r
(the chance of staying from one date to the next), discount d and growth g of margins, all per period:

    CLV = Σ_t m (1 + g)^(t - first) r^t / (1 + d)^t,    t = first, …, horizon

first = 1: the first margin comes after a period, if she is still there; without end and growth m r / (1 + d - r).
first = 0: it comes today and is sure; without end and growth m (1 + d) / (1 + d - r).
Source: BERGER_NASR_1998 (case 1); GUPTA_LEHMANN_STUART_2004 (value of a firm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Refusal
from abm.value.checks import FloatArray, column_of, one_number, whole_number, within


def lifetime_value(
    margin: ArrayLike,
    retention: ArrayLike,
    discount: ArrayLike,
    *,
    first: int = 1,
    horizon: int | None = None,
    growth: ArrayLike = 0.0,
) -> FloatArray:
    """Return the retention CLV, money, in the shape to which the numbers broadcast.

    margin    : m, money, of the first payment          retention : r, 0-1       discount : d, at least 0
    first     : date of the first margin, 0 or 1        horizon : date of the last, at least 1; None = without end
    growth    : g of the margin from one date to the next, at least -1

    Raises Refusal for numbers out of range, and where a value without end is infinite: r (1 + g) >= 1 + d.
    """
    money = within("margin", margin, unit="money")
    stays, ratio = _ratio(retention, discount, growth)
    payments = _payments(first, horizon)
    return (money * stays**first * _sum_of_powers(ratio, payments))[()]


def lifetime_value_with_cost(
    margin: ArrayLike, cost: ArrayLike, retention: ArrayLike, discount: ArrayLike, horizon: int | None = None
) -> FloatArray:
    """Return the CLV of a customer who is kept at a cost, money: case 1 of Berger & Nasr.

    Σ_{t=0}^{n} GC r^t / (1 + d)^t - Σ_{t=1}^{n} M r^(t-1) / (1 + d)^(t - 1/2)

    margin : GC, money a period before the cost; the first today        cost : M, money a period, in the middle of each
    retention : r, 0-1      discount : d, at least 0      horizon : n, at least 1; None = without end
    Raises Refusal as `lifetime_value` does.
    """
    earned = lifetime_value(margin, retention, discount, first=0, horizon=horizon)
    half = np.sqrt(1.0 + within("discount", discount, 0.0, unit="a period"))
    _, ratio = _ratio(retention, discount, 0.0)
    spent = within("cost", cost, unit="money") / half * _sum_of_powers(ratio, _payments(1, horizon))
    return (earned - spent)[()]


def retention_elasticity(
    retention: ArrayLike,
    discount: ArrayLike,
    *,
    first: int = 1,
    horizon: int | None = None,
    growth: ArrayLike = 0.0,
) -> FloatArray:
    """Return d ln CLV / d ln r: by how many per cent CLV rises when retention rises by one per cent of itself.

    As the margin at date t goes with r^t, this is the mean date of the margins, weighted by what each adds to CLV;
    without end first + q / (1 - q), q = r (1 + g) / (1 + d), which for first = 1 and g = 0 is (1 + d) / (1 + d - r).

    Arguments and refusals as of `lifetime_value`.
    """
    _, ratio = _ratio(retention, discount, growth)
    payments = _payments(first, horizon)
    if payments is None:
        return (first - 1.0 + _sum_of_powers(ratio, None))[()]
    later = np.arange(payments)
    weight = ratio[..., None] ** later
    return (first + (weight * later).sum(axis=-1) / weight.sum(axis=-1))[()]


@dataclass(frozen=True)
class FirmValue:
    """What a firm's customers are worth, money, and how far that hangs on retention, margin and acquisition cost.

    present     : CLV of those whom it has
    future      : discounted CLV of those whom it will gain
    acquisition : discounted cost of gaining them
    retention_elasticity, margin_elasticity, acquisition_elasticity : per cent by which `total` changes when the number
        rises by one per cent of itself; the last is not above 0 while `total` is above 0. NaN if `total` is 0
    """

    present: float
    future: float
    acquisition: float
    retention_elasticity: float
    margin_elasticity: float
    acquisition_elasticity: float

    @property
    def total(self) -> float:
        """Present and future customers less the cost of acquisition, money."""
        return self.present + self.future - self.acquisition


def firm_value(
    customers: float,
    newcomers: ArrayLike,
    margin: float,
    retention: float,
    discount: float,
    acquisition_cost: float,
    *,
    first: int = 1,
    growth: float = 0.0,
) -> FirmValue:
    """Return N CLV + Σ_{k=1}^{K} n_k (CLV - c) / (1 + d)^k, with its elasticities worked out.

    customers : N, whom the firm has      newcomers : (K,) n_k, gained k periods from now
    margin, retention, discount, first, growth : as of `lifetime_value`, without end
    acquisition_cost : c, money for each newcomer, on the day she comes

    Source: GUPTA_LEHMANN_STUART_2004 (form; their abstract finds about 5 %, 1 % and 0.1 % of value for 1 % better
    retention, margin and acquisition cost). Raises Refusal as `lifetime_value` does.
    """
    have = one_number("customers", customers, 0.0)
    gained = column_of("newcomers", newcomers, 0.0)
    cost = one_number("acquisition_cost", acquisition_cost, 0.0, unit="money")
    rate = one_number("discount", discount, 0.0, unit="a period")
    money, stays = one_number("margin", margin, unit="money"), one_number("retention", retention, 0.0, 1.0)
    worth = float(lifetime_value(money, stays, rate, first=first, growth=one_number("growth", growth, -1.0)))
    discounted = float((gained / (1.0 + rate) ** np.arange(1, gained.size + 1)).sum())
    present, future, spent = have * worth, discounted * worth, discounted * cost
    total = present + future - spent
    by_margin = (present + future) / total if total else float("nan")
    by_retention = float(retention_elasticity(stays, rate, first=first, growth=growth)) * by_margin
    by_cost = -spent / total if total else float("nan")
    return FirmValue(present, future, spent, by_retention, by_margin, by_cost)


def _ratio(retention: ArrayLike, discount: ArrayLike, growth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return r / (1 + d), and r (1 + g) / (1 + d), by which each term is larger than the one before."""
    r = within("retention", retention, 0.0, 1.0, "share a period")
    d = within("discount", discount, 0.0, unit="a period")
    stays = r / (1.0 + d)
    return stays, stays * (1.0 + within("growth", growth, -1.0, unit="a period"))


def _payments(first: int, horizon: int | None) -> int | None:
    """Return how many margins there are from `first` to `horizon`; None = without end."""
    start = whole_number("first", first, 0, 1, "date of the first margin")
    return None if horizon is None else whole_number("horizon", horizon, 1, unit="periods") + 1 - start


def _sum_of_powers(ratio: FloatArray, terms: int | None) -> FloatArray:
    """Return 1 + q + q² + … of so many terms, each q of its own; None = without end."""
    if terms is None:
        if (ratio >= 1.0).any():
            worst = float(ratio.max())
            raise Refusal(
                f"retention × (1 + growth) / (1 + discount) = {worst:g} is not below 1: the value is infinite; "
                "give a horizon"
            )
        return 1.0 / (1.0 - ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        # expm1 and log1p, as 1 - q^n and 1 - q both lose their digits where q is near 1
        total = np.expm1(terms * np.log1p(ratio - 1.0)) / (ratio - 1.0)
    return np.where(ratio == 1.0, float(terms), total)
