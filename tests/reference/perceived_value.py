"""Perceived value: a price is judged against what she is used to pay and what the firms she knows ask.

Claim: what is paid below the reference pleases, what is paid above it hurts more.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

EXAMPLE: dict[str, Any] = {"value_weight": 0.15, "loss_weight": 2.0, "own_part": 0.5, "memory_rate": 0.1}
NO_REFERENCE = 0.001  # a reference of this index or less tells nothing


def price_paid(price: float, discount: float) -> float:
    """Return price * (1 - discount), an index."""
    return price * (1.0 - discount)


def reference(usual_price: float, known_prices: Sequence[float], parameters: dict[str, Any]) -> float:
    """Return own_part of what she is used to pay, and the rest of the mean price of the firms that she knows."""
    own = parameters["own_part"]
    return own * usual_price + (1.0 - own) * sum(known_prices) / len(known_prices)


def value(reference: float, paid: float) -> float:
    """Return (r - p) / r, at least -1; 0 without a reference."""
    if reference <= NO_REFERENCE:
        return 0.0
    return max(-1.0, (reference - paid) / reference)


def satisfaction_shift(value: float, parameters: dict[str, Any]) -> float:
    """Return value_weight * v for a gain, loss_weight times that for a loss."""
    weight = 1.0 if value > 0.0 else parameters["loss_weight"]
    return parameters["value_weight"] * weight * value


def remembered(usual_price: float, paid: float, parameters: dict[str, Any]) -> float:
    """Return usual + memory_rate (p - usual): what she is used to pay after a visit."""
    return usual_price + parameters["memory_rate"] * (paid - usual_price)
