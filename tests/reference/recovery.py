"""Recovery: who complains, and what a firm's amends restore and cost.

Claim: the dissatisfied complain, the more the worse it was; compensation and empathy close a part of the gap to
what was expected, never more than all of it, and paying more than the basket restores no more.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math
from typing import Any

from tests.reference.accounts import hundredths

EXAMPLE: dict[str, Any] = {
    "dissatisfied_below": 0.5,
    "voice": 0.6,
    "distributive": 0.45,
    "interactional": 0.40,
}


def complaint_probability(s: float, parameters: dict[str, Any]) -> float:
    """Return voice * max(dissatisfied_below - s, 0) / dissatisfied_below; she complains if u is below it."""
    below = parameters["dissatisfied_below"]
    if s >= below:
        return 0.0  # also where nobody can be dissatisfied, below = 0
    return parameters["voice"] * (below - s) / below


def amended(s: float, expectation: float, compensation: float, empathy: float, parameters: dict[str, Any]) -> float:
    """Return s + min(1, distributive min(c, 1) + interactional e) max(E - s, 0).

    compensation : c, share of the basket, 0-2          empathy : e, 0-0.99
    """
    justice = parameters["distributive"] * min(compensation, 1.0) + parameters["interactional"] * empathy
    return s + min(1.0, justice) * max(expectation - s, 0.0)


def amends_cents(compensation: float, empathy: float, empathy_scale: float, basket: float) -> int:
    """Return c basket - empathy_scale ln(1 - e), each term in whole cents; basket and empathy_scale in cu."""
    compensated = math.floor(100.0 * compensation * basket + 0.5)
    return compensated + hundredths(-empathy_scale * math.log(1.0 - empathy))
