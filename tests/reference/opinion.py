"""Opinions: what is thought of firms moves to experience, and to what neighbours think who know the firm, too.

Claim: neighbours average what they think; within a bound of confidence only opinions near one's own count.
Source: the written specification of the theory, without a look at its kernels; DeGroot 1974.

Opinions are float32 as they are kept; what is said is whole 2^-24, ties weigh whole 2^-20, notes are whole 2^-14.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.reference.closeness import as_single
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "rule": "degroot",
    "confidence_bound": 0.2,
    "self_weight": 200.0,
    "experience_pull": 0.15,
    "spread_of_opinions": 0.15,
    "neutral_opinion": 0.7,
    "opinion_weight": 1.5,
    "own_experience": 8.0,
}
NOTHING = -1
COUNTS = (
    "opinions_heard", "opinions_taken", "opinion_gaps", "opinion_holders", "opinion_sum", "opinion_squares",
    "good_opinions", "good_sum",
)  # fmt: skip


def first(key: Key, identity: int, j: int, promise: float, spread: float, replication: int = 0) -> float:
    """Return what a customer thinks of firm j before anything has happened."""
    word = customer_words(key, identity, 0, draw=0, block=j, replication=replication)[0]
    return min(1.0, max(0.0, promise + spread * normal(uniform(word))))


def learned(opinion: float, satisfactions: Sequence[float], pull: float) -> float:
    """Return the opinion after visits to the firm, in their order."""
    found = np.float32(opinion)
    for s in satisfactions:
        found = found + np.float32(pull) * (np.float32(s) - found)
    return float(found)


def said(opinion: float, aware: bool) -> int:
    """Return what a customer says of a firm."""
    return math.floor(opinion * 2.0**24 + 0.5) if aware else NOTHING


def within(p: Mapping[str, Any]) -> int:
    """Return how far an opinion may be away that counts, in 2^-24."""
    return math.floor(as_single(1.0 if p["rule"] == "degroot" else p["confidence_bound"]) * 2.0**24)


def heard(
    opinion: float, own: int, others: Sequence[tuple[int, float]], self_weight: float, bound: int
) -> tuple[float, dict[str, int]]:
    """Return a customer's opinion after hearing of her neighbours, and what is counted.

    own : what she says herself      others : what each neighbour says, and the weight of the tie
    """
    counted = dict.fromkeys(COUNTS[:3], 0)
    differences = weights = 0
    for other, weight in others:
        if NOTHING in (own, other):
            continue
        counted["opinions_heard"] += 1
        counted["opinion_gaps"] += abs(other - own)
        if abs(other - own) <= bound:
            steps = math.floor(weight * 2.0**20 + 0.5)
            counted["opinions_taken"] += 1
            differences += steps * (other - own)
            weights += steps
    return averaged(opinion, differences, weights, self_weight), counted


def averaged(opinion: float, differences: int, weights: int, self_weight: float) -> float:
    """Return an opinion moved by the mean difference, her own counting as none, as float32."""
    divisor = as_single(self_weight) * 2.0**20 + weights
    moved = opinion + differences / 2.0**24 / divisor if divisor > 0.0 else opinion
    return min(1.0, max(0.0, as_single(moved)))


def noted(opinions: Sequence[float], aware: Sequence[bool], neutral: float) -> dict[str, int]:
    """Return what is counted of a firm's opinions at the end of a period."""
    held = [opinion for opinion, knows in zip(opinions, aware, strict=True) if knows]
    steps = [math.floor(opinion * 2.0**14) for opinion in held]
    good = [step for opinion, step in zip(held, steps, strict=True) if opinion >= as_single(neutral)]
    counts = (len(held), sum(steps), sum(step * step for step in steps), len(good), sum(good))
    return dict(zip(COUNTS[3:], counts, strict=True))


def term(opinion: float, encounters: float, p: Mapping[str, Any]) -> float:
    """Return what an opinion adds to utility."""
    counts_with_her = p["own_experience"] / (p["own_experience"] + encounters)
    return p["opinion_weight"] * counts_with_her * (opinion - p["neutral_opinion"])


def measures(counted: Mapping[str, int]) -> dict[str, float]:
    """Return the measures of a firm by what was counted, in steps; NaN where there is nothing to divide by."""
    held, good, total, heard = (counted[f"{name}"] for name in
                                ("opinion_holders", "good_opinions", "opinion_sum", "opinions_heard"))  # fmt: skip
    found = dict.fromkeys(("mean_opinion", "opinion_spread", "polarisation", "consensus", "opinions_counted"), math.nan)
    if held:
        mean = total / held / 2.0**14
        variance = (held * counted["opinion_squares"] - total * total) / held**2 / 2.0**28
        found |= {"mean_opinion": mean, "opinion_spread": math.sqrt(variance)}
        camps = ((good, counted["good_sum"]), (held - good, total - counted["good_sum"]))
        between = sum(many * (own / many / 2.0**14 - mean) ** 2 for many, own in camps if many) / held
        found["polarisation"] = between / variance if variance else math.nan
    if heard:
        found["consensus"] = 1.0 - counted["opinion_gaps"] / 2.0**24 / heard
        found["opinions_counted"] = counted["opinions_taken"] / heard
    return found
