"""Where counts lie: a tally is one row of m + 1 whole numbers, or a row for each entry of its further axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from abm.core.errors import Refusal, did_you_mean

if TYPE_CHECKING:
    from abm.world.columns import Tally


def lengths(tally: Tally, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return the lengths of a tally's further axes.  Raises Refusal for an axis without a length."""
    for axis in tally.axes:
        if axis not in sizes:
            near = did_you_mean(axis, sizes) or "; give its length in the mechanism's axes()"
            raise Refusal(f"tally {tally.name!r} has the axis {axis!r}, which has no length{near}")
    return tuple(sizes[axis] for axis in tally.axes)


def entries(tallies: Iterable[Tally], sizes: Mapping[str, int]) -> int:
    """Return how many rows of m + 1 numbers tallies take."""
    return sum(prod(lengths(tally, sizes)) for tally in tallies)


class Layout:
    """Where in a block of counts (..., rows, m + 1) each tally lies.

    tallies : by name        absent : of theories that are not in this market, by name; nothing is kept of them
    rows    : of each tally that is counted: its row, or a slice of rows if it has further axes
    height  : rows of a block
    stocks  : (rows,) int64, 1 = kept from period to period
    """

    def __init__(self, tallies: Iterable[Tally], absent: Iterable[Tally], sizes: Mapping[str, int]) -> None:
        self.tallies = {tally.name: tally for tally in tallies}
        self.absent = {tally.name: tally for tally in absent if tally.name not in self.tallies}
        self._sizes = dict(sizes)
        self.rows: dict[str, int | slice] = {}
        self.height = 0
        for name, tally in self.tallies.items():
            height = prod(lengths(tally, sizes))
            self.rows[name] = slice(self.height, self.height + height) if tally.axes else self.height
            self.height += height
        self.stocks = np.zeros(self.height, np.int64)
        for name, tally in self.tallies.items():
            self.stocks[self.rows[name]] = tally.stock

    def part(self, block: np.ndarray, name: str) -> np.ndarray:
        """Return a tally's part of a block (..., rows, m + 1), as a view: (..., *axes, m + 1)."""
        return block[..., self.rows[name], :].reshape(self._shape(block, name))

    def scaled(self, block: np.ndarray, name: str) -> np.ndarray:
        """Return a tally's part of a block in its unit: (..., *axes, m + 1) float64; NaN if it is absent."""
        if name in self.absent:
            return np.full(self._shape(block, name), np.nan)
        return self.part(block, name) * self.tallies[name].scale

    def _shape(self, block: np.ndarray, name: str) -> tuple[int, ...]:
        tally = self.tallies[name] if name in self.tallies else self.absent[name]
        return (*block.shape[:-2], *lengths(tally, self._sizes), block.shape[-1])
