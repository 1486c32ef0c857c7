"""Learning: what a visit leaves behind in satisfaction and expectation.

Claim: satisfaction cumulates, new visits counting less and less; who has not used a firm expects what it promises,
and experience takes the place of the promise.
Source: docs/model.md, learning; Bolton 1998 (longer relationships weigh news less); Boulding et al. 1993 (promises).
"""

from __future__ import annotations

import math
from typing import Any

from tests.reference.encounter import clipped

EXAMPLE: dict[str, Any] = {
    "settled_rate": 0.10,
    "newcomer_rate": 0.40,
    "tenure": 5.0,  # visits
    "expectation_rate": 0.15,
    "promise_rate": 0.10,
    "drift": 0.0,
    "spread_of_beliefs": 0.08,
    "lowest_belief": 0.05,
    "highest_belief": 0.95,
}


def initial_expectation(promise: float, z: float, parameters: dict[str, Any]) -> float:
    """Return promise + 0.08 z, in [0.05, 0.95]: what a firm is expected to be before any visit."""
    low, high = parameters["lowest_belief"], parameters["highest_belief"]
    return clipped(promise + parameters["spread_of_beliefs"] * z, low, high)


def satisfaction_rate(encounters: int, parameters: dict[str, Any]) -> float:
    """Return 0.10 + 0.40 e^(-encounters / 5), encounters before this one."""
    return parameters["settled_rate"] + parameters["newcomer_rate"] * math.exp(-encounters / parameters["tenure"])


def updated_satisfaction(satisfaction: float, s: float, encounters: int, parameters: dict[str, Any]) -> float:
    """Return s at first use, later S + rate (s - S)."""
    if encounters == 0:
        return s
    return satisfaction + satisfaction_rate(encounters, parameters) * (s - satisfaction)


def updated_expectation(
    expectation: float, performance: float, promise: float, encounters: int, parameters: dict[str, Any]
) -> float:
    """Return E + 0.15 (P - E) + 0.10 / n (promise - E) + drift, in [0, 1].

    encounters : n, visits to the firm so far, all of this period's counted
    """
    return clipped(
        expectation
        + parameters["expectation_rate"] * (performance - expectation)
        + parameters["promise_rate"] / encounters * (promise - expectation)
        + parameters["drift"]
    )
