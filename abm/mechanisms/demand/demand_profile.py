"""Demand profile: needs come round with the days of a week, or with whatever a cycle of periods is.

Claim: a part of demand can be foretold from the calendar alone: at a clinic most come on Mondays and fewest on
Thursdays. The same for all customers.
Source: definition; the sizes of a profile are assumed, and so is its order but for the clinic's highest and lowest day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase

_LONGEST = 366  # periods of a cycle: a year of days


@kernel
def follow_profile(need, profile_factors, lo, hi, t):
    """Multiply everybody's need by the factor of the period: entry t modulo the length.  need (tile,)  ratio  [written]

    profile_factors (length,)  of mean 1
    """
    factor = profile_factors[t % profile_factors.shape[0]]
    for r in range(hi - lo):
        need[r] *= factor


class DemandProfile(Mechanism):
    """Need that rises and falls in a fixed cycle."""

    name = "demand_profile"
    profile: tuple[float, ...] = param(
        (1.25, 1.05, 0.95, 0.85, 0.9, 1.0, 1.0), unit="ratio", bounds=(0, 100), evidence="assumed",
        doc="need in each period of a cycle against the others, from period 0 on; by default a clinic's days from "
        "Monday on; () = all alike",
    )  # fmt: skip

    @property
    def profile_factors(self) -> np.ndarray:
        """The factor on need in each period of the cycle, with mean 1: (length,) float32."""
        given = np.array(self.profile, np.float64)
        return (given / given.mean()).astype(np.float32)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if len(self.profile) > _LONGEST:
            raise Refusal(f"= {len(self.profile)} entries; at most {_LONGEST} are allowed", place="profile")
        if self.profile and not any(self.profile):
            raise Refusal("= 0 throughout, so that nobody ever needs anything; give one period more", place="profile")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the term of need, if periods differ."""
        return ((Phase.NEED, follow_profile),) if len(set(self.profile)) > 1 else ()
