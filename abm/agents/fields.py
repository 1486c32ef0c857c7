"""Fields: a customer's entries in the columns, read and written one customer or many at a time.

The engine checks nothing while it runs, so what is written from outside is checked here: a provider that does not exist
would send a kernel beyond the end of an array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from abm.core.errors import Refusal, did_you_mean, shown
from abm.core.parameters import interval
from abm.scenario import plan
from abm.scenario.scenario import Scenario
from abm.world.columns import FACETS, Column
from abm.world.units import Bounds, allowed
from abm.world.world import World

Index = int | slice | np.ndarray

FIXED = ("id", "bits", "code")  # units of what the engine alone may write: identities and messages
STOCKS = {"points": "points_outstanding"}  # columns whose total is carried from period to period rather than recounted


def columns_of(scenario: Scenario) -> list[Column]:
    """Return the columns in which every customer has an entry of her own."""
    found = plan.needed(scenario.population, *scenario.ever())
    return [column for column in found if column.axes[-1] == "customer"]


def fields_of(scenario: Scenario, world: World) -> dict[str, Field]:
    """Return the fields of a world's customers by name."""
    labels: dict[str, tuple[str, ...]] = {"firm": world.firm_names, "facet": FACETS}
    fields = {}
    for column in columns_of(scenario):
        axis = column.axes[0] if len(column.axes) > 1 else ""
        stock = world.layout.part(world.counted[0], STOCKS[column.name]) if column.name in STOCKS else None
        bounds, entries = allowed(column, world.m, len(world.segment_names)), labels.get(axis, ())
        fields[column.name] = Field(column, world.customers[column.name], bounds, entries, stock)
    return fields


class Field:
    """A column of one world.

    array  : (n,), or (k, n) for a column with k entries a customer, one per firm or facet
    bounds : inclusive, of what may be written; None = open
    labels : names of the k entries; () = they have none
    stock  : (m + 1,) running total of the column by firm, kept in step with what is written; None = there is none
    """

    def __init__(
        self, column: Column, array: np.ndarray, bounds: Bounds, labels: tuple[str, ...], stock: np.ndarray | None
    ) -> None:
        self.column, self.array, self.bounds, self.labels, self.stock = column, array, bounds, labels, stock
        self.several = array.ndim > 1
        self.whole = array.dtype.kind != "f"
        self.wide = np.int64 if self.whole else np.float64
        largest = (np.iinfo if self.whole else np.finfo)(array.dtype)
        low, high = bounds
        self.low = float(largest.min if low is None else low)
        self.high = float(largest.max if high is None else high)
        self.plain = column.unit not in FIXED and stock is None and array.ndim <= 2

    def read(self, row: int) -> Any:
        """Return a customer's entry as a plain number, or her entries."""
        return Entries(self, row) if self.several else self.array.item(row)

    def values(self, rows: Index) -> np.ndarray:
        """Return the entries of customers: (len(rows),) or (len(rows), k), a copy in float64 or int64."""
        return self.array[..., rows].T.astype(self.wide)

    def by_entry(self, rows: Index) -> dict[str, np.ndarray]:
        """Return the entries of customers (len(rows),), by the column's name, or by "trust.north" where it has several.

        Where its entries have no names, their places stand for these.
        """
        name, values = self.column.name, self.values(rows)
        if not self.several:
            return {name: values}
        flat = values.reshape(len(values), -1)
        labels = self.labels if flat.shape[1] == len(self.labels) else range(flat.shape[1])
        return {f"{name}.{label}": flat[:, k] for k, label in enumerate(labels)}

    def write(self, rows: Index, value: Any, item: Any = ...) -> None:
        """Write a number to customers, or k of them to each.

        item : which of the k entries; ... = all
        Raises Refusal for a value that the column cannot hold, AttributeError for a column that is not to be written.
        """
        quick = self.plain and (type(value) is int or (type(value) is float and not self.whole))
        if quick and self.low <= value <= self.high:
            self.array[(item, rows) if self.several else rows] = value
        else:
            self._write_checked(rows, value, item)

    def _write_checked(self, rows: Index, value: Any, item: Any) -> None:
        number = self._number(value)
        old = self.array[..., rows]
        new = old.copy()
        try:
            new[item] = number[:, None] if new.ndim > number.ndim > 0 and self.several else number
        except ValueError:
            room = f"its {len(self.array)} entries" if self.several else "one number"
            raise self._refusal(value, f"does not fit {room}") from None
        if np.any(np.isnan(new) & ~np.isnan(old)):
            raise self._refusal(value, "is not a number")
        if self.stock is not None:
            change = new.astype(np.int64) - old
            self.stock[: len(change)] += change if change.ndim == 1 else change.sum(axis=1)
        self.array[..., rows] = new

    def place(self, label: str) -> int:
        """Return the index of a firm or facet.  Raises Refusal for a name that is none of them."""
        if label not in self.labels:
            raise Refusal(f"no entry {shown(label)} in Customer.{self.column.name}{did_you_mean(label, self.labels)}")
        return self.labels.index(label)

    def _number(self, value: Any) -> np.ndarray:
        if self.column.unit in FIXED:
            raise AttributeError(f"Customer.{self.column.name} is written by the model alone: {self.column.meaning}")
        number = np.asarray(value)
        if number.dtype.kind not in ("biuf" if self.column.unit == "bool" else "iuf"):
            raise self._refusal(value, "is not a number")
        unknown = np.isnan(number) & np.isnan(self.column.default)
        if not np.all((number >= self.low) & (number <= self.high) | unknown):
            raise self._refusal(value, f"is outside {interval(self.bounds)} ({self.column.unit})")
        if self.whole and np.any(number != np.floor(number)):
            raise self._refusal(value, "is not a whole number")
        return number

    def _refusal(self, value: Any, why: str) -> Refusal:
        plain = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        return Refusal(f"= {shown(plain)} {why}", place=f"Customer.{self.column.name}")


