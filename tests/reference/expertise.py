"""Expertise: who has used the category more knows more firms, expects more, and is bothered and told less.

Claim: expertise grows with visits to any firm; experts are harder to please and less bound.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.reference.closeness import as_single
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "half_visits": 20.0,
    "expert_from": 0.5,
    "meeting": 0.01,
    "raised": 0.01,
    "independence": 0.1,
    "eased": 0.5,
}
NO_FIRM = -1
COUNTS = (
    "expertise_sum", "expert_visits", "novice_visits", "expert_satisfaction", "novice_satisfaction", "expert_repeats",
    "novice_repeats", "expert_base", "novice_base",
)  # fmt: skip


def expertise_of(visits: float, half_visits: float) -> float:
    """Return expertise after some visits, as float32."""
    return float(np.float32(visits) / (np.float32(visits) + np.float32(half_visits)))


def eased_by(before: float, after: float, eased: float) -> float:
    """Return the factor on what bothers a customer whose expertise grows."""
    return (1.0 - eased * after) / (1.0 - eased * before)


@dataclass
class Person:
    """What a customer has learnt of the category, what bothers her, and what she expects of each firm."""

    experience: float = 0.0
    latest: int = NO_FIRM
    bother: float = 1.0
    expectation: list[float] = field(default_factory=list)


def note(
    people: Sequence[Person], visits: Sequence[tuple[int, int, float]], firms: int, p: Mapping[str, Any]
) -> tuple[list[float], dict[str, list[int]]]:
    """Note visits (customer, firm, satisfaction); return with what expertise visitors came, and what is counted."""
    counted, came = {name: [0] * firms for name in COUNTS}, []
    for i, j, s in visits:
        one = people[i]
        knows = expertise_of(one.experience, p["half_visits"])
        kind = "expert" if knows >= as_single(p["expert_from"]) else "novice"
        came.append(knows)
        counted["expertise_sum"][j] += math.floor(knows * 2.0**20)
        counted[f"{kind}_visits"][j] += 1
        counted[f"{kind}_satisfaction"][j] += math.floor(s * 2.0**20)
        if one.latest != NO_FIRM:
            counted[f"{kind}_base"][one.latest] += 1
            counted[f"{kind}_repeats"][j] += one.latest == j
        one.latest = j
    return came, counted


def gain(
    people: Sequence[Person], visits: Sequence[tuple[int, int]], came: Sequence[float], p: Mapping[str, Any]
) -> None:
    """Let visitors learn of the category; visits : (customer, firm), came : with what expertise."""
    for (i, j), knew in zip(visits, came, strict=True):
        one = people[i]
        known = [expertise_of(one.experience + more, p["half_visits"]) for more in (0.0, 1.0)]
        one.experience += 1.0
        one.bother *= eased_by(*known, p["eased"])
        one.expectation[j] = min(1.0, one.expectation[j] + p["raised"] * knew)


def met(
    key: Key, identity: int, t: int, nth: int, unknown: Sequence[int], meeting: float, replication: int = 0
) -> list[int]:
    """Return which of the firms that a visitor does not know she comes across on a visit."""
    words = {j: customer_words(key, identity, t, draw=0, block=16 * nth + j, replication=replication) for j in unknown}
    return [j for j in unknown if uniform(words[j][0]) < as_single(meeting)]


def left(heard: float, visits: float, p: Mapping[str, Any]) -> float:
    """Return what is left of what was heard after a period, of who has visited so often."""
    return heard * (1.0 - p["independence"] * expertise_of(visits, p["half_visits"]))


def measures(counted: Mapping[str, float]) -> dict[str, float]:
    """Return the measures of a firm, by counts of which shares are 0-1; NaN where there is nothing to divide by."""
    experts, novices = counted["expert_visits"], counted["novice_visits"]
    found = dict.fromkeys(("visitor_expertise", "expert_satisfaction_gap", "expert_repeat_gap"), math.nan)
    if experts + novices:
        found["visitor_expertise"] = counted["expertise_sum"] / (experts + novices)
    if experts and novices:
        gap = counted["expert_satisfaction"] / experts - counted["novice_satisfaction"] / novices
        found["expert_satisfaction_gap"] = gap
    if counted["expert_base"] and counted["novice_base"]:
        repeats = [counted[f"{kind}_repeats"] / counted[f"{kind}_base"] for kind in ("expert", "novice")]
        found["expert_repeat_gap"] = repeats[0] - repeats[1]
    return found
