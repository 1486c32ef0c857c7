"""Demand shock: in some periods everybody needs more, in others less.

Claim: what all customers need more or less at once does not average out over them.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math

from tests.reference.random_numbers import Key, customer_words, normal, uniform

NOBODY = 0  # a luck of the market is that of identity 0


def renewal(persistence: float) -> float:
    """Return the weight of a period's own luck, under which the spread over periods stays 1."""
    return math.sqrt(1.0 - persistence**2)


def own_luck(key: Key, period: int, replication: int = 0) -> float:
    """Return the standard normal of a period."""
    return normal(uniform(customer_words(key, NOBODY, period, draw=0, block=0, replication=replication)[0]))


def next_shock(shock: float, key: Key, period: int, persistence: float, replication: int = 0) -> float:
    """Return the shock of a period after that of the period before; of period 0 it is luck alone."""
    luck = own_luck(key, period, replication)
    return luck if period == 0 else persistence * shock + renewal(persistence) * luck


def factor(shock: float, spread: float) -> float:
    """Return the factor on everybody's need: 1 + spread * shock, and nobody needs less than nothing."""
    return max(0.0, 1.0 + spread * shock)
