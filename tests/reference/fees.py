"""Fees: what becoming a firm's customer costs, what ending the relation costs, and whom that keeps away.

Claim: fees are weighed like a higher price by those who are not customers yet: the joining fee in full, the exit fee
by the chance at which they foresee that they will leave.
Source: docs/model.md, fees; Burnham, Frels & Mahajan 2003 (monetary loss).
"""

from __future__ import annotations

from typing import Any

from tests.reference.state import LOST, PROSPECT

EXAMPLE: dict[str, Any] = {"fee_limit": 2.0, "foresight": 0.5}


def owed(fee: float, basket: float, parameters: dict[str, Any]) -> float:
    """Return what can be collected of a fee, cu: at most 2 baskets."""
    return min(fee, parameters["fee_limit"] * basket)


def is_outsider(relation: int) -> bool:
    """Tell whether she is no customer of the firm: a prospect, or lost."""
    return relation in (PROSPECT, LOST)


def seen_coming(joining_fee: float, exit_fee: float, basket: float, parameters: dict[str, Any]) -> float:
    """Return the fees that an outsider sees before her, in baskets: (joining + 0.5 exit) / basket."""
    foreseen = parameters["foresight"] * owed(exit_fee, basket, parameters)
    return (owed(joining_fee, basket, parameters) + foreseen) / basket
