"""What an experiment must satisfy before anything runs; each check raises one Refusal with the place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from abm.core import given
from abm.core.errors import Refusal, counted, did_you_mean, one_of, shown
from abm.core.explain import joined
from abm.core.paths import deepest
from abm.core.presets import KEY
from abm.core.spec import Spec
from abm.kpis.measure import Measure
from abm.scenario.scenario import Scenario
from abm.study.plan.arms import CHANGES, DATES, LABEL, MATCH, at_point, in_arm, paths_of
from abm.study.plan.design import Design
from abm.study.plan.factors import are_numbers, declared
from abm.study.plan.given import MOST_RUNS

KEYS = (
    "name", "question", "seed", "replications", "kpis", "baseline", "scenario", "arms", "design", "groups", "record",
    "expect", "hypothesis", "measure", "judge_by",
)  # fmt: skip
COLUMNS = (
    "run_id", "arm", "point", "settings", "replication", "seed", "period", "firm", "group", "status", "error",
    "message",
)  # fmt: skip
MOST_ARMS = 1_000
LONGEST_LABEL = 60  # characters
MOST_POINTS_CHECKED = 500  # times arms; of larger designs each level is checked alone
MOST_LEVELS_CHECKED = 100  # of a factor; of more numbers the ends are checked, as bounds are intervals
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


@contextmanager
def at(place: str, source: str = "", arm: str = "") -> Iterator[None]:
    """Put `place` before the place of a refusal, `source` before all, and say in which arm."""
    try:
        yield
    except Refusal as inner:
        message = f"{inner.message} (arm '{arm}')" if arm else inner.message
        raise Refusal(message, place=joined(place, inner.place), source=inner.source or source) from None


def keys(data: Mapping[str, Any]) -> None:
    """Refuse unknown keys of a study file."""
    for key in data:
        if key not in KEYS:
            raise Refusal(f"no study key {key!r}{did_you_mean(key, KEYS) or '; there is ' + ', '.join(KEYS)}")


def table(place: str, value: Any) -> Mapping[str, Any]:
    """Refuse anything but a table with text for keys."""
    if not isinstance(value, Mapping):
        raise Refusal(f"= {shown(value)} is not a table", place=place)
    for key in value:
        if not isinstance(key, str):
            raise Refusal(f"the key {shown(key)} is not text", place=place)
    return value


def text(place: str, value: Any, *, empty: bool = True) -> None:
    """Refuse anything but text."""
    if not isinstance(value, str):
        raise Refusal(f"= {shown(value)} is not text", place=place)
    if not (empty or value.strip()):
        raise Refusal('= "" says nothing; give the experiment a name', place=place)


def judged(place: str, value: Any, kpis: Sequence[str]) -> None:
    """Refuse a KPI to judge by that is not measured; "" = the first one."""
    text(place, value)
    if value and value not in kpis:
        raise Refusal(
            f"= {shown(value)} is not measured{did_you_mean(value, kpis)} (kpis: {one_of(kpis)})", place=place
        )


def whole(place: str, value: Any, *, low: int) -> int:
    """Return a whole number; refuse anything but one in [low, 2**63)."""
    return given.whole(place, value, low=low)


def instance(place: str, value: Any, kind: type) -> None:
    """Refuse anything but a `kind`."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise Refusal(f"= {shown(value)} is not {article} {kind.__name__}", place=place)


