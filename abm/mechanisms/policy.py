"""Policies: what a firm sets for one theory, and how kernels see it.

Every parameter of a policy is a *lever*, an array over firms under the parameter's name: float32 for a number, int32
for a whole number, true or false, or a word (its place among the words allowed), (5, m) for a list by tier. `held` says
where one is held otherwise, `worked_out` which further levers follow, such as a cost: an equation on levers.
"""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self, get_args, get_origin

import numpy as np

from abm.core.annotations import bare
from abm.core.spec import Spec
from abm.world.columns import TIERS


@dataclass(frozen=True)
class Held:
    """How a lever is held: the numpy type, what a value becomes in it and back, and what a missing tier holds."""

    dtype: str
    into: Callable[[Any], float | int]
    back: Callable[[Any], float | int | None]
    missing: float | int = 0


def hundredths(value: float) -> int:
    """Return an amount in whole hundredths, rounded half up: cents, or hundredths of a point."""
    return math.floor(100.0 * value + 0.5)


NUMBER = Held("float32", float, lambda held: float(str(np.float32(held))))  # 0.95 is read back as 0.95
WHOLE = Held("int32", int, int)
CENTS = Held("int64", hundredths, lambda held: held / 100.0)
POINTS = Held("int32", hundredths, lambda held: held / 100.0)
NEVER = np.int64(2**62)  # cents: the threshold of a tier that does not exist
THRESHOLD = Held("int64", hundredths, lambda held: held / 100.0, int(NEVER))


class Policy(Spec, ABC):
    """What a firm sets for one theory: levers, each with its cost.

    name     : of its section in a firm; "" = its parameters stand in the firm itself
    held     : how levers are held that are not held as their type says; None = the parameter is no lever
    optional : whether a firm may do without the section, as without a programme
    given    : parameters that no firm can choose, with the reason: what its inputs cost, what its name stands for
    free     : levers that cost nothing by nature, with the reason; every other one has a cost
    """

    name: ClassVar[str] = ""
    held: ClassVar[Mapping[str, Held | None]] = {}
    optional: ClassVar[bool] = False
    given: ClassVar[Mapping[str, str]] = {}
    free: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def absent(cls) -> Self:
        """Return the policy whose levers a firm without the section has."""
        return cls()

    def worked_out(self, firm: Any) -> Mapping[str, tuple[Held, Any]]:
        """Return the levers that follow from this policy and the firm's others: name -> how it is held, value."""
        return {}

    @classmethod
    def levers(cls) -> Mapping[str, Held]:
        """Return how each parameter is held; those that are no levers are left out."""
        return _levers(cls)

    def values(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return every lever of the policy with how it is held and its value."""
        own = {name: (held, getattr(self, name)) for name, held in self.levers().items()}
        return {**own, **self.worked_out(firm)}

    @classmethod
    def words(cls, lever: str) -> tuple[str, ...]:
        """Return the words that the codes of a lever stand for; () for a lever that is a number."""
        annotation = bare(cls.model_fields[lever].annotation) if lever in cls.model_fields else None
        words = get_args(annotation)
        return words if words and all(isinstance(word, str) for word in words) else ()


@cache
def _levers(kind: type[Policy]) -> Mapping[str, Held]:
    found = {name: kind.held.get(name, _by_type(field.annotation)) for name, field in kind.model_fields.items()}
    return {name: held for name, held in found.items() if held is not None}


def _by_type(annotation: Any) -> Held | None:
    annotation = bare(annotation)
    if annotation in (int, bool):
        return WHOLE
    if annotation is float or (get_origin(annotation) is tuple and get_args(annotation)[0] is float):
        return NUMBER
    words = get_args(annotation)
    if words and all(isinstance(word, str) for word in words):
        return Held("int32", words.index, lambda code: words[int(code)])
    return None


def by_tier(values: tuple[float, ...], held: Held) -> np.ndarray:
    """Return a list by tier as it is held, (5,): the base tier and tiers that do not exist hold what is missing."""
    row = np.full(TIERS, held.missing, held.dtype)
    row[1 : 1 + len(values)] = [held.into(value) for value in values]
    return row
