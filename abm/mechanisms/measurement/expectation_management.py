"""Management of expectations: a firm promises what its customers say it keeps.   Uses no neighbours.

Claim: a promise above what is delivered brings people who will be disappointed; a firm that asks them how visits
compare with what they expected can move its promise by the answer. It gives up trial for fewer broken promises. Who
follows the answers too closely overshoots, as people go by what was promised them before.
Source: BOULDING_1993 (what is communicated forms expectations); the rule and its size are assumed.

A firm sets its promise with `promise`, says it with `advertising`, keeps it with `service`, gives notice of a promise
that it will break with `service.transparency`, hears of it by `survey`, and adjusts it here. How clearly it says what
it will deliver is no lever of its own: to who has not used the firm that is another promise, which costs nothing, and
who has used it goes by experience.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.errors import Refusal
from abm.core.functions import in_steps
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.world.columns import FIXED_POINT, Tally
from abm.world.world import World


@equation
def adjusted_promise(promise, adjustment, gap, lowest_promise, highest_promise):
    """Return the promise after a review: moved by `adjustment` of the gap, in [lowest_promise, highest_promise].

    gap : performance less expectation, as answered
    """
    return min(max(promise + adjustment * gap, lowest_promise), highest_promise)


@kernel(per="market")
def note_promise(promise, promised, promise_periods):
    """Note what is promised in the period, in whole 2^-20, cut off.  promised, promise_periods  tallies [written]"""
    for j in range(promise.shape[0]):
        promised[j] += in_steps(promise[j])
        promise_periods[j] += 1


@kpi(unit="0-1", nan="no firm of the market adjusts its promise")
def mean_promise(c: Tallied) -> FloatArray:
    """Quality that is promised, mean over periods; of every firm, where some firm adjusts its promise."""
    return c.promised / c.promise_periods


class ExpectationPolicy(Policy):
    """How far a firm follows what its customers say of its promise."""

    name: ClassVar = "expectation"
    free: ClassVar = {"adjustment": "words cost nothing, as the promise itself; asking, which it needs, has its cost"}
    adjustment: float = param(
        0.0, unit="1/review", bounds=(0, 10), evidence="assumed",
        doc="part of the stated gap by which the promise moves at a review; 0 = it stays",
    )  # fmt: skip


class ExpectationManagement(Mechanism):
    """Promises that follow what customers answer."""

    name = "expectation_management"
    serves = ("B2",)
    policy = ExpectationPolicy
    writes = ("promise",)
    counts = (
        Tally("promised", "0-1", "sum over periods of the quality that is promised", 1 / FIXED_POINT),
        Tally("promise_periods", "periods", "periods in this sum"),
    )
    kpis = (mean_promise,)
    every: int = param(13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between two reviews")
    lowest_promise: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="what is promised at least by who adjusts"
    )
    highest_promise: float = param(
        0.99, unit="0-1", bounds=(0, 1), evidence="assumed", doc="what is promised at most by who adjusts"
    )

    def fits(self, market: Any) -> None:
        """Refuse a firm that would follow answers and asks nobody."""
        for firm in market.firms:
            if firm.expectation.adjustment > 0 and (firm.survey.sampling == 0 or "survey" in market.off):
                raise Refusal(
                    f"firm {firm.name!r} adjusts its promise to what customers answer, but asks nobody; give the "
                    f"scenario a section [scenario.survey] and set firms.{firm.name}.survey.sampling"
                )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the reviews, if any firm adjusts its promise."""
        if not any(policy.adjustment > 0 for policy in policies):
            return ()
        return ((Phase.OPENING, AtDates(self.review, self.every)), (Phase.BOOKS, note_promise))

    def review(self, world: World, t: int) -> None:
        """Move the promises of firms that adjust them, in the periods that are a multiple of `every`.

        A firm reads its own answers, and only those of a window that closed since the latest review: no answer counts
        twice.
        """
        c, levers = world.customers, world.firms
        for j in np.flatnonzero(levers.adjustment > 0):
            if 0 <= c.surveyed_age[j] < self.every:
                low, high = np.float32(self.lowest_promise), np.float32(self.highest_promise)
                levers.promise[j] = adjusted_promise(
                    levers.promise[j], levers.adjustment[j], c.surveyed_gap[j], low, high
                )
