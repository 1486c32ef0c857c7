"""Vouchers: what one is worth on a visit.

Claim: a voucher is an amount of money, so it is a large cut of the price of a small basket, and never more than it.
Source: definition.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation


@equation
def voucher_worth(voucher, basket, price):
    """Return what a voucher of so many cents takes off the price index of a visit: 0.01 voucher / basket, at most all.

    basket : cu at price index 1
    """
    return min(0.01 * np.float32(voucher) / basket, price)
