"""Defection: leaving the category altogether, and following friends who left.

Claim: a neighbour's exit raises a customer's own hazard; the effect is proportional to the tie and halves
every four periods. Bad experience with the firms used raises it too.
Source: docs/model.md, defection; Nitzan & Libai 2011 (80 % more for each defecting neighbour, decaying).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

EXAMPLE: dict[str, Any] = {
    "exit_rate": 0.0,
    "contagion": 0.8,
    "half_life": 4.0,
    "dissatisfaction": 4.0,
    "usual_satisfaction": 0.75,
}


def age_of_exit(period: int, exited: int) -> int:
    """Return how many periods ago a neighbour left, at the end of the previous period."""
    return period - 1 - exited


def exposure(exits: Iterable[tuple[float, int]], half_life: float) -> float:
    """Return the sum of weight * 2^(-age / 4) over neighbours who left, given as (weight, age)."""
    return sum(weight * 2.0 ** (-age / half_life) for weight, age in exits)


def category_satisfaction(satisfaction: Sequence[float], encounters: Sequence[int], usual: float) -> float:
    """Return the mean satisfaction with the firms used, each as often as it was met; the usual one without any."""
    met = sum(encounters)
    return sum(s * n for s, n in zip(satisfaction, encounters, strict=True) if n) / met if met else usual


def hazard(exposure: float, satisfaction: float, parameters: dict[str, Any]) -> float:
    """Return exit_rate (1 + contagion * exposure) e^(-4 (satisfaction - 0.75)), at most 1."""
    discontent = math.exp(-parameters["dissatisfaction"] * (satisfaction - parameters["usual_satisfaction"]))
    return min(1.0, parameters["exit_rate"] * (1.0 + parameters["contagion"] * exposure) * discontent)
