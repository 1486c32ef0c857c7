"""Defection ratio: how much more often those leave the category whose neighbour has just left.   Reads earlier exits.

Claim: it is what an analyst of a customer file and a call graph would work out. It tells contagion only if nothing else
makes neighbours leave together: where friends fare alike, it is above 1 without any.
Source: NITZAN_LIBAI_2011 (hazard of defection by defections among neighbours).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Tally


@kernel(per="share")
def compare_exposed(
    exited, provider, tie_start, tie_target, exposed, exposed_exits, touched, touched_exits, unexposed, unexposed_exits,
    recent, forgotten_after, lo, hi, t,
):  # fmt: skip
    """Count who was in the category when the period began, and of these who left in it, by what neighbours had done.

    Unexposed is who has no neighbour who left 1 to `forgotten_after` periods ago, and touched who has one or more. Of
    these, exposed is who has exactly one, who left 1 to `recent` periods ago. Neighbours are counted by tie, whatever
    its weight; a count stands with the provider.

    exposed, exposed_exits, touched, touched_exits, unexposed, unexposed_exits  tallies [written]
    """
    for i in range(lo, hi):
        if exited[i] < 0 or exited[i] == t:
            lately, before = 0, 0
            for e in range(tie_start[i], tie_start[i + 1]):
                since = exited[tie_target[e]]
                age = t - since
                if since >= 0 and age >= 1:
                    lately += 1 if age <= recent else 0
                    before += 1 if age > recent and age <= forgotten_after else 0
            left = 1 if exited[i] == t else 0
            if before == 0 and lately == 0:
                unexposed[provider[i]] += 1
                unexposed_exits[provider[i]] += left
            else:
                touched[provider[i]] += 1
                touched_exits[provider[i]] += left
                if before == 0 and lately == 1:
                    exposed[provider[i]] += 1
                    exposed_exits[provider[i]] += left


@kpi(
    unit="ratio",
    nan="nobody was exposed, or nobody left who was not",
    source="NITZAN_LIBAI_2011 (hazard ratio)",
)
def defection_ratio(c: Tallied) -> FloatArray:
    """Chance of leaving the category in a period of customers of whose neighbours one has just left / of those of whom
    none has, in the whole market.

    Who is compared has one neighbour who left up to `recent` periods ago and none from then to `forgotten_after`
    periods ago, or none at all up to then. Over several periods customers are counted in each."""
    return _hazards(c, "exposed") / _hazards(c, "unexposed") + 0.0 * c.exposed


@kpi(unit="ratio", nan="nobody has a neighbour who left, or nobody left who has none")
def naive_defection_ratio(c: Tallied) -> FloatArray:
    """Chance of leaving the category in a period of customers of whose neighbours one or more have left in the
    `forgotten_after` periods before / of those of whom none has, in the whole market."""
    return _hazards(c, "touched") / _hazards(c, "unexposed") + 0.0 * c.exposed


def _hazards(c: Tallied, who: str) -> FloatArray:
    return c.market(f"{who}_exits") / c.market(who)


class DefectionRatio(Mechanism):
    """What a comparison of customers with and without a neighbour who has left shows."""

    name = "defection_ratio"
    counts = (
        Tally("exposed", "customers", "with one neighbour who has just left the category, and none before"),
        Tally("exposed_exits", "customers", "of these, who left it in the period"),
        Tally("touched", "customers", "with one or more neighbours who have left the category of late"),
        Tally("touched_exits", "customers", "of these, who left it in the period"),
        Tally("unexposed", "customers", "without a neighbour who has left the category for long"),
        Tally("unexposed_exits", "customers", "of these, who left it in the period"),
    )
    kpis = (defection_ratio, naive_defection_ratio)
    recent: int = param(
        1, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="age up to which a neighbour's exit is recent"
    )
    forgotten_after: int = param(
        26, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="age beyond which it is not looked at"
    )

    @model_validator(mode="after")
    def _recent_is_not_forgotten(self) -> DefectionRatio:
        if self.recent > self.forgotten_after:
            raise Refusal(f"recent = {self.recent} is more than forgotten_after = {self.forgotten_after}")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the comparison, after everybody has finished the period."""
        return ((Phase.BOOKS, compare_exposed),)
