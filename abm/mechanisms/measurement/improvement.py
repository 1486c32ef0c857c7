"""Improvement: a firm plans by its answers, does, checks, and keeps or drops what it has done.   Acts at dates.

Claim: what is worth improving is what counts with customers and lacks most to the target (importance x gap), and a firm
knows both from its answers alone: few answers point to the wrong attribute. What is done turns out better or worse
than planned, wears off if it is not kept up, and costs as long as it is delivered. Who checks can drop what has failed,
and drops by bad luck what has not.
Source: Martilla & James 1977, Journal of Marketing (importance and performance); Rust, Zahorik & Keiningham 1995,
Journal of Marketing (improvement as an investment); plan, do, check, act is of quality management (Shewhart, Deming).
All from memory; forms and sizes are assumed.

Steps of attributes (`attributes`) are moved in the periods of a review. What a firm sets itself stays what it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray
from abm.mechanisms.measurement.improvement_kernels import (
    add_improvement_cost,
    book_improvement,
    draw_outcomes,
    multiply_answers,
    note_improvement,
)
from abm.mechanisms.measurement.improvement_kpis import IMPROVEMENT_COUNTS, IMPROVEMENT_KPIS
from abm.mechanisms.measurement.improvement_rules import (
    PAIRS,
    Sheet,
    dearer,
    parts,
    planned_rise,
)
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy, hundredths
from abm.world.attributes import ATTRIBUTES
from abm.world.columns import FIXED_POINT, Column
from abm.world.world import World

BEST = 0.99  # of quality, as of attributes
PLANNED, TURNED_OUT, BEFORE, LEFT = range(4)  # places in `project`


class ImprovementPolicy(Policy):
    """What a firm spends on improvement, what it aims at, and whether it checks what came of it."""

    name: ClassVar = "improvement"
    held: ClassVar = {"improvement_upkeep_scale": None}
    free: ClassVar = {
        "target_score": "a target is a decision; what is done for it is paid, and what it misses is lost",
        "target_of": "whom to compare with is a decision; scores of rivals are those that these publish",
        "improvement_rule": "what to work on first is a decision; the work is paid",
        "improvement_focus": "how to divide a budget is a decision; the budget is paid",
        "improvement_check": "answers, which a check needs, are paid for already",
        "keep_from": "where to draw the line is a decision; what is dropped has been paid",
    }
    given: ClassVar = {
        "improvement_scale": "what it takes to change a service is given to a firm",
        "improvement_upkeep_scale": "what an hour of training costs is given to a firm",
    }
    improvement_budget: float = param(
        0.0, unit="cu/visit", bounds=(0, 100), evidence="assumed",
        doc="spent at a review for each visit since the one before, if something is to be improved; 0 = begins nothing",
    )  # fmt: skip
    improvement_scale: float = param(
        0.5, unit="cu/visit", bounds=(0.01, 1e4), evidence="assumed",
        doc="budget that raises one attribute by 63 % of what it lacks to the best",
    )  # fmt: skip
    target_score: float = param(
        0.9, unit="0-1", bounds=(0, 1), evidence="assumed", doc="score of each attribute that is aimed at"
    )
    target_of: Literal["stated", "best_rival"] = param(
        "stated", unit="name", evidence="assumed",
        doc="aim at target_score, or at the best score of rivals who ask, at target_score where there is none",
    )  # fmt: skip
    improvement_rule: Literal["importance_and_gap", "gap", "importance", "even"] = param(
        "importance_and_gap", unit="name", evidence="assumed", doc="what comes first; even = nothing, all get the same"
    )
    improvement_focus: Literal["first", "in_proportion"] = param(
        "first", unit="name", evidence="assumed", doc="all of the budget to what comes first, or a part by priority"
    )
    improvement_check: Literal["keep_all", "drop_failed"] = param(
        "drop_failed", unit="name", evidence="assumed", doc="what becomes of a project whose score has not risen"
    )
    keep_from: float = param(
        0.0, unit="shift of 0-1", bounds=(-1, 1), evidence="assumed", doc="rise of the score below which it has failed"
    )
    improvement_upkeep: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of wear that keeping up prevents"
    )
    improvement_upkeep_scale: float = param(
        0.1, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - improvement_upkeep), its cost"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return budget and upkeep in 1/100 cent a visit, and the scale of what each attribute costs, in cu a visit."""
        parts = zip(ATTRIBUTES, firm.attributes.cost_parts, strict=True)
        return {
            "improvement_price": (CENTS, 100.0 * self.improvement_budget),
            "improvement_upkeep_expense": (
                CENTS,
                -100.0 * self.improvement_upkeep_scale * math.log1p(-self.improvement_upkeep),
            ),
            **{f"{name}_cost_scale": (NUMBER, firm.service.quality_cost * part) for name, part in parts},
        }


