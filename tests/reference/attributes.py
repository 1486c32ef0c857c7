"""Attributes: what each part of a service weighs with a customer, and what a firm delivers on it.

Claim: a visit is better or worse by each of five attributes, as much as that attribute weighs; weights differ between
customers for life, and a gift has weights of its own; a level costs its part of what that much quality does.
Source: docs/model.md, attributes, without a look at its kernels.

Draws are of the stream "attributes": draw 0, blocks 0 and 1, for the weights; draws 1 and 2, block nth, for a visit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.encounter import clipped
from tests.reference.random_numbers import Key, customer_words, normal, uniform

ATTRIBUTES = ("core", "convenience", "people", "speed", "tangibles")
EXAMPLE: dict[str, Any] = {
    "core_weight": 0.4,
    "convenience_weight": 0.15,
    "people_weight": 0.2,
    "speed_weight": 0.15,
    "tangibles_weight": 0.1,
    "gift_core": 0.25,
    "gift_convenience": 0.1,
    "gift_people": 0.2,
    "gift_speed": 0.1,
    "gift_tangibles": 0.35,
    "weight_spread": 0.5,
    "attribute_spread": 0.1,
}
BEST = 0.99  # of what can be delivered on an attribute
Five = tuple[float, ...]  # a number for each of ATTRIBUTES


def normals(key: Key, identity: int, t: int, places: Sequence[tuple[int, int]], replication: int) -> Five:
    """Return five standard normals: of the four words of one place, and the first word of the next.

    places : two of (draw, block)
    """
    first, then = (
        customer_words(key, identity, t, draw=draw, block=block, replication=replication) for draw, block in places
    )
    return tuple(normal(uniform(word)) for word in (*first, then[0]))


def weights(key: Key, identity: int, replication: int, p: Mapping[str, Any]) -> Five:
    """Return what each attribute weighs with a customer, for life."""
    return spread_out(normals(key, identity, 0, [(0, 0), (0, 1)], replication), p)


def spread_out(z: Five, p: Mapping[str, Any]) -> Five:
    """Return the weights of the average customer, each times e to the spread of weights z, over their sum."""
    drawn = [
        p[f"{attribute}_weight"] * math.exp(p["weight_spread"] * one)
        for attribute, one in zip(ATTRIBUTES, z, strict=True)
    ]
    return tuple(one / sum(drawn) for one in drawn)


def weights_on_visit(own: Five, gift: bool, p: Mapping[str, Any]) -> Five:
    """Return what each attribute weighs on a visit: with whom buys a gift, the same for all."""
    return tuple(p[f"gift_{attribute}"] for attribute in ATTRIBUTES) if gift else own


@dataclass(frozen=True)
class Policy:
    """What a firm decides: a level of each attribute, above or below its quality; and what goes into each."""

    levels: Five = (0.0,) * 5
    cost_parts: Five = (0.4, 0.15, 0.2, 0.15, 0.1)

    def steps(self, quality: float) -> Five:
        """Return how far each attribute is off the quality, where at least 0 and at most the best is delivered."""
        return tuple(clipped(quality + level, 0.0, BEST) - quality if level else 0.0 for level in self.levels)

    def cost(self, quality: float, quality_cost: float) -> float:
        """Return what the levels cost on a visit, cu; what they save is below 0."""
        return quality_cost * sum(
            part * (effort(quality + step) - effort(quality))
            for part, step in zip(self.cost_parts, self.steps(quality), strict=True)
        )

    def spend(self, visits: int, quality: float, quality_cost: float) -> int:
        """Return what the levels cost on a period's visits, cents; that of a visit is whole cents."""
        return visits * hundredths(self.cost(quality, quality_cost))


def luck(key: Key, identity: int, t: int, nth: int, replication: int) -> Five:
    """Return by how many sd each attribute is off on a visit."""
    return normals(key, identity, t, [(1, nth), (2, nth)], replication)


def off(steps: Five, z: Five, p: Mapping[str, Any]) -> Five:
    """Return how far each attribute is off the firm's quality on a visit."""
    return tuple(step + p["attribute_spread"] * one for step, one in zip(steps, z, strict=True))


def met(quality: float, off: Five) -> Five:
    """Return what a visitor meets with on each attribute."""
    return tuple(clipped(quality + one) for one in off)


def shift(weights: Five, off: Five) -> float:
    """Return what that adds to performance: nothing is cut off."""
    return sum(weight * one for weight, one in zip(weights, off, strict=True))
