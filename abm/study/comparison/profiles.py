"""Profiles of a game: what each of several firms does, in every combination, as the arms of one experiment.

Claim: with m firms that choose among s strategies each there are s^m profiles. A strategy is an arm written for the
first firm; another firm that takes it sets the same levers to the same values on its own path.
Source: definition (normal form of a game).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from abm.core.errors import Refusal, below, counted, did_you_mean, one_of, shown
from abm.core.paths import segments
from abm.kpis.measure import Measure
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from abm.study.plan.arms import CHANGES, DATES, LABEL, MATCH, paths_of
from abm.study.plan.checks import LONGEST_LABEL, baseline
from abm.study.plan.experiment import Experiment
from abm.study.plan.record import Record

MOST_PROFILES = 256
KIND = "_game"  # ends the name of the experiment, and of the folder of its results
_LONGEST_NAME = 60
_BETWEEN = "--"  # strategies in the name of a profile
_LEVER = 3  # steps at least of the path of a firm's lever: firms, the firm, the lever


@dataclass(frozen=True)
class Profiles:
    """The profiles of a game.

    firms, strategies : names, in order       kpi : the payoff
    choices    : profile -> the strategy of each firm, the last firm's changing first
    labels     : what strategies are called where people read of them, of those that have a label
    experiment : whose arms are the profiles
    """

    firms: tuple[str, ...]
    strategies: tuple[str, ...]
    kpi: Measure
    choices: dict[str, tuple[str, ...]]
    labels: dict[str, str]
    experiment: Experiment


def profiles(study: Experiment, firms: Sequence[str], arms: Sequence[str] = (), kpi: str = "profit") -> Profiles:
    """Return the profiles of a game between firms of a study.

    firms : two or more; the arms are written for the first       arms : the strategies; () = all arms of the study
    kpi   : the payoff, of which more or less is better; measured beside the study's own KPIs

    Raises Refusal for names that are not there, an arm that sets anything but levers of the first firm or leaves a
    value open, fewer than two firms or strategies, more than MOST_PROFILES profiles and a profile that cannot be run.
    """
    firms = _firms(study.scenario, firms)
    strategies = _strategies(study, arms)
    measure = _payoff(study, kpi)
    for arm in strategies:
        _check_strategy(study, arm, firms[0])
    count = len(strategies) ** len(firms)
    if count > MOST_PROFILES:
        what = f"{counted(len(firms), 'firm')} with {counted(len(strategies), 'strategy', 'strategies')} each"
        raise Refusal(
            f"{what} make {count:,} profiles, and a game has at most {MOST_PROFILES}; name fewer of them", place="arms"
        )
    chosen = list(product(strategies, repeat=len(firms)))
    names = _names(chosen)
    labels = _labels(firms, chosen, names)
    made = {
        name: _settings(study, firms, own) | ({LABEL: label} if label else {})
        for name, own, label in zip(names, chosen, labels, strict=True)
    }
    usual = baseline(study.baseline, study.arms)
    first = chosen.index((usual if usual in strategies else strategies[0],) * len(firms))
    measures = study.kpis if measure in study.kpis else (*study.kpis, measure)
    experiment = study.replace(
        name=f"{study.name}{KIND}", arms=made, baseline=names[first], kpis=measures, judge_by=measure.name, expect=(),
        groups={}, record=Record(), hypothesis="", measure="",
    )  # fmt: skip
    called = {arm: label for arm, label in study.labels.items() if arm in strategies}
    return Profiles(firms, strategies, measure, dict(zip(names, chosen, strict=True)), called, experiment)


def _firms(scenario: Scenario, wanted: Sequence[str]) -> tuple[str, ...]:
    names = [firm.name for firm in scenario.firms]
    for firm in wanted:
        if firm not in names:
            near = did_you_mean(firm, names) or f"; there is {one_of(names, 'and')}"
            raise Refusal(f"= {shown(firm)} is no firm{near}", place="firms")
    if len(set(wanted)) < len(wanted):
        raise Refusal(f"= {shown(','.join(wanted))} names a firm twice", place="firms")
    if len(wanted) < 2:
        raise Refusal(
            f"= {shown(','.join(wanted))} is no game; name two firms or more, such as north,south", place="firms"
        )
    return tuple(wanted)


def _strategies(study: Experiment, wanted: Sequence[str]) -> tuple[str, ...]:
    for arm in wanted:
        if arm not in study.arms:
            near = did_you_mean(arm, study.arms) or f"; there is {one_of(study.arms, 'and')}"
            raise Refusal(f"= {shown(arm)} is no arm{near}", place="arms")
    found = tuple(wanted or study.arms)
    if len(set(found)) < len(found):
        raise Refusal(f"= {shown(','.join(found))} names an arm twice", place="arms")
    if len(found) < 2:
        raise Refusal(
            f"= {shown(','.join(found))} leaves nothing to choose; a game takes two arms or more", place="arms"
        )
    return found


def _payoff(study: Experiment, name: str) -> Measure:
    known = BY_NAME | study.own.known | {kpi.name: kpi for kpi in study.kpis}
    if name not in known:
        raise Refusal(
            f"= {shown(name)} is no KPI{did_you_mean(name, known) or '; patronage show kpis lists all'}", place="kpi"
        )
    if not known[name].better:
        raise Refusal(f"= {shown(name)} is no payoff: neither more nor less of it is better", place="kpi")
    return known[name]


def _check_strategy(study: Experiment, arm: str, firm: str) -> None:
    """Refuse an arm that another firm could not take as it is."""
    settings = study.arms[arm]
    if MATCH in settings:
        advice = "write the value that abm.matched finds, or name other arms for the game"
        raise Refusal(f"leaves '{settings[MATCH].by}' open; {advice}", place=f"arms.{arm}.{MATCH}")
    for path in [*paths_of(settings), *(path for change in settings.get(CHANGES, ()) for path in change["set"])]:
        if _lever(study.scenario, path, firm) is None:
            only = f"a strategy sets levers of {firm} alone, the first of the firms"
            raise Refusal(
                f"= …: {only}, as in firms.{firm}.price; name other arms for the game", place=f"arms.{arm}.{path}"
            )


def _lever(scenario: Scenario, path: str, firm: str) -> tuple[str, ...] | None:
    """Return the steps of a path below a firm, None if it is not the path of a lever of this firm."""
    steps = [str(step) for step in segments(path)]
    if len(steps) < _LEVER or steps[0] != "firms":
        return None
    names = [one.name for one in scenario.firms]
    by_place = steps[1] not in names and steps[1].isdecimal() and int(steps[1]) < len(names)
    owner = names[int(steps[1])] if by_place else steps[1]
    return tuple(steps[2:]) if owner == firm else None


def _settings(study: Experiment, firms: Sequence[str], chosen: Sequence[str]) -> dict[str, Any]:
    """Return the settings of a profile: those of each firm's strategy, on the firm's own path."""
    found: dict[str, Any] = {}
    changes: list[dict[str, Any]] = []
    for place, (firm, arm) in enumerate(zip(firms, chosen, strict=True), start=1):
        settings = study.arms[arm]
        paths = _moved(study.scenario, paths_of(settings), firms[0], firm)
        dates = {key: settings[key] for key in DATES if key in settings}
        # Two firms may take the same dated strategy, and no two changes of a scenario have one name.
        if dates:
            changes.append({"name": f"{arm}_{place}", **dates, "set": paths})
        else:
            found |= paths
        for change in settings.get(CHANGES, ()):
            own = _moved(study.scenario, change["set"], firms[0], firm)
            changes.append({**change, "name": f"{change['name']}_{place}", "set": own})
    return found | ({CHANGES: changes} if changes else {})


def _moved(scenario: Scenario, paths: Mapping[str, Any], of: str, to: str) -> dict[str, Any]:
    """Return settings of one firm's levers as those of another firm's."""
    found = {}
    for path, value in paths.items():
        place = below("firms", to)
        for step in _lever(scenario, path, of) or ():
            place = below(place, step)
        found[place] = value
    return found


def _names(chosen: Sequence[Sequence[str]]) -> list[str]:
    """Return a name for each profile: its strategies, or its number where these are no names of arms."""
    names = [_BETWEEN.join(own) for own in chosen]
    if len({name.lower() for name in names}) < len(names) or max(map(len, names)) > _LONGEST_NAME:
        return [f"profile_{place}" for place in range(1, len(chosen) + 1)]
    return names


def _labels(firms: Sequence[str], chosen: Sequence[Sequence[str]], names: Sequence[str]) -> list[str]:
    """Return what people read in place of each profile's name; "" for all if one is too long or is not its own."""
    said = [
        ", ".join(f"{firm} {arm}" for firm, arm in zip(firms, own, strict=True))
        for own in chosen
    ]  # fmt: skip
    whole = all(len(one) <= LONGEST_LABEL and one.isprintable() for one in said)
    return said if whole and len({*said, *names}) == 2 * len(names) else [""] * len(names)
