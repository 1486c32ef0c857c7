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
    """Cells of customers, each of whom is in one or in none, and groups that are made of cells and may overlap.

    cell_of : (n,) int, by identity of a row's first customer; `cells` = in none
    cells   : how many there are, some of which may be empty
    groups  : the cells of each group

    Rows of customers in no cell come last.

    Raises Refusal for a cell that does not exist.
    """

    cell_of: np.ndarray
    cells: int
    groups: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        own = self.cell_of
        if own.size and not 0 <= int(own.min()) <= int(own.max()) <= self.cells:
            raise Refusal(f"holds {own.min()} to {own.max()}, but there are {self.cells} cells", place="cell_of")

    @cached_property
    def identity(self) -> np.ndarray:
        """Identity of the first customer of each row (n,) uint32: cell by cell, ascending within a cell."""
        return np.argsort(self.cell_of, kind="stable").astype(np.uint32)

    @cached_property
    def row(self) -> np.ndarray:
        """Row of each customer (n,) uint32, by identity."""
        rows = np.empty(self.identity.size, np.uint32)
        rows[self.identity] = np.arange(rows.size, dtype=np.uint32)
        return rows

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """First row of each cell, and the first behind it; then the same of those who are in no cell."""
        ends = np.cumsum(np.bincount(self.cell_of, minlength=self.cells + 1)).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    def rows_of(self, group: int) -> slice | np.ndarray:
        """Return the rows of a group: a slice, if they lie together."""
        ranges = [self.rows[cell] for cell in self.groups[group]]
        together = all(before[1] == after[0] for before, after in pairwise(ranges))
        if together and ranges:
            return slice(ranges[0][0], ranges[-1][1])
        return np.concatenate([np.empty(0, np.int64), *(np.arange(first, last) for first, last in ranges)])

    def without(self, identity: np.ndarray) -> Partition:
        """Return the partition in which the rows of some first customers (k,) are in no cell."""
        cell = self.cell_of.astype(np.int64)
        cell[identity] = self.cells
        return replace(self, cell_of=cell)

    def placed(self, ties: Ties) -> Ties:
        """Return ties between identities as ties between rows."""
        return reordered(ties, self.identity, self.row)


def reordered(ties: Ties, order: np.ndarray, place: np.ndarray) -> Ties:
    """Return the ties of customers who are put into another order; the neighbours of each keep theirs.

    order : (n,) who comes in each place         place : (n,) where each comes
    """
    degree = ties.degree[order]
    start = np.concatenate([[0], np.cumsum(degree)])
    entry = np.arange(start[-1]) + np.repeat(ties.start[order] - start[:-1], degree)
    target = place[ties.target[entry]].astype(np.int32)
    return replace(ties, start=start, target=target, weight=np.ascontiguousarray(ties.weight[entry]))
