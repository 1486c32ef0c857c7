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
from abm.world.columns import Column, Tally


@kernel(per="share")
def count_leavers(left_lately, left_before, exited, tie_start, tie_target, recent, forgotten_after, lo, hi, t):
    """Count neighbours of customers in rows lo..hi who have left the category of late: by tie, whatever its weight.

    `left_lately` is how many left 1 to `recent` periods ago, `left_before` how many longer ago, up to
    `forgotten_after`. Few have left, so leavers are looked for, and not neighbours who may be.

    left_lately, left_before (n,)  neighbours  [written]
    """
    for i in range(lo, hi):
        left_lately[i] = 0
        left_before[i] = 0
    for k in range(exited.shape[0]):
        age = t - exited[k]
        if exited[k] >= 0 and age >= 1 and age <= forgotten_after:
            for e in range(tie_start[k], tie_start[k + 1]):
                i = tie_target[e]
                if lo <= i < hi:
                    left_lately[i] += 1 if age <= recent else 0
                    left_before[i] += 0 if age <= recent else 1


@kernel(per="share")
def compare_exposed(
    exited, provider, left_lately, left_before, exposed, exposed_exits, touched, touched_exits, unexposed,
    unexposed_exits, lo, hi, t,
):  # fmt: skip
    """Count who was in the category when the period began, and of these who left in it, by what neighbours had done.

    Unexposed is who has no neighbour who left of late, and touched who has one or more. Of these, exposed is who has
    exactly one, who left lately. A count stands with the provider.

    exposed, exposed_exits, touched, touched_exits, unexposed, unexposed_exits  tallies [written]
    """
    for i in range(lo, hi):
        if exited[i] < 0 or exited[i] == t:
            left = 1 if exited[i] == t else 0
            if left_before[i] == 0 and left_lately[i] == 0:
                unexposed[provider[i]] += 1
                unexposed_exits[provider[i]] += left
            else:
                touched[provider[i]] += 1
                touched_exits[provider[i]] += left
                if left_before[i] == 0 and left_lately[i] == 1:
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
    owns = (
        Column("left_lately", ("customer",), 0, "neighbours", "who have just left the category", "uint32"),
        Column("left_before", ("customer",), 0, "neighbours", "who left it before, up to some time ago", "uint32"),
    )
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
        """Return the count of neighbours and the comparison, after everybody has finished the period."""
        return ((Phase.BOOKS, count_leavers), (Phase.BOOKS, compare_exposed))
