"""Fairness: what a visitor gets for what she pays, against what others get.

Claim: as much for the same price is fair, less is not; nobody compares before it is known how others fare.
Source: docs/model.md, fairness, and the docstrings of its functions, without a look at the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

EXAMPLE: dict[str, Any] = {"equity_weight": 0.2, "steepness": 1.0, "compared_every": 4}
NOTHING = 1e-3  # a price or a ratio below it is nothing to compare with
FAIR = 0.5


@dataclass
class Others:
    """How others have fared with a firm lately: mean performance and mean price, index; price 0 = not known."""

    performance: float = 0.0
    paid: float = 0.0

    def look(self, visits: Sequence[tuple[float, float]]) -> None:
        """Let it become known how they fared on visits (performance, paid) since the date before."""
        if visits:
            self.performance, self.paid = (sum(column) / len(visits) for column in zip(*visits, strict=True))

    def fairness(self, performance: float, paid: float, parameters: dict[str, Any]) -> float:
        """Return how fair an exchange is, 0-1; 0.5 where nothing is known."""
        if self.paid == 0.0:
            return FAIR
        own = performance / max(paid, NOTHING)
        others = max(self.performance / max(self.paid, NOTHING), NOTHING)
        return 0.5 + 0.5 * math.tanh(parameters["steepness"] * (own / others - 1.0))


def shift(fairness: float, parameters: dict[str, Any]) -> float:
    """Return what fairness adds to the satisfaction with a visit."""
    return parameters["equity_weight"] * (fairness - FAIR)
