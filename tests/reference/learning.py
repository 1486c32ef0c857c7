"""Learning: what a visit leaves behind in satisfaction, expectation, trust, commitment and bond.

Claim: satisfaction cumulates, new visits counting less and less; expectations follow performance and
promises; trust is lost faster than it is won, and a broken promise costs extra; commitment follows
satisfaction and trust.
Source: docs/model.md, step 5; Bolton 1998 (longer relationships weigh news less); Morgan & Hunt 1994.
"""

from __future__ import annotations

import math
from typing import Any

from tests.reference.encounter import clipped

DEFAULTS: dict[str, Any] = {
    "rate_floor": 0.10,
    "rate_novelty": 0.40,
    "rate_visits": 5.0,
    "performance_pull": 0.15,
    "promise_pull": 0.10,
    "drift": 0.0,
    "trust_gain": 0.08,
    "trust_loss": 0.20,
    "promise_slack": 0.1,
    "broken_promise": 0.05,
    "transparency_relief": 0.5,
    "commitment_rate": 0.05,
    "bond_rate": 0.05,
}


def satisfaction_rate(encounters: int, parameters: dict[str, Any]) -> float:
    """Return 0.10 + 0.40 e^(-encounters / 5), encounters before this one."""
    novelty = math.exp(-encounters / parameters["rate_visits"])
    return parameters["rate_floor"] + parameters["rate_novelty"] * novelty


def updated_satisfaction(satisfaction: float, s: float, encounters: int, parameters: dict[str, Any]) -> float:
    """Return s at first use, later S + rate (s - S)."""
    if encounters == 0:
        return s
    return satisfaction + satisfaction_rate(encounters, parameters) * (s - satisfaction)


def updated_expectation(expectation: float, performance: float, promise: float, parameters: dict[str, Any]) -> float:
    """Return E + 0.15 (P - E) + 0.10 (promise - E) + drift, in [0, 1]."""
    return clipped(
        expectation
        + parameters["performance_pull"] * (performance - expectation)
        + parameters["promise_pull"] * (promise - expectation)
        + parameters["drift"]
    )


def promise_broken(performance: float, promise: float, parameters: dict[str, Any]) -> bool:
    """Tell whether P < promise - 0.1."""
    return performance < promise - parameters["promise_slack"]


def updated_trust(
    trust: float,
    s: float,
    *,
    performance: float,
    promise: float,
    transparency: float,
    parameters: dict[str, Any],
) -> float:
    """Return T + tau (s - T), less 0.05 (1 - transparency / 2) for a broken promise, in [0, 1].

    tau : 0.08 if s >= T, else 0.20
    """
    tau = parameters["trust_gain"] if s >= trust else parameters["trust_loss"]
    moved = trust + tau * (s - trust)
    if promise_broken(performance, promise, parameters):
        moved -= parameters["broken_promise"] * (1.0 - parameters["transparency_relief"] * transparency)
    return clipped(moved)


def updated_commitment(
    affective_commitment: float, satisfaction: float, trust: float, parameters: dict[str, Any]
) -> float:
    """Return AC + 0.05 (S / 2 + T / 2 - AC)."""
    target = 0.5 * satisfaction + 0.5 * trust
    return affective_commitment + parameters["commitment_rate"] * (target - affective_commitment)


def updated_bond(personal_bond: float, richness: float, parameters: dict[str, Any]) -> float:
    """Return bond + 0.05 richness (1 - bond)."""
    return personal_bond + parameters["bond_rate"] * richness * (1.0 - personal_bond)
