"""Partitions: customers who are counted apart have rows of their own, one cell after the other.

Luck is addressed by identity, so the place of a row decides nothing; where an order does count (whose story is heard
first), kernels go by identity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from abm.core.errors import Refusal
from abm.world.network.ties import Ties


@dataclass(frozen=True, eq=False)
class Partition:
    """Cells of customers, each of whom is in one, and groups that are made of cells and may overlap.

    cell_of : (n,) int, by identity          cells : how many there are, some of which may be empty
    groups  : the cells of each group

    Raises Refusal for a cell that does not exist.
    """

    cell_of: np.ndarray
    cells: int
    groups: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        own = self.cell_of
        if own.size and not 0 <= int(own.min()) <= int(own.max()) < self.cells:
            raise Refusal(f"holds {own.min()} to {own.max()}, but there are {self.cells} cells", place="cell_of")

    @cached_property
    def identity(self) -> np.ndarray:
        """Identity of the customer in each row (n,) uint32: cell by cell, ascending within a cell."""
        return np.argsort(self.cell_of, kind="stable").astype(np.uint32)

    @cached_property
    def row(self) -> np.ndarray:
        """Row of each customer (n,) uint32, by identity."""
        rows = np.empty(self.identity.size, np.uint32)
        rows[self.identity] = np.arange(rows.size, dtype=np.uint32)
        return rows

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """First row of each cell, and the first behind it."""
        ends = np.cumsum(np.bincount(self.cell_of, minlength=self.cells)).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    def rows_of(self, group: int) -> slice | np.ndarray:
        """Return the rows of a group: a slice, if they lie together."""
        ranges = [self.rows[cell] for cell in self.groups[group]]
        together = all(before[1] == after[0] for before, after in pairwise(ranges))
        if together and ranges:
            return slice(ranges[0][0], ranges[-1][1])
        return np.concatenate([np.empty(0, np.int64), *(np.arange(first, last) for first, last in ranges)])

    def placed(self, ties: Ties) -> Ties:
        """Return ties between identities as ties between rows; a customer's neighbours keep their order."""
        degree = ties.degree[self.identity]
        start = np.concatenate([[0], np.cumsum(degree)])
        entry = np.arange(start[-1]) + np.repeat(ties.start[self.identity] - start[:-1], degree)
        target = self.row[ties.target[entry]].astype(np.int32)
        return replace(ties, start=start, target=target, weight=np.ascontiguousarray(ties.weight[entry]))
