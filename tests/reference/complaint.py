"""Complaint: what a dissatisfied visitor holds against the firm, whether she says so, and through which channel.

Claim: who is dissatisfied has a grievance, and complains the likelier the worse the visit was, the easier it is made
and the more she trusts the firm; the others are silent.
Source: docs/model.md, complaint, without a look at its kernels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {
    "dissatisfied_below": 0.5,
    "base": -1.8,
    "depth": 6.0,
    "ease": 1.0,
    "faith": 1.0,
    "usual_trust": 0.5,
    "inclination_spread": 0.5,
    "counter_part": 0.4,
    "phone_part": 0.35,
}
NONE, CORE, ATTITUDE, PRICE, INFORMATION, WAIT, DENIED = range(7)
COUNTER, PHONE, ONLINE, SILENT = range(4)
NO_COMPLAINT, FAILED, MIDDLING, GOOD = range(4)


@dataclass(frozen=True)
class Policy:
    """What a firm decides: ease of each channel, 0-1, and what hearing a complaint through it costs, cu."""

    ease: tuple[float, float, float] = (0.0, 0.0, 0.0)
    handling: tuple[float, float, float] = (3.0, 2.0, 1.0)
    channel_cost: float = 0.1

    def hearing(self, channel: int) -> int:
        """Return what hearing a complaint costs, cents."""
        return hundredths(self.handling[channel])

    def kept(self, visits: int) -> int:
        """Return what open channels cost on a period's visits, 1/100 cent."""
        return visits * hundredths(100.0 * sum(self.channel_cost * effort(ease) for ease in self.ease))


def habits(key: Key, customer: int, replication: int, parameters: dict[str, Any]) -> tuple[float, int]:
    """Return a customer's inclination, logit units, and her usual channel: for life."""
    words = customer_words(key, customer, 0, draw=1, block=0, replication=replication)
    u, counter = uniform(words[1]), parameters["counter_part"]
    channel = COUNTER if u < counter else PHONE if u < counter + parameters["phone_part"] else ONLINE
    return parameters["inclination_spread"] * normal(uniform(words[0])), channel


def grievance(
    s: float, failure: int, price_part: float, wait_part: float, gap: float, parameters: dict[str, Any]
) -> int:
    """Return what a visitor holds against the firm: nothing if she is satisfied; else a failure, price, wait or core.

    price_part, wait_part : what price and wait added to satisfaction      gap : performance less expectation
    """
    if s >= parameters["dissatisfied_below"]:
        return NONE
    if failure != NONE:
        return failure
    worse = min(price_part, wait_part)
    if worse >= 0.0 or worse > min(gap, 0.0):
        return CORE
    return PRICE if price_part <= wait_part else WAIT


def probability(s: float, ease: float, trust: float, inclination: float, parameters: dict[str, Any]) -> float:
    """Return the chance that who is dissatisfied complains; ease is that of her usual channel."""
    p = parameters
    score = p["base"] + p["depth"] * (p["dissatisfied_below"] - s) + p["ease"] * ease
    score += p["faith"] * (trust - p["usual_trust"]) + inclination
    return 1.0 / (1.0 + math.exp(-score))


def draw(key: Key, customer: int, period: int, nth: int, replication: int) -> float:
    """Return the uniform that decides whether a visitor complains: she does if it is below the probability."""
    return uniform(customer_words(key, customer, period, draw=0, block=nth, replication=replication)[0])
