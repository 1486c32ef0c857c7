"""The steps of a period: what mechanisms do in which phase, sums opened, the book of visits kept where it is needed."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from abm.core.errors import Refusal, one_of
from abm.core.kernels import Kernel
from abm.core.programs import Call
from abm.mechanisms.mechanism import Act, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.shipped import place
from abm.mechanisms.sums import Sum, has_term, sum_meant
from abm.scenario.firm import Firm
from abm.world.world import World


@dataclass(frozen=True)
class Step:
    """Something that a mechanism does in a phase: a kernel, or a plain function of (world, period).

    renamed : parameters of the kernel that stand for something of another name
    given   : parameters of the kernel that are numbers
    """

    phase: Phase
    mechanism: Mechanism
    act: Act
    renamed: tuple[tuple[str, str], ...] = ()
    given: tuple[tuple[str, float], ...] = ()

    @property
    def name(self) -> str:
        """Name of the kernel or function."""
        return self.act.name if isinstance(self.act, Kernel) else self.act.__name__

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """What the kernel takes, by the names that the world knows; () of a plain function."""
        renamed = dict(self.renamed)
        return tuple(renamed.get(a, a) for a in self.act.arguments) if isinstance(self.act, Kernel) else ()

    @cached_property
    def takes(self) -> frozenset[str]:
        """The same, in no order."""
        return frozenset(self.arguments)

    def bind(self, world: World, seed: int, named: Mapping[str, Any]) -> Call:
        """Fix the kernel's arguments."""
        assert isinstance(self.act, Kernel)
        scratch = f"{self.mechanism.name}."
        own = {taken: named.get(scratch + name, named.get(name)) for taken, name in self.renamed} | dict(self.given)
        own |= {f"{self.mechanism.name}.{taken}": value for taken, value in own.items()}  # before its scratch
        return self.mechanism.bind(self.act, world, seed, ChainMap(own, dict(named)) if own else named)


def steps_of(mechanisms: Iterable[Mechanism], off: Sequence[str] = (), firms: Sequence[Firm] = ()) -> list[Step]:
    """Return what mechanisms do in a period, in the order in which it is done.

    off : names of mechanisms that are switched off
    Raises Refusal for a kernel or function in a phase of the wrong scope.
    """
    ordered = sorted(mechanisms, key=lambda mechanism: place(mechanism.name))
    found = [
        Step(phase, mechanism, act, tuple(dict(*renamed).items()))
        for mechanism in ordered
        for phase, act, *renamed in schedule_of(mechanism, off, firms)
    ]
    for step in found:
        _check_scope(step)
    found = _read(ordered, found)
    return sorted(_sums(ordered, found), key=lambda step: step.phase.place)


def schedule_of(mechanism: Mechanism, off: Sequence[str], firms: Sequence[Firm]) -> Schedule:
    """Return what a mechanism does under what the firms have set; if it is switched off, the terms that stay."""
    kind = type(mechanism).policy
    policies = () if kind is None else tuple(firm.policy(kind) for firm in firms)
    return mechanism.schedule_when_off(policies) if mechanism.name in off else mechanism.schedule(policies)


def _read(mechanisms: Sequence[Mechanism], found: Sequence[Step]) -> list[Step]:
    """Return the steps without terms of sums that nobody reads."""
    taken_in: dict[str, set[Phase]] = {}
    for step in found:
        for name in step.takes:
            taken_in.setdefault(sum_meant(name), set()).add(step.phase)
    sums = (one for mechanism in mechanisms for one in mechanism.sums)
    unread = {one.name for one in sums if not taken_in.get(one.name, set()) - {one.phase}}
    return [step for step in found if not unread & step.takes]


def _sums(mechanisms: Sequence[Mechanism], found: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps with those that open sums before them, and behind each term the same for parts of its sum.

    Parts are sums without one mechanism, or of one alone. Term by term, as what a term takes may change in its phase.
    """
    sums = [(one, mechanism) for mechanism in mechanisms for one in mechanism.sums]
    parts: dict[str, list[str]] = {one.name: [] for one, _ in sums}
    for name in sorted({name for step in found for name in step.takes}):
        if name != sum_meant(name):
            parts.get(sum_meant(name), []).append(name)
    for one, mechanism in sums:
        if any(_is_term(step, one) or _reads_in_book(step, one) for step in found):
            yield _opening(one, mechanism, one.name)
        for name in parts[one.name]:
            yield _opening(one, mechanism, name)
    for step in found:
        yield step
        for one, _ in sums:
            for name in parts[one.name] if parts[one.name] and _is_term(step, one) else ():
                if has_term(name, step.mechanism.name):
                    yield replace(step, renamed=(*step.renamed, (one.name, name)))


def _is_term(step: Step, one: Sum) -> bool:
    return step.phase == one.phase and one.name in step.takes


def _reads_in_book(step: Step, one: Sum) -> bool:
    """Return whether a step reads a sum in the book of visits, where only what was written before is."""
    return step.phase.scope == "market" and one.name in step.takes


def _opening(one: Sum, mechanism: Mechanism, name: str) -> Step:
    return Step(one.phase, mechanism, one.opening, (("opened", name),), (("start", one.start),))


def _check_scope(step: Step) -> None:
    phase = step.phase
    if not isinstance(step.act, Kernel):
        kind, fits = "a plain function", phase.scope == "market"
    else:
        kind = f'a kernel with per="{step.act.per}"'
        fits = (step.act.per == "tile") == (phase.scope == "tile")
    if fits:
        return
    if phase.scope == "tile":
        near = sorted((other for other in Phase if other.scope == "market"), key=lambda o: abs(o.place - phase.place))
        advice = (
            f'{phase.name} is worked on tile by tile; give it per="tile", or put it into a phase that sees all '
            f"customers, such as {one_of(other.name for other in near[:2])}"
        )
    else:
        advice = (
            f'{phase.name} sees all customers at once; give it per="share", "market" or "firm", or put it into a '
            "phase of tiles"
        )
    raise Refusal(f"{step.name} of {step.mechanism.name} is {kind}, and {advice}")
