"""Failure causes: what goes wrong on a visit, and what care and repair prevent of it.

Claim: failures are divided among causes, and what is done about one cause prevents nothing of another.
Source: docs/model.md, failure_causes, without a look at its kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import near_any
from tests.reference.random_numbers import Key, customer_words, uniform


@dataclass(frozen=True)
class Policy:
    """What is given to a firm and what it decides: parts of causes after the core, care of each cause, 0-1.

    parts : attitude, price, information; the rest is of the core      care : core, attitude, price, information
    """

    parts: tuple[float, float, float] = (0.35, 0.15, 0.1)
    care: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    care_scale: float = 0.25

    def left(self, repaired: Sequence[float]) -> list[float]:
        """Return what is left of the part of each cause after care and repair."""
        parts = (1.0 - sum(self.parts), *self.parts)
        return [
            part * (1.0 - care) * (1.0 - repair) for part, care, repair in zip(parts, self.care, repaired, strict=True)
        ]

    def cost(self, visits: int) -> int:
        """Return what care costs on a period's visits, 1/100 cent."""
        return visits * hundredths(100.0 * self.care_scale * sum(map(effort, self.care)))


def draw(key: Key, customer: int, period: int, nth: int, replication: int) -> float:
    """Return the uniform that decides what went wrong on a visit that fails."""
    return uniform(customer_words(key, customer, period, draw=0, block=nth, replication=replication)[0])


def bounds(left: Sequence[float]) -> list[float]:
    """Return the uniforms between the causes: cumulated parts of what is left, in the order of causes."""
    return [sum(left[: cause + 1]) / sum(left) for cause in range(len(left) - 1)]


def cause(u: float, left: Sequence[float]) -> int:
    """Return what went wrong, from the core on: 1, 2, 3 or 4."""
    return 1 + sum(u >= bound for bound in bounds(left))


def is_close(u: float, left: Sequence[float]) -> bool:
    """Tell whether float32 might see another cause."""
    return near_any(u, bounds(left))
