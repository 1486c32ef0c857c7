"""Relations: prospect, active, dormant, lost, won back.

Claim: silence means something only against a customer's own rhythm, so states are set in multiples of her
usual gap.
Source: docs/model.md, lifecycle.
"""

from __future__ import annotations

from typing import Any

from tests.reference.state import ACTIVE, DORMANT, LOST, PROSPECT, WON_BACK

EXAMPLE: dict[str, Any] = {"gap_rate": 0.3, "dormant_after": 2.0, "lost_after": 4.0}
SHORTEST_GAP = 1.0  # period


def updated_gap(gap: float, period: int, last_purchase: int, parameters: dict[str, Any]) -> float:
    """Return gap + 0.3 (t - last purchase - gap); the first purchase tells nothing about the gap."""
    if last_purchase < 0:
        return gap
    return gap + parameters["gap_rate"] * (period - last_purchase - gap)


def after_purchase(relation: int) -> int:
    """Return won back if the relation was lost, else active."""
    return WON_BACK if relation == LOST else ACTIVE


def after_silence(relation: int, silence: int, gap: float, parameters: dict[str, Any]) -> int:
    """Return lost after more than 4 gaps, dormant after more than 2; a gap counts as at least one period.

    Prospects were never customers, and the lost stay lost until they buy.
    """
    if relation in (PROSPECT, LOST):
        return relation
    usual = max(gap, SHORTEST_GAP)
    if silence > parameters["lost_after"] * usual:
        return LOST
    if silence > parameters["dormant_after"] * usual:
        return DORMANT
    return relation


def is_active(relation: int) -> bool:
    """Tell whether a relation counts as active: active or won back."""
    return relation in (ACTIVE, WON_BACK)
