"""Matches: an arm whose lever is solved for, so that arms that are compared have the same budget.

    [arms.points]
    "firms.north.program" = { preset = "points" }
    match = { by = "firms.north.program.reward", kpi = "lever_cost", of = "revenue", plus = 0.03 }

The value of `by` is found by trial runs (abm.matched) and then set as if it had been written there: above so that
lever_cost per revenue is 0.03 higher than in the baseline.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import model_validator

from abm.core.errors import Refusal, counted, did_you_mean, one_of, shown
from abm.core.parameters import meaning_of
from abm.core.spec import Spec, param
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.plan.arms import CHANGES, MATCH, in_arm, paths_of, with_setting
from abm.study.plan.factors import field_at


class Match(Spec):
    """What the value at `by` is to achieve: the KPI exceeds that in another arm by `plus`.

    by          : path of the number that is solved for; the arm may set it, or what it lies in, or neither
    kpi         : of `firm`, left out = the focal firm
    against     : the other arm, left out = the baseline; its own levers are all written down
    plus        : in the KPI's unit; with `of` what is compared is the KPI divided by another one, each in its own arm
    between     : where to look; left out = ever further from the present value, up to the bounds of the parameter
    tolerance   : how far off is near enough, as a share of `plus`, or of the KPI in the other arm if `plus` is 0
    replications : of a trial: the study's first ones, whatever their number, so that more of them move no arm
    """

    by: str
    kpi: str
    plus: float
    of: str = ""
    against: str = ""
    firm: str = ""
    between: tuple[float, float] | None = None
    tolerance: float = param(0.01, unit="share", bounds=(1e-6, 0.5), evidence="assumed", doc="how far off is near")
    replications: int = param(10, unit="1", bounds=(1, 10_000), evidence="assumed", doc="of a trial")

    @model_validator(mode="after")
    def _belongs_together(self) -> Match:
        if not math.isfinite(self.plus):
            raise Refusal(f"= {shown(self.plus)} is not finite", place="plus")
        if self.of and self.of == self.kpi:
            raise Refusal(f"= {shown(self.of)} is the KPI itself, whose share of itself is 1", place="of")
        if self.between and not -math.inf < self.between[0] < self.between[1] < math.inf:
            raise Refusal(f"= {shown(list(self.between))} must rise from one number to another", place="between")
        return self


@dataclass(frozen=True)
class MatchedArm:
    """What was found for an arm.

    value            : at the path `by`
    reached, target  : by how much the KPI (divided by `of`) exceeds that in `against`, in the trial and as wanted
    tolerance        : how far apart these may be
    trials           : values tried, in so many replications each
    """

    arm: str
    by: str
    value: float
    kpi: str
    of: str
    firm: str
    against: str
    reached: float
    target: float
    tolerance: float
    trials: int
    replications: int

    def to_dict(self) -> dict[str, Any]:
        """Return a table for a TOML file."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.arm}: {self.by} = {self.value:g} {rise(self.kpi, self.of, self.reached)} over '{self.against}' "
            f"(target {amount(self.of, self.target)}, {counted(self.trials, 'trial')} of "
            f"{counted(self.replications, 'replication')})"
        )


def amount(of: str, number: float) -> str:
    """Return by how much in words: "3.02 %" where it is a share of another KPI."""
    return f"{100 * number:.4g} %" if of else f"{number:.4g}"


def rise(kpi: str, of: str, number: float) -> str:
    """Return what a value does to a KPI: "raises lever_cost by 3.02 % of revenue"."""
    share = f" of {of}" if of else ""
    return f"{'lowers' if number < 0 else 'raises'} {kpi} by {amount(of, abs(number))}{share}"


def checked(
    scenario: Scenario, arms: Mapping[str, dict[str, Any]], baseline: str, kpis: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the arms with each match as a Match; refuse arms, KPIs, firms and paths that are not there.

    arms : name -> settings        kpis : names of those that the study measures
    """
    matched = [arm for arm, settings in arms.items() if MATCH in settings]
    found = dict(arms)
    for arm in matched:
        given = arms[arm][MATCH]
        with checks.at(f"arms.{arm}"):
            match = given if isinstance(given, Match) else Match.parse(checks.table(MATCH, given), place=MATCH)
        with checks.at(f"arms.{arm}.{MATCH}"):
            _check_against(match, arm, baseline, arms, matched)
            _check_measured(match, kpis, [firm.name for firm in scenario.firms])
            _check_lever(match, arm, scenario, arms[arm])
        found[arm] = {**arms[arm], MATCH: match}
    return found


def present_value(scenario: Scenario, arm: str, settings: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path in an arm before it is solved for, from the arm's dates on if it has some."""
    return _world(scenario, arm, settings, path).value_at(path)


def limits(scenario: Scenario, arm: str, settings: Mapping[str, Any], path: str) -> tuple[float, float]:
    """Return the bounds of the parameter at a path; -inf and inf where there is none."""
    field = field_at(_world(scenario, arm, settings, path), path)
    meaning = meaning_of(field) if field else None
    low, high = meaning.bounds if meaning and meaning.bounds else (None, None)
    return (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))


def _world(scenario: Scenario, arm: str, settings: Mapping[str, Any], path: str) -> Scenario:
    in_changes = path.startswith(f"{CHANGES}.")
    return in_arm(scenario, arm, settings) if in_changes else scenario.replace(paths_of(settings))


def _check_against(match: Match, arm: str, baseline: str, arms: Mapping[str, Any], matched: Sequence[str]) -> None:
    against = match.against or baseline
    if against not in arms:
        advice = did_you_mean(against, arms) or f"; there is {one_of(name for name in arms if name != arm)}"
        raise Refusal(f"= {shown(against)} is no arm{advice}", place="against")
    if against in matched:
        which = "the arm itself" if against == arm else "matched too"
        free = [name for name in arms if name not in matched]
        advice = f"name {one_of(free)}" if free else "add an arm without a match"
        raise Refusal(f"= {shown(against)} is {which}; {advice}", place="against")


def _check_measured(match: Match, kpis: Sequence[str], firms: Sequence[str]) -> None:
    for place, name in (("kpi", match.kpi), ("of", match.of)):
        if name not in ("", *kpis) or not (name or place == "of"):
            advice = did_you_mean(name, kpis) or f"; kpis = [{', '.join(kpis)}]"
            raise Refusal(f"= {shown(name)} is not measured by the study{advice}", place=place)
    if match.firm not in ("", *firms):
        advice = did_you_mean(match.firm, firms) or f"; there is {one_of(firms)}"
        raise Refusal(f"= {shown(match.firm)} is no firm{advice}", place="firm")


def _check_lever(match: Match, arm: str, scenario: Scenario, settings: Mapping[str, Any]) -> None:
    with checks.at("by"):
        value = present_value(scenario, arm, settings, match.by)
    if not isinstance(value, float):
        reason = "and only a number with decimals can be solved for"
        raise Refusal(f"= '{match.by}' is {shown(value)}, {reason}", place="by")
    for end in match.between or ():
        with checks.at("between"):
            in_arm(scenario, arm, with_setting(scenario, arm, settings, match.by, end))
