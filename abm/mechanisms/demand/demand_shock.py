"""Demand shock: in some periods everybody needs more, in others less.   The same for all customers.

Claim: demand is level x season x (1 + shock); what all customers need more or less at once does not average out over
them, so that the visits of a large firm, too, are more than Poisson spread.
Source: definition (AR(1) with a stationary spread); sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from abm.core.errors import Refusal
from abm.core.functions import normal32
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column


@equation
def shocked_need(shock, shock_spread):
    """Return the factor on need under a shock, a standard normal over periods: 1 + shock_spread * shock, at least 0."""
    return max(0.0, 1.0 + shock_spread * shock)


@kernel(per="market")
def draw_shock(demand_shock_state, shock_persistence, shock_renewal, key, replication, t):
    """Let the market's shock move: shock_persistence * shock + shock_renewal * z, in period 0 z alone.

    z is the normal score of word 0 of draw 0, block 0, of identity 0 in period t. While there are no shocks nothing is
    drawn, and the shock stays as it is: 0 if there has been none.

    demand_shock_state (1,)  standard deviations  [written]
    """
    z = normal32(uniform4(key, 0, t, 0, replication)[0])
    demand_shock_state[0] = z if t == 0 else shock_persistence * demand_shock_state[0] + shock_renewal * z


@kernel
def follow_shock(need, demand_shock_state, shock_spread, lo, hi):
    """Multiply everybody's need by that of the shock.  need (tile,)  ratio  [written]"""
    factor = shocked_need(demand_shock_state[0], shock_spread)
    for r in range(hi - lo):
        need[r] *= factor


class DemandShock(Mechanism):
    """Shocks to the need of all customers."""

    name = "demand_shock"
    owns = (Column("demand_shock_state", ("whole_market",), 0, "sd", "shock to everybody's need in the period"),)
    shock_spread: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="sd over periods of the factor on everybody's need"
    )
    shock_persistence: float = param(
        0.0, unit="kept/period", bounds=(0, 0.9999), evidence="assumed",
        doc="part of a shock that is left in the next period; 0 = each period has its own",
    )  # fmt: skip

    @property
    def shock_renewal(self) -> float:
        """The weight of a period's own luck, with which the spread of shocks stays what it is."""
        return math.sqrt(1.0 - self.shock_persistence**2)

    def fits(self, market: Any) -> None:
        """Refuse shocks to a need that nobody's occasions follow."""
        if market.need.process == "every_period" and self.shock_spread > 0 and self.name not in market.off:
            step = 'take need.process = "poisson", or leave demand_shock out'
            raise Refusal(
                f"= {self.shock_spread:g}, but everybody has one occasion every period; {step}",
                place="demand_shock.shock_spread",
            )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the shock and the term of need, if there are shocks."""
        return ((Phase.OPENING, draw_shock), (Phase.NEED, follow_shock)) if self.shock_spread > 0 else ()

    def axes(self) -> Mapping[str, int]:
        """Return that there is one market."""
        return {"whole_market": 1}