class Entries(np.ndarray):
    """A customer's entries in a column with a firm (or facet) axis, (k,) float64 or int64.

    They are a snapshot, as a number would be, so what was read stays what it was when the model goes on. Assigning to
    them writes the column: `c.trust[0] = 0.9`, `c.trust["north"] = 0.9`, `c.trust += 0.1`. Arithmetic and slices
    return plain arrays.
    """

    field: Field | None = None
    row: int = -1

    def __new__(cls, field: Field, row: int) -> Entries:
        """Read the entries of a row."""
        entries = field.array[..., row].astype(field.wide).view(cls)
        entries.flags.writeable = False  # what would change the snapshot but not the column is an error
        entries.field, entries.row = field, row
        return entries

    def __getitem__(self, item: Any) -> Any:
        """Return an entry by index or name, or a plain array of some."""
        if isinstance(item, str) and self.field is not None:
            item = self.field.place(item)
        return np.asarray(self)[item]

    def __setitem__(self, item: Any, value: Any) -> None:
        """Write an entry by index or name, or some of them, to the column."""
        if self.field is None:
            super().__setitem__(item, value)
            return
        item = self.field.place(item) if isinstance(item, str) else item
        self.field.write(self.row, value, item)
        self.flags.writeable = True
        super().__setitem__(..., self.field.array[..., self.row])
        self.flags.writeable = False

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: Any, *inputs: Any, out: tuple[Any, ...] | None = None, **keywords: Any
    ) -> Any:
        """Calculate with plain arrays; a result that is to go into entries is written to the column."""
        plain = [np.asarray(x) if isinstance(x, Entries) else x for x in inputs]
        if out is None or not isinstance(out[0], Entries):
            return getattr(ufunc, method)(*plain, **keywords | ({"out": out} if out else {}))
        out[0][...] = getattr(ufunc, method)(*plain, **keywords)
        return out[0]

    def __deepcopy__(self, memo: dict[int, Any] | None) -> np.ndarray:  # type: ignore[override]
        """Return a plain array: a copy belongs to no customer."""
        return np.array(self)

    def __reduce__(self) -> Any:
        """Pickle as a plain array."""
        return np.array(self).__reduce__()


class Entry:
    """A column as an attribute of an agent that has a `row` and a `model` with fields."""

    def __init__(self, column: Column) -> None:
        self.name = column.name
        per = f", one for each {column.axes[0]}" if len(column.axes) > 1 else ""
        self.__doc__ = f"{column.meaning[:1].upper()}{column.meaning[1:]} ({column.unit}{per})."

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        """Return the agent's entry; of the class, this description."""
        if agent is None:
            return self
        if self.name not in agent.model.fields:
            raise AttributeError(f"this scenario has no column {self.name!r}")
        return agent.model.fields[self.name].read(agent.row)

    def __set__(self, agent: Any, value: Any) -> None:
        """Write the agent's entry."""
        agent.model.fields[self.name].write(agent.row, value)
