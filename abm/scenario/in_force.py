"""Which parameters a run rests on: those that some step of some period takes, and not all that could be written.

What a mechanism's kernels take is read off their arguments, what its properties and plain functions use off their code.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from types import CodeType
from typing import Any

from abm.core.kernels import Kernel
from abm.core.parameters import meaning_of
from abm.core.spec import Spec
from abm.mechanisms.mechanism import AtDates, Mechanism
from abm.mechanisms.policy import Policy
from abm.scenario.changes import steps_by_stretch
from abm.scenario.scenario import Scenario
from abm.scenario.steps import Step
from abm.world.columns import BEFORE
from abm.world.correlation import PAIRS
from abm.world.network.network import STRENGTHS, USED_BY, WRITTEN

_OF_A_LOG = ("log_until", "log_dates")
_TIES = ("tie_start", "tie_target", "tie_weight")


def in_force(scenarios: Iterable[Scenario]) -> list[str]:
    """Return the paths of the parameters that runs of some scenarios rest on, at any date, each once.

    Firms are "*" ("firms.*.price"): a lever is in force if it is in force for one of them. What is left out of a period
    because a number is 0 or a section is not there is not in force, nor is that number.
    """
    found: dict[str, None] = {}
    for scenario in scenarios:
        for _, still, steps in steps_by_stretch(scenario):
            found |= dict.fromkeys(_of(still, steps))
    return list(found)


def _of(scenario: Scenario, steps: Sequence[Step]) -> Iterator[str]:
    yield from (name for name, field in type(scenario).model_fields.items() if meaning_of(field))
    yield from _of_population(scenario)
    if any(name in step.arguments for step in steps for name in _TIES):
        yield from _of_network(scenario)
    for mechanism in scenario.mechanisms():
        own = [step for step in steps if step.mechanism == mechanism]
        yield from (f"{mechanism.name}.{name}" for name in _of_mechanism(mechanism, own))
    taken = {name for step in steps for name in step.arguments}
    taken |= {name for step in steps if not isinstance(step.act, Kernel) for name in _read_by(_function(step.act))}
    for kind in scenario.policies():
        yield from (f"firms.*.{name}" for name in _of_policy(kind, scenario, taken))


def _of_population(scenario: Scenario) -> Iterator[str]:
    people = scenario.population
    unused = {*people.from_log, *(name for name in ("log", *_OF_A_LOG) if getattr(people, name) is None)}
    unused |= set() if people.traits else {"drop_out", "drop_out_shape"}
    for name, field in type(people).model_fields.items():
        if meaning_of(field) and name not in unused:
            yield f"population.{name}"
    for pair, traits in PAIRS.items():
        if people.alike.isdisjoint(traits):
            yield f"population.correlation.{pair}"
    if people.segments:
        said = (name for segment in people.segments for name in segment.model_fields_set)
        yield from dict.fromkeys(f"population.segments.*.{name}" for name in said)


def _of_network(scenario: Scenario) -> Iterator[str]:
    network = scenario.network
    yield "network.kind"
    taken = (name for name, kinds in USED_BY.items() if network.kind in kinds and name not in WRITTEN)
    yield from (f"network.{name}" for name in taken)
    yield from (f"network.{name}" for name in STRENGTHS)


def _of_mechanism(mechanism: Mechanism, steps: Sequence[Step]) -> list[str]:
    """Return the fields of a mechanism that its steps use, and what its customers begin with; () if it does nothing."""
    if not steps:
        return []
    used: set[str] = set()
    for step in steps:
        used |= {*step.act.arguments} if isinstance(step.act, Kernel) else _used_by(_function(step.act))
    if mechanism.owns:
        used |= _used_by(type(mechanism).begin)
    kind = type(mechanism)
    words = {name for name in kind.model_fields if isinstance(getattr(mechanism, name), str)}
    found = _fields(kind, used | (words & _used_by(kind.schedule)))
    return [name for name in found if name not in mechanism.idle()]


def _of_policy(kind: type[Policy], scenario: Scenario, taken: set[str]) -> list[str]:
    """Return where firms set a policy, of what some step takes, or what levers that are taken follow from."""
    set_by = [(policy, firm) for firm in scenario.firms if (policy := firm.policy(kind)) is not None]
    used = {name.removesuffix(BEFORE) for name in taken}
    if any(used & {*policy.worked_out(firm)} for policy, firm in set_by):
        used |= _used_by(kind.worked_out)
    inside = f"{kind.name}." if kind.name else ""
    return [inside + name for name in _fields(kind, used)] if set_by else []


def _fields(kind: type[Spec], used: Iterable[str]) -> list[str]:
    """Return those fields of a spec that names stand for, themselves or through its properties and methods."""
    fields, names = kind.model_fields, _members(kind)
    found, open_names = set[str](), {*used} & names
    while open_names:
        name = open_names.pop()
        member = getattr(kind, name) if name not in fields else None
        function = member.fget if isinstance(member, property) else member
        if name in fields:
            found.add(name)
        elif hasattr(function, "__code__"):
            found.add(name)
            open_names |= (_used_by(function) & names) - found
    return [name for name in fields if name in found]


@cache
def _members(kind: type[Spec]) -> frozenset[str]:
    """Return the fields of a spec, and what else its class has."""
    return frozenset({*kind.model_fields, *dir(kind)})


def _function(act: Any) -> Any:
    return act.function if isinstance(act, AtDates) else act


@lru_cache(maxsize=1024)
def _read_by(function: Any) -> frozenset[str]:
    """Return what a plain function may read: names of attributes and texts in its code, and in what it calls there.

    What it calls are functions of theories that it names, and methods of its own class.
    """
    seen, ahead = set[Any](), [getattr(function, "__func__", function)]
    own = type(getattr(function, "__self__", None))
    while ahead:
        one = ahead.pop()
        if one not in seen and hasattr(one, "__code__"):
            seen.add(one)
            called = (one.__globals__.get(name, getattr(own, name, None)) for name in _names(one.__code__))
            ahead += [inspect.unwrap(call) for call in called if _of_a_theory(call)]
    texts = {text for one in seen for text in _texts(one.__code__)}
    return frozenset(texts).union(*(_names(one.__code__) for one in seen))


def _of_a_theory(call: Any) -> bool:
    return inspect.isfunction(call) and str(call.__module__).startswith("abm.mechanisms.")


def _texts(code: CodeType) -> Iterator[str]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _texts(inner)
        else:
            yield from (text for text in (inner if isinstance(inner, tuple) else (inner,)) if isinstance(text, str))


@lru_cache(maxsize=1024)
def _used_by(function: Any) -> frozenset[str]:
    """Return the names of attributes that a function's code uses."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    return frozenset(_names(code)) if code else frozenset()


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)
