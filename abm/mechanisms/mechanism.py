"""The extension point: a mechanism, the phases of a period, and the plan of a run.

A mechanism is a spec with kernels. A kernel's parameters say what it works on: a column (`trust`, or `trust_at` for
the same as one row of pairs of firm and customer), a tally, a firm lever or a tie array of that name, a field or
property of the mechanism, `key` (its stream of random numbers), `replication`, and `lo, hi, t` (rows of the tile,
period). Nothing else needs wiring.
"""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, ClassVar

from abm.core.errors import Refusal, did_you_mean
from abm.core.kernels import Kernel
from abm.core.programs import Call
from abm.core.spec import Spec
from abm.core.streams import stream_key
from abm.world.columns import Column, Tally, World


class Phase(IntEnum):
    """The order of every period; part of the model, printed in its description."""

    CALENDAR = 0
    MARKET = 1
    LEVERS = 2
    CONTACT = 3
    CHOICE = 4
    OPERATIONS = 5
    ENCOUNTER = 6
    VOICE = 7
    LEARNING = 8
    LOYALTY = 9
    WORD_OF_MOUTH = 10
    LIFECYCLE = 11
    ACCOUNTS = 12


class Mechanism(Spec, ABC):
    """One theory of what happens in a period.

    name       : of its section in a scenario and of its stream of random numbers
    phase      : when in the period
    owns       : columns that it alone creates
    writes     : columns of other mechanisms that its kernels change
    counts     : tallies that its kernels add to
    """

    name: ClassVar[str]
    phase: ClassVar[Phase]
    owns: ClassVar[tuple[Column, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[tuple[Tally, ...]] = ()

    def kernels(self) -> tuple[Kernel, ...]:
        """Return the kernels to run at this phase, tile by tile (or once a period, for kernels so marked)."""
        return ()

    def deliveries(self) -> tuple[Kernel, ...]:
        """Return the kernels that read other customers: they run when everybody has finished the period."""
        return ()

    def begin(self, world: World, seed: int) -> None:
        """Set the initial state of the columns that it owns, where the default is not enough."""

    @property
    def interrupts(self) -> bool:
        """Whether the mechanism works in plain Python, through `step`."""
        return type(self).step is not Mechanism.step

    def step(self, world: World, t: int) -> None:
        """Work in plain Python once a period: before the visits for phases up to CONTACT, at its end for later ones."""

    def bind(self, kernel: Kernel, world: World, seed: int, named: Mapping[str, Any] | None = None) -> Call:
        """Fix a kernel's arguments: own fields first, then what the world holds under the name.

        named : what the world holds, as a worker sees it (`World.named`); left out = as the first worker does
        Raises Refusal if a parameter names nothing.
        """
        values: list[Any] = []
        own, named = _own_names(type(self)), named or world.named()
        for name in kernel.arguments:
            value: Any = getattr(self, name) if name in own else named.get(name)
            if name == "key":
                value = stream_key(seed, self.name)
            if value is None:
                known = [*world.names(), *type(self).model_fields]
                raise Refusal(
                    f"kernel {kernel.name} of {self.name} takes {name!r}, which is no column, tally, lever or "
                    f"parameter{did_you_mean(name, known)}"
                )
            values.append(value)
        return Call(kernel, values)


@lru_cache
def _own_names(kind: type[Mechanism]) -> frozenset[str]:
    """Return what a kernel of this mechanism may name of the mechanism itself: its fields and its properties."""
    properties = {name for name in dir(kind) if isinstance(inspect.getattr_static(kind, name), property)}
    return frozenset(kind.model_fields) | properties


def plan(mechanisms: Sequence[Mechanism]) -> list[Mechanism]:
    """Return the mechanisms by phase, then as listed.

    Raises Refusal if two share a name or own the same column, or if one writes a column that nobody owns.
    """
    owners: dict[str, str] = {}
    for mechanism in mechanisms:
        for name in [column.name for column in mechanism.owns] + [tally.name for tally in mechanism.counts]:
            if name in owners:
                raise Refusal(f"{name} is owned by both {owners[name]} and {mechanism.name}")
            owners[name] = mechanism.name
    names = [mechanism.name for mechanism in mechanisms]
    for name in names:
        if names.count(name) > 1:
            raise Refusal(f"two mechanisms are called {name!r}")
    for mechanism in mechanisms:
        for written in mechanism.writes:
            if written not in owners:
                raise Refusal(
                    f"{mechanism.name} writes {written!r}, which no mechanism owns{did_you_mean(written, owners)}"
                )
    return sorted(mechanisms, key=lambda mechanism: mechanism.phase)
