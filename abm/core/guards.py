"""Guarded arrays: a kernel is followed in plain Python, and every entry that it reads or writes is looked at.

Machine code does not look: an index beyond the end of an array reads or destroys whatever lies there, and one below 0
counts from the end. numba's own check finds the first alone, and does not say in which array.

What is followed has the numbers of the machine code: literals and float32 stay float32, and whole numbers are widened
as the compiler widens them.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CellType, FunctionType
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Fault(Exception):
    """What a kernel does wrong: the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class Span:
    """Entries that may be used: those whose index on one axis is in first..last.

    stride, length : of the axis, in entries
    otherwise      : what is said of an entry whose index, {}, is not
    """

    stride: int
    length: int
    first: int
    last: int
    otherwise: str


class Guarded(NDArrayOperatorsMixin):
    """A copy of an array that refuses what a kernel may not do to it.

    name    : the parameter
    lowest  : index from which it may be used; -1 where the last entry is nobody's, and nobody is -1
    used    : what may be read and written
    changed : what may be written
    written : (size,) whether an entry has been
    """

    def __init__(
        self, name: str, array: np.ndarray, lowest: int = 0, used: Iterable[Span] = (), changed: Iterable[Span] = ()
    ) -> None:
        self.name, self.lowest, self.used, self.changed = name, lowest, tuple(used), tuple(changed)
        self.whole, self.dtype = array.shape, array.dtype
        self.entries = array.ravel().copy()
        self.written = np.zeros(array.size, np.bool_)
        self.places = np.arange(array.size).reshape(array.shape)  # of a part of the array: a part of these

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.places.shape

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        for place in self.places.flat:
            self._look(self.used, int(place), "reads")
        return self.entries[self.places].astype(dtype or self.dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **keywords: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Guarded) else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **keywords)
        if out is None:
            return result
        out[0][...] = result
        return out[0]

    def entry(self, place: int) -> str:
        """Return how an entry is written: trust[0, 12]."""
        return f"{self.name}[{', '.join(str(int(k)) for k in np.unravel_index(place, self.whole))}]"

    def ravel(self) -> Guarded:
        """Return the same entries as one row."""
        return self._part(self.places.reshape(-1))

    def reshape(self, *shape: Any) -> Guarded:
        """Return the same entries in another shape."""
        return self._part(self.places.reshape(*shape))

    def fill(self, value: Any) -> None:
        """Write all entries."""
        self[...] = value

    def __getitem__(self, index: Any) -> Any:
        found = self._found(index, "reads")
        if isinstance(found, np.ndarray):
            return self._part(found)
        self._look(self.used, found, "reads")
        value, kind = self.entries[found], self.dtype.kind
        if kind == "u" and self.dtype.itemsize == 4:
            return int(value)  # goes with numbers signed and unsigned, as it does in machine code
        return value if kind == "f" or self.dtype == np.uint64 else np.int64(value)

    def __setitem__(self, index: Any, value: Any) -> None:
        found = self._found(index, "writes", value)
        if not isinstance(found, np.ndarray):
            self._put(found, value)
            return
        for place, one in zip(found.flat, np.broadcast_to(np.asarray(value), found.shape).flat, strict=True):
            self._put(place, one)

    def _part(self, places: np.ndarray) -> Guarded:
        part = copy.copy(self)
        part.places = places
        return part

    def _found(self, index: Any, verb: str, value: Any = None) -> Any:
        """Return the place of an entry, or the places of several."""
        keys = index if isinstance(index, tuple) else (index,)
        for key, length in zip(keys, self.shape, strict=False):
            if key is not Ellipsis and not isinstance(key, slice) and not self.lowest <= operator.index(key) < length:
                at = ", ".join(":" if isinstance(k, slice) else str(k) for k in keys)
                have = " x ".join(map(str, self.shape))
                raise Fault(f"{verb} {self.name}[{at}]{_set_to(value)}, outside its {have} entries")
        return self.places[index]

    def _put(self, place: int, value: Any) -> None:
        self._look(self.used, place, "writes", value)
        self._look(self.changed, place, "writes", value)
        if self.dtype.kind in "iu":
            limits = np.iinfo(self.dtype)
            if not limits.min <= value <= limits.max:
                at = self.entry(place)
                raise Fault(f"writes {at}{_set_to(value)}, which {self.dtype} cannot hold")
        self.entries[place] = value
        self.written[place] = True

    def _look(self, spans: Iterable[Span], place: int, verb: str, value: Any = None) -> None:
        for span in spans:
            k = place // span.stride % span.length
            if not span.first <= k < span.last:
                at = self.entry(place)
                raise Fault(f"{verb} {at}{_set_to(value)}, but {span.otherwise.format(k)}")


def number(value: Any) -> str:
    """Return a number as messages show it."""
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _set_to(value: Any) -> str:
    return "" if value is None else f" = {number(value)}"


def in_python(function: Any, known: dict[int, FunctionType] | None = None) -> FunctionType:
    """Return a compiled function as plain Python, and all that it calls by name.

    known : functions done before, by their id; filled
    """
    known = {} if known is None else known
    source = getattr(function, "py_func", function)
    if id(source) not in known:
        cells = tuple(CellType() for _ in source.__closure__ or ())
        known[id(source)] = plain = FunctionType(
            source.__code__, dict(source.__globals__), source.__name__, source.__defaults__, cells or None
        )
        for name in {*source.__code__.co_names} & plain.__globals__.keys():
            plain.__globals__[name] = _named(plain.__globals__[name], known)
        for cell, original in zip(cells, source.__closure__ or (), strict=True):
            cell.cell_contents = _named(original.cell_contents, known)
    return known[id(source)]


def _named(value: Any, known: dict[int, FunctionType]) -> Any:
    """Return what a name outside of a function is in plain Python: a number there is float64 to the compiler."""
    if hasattr(value, "py_func"):
        return in_python(value, known)
    return np.float64(value) if type(value) is float else value


__all__ = ["Fault", "Guarded", "Span", "in_python", "number"]
