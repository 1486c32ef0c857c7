"""Discounting: how members of a programme take a bad visit.

Claim: a member who knows the firm overlooks a part of what a visit lacks to her satisfaction so far; nobody else does.
Source: docs/model.md, discounting, without a look at its kernel.
"""

from __future__ import annotations

from typing import Any

EXAMPLE: dict[str, Any] = {"member_discount": 0.2}


def discounted(s: float, satisfaction: float, encounters: float, member: bool, parameters: dict[str, Any]) -> float:
    """Return the satisfaction with a visit that is left to be learned from; satisfaction is NaN before first use."""
    if member and encounters > 0 and s < satisfaction:
        return s + parameters["member_discount"] * (satisfaction - s)
    return s
