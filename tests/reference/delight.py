"""Delight: what is done beyond the core, always or by surprise, and what that costs.

Claim: extras raise every visit, and a surprise the more the rarer it is.
Source: docs/model.md, delight, without a look at its kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {"surprise_size": 0.2, "delighted_from": 0.9}


@dataclass(frozen=True)
class Policy:
    """What a firm decides: extra, 0-0.5, and how often it surprises, 0-1; costs in cu."""

    extra: float = 0.0
    surprise_rate: float = 0.0
    extra_scale: float = 20.0
    surprise_price: float = 6.0

    def shift(self, surprised: bool, parameters: dict[str, Any]) -> float:
        """Return what is added to performance on a visit."""
        size = parameters["surprise_size"] * (1.0 - self.surprise_rate)
        return self.extra + (size if surprised else 0.0)

    def cost(self, surprised: bool) -> int:
        """Return what that costs, cents; extras and surprises are rounded each."""
        return hundredths(self.extra_scale * effort(self.extra)) + surprised * hundredths(self.surprise_price)


def draw(key: Key, customer: int, period: int, nth: int, replication: int) -> float:
    """Return the uniform that decides whether a visitor is surprised: she is if it is below the rate."""
    return uniform(customer_words(key, customer, period, draw=0, block=nth, replication=replication)[0])


def is_delighted(s: float, parameters: dict[str, Any]) -> bool:
    """Tell whether a visit delighted, by the satisfaction with it."""
    return s >= parameters["delighted_from"]
