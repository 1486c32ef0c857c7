"""Defection: leaving the category altogether, and following friends who left.

Claim: a neighbour's exit raises a customer's own hazard; the effect is proportional to the tie and halves
every four periods.
Source: docs/model.md, defection; Nitzan & Libai 2011 (80 % more for each defecting neighbour, decaying).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

EXAMPLE: dict[str, Any] = {"exit_rate": 0.0, "contagion": 0.8, "half_life": 4.0}


def age_of_exit(period: int, exited: int) -> int:
    """Return how many periods ago a neighbour left, at the end of the previous period."""
    return period - 1 - exited


def exposure(exits: Iterable[tuple[float, int]], half_life: float) -> float:
    """Return the sum of weight * 2^(-age / 4) over neighbours who left, given as (weight, age)."""
    return sum(weight * 2.0 ** (-age / half_life) for weight, age in exits)


def hazard(exposure: float, parameters: dict[str, Any]) -> float:
    """Return exit_rate (1 + contagion * exposure)."""
    return parameters["exit_rate"] * (1.0 + parameters["contagion"] * exposure)
