"""Designs whose points are given: none, every combination of levels, or one by one.

Each is a function from factors, {path: values}, to the rows of values; it raises Refusal for what it cannot use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from abm.core.errors import Refusal, counted
from abm.study.plan.factors import check_distinct
from abm.study.provenance.digest import canonical

Factors = Mapping[str, tuple[Any, ...]]
Rows = Sequence[tuple[Any, ...]]
MOST_RUNS = 10_000_000  # of one experiment: nine hours of small runs on ten processors


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


def _none(factors: Factors) -> Rows:
    if factors:
        raise Refusal('= "none" has no factors; use "grid"', place="method")
    return ((),)


def _grid(factors: Factors) -> Rows:
    if not factors:
        raise Refusal(
            '= {} gives method "grid" nothing to combine; list levels or leave [design] (in Python design=) out',
            place="factors",
        )
    for path, levels in factors.items():
        if not levels:
            raise Refusal("= [] has no levels; list at least one", place=f"factors.{path}")
        check_distinct(levels, f"factors.{path}")
    combinations = math.prod(len(levels) for levels in factors.values())
    if combinations > MOST_RUNS:
        raise Refusal(
            f"have {combinations:,} combinations; an experiment has at most {MOST_RUNS:,} runs",
            place="factors",
        )
    return _Product(tuple(factors.values()))


def _list(factors: Factors) -> Rows:
    if not factors:
        raise Refusal('= {} gives method "list" no points; list the values of each factor', place="factors")
    first = next(iter(factors))
    count = len(factors[first])
    if not count:
        raise Refusal("= [] has no values; list one for each point", place=f"factors.{first}")
    for path, values in factors.items():
        if len(values) != count:
            raise Refusal(
                f"has {counted(len(values), 'value')} and '{first}' has {count:,}; the k-th values of all are the k-th "
                "point",
                place=f"factors.{path}",
            )
    rows = list(zip(*factors.values(), strict=True))
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        before = seen.setdefault(canonical(row), place)
        if before != place:
            raise Refusal(f"give points {before} and {place} (from 0) the same values; leave one out", place="factors")
    return rows


METHODS: dict[str, Callable[[Factors], Rows]] = {"none": _none, "grid": _grid, "list": _list}
