"""Demand profile: need that comes round with a cycle of periods.

Claim: a part of demand can be foretold from the calendar alone.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

from collections.abc import Sequence


def factors(profile: Sequence[float]) -> list[float]:
    """Return the profile as factors on need, of mean 1."""
    return [entry * len(profile) / sum(profile) for entry in profile]


def factor(profile: Sequence[float], period: int) -> float:
    """Return the factor on everybody's need in a period: the cycle begins with period 0; () changes nothing."""
    return factors(profile)[period % len(profile)] if profile else 1.0
