"""Adoption of the category: who has not adopted has no occasions.   Reads adoptions of earlier periods only.

Claim: some adopt of themselves, others because neighbours have; sales of a category rise, level off and fall with who
is left to adopt, and the stage of its life cycle is told by their yearly growth.
Source: BASS_1969 (hazard p + q F), on a graph with the share of a customer's own neighbours in place of F; the
threshold rule is Watts (2002), cited from memory. Stages by growth of more and less than 10 % and below 0 are
definitions; all sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.sources import BASS_1969
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.demand.adoption_kernels import (
    adopt_by_hazard,
    adopt_by_threshold,
    count_adopters,
    draw_first_adopters,
    wait_for_adoption,
)
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally
from abm.world.world import World

INTRODUCTION, GROWTH, MATURITY, DECLINE = 0, 1, 2, 3


def stage_of(growth: float, adopted: float, growth_from: float, introduction_below: float) -> int:
    """Return the stage of the life cycle: 0 introduction, 1 growth, 2 maturity, 3 decline.

    growth  : of sales within a year, as a share of those of the year before: (latest - before) / before
    adopted : share of customers who have adopted

    Growth is `growth_from` or more. Below it, sales are introduced while fewer than `introduction_below` have adopted;
    else they are mature, or decline if they fall.
    """
    if growth >= growth_from:
        return GROWTH
    if adopted < introduction_below:
        return INTRODUCTION
    return MATURITY if growth >= 0.0 else DECLINE


@kernel(per="market")
def note_stage(life_cycle_stage, stage_sum, stage_periods):
    """Note the stage of the life cycle in force, if one is known: add its code to `stage_sum`, 1 to `stage_periods`.

    stage_sum, stage_periods  tallies, nobody's entry [written]
    """
    if life_cycle_stage[0] >= 0:
        stage_sum[-1] += life_cycle_stage[0]
        stage_periods[-1] += 1


def _for_each_firm(c: Tallied, of_market: FloatArray) -> FloatArray:
    """Return a number of the market (..., 1) as that of each firm (..., m)."""
    return np.broadcast_to(of_market, c.visits.shape).copy()


_NOTHING_COUNTED = "everybody had adopted before the market began"


@kpi(unit="share", nan=_NOTHING_COUNTED)
def adoption_share(c: Tallied) -> FloatArray:
    """Customers who have adopted, also those who have left the category since / these and all who still may, at the end
    of the period; of the whole market. Over several periods both are added up."""
    have = c.market("adopters")
    return _for_each_firm(c, have / (have + c.market("not_adopted")))


@kpi(unit="1/year", nan=f"{_NOTHING_COUNTED}, or nobody is left to adopt", source=BASS_1969.key)
def adoption_rate(c: Tallied) -> FloatArray:
    """Adoptions / customers who could adopt in the period, times the periods of a year; of the market. Who could: who
    adopt, and who have not by its end and are still in the category."""
    new = c.market("adoptions")
    return _for_each_firm(c, c.year * new / (c.market("not_adopted") + new))


@kpi(unit="code", nan="two full years have not yet passed, or everybody had adopted before the market began")
def life_cycle_stage(c: Tallied) -> FloatArray:
    """Stage of the market in force, by the sales of the latest year and of the one before: 0 introduction, 1 growth, 2
    maturity, 3 decline; over several periods the mean of the codes."""
    return _for_each_firm(c, c.market("stage_sum") / c.market("stage_periods"))


class Adoption(Mechanism):
    """Adoption of the category, by hazard or by threshold, and the stage of its life cycle."""

    name = "adoption"
    owns = (
        Column(
            "adoption_period", ("customer",), -1, "period",
            "first period with occasions, 0 = from the start, -1 = has not adopted", "int32",
        ),
        Column(
            "life_cycle_stage", ("whole_market",), -1, "code",
            "0 introduction, 1 growth, 2 maturity, 3 decline, -1 = not known", "int32",
        ),
    )  # fmt: skip
    writes = ("need",)
    counts = (
        Tally("adopters", "customers", "who have adopted by the end of the period, of the whole market"),
        Tally("not_adopted", "customers", "who have not and are still in the category, of the whole market"),
        Tally("adoptions", "customers", "who adopt at the end of the period, of the whole market"),
        Tally("stage_sum", "code", "stage of the life cycle in force, in each period in which one is known"),
        Tally("stage_periods", "periods", "in which a stage of the life cycle is known"),
    )
    kpis = (adoption_share, adoption_rate, life_cycle_stage)
    rule: Literal["bass", "threshold"] = param(
        "bass", unit="name", evidence="assumed", doc="what customers adopt by: a hazard, or a share of neighbours"
    )
    initial_adopters: float = param(
        0.02, unit="share", bounds=(0, 1), evidence="assumed",
        doc="chance of having adopted before the market begins; 1 = nobody has to adopt, newcomers neither",
    )  # fmt: skip
    innovation: float = param(
        0.03, unit="1/year", bounds=(0, 50), evidence="assumed", source=cite(BASS_1969, "p; size assumed"),
        doc="hazard of adopting without neighbours",
    )  # fmt: skip
    imitation: float = param(
        0.4, unit="1/year", bounds=(0, 50), evidence="assumed", source=cite(BASS_1969, "q; size assumed"),
        doc="hazard added when all neighbours have adopted",
    )  # fmt: skip
    threshold: float = param(
        0.18, unit="share", bounds=(0, 1), evidence="assumed", doc="share of neighbours after whom customers adopt"
    )
    threshold_spread: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="half the width of thresholds over customers"
    )
    growth_from: float = param(
        0.10, unit="1/year", bounds=(0, 10), evidence="assumed", doc="growth of sales from which a market is growing"
    )
    introduction_below: float = param(
        0.16,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="share of adopters below which a market is early",
    )
    stage_every: int = param(
        52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between two looks at the yearly growth"
    )

    def idle(self) -> tuple[str, ...]:
        """Return what only the other rule uses."""
        return ("threshold", "threshold_spread") if self.rule == "bass" else ("innovation", "imitation")

    def fits(self, market: Any) -> None:
        """Refuse need that adoption cannot hold back, and thresholds that nobody will ever reach."""
        if self.name in market.off or self.initial_adopters == 1.0:
            return
        if market.need.process == "every_period":
            step = 'take need.process = "poisson", or leave adoption out'
            raise Refusal(
                f"= {self.initial_adopters:g}, but everybody has one occasion every period; {step}",
                place="adoption.initial_adopters",
            )
        beyond_all = 0.0 < self.threshold >= self.threshold_spread  # uniforms lie above 0, and so does each threshold
        if self.rule == "threshold" and self.initial_adopters == 0.0 and beyond_all:
            step = 'set it above 0, or take rule = "bass"'
            raise Refusal(
                f'= 0, but by rule = "threshold" somebody has to begin; {step}', place="adoption.initial_adopters"
            )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the waiting, the adopting and the stage, if anybody has to adopt."""
        if self.initial_adopters == 1.0:
            return ()
        adopt = adopt_by_hazard if self.rule == "bass" else adopt_by_threshold
        return (
            (Phase.OPENING, AtDates(self.judge_stage, self.stage_every)),
            (Phase.NEED, wait_for_adoption),
            (Phase.AWARENESS, adopt),
            (Phase.AWARENESS, count_adopters),
            (Phase.BOOKS, note_stage),
        )

    def axes(self) -> Mapping[str, int]:
        """Return that there is one market."""
        return {"whole_market": 1}

    def begin(self, world: World, seed: int) -> None:
        """Draw the first adopters."""
        c, key = world.customers, stream_key(seed, self.name)
        if "adoption_period" in c:
            customers = world.ties.start.size - 1  # at the start, also where the world is one of newcomers alone
            draw_first_adopters(
                c.adoption_period, c.customer_id, self.initial_adopters, customers, key, world.replication
            )

    def judge_stage(self, world: World, t: int) -> None:
        """Tell the stage from the visits to all firms in the latest year and in the one before, if both have passed.

        As period t opens, a multiple of `stage_every`, the years are the `periods_per_year` periods up to t - 1 and as
        many before these; at an earlier date than period 2 `periods_per_year` no stage is told. The share who have
        adopted is adopters / (adopters + not_adopted) of period t - 1, and 1 if there are neither. After a year without
        visits growth is without bound, or 0 if there are none again. All is float64, with the parameters as given.
        Between such periods the stage stays as it is.
        """
        year = world.periods_per_year
        if t >= 2 * year:
            sales = world.tallied("visits")[t - 2 * year : t, :-1].sum(axis=1)
            before, latest = float(sales[:year].sum()), float(sales[year:].sum())
            growth = (latest - before) / before if before > 0 else (np.inf if latest > 0 else 0.0)
            have, have_not = (float(world.tallied(name)[t - 1, -1]) for name in ("adopters", "not_adopted"))
            adopted = have / (have + have_not) if have + have_not > 0 else 1.0
            stage = stage_of(growth, adopted, self.growth_from, self.introduction_below)
            world.customers.life_cycle_stage[0] = stage
