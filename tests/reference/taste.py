"""Taste: a customer's lasting preference for each firm, whatever the firm does.

Claim: customers differ in which firm suits them; whom a firm suits chooses it more and is served better there.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

from typing import Any

EXAMPLE: dict[str, Any] = {"taste_spread": 1.6, "fit": 0.02}


def taste(z: float, parameters: dict[str, Any]) -> float:
    """Return taste_spread * z, what she adds to the utility of the firm for life; z standard normal."""
    return parameters["taste_spread"] * z


def fit(taste: float, parameters: dict[str, Any]) -> float:
    """Return fit * taste, what is added to the quality that she gets."""
    return parameters["fit"] * taste
