"""The world: customers, firms, ties, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.core.errors import counted
from abm.world.columns import (
    BEFORE,
    FACETS,
    MOST_OCCASIONS,
    TIERS,
    TILE,
    Block,
    Column,
    Columns,
    Tally,
)  # fmt: skip
from abm.world.layout import Layout
from abm.world.partition import Partition

if TYPE_CHECKING:
    from abm.world.network.ties import Ties
    from abm.world.newcomers import Lives

_NONE = np.empty(0, np.uint32)


def sizes(customers: int, firms: int, tile: int) -> dict[str, int]:
    """Return the length of each axis that every world has."""
    rows = min(tile, max(customers, 1))
    return {
        "customer": customers, "firm": firms, "facet": len(FACETS), "row": rows, "visit": rows * MOST_OCCASIONS,
        "luck": 4, "tier": TIERS, "one": 1,
    }  # fmt: skip


def _whole(by_part: np.ndarray) -> np.ndarray:
    """Return counts (…, parts, rows, m + 1) added up over the parts; of a single part a view."""
    return by_part[:, 0] if by_part.shape[1] == 1 else by_part.sum(axis=1)


class World:
    """What exists: customers, firms, ties, and what is counted.

    customers : columns (n,), (m, n) or (8, n)
    firms     : levers (m,) or (5, m)
    before    : of these, as they were when the period before ended, those that kernels take so
    ties      : compressed rows of word of mouth
    tile      : customers worked on at a time
    book      : visits of a whole period, where a market phase needs them
    partition : cells of customers who are counted apart, None = there are none
    identity  : (n,) uint32, of the customer with whom each row begins; None = the number of the row
    row_of_identity : (n,) uint32, the row that begins with a customer; empty without a partition
    lives     : how customers begin and end, None = nobody does during a run
    segment_names : of the population's segments, in the order of `customers.segment`; () = there are none
    counted   : (workers, rows, m + 1) int64; the last entry counts what belongs to no firm
    history   : (periods, rows, m + 1) int64
    counted_by_part, history_by_part : the same with an axis of parts before that of the rows: a part for each cell of
                the partition, and behind them one for what is counted of firms as a whole
    layout    : where in these a tally is
    by_customer : names of the columns with an entry a customer      defaults : of columns, by name
    """

    def __init__(
        self,
        customers: int,
        firm_names: tuple[str, ...],
        levers: Mapping[str, np.ndarray],
        ties: Ties,
        periods: int,
        burn_in: int = 0,
        periods_per_year: int = 52,
        replication: int = 0,
        workers: int = 1,
        tile: int = TILE,
        axes: Mapping[str, int] | None = None,
        partition: Partition | None = None,
        segment_names: tuple[str, ...] = (),
    ) -> None:
        self.segment_names = segment_names
        self.lives: Lives | None = None
        self.n, self.m = customers, len(firm_names)
        self._part(partition)
        self.firm_names, self.ties = firm_names, ties
        self.periods, self.burn_in, self.periods_per_year = periods, burn_in, periods_per_year
        self.replication, self.workers, self.tile = replication, workers, tile
        self.customers, self.firms = Columns(), Block(levers)
        self.passing = [Columns() for _ in range(workers)]
        self.book, self.before = Columns(), Columns()
        self._as_given = self.firms.memory.copy()
        self.defaults: dict[str, float] = {}
        self._passing_defaults: dict[str, float] = {}
        self._by_pair: list[str] = []
        self.by_customer: set[str] = set()
        self._sizes = sizes(customers, self.m, tile) | dict(axes or {})
        self.layout = Layout((), (), self._sizes)

    def __repr__(self) -> str:
        firms = f"{counted(self.m, 'firm')} ({', '.join(self.firm_names)})"
        return f"<World of {counted(self.n, 'customer')} and {firms} over {counted(self.periods, 'period')}>"

    def allocate(
        self,
        columns: Iterable[Column],
        tallies: Iterable[Tally],
        scratch: Mapping[str, Sequence[Column]] | None = None,
        absent: Iterable[Tally] = (),
    ) -> None:
        """Create the columns with their defaults, and the counters of every tally.

        scratch : columns that only one mechanism sees, by its name; kept as "name.column"
        absent  : tallies that theories would count which this market has not; they read as NaN
        """
        self.extend(columns, scratch or {})
        self.layout = Layout(tallies, absent, self._sizes)
        size = self.nobodys + 1, self.layout.height, self.m + 1
        self.counted_by_part = np.zeros((self.workers, *size), np.int64)
        self.history_by_part = np.zeros((self.periods, *size), np.int64)

    def extend(self, columns: Iterable[Column], scratch: Mapping[str, Sequence[Column]]) -> None:
        """Create further columns with their defaults."""
        for owner, own in scratch.items():
            for column in own:
                self._add_passing(f"{owner}.{column.name}", column)
        for column in columns:
            shape = tuple(self._sizes[axis] for axis in column.axes)
            if column.passing:
                self._add_passing(column.name, column)
            else:
                self.customers.add(column.name, np.zeros(shape, column.dtype))
                if column.axes[-1] == "customer":
                    self.by_customer.add(column.name)
                if column.axes == ("firm", "customer"):
                    self._by_pair.append(column.name)
                self.defaults[column.name] = column.default
                if column.default != 0:
                    self.customers[column.name].fill(column.default)

    @property
    def cells(self) -> list[tuple[int, int]]:
        """First row, and the first behind it, of each cell of customers who are counted apart, then of those in none.

        Without a partition: of all.
        """
        return [(0, self.n)] if self.partition is None else self.partition.rows

    @property
    def nobodys(self) -> int:
        """The part of the counts that belongs to no cell of customers."""
        return 0 if self.partition is None else self.partition.cells

    def only(self, rows: slice | np.ndarray) -> World:
        """Return the world with the customers of some rows; all ties are still there."""
        part = copy(self)
        by_customer, columns = self.by_customer, self.customers.items()
        part.customers = Columns({name: array[..., rows] if name in by_customer else array for name, array in columns})
        part.n = part.customers.customer_id.size
        return part

    @property
    def counted(self) -> np.ndarray:
        """What each worker has counted of the whole market."""
        return _whole(self.counted_by_part)

    @property
    def history(self) -> np.ndarray:
        """What was counted of the whole market, by period."""
        return _whole(self.history_by_part)

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """What is counted, by name."""
        return self.layout.tallies

    @property
    def rows(self) -> Mapping[str, int | slice]:
        """The row of each tally in `counted` and `history`; a slice of rows if it has further axes."""
        return self.layout.rows

    def open_book(self, columns: Mapping[str, Column]) -> None:
        """Make room for the visits of a whole period, each tile's in a place of its own.

        columns : with an entry a visit, by the name under which kernels know that of the whole market
        """
        for name, column in columns.items():
            # As long as every list can be; zeroed memory takes no room before it is written
            record = (self._sizes[axis] for axis in column.axes[1:])
            self.book.add(name, np.zeros((self.n * MOST_OCCASIONS, *record), column.dtype))
        self.book.add("book_start", np.zeros(self.m + 1, np.int64))
        self.book.add("book_visit", np.zeros(self.n * MOST_OCCASIONS, np.uint32))
        self._list_tiles()

    def _list_tiles(self) -> None:
        """Make room in the book for what is kept of each tile; the last of a cell may be shorter."""
        most = -(-self.n // self.tile) + len(self.cells)
        self.book.add("tile_rows", np.array([self.tile], np.int64))
        self.book.add("tile_length", np.zeros(most, np.int64))
        self.book.add("tile_first", np.zeros(most, np.int64))

    def keep_levers(self, names: Iterable[str]) -> None:
        """Keep levers from now on as they are when a period ends, for kernels that take `<lever>_before`."""
        for name in names:
            if name not in self.before:
                self.before.add(name, self.firms[name].copy())

    def set_tile(self, tile: int) -> None:
        """Work on another number of customers at a time, before the kernels are bound; ValueError beyond the room."""
        room = self._sizes["row"]
        if min(tile, self.n) > room:
            raise ValueError(f"a tile of {tile} does not fit into scratch for {room} customers")
        self.tile = tile
        if "tile_rows" in self.book:
            self._list_tiles()

    def clear_passing(self) -> None:
        """Let what passes between mechanisms stand at its defaults, as a kernel may rely on those.

        Scratch, which a mechanism writes before it reads it, stays.
        """
        for worker in self.passing:
            for name, array in worker.items():
                if "." not in name:
                    array.fill(self._passing_defaults[name])

    def _add_passing(self, name: str, column: Column) -> None:
        self._passing_defaults[name] = column.default
        for worker in self.passing:
            worker.add(name, np.full(tuple(self._sizes[axis] for axis in column.axes), column.default, column.dtype))

    def _part(self, partition: Partition | None) -> None:
        self.partition = partition
        self.identity = None if partition is None else partition.identity
        # A copy, as rows move when customers leave their cells
        self.row_of_identity = _NONE if partition is None else partition.row.copy()

    def restart(self, ties: Ties, replication: int, partition: Partition | None = None) -> None:
        """Go back to the state after `allocate`, in the same arrays, for another replication.

        partition : of as many cells as before
        """
        self.ties, self.replication = ties, replication
        self._part(partition)
        if "tile_length" in self.book:
            self.book.tile_length.fill(0)
        self.firms.memory[:] = self._as_given
        for name, kept in self.before.items():
            kept[...] = self.firms[name]
        for name, default in self.defaults.items():
            self.customers[name].fill(default)
        self.counted_by_part.fill(0)
        self.history_by_part.fill(0)

    def varying(self) -> dict[str, Any]:
        """Return what is another array or number in another replication, by the name that kernels know it under."""
        ties = self.ties
        return {
            "tie_start": ties.start, "tie_target": ties.target.view(np.uint32), "tie_weight": ties.weight,
            "heaviest_tie": float(ties.weight.max(initial=0.0)), "replication": self.replication,
            "row_of_identity": self.row_of_identity,
        }  # fmt: skip

    def count(self, name: str, rows: np.ndarray, amounts: np.ndarray) -> None:
        """Add whole numbers (m, k) of customers in rows (k,) to a tally, where these customers are counted."""
        for part, (first, last) in enumerate(self.cells):
            inside = (first <= rows) & (rows < last)
            self.layout.part(self.counted_by_part[0, part], name)[: self.m] += amounts[:, inside].sum(axis=1)

    def count_of_firms(self, name: str, amounts: np.ndarray) -> None:
        """Add whole numbers (m,) to a tally that no customer in particular is counted for."""
        self.layout.part(self.counted_by_part[0, self.nobodys], name)[: self.m] += amounts

    def named(self, worker: int = 0, part: int = 0) -> dict[str, Any]:
        """Return everything that a kernel's parameter may name: name -> array or number.

        worker, part : whose counts it sees
        """
        return {
            **self.firms, **self.passing[worker], **self.customers, **self.varying(), **self.book,
            **{f"{name}{BEFORE}": kept for name, kept in self.before.items()},
            **{f"{name}_at": self.customers[name].reshape(-1) for name in self._by_pair},
            **{name: self.layout.part(self.counted_by_part[worker, part], name) for name in self.tallies},
            "counted_part": part, "history": self.history_by_part, "periods": self.periods, "burn_in": self.burn_in,
            "periods_per_year": self.periods_per_year,
        }  # fmt: skip

    def row_of(self, tally: str) -> int | None:
        """Return the row of `history` in which a tally is recorded, -1 if nobody counts it; None if there is none."""
        row = self.rows.get(tally, -1 if tally in self.layout.absent else None)
        return row.start if isinstance(row, slice) else row

    def lookup(self, name: str, worker: int) -> Any:
        """Return the array or number that a kernel's parameter names, or None."""
        return self.named(worker).get(name)

    def names(self) -> list[str]:
        """Return every name that a kernel's parameter may have."""
        return sorted({*self.named(), "key", "lo", "hi", "t"})

    def tallied(self, name: str) -> np.ndarray:
        """Return what was counted of a tally: (periods, *axes, m + 1) float64 in its unit; NaN if it is absent."""
        return self.layout.scaled(self.history, name)

    def bytes(self) -> int:
        """Return the memory held by columns, ties and counters, in bytes."""
        arrays = [*self.customers.values(), *self.firms.values(), *self.before.values()]
        arrays += [self.counted_by_part, self.history_by_part]
        arrays += [a for worker in self.passing for a in worker.values()]
        arrays += [self.ties.start, self.ties.target, self.ties.weight]
        return sum(a.nbytes for a in arrays)