def name(place: str, value: Any) -> None:
    """Refuse anything but up to 60 letters, digits, _ and -."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Refusal(f"{shown(value)} is not a name; use up to 60 letters, digits, _ and -", place=place)


def kpis(wanted: Any, known: Mapping[str, Measure]) -> tuple[Measure, ...]:
    """Return KPIs and readings for objects or known names; refuse other names, twins and names of other columns."""
    wanted = given.plain(wanted)
    if isinstance(wanted, str) or not isinstance(wanted, Sequence):
        raise Refusal(f"= {shown(wanted)} is not a list of KPIs", place="kpis")
    if not wanted:
        raise Refusal("= [] measures nothing; name at least one KPI", place="kpis")
    found: dict[str, Measure] = {}
    for index, kpi in enumerate(wanted):
        place = f"kpis[{index}]"
        if isinstance(kpi, str) and kpi not in known:
            near = did_you_mean(kpi, known) or "; patronage show kpis lists all."
            step = "One of your own needs --with FILE.py (in Python the measure itself, or own=)"
            raise Refusal(f"no KPI {kpi!r}{near} {step}", place=place)
        one = known[kpi] if isinstance(kpi, str) else kpi
        if not isinstance(one, Measure):
            raise Refusal(f"= {shown(one)} is not a Kpi or Reading", place=place)
        if one.name in found:
            raise Refusal(f"'{one.name}' is listed twice", place=place)
        if one.name in COLUMNS:
            raise Refusal(f"'{one.name}' is a column of the results; give the KPI another name", place=place)
        found[one.name] = one
    return tuple(found.values())


def arms(scenario: Scenario, wanted: Any) -> dict[str, dict[str, Any]]:
    """Return the arms with each setting as the scenario holds it; "base" if there are none."""
    checked: dict[str, dict[str, Any]] = {}
    if len(table("arms", wanted)) > MOST_ARMS:
        advice = "what nobody decides, or takes many values, is a factor: write [design.factors] (in Python design=)"
        raise Refusal(f"{len(wanted):,} are more than the {MOST_ARMS:,} that are compared; {advice}", place="arms")
    for name, settings in (wanted or {"base": {}}).items():
        if not _NAME.fullmatch(name):
            raise Refusal(f"{shown(name)} is not an arm's name; use up to 60 letters, digits, _ and -", place="arms")
        for other in checked:
            if other.lower() == name.lower():
                raise Refusal(f"'{other}' and '{name}' differ in capital letters only", place="arms")
        with at(f"arms.{name}"):
            checked[name] = _arm(scenario, name, table("", settings))
    _labels(checked)
    return checked


def _labels(arms: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse labels that are no short line of text, and those that cannot be told from another arm."""
    taken = {name: name for name in arms}
    for name, settings in arms.items():
        if LABEL not in settings:
            continue
        with at(f"arms.{name}.{LABEL}"):
            label = settings[LABEL]
            if not (isinstance(label, str) and label.strip() and label.isprintable() and len(label) <= LONGEST_LABEL):
                raise Refusal(f"= {shown(label)} is not a line of text of up to {LONGEST_LABEL} characters")
            if taken.setdefault(label, name) != name:
                raise Refusal(f"= {shown(label)} is what arm '{taken[label]}' is called")


