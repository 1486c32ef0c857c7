"""Overrides: one study file, run with a few values changed from the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

from abm.core.errors import NOT_A_PAIR, Refusal, did_you_mean, one_of, shown
from abm.study.plan import checks
from abm.study.plan.arms import MATCH, with_setting
from abm.study.plan.experiment import Experiment

FIELDS = ("name", "question", "hypothesis", "measure", "seed", "replications", "kpis", "judge_by", "baseline")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def overrides(
    experiment: Experiment, sets: Sequence[str] = (), replications: int | None = None, seed: int | None = None
) -> Experiment:
    """Return the experiment with some values changed.

    sets : "PATH=VALUE"; those of the scenario apply together, the others in turn. PATH is a scenario path
           ("word_of_mouth.contact_rate", with or without "scenario." before it), "arms.NAME.PATH" for one arm,
           "groups.NAME.PATH" for one grouping, or a field of the study ("replications"). VALUE is written as in a
           TOML file; a plain word needs no quotes.

    Raises Refusal for a path that leads nowhere, a factor of the design and a value that is not allowed.
    """
    world: list[tuple[str, str, Any]] = []
    for one in sets:
        with checks.at("", f"--set {one}"):
            path, value = parsed(one)
            if path in FIELDS or path.startswith(("arms.", "groups.")):
                experiment = _changed(experiment, path, value)
            else:
                world.append((one, _in_scenario(experiment, path), value))
    experiment = _in_another_world(experiment, world)
    fields = {"replications": replications, "seed": seed}
    return experiment.replace(**{name: value for name, value in fields.items() if value is not None})


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
        raise Refusal(f"no {what} {name!r}.PATH to set")


def _in_scenario(experiment: Experiment, path: str) -> str:
    path = path.removeprefix("scenario.")
    if path in experiment.design.factors:
        raise Refusal("is a factor of the design, which sets it at every point", place=path)
    return path


def _in_another_world(experiment: Experiment, changes: Sequence[tuple[str, str, Any]]) -> Experiment:
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
