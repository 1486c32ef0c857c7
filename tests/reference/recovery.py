"""Recovery: what a firm does about a complaint, what that restores, and what it costs.

Claim: amends restore a part of what is missing, by what is given back, by respect and by speed, and the more so the
better they fit the cause; what is said of the handling weighs them otherwise, and a handling that fails disappoints.
Source: docs/model.md, recovery, without a look at its kernels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.complaint import ATTITUDE, FAILED, GOOD, MIDDLING, NONE, PRICE
from tests.reference.encounter import clipped
from tests.reference.random_numbers import Key, customer_words, uniform
from tests.reference.waiting_line import exponential

EXAMPLE: dict[str, Any] = {
    "distributive": 0.38,
    "interactional": 0.42,
    "procedural": 0.2,
    "answer_distributive": 0.45,
    "answer_interactional": 0.4,
    "answer_procedural": 0.15,
    "matching": 0.25,
    "full_compensation": 2.0,
    "days_scale": 7.0,
    "answer_due": 3.0,
    "late_part": 0.5,
    "solution_due": 7.0,
    "recovered_from": 0.5,
    "failed_below": 0.2,
    "second_disappointment": 0.25,
    "paradox": 0.1,
    "delighted_from": 0.8,
    "mild_below": 0.4,
}
NOTHING = 1e-3  # less is not missing


@dataclass(frozen=True)
class Amends:
    """What came of a complaint: satisfaction after it, justice said of it, what is said beyond what is felt, code."""

    s: float
    answer: float
    said_more: float
    handling: int


def days(
    key: Key, customer: int, period: int, nth: int, replication: int, means: tuple[float, float]
) -> tuple[float, float]:
    """Return the days to the answer and to the solution, which does not come before it, given their means."""
    words = customer_words(key, customer, period, draw=0, block=nth, replication=replication)
    answer, solution = (exponential(uniform(words[k]), means[k]) for k in range(2))
    return answer, max(answer, solution)


def justices(
    compensation: float, empathy: float, answer_days: float, solution_days: float, gap: float, p: dict[str, Any]
) -> tuple[float, float, float]:
    """Return distributive, interactional and procedural justice, 0-1 each."""
    given_back = min(1.0, compensation / (p["full_compensation"] * max(gap, NOTHING)))
    late = p["late_part"] if answer_days > p["answer_due"] else 1.0
    return given_back, empathy, late * math.exp(-solution_days / p["days_scale"])


def weighed(
    done: tuple[float, float, float], weights: tuple[float, float, float], matching: float, cause: int
) -> float:
    """Return the sum of the three justices by their weights, 0-1; what fits the cause takes weight from the other."""
    moved = matching * min(weights[0], weights[1])
    moved *= {ATTITUDE: -1.0, PRICE: 1.0}.get(cause, 0.0)
    return clipped((weights[0] + moved) * done[0] + (weights[1] - moved) * done[1] + weights[2] * done[2])


def amends(
    s: float, expectation: float, done: tuple[float, float, float], cause: int, mild: bool, parameters: dict[str, Any]
) -> Amends:
    """Return what comes of a complaint; mild tells of a first and mild failure."""
    p, gap = parameters, max(expectation - s, 0.0)
    part = weighed(done, (p["distributive"], p["interactional"], p["procedural"]), p["matching"], cause)
    said = (p["answer_distributive"], p["answer_interactional"], p["answer_procedural"])
    answer = weighed(done, said, p["matching"], cause)
    praise = p["paradox"] if mild and answer >= p["delighted_from"] else 0.0
    handling, taken = GOOD if answer >= p["recovered_from"] else MIDDLING, 0.0
    if answer < p["failed_below"]:
        handling, taken = FAILED, p["second_disappointment"] * (1.0 - answer / p["failed_below"]) * s
    return Amends(clipped(s + part * gap - taken), answer, (answer - part) * gap + praise, handling)


def is_mild(failure: int, severity: float, before: int, parameters: dict[str, Any]) -> bool:
    """Tell whether something failed, mildly, and is the first grievance with the firm."""
    return failure != NONE and severity < parameters["mild_below"] and before == 0


def amends_cents(
    compensation: float,
    empathy: float,
    empathy_scale: float,
    basket: float,
    speeds: tuple[float, float] = (0.0, 0.0),
    speed_scale: float = 1.0,
) -> int:
    """Return c basket - empathy_scale ln(1 - e) - speed_scale ln(1 - speed) of either, in cents; the rest in cu.

    What is given back and what handling costs are rounded each to whole cents.
    """
    compensated = math.floor(100.0 * compensation * basket + 0.5)
    return compensated + hundredths(empathy_scale * effort(empathy) + speed_scale * sum(map(effort, speeds)))
