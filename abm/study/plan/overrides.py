"""Overrides: one study file, run with a few values changed from the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

from abm.core.errors import NOT_A_PAIR, Refusal, did_you_mean, one_of, shown
from abm.core.paths import steps_to
from abm.study.plan import checks
from abm.study.plan.arms import MATCH, with_setting
from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment

FIELDS = ("name", "question", "hypothesis", "measure", "seed", "replications", "kpis", "judge_by", "baseline")
TABLES = ("arms", "design", "expect", "groups", "record")  # of a study, beside its scenario
_DESIGN = "design."
Change = tuple[str, str, Any]  # what was written, the path and the value
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def overrides(
    experiment: Experiment, sets: Sequence[str] = (), replications: int | None = None, seed: int | None = None
) -> Experiment:
    """Return the experiment with some values changed.

    sets : "PATH=VALUE"; those of the scenario apply together, so do those of the design, the others in turn. PATH is a
           scenario path ("word_of_mouth.contact_rate", with or without "scenario." before it), "arms.NAME.PATH" for one
           arm, "groups.NAME.PATH" for one grouping, "design.factors.PATH" for the values of a factor, "design.method"
           and so on, or a field of the study ("replications"). VALUE is written as in a TOML file; a plain word needs
           no quotes.

    Raises Refusal for a path that leads nowhere, one that is given twice, here or as replications or seed, a factor of
    the design and a value that is not allowed.
    """
    fields = {name: value for name, value in (("replications", replications), ("seed", seed)) if value is not None}
    for name, value in fields.items():
        check_set_once(sets, name, f"--{name} {value}")
    written = _written(experiment, sets)
    experiment = _in_another_design(experiment, [one for one in written if one[1].startswith(_DESIGN)])
    world: list[Change] = []
    for one, path, value in written:
        with checks.at("", f"--set {one}"):
            if path in FIELDS or path.startswith(("arms.", "groups.")):
                experiment = _changed(experiment, path, value)
            elif not path.startswith(_DESIGN):
                world.append((one, _in_scenario(experiment, path), value))
    experiment = _in_another_world(experiment, world)
    return experiment.replace(**fields)


def check_set_once(sets: Sequence[str], path: str, option: str) -> None:
    """Refuse an option, named as it was typed, if a path that it stands for, or one inside that, is set too."""
    for one in sets:
        name = one.partition("=")[0].strip()
        if name == path or name.startswith(f"{path}."):
            raise Refusal(f"'{name}' is set already by --set {one}; leave out one of the two", place=option)


def check_not_set(sets: Sequence[str], field: str) -> None:
    """Refuse a field of the study for a command that goes by its own option of this name, whatever the study says."""
    for one in sets:
        if one.partition("=")[0].strip() == field:
            raise Refusal(f"changes nothing here; say --{field} instead", place=f"--set {one}")


def _written(experiment: Experiment, sets: Sequence[str]) -> list[Change]:
    """Return what is to be changed.  Raises Refusal for what is no change, and for a value that is changed twice."""
    found: list[Change] = []
    given: dict[Any, str] = {}
    for one in sets:
        with checks.at("", f"--set {one}"):
            path, value = parsed(one)
            place = _place(experiment, path)
            if place in given:
                raise Refusal(f"'{path}' is set already by --set {given[place]}; set it once")
        given[place] = one
        found.append((one, path, value))
    return found


def _place(experiment: Experiment, path: str) -> Any:
    """Return what two ways to write one path have in common: by name or index, with "scenario." before it or not."""
    path = path.removeprefix("scenario.")
    try:
        return steps_to(experiment.scenario, path)
    except Refusal:
        return path.replace('"', "")


def parsed(one: str) -> tuple[str, Any]:
    """Return path and value of "PATH=VALUE", the value written as in a TOML file, or a plain word; Refusal if not."""
    path, equals, written = one.partition("=")
    path, written = path.strip(), written.strip()
    if not equals or not path or not written:
        raise Refusal(NOT_A_PAIR)
    try:
        parsed = tomllib.loads(f"value = {written}")
    except (ValueError, RecursionError):
        if not _WORD.fullmatch(written):
            raise Refusal(f"{shown(written)} is not a TOML value; put text in quotes", place=path) from None
        return path, written
    if list(parsed) != ["value"]:
        raise Refusal(f"{shown(written)} is more than one value", place=path)
    return path, parsed["value"]


def _changed(experiment: Experiment, path: str, value: Any) -> Experiment:
    if path in FIELDS:
        return experiment.replace(**{path: value})
    table, name, inner = [*path.split(".", 2), ""][:3]
    if table == "groups":
        _check("grouping", name, experiment.groups, inner)
        changed = experiment.groups[name].replace({inner: value})
        return experiment.replace(groups=experiment.groups | {name: changed})
    _check("arm", name, experiment.arms, inner)
    return experiment.replace(arms=experiment.arms | {name: _settings(experiment, name, inner, value)})


def _check(what: str, name: str, names: Iterable[str], inner: str) -> None:
    if name not in names:
        known = did_you_mean(name, names) or f"; there is {one_of(names) or 'none'}"
        raise Refusal(f"no {what} {name!r}{known}")
    if not inner:
        table = "groups" if what == "grouping" else "arms"
        raise Refusal(f"'{name}' is {'a' if what == 'grouping' else 'an'} {what}, not a value; {_advice(table, name)}")


def _advice(table: str, name: str) -> str:
    path = "firms.NAME.price" if table == "arms" else "by"
    return f"write {table}.{name}.PATH=VALUE, with the path of what it is to change, such as {path}"


def _in_another_design(experiment: Experiment, changes: Sequence[Change]) -> Experiment:
    """Change the design by all changes at once, since a method goes with its number of points."""
    if not changes:
        return experiment
    with checks.at("", " ".join(f"--set {one}" for one, _, _ in changes)):
        table = experiment.design.to_dict()
        table = table if experiment.design.factors else {}  # a design without factors has no method to keep
        for _, path, value in changes:
            key = path.removeprefix(_DESIGN)
            if key.startswith("factors."):
                factor = re.sub(r'^"([^"]*)"$', r"\1", key.removeprefix("factors."))
                table["factors"] = {**table.get("factors", {}), factor: value}
            else:
                table[key] = value
        with checks.at("design"):
            design = Design.from_dict(table)
        return experiment.replace(design=design)


def _in_scenario(experiment: Experiment, path: str) -> str:
    path = path.removeprefix("scenario.")
    table = path.partition(".")[0]
    if table in TABLES:
        inside = {"arms": "arms.NAME.PATH", "groups": "groups.NAME.PATH", "design": "design.factors.PATH=[VALUES]"}
        advice = f"write {inside[table]}" if table in inside else "change it in the study file"
        raise Refusal(f"[{table}] of a study is a table, which --set does not change; {advice}")
    if path in experiment.design.factors:
        raise Refusal("is a factor of the design, which sets it at every point", place=path)
    return path


def _in_another_world(experiment: Experiment, changes: Sequence[Change]) -> Experiment:
    """Change the scenario by all changes at once, since one may be allowed only with another.

    If they are refused together they are made in turn, which says which of them it is, and lets one path lie inside
    another.
    """
    try:
        together = experiment.scenario.replace({path: value for _, path, value in changes})
        return experiment.replace(scenario=together) if changes else experiment
    except Refusal:
        for one, path, value in changes:
            with checks.at("", f"--set {one}"):
                experiment = experiment.replace(scenario=experiment.scenario.replace({path: value}))
    return experiment


def _settings(experiment: Experiment, arm: str, path: str, value: Any) -> dict[str, Any]:
    """Return an arm's settings with one more, which may be a key of its match."""
    settings = experiment.arms[arm]
    if path.startswith(f"{MATCH}."):
        if MATCH not in settings:
            raise Refusal(f"arm {arm!r} has no match to change", place=f"arms.{arm}.{path}")
        return settings | {MATCH: settings[MATCH].replace({path.removeprefix(f"{MATCH}."): value})}
    return with_setting(experiment.scenario, arm, settings, path, value)
