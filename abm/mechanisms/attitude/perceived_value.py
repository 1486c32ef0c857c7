"""Perceived value: a price is judged against what one is used to pay and what others ask.   Uses no neighbours.

Claim: satisfaction depends on price through a reference price, and a loss weighs more than an equal gain.
Source: TVERSKY_KAHNEMAN_1992 (a loss weighs about twice a gain); FORNELL_1996 (perceived value as a cause of
satisfaction); the weights of memory and of value are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.kernels import equation, kernel
from abm.core.sources import TVERSKY_KAHNEMAN_1992
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column

_NOTHING = np.float32(1e-3)  # index points: below it a price is nothing to compare with


@equation
def perceived_value(reference, price):
    """Return (reference - price) / reference, from -1 on: what is saved, as a part of what would be usual."""
    usual = max(reference, _NOTHING)
    return max((usual - price) / usual, np.float32(-1.0)) if reference > _NOTHING else np.float32(0.0)


@kernel
def judge_price(
    satisfaction_shift, visit_price, visit_count, visit_customer, visit_firm, visit_discount, usual_price, aware, price,
    own_part, value_weight, loss_weight,
):  # fmt: skip
    """Add to satisfaction how good the price is that the visitor pays.

    The price paid is `price * (1 - visit_discount)`; the reference is `own_part` of what she is used to pay and the
    rest of the mean price of the firms that she knows. The term is `value_weight * value`, for a loss times
    `loss_weight`.

    satisfaction_shift (visits,)  [written]      visit_price (visits,)  index  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        asked, known = np.float32(0.0), np.float32(0.0)
        for f in range(price.shape[0]):
            heard_of = np.float32(1.0) if aware[f, i] > 0 else np.float32(0.0)
            asked += heard_of * price[f]
            known += heard_of
        others = asked / known if known > 0.0 else price[j]
        paid = price[j] * (1.0 - visit_discount[v])
        value = perceived_value(own_part * usual_price[i] + (1.0 - own_part) * others, paid)
        satisfaction_shift[v] += value_weight * (value if value > 0.0 else loss_weight * value)
        visit_price[v] = paid


@kernel
def remember_price(usual_price, visit_price, visit_count, visit_customer, memory_rate):
    """Move what a customer is used to pay towards what she has paid, by `memory_rate` a visit.

    usual_price (n,)  index  [written]
    """
    for v in range(visit_count[0]):
        i = visit_customer[v]
        usual_price[i] += memory_rate * (visit_price[v] - usual_price[i])


class PerceivedValue(Mechanism):
    """What prices do to satisfaction."""

    name = "perceived_value"
    serves = ("B24",)
    standard = True
    owns = (Column("usual_price", ("customer",), 1, "index", "what she is used to pay"),)
    scratch = (Column("visit_price", ("visit",), 0, "index", "what the visitor pays"),)
    value_weight: float = param(
        0.15, unit="0-1/share", bounds=(0, 5), evidence="assumed",
        doc="satisfaction gained by a price that is nothing instead of the usual; 0 = off",
    )  # fmt: skip
    loss_weight: float = param(
        2.0, unit="ratio", bounds=(0, 20), evidence="assumed",
        source=cite(TVERSKY_KAHNEMAN_1992, "loss aversion"), doc="weight of a loss against that of an equal gain",
    )  # fmt: skip
    own_part: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed",
        doc="part of her own prices paid in the reference; the rest is the mean price of firms she knows",
    )  # fmt: skip
    memory_rate: float = param(
        0.1, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="weight of the latest price in what she is used to"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the judgement and the memory, if value counts."""
        if self.value_weight == 0.0:
            return ()
        return (Phase.JUDGEMENT, judge_price), (Phase.LEARNING, remember_price)
