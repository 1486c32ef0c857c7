"""Competition: firms see what they lose to rivals, and attack, defend or retreat; or go by the stage of the market.

A firm reads, some periods late, who went over to rivals and came from them, what its rivals earn, charge and deliver;
all firms go by the same past. It takes a stance that it is told, one that its strength and loss tell it (`auto`), or
one for the stage of the market's life cycle (`by_stage`). A stance moves levers that the firm has anyway, each with
its own cost, from what the firm has set: a dated change, or another theory that moves the lever, moves what the stance
starts from, and when the stance ends the lever is what it would be without. Levers of theories that are not in the
market, and of a programme that the firm has not, are left alone; but for advertising and quality, what is 0 stays so: a
firm does not begin what it does not do.

Claim: a strong firm that loses customers wins them back by an attack, an even one keeps its own by serving them better,
a weak one saves what it can by doing less; what pays also depends on what rivals do, and on the stage of the market.
Source: the three stances and the four strategies by stage are definitions of textbooks, from memory; relative strength
is share times margin; limits, times and all sizes of moves are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.errors import Refusal
from abm.core.functions import STEPS
from abm.core.spec import param
from abm.mechanisms.market.competition_kernels import count_switchers, note_rivalry
from abm.mechanisms.market.competition_kpis import (
    attack_share,
    defend_share,
    lost_to_rivals,
    net_loss_to_rivals,
    posted_price,
    relative_strength,
    retreat_share,
    stage_strategy_share,
)
from abm.mechanisms.market.entry_kernels import OPEN
from abm.mechanisms.market.lever_moves import move_levers
from abm.mechanisms.market.stances import ATTACK, AWAY, LEVERS, STANCES, WATCH, Rule, strength_against
from abm.mechanisms.market.standing import standing
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.world.columns import FIXED_POINT, Column, Tally
from abm.world.world import World

Course = Literal["watch", "attack", "defend", "retreat", "introduce", "build", "hold", "harvest"]
Stance = Literal[
    "none", "watch", "attack", "defend", "retreat", "introduce", "build", "hold", "harvest", "auto", "by_stage"
]
AUTO, BY_STAGE = len(STANCES), len(STANCES) + 1
MOST_STRENGTH = 10.0  # that a relative strength counts as


class CompetitionPolicy(Policy):
    """How a firm stands to its rivals."""

    name: ClassVar = "competition"
    free: ClassVar = {"stance": "what a stance moves is paid for by those levers, and stopping saves what it cost"}
    stance: Stance = param(
        "none", unit="name", evidence="assumed",
        doc="what it does about rivals; watch = look on, auto = by strength and loss, by_stage = by the life cycle",
    )  # fmt: skip


class Competition(Mechanism):
    """What firms see of their rivals, and how they respond."""

    name = "competition"
    serves = ("D7", "F9", "F1")
    policy = CompetitionPolicy
    owns = (
        Column("provider_before", ("customer",), -1, "firm", "provider when the period before ended", "int32"),
        Column("stance_now", ("firm",), 0, "code", "stance in force: place in STANCES, -1 = not open", "int32"),
        Column("stance_since", ("firm",), 0, "period", "from which it has been in force", "int32"),
        Column("weak_since", ("firm",), -1, "period", "of the first review that found it weak, -1 = not weak", "int32"),
        Column("strength_seen", ("firm",), -1, "ratio", "relative strength as read last, -1 = not yet"),
        Column("loss_seen", ("firm",), 0, "share", "net loss to rivals as read last", "float64"),
        Column("rival_price_seen", ("firm",), float("nan"), "index", "lowest price of a rival, NaN = not yet"),
        Column("rival_quality_seen", ("firm",), float("nan"), "0-1", "best tested quality of a rival, NaN = not yet"),
        *(
            Column(f"lever_{of}", ("lever_moved", "firm"), float("nan"), "as the lever", meaning, "float64")
            for of, meaning in (
                ("said", "what the scenario says"), ("base", "what a stance starts from"), ("written", "what it wrote"),
            )
        ),
    )  # fmt: skip
    writes = tuple(dict.fromkeys(lever for _, _, lever in LEVERS))
    counts = (
        Tally("held_customers", "customers", "whose provider the firm was as the period began"),
        Tally("lost_customers", "customers", "of these, whose provider a rival was as it ended"),
        Tally("won_customers", "customers", "whose provider the firm was as it ended, and a rival as it began"),
        Tally("watched_periods", "periods", "in which the firm is open"),
        Tally("stance_periods", "periods", "of these, under each stance that moves levers", axes=("stance_moving",)),
        Tally("price_noted", "index", "sum over these of its price", 1 / FIXED_POINT),
        Tally("quality_noted", "0-1", "sum over these of its quality as tested", 1 / FIXED_POINT),
        Tally("strength_sum", "ratio", "sum over periods of relative strength as read last", 1 / FIXED_POINT),
        Tally("strength_periods", "periods", "in this sum"),
    )
    kpis = (
        attack_share, defend_share, retreat_share, stage_strategy_share, relative_strength, lost_to_rivals,
        net_loss_to_rivals, posted_price,
    )  # fmt: skip
    every: int = param(4, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between two reviews")
    lag: int = param(4, unit="periods", bounds=(0, 10_000), evidence="assumed", doc="by which news is old at a review")
    window: int = param(26, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="that is read together")
    least: int = param(13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="for which a stance is kept")
    attack_from: float = param(
        1.1, unit="ratio", bounds=(0, 10), evidence="assumed", doc="relative strength from which a loser attacks"
    )
    retreat_below: float = param(
        0.8, unit="ratio", bounds=(0, 10), evidence="assumed", doc="relative strength below which a firm is weak"
    )
    retreat_after: int = param(
        26, unit="periods", bounds=(0, 10_000), evidence="assumed", doc="of weakness after which a firm retreats"
    )
    band: float = param(
        0.05, unit="ratio", bounds=(0, 10), evidence="assumed", doc="by which a stance in force may miss its limit"
    )
    loss_from: float = param(
        0.05, unit="share", bounds=(0, 10), evidence="assumed",
        doc="net loss to rivals over the window, of the customers held, that a firm answers",
    )  # fmt: skip
    test_noise: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of a period's public test of a firm's quality"
    )
    stage_stances: tuple[Course, Course, Course, Course] = param(
        ("introduce", "build", "hold", "harvest"), unit="names", evidence="assumed",
        doc="stance by stage: in introduction, growth, maturity, decline",
    )  # fmt: skip
    price_cut: float = param(0.10, unit="share", bounds=(0, 1), evidence="assumed", doc="of the price, in an attack")
    promotion: float = param(0.05, unit="share", bounds=(0, 1), evidence="assumed", doc="price cut of who holds")
    price_rise: float = param(0.05, unit="share", bounds=(0, 10), evidence="assumed", doc="of the price, in retreat")
    quality_step: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="of the way to 1 that quality goes in an attack"
    )
    quality_cut: float = param(0.05, unit="share", bounds=(0, 1), evidence="assumed", doc="of quality, in retreat")
    failure_cut: float = param(
        0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="of failures that who defends or holds prevents"
    )
    advertising_push: float = param(
        0.01, unit="cu/customer/period", bounds=(0, 1e3), evidence="assumed", doc="added advertising"
    )
    acquisition_rise: float = param(
        1.0, unit="share", bounds=(0, 10), evidence="assumed", doc="more budget for acquisition, in an attack"
    )
    benefit_rise: float = param(
        0.25, unit="share", bounds=(0, 10), evidence="assumed", doc="more points for members, of who defends"
    )
    contact_rise: float = param(
        0.5, unit="share", bounds=(0, 10), evidence="assumed", doc="more contacts with customers, likewise"
    )
    compensation_rise: float = param(
        0.5, unit="share", bounds=(0, 10), evidence="assumed", doc="more given to who complains, likewise"
    )
    capacity_rise: float = param(
        0.25, unit="share", bounds=(0, 10), evidence="assumed", doc="of capacity, of who builds"
    )
    capacity_cut: float = param(0.25, unit="share", bounds=(0, 1), evidence="assumed", doc="of capacity, in retreat")
    budget_cut: float = param(0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="of budgets, of who harvests")
    fixed_cut: float = param(0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="of fixed cost, in retreat")

    @property
    def sizes(self) -> Mapping[str, float]:
        """How far stances move levers, by the names of the parameters."""
        return {
            "price_cut": self.price_cut, "promotion": self.promotion, "price_rise": self.price_rise,
            "quality_step": self.quality_step, "quality_cut": self.quality_cut, "failure_cut": self.failure_cut,
            "advertising_push": self.advertising_push, "acquisition_rise": self.acquisition_rise,
            "benefit_rise": self.benefit_rise, "contact_rise": self.contact_rise,
            "compensation_rise": self.compensation_rise, "capacity_rise": self.capacity_rise,
            "capacity_cut": self.capacity_cut, "budget_cut": self.budget_cut, "fixed_cut": self.fixed_cut,
        }  # fmt: skip

    @property
    def rule(self) -> Rule:
        """When a firm that decides by itself takes which stance."""
        return Rule(
            self.attack_from, self.retreat_below, self.band, self.loss_from, self.retreat_after, self.least
        )  # fmt: skip

    def axes(self) -> Mapping[str, int]:
        """Return how many levers stances move, and how many stances move any."""
        return {"lever_moved": len(LEVERS), "stance_moving": len(STANCES) - ATTACK}

    def fits(self, market: Any) -> None:
        """Refuse limits that contradict each other, and stances that have nothing to go by."""
        if self.retreat_below > self.attack_from:
            step = "a firm would be weak and strong at once; lower it"
            raise Refusal(
                f"= {self.retreat_below:g} is above attack_from = {self.attack_from:g}: {step}",
                place="competition.retreat_below",
            )
        if self.name in market.off:
            return
        for firm in market.firms:
            place, stance = f"firms.{firm.name}.competition.stance", firm.competition.stance
            if stance != "none" and len(market.firms) == 1:
                raise Refusal(f'= "{stance}", but there is no rival; give the market a second firm', place=place)
            if stance == "by_stage" and not _has_stages(market):
                step = "give the scenario a section [scenario.adoption], with initial_adopters below 1"
                raise Refusal(f'= "by_stage", but the market has no stages; {step}', place=place)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return looks, stances and moves, and what is noted, if any firm has a stance."""
        if all(policy.stance == "none" for policy in policies):
            return ()
        return ((Phase.OPENING, self.respond), (Phase.CLOSING, count_switchers), (Phase.BOOKS, note_rivalry))

    def respond(self, world: World, t: int) -> None:
        """Review rivals in periods that are a multiple of `every`, and in every period take stances and move levers.

        All firms decide on what was noted before the period, so that their order does not matter. In the first period
        in which the theory is at work, providers are noted too: who has one then is not new to all firms.
        """
        is_open, c = _open_firms(world), world.customers
        if np.isnan(c.lever_said).all():
            c.provider_before[:] = c.provider
        if t % self.every == 0:
            self.look(world, t, is_open)
        for j in range(world.m):
            stance = self._stance(world, t, j) if is_open[j] else AWAY
            if stance != c.stance_now[j]:
                c.stance_now[j], c.stance_since[j] = stance, t
        move_levers(world, standing(world, t), c.stance_now, self.sizes)

    def look(self, world: World, t: int, is_open: np.ndarray) -> None:
        """Let every open firm read the `window` periods that ended `lag` periods before t, once there are so many.

        Contributions are revenue less goods in whole cents, summed over the window; rivals are the other firms that
        are open now. A firm without customers has lost none: loss is (lost - won) / (held / window), held summed over
        the window. Prices and qualities of rivals are means over the periods of the window in which they were open, at
        least one; without such a rival they are not known. Strength is kept as float32, and compared as
        float64; a firm is weak since the first review from which on it has been below `retreat_below` without a break.
        """
        first, last = t - self.lag - self.window, t - self.lag
        if first < 0:
            return
        c = world.customers
        seen = {
            name: world.layout.part(world.history[first:last].sum(axis=0), name)[: world.m]
            for name in (
                "revenue", "goods", "held_customers", "lost_customers", "won_customers", "watched_periods",
                "price_noted", "quality_noted",
            )
        }  # fmt: skip
        contribution = seen["revenue"] - seen["goods"]
        known = is_open & (seen["watched_periods"] > 0)
        for j in np.flatnonzero(is_open):
            rivals = np.flatnonzero(is_open & (np.arange(world.m) != j))
            best = max((int(contribution[k]) for k in rivals), default=0)
            c.strength_seen[j] = strength_against(int(contribution[j]), best, MOST_STRENGTH)
            held, net = int(seen["held_customers"][j]), int(seen["lost_customers"][j] - seen["won_customers"][j])
            c.loss_seen[j] = net * self.window / held if held else 0.0
            weak, since = float(c.strength_seen[j]) < self.retreat_below, int(c.weak_since[j])
            c.weak_since[j] = (since if since >= 0 else t) if weak else -1
            for column, noted, pick in (
                (c.rival_price_seen, "price_noted", min), (c.rival_quality_seen, "quality_noted", max),
            ):  # fmt: skip
                means = [int(seen[noted][k]) / (STEPS * int(seen["watched_periods"][k])) for k in rivals if known[k]]
                column[j] = pick(means, default=np.nan)

    def _stance(self, world: World, t: int, j: int) -> int:
        """Return the stance of an open firm in period t.

        `by_stage` takes the market for introduced as long as no stage is known. `auto` looks on where its rule gives
        none; it decides in periods that are a multiple of `every`, once there was something to read.
        """
        c, told = world.customers, int(world.firms.stance[j])
        if told == BY_STAGE:
            return STANCES.index(self.stage_stances[max(0, int(c.life_cycle_stage[0]))])
        if told != AUTO:
            return told
        now = max(WATCH, int(c.stance_now[j]))
        if t % self.every or c.strength_seen[j] < 0:
            return now
        weak_for = t - int(c.weak_since[j]) if c.weak_since[j] >= 0 else -1
        held_for = t - int(c.stance_since[j])
        return max(WATCH, self.rule.next(now, held_for, float(c.strength_seen[j]), float(c.loss_seen[j]), weak_for))


def _open_firms(world: World) -> np.ndarray:
    """Return which firms are open (m,): all, unless firms open and close in the market."""
    c = world.customers
    return c.open_state == OPEN if "open_state" in c else np.ones(world.m, bool)


def _has_stages(market: Any) -> bool:
    return market.adoption is not None and "adoption" not in market.off and market.adoption.initial_adopters < 1.0
