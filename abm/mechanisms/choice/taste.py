"""Taste: customers differ in which firm suits them, for life.   Uses no neighbours.

Claim: most of what looks like loyalty is persistent taste: repeat purchase falls little when a household's purchases
are put in random order. Whom a firm suits is served better there, in her own eyes.
Source: panels of scanned purchases (JAIN_VILCASSIM_CHINTAGUNTA_1994, the data; repeat less that of shuffled orders is
.02 to .11, computed); GUADAGNI_LITTLE_1983 (a lasting preference beside the last purchase). The spread is calibrated;
that fit adds to performance is assumed, its size tuned to how satisfaction and repurchase go together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abm.core.citations import cite
from abm.core.functions import normal32
from abm.core.kernels import kernel
from abm.core.sources import JAIN_VILCASSIM_CHINTAGUNTA_1994
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column
from abm.world.world import World


@kernel
def draw_tastes(taste, customer_id, taste_spread, key, replication):
    """Draw each customer's taste for each firm: Normal(0, `taste_spread`) (period 0, draw 0, block j, word 0).

    taste (m, n)  logit units  [written]
    """
    for j in range(taste.shape[0]):
        for i in range(customer_id.shape[0]):
            taste[j, i] = taste_spread * normal32(uniform4(key, customer_id[i], 0, j, replication)[0])


@kernel
def add_taste(utility, taste, lo, hi):
    """Add her taste for each firm to its utility.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += taste[j, i]


@kernel
def add_fit(performance_shift, visit_count, visit_pair, taste_at, fit):
    """Add how well the firm suits the visitor: `fit * taste`.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] += fit * taste_at[visit_pair[v]]


class Taste(Mechanism):
    """Lasting preferences of customers for firms, whatever the firms do."""

    name = "taste"
    serves = ("B25",)
    standard = True
    owns = (Column("taste", ("firm", "customer"), 0, "logit units", "lasting preference for the firm"),)
    taste_spread: float = param(
        1.4, unit="logit units", bounds=(0, 20), evidence="calibrated",
        source=cite(JAIN_VILCASSIM_CHINTAGUNTA_1994, "repeat purchase less that of shuffled orders"),
        doc="sd over customers of the taste for a firm; 0 = all alike",
    )  # fmt: skip
    fit: float = param(
        0.03, unit="0-1/logit", bounds=(0, 1), evidence="calibrated", doc="performance added by each unit of taste"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the term of utility and that of performance, if tastes differ."""
        if self.taste_spread == 0.0:
            return ()
        fit = ((Phase.DELIVERY, add_fit),) if self.fit > 0 else ()
        return ((Phase.VALUATION, add_taste), *fit)

    def begin(self, world: World, seed: int) -> None:
        """Draw the tastes."""
        c = world.customers
        draw_tastes(c.taste, c.customer_id, self.taste_spread, stream_key(seed, self.name), world.replication)
