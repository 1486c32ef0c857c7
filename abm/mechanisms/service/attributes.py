"""Attributes: a visit is made of five parts, which a firm delivers better or worse and customers weigh differently.

Claim: a service is judged by its attributes, here the core, convenience, people, speed and tangibles. A step up on the
one that weighs more does more for satisfaction; customers differ for life in what counts with them; and what each
attribute costs goes by its part in making the service, not by what it weighs.
Source: Parasuraman, Zeithaml & Berry 1988, Journal of Retailing (quality of service has dimensions that differ in
weight; from memory, and the five here are others); all sizes are assumed.

What a visitor meets with on each is what she would say of it, before what goes wrong: that is the visit as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.functions import exp32, normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.mechanisms.sums import Sum
from abm.world.attributes import ATTRIBUTES
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

BEST = 0.99  # of quality, as of `service.quality`: perfection has no finite price
_ROUNDING = 1e-6  # within which parts add up to 1


@equation
def weight_now(weight, gift_weight, gift):
    """Return what an attribute weighs on a visit: as always, or as for a gift.  gift: 0 or 1"""
    return weight + gift * (gift_weight - weight)


@kernel
def draw_weights(
    attribute_weight, customer_id, core_weight, convenience_weight, people_weight, speed_weight, tangibles_weight,
    weight_spread, key, replication,
):  # fmt: skip
    """Draw what each attribute weighs with each customer, for life: base weight × e^(weight_spread z), over their sum.

    z standard normal, of words 0 to 3 of block 0 and word 0 of block 1, period 0, draw 0, in the order of ATTRIBUTES.

    attribute_weight (5, n)  share  [written]
    """
    for i in range(customer_id.shape[0]):
        a, b, c, d = uniform4(key, customer_id[i], 0, 0, replication)
        e, _, _, _ = uniform4(key, customer_id[i], 0, 1, replication)
        core = core_weight * exp32(weight_spread * normal32(a))
        convenience = convenience_weight * exp32(weight_spread * normal32(b))
        people = people_weight * exp32(weight_spread * normal32(c))
        speed = speed_weight * exp32(weight_spread * normal32(d))
        tangibles = tangibles_weight * exp32(weight_spread * normal32(e))
        every = core + convenience + people + speed + tangibles
        attribute_weight[0, i] = core / every
        attribute_weight[1, i] = convenience / every
        attribute_weight[2, i] = people / every
        attribute_weight[3, i] = speed / every
        attribute_weight[4, i] = tangibles / every


@kernel
def meet_attributes(
    performance_shift, met_core, met_convenience, met_people, met_speed, met_tangibles, visit_count, visit_customer,
    visit_nth, visit_firm, customer_id, attribute_weight, gift_purchase, quality, core_step, convenience_step,
    people_step, speed_step, tangibles_step, gift_core, gift_convenience, gift_people, gift_speed, gift_tangibles,
    attribute_spread, key, replication, t,
):  # fmt: skip
    """Write what visitors meet with on each attribute, and add the weighted mean of how far it is off the quality.

    Off by `step + attribute_spread z`, z standard normal, of words 0 to 3 of draw 1 and word 0 of draw 2, block nth, in
    the order of ATTRIBUTES. What is met with is `quality + off`, in [0, 1]; performance moves by all of `off`. Weights
    are her own, or those of a gift, which are everybody's.

    performance_shift (visits,)  [written]      met_core, … met_tangibles (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i, j, gift = visit_customer[v], visit_firm[v], gift_purchase[v]
        a, b, c, d = uniform4(key, customer_id[i], t, (1 << 16) | visit_nth[v], replication)
        e, _, _, _ = uniform4(key, customer_id[i], t, (2 << 16) | visit_nth[v], replication)
        core = core_step[j] + attribute_spread * normal32(a)
        convenience = convenience_step[j] + attribute_spread * normal32(b)
        people = people_step[j] + attribute_spread * normal32(c)
        speed = speed_step[j] + attribute_spread * normal32(d)
        tangibles = tangibles_step[j] + attribute_spread * normal32(e)
        shift = weight_now(attribute_weight[0, i], gift_core, gift) * core
        shift += weight_now(attribute_weight[1, i], gift_convenience, gift) * convenience
        shift += weight_now(attribute_weight[2, i], gift_people, gift) * people
        shift += weight_now(attribute_weight[3, i], gift_speed, gift) * speed
        shift += weight_now(attribute_weight[4, i], gift_tangibles, gift) * tangibles
        performance_shift[v] += shift
        met_core[v] = unit(quality[j] + core)
        met_convenience[v] = unit(quality[j] + convenience)
        met_people[v] = unit(quality[j] + people)
        met_speed[v] = unit(quality[j] + speed)
        met_tangibles[v] = unit(quality[j] + tangibles)


@kernel
def add_attribute_cost(visit_cost, visit_count, visit_firm, attribute_expense):
    """Add what levels of attributes cost, or save, in whole cents a visit.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += attribute_expense[visit_firm[v]]


@kernel(per="share")
def book_attributes(visits, attribute_expense, attribute_spend):
    """Book what levels of attributes cost on the period's visits.  attribute_spend  tally [written]"""
    for j in range(attribute_expense.shape[0]):
        attribute_spend[j] += visits[j] * attribute_expense[j]


def _refuse_unless_one(said: str, parts: Sequence[float]) -> None:
    total = sum(parts)
    if abs(total - 1.0) > _ROUNDING:
        raise Refusal(f"{said} add up to {total:g}; together they are 1")


def _level(attribute: str) -> Any:
    doc = f"delivered above or below the firm's quality on {attribute}: {ATTRIBUTES[attribute]}"
    return param(0.0, unit="shift of 0-1", bounds=(-0.5, 0.24), evidence="assumed", doc=doc)


def _cost_part(attribute: str, part: float) -> Any:
    doc = f"of what quality costs, what goes into {attribute}: {ATTRIBUTES[attribute]}"
    return param(part, unit="share", bounds=(0, 1), evidence="assumed", doc=doc)


def _weight(attribute: str, part: float, when: str) -> Any:
    doc = f"weight of {attribute} {when}: {ATTRIBUTES[attribute]}"
    return param(part, unit="share", bounds=(0, 1), evidence="assumed", doc=doc)


class AttributesPolicy(Policy):
    """What a firm delivers on each attribute, above or below its quality; on each at least 0 and at most 0.99.

    A level costs what quality costs, by the attribute's part of it: all five at the same level deliver and cost what
    that much more quality does. Below 0 a level saves at most the part.
    """

    name: ClassVar = "attributes"
    held: ClassVar = {f"{attribute}_cost_part": None for attribute in ATTRIBUTES}
    given: ClassVar = {
        f"{attribute}_cost_part": "what goes into a service is given to its kind" for attribute in ATTRIBUTES
    }
    core_level: float = _level("core")
    convenience_level: float = _level("convenience")
    people_level: float = _level("people")
    speed_level: float = _level("speed")
    tangibles_level: float = _level("tangibles")
    core_cost_part: float = _cost_part("core", 0.40)
    convenience_cost_part: float = _cost_part("convenience", 0.15)
    people_cost_part: float = _cost_part("people", 0.20)
    speed_cost_part: float = _cost_part("speed", 0.15)
    tangibles_cost_part: float = _cost_part("tangibles", 0.10)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        _refuse_unless_one("the five cost parts", self.cost_parts)
        return self

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels in the order of ATTRIBUTES."""
        return tuple(getattr(self, f"{attribute}_level") for attribute in ATTRIBUTES)

    @property
    def cost_parts(self) -> tuple[float, ...]:
        """Parts of what quality costs in the order of ATTRIBUTES."""
        return tuple(getattr(self, f"{attribute}_cost_part") for attribute in ATTRIBUTES)

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return how far each attribute is off the firm's quality, and what that costs a visit.

        Cost: quality_cost × Σ_k part_k (ln(1 - quality) - ln(1 - quality - step_k)).
        """
        quality, scale = firm.service.quality, firm.service.quality_cost
        steps = [min(BEST, max(0.0, quality + level)) - quality if level else 0.0 for level in self.levels]
        dearer = (
            part * (math.log1p(-quality) - math.log1p(-(quality + step)))
            for part, step in zip(self.cost_parts, steps, strict=True)
        )
        named = {f"{attribute}_step": (NUMBER, step) for attribute, step in zip(ATTRIBUTES, steps, strict=True)}
        return {**named, "attribute_expense": (CENTS, scale * sum(dearer))}


class Attributes(Mechanism):
    """The attributes of a service, and what they weigh."""

    name = "attributes"
    policy = AttributesPolicy
    owns = (
        Column("attribute_weight", ("attribute", "customer"), 0, "share", "what each attribute weighs with her"),
        *(
            Column(f"met_{attribute}", ("visit",), 0, "0-1", f"met with on {attribute}: {what}")
            for attribute, what in ATTRIBUTES.items()
        ),
    )
    sums = (Sum("gift_purchase", ("visit",), 0.0, "bool", "whether the visit is to buy a gift", Phase.SEATING),)
    counts = (Tally("attribute_spend", "cu", "cost of levels of attributes", CENT, account="lever"),)
    core_weight: float = _weight("core", 0.40, "with the average customer")
    convenience_weight: float = _weight("convenience", 0.15, "with the average customer")
    people_weight: float = _weight("people", 0.20, "with the average customer")
    speed_weight: float = _weight("speed", 0.15, "with the average customer")
    tangibles_weight: float = _weight("tangibles", 0.10, "with the average customer")
    gift_core: float = _weight("core", 0.25, "when a gift is bought")
    gift_convenience: float = _weight("convenience", 0.10, "when a gift is bought")
    gift_people: float = _weight("people", 0.20, "when a gift is bought")
    gift_speed: float = _weight("speed", 0.10, "when a gift is bought")
    gift_tangibles: float = _weight("tangibles", 0.35, "when a gift is bought")
    weight_spread: float = param(
        0.5, unit="ratio", bounds=(0, 3), evidence="assumed", doc="sd over customers of the logarithm of each weight"
    )
    attribute_spread: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd over visits of what is delivered on an attribute"
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        for said, form in (("the five weights", "{}_weight"), ("the five weights for gifts", "gift_{}")):
            _refuse_unless_one(said, [getattr(self, form.format(attribute)) for attribute in ATTRIBUTES])
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where attributes are all alike; else the visit, and what levels cost if there are any."""
        levels = any(any(policy.levels) for policy in policies)
        if not levels and self.attribute_spread == 0.0:
            return ()
        cost = ((Phase.RELATION, add_attribute_cost), (Phase.BOOKS, book_attributes)) if levels else ()
        return ((Phase.DELIVERY, meet_attributes), *cost)

    def axes(self) -> dict[str, int]:
        """Return how many attributes there are."""
        return {"attribute": len(ATTRIBUTES)}

    def begin(self, world: World, seed: int) -> None:
        """Draw the weights."""
        c = world.customers
        if "attribute_weight" in c:
            base = [np.float32(getattr(self, f"{attribute}_weight")) for attribute in ATTRIBUTES]
            spread, key = np.float32(self.weight_spread), stream_key(seed, self.name)
            draw_weights(c.attribute_weight, c.customer_id, *base, spread, key, world.replication)
