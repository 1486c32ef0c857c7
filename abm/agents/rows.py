"""Rows: an ordered choice of customers, by their row in the columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import numpy as np


class Rows:
    """Different rows in an order; never changed.

    total  : rows that the columns have
    listed : (len,) int64; None = all of them in order, which takes no memory
    """

    __slots__ = ("_inside", "listed", "total")

    def __init__(self, total: int, listed: np.ndarray | None = None) -> None:
        self.total, self.listed = total, listed
        self._inside: np.ndarray | None = None

    @classmethod
    def of(cls, total: int, rows: Iterable[int]) -> Rows:
        """Return rows in the order of their first appearance."""
        return cls(total, np.array(list(dict.fromkeys(rows)), np.int64))

    @property
    def index(self) -> slice | np.ndarray:
        """What picks the rows out of a column's last axis."""
        return slice(None) if self.listed is None else self.listed

    @property
    def array(self) -> np.ndarray:
        """The rows as an array, (len,)."""
        return np.arange(self.total) if self.listed is None else self.listed

    @property
    def inside(self) -> np.ndarray:
        """Which rows are among these, (total,) bool."""
        if self._inside is None:
            self._inside = np.zeros(self.total, np.bool_)
            self._inside[self.index] = True
        return self._inside

    def __len__(self) -> int:
        return self.total if self.listed is None else len(self.listed)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.total) if self.listed is None else self.listed.tolist())

    def __contains__(self, row: int) -> bool:
        return self.listed is None or bool(self.inside[row])

    def __getitem__(self, place: int) -> int:
        return range(self.total)[place] if self.listed is None else int(self.listed[place])

    def at(self, places: np.ndarray | slice) -> Rows:
        """Return the rows at places of the order: a mask (len,), whole numbers or a slice."""
        return Rows(self.total, self.array[places])

    def __and__(self, other: Rows) -> Rows:
        return self.at(other.inside[self.index])

    def __sub__(self, other: Rows) -> Rows:
        return self.at(~other.inside[self.index])

    def __or__(self, other: Rows) -> Rows:
        """Return these rows, then those of the other that are not among them."""
        return Rows(self.total, np.concatenate([self.array, (other - self).array]))

    def sorted(self, values: np.ndarray, ascending: bool) -> Rows:
        """Return the rows in the order of values (len,); equal ones stay in the order they are in, NaN comes last."""
        return self.at(np.argsort(values if ascending else -values, kind="stable"))

    def grouped(self, keys: np.ndarray) -> dict[Hashable, Rows]:
        """Return the rows of each key (len,), keys as plain numbers in the order of their first appearance."""
        names, first, group, size = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        parts = np.split(np.argsort(group, kind="stable"), np.cumsum(size)[:-1])
        return {names[k].item(): self.at(parts[k]) for k in np.argsort(first)}
