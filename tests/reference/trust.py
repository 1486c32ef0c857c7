"""Trust: what a visit leaves behind in trust and affective commitment.

Claim: trust is lost faster than it is won, and a broken promise costs extra, if the visit fell short of it by more
than the firm's service varies anyway; commitment follows satisfaction and trust.
Source: docs/model.md, trust; Slovic 1993 (asymmetry); Morgan & Hunt 1994 (commitment).
"""

from __future__ import annotations

from typing import Any

from tests.reference.encounter import clipped

EXAMPLE: dict[str, Any] = {
    "growth": 0.08,
    "fall": 0.20,
    "tolerance": 0.1,
    "usual_spreads": 1.5,
    "promise_cost": 0.05,
    "notice": 0.5,
    "commitment_rate": 0.05,
    "satisfaction_part": 0.5,
    "trust_weight": 1.0,
    "commitment_weight": 1.0,
}


def least_kept(promise: float, spread: float, parameters: dict[str, Any]) -> float:
    """Return promise - 0.1 - 1.5 spread, the lowest performance that keeps the promise."""
    return promise - parameters["tolerance"] - parameters["usual_spreads"] * spread


def promise_broken(performance: float, promise: float, spread: float, parameters: dict[str, Any]) -> bool:
    """Tell whether P < promise - 0.1 - 1.5 spread."""
    return performance < least_kept(promise, spread, parameters)


def updated_trust(
    trust: float,
    s: float,
    *,
    performance: float,
    promise: float,
    spread: float,
    transparency: float,
    parameters: dict[str, Any],
) -> float:
    """Return T + tau (s - T), less 0.05 (1 - transparency / 2) for a broken promise, in [0, 1].

    tau : 0.08 if s >= T, else 0.20
    """
    tau = parameters["growth"] if s >= trust else parameters["fall"]
    moved = trust + tau * (s - trust)
    if promise_broken(performance, promise, spread, parameters):
        moved -= parameters["promise_cost"] * (1.0 - parameters["notice"] * transparency)
    return clipped(moved)


def updated_commitment(
    affective_commitment: float, satisfaction: float, trust: float, parameters: dict[str, Any]
) -> float:
    """Return AC + 0.05 (S / 2 + T / 2 - AC)."""
    part = parameters["satisfaction_part"]
    target = part * satisfaction + (1.0 - part) * trust
    return affective_commitment + parameters["commitment_rate"] * (target - affective_commitment)
