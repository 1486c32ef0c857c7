"""What a column may hold, by its unit; a unit of one's own is bounded by the column's type alone."""

from __future__ import annotations

import math

from abm.world.columns import HIGHEST_RATE, TIERS, Column
from abm.world.relations import RELATIONS

Bounds = tuple[float | None, float | None]
MONEY = ("cents", "money")  # units of whole cents: what is paid or owed, and what is gained, below 0 lost

ALLOWED: dict[str, Bounds] = {
    "0-1": (0, 1), "bool": (0, 1), "level": (0, TIERS - 1), "state": (0, len(RELATIONS) - 1),
    "1/period": (0, HIGHEST_RATE), "period": (-1, None), "periods": (0, None), "visits": (0, None), "cents": (0, None),
    "1/100 point": (0, None), "cu": (1e-6, None), "ratio": (0, None),
}  # fmt: skip


def allowed(column: Column, firms: int, segments: int) -> Bounds:
    """Return the least and the largest that a column may hold beside its default, inclusive; None = open.

    firms, segments : how many there are
    """
    places = {"firm": (-1, firms - 1), "segment": (0, max(segments - 1, 0))}
    low, high = places.get(column.unit) or ALLOWED.get(column.unit, (None, None))
    if low is not None and not math.isnan(column.default):
        low = min(low, column.default)
    return low, high
