"""Survey: whom a firm asks, who answers and what, what a firm reads in the answers, and what test visits find.

Claim: who answers is the more ready to the further a visit was from the middle, and what is said is a whole number
with a bias for life and an error of its own; a firm knows the answers alone.
Source: docs/model.md, survey, and docs/how-to/surveys.md, without a look at the kernels.

Draws are of the stream "survey": draw 0 block 0 for the bias; draws 1 and 2, block nth, for a visit; draw 3, block k,
for the k-th test visit of a period, where the number of the firm stands in the place of the customer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import rounded_down
from tests.reference.encounter import clipped, severity
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "window": 13,
    "scale": 10,
    "response_base": 0.2,
    "response_extremity": 0.4,
    "midpoint": 0.5,
    "leniency": 0.0,
    "slope": 1.0,
    "noise": 0.1,
    "bias_spread": 0.1,
    "segment_bias": (),
    "recommend_part": 0.7,
    "severity_low": 0.2,
    "severity_high": 0.6,
}
ITEMS = ("overall", "expected", "ideal", "visit", "recommend", "repurchase")
RECOMMEND_MOST, PROMOTER, DETRACTOR = 10, 9, 6
HALF = 0.5


def bias(key: Key, identity: int, replication: int, p: Mapping[str, Any], segment: int = 0) -> float:
    """Return what a customer adds to every answer, for life; a segment of which nothing is said adds 0."""
    z = normal(uniform(customer_words(key, identity, 0, draw=0, block=0, replication=replication)[0]))
    of_segment = p["segment_bias"][segment] if segment < len(p["segment_bias"]) else 0.0
    return p["bias_spread"] * z + of_segment


@dataclass(frozen=True)
class Luck:
    """The draws of one visit: whether she is asked, whether she answers, and the error of each answer, standard."""

    asked: float
    answers: float
    errors: tuple[float, ...]


def luck(key: Key, identity: int, t: int, nth: int, replication: int) -> Luck:
    """Return the draws of a visit."""
    first, second = (
        [uniform(word) for word in customer_words(key, identity, t, draw=draw, block=nth, replication=replication)]
        for draw in (1, 2)
    )
    return Luck(first[0], first[1], tuple(map(normal, (*first[2:], *second))))


def response(felt: float, p: Mapping[str, Any]) -> float:
    """Return the chance that who is asked answers."""
    return clipped(p["response_base"] + p["response_extremity"] * abs(felt - p["midpoint"]))


@dataclass(frozen=True)
class Truth:
    """What the answers are about, all in [0, 1] but the disconfirmation, in [-1, 1].

    disconfirmation      : performance less the expectation before the period's visits change it
    felt                 : satisfaction with the visit after amends, and what is added when she is asked; not clipped
    satisfaction, affective_commitment, preference : of the firm, after all visits of the period
    """

    performance: float
    disconfirmation: float
    felt: float
    satisfaction: float
    affective_commitment: float
    preference: float

    def of_items(self, p: Mapping[str, Any]) -> tuple[float, ...]:
        """Return the truth behind each question, in the order of ITEMS."""
        r = p["recommend_part"]
        return (
            self.satisfaction,
            HALF + self.disconfirmation / 2.0,
            self.performance,
            clipped(self.felt),
            r * self.satisfaction + (1.0 - r) * self.affective_commitment,
            self.preference,
        )


def exact_marks(truth: float, most: int, bias: float, error: float, p: Mapping[str, Any]) -> float:
    """Return what is said in marks, and a half: cut off, it is the whole number said."""
    said = clipped(p["leniency"] + p["slope"] * truth + bias + p["noise"] * error)
    return most * said + HALF


def most_of(item: str, p: Mapping[str, Any]) -> int:
    """Return how many marks above the lowest answer a question has."""
    return RECOMMEND_MOST if item == "recommend" else p["scale"] - 1


def answer(item: str, marks: int) -> int:
    """Return the number that is written down: from 0 on of who is asked to recommend, from 1 on elsewhere."""
    return marks if item == "recommend" else 1 + marks


def answers(truth: Truth, bias: float, luck: Luck, p: Mapping[str, Any]) -> list[int]:
    """Return all answers of who answers."""
    said = zip(ITEMS, truth.of_items(p), luck.errors, strict=True)
    return [
        answer(item, math.floor(exact_marks(of_item, most_of(item, p), bias, error, p)))
        for item, of_item, error in said
    ]


def counted(answers: Sequence[Sequence[int]], p: Mapping[str, Any]) -> Counter[str]:
    """Return what the answers of a period add up to, by the names of the tallies."""
    found: Counter[str] = Counter(answers=len(answers), full_marks=len(answers) * (p["scale"] - 1))
    for given in answers:
        for item, one in zip(ITEMS, given, strict=True):
            found[f"marks_{item}"] += one - answer(item, 0)
            found["promoters"] += item == "recommend" and one >= PROMOTER
            found["detractors"] += item == "recommend" and one <= DETRACTOR
    return found


@dataclass
class Known:
    """What a firm knows by its survey; before any answer NaN, and an age of -1."""

    satisfaction: float = math.nan
    gap: float = math.nan
    age: int = -1

    def read(self, t: int, periods: Sequence[Mapping[str, int]], p: Mapping[str, Any]) -> None:
        """Read, as period t begins, what all periods before it have added up to, if a window has ended."""
        if t == 0 or t % p["window"]:
            return
        total = {
            name: sum(of[name] for of in periods[t - p["window"] : t])
            for name in ("full_marks", "marks_overall", "marks_expected")
        }
        if total["full_marks"]:
            self.satisfaction = total["marks_overall"] / total["full_marks"]
            self.gap = 2.0 * total["marks_expected"] / total["full_marks"] - 1.0
            self.age = 0

    def grow_older(self) -> None:
        """Let a period pass."""
        self.age += self.age >= 0


def mystery_visit(key: Key, j: int, t: int, k: int, replication: int, service: Any, p: Mapping[str, Any]) -> float:
    """Return what the k-th test visit of a period finds at firm j, in whole 2^-20, cut off.

    service : has quality, failure_rate and spread
    """
    u = [uniform(word) for word in customer_words(key, j, t, draw=3, block=k, replication=replication)]
    taken = severity(u[2], dict(p)) if u[1] < service.failure_rate else 0.0
    return rounded_down(clipped(service.quality + service.spread * normal(u[0]) - taken))
