"""Servers: who serves a visitor, how well, and whom she asks for the next time.

Claim: servers differ; a customer may meet her own again, and gives her up after a bad visit.
Source: docs/model.md, servers, without a look at its kernels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.random_numbers import Key, customer_words, normal, uniform

EXAMPLE: dict[str, Any] = {"parted_below": 0.5}
NO_SERVER = 255


@dataclass(frozen=True)
class Policy:
    """What a firm decides: how many serve, the chance to meet one's own again, and its cost in cu a visit."""

    team: int = 0
    continuity: float = 0.0
    continuity_scale: float = 0.3

    def met(self, own: int, luck: tuple[float, float]) -> int:
        """Return who serves a visitor, given whom she asks for and two uniforms."""
        if own != NO_SERVER and luck[0] < self.continuity:
            return own
        return math.floor(luck[1] * self.team)

    def cost(self, visits: int) -> int:
        """Return what continuity costs on a period's visits, 1/100 cent."""
        return visits * hundredths(100.0 * self.continuity_scale * effort(self.continuity))


def ability(key: Key, firm: int, server: int, replication: int) -> float:
    """Return how well a server serves, sd: drawn once, as if the firm were a customer."""
    return normal(uniform(customer_words(key, firm, 0, draw=1, block=server, replication=replication)[0]))


def draws(key: Key, customer: int, period: int, nth: int, replication: int) -> tuple[float, float]:
    """Return the uniforms that decide whether a visitor meets her own server, and which of the team else."""
    words = customer_words(key, customer, period, draw=0, block=nth, replication=replication)
    return uniform(words[0]), uniform(words[1])


def shift(ability: float, spread_between: float) -> float:
    """Return what a server of an ability adds to performance."""
    return spread_between * ability


def is_bad(s: float, parameters: dict[str, Any]) -> bool:
    """Tell whether a visit was such that she asks for another."""
    return s < parameters["parted_below"]
