"""Programs: kernels with their arrays fixed, run period by period from compiled code.

A `Call` fixes all of a kernel's arguments but rows and period; a `Program` runs calls in stages, so that a period of a
small market does not pay for Python dispatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numba
import numpy as np

from abm.core import disk_cache
from abm.core.kernels import COMPILED, Kernel, plain, stamp
from abm.core.lowering import invoke, words_of
from abm.core.meeting import GIVE_WAY, counters, meet

_ALONE = counters()  # of a meeting of one, who never waits


class Call:
    """A kernel with its arrays and numbers fixed; arrays are shared, never copied."""

    def __init__(self, kernel: Kernel, arguments: Iterable[Any]) -> None:
        self.kernel = kernel
        self.arguments = [plain(a) for a in arguments]
        for name, value in zip(kernel.arguments, self.arguments, strict=True):
            if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
                raise TypeError(f"kernel {kernel.name}: array {name} is not contiguous")

    def __call__(self, lo: int, hi: int, t: int) -> None:
        """Run for rows lo..hi of period t through Python."""
        clock = {"lo": lo, "hi": hi, "t": t}
        self.kernel(*self.arguments, *(clock[c] for c in self.kernel.clock))

    def layout(self, known: dict[int, tuple[Any, list[int]]]) -> tuple[tuple[Any, ...], np.ndarray]:
        """Return the kinds of the arguments, and the arguments as 8-byte words in the compiler's order for arrays.

        known : kinds and words of arrays met before, by their id; filled
        """
        kinds: list[Any] = [self.kernel]
        out: list[int] = []
        for value in self.arguments:
            if value.__class__ is np.ndarray:
                found = known.get(id(value))
                if found is None:
                    found = known[id(value)] = (value.dtype.num, value.ndim), words_of(value)
                kinds.append(found[0])
                out += found[1]
            else:
                kinds.append(value.__class__)
                out += words_of(value)
        return tuple(kinds), np.array(out, np.uint64)


_entries: dict[
    Any, int
] = {}  # by kernel, what it is made of and kinds of arguments; machine code lives as long as the process


def _entry(call: Call, kinds: tuple[Any, ...]) -> int:
    """Return the address of the C function (words, lo, hi, t) that runs the call's kernel."""
    key = call.kernel.made_of(), kinds
    found = _entries.get(key)
    if found is None:
        found = _entries[key] = call.kernel.entry(call.arguments)
    return found


def _run_periods(entries, words, stops, tiled, meets, bounds, tile, t, end, members, counters, give_way):
    """Run all stages for periods t..end on the rows of each, (S, 2); a tiled stage goes tile by tile.

    meets (S,) : after which stages the members wait for each other, if there are several
    """
    for period in range(t, end):
        start = 0
        for stage in range(stops.shape[0]):
            lo, stop = bounds[stage, 0], bounds[stage, 1]
            step = tile if tiled[stage] else stop - lo
            while lo < stop:
                hi = min(stop, lo + step)
                for c in range(start, stops[stage]):
                    invoke(entries[c], words[c], lo, hi, period)  # type: ignore[call-arg]
                lo = hi
            start = stops[stage]
            if members > 1 and meets[stage] and not meet(counters, members, give_way):
                return


if COMPILED:
    _run_periods = numba.njit(nogil=True, error_model="numpy")(_run_periods)
    # renewed with core, of which the way to call an entry is a part
    disk_cache.attach(_run_periods, stamp)


class Program:
    """Bound calls in stages, run from compiled code.

    stages : consecutive groups of calls; a tiled stage runs all its calls on one tile before the next tile
    meets  : after which stages those who run the same stages on other rows wait for each other; left out = after all

    Calls of a kind of their own do more than their kernel: they are run from Python.
    """

    def __init__(self, stages: Sequence[tuple[bool, Sequence[Call]]], meets: Sequence[bool] = ()) -> None:
        self.stages = [(tiled, list(calls)) for tiled, calls in stages]
        self.meets = np.array(meets or [True] * len(self.stages), np.bool_)
        self._places: dict[str, list[tuple[Call, int, int, int]]] = {}
        self.compiled = COMPILED and all(type(call) is Call for _, group in self.stages for call in group)
        if self.compiled:
            calls = [call for _, group in self.stages for call in group]
            known: dict[int, tuple[Any, list[int]]] = {}
            laid_out = [call.layout(known) for call in calls]
            self._words = [words for _, words in laid_out]
            self._entries = np.array(
                [_entry(call, kinds) for call, (kinds, _) in zip(calls, laid_out, strict=True)], np.uint64
            )
            self._addresses = np.array([w.__array_interface__["data"][0] for w in self._words], np.uint64)
            self._stops = np.cumsum([len(group) for _, group in self.stages]).astype(np.int64)
            self._tiled = np.array([tiled for tiled, _ in self.stages], np.bool_)

    def rebind(self, values: Mapping[str, Any]) -> None:
        """Give all calls that take them other values of some arguments, of the same types."""
        if self._places.keys() != values.keys():
            self._places = {name: list(self._taking(name)) for name in values}
        for name, value in values.items():
            new = plain(value)
            words = words_of(new)
            for call, c, k, first in self._places[name]:
                call.arguments[k] = new
                if self.compiled:
                    self._words[c][first : first + len(words)] = words

    def _taking(self, name: str) -> Iterator[tuple[Call, int, int, int]]:
        """Yield the calls that take an argument: call, its place, and the argument's place and that of its words."""
        for c, call in enumerate(call for _, group in self.stages for call in group):
            if name in call.kernel.arguments:
                k = call.kernel.arguments.index(name)
                yield call, c, k, sum(len(words_of(value)) for value in call.arguments[:k])

    def __reduce__(self) -> Any:
        raise TypeError("a program holds addresses of this process; it cannot be copied or pickled")

    def run(self, bounds: Any, tile: int, t: int, end: int, members: int = 1, counters: np.ndarray = _ALONE) -> None:
        """Run periods t..end on the rows of each stage, tile rows at a time where a stage is tiled.

        bounds  : (S, 2) int64, first row and the first behind it; or a pair of whole numbers for all stages
        members : how many run programs of the same stages at the same time, and wait for each other by `counters`
        """
        if isinstance(bounds, tuple):
            bounds = np.tile(np.array(bounds, np.int64), (len(self.stages), 1))
        if self.compiled:
            stages = self._stops, self._tiled, self.meets, bounds
            _run_periods(self._entries, self._addresses, *stages, tile, t, end, members, counters, GIVE_WAY)
            return
        for period in range(t, end):
            for stage in range(len(self.stages)):
                self.run_stage(stage, bounds[stage], tile, period)

    def run_stage(self, stage: int, rows: Any, tile: int, t: int) -> None:
        """Run one stage for period t through Python."""
        (tiled, calls), (first, last) = self.stages[stage], (int(row) for row in rows)
        for lo in range(first, last, tile if tiled else max(last - first, 1)):
            for call in calls:
                call(lo, min(last, lo + tile) if tiled else last, t)
