"""Migration: lifetime value of a customer who buys again with a chance that depends on how long ago she bought last.

Claim: where customers share their purchases out, who did not come is not lost; she comes back with a chance that falls
with the periods since. With p_j the chance of buying in the j-th period after her last purchase, and no chance after
the J-th, of C_0 who bought today there buy t periods later

    C_t = Σ_{j=1}^{J} C_{t-j} p_j Π_{k<j} (1 - p_k)

Source: DWYER_1989; BERGER_NASR_1998.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Refusal
from abm.value.checks import FloatArray, column_of, one_number, whole_number


def migration_buyers(buyers: float, repurchase: ArrayLike, periods: int) -> FloatArray:
    """Return C (periods + 1,): how many of the buyers of period 0 buy in each period, themselves first.

    buyers : C_0, customers      repurchase : (J,) p_j, 0-1      periods : at least 0
    Raises Refusal for numbers out of range.
    """
    p = _chances(repurchase)
    last = whole_number("periods", periods, 0)
    return one_number("buyers", buyers, 0.0) * _buying(p, last)


def migration_value(
    margin: float,
    repurchase: ArrayLike,
    discount: float,
    *,
    contact_cost: float = 0.0,
    first: int = 1,
    horizon: int | None = None,
) -> float:
    """Return the CLV, money, of a customer who has bought today.

    Σ_t (C_t / C_0) m / (1 + d)^t - Σ_t a_t c / (1 + d)^t,    a_t = Σ_{j<J} (C_{t-j} / C_0) Π_{k<=j} (1 - p_k)

    margin       : m, money a purchase            repurchase : (J,) p_j, 0-1         discount : d a period, at least 0
    contact_cost : c, money for each date at which she may still buy in the next period, today included
    first        : date of the first margin: 0, today's purchase counts, or 1
    horizon      : last date of a purchase, at least 1; None = without end, in closed form

    Raises Refusal for numbers out of range, and without end where the value is infinite: who buys always, at d = 0.
    """
    p, m = _chances(repurchase), one_number("margin", margin, unit="money")
    d, cost = one_number("discount", discount, 0.0, unit="a period"), one_number("contact_cost", contact_cost, 0.0)
    start = whole_number("first", first, 0, 1, "date of the first margin")
    silent = np.cumprod(np.append(1.0, 1.0 - p[:-1]))  # (J,) chance of j periods without a purchase, j < J
    fading = (1.0 + d) ** -np.arange(p.size + 1.0)
    if horizon is None:
        again = float((p * silent * fading[1:]).sum())
        if again >= 1.0:
            raise Refusal("the customer always buys again and nothing is discounted: the value is infinite")
        bought = 1.0 / (1.0 - again)
        contacts = bought * float((silent * fading[:-1]).sum())
    else:
        last = whole_number("horizon", horizon, 1, unit="periods")
        buying, faded = _buying(p, last), (1.0 + d) ** -np.arange(last + 1.0)
        bought = float((buying * faded).sum())
        contacts = float((np.convolve(buying, silent)[:last] * faded[:-1]).sum())
    return m * (bought - start) - cost * contacts


def _chances(repurchase: ArrayLike) -> FloatArray:
    return column_of("repurchase", repurchase, 0.0, 1.0, "chance of buying j periods after the last purchase")


def _buying(p: FloatArray, last: int) -> FloatArray:
    """Return C_t / C_0 (last + 1,)."""
    after = p * np.cumprod(np.append(1.0, 1.0 - p[:-1]))  # (J,) chance that the next purchase comes j periods later
    buying = np.zeros(last + 1)
    buying[0] = 1.0
    for t in range(1, last + 1):
        back = min(t, p.size)
        buying[t] = after[:back] @ buying[t - back : t][::-1]
    return buying
