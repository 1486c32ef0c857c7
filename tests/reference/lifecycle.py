"""Relations: prospect, active, dormant, lost, won back.

Claim: staying away means something only on occasions on which she could have bought, so states are set by the number
of category occasions since she last bought at the firm.
Source: docs/model.md, lifecycle.
"""

from __future__ import annotations

from typing import Any

from tests.reference.state import ACTIVE, DORMANT, LOST, PROSPECT, WON_BACK

EXAMPLE: dict[str, Any] = {"dormant_after": 13, "lost_after": 26}


def after_purchase(relation: int) -> int:
    """Return won back if the relation was lost, else active."""
    return WON_BACK if relation == LOST else ACTIVE


def after_silence(relation: int, missed: int, parameters: dict[str, Any]) -> int:
    """Return lost after more than 26 missed occasions, dormant after more than 13.

    Prospects were never customers, and the lost stay lost until they buy.
    """
    if not is_customer(relation):
        return relation
    if missed > parameters["lost_after"]:
        return LOST
    if missed > parameters["dormant_after"]:
        return DORMANT
    return relation


def is_customer(relation: int) -> bool:
    """Tell whether she is a customer of the firm: neither a prospect nor lost."""
    return relation not in (PROSPECT, LOST)


def is_active(relation: int) -> bool:
    """Tell whether a relation counts as active: active or won back."""
    return relation in (ACTIVE, WON_BACK)
