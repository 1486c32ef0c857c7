"""Situation: an occasion finds the same customer in a hurry or at leisure, and buying for herself or a gift.

Claim: beside what the customer is and what the firm does, the situation decides: who is pressed for time gives up
waiting sooner and resents a wait more, and who buys a gift looks at other attributes than who buys for herself.
Source: Belk 1975, Journal of Consumer Research (five characteristics of situations, of which time and task are here;
from memory); forms and sizes are assumed.

No firm knows the situation, and no lever is set by it. Uses no neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abm.core.errors import Refusal
from abm.core.functions import exp32, normal32
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Tally
from abm.world.visits import ABANDONED


@equation
def pressed(z, pressure_spread):
    """Return the time pressure of an occasion: 1 as usual, above it in a hurry.  z: standard normal"""
    return exp32(pressure_spread * z)


@kernel
def press_for_time(
    time_pressure, visit_count, visit_customer, visit_nth, customer_id, pressure_spread, key, replication, t
):
    """Multiply by the time pressure of the occasion: e^(pressure_spread z), z of word 0 of draw 0, block nth.

    time_pressure (visits,)  ratio  [written]
    """
    for v in range(visit_count[0]):
        u, _, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
        time_pressure[v] *= pressed(normal32(u), pressure_spread)


@kernel
def count_hurried(
    time_pressure, visit_count, visit_firm, visit_outcome, servers, hurried, hurried_gave_up
):  # fmt: skip
    """Count who came in more of a hurry than usual, a pressure above 1, to a firm with servers, and who gave up.

    hurried, hurried_gave_up  tallies [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if servers[j] > 0 and time_pressure[v] > 1.0:
            hurried[j] += 1
            hurried_gave_up[j] += 1 if visit_outcome[v] == ABANDONED else 0


@kernel
def buy_gifts(gift_purchase, visit_count, visit_customer, visit_nth, customer_id, gift_part, key, replication, t):
    """Let a visit be to buy a gift if word 1 of draw 0, block nth, is below `gift_part`.

    gift_purchase (visits,)  0 or 1  [written]
    """
    for v in range(visit_count[0]):
        _, u, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
        gift_purchase[v] += 1.0 if u < gift_part else 0.0


@kpi(unit="share", better="less", nan="nobody came to a line in a hurry")
def hurried_abandonment_rate(c: Tallied) -> FloatArray:
    """Visitors in more of a hurry than usual who gave up waiting / visitors in such a hurry who came to the line."""
    return c.hurried_gave_up / c.hurried


class Situation(Mechanism):
    """What differs between occasions of the same customer."""

    name = "situation"
    serves = ("B22",)
    needs = ("waiting_line",)
    counts = (
        Tally("hurried", "visitors", "visitors who came to the line in more of a hurry than usual"),
        Tally("hurried_gave_up", "visitors", "of these, who gave up waiting"),
    )
    kpis = (hurried_abandonment_rate,)
    pressure_spread: float = param(
        0.2, unit="ratio", bounds=(0, 3), evidence="assumed",
        doc="sd over occasions of the logarithm of time pressure, which divides patience and multiplies annoyance",
    )  # fmt: skip
    gift_part: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed",
        doc="chance that a visit is to buy a gift, for which `attributes` has other weights",
    )  # fmt: skip

    def fits(self, market: Any) -> None:
        """Refuse gifts where attributes are not told apart."""
        if self.gift_part > 0 and market.attributes is None:
            step = "give the scenario a section [scenario.attributes], whose weights differ for gifts"
            raise Refusal(f"= {self.gift_part:g}, but nothing follows from gifts; {step}", place="situation.gift_part")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return time pressure and gifts, as far as occasions differ in them."""
        found: list[Any] = []
        if self.pressure_spread > 0:
            found += [(Phase.ARRIVAL, press_for_time), (Phase.ADMISSION, count_hurried)]
        if self.gift_part > 0:
            found.append((Phase.SEATING, buy_gifts))
        return tuple(found)
