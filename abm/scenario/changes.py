"""Dated changes: levers and parameters that take on other values at a period, for good or until another.

Between two dates a scenario stands still: it is a row of *stretches*, each a scenario without dates. Everything that a
date may bring is checked when the scenario is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import floor
from typing import TYPE_CHECKING, Any

from pydantic import create_model, model_validator

from abm.core.errors import CONTINUES, Refusal, below, joined, shown
from abm.core.kernels import Kernel
from abm.core.paths import segments
from abm.core.spec import Spec, param
from abm.mechanisms.mechanism import Mechanism, own_names
from abm.scenario.firm import Firm, levers
from abm.scenario.steps import Step

Scenario = Any  # of scenario.py, which imports this file
_MOST_KNOWN = 64
# Stretches of scenarios, by the scenario's identity while it is kept here: every run asks for them, and each takes the
# checks of a whole scenario.
_KNOWN: dict[int, tuple[Any, tuple[tuple[int, Any], ...]]] = {}
FIXED = ("preset", "periods", "burn_in", "periods_per_year", "population", "network", "extras", "changes", "firms")
AT_THE_START = "initial_"  # before the name of what says how a run begins
_LAST = 100_000


class _Dated(Spec):
    """What changes at a date.

    name  : how figures and paths call it: "changes.launch.from"
    from  : first period of the change        until : first period after it; None = it is for good
    ramp  : periods in which numbers go there in equal steps, and back again after `until`; 0 or 1 = at once
    set   : path -> value: levers, and parameters of theories
    """

    name: str = param(..., unit="name", evidence="assumed", doc="how figures and paths call the change")
    ramp: int = param(0, unit="periods", bounds=(0, _LAST), evidence="assumed", doc="time in which numbers move")
    until: int | None = param(
        None, unit="period", bounds=(1, _LAST), evidence="assumed", doc="first period after the change"
    )
    set: dict[str, Any] = param(..., unit="path = value", evidence="assumed", doc="what changes")

    @model_validator(mode="after")
    def _agrees(self) -> _Dated:
        if not self.set:
            raise Refusal("= {} changes nothing; write path = value", place="set")
        room = None if self.until is None else self.until - self.start
        if room is not None and room < 1:
            raise Refusal(f"{CONTINUES}{self.until} is not after from = {self.start}", place="until")
        if room is not None and self.ramp > room:
            raise Refusal(f"{CONTINUES}{self.ramp} is longer than the {room} periods of the change", place="ramp")
        return self

    @property
    def start(self) -> int:
        """The period from which it holds."""
        return int(getattr(self, "from"))

    @property
    def steps(self) -> int:
        """Periods that it takes to get there."""
        return max(1, self.ramp)

    def dates(self) -> Iterator[int]:
        """Yield the periods at which something moves."""
        yield from range(self.start, self.start + self.steps)
        if self.until is not None:
            yield from range(self.until, self.until + self.steps)

    def share(self, t: int) -> float:
        """Return how much of the change has been made in period t: 0 = nothing, 1 = all."""
        there = min(1.0, max(0, t - self.start + 1) / self.steps)
        back = 0.0 if self.until is None else min(1.0, max(0, t - self.until + 1) / self.steps)
        return there - back


_from = param(unit="period", bounds=(0, _LAST), evidence="assumed", doc="first period of the change")
if TYPE_CHECKING:

    class Change(_Dated):
        """What changes at a date."""

else:  # `from` is a word of the language, which no class body can name
    Change = create_model(
        "Change", __base__=_Dated, __module__=__name__, __doc__=_Dated.__doc__, **{"from": (int, _from)}
    )


def stretches(scenario: Scenario) -> tuple[tuple[int, Scenario], ...]:
    """Return the first period of each stretch and the scenario without dates that holds in it, in order."""
    if not scenario.changes:
        return ((0, scenario),)
    known = _KNOWN.get(id(scenario))
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.pop(next(iter(_KNOWN)))
        known = _KNOWN[id(scenario)] = scenario, _stretches(scenario)
    return known[1]


def _stretches(scenario: Scenario) -> tuple[tuple[int, Scenario], ...]:
    still = scenario.replace({"changes": ()})
    dates = {0, *(t for change in scenario.changes for t in change.dates())}
    return tuple((t, _standing(still, scenario.changes, t)) for t in sorted(dates) if t < max(scenario.periods, 1))


def _standing(still: Scenario, changes: Iterable[Change], t: int) -> Scenario:
    """Return the scenario as it stands in period t."""
    for change in sorted(changes, key=lambda change: change.start):
        share = change.share(t)
        if share > 0:
            with _placed(change, "set"):
                still = still.replace({path: _between(still, path, value, share) for path, value in change.set.items()})
    return still


@contextmanager
def _placed(change: Change, inside: str = "") -> Iterator[None]:
    """Put the change before the place of a refusal."""
    try:
        yield
    except Refusal as inner:
        place = joined(f"changes.{change.name}{'.' if inside else ''}{inside}", inner.place)
        raise Refusal(inner.message, place=place) from None


def _between(scenario: Scenario, path: str, value: Any, share: float) -> Any:
    if share == 1:
        return value
    before = scenario.value_at(path)
    if isinstance(before, tuple) and isinstance(value, tuple) and len(before) == len(value):
        return tuple(_moved(*pair, share, path) for pair in zip(before, value, strict=True))
    return _moved(before, value, share, path)


def _moved(before: Any, after: Any, share: float, path: str) -> float | int:
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in (before, after)):
        raise Refusal(f"from {shown(before)} to {shown(after)} there is no way in steps; leave out ramp", place=path)
    moved = before + (after - before) * share
    return floor(moved + 0.5) if isinstance(before, int) and isinstance(after, int) else float(moved)


def check(scenario: Scenario) -> None:
    """Refuse dates beyond the run, two changes of one value at once, and what cannot change during a run."""
    still = scenario.replace({"changes": ()})
    for place, change in enumerate(scenario.changes):
        if change.name in [other.name for other in scenario.changes[:place]]:
            raise Refusal(f"two changes are called {change.name!r}", place="changes")
        with _placed(change):
            _check_dates(change, still.periods)
        with _placed(change, "set"):
            _check_places(change)
    in_order = sorted(scenario.changes, key=lambda change: change.start)
    for place, change in enumerate(in_order):
        with _placed(change):
            _check_apart(change, in_order[:place])
    for change in scenario.changes:
        _check_set(change, _standing(still, [other for other in in_order if other is not change], change.start))
    before = still
    for t, world in stretches(scenario):
        lengths = before.axes()
        if any(lengths.get(axis, length) != length for axis, length in world.axes().items()):
            raise Refusal(f"at period {t} a change gives columns another length; that is fixed for the run")
        if "bernoulli" in {before.need.process, world.need.process} and before.need.process != world.need.process:
            why = "makes chances of purchase rates, or rates of chances; customers keep what they began with"
            raise Refusal(f"at period {t} a change of need.process {why}")
        before = world


def _check_dates(change: Change, periods: int) -> None:
    for place, date in (("from", change.start + 1), ("until", change.until or 0)):
        if date > periods:
            raise Refusal(f"{CONTINUES}{getattr(change, place)} lies beyond the run (periods = {periods})", place=place)


def _check_places(change: Change) -> None:
    for path in change.set:
        root, *rest = segments(path)
        if root in FIXED and (root not in ("firms", "extras") or len(rest) < 2 or rest[1] == "name"):
            raise Refusal("is fixed for the run; levers and parameters of theories can change", place=path)
        if (rest or [root])[-1].startswith(AT_THE_START):
            raise Refusal("says how a run begins; it cannot change later", place=path)


def _check_apart(change: Change, earlier: Iterable[Change]) -> None:
    """Refuse a change of a value that another is still at work on; one for good is over when it is there."""
    for other in earlier:
        over = (other.start if other.until is None else other.until) + other.steps
        for path in change.set if change.start < over else ():
            for second in other.set:
                if path == second or path.startswith(f"{second}.") or second.startswith(f"{path}."):
                    then = f"from period {change.start}, when {other.name!r} does so too"
                    raise Refusal(f"changes '{path}' {then}", place="from")


def _check_set(change: Change, still: Scenario) -> None:
    """Refuse values that are not allowed, and such as nothing would come of.  still : just before the change"""
    with _placed(change, "set"):
        there = still.replace(change.set)
        for path in change.set:
            besides = {other: value for other, value in change.set.items() if other != path}
            if there.value_at(path) != still.value_at(path) and _same_without(still, besides, there):
                raise Refusal("makes no difference after the start of a run: no kernel reads it", place=path)
            if change.ramp > 1:
                _between(still, path, there.value_at(path), 0.5)


def _same_without(still: Scenario, besides: dict[str, Any], there: Scenario) -> bool:
    """Return whether kernels read the same without one of the values of a change."""
    try:
        return _inputs(still.replace(besides)) == _inputs(there)
    except Refusal:  # the others are allowed only with it
        return False


def _inputs(scenario: Scenario) -> list[Any]:
    """Return all that the kernels of a scenario read of parameters and levers."""
    steps = scenario.steps()
    held = levers(scenario.firms, scenario.policies())
    plain = any(not isinstance(step.act, Kernel) for step in steps)
    taken = {name for step in steps for name in step.arguments}
    read: list[Any] = [(name, lever.tobytes()) for name, lever in held.items() if plain or name in taken]
    for step in steps:
        kind: type[Mechanism] = type(step.mechanism)
        own = own_names(kind)
        given = [getattr(step.mechanism, name) for name in step.arguments if name in own]
        read.append((step.phase, step.name, given if isinstance(step.act, Kernel) else step.mechanism))
    return read


def steps_by_stretch(scenario: Scenario) -> Iterator[tuple[int, Scenario, tuple[Step, ...]]]:
    """Yield the first period of each stretch, the scenario that holds in it, and what is done in its periods."""
    earlier: tuple[Firm, ...] = ()
    for t, still in stretches(scenario):
        yield t, still, still.steps(earlier)
        earlier = stood(earlier, still.firms)


def stood(earlier: tuple[Firm, ...], firms: Iterable[Firm]) -> tuple[Firm, ...]:
    """Return firms as they stood before and as they stand, each once."""
    return (*earlier, *(firm for firm in firms if firm not in earlier))


def ever(scenario: Scenario) -> tuple[tuple[Mechanism, ...], list[Step]]:
    """Return the mechanisms and the steps of all stretches, each once."""
    mechanisms: dict[str, Mechanism] = {}
    steps: dict[Any, Step] = {}
    for _, world, done in steps_by_stretch(scenario):
        mechanisms |= {one.name: one for one in world.mechanisms() if one.name not in mechanisms}
        steps |= {(s.phase, s.mechanism.name, s.name, s.renamed): s for s in done}
    return tuple(mechanisms.values()), sorted(steps.values(), key=lambda step: step.phase.place)


def differences(before: Any, after: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and new value of what differs between two scenarios, as deep inside as it can be said."""
    if isinstance(before, Spec) and type(before) is type(after):
        for name in type(before).model_fields:
            inside = place if name in type(before).unfolded else below(place, name)
            yield from differences(getattr(before, name), getattr(after, name), inside)
    elif isinstance(before, tuple) and _names(before) == _names(after) != []:
        for one, other in zip(before, after, strict=True):
            yield from differences(one, other, below(place, one.name))
    elif before != after:
        yield place, after


def _names(items: Any) -> list[str]:
    """Return the names of a tuple's specs; [] if it holds anything else."""
    named = isinstance(items, tuple) and all(isinstance(item, Spec) and hasattr(item, "name") for item in items)
    return [item.name for item in items] if named else []
