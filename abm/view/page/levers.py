"""Levers: everything that can be set in a market, as controls show it, made from the specs of theories and firms.

A theory that is added appears here by itself: its parameters, and those of the policy that firms set for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from abm.core import presets
from abm.core.errors import Refusal, below
from abm.core.parameters import Bounds, Parameter
from abm.core.spec import Spec
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.shipped import shipped
from abm.scenario.scenario import NEEDED, Scenario
from abm.view.catalogue import summary_line

State = Literal["on", "off", "always"]
Kind = Literal["number", "whole number", "switch", "word", "text"]

SHARED = "the market"  # owner of what both arms have in common
THEORIES = "theories"  # owner of what holds for all firms
OF_SCENARIO = ("periods", "burn_in", "periods_per_year")
_PRESET = "preset"
_FIRST = "price"  # of what stands in a firm, the lever that is shown first
_WIDE = 10.0  # times its default, up to which a slider shows the whole range of a lever
_STEPS = 100  # of a slider, about
_KINDS: dict[str, Kind] = {"number": "number", "whole number": "whole number", "true or false": "switch"}


@dataclass(frozen=True)
class Lever:
    """One value that can be set.

    path     : in a scenario              label : its last step in words
    words    : that are allowed, () = any
    low, high, step : of a slider; the field beside it takes all that the bounds allow
    evidence : "" for what is declared without one
    """

    path: str
    label: str
    kind: Kind
    unit: str
    bounds: Bounds | None
    default: Any
    evidence: str
    source: str
    doc: str
    words: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01


@dataclass(frozen=True)
class Section:
    """The levers of a theory, or of a firm's policy for one.

    path  : in a scenario, "" = the scenario itself          owner : a firm's name, THEORIES or SHARED
    state : "on", "off", or "always" for what cannot be switched
    """

    path: str
    title: str
    about: str
    owner: str
    state: State
    levers: tuple[Lever, ...]


def sections(scenario: Scenario) -> list[Section]:
    """Return all levers of a scenario: of each firm, of the theories, and of the market that both arms share."""
    found = _of_firms(scenario)
    found.sort(
        key=lambda one: one.path != below("firms", one.owner)
    )  # the price and what else stands in the firm first
    theories = [_section(kind, kind.name, THEORIES, _state(scenario, kind)) for kind in _theories(scenario)]
    found += sorted(theories, key=lambda one: one.state == "off")
    rows = [row for row in type(scenario).parameters() if row.path in OF_SCENARIO]
    found.append(Section("", "Length of a run", "", SHARED, "always", tuple(_lever(row, None) for row in rows)))
    for name in ("population", "network"):
        found.append(_section(type(getattr(scenario, name)), name, SHARED, "always"))
    return found


def theory_of(scenario: Scenario, name: str) -> type[Mechanism] | None:
    """Return the theory of a section's name, None if there is none."""
    return next((kind for kind in _theories(scenario) if kind.name == name), None)


def value(scenario: Scenario, lever: Lever) -> Any:
    """Return what a lever is set to; None where it is not set, or its theory is off."""
    try:
        return scenario.value_at(lever.path)
    except Refusal:
        return None


def _theories(scenario: Scenario) -> list[type[Mechanism]]:
    return list(dict.fromkeys([*shipped(), *map(type, scenario.extras)]))


def _of_firms(scenario: Scenario) -> list[Section]:
    """Return what each firm sets for theories in the market: first what stands in the firm itself, then sections."""
    theories = [kind for kind in _theories(scenario) if _state(scenario, kind) != "off"]
    there = [kind for kind in scenario.policies() if kind in {theory.policy for theory in theories}]
    found = []
    for firm in scenario.firms:
        own = below("firms", firm.name)
        plain = [_lever(row, type(firm)) for row in type(firm).parameters(own) if row.path == below(own, _PRESET)]
        plain += [lever for kind in there if not kind.name for lever in _levers(kind, own)]
        plain.sort(key=lambda lever: lever.path != below(own, _FIRST))
        found.append(Section(own, "Price, promise, costs", "", firm.name, "always", tuple(plain)))
        for kind in (kind for kind in there if kind.name):
            state: State = "always" if not kind.optional else "on" if firm.policy(kind) else "off"
            found.append(_section(kind, below(own, kind.name), firm.name, state, kind.name))
    return found


def _state(scenario: Scenario, kind: type[Mechanism]) -> State:
    if kind.name in NEEDED:
        return "always"
    there = getattr(scenario, kind.name) is not None if kind in shipped() else True
    return "on" if there and kind.name not in scenario.off else "off"


def _section(spec: type[Spec], path: str, owner: str, state: State, title: str = "") -> Section:
    return Section(path, in_words(title or path), summary_line(spec), owner, state, _levers(spec, path))


@cache
def _levers(spec: type[Spec], path: str) -> tuple[Lever, ...]:
    """Return the levers of a spec that stands at a path; those of items in lists and tables are left out."""
    return tuple(_lever(row, spec) for row in spec.parameters(path) if "*" not in row.path and row.evidence)


def in_words(name: str) -> str:
    """Return a name as a label: "word_of_mouth" as "Word of mouth"."""
    words = name.replace("_", " ").replace(".", " · ")
    return words[:1].upper() + words[1:]


def _lever(row: Parameter, spec: type[Spec] | None) -> Lever:
    name = row.path.rpartition(".")[2]
    words = tuple(word.strip("'") for word in row.type.split(" | ")) if row.type.startswith("'") else ()
    if name == _PRESET and spec is not None and spec.presets:
        words = tuple(dict.fromkeys([str(row.default), *presets.listed(spec)]))
    kind: Kind = "word" if words else _KINDS.get(row.type, "text")
    low, high, step = _reach(row.bounds, row.default, kind == "whole number")
    return Lever(
        row.path, in_words(name), kind, row.unit, row.bounds, row.default, row.evidence or "",
        str(row.source) if row.source else "", row.doc, words, low, high, step,
    )  # fmt: skip


def _reach(bounds: Bounds | None, default: Any, whole: bool) -> tuple[float, float, float]:
    """Return the ends of a slider and its step: all that is allowed, or what is near the default where that is wide."""
    low, high = bounds or (None, None)
    size = abs(default) if isinstance(default, int | float) and not isinstance(default, bool) and default else 1.0
    near = _round_up(_WIDE / 2 * size)
    top = high if high is not None and high <= max(1.0, _WIDE * size) else near
    bottom = low if low is not None and low >= -max(1.0, _WIDE * size) else -near if low is None or low < 0 else low
    top = max(top, bottom + (1.0 if whole else 1e-9))
    step = 10.0 ** math.floor(math.log10((top - bottom) / _STEPS * 1.01))
    step = max(1.0, step) if whole else step
    return math.ceil(round(bottom / step, 6)) * step, float(top), step  # a slider counts steps from its low end


def _round_up(number: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    unit = 10.0 ** math.floor(math.log10(number))
    return next(times * unit for times in (1.0, 2.0, 5.0, 10.0) if times * unit >= number * (1 - 1e-9))


def matching(found: Iterable[Section], words: str) -> list[Section]:
    """Return the sections that words are found in: whole ones whose title has them, then levers that are named so."""
    asked = _plain(words)
    if not asked:
        return list(found)
    titled, others = [], []
    for one in found:
        own = tuple(lever for lever in one.levers if asked in _plain(f"{lever.label} {lever.doc}"))
        if asked in _plain(one.title):
            titled.append(one)
        elif own:
            others.append(replace(one, levers=own))
    return [*titled, *others]


def _plain(words: str) -> str:
    return words.strip().lower().replace("_", " ")
