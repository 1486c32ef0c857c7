"""Segments: named kinds of customers, each with its share of the population and traits of its own.

Which segment a customer belongs to depends on her id and the replication only, and on no other trait's luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import numpy as np
from numpy.typing import NDArray

from abm.core.errors import CONTINUES, Refusal, shown
from abm.core.spec import Spec, param
from abm.world.columns import HIGHEST_RATE, Column

MOST_SEGMENTS = 100
SEGMENT = Column("segment", ("customer",), 0, "segment", "segment she belongs to: its place on the list", "uint8")
# what a purchase log gives
FITTED = ("purchase_rate", "rate_shape", "drop_out", "drop_out_shape", "basket", "basket_spread")

_ROUNDING = 1e-9  # shares such as 0.7, 0.2 and 0.1 add up to a little more or less than 1


class Segment(Spec):
    """A kind of customer.  What it does not say is as the population has it."""

    name: str = param(..., unit="name", evidence="assumed", doc="how paths, groups and tables call the segment")
    share: float | None = param(
        None, unit="fraction", bounds=(0, 1), evidence="assumed",
        doc="part of the customers; left out of one segment: what the others leave",
    )  # fmt: skip
    purchase_rate: float | None = param(
        None, unit="1/period", bounds=(0, HIGHEST_RATE), evidence="assumed", doc="mean category occasions"
    )
    rate_shape: float | None = param(
        None, unit="shape", bounds=(0.01, 1e6), evidence="assumed", doc="Gamma shape of rates inside the segment"
    )
    drop_out: float | None = param(
        None, unit="0-1", bounds=(0, 1), evidence="assumed", doc="mean chance of dropping out"
    )
    drop_out_shape: float | None = param(
        None, unit="shape", bounds=(0.01, 1e6), evidence="assumed", doc="Beta shape of these chances in the segment"
    )
    basket: float | None = param(None, unit="cu", bounds=(0.01, 1e5), evidence="assumed", doc="mean basket")
    basket_spread: float | None = param(
        None, unit="sd of log", bounds=(0, 3), evidence="assumed", doc="spread of baskets inside the segment"
    )
    price_weight: float = param(
        1.0, unit="ratio", bounds=(0, 100), evidence="assumed", doc="mean price weight; 2 = price counts twice"
    )
    price_weight_spread: float | None = param(
        None, unit="sd of log", bounds=(0, 3), evidence="assumed", doc="spread of price weights inside the segment"
    )


def shares(segments: Sequence[Segment]) -> list[float]:
    """Return the share of each segment.  Raises Refusal unless they add to 1."""
    given = [segment.share for segment in segments if segment.share is not None]
    total = fsum(given)
    open_ = len(segments) - len(given)
    if open_ > 1:
        raise Refusal(
            f"{open_} of them have no share; one may leave it out and gets what the others leave", place="segments"
        )
    if total > 1 + _ROUNDING or (not open_ and total < 1 - _ROUNDING):
        raise Refusal(f"the shares add to {total:.10g}, not 1", place="segments")
    return [max(0.0, 1.0 - total) if segment.share is None else segment.share for segment in segments]


def check(segments: Sequence[Segment], from_log: Sequence[str]) -> None:
    """Refuse segments that are not a population, or say what the population's purchase log says.

    from_log : parameters that it says; () = there is no log
    """
    names = [segment.name for segment in segments]
    for name in names:
        if names.count(name) > 1:
            raise Refusal(f"two of them are called {name!r}", place="segments")
    if len(names) > MOST_SEGMENTS:
        raise Refusal(f"there are {len(names)}; at most {MOST_SEGMENTS} are allowed", place="segments")
    if segments:
        shares(segments)
    told = "rates and baskets" if "basket" in from_log else "rates"
    for segment in segments:
        for field in from_log:
            if (value := getattr(segment, field)) is not None:
                why = f"is not used: the log tells {told}, and not of whom; set the weight of price or no log"
                raise Refusal(f"{CONTINUES}{shown(value)} {why}", place=f"segments.{segment.name}.{field}")


def belonging(segments: Sequence[Segment], luck: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the segment of each customer (n,), its place on the list, from uniforms (n,)."""
    edges = np.cumsum(shares(segments))[:-1]  # the last segment ends at 1, however the shares are rounded
    return np.searchsorted(edges, luck, side="right").astype(np.uint8)
