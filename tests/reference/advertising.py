"""Advertising: what a name is worth, and what spending on it does.

Claim: spending reaches customers with diminishing return; who is reached knows the firm and is drawn to its promise,
and goodwill grows that fades without spending.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from typing import Any

EXAMPLE: dict[str, Any] = {"half_reach": 0.1, "goodwill_decay": 0.9, "goodwill_weight": 1.7, "message_pull": 0.2}
PARTS = 10_000  # of a cu, which the cost of one customer is kept in


def reach(spend: float, parameters: dict[str, Any]) -> float:
    """Return 1 - 2^(-spend / half_reach), the share of customers who are reached; spend in cu a customer and period."""
    return 1.0 - 2.0 ** (-spend / parameters["half_reach"])


def goodwill(before: float, reach: float, parameters: dict[str, Any]) -> float:
    """Return decay * g + (1 - decay) * reach."""
    decay = parameters["goodwill_decay"]
    return decay * before + (1.0 - decay) * reach


def informed_expectation(expectation: float, promise: float, encounters: int, parameters: dict[str, Any]) -> float:
    """Return E + message_pull / (1 + encounters) * (promise - E), of who is reached."""
    return expectation + parameters["message_pull"] / (1.0 + encounters) * (promise - expectation)


def name_worth(brand: float, goodwill: float, parameters: dict[str, Any]) -> float:
    """Return brand + goodwill_weight * g, a term of utility."""
    return brand + parameters["goodwill_weight"] * goodwill


def cost(spend: float, customers: int) -> int:
    """Return what a period costs, hundredths of a cent: the spend for one, half rounded up, times customers."""
    return math.floor(spend * PARTS + 0.5) * customers
