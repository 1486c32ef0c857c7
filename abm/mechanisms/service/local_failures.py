"""Local failures: how often visits go wrong depends on where a customer lives.   Uses no neighbours.

Claim: a bad branch, an outage or a bad summer hits the customers of a place together, so that those who talk to each
other also fare alike; what looks as if it had spread among them may have come from the same cause.
Source: definition; which places fare worse, and how much, is set by who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase

_MOST = 1000.0  # times the usual risk


@kernel
def fail_locally(failure_risk, visit_count, visit_customer, segment, factor_by_segment):
    """Multiply the risk of a failure by the factor of the visitor's segment.  failure_risk (visits,)  [written]"""
    for v in range(visit_count[0]):
        failure_risk[v] *= factor_by_segment[segment[visit_customer[v]]]


class LocalFailures(Mechanism):
    """Places, that is segments of customers, in which visits go wrong more or less often, at all firms."""

    name = "local_failures"
    failure_factor: tuple[float, ...] = param(
        (), unit="ratio", evidence="assumed",
        doc="how many times as often visits fail, by segment in the order of the population's; left out = 1",
    )  # fmt: skip

    @model_validator(mode="after")
    def _factors_are_possible(self) -> LocalFailures:
        if any(not 0 <= factor <= _MOST for factor in self.failure_factor):
            raise Refusal(f"failure_factor must lie in [0, {_MOST:g}]")
        return self

    @property
    def factor_by_segment(self) -> np.ndarray:
        """The factor of every segment that a population may have, (256,) float32."""
        found = np.ones(256, np.float32)
        found[: len(self.failure_factor)] = self.failure_factor
        return found

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the factor, if any segment has one."""
        return ((Phase.DELIVERY, fail_locally),) if any(f != 1 for f in self.failure_factor) else ()

    def fits(self, market: Any) -> None:
        """Refuse factors of segments that are not there."""
        there = len(market.population.segments)
        if len(self.failure_factor) > max(there, 0):
            has = f"{there or 'no'} segment{'' if there == 1 else 's'}"
            raise Refusal(
                f"has {len(self.failure_factor)} entries, and the population {has}; give it "
                "[[scenario.population.segments]], or leave the factors out",
                place="local_failures.failure_factor",
            )