def _arm(scenario: Scenario, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return an arm with each setting as the scenario holds it, its dates, match and label as they are."""
    world = in_arm(scenario, name, settings)
    added = world.changes[len(scenario.changes) :]
    held = world
    if "from" in settings:
        own, added = added[0], added[1:]
        held = dict(world.stretches())[own.start + own.steps - 1]
    said = {path: _said(path, held.value_at(path)) for path in paths_of(settings)}
    kept = {key: settings[key] for key in (*DATES, MATCH, LABEL) if key in settings}
    return {**kept, **said, **({CHANGES: [change.to_dict() for change in added]} if added else {})}


def _said(path: str, value: Any) -> Any:
    """Refuse None: an arm that takes away what the scenario has cannot be written down."""
    if value is None:
        advice = "leave it out of the scenario and set it in the other arms"
        raise Refusal(f"= None has no word in a study file; {advice}", place=path)
    return value


def unquoted(scenario: Scenario, wanted: Any) -> None:
    """Refuse `firms.north.price = 1` without quotes in an arm: TOML reads it as a table that replaces all firms."""
    sections = {*type(scenario).model_fields, *(theory.name for theory in scenario.extras)}
    for name, settings in table("arms", wanted).items():
        for key, value in table(f"arms.{name}", settings).items():
            if isinstance(value, Mapping) and key in sections:
                now = scenario.value_at(key)
                partly = isinstance(now, Spec) and set(value) < set(now.to_dict(full=True))
                if partly or isinstance(now, tuple):
                    path = deepest(key, value)
                    raise Refusal(f'write the whole path in quotes: "{path}" = …', place=f"arms.{name}.{path}")


def measured(scenario: Scenario) -> None:
    """Refuse a burn-in that is the whole run."""
    if scenario.burn_in == scenario.periods > 0:
        left = f"leaves no period of the run to measure (periods = {scenario.periods})"
        raise Refusal(f"= {scenario.burn_in} {left}", place="scenario.burn_in")


def baseline(wanted: Any, names: Mapping[str, Any]) -> str:
    """Return the name of the arm the others are compared with."""
    if not wanted and isinstance(wanted, str):
        return "none" if "none" in names else next(iter(names))
    if wanted not in names:
        raise Refusal(f"= {shown(wanted)} is no arm; there is {one_of(names)}", place="baseline")
    return str(wanted)


def size(arm_count: int, points: int, replications: int) -> None:
    """Refuse an experiment of more runs than anybody can wait for."""
    runs = arm_count * points * replications
    if runs > MOST_RUNS:
        raise Refusal(
            f"{counted(arm_count, 'arm')} x {counted(points, 'point')} x {counted(replications, 'replication')} are "
            f"{runs:,} runs; "
            f"an experiment has at most {MOST_RUNS:,}"
        )


def design(scenario: Scenario, arms: Mapping[str, dict[str, Any]], wanted: Design, seed: int) -> Design:
    """Return the design with each value as the scenario holds it; refuse a factor that some arm cannot take.

    seed : of the study
    """
    factors = dict(wanted.factors)
    worlds = {arm: in_arm(scenario, arm, settings) for arm, settings in arms.items()}
    for arm, world in worlds.items():
        for path, values in factors.items():
            with at("design.factors", arm=arm):
                known = declared(world, path) if isinstance(values, str) else values
                factors[path] = _levels(world, arms[arm], path, known)
        with at("design.factors", arm=arm):
            world.replace({path: world.value_at(path) for path in factors})  # two paths to one value are refused
    with at("design"):
        found = replace(wanted, factors=factors, study_seed=seed)
    if found.asked * len(arms) <= MOST_POINTS_CHECKED:
        for arm, world in worlds.items():
            for index in range(len(found)):
                with at(f"design.point[{index}]", arm=arm):
                    point = found.point(index)
                    if KEY in point:
                        at_point(scenario, arm, arms[arm], point)
                    else:
                        world.replace(point)
    return found


def _levels(world: Scenario, settings: Mapping[str, Any], path: str, values: Sequence[Any]) -> tuple[Any, ...]:
    if len(values) <= MOST_LEVELS_CHECKED or not are_numbers(values):
        return tuple(_level(world, settings, path, value) for value in values)
    odd = [value for value in values if not math.isfinite(value)] or [v for v in values if isinstance(v, float)]
    held = [_level(world, settings, path, value) for value in (*odd[:1], min(values), max(values))]
    return tuple(type(held[0])(value) for value in values)


def _level(world: Scenario, settings: Mapping[str, Any], path: str, value: Any) -> Any:
    """Return a factor's level as the scenario holds it; refuse a factor that undoes what the arm sets."""
    varied = world.replace({path: value})
    for own in paths_of(settings):
        if own == path or (not path.startswith(f"{own}.") and varied.value_at(own) != world.value_at(own)):
            advice = "a factor is what no firm chooses, so take out one of the two"
            raise Refusal(f"the arm sets '{own}' itself; {advice}", place=path)
    return _said(path, varied.value_at(path))
