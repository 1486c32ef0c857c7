"""Situation: how pressed for time a customer is on an occasion, and whether she buys a gift.

Claim: the same customer is now in a hurry and now at leisure; who is pressed has less patience and resents a wait more.
Source: docs/model.md, situation, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {"pressure_spread": 0.2, "gift_part": 0.0}
USUAL = 1.0


def draws(key: Key, identity: int, t: int, nth: int, replication: int) -> tuple[float, float]:
    """Return the uniforms that decide how pressed she is, and whether she buys a gift."""
    words = customer_words(key, identity, t, draw=0, block=nth, replication=replication)
    return uniform(words[0]), uniform(words[1])


def pressure(u: float, p: Mapping[str, Any]) -> float:
    """Return the time pressure of an occasion."""
    return USUAL * math.exp(p["pressure_spread"] * normal(u))


def patience(usual: float, pressure: float) -> float:
    """Return for how many minutes she waits who would wait for `usual` ones if she were not pressed."""
    return usual / pressure


def buys_gift(u: float, p: Mapping[str, Any]) -> bool:
    """Tell whether a visit is to buy a gift."""
    return u < p["gift_part"]


def counted(came: Iterable[tuple[float, bool]]) -> Counter[str]:
    """Return how many who came to a line were in more of a hurry than usual, and how many of these gave up.

    came : time pressure of each, and whether she gave up
    """
    found: Counter[str] = Counter(hurried=0, hurried_gave_up=0)
    for pressure, gave_up in came:
        found["hurried"] += pressure > USUAL
        found["hurried_gave_up"] += pressure > USUAL and gave_up
    return found
