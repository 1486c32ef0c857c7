"""Checked runs: every kernel is followed in plain Python before its machine code runs, and refused for what is wrong.

The world is changed by the machine code alone, so a run in which nothing is wrong has the bits of any other. What
Python does is done to copies of a kernel's arrays; if it differs from what the machine code leaves, that is said too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from abm.core.effects import written_by
from abm.core.errors import Refusal
from abm.core.guards import Fault, Guarded, Span, in_python, number
from abm.core.kernels import CLOCK, Kernel
from abm.core.parameters import interval
from abm.core.programs import Call
from abm.engine.binding import Binder
from abm.engine.engine import Engine
from abm.engine.stages import Stage
from abm.mechanisms.mechanism import own_names
from abm.mechanisms.sums import sum_meant
from abm.scenario import plan
from abm.scenario.book import BOOK, VISITS
from abm.scenario.scenario import Scenario
from abm.scenario.steps import Step
from abm.world.columns import Column
from abm.world.units import allowed
from abm.world.world import World

TILES = 3  # of a small market, so that a kernel can go beyond its own
_LIST = "visit_count"
_ROUNDING = 1e-6  # a sum of float32 shares may come out so far above 1
_APART = 1e-4  # plain Python may round a float32 expression otherwise, not differ by so much
_SHARED_BY = {"tile": "customer", "share": "customer", "firm": "firm"}  # axis that lo..hi are on


def check_kernels(scenario: Scenario, seed: int = 1, periods: int = 3, threads: int = 1, customers: int = 60) -> None:
    """Run a scenario's first periods in a small market, every kernel checked entry by entry.

    periods   : that are run; the books close after the last
    threads   : that the rows are shared out over, one after the other
    customers : at most; the check is slow.  A scenario whose graph is in a file keeps its own

    Raises Refusal for the first thing that is wrong: an index outside an array, a visit that is not on the list, a row
    of another tile, a column that is not declared, a number that a column cannot hold.  What a kernel leaves is looked
    at when it ends. Plain functions, and what mechanisms do before the first period, are run without a check. Of a
    scenario with dates every stretch is run by itself.
    """
    for _, still in scenario.stretches():
        _check_still(still, seed, periods, threads, customers)


def _check_still(scenario: Scenario, seed: int, periods: int, threads: int, customers: int) -> None:
    small = scenario.replace({"periods": periods, "burn_in": min(scenario.burn_in, periods)})
    if scenario.network.segment_homophily:  # ties that few customers may not have, and that no kernel is checked by
        small = small.replace({"network.segment_homophily": 0.0})
    if scenario.network.kind != "file":
        some = max(customers, scenario.network.isolated)
        small = small.replace({"population.customers": min(some, scenario.population.customers)})
    CheckedEngine(small, seed, threads=threads).run(periods)


class CheckedEngine(Engine):
    """An engine that follows every kernel in plain Python; it has small tiles, and shares are done in turn."""

    def __init__(self, scenario: Scenario, seed: int, replication: int = 0, threads: int = 1) -> None:
        mechanisms = scenario.mechanisms()
        for mechanism in mechanisms:
            plan.check_kernels(mechanism, scenario.firms, mechanisms)
        super().__init__(scenario, seed, replication, threads)

    def binder(self) -> Binder:
        """Return what binds calls that are followed."""
        self.world.set_tile(-(-self.world.n // TILES) or 1)
        usual = super().binder()
        return _CheckedBinder(self.scenario, usual.world, usual.seed, usual.threads, bool(self._closings), self._follow)


class _CheckedBinder(Binder):
    """Binds calls that are followed in plain Python."""

    def __init__(self, scenario: Scenario, *usual: Any) -> None:
        super().__init__(*usual)
        steps, mechanisms = scenario.steps(), scenario.mechanisms()
        lists = [step for step in steps if isinstance(step.act, Kernel) and _LIST in written_by(step.act.function)]
        self._listed = steps[steps.index(lists[0]) + 1 :] if lists else []
        self._sums = {one.name for mechanism in mechanisms for one in mechanism.sums}
        self._columns = {column.name: column for column in plan.needed(scenario.population, mechanisms, steps)}

    def calls(self, stage: Stage, named: Mapping[str, Any]) -> list[Call]:
        """Return the calls of a stage."""
        calls = super().calls(stage, named)
        steps = [step for step in stage.steps if isinstance(step.act, Kernel)]
        if not steps:  # the call that records the period
            return calls
        return [
            CheckedCall(
                call, step, self.world, self._columns, self._sums, named[_LIST] if step in self._listed else None
            )
            for call, step in zip(calls, steps, strict=True)
        ]


class CheckedCall(Call):
    """A call that is followed in plain Python before it is made.

    columns : of the scenario, by name          sums : names of those that any kernel may add to
    listed  : (1,) how many visits are on the list; None = the kernel acts before there is one
    """

    def __init__(
        self,
        call: Call,
        step: Step,
        world: World,
        columns: Mapping[str, Column],
        sums: Collection[str],
        listed: np.ndarray | None,
    ) -> None:
        super().__init__(call.kernel, call.arguments)
        self._mechanism, self._world, self._listed = step.mechanism, world, listed
        scratch = {column.name: column for column in self._mechanism.scratch}
        own = own_names(type(self._mechanism))
        known = dict(zip(self.kernel.arguments, step.arguments, strict=True))  # it may mean another name
        self._meant = known
        tiled = {name for name, of in known.items() if not of.startswith(BOOK)} - own  # of the book all is there
        found = {name: scratch.get(name, columns.get(plan.base(known[name]))) for name in tiled}
        self._columns = {name: column for name, column in found.items() if column is not None}
        columns_of_its_own = (*self._mechanism.owns, *self._mechanism.scratch)
        tallies = (tally.name for tally in self._mechanism.counts)
        self._declared = {*(column.name for column in columns_of_its_own), *tallies, *self._mechanism.writes}
        self._declared |= {name for name, of in known.items() if sum_meant(of) in sums}
        if step.mechanism.name == VISITS:  # what keeps the list of visits is the engine's own
            self._declared |= {*known}
        if _LIST in written_by(self.kernel.function):  # what makes the list may use all of it
            self._listed = None
        self._followed = in_python(self.kernel._compiled)

    def __call__(self, lo: int, hi: int, t: int) -> None:
        """Follow the kernel for rows lo..hi of period t, then run it.  Raises Refusal for what is wrong."""
        named = list(zip(self.kernel.arguments, self.arguments, strict=True))
        guards = {name: self._guarded(name, x, lo, hi) for name, x in named if isinstance(x, np.ndarray)}
        clock = {"lo": lo, "hi": hi, "t": t}
        try:
            with np.errstate(all="ignore"):  # as in machine code
                self._followed(
                    *(guards.get(name, x) for name, x in named), *(CLOCK[c](clock[c]) for c in self.kernel.clock)
                )
            written = {name: guard for name, guard in guards.items() if guard.written.any()}
            self._check_declared(written)
            super().__call__(lo, hi, t)
            for guard, array in ((written[name], x.reshape(-1)) for name, x in named if name in written):
                self._check_values(guard, array)
                self._check_agreement(guard, array)
        except Fault as fault:
            raise self._refusal(str(fault), t) from None
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise self._refusal(f"cannot be followed in plain Python: {error}", t) from error

    def _refusal(self, what: str, t: int) -> Refusal:
        return Refusal(f"kernel {self.kernel.name} of {self._mechanism.name} {what} (period {t})")

    def _guarded(self, name: str, array: np.ndarray, lo: int, hi: int) -> Guarded:
        """Return a copy of an array that knows what this kernel may do to it."""
        if name in self._world.tallies:
            return Guarded(name, array, lowest=-1)  # the last entry is nobody's
        used, changed = [], []
        for axis, stride, length in self._axes(name, array):
            if axis == "visit" and self._listed is not None:
                count = int(self._listed[0])
                otherwise = f"visit {{}} is not on the list of {count}; loop over range({_LIST}[0])"
                used.append(Span(stride, length, 0, count, otherwise))
            elif axis == "row" and self.kernel.per == "tile":
                otherwise = f"the tile has {hi - lo} rows; that of customer i is i - lo"
                used.append(Span(stride, length, 0, hi - lo, otherwise))
            elif axis == _SHARED_BY.get(self.kernel.per):
                otherwise = f"{axis} {{}} is none of those it is given, {lo} to {hi - 1}"
                changed.append(Span(stride, length, lo, hi, otherwise))
        return Guarded(name, array, 0, used, changed)

    def _axes(self, name: str, array: np.ndarray) -> Iterator[tuple[str, int, int]]:
        """Yield each axis of an array: its name, how many entries lie between two of it, its length."""
        column, world, meant = self._columns.get(name), self._world, self._meant[name]
        axes = column.axes if column else ("firm",) if name in world.firms else ()
        shape = world.customers[plan.base(meant)].shape if column and meant != plan.base(meant) else array.shape
        stride = 1
        for axis, length in zip(reversed(axes), reversed(shape), strict=False):  # a lever may have tiers before firms
            yield axis, stride, length
            stride *= length

    def _check_declared(self, written: Mapping[str, Guarded]) -> None:
        for name in written:
            if not {name, plan.base(name)} & self._declared:
                raise Fault(f"writes {plan.base(name)!r}, which {self._mechanism.name} does not declare")

    def _check_values(self, guard: Guarded, left: np.ndarray) -> None:
        """Look at what has been left in a column where something was written."""
        column = self._columns.get(guard.name)
        if column is None:
            return
        room = 0.0
        if left.dtype.kind == "f":
            room = _ROUNDING
            self._refuse(guard, left, np.isinf(left), "which is no number")
            if not math.isnan(column.default):
                self._refuse(guard, left, np.isnan(left), "which is no number")
        low, high = allowed(column, self._world.m, len(self._world.segment_names))
        text = f"outside {interval((low, high))} ({column.unit})"
        if low is not None:
            self._refuse(guard, left, left < low - room, text)
        if high is not None:
            self._refuse(guard, left, left > high + room, text)

    def _check_agreement(self, guard: Guarded, left: np.ndarray) -> None:
        """Look whether plain Python and the machine code have done the same."""
        if left.dtype.kind == "f":
            same = np.isclose(left, guard.entries, _APART, _ROUNDING, equal_nan=True)
        else:
            same = left == guard.entries
        if not same.all():
            place = int(np.argmin(same))
            raise Fault(
                f"leaves {guard.entry(place)} = {number(left[place])}, and {number(guard.entries[place])} in plain "
                "Python, so it cannot be checked; say which type its numbers have, such as np.int64(x)"
            )

    @staticmethod
    def _refuse(guard: Guarded, left: np.ndarray, wrong: np.ndarray, why: str) -> None:
        found = np.flatnonzero(wrong & guard.written)
        if found.size:
            raise Fault(f"leaves {guard.entry(found[0])} = {number(left[found[0]])}, {why}")
