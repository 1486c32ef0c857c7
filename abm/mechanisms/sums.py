"""Open sums: what several theories add to, each in its own file, and one theory reads.

A sum is opened with its start at the beginning of its phase; every kernel of that phase that takes it is a *term*, and
the phases after it read the sum. A kernel may also take the sum as it would be without the terms of one mechanism,
`utility_without_trust`, or with those alone, `utility_of_trust`: only the start, if the market has no such term.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from abm.core.kernels import Kernel, kernel
from abm.mechanisms.phases import Phase
from abm.world.columns import Column

UNCONSIDERED = np.float32(-1e30)  # a utility that nothing reaches and no term lifts: the firm cannot be chosen
WITHOUT, OF = "_without_", "_of_"


@cache
def sum_meant(name: str) -> str:
    """Return the sum that a kernel's parameter is, or is a part of: `utility` for `utility_of_trust`."""
    return name.partition(WITHOUT)[0].partition(OF)[0]


def has_term(name: str, mechanism: str) -> bool:
    """Return whether the terms of a mechanism are in the sum, or the part of one, that a parameter is."""
    if WITHOUT in name:
        return mechanism != name.partition(WITHOUT)[2]
    return OF not in name or mechanism == name.partition(OF)[2]


@dataclass(frozen=True)
class Sum:
    """A quantity that is added up, or multiplied, term by term.

    axes  : ("row",), ("firm", "row") or ("visit",)
    start : value before any term: 0 for what is added up, 1 for what is multiplied
    phase : in which it is opened and the terms are added
    dtype : of its numbers: "int64" for money in whole cents
    """

    name: str
    axes: tuple[str, ...]
    start: float
    unit: str
    meaning: str
    phase: Phase
    dtype: str = "float32"

    def column(self, name: str = "") -> Column:
        """Return the column that holds the sum, or one of another name like it."""
        return Column(name or self.name, self.axes, self.start, self.unit, self.meaning, self.dtype)

    @property
    def opening(self) -> Kernel:
        """The kernel that sets the start."""
        return _OPENING[self.axes]


@kernel
def open_visits(opened, start, visit_count):
    """Set a sum of visits to its start.  opened (visits,)  [written]"""
    for v in range(visit_count[0]):
        opened[v] = start


@kernel
def open_rows(opened, start, lo, hi):
    """Set a sum of customers to its start.  opened (tile,)  [written]"""
    for r in range(hi - lo):
        opened[r] = start


@kernel
def open_firm_rows(opened, start, lo, hi):
    """Set a sum of firms and customers to its start.  opened (m, tile)  [written]"""
    for j in range(opened.shape[0]):
        for r in range(hi - lo):
            opened[j, r] = start


_OPENING: dict[tuple[str, ...], Kernel] = {
    ("visit",): open_visits,
    ("row",): open_rows,
    ("firm", "row"): open_firm_rows,
}
