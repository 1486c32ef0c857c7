"""Service policy: what a firm delivers, and what delivering it costs.

Claim: each further step of quality costs more than the one before (spending has diminishing returns).
Source: the response curve effect = 1 - exp(-spend / half), turned round; its sizes are assumed.
"""

from __future__ import annotations

import math

from abm.core.spec import Spec, param

ORDINARY_FAILURE_RATE = 0.10  # what service without any spending on reliability would show


class ServicePolicy(Spec):
    """Design quality, its spread, failures, and their cost a visit."""

    quality: float = param(0.75, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="mean performance delivered")
    failure_rate: float = param(
        0.05, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="visits on which something goes wrong"
    )
    spread_within: float = param(
        0.10, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of one server's performance over visits"
    )
    spread_between: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of performance between servers"
    )
    transparency: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="notice given when a promise will be broken"
    )
    richness: float = param(
        0.8, unit="0-1", bounds=(0, 1), evidence="assumed", doc="of the channel: contact-free 0.1 to intimate 1"
    )
    quality_cost: float = param(
        1.0, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - quality)"
    )
    reliability_cost: float = param(
        1.0, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(failure_rate / 0.10)"
    )

    @property
    def cost_per_visit(self) -> float:
        """Cost of a visit, cu: -quality_cost ln(1 - quality) - reliability_cost ln(min(1, failure_rate / 0.10)).

        A failure rate of 0 is costed as one in ten thousand: perfection has no finite price.
        """
        missed = max(self.failure_rate, 1e-4) / ORDINARY_FAILURE_RATE
        return -self.quality_cost * math.log1p(-self.quality) - self.reliability_cost * math.log(min(1.0, missed))
