"""Listening: what a firm hears of what goes wrong, and how much of it is repaired.

Claim: each way of listening hears a part of the failures of each cause, after a delay; what is heard of is repaired by
effort, and what was repaired comes loose.
Source: docs/model.md, listening, and the docstrings of its functions, without a look at the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

from tests.reference.accounts import effort, hundredths

EXAMPLE: dict[str, Any] = {
    "review_every": 4,
    "repair_rate": 0.25,
    "relapse": 0.06,
    "ears": (
        *(0.1, 0.1, 0.15, 0.2, 0.15, 0.2, 0.05, 0.05, 0.25, 0.15, 0.1, 0.1, 0.3, 0.3, 0.2, 0.15),
        *(0.35, 0.25, 0.2, 0.25, 0.4, 0.05, 0.15, 0.1, 1.0, 1.0, 1.0, 1.0, 0.15, 0.1, 0.2, 0.2),
    ),
    "delays": (8, 2, 2, 4, 1, 0, 1, 12),
}
CAUSES, WAYS, RECORDS = 4, 8, 6


@dataclass(frozen=True)
class Policy:
    """What a firm decides: intensity of each way of listening and effort of repair, 0-1; costs in cu a visit."""

    intensities: tuple[float, ...] = (0.0,) * WAYS
    effort: float = 0.0
    way_costs: tuple[float, ...] = (0.3, 0.2, 0.15, 0.12, 0.2, 0.08, 0.05, 0.15)
    repair_cost: float = 0.5

    def cost(self, visits: int) -> int:
        """Return what listening and repairing cost on a period's visits, 1/100 cent."""
        ways = sum(cost * effort(way) for cost, way in zip(self.way_costs, self.intensities, strict=True))
        return visits * hundredths(100.0 * (ways + self.repair_cost * effort(self.effort)))


def voiced(complaints: Sequence[int], grievances: Sequence[int]) -> list[float]:
    """Return the part of the grievances about each cause that was complained about; 0 without any."""
    return [said / had if had else 0.0 for said, had in zip(complaints, grievances, strict=True)]


def heard(
    intensities: Sequence[float], voiced: Sequence[float], since: Sequence[int], parameters: dict[str, Any]
) -> list[float]:
    """Return the part of each cause's failures of which a firm hears, given for how many periods each way is in use.

    A way hears nothing before these reach its delay.
    """
    parts = []
    for cause in range(CAUSES):
        missed = 1.0
        for way in range(WAYS):
            if since[way] >= parameters["delays"][way]:
                ear = parameters["ears"][way * CAUSES + cause]
                missed *= 1.0 - intensities[way] * ear * (voiced[cause] if way == RECORDS else 1.0)
        parts.append(1.0 - missed)
    return parts


def repaired(before: float, heard: float, effort: float, parameters: dict[str, Any]) -> float:
    """Return the repaired part of a cause after a review: what came loose is lost, and the rest is worked on."""
    left = (1.0 - parameters["relapse"]) * before
    return left + parameters["repair_rate"] * effort * heard * (1.0 - left)


def reviewed(failures: Sequence[int], heard: Sequence[float], repaired: Sequence[float]) -> tuple[int, float, float]:
    """Return failures that were reviewed, those of which the firm had heard, and those times the part repaired."""
    known, mended = (sum(map(mul, failures, part)) for part in (heard, repaired))
    return sum(failures), known, mended
