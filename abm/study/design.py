"""Designs: the points of the uncertain world at which the arms of an experiment are compared.

An arm is what a firm chooses; a factor is what nobody can know. Each method is one function from factors to rows and
one line in METHODS; the rows of a large design are made when they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.study.digest import canonical, plain

Rows = Sequence[tuple[Any, ...]]
MOST_RUNS = 10_000_000  # of one experiment: nine hours of small runs on ten processors
_KEYS = ("method", "factors", "points")


@dataclass(frozen=True)
class Design:
    """Points in a space of factors; frozen, equal by value.

    method  : one of METHODS
    factors : scenario path -> what the method needs to know of it ("grid": the levels)
    number  : how many points were asked for, where the method does not decide that itself (`points` in a file)

    `len(design)` is the number of points, `point(k)` the k-th as {path: value}, `points` all of them. No two points of
    a design are equal. Raises Refusal for an unknown method or factors the method cannot use.
    """

    method: str = "none"
    factors: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    number: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise Refusal(
                f"= {shown(self.method)} is not {one_of(METHODS)}{did_you_mean(self.method, METHODS)}",
                place="method",
            )
        for path, values in self.factors.items():
            if isinstance(values, Mapping):
                quoted = f'"{path}.{next(iter(values), "…")}"'
                raise Refusal(f"is a table; write the whole path in quotes, {quoted} = […]", place=f"factors.{path}")
            if not isinstance(values, list | tuple):
                raise Refusal(f"= {shown(values)} is not a list of values", place=f"factors.{path}")
        object.__setattr__(self, "factors", {path: tuple(values) for path, values in self.factors.items()})
        self.rows  # noqa: B018 - refuses now what the method cannot use

    @cached_property
    def rows(self) -> Rows:
        """The values of each point, in the order of `factors`."""
        return METHODS[self.method](self)

    def __len__(self) -> int:
        return len(self.rows)

    def point(self, index: int) -> dict[str, Any]:
        """Return the settings of one point as {path: value}."""
        return dict(zip(self.factors, self.rows[index], strict=True))

    @property
    def points(self) -> tuple[dict[str, Any], ...]:
        """All points as {path: value}, in order."""
        return tuple(self.point(index) for index in range(len(self)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Design:
        """Build a design from the `[design]` table of a study file; raise Refusal with the place inside it."""
        for key in data:
            if key not in _KEYS:
                raise Refusal(f"no design key {key!r}{did_you_mean(key, _KEYS) or '; there is ' + ', '.join(_KEYS)}")
        factors, number = data.get("factors", {}), data.get("points")
        if not isinstance(factors, Mapping):
            raise Refusal(f"= {shown(factors)} is not a table of factors", place="factors")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise Refusal(f"= {shown(number)} is not a whole number of points, 1 or more", place="points")
        return cls(data.get("method", "grid" if factors else "none"), dict(factors), number)

    def to_dict(self) -> dict[str, Any]:
        """Return the `[design]` table that `from_dict` reads back as an equal design."""
        number = {} if self.number is None else {"points": self.number}
        return {"method": self.method, **number, "factors": plain(self.factors)}


def grid(factors: Mapping[str, Sequence[Any]]) -> Design:
    """Return the design with every combination of the factors' levels; the last factor changes fastest.

    factors : scenario path -> distinct levels, e.g. {"word_of_mouth.contact_rate": [0.0, 0.2, 0.5]}
    """
    return Design("grid", {path: tuple(levels) for path, levels in factors.items()})


class _Product(Sequence[tuple[Any, ...]]):
    """The rows of a grid, each made when asked for: counting a thousand million of them costs nothing."""

    def __init__(self, levels: Sequence[tuple[Any, ...]]) -> None:
        self.levels = levels
        self.size = math.prod(len(values) for values in levels)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self.size:
            raise IndexError(index)
        row = []
        for values in reversed(self.levels):
            index, position = divmod(index, len(values))
            row.append(values[position])
        return tuple(reversed(row))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return (self[index] for index in range(self.size))


def _grid_rows(design: Design) -> Rows:
    if not design.factors:
        raise Refusal('= {} gives method "grid" nothing to combine; list levels or leave [design] out', place="factors")
    if design.number is not None:
        raise Refusal(f'= {design.number}, but method "grid" takes every combination; leave points out', place="points")
    for path, levels in design.factors.items():
        if not levels:
            raise Refusal("= [] has no levels; list at least one", place=f"factors.{path}")
        seen: set[str] = set()
        for level in levels:
            if canonical(level) in seen:
                raise Refusal(f"lists {shown(level)} twice", place=f"factors.{path}")
            seen.add(canonical(level))
    combinations = math.prod(len(levels) for levels in design.factors.values())
    if combinations > MOST_RUNS:
        raise Refusal(
            f"have {combinations:,} combinations; an experiment has at most {MOST_RUNS:,} runs",
            place="factors",
        )
    return _Product(tuple(design.factors.values()))


def _no_rows(design: Design) -> Rows:
    if design.factors or design.number is not None:
        raise Refusal('= "none" has no factors and no points; use "grid"', place="method")
    return ((),)


METHODS: dict[str, Callable[[Design], Rows]] = {"none": _no_rows, "grid": _grid_rows}
LEVELS = ("grid",)  # the methods whose factors are lists of levels
