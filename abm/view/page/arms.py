"""An arm on the page: what a study file says of it, and what has been moved since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from abm.core.errors import Refusal
from abm.core.spec import Spec
from abm.scenario.scenario import NEEDED, Scenario
from abm.study.plan import checks
from abm.study.plan.arms import CHANGES, LABEL, MATCH, in_arm, with_setting
from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment
from abm.study.plan.record import Record
from abm.view.page.inline import inline
from abm.view.page.levers import Section, theory_of

_FROM = "from"


@dataclass(frozen=True)
class Arm:
    """One of the two arms.

    name     : as a study file has it                    base : the scenario that both arms share
    settings : paths and values, dates included, as a study file has them
    """

    name: str
    base: Scenario
    settings: Mapping[str, Any]

    @cached_property
    def scenario(self) -> Scenario:
        """The whole world of the arm."""
        return in_arm(self.base, self.name, self.settings)

    @property
    def label(self) -> str:
        """What people read."""
        return str(self.settings.get(LABEL, self.name))

    @property
    def open_value(self) -> str:
        """The path of a value that the study leaves to be found (`match`); "" = none. Here it stands as it begins."""
        return str(self.settings.get(MATCH, {}).get("by", ""))

    def standing(self, period: int) -> Scenario:
        """Return the scenario as it stands in a period, without dates."""
        return [still for first, still in self.scenario.stretches() if first <= period][-1]

    def on(self, base: Scenario) -> Arm:
        """Return the arm in another market.  Raises Refusal where it does not fit."""
        return self._checked(replace(self, base=base))

    def setting(self, path: str, value: Any, since: int = 0) -> Arm:
        """Return the arm with one more value, from a period on.  Raises Refusal for what is not allowed."""
        if since:
            return self._dated(path, value, since)
        settings = {key: kept for key, kept in self.settings.items() if not key.startswith(f"{path}.")}
        if path in settings and _is_in(self.base, path, value):
            return self.without(path)
        made = with_setting(self.base, self.name, settings, path, value)
        return self._checked(replace(self, settings=as_written(made)))

    def said(self) -> list[tuple[str, int | None, str]]:
        """Return what the arm sets, as people read it: path, the period from which on, None = all, and the value."""
        found: list[tuple[str, int | None, str]] = []
        for path, value in self.settings.items():
            if path == CHANGES:
                found += [(own, step[_FROM], inline(one)) for step in value for own, one in step["set"].items()]
            elif path not in (LABEL, MATCH):
                found.append((path, None, inline(value)))
        return found

    def undated(self, path: str, since: int) -> Arm:
        """Return the arm without what it sets at a path from a period on."""
        steps = []
        for step in self.settings[CHANGES]:
            left = {own: value for own, value in step["set"].items() if (own, step[_FROM]) != (path, since)}
            steps += [{**step, "set": left}] if left else []
        kept = {key: value for key, value in self.settings.items() if key != CHANGES}
        return self._checked(replace(self, settings=kept | ({CHANGES: steps} if steps else {})))

    def without(self, path: str) -> Arm:
        """Return the arm without its own value at a path, and below it."""
        below = f"{path}."
        kept = {key: one for key, one in self.settings.items() if key != path and not key.startswith(below)}
        return self._checked(replace(self, settings=kept))

    def switched(self, section: Section, on: bool) -> Arm:
        """Return the arm with a theory, or a firm's policy, on or off.  Raises Refusal for what cannot be so."""
        kind = theory_of(self.scenario, section.path)
        if kind is None:  # a policy that firms may do without
            if on:
                return self.setting(section.path, {})
            if self.base.value_at(section.path) is not None:
                raise Refusal("the study has it in both arms, and an arm cannot take it away", place=section.path)
            return self.without(section.path)
        if kind.name in NEEDED:
            raise Refusal("no market goes without it", place=kind.name)
        off = [name for name in self.scenario.off if name != kind.name]
        there = getattr(self.scenario, kind.name, True) is not None
        if on:
            arm = self if there else self.setting(kind.name, {})
            return arm.setting("off", off) if off or arm.scenario.off else arm
        if kind.name in self.settings and getattr(self.base, kind.name, None) is None:
            return self.without(kind.name)
        return self.setting("off", [*off, kind.name])

    def _dated(self, path: str, value: Any, since: int) -> Arm:
        steps = [dict(step) for step in self.settings.get(CHANGES, ())]
        own = next((step for step in steps if step["name"] == f"from_{since}"), None)
        if own is None:
            own = {"name": f"from_{since}", _FROM: since, "set": {}}
            steps.append(own)
        own["set"] = {**own["set"], path: as_written(value)}
        return self._checked(replace(self, settings={**self.settings, CHANGES: steps}))

    def _checked(self, arm: Arm) -> Arm:
        arm.scenario  # noqa: B018 - is built, or refused, now
        return arm


def _is_in(scenario: Scenario, path: str, value: Any) -> bool:
    """Return whether a scenario has a value at a path already."""
    try:
        found = scenario.value_at(path)
    except Refusal:
        return False
    return found == value and type(found) is type(value)


def as_written(value: Any) -> Any:
    """Return a value, or a table of settings, as a study file has it: without specs, tuples as lists."""
    if isinstance(value, Spec):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: as_written(one) for key, one in value.items()}
    return [as_written(one) for one in value] if isinstance(value, list | tuple) else value


SECOND = "changed"  # name of the second arm where a study has but one


def both_arms(study: Experiment) -> tuple[Arm, Arm]:
    """Return the baseline of a study and its first other arm; where there is none, the baseline once more."""
    first = checks.baseline(study.baseline, study.arms)
    second = next((name for name in study.arms if name != first), None)
    if second is None:
        return arm_of(study, first), Arm(SECOND, study.scenario, _unlabelled(as_written(study.arms[first])))
    return arm_of(study, first), arm_of(study, second)


def arm_of(study: Experiment, name: str) -> Arm:
    """Return an arm of a study."""
    return Arm(name, study.scenario, as_written(study.arms[name]))


def study_of(study: Experiment, arms: Sequence[Arm], replications: int | None, kpi: str | None) -> Experiment:
    """Return the study of two arms as they are, the first the baseline, without what else a study asks.

    replications, kpi : None = as the study says      Raises Refusal for a KPI that is not known.
    """
    first, second = arms
    name = f"{second.name}_2" if second.name.lower() == first.name.lower() else second.name
    settings = {first.name: _without(first.settings, MATCH), name: _without(second.settings, MATCH)}
    if first.label == second.label:
        settings[name] = _unlabelled(settings[name])
    kpis = tuple(study.kpis) if kpi is None or kpi in [one.name for one in study.kpis] else (*study.kpis, kpi)
    return study.replace(
        scenario=first.base, arms=settings, baseline=first.name, kpis=kpis, judge_by=kpi or study.judge_by,
        replications=replications or study.replications, design=Design(), groups={}, record=Record(), expect=(),
    )  # fmt: skip


def _unlabelled(settings: Mapping[str, Any]) -> dict[str, Any]:
    return _without(settings, LABEL)


def _without(settings: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != key}
