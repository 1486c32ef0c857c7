"""Encounter: what a visit delivers, and how satisfied it leaves her.

Claim: satisfaction with a visit is its performance, raised by a positive and lowered twice as much by a
negative surprise, and shifted by what other theories add.
Source: docs/model.md, encounter; Oliver 1980 (disconfirmation); Anderson & Sullivan 1993 (losses hurt more).
"""

from __future__ import annotations

import math
from typing import Any

EXAMPLE: dict[str, Any] = {
    "severity_low": 0.2,
    "severity_high": 0.6,
    "assimilation": 0.0,
    "gain": 0.3,
    "loss": 0.6,
    "dissatisfied_below": 0.5,
}


def clipped(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """Return the value, or the nearer end if it is outside [low, high]."""
    return min(high, max(low, value))


def spread(within: float, between: float) -> float:
    """Return sqrt(within^2 + between^2), the sd of performance over visits."""
    return math.hypot(within, between)


def delivered_quality(quality: float, shift: float, spread: float, z: float) -> float:
    """Return quality + shift + spread z; the shift is her match and what the firm's fit adds."""
    return quality + shift + spread * z


def severity(u: float, parameters: dict[str, Any]) -> float:
    """Return how much a failure takes from quality: uniform between its bounds."""
    return parameters["severity_low"] + u * (parameters["severity_high"] - parameters["severity_low"])


def performance(quality: float, expectation: float, assimilation: float) -> float:
    """Return P = (1 - assimilation) q + assimilation E, in [0, 1]."""
    return clipped((1.0 - assimilation) * quality + assimilation * expectation)


def disconfirmation(performance: float, expectation: float) -> float:
    """Return D = P - E."""
    return performance - expectation


def transaction_satisfaction(
    performance: float, disconfirmation: float, gain: float, loss: float, shift: float = 0.0
) -> float:
    """Return s = P + gain max(D, 0) - loss max(-D, 0) + shift, in [0, 1]; the shift is what the price adds."""
    surprise = gain * max(disconfirmation, 0.0) - loss * max(-disconfirmation, 0.0)
    return clipped(performance + surprise + shift)
