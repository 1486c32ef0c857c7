"""The extension point: a mechanism, and how its kernels get what they work on.

A mechanism is a spec with kernels. A kernel's parameters say what it works on: a column (`trust`, or `trust_at` for
the same as one row of pairs of firm and customer), a tally, a firm lever or a tie array of that name, a field or
property of the mechanism, `key` (its stream of random numbers), `replication`, and `lo, hi, t` (rows of the tile,
period). Nothing else needs wiring.

`price_before` is the lever `price` as it was when the period before ended, whoever has moved it since, and cannot be
written. In period 0, or the first period of a theory that is switched on during a run, it is the lever as it begins.
"""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal, did_you_mean, shown
from abm.core.kernels import Kernel
from abm.core.programs import Call
from abm.core.spec import Spec
from abm.core.streams import stream_key
from abm.kpis.kpi import Kpi
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.mechanisms.sums import Sum
from abm.world.columns import ROW, Column, Tally
from abm.world.world import World


@dataclass(frozen=True)
class AtDates:
    """A plain function that has something to do only in periods that are a multiple of `every`."""

    function: Callable[[World, int], None]
    every: int

    def __call__(self, world: World, t: int) -> None:
        """Act, if it is a date."""
        if t % self.every == 0:
            self.function(world, t)

    @property
    def __name__(self) -> str:
        """Name of the function."""
        return self.function.__name__


def documentation(act: Any) -> str:
    """Return the docstring of what a mechanism does: of the function that acts at dates."""
    return (act.function if isinstance(act, AtDates) else act).__doc__ or ""


Act = Kernel | Callable[[World, int], None]
Schedule = Sequence[tuple[Phase, Act] | tuple[Phase, Act, Mapping[str, str]]]


class Mechanism(Spec, ABC):
    """One theory of what happens in a period.

    name       : of its section in a scenario and of its stream of random numbers
    owns       : columns that it alone creates
    scratch    : columns that no other mechanism sees, kept while a tile is worked on
    sums       : quantities that it reads and every mechanism may add to
    writes     : columns and levers of others that its kernels change
    counts     : tallies that its kernels add to
    kpis       : what is measured of it
    policy     : what firms set for it
    trait      : of the population that it is about; where customers have none of it, nothing is scheduled; "" = none
    needs      : names of theories without which it would have nothing to work on
    serves     : rows of abm/library/coverage.toml that are wholly covered with it
    standard   : whether a scenario has it unless it says otherwise; another is on if its section is there
    """

    name: ClassVar[str]
    owns: ClassVar[tuple[Column, ...]] = ()
    scratch: ClassVar[tuple[Column, ...]] = ()
    sums: ClassVar[tuple[Sum, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[tuple[Tally, ...]] = ()
    kpis: ClassVar[tuple[Kpi, ...]] = ()
    policy: ClassVar[type[Policy] | None] = None
    trait: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()
    serves: ClassVar[tuple[str, ...]] = ()
    standard: ClassVar[bool] = False

    @model_validator(mode="after")
    def _has_a_name(self) -> Mechanism:
        if not isinstance(getattr(type(self), "name", None), str):
            raise Refusal(f"the class has no name; write in it name = {shown(type(self).__name__.lower())}")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what happens when: kernels, each with its phase, in the order within a phase.

        policies : of the firms in their order, None of a firm without one; () if the mechanism has no policy

        In a market phase a plain function of (world, period) may stand in a kernel's place; `AtDates` spares the
        engine a stop in every period, if it acts in few. A table behind a kernel
        says which of its parameters stand for something of another name. Nothing = the mechanism costs nothing.
        """
        return ()

    def schedule_when_off(self, policies: Sequence[Any]) -> Schedule:
        """Return the terms that its columns, left as they begin, add to sums when it is switched off."""
        return ()

    def idle(self) -> tuple[str, ...]:
        """Return parameters that kernels or the beginning name, but that have no effect under another one's choice."""
        return ()

    def fits(self, market: Any) -> None:
        """Refuse what firms or other theories set that it cannot work with.

        market : the scenario, whose parts have each been checked      Raises Refusal with the next step.
        """

    def axes(self) -> Mapping[str, int]:
        """Return the length of each axis of its columns that not every world has."""
        return {}

    def begin(self, world: World, seed: int) -> None:
        """Set the initial state of those of its columns that exist, where the default is not enough.

        A world may be one of newcomers alone, who take the rows of others later: what a customer begins with follows
        from her identity and traits, and not from who else is there, their number, or the ties.
        """

    def settle(self, world: World, rows: np.ndarray) -> None:
        """Settle what customers in rows (k,) hold who leave the market: what is counted as a stock falls.

        Their columns are set anew for the newcomers who take the rows.
        """

    def bind(self, kernel: Kernel, world: World, seed: int, named: Mapping[str, Any] | None = None) -> Call:
        """Fix a kernel's arguments: own fields and scratch first, then what the world holds under the name.

        named : what the world holds, as a worker sees it (`World.named`); left out = as the first worker does
        Raises Refusal if a parameter names nothing.
        """
        values: list[Any] = []
        own, named = own_names(type(self)), world.named() if named is None else named
        for name in kernel.arguments:
            value: Any = getattr(self, name) if name in own else named.get(f"{self.name}.{name}", named.get(name))
            if name == "key":
                value = stream_key(seed, self.name)
            elif value is None and name.endswith(ROW):
                value = world.row_of(name.removesuffix(ROW))
            if value is None:
                known = [*world.names(), *type(self).model_fields]
                raise Refusal(
                    f"kernel {kernel.name} of {self.name} takes {name!r}, which is no column, tally, lever or "
                    f"parameter{did_you_mean(name, known)}"
                )
            values.append(value)
        return Call(kernel, values)


@lru_cache
def own_names(kind: type[Mechanism]) -> frozenset[str]:
    """Return what a kernel of this mechanism may name of the mechanism itself: its fields and its properties."""
    properties = {name for name in dir(kind) if isinstance(inspect.getattr_static(kind, name), property)}
    return frozenset(kind.model_fields) | (properties - _OF_EVERY_SPEC)


_OF_EVERY_SPEC = {name for name in dir(Mechanism) if isinstance(inspect.getattr_static(Mechanism, name), property)}