class Improvement(Mechanism):
    """Reviews of answers, and projects that raise attributes."""

    name = "improvement"
    serves = ("B5", "C11", "F7")
    policy = ImprovementPolicy
    needs = ("survey", "attributes", "attribute_survey")
    writes = (*(f"{attribute}_step" for attribute in ATTRIBUTES),)
    owns = (
        Column("improved", ("attribute", "firm"), 0, "shift of 0-1", "by how much improvement raises it", "float64"),
        Column(
            "project", ("project_entry", "attribute", "firm"), 0, "0-1 or shift of it",
            "of the latest project: planned rise, 0 = none; how it turned out; score before; step it left", "float64",
        ),
        Column("outcome", ("attribute", "firm"), 1, "factor", "how a project turns out, in what was planned"),
        Column("improved_expense", ("firm",), 0, "cents/visit", "what raised levels cost a visit", "int64"),
    )  # fmt: skip
    counts = IMPROVEMENT_COUNTS
    kpis = IMPROVEMENT_KPIS
    improve_every: int = param(13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between reviews")
    fewest_answers: int = param(
        10, unit="answers", bounds=(1, 10**6), evidence="assumed", doc="without so many a firm neither plans nor checks"
    )
    outcome_spread: float = param(
        0.8, unit="ratio", bounds=(0, 10), evidence="assumed", doc="sd of what comes of a project, in what was planned"
    )
    wear: float = param(
        0.06, unit="1/review", bounds=(0, 1), evidence="assumed", doc="part of what is improved that wears off"
    )

    def axes(self) -> dict[str, int]:
        """Return how many attributes, pairs of attributes, and entries of a project there are."""
        return {"attribute": len(ATTRIBUTES), "attribute_pair": len(PAIRS), "project_entry": 4}

    def fits(self, market: Any) -> None:
        """Refuse attributes that are all alike, a firm that improves and asks nobody, or has no rival to aim at."""
        improving = [firm for firm in market.firms if firm.improvement.improvement_budget > 0]
        alike = market.attributes.attribute_spread == 0 and not any(any(f.attributes.levels) for f in market.firms)
        if improving and alike:
            step = "set attributes.attribute_spread above 0, or a firm's level of an attribute to another value"
            raise Refusal(f"firm {improving[0].name!r} improves attributes, but they are all alike; {step}")
        asking = [firm.name for firm in market.firms if firm.survey.sampling > 0]
        for firm in market.firms:
            own, place = firm.improvement, f"firms.{firm.name}"
            if own.improvement_budget > 0 and firm.name not in asking:
                step = f"set {place}.survey.sampling"
                raise Refusal(f"firm {firm.name!r} improves by what customers answer, but asks nobody; {step}")
            if own.improvement_budget > 0 and own.target_of == "best_rival" and not {*asking} - {firm.name}:
                step = 'let one ask (survey.sampling), or take target_of = "stated"'
                raise Refusal(f"= 'best_rival', but no rival asks; {step}", place=f"{place}.improvement.target_of")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the sums of answers, the reviews and their costs, if any firm has a budget or keeps up."""
        if not any(policy.improvement_budget > 0 or policy.improvement_upkeep > 0 for policy in policies):
            return ()
        reviews = ((Phase.OPENING, draw_outcomes), (Phase.OPENING, AtDates(self.review, self.improve_every)))
        paid = ((Phase.RELATION, add_improvement_cost), (Phase.BOOKS, book_improvement))
        return (*reviews, (Phase.TELLING, multiply_answers), *paid, (Phase.BOOKS, note_improvement))

    def review(self, world: World, t: int) -> None:
        """Check the projects of the review before, let wear work, plan anew and do it; first in period `improve_every`.

        Everything is read from the `improve_every` periods before t. All is float64, of levers and columns as they are.
        Scores and importance are known of a firm with `fewest_answers` answers or more.
        """
        if t < self.improve_every:
            return
        sheet = Sheet.read(world, t - self.improve_every, t)
        scores, known = sheet.scores(), sheet.counts["answers"] >= max(1, self.fewest_answers)
        for j in range(world.m):
            steps = np.array([world.firms[f"{attribute}_step"][j] for attribute in ATTRIBUTES], np.float64)
            set_itself = self._set_itself(world, j, steps)
            self._check(world, j, scores[:, j], bool(known[j]))
            world.customers.improved[:, j] *= 1.0 - self.wear * (1.0 - float(world.firms.improvement_upkeep[j]))
            if known[j] and world.firms.improvement_budget[j] > 0.0:
                self._do(world, j, set_itself, sheet, scores)
            self._settle(world, j, set_itself, steps)

    @staticmethod
    def _set_itself(world: World, j: int, steps: FloatArray) -> FloatArray:
        """Return the steps (5,) without improvement; one that is not as the review before left it was set anew.

        On what was set anew comes all that had been improved.
        """
        improved, left = world.customers.improved[:, j], world.customers.project[LEFT, :, j]
        return np.where(steps == left, steps - improved, steps)

    @staticmethod
    def _check(world: World, j: int, scores: FloatArray, known: bool) -> None:
        """Compare the score of each attribute on which there was a project with that before, and keep or drop it.

        It is dropped if the firm drops what has failed and the rise is below `keep_from`: all that it did is undone.
        Without enough answers it is kept unchecked. No project is left open.
        """
        improved, project = world.customers.improved, world.customers.project
        for k in np.flatnonzero(project[PLANNED, :, j] > 0.0):
            if known:
                found = scores[k] - project[BEFORE, k, j]
                failed = found < float(world.firms.keep_from[j])
                dropped = failed and world.firms.improvement_check[j] > 0
                if dropped:
                    improved[k, j] -= project[TURNED_OUT, k, j]
                _count(world, "checked_projects", j, 1)
                _count(world, "kept_projects", j, 0 if dropped else 1)
                _count(world, "planned_rises", j, _in_steps(project[PLANNED, k, j]))
                _count(world, "found_rises", j, _in_steps(found))
        project[PLANNED, :, j] = 0.0

    def _do(self, world: World, j: int, set_itself: FloatArray, sheet: Sheet, scores: FloatArray) -> None:
        """Divide the budget of all visits since the review before by priority, and raise what it goes to.

        What a project does is `planned * outcome`, as far as 0 to BEST is delivered with it. The target of an attribute
        is `target_score`, or the best known score of a rival. Money, planned / all, is in 1/100 cent, rounded half up
        by attribute.
        """
        c, f = world.customers, world.firms
        target = np.full(len(ATTRIBUTES), float(f.target_score[j]))
        if f.target_of[j] > 0:
            rivals = np.where(sheet.counts["answers"] >= max(1, self.fewest_answers), scores, np.nan)
            rivals[:, j] = np.nan
            best = np.fmax.reduce(rivals, axis=1)
            target = np.where(np.isnan(best), target, best)
        gaps = np.maximum(target - scores[:, j], 0.0)
        divided = parts(int(f.improvement_rule[j]), sheet.importances(j), gaps, bool(f.improvement_focus[j] > 0))
        rooms = np.maximum(BEST - (float(f.quality[j]) + set_itself + c.improved[:, j]), 0.0)
        budget, scale = float(f.improvement_budget[j]), float(f.improvement_scale[j])
        spent = int(f.improvement_price[j]) * int(sheet.counts["visits"][j])
        for k in np.flatnonzero((divided > 0.0) & (rooms > 0.0)):
            rise = planned_rise(float(rooms[k]), budget, float(divided[k]), scale)
            turned_out = min(max(rise * float(c.outcome[k, j]), float(rooms[k]) - BEST), float(rooms[k]))
            c.improved[k, j] += turned_out
            c.project[:LEFT, k, j] = rise, turned_out, scores[k, j]
            money = math.floor(spent * float(divided[k]) + 0.5)
            _count(world, "improvement_spend", j, money)
            _part(world, "spent_by_attribute")[k, j] += money
            _count(world, "well_aimed", j, money if k == _worth_most(world, j, rooms) else 0)

    @staticmethod
    def _settle(world: World, j: int, set_itself: FloatArray, steps: FloatArray) -> None:
        """Write the steps with improvement, as float32, each delivering 0 to BEST, and what they cost more a visit."""
        c, f = world.customers, world.firms
        quality = float(f.quality[j])
        raised = np.clip(quality + set_itself + c.improved[:, j], 0.0, BEST) - quality
        held = np.where(c.improved[:, j] == 0.0, set_itself, raised).astype(np.float32)
        for attribute, step in zip(ATTRIBUTES, held, strict=True):
            f[f"{attribute}_step"][j] = step
        delivered = held.astype(np.float64)
        c.improved[:, j], c.project[LEFT, :, j] = delivered - set_itself, delivered
        scales = [float(f[f"{attribute}_cost_scale"][j]) for attribute in ATTRIBUTES]
        c.improved_expense[j] = hundredths(dearer(quality, set_itself.tolist(), delivered.tolist(), scales))


def _worth_most(world: World, j: int, rooms: FloatArray) -> int:
    """Return the attribute on which money would do most for firm j's customers: the highest true weight x room.

    The weight is the sum over customers whose provider the firm is, each in whole 2^-20, cut off; if it has none, over
    all. Of equals the first.
    """
    c = world.customers
    own = c.provider == j
    weights = c.attribute_weight[:, own] if own.any() else c.attribute_weight
    whole = np.floor(FIXED_POINT * weights.astype(np.float64)).astype(np.int64).sum(axis=1)
    return int(np.argmax(whole * rooms))


def _in_steps(value: float) -> int:
    return math.floor(FIXED_POINT * value + 0.5)


def _part(world: World, name: str) -> np.ndarray:
    return world.layout.part(world.counted_by_part[0, world.nobodys], name)


def _count(world: World, name: str, j: int, amount: int) -> None:
    _part(world, name)[j] += amount
