"""In which KPI arms are compared, and how sure the answer is to be; checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.parameters import interval
from abm.kpis.measure import Measure
from abm.study.comparison.selection import BATCH, PILOT
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import ALL, unit_of
from abm.study.statistics.winner import more_is_better

ZONES = (1e-100, 1e100)  # whose squares are numbers too


@dataclass(frozen=True)
class Question:
    """Which arm is best in a KPI of a firm, and how sure the answer is to be.

    zone       : indifference zone: differences below it do not matter, in the KPI's unit
    confidence : probability of a right answer         largest : whether more is better
    pilot      : replications before the first decision        batch : between the first decisions
    group      : of the firm's customers, "" = everybody
    """

    kpi: Measure
    firm: str
    zone: float
    confidence: float
    largest: bool = True
    pilot: int = PILOT
    batch: int = BATCH
    group: str = ""

    @property
    def whose(self) -> str:
        """Whose KPI it is, in words: "north", or "north's customers in 'member'"."""
        return f"{self.firm}'s customers in '{self.group}'" if self.group else self.firm

    @property
    def unit(self) -> str:
        """How stored rows call whose KPI it is."""
        return unit_of(self.firm, self.group)

    @property
    def most(self) -> str:
        """Which value is best, in a word: "highest" or "lowest"."""
        return "highest" if self.largest else "lowest"

    @property
    def amount(self) -> str:
        """The indifference zone with its unit."""
        return self.said(self.zone)

    def said(self, value: float) -> str:
        """Return a value of the KPI in words, with its unit."""
        unit = self.kpi.unit
        if unit.startswith("1/"):
            unit = f"per {unit[2:]}"
        elif unit[:1].isdigit():
            unit = f"on a scale of {unit.replace('-', ' to ')}"
        return f"{value:.4g} {unit}".rstrip()


def question(
    experiment: Experiment,
    kpi: str,
    firm: str | None,
    zone: float | None,
    confidence: float,
    largest: bool | None = None,
    pilot: int = PILOT,
    batch: int = BATCH,
    group: str | None = None,
) -> Question:
    """Return the question.

    largest : None = as the KPI says

    Raises Refusal for names that the study does not have, numbers of no use, and a KPI of which neither more nor less
    is better, where it is not said which is.
    """
    pilot = checks.whole("pilot", pilot, low=1)
    if pilot < PILOT:
        raise Refusal(f"= {pilot} is below {PILOT}, the fewest replications to judge variances by", place="pilot")
    batch = checks.whole("batch", batch, low=1)
    measured = _measured(experiment, kpi)
    firm, group = _firm(experiment, firm), _group(experiment, group)
    _check_confidence(confidence, len(experiment.arms))
    largest = more_is_better(measured.name, measured.better) if largest is None else largest
    return Question(measured, firm, _zone(zone, measured), float(confidence), largest, pilot, batch, group)


def _measured(experiment: Experiment, name: str) -> Measure:
    known = {kpi.name: kpi for kpi in experiment.kpis}
    if name in known:
        return known[name]
    if name in experiment.own.known:
        wanted = ", ".join(f'"{kpi}"' for kpi in [*known, name])
        raise Refusal(f"= {shown(name)} is not measured by the study; set kpis = [{wanted}]", place="kpi")
    advice = did_you_mean(name, [*known, *experiment.own.known]) or f"; the study measures {', '.join(known)}"
    raise Refusal(f"= {shown(name)} is no KPI{advice}", place="kpi")


def _firm(experiment: Experiment, name: str | None) -> str:
    firms = [one.name for one in experiment.scenario.firms]
    return firms[0] if name is None else _known("firm", name, firms)


def _group(experiment: Experiment, name: str | None) -> str:
    groups = [label for labels in experiment.group_labels.values() for label in labels]
    if name is None or name == ALL:
        return ""
    if not groups:
        raise Refusal(f"= {shown(name)} is no group; the study tells none apart, write [groups.NAME]", place="group")
    return _known("group", name, groups)


def _known(what: str, name: str, names: Sequence[str]) -> str:
    if name not in names:
        advice = did_you_mean(name, names) or f"; there is {one_of(names)}"
        raise Refusal(f"= {shown(name)} is no {what}{advice}", place=what)
    return name


def _zone(zone: Any, kpi: Measure) -> float:
    if _is_number(zone) and ZONES[0] <= zone <= ZONES[1]:
        return float(zone)
    unit = f" in {kpi.unit}" if kpi.unit else ""
    advice = f"give the smallest difference of {kpi.name} that matters to you{unit}"
    if zone is None:
        raise Refusal(f"is missing; {advice}", place="zone")
    reason = ": telling arms that do not differ would take runs without end" if zone == 0 else ""
    what = f"is outside {interval(ZONES)}" if _is_number(zone) and 0 < zone < math.inf else "is not a number above 0"
    raise Refusal(f"= {shown(zone)} {what}{reason}; {advice}", place="zone")


def _check_confidence(confidence: Any, arms: int) -> None:
    guess = 1 / max(arms, 2)
    if not _is_number(confidence) or not guess < confidence < 1:
        reason = f"between {guess:.3g}, which guessing achieves, and 1"
        raise Refusal(f"= {shown(confidence)} is not a probability {reason}", place="confidence")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
