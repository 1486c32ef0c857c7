"""Comparisons of the arms in results, paired within point and replication, where the arms share their luck."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, counted, did_you_mean, one_of, shown
from abm.scenario.measures import BY_NAME
from abm.study.plan.groups import unit_of
from abm.study.plan.sheet import Sheet
from abm.study.statistics import intervals
from abm.study.statistics.paired import PairedDifference, by_replication, interval, mean_of_points, saving
from abm.study.statistics.winner import Winner, decide, more_is_better
from abm.study.storage.before_after import before_after
from abm.study.storage.twins import twins


class Comparisons(ABC):
    """What results say of arms compared; they give the numbers of one arm."""

    sheet: Sheet
    arms: tuple[str, ...]
    kpis: tuple[str, ...]
    firms: tuple[str, ...]
    baseline: str
    persons: pd.DataFrame

    @abstractmethod
    def block(self, kpi: str, arm: str, firm: str, group: str | None = None) -> np.ndarray:
        """Return a KPI of an arm and firm as (points, replications), NaN where there is no value."""

    @abstractmethod
    def course(self, kpi: str, arm: str, firm: str, group: str | None = None) -> np.ndarray:
        """Return a KPI of an arm and firm by period, (points, replications, periods), NaN where there is no value."""

    def paired(
        self,
        kpi: str,
        arm: str | None = None,
        against: str | None = None,
        firm: str | None = None,
        confidence: float = 0.95,
        point: int | None = None,
        statistic: str | float = "mean",
        group: str | None = None,
    ) -> PairedDifference:
        """Return by how much two arms differ in a KPI, with an interval over replications.

        arm       : None = the only other one
        against   : an arm; None = the baseline      firm : None = the focal firm      point : None = mean of all points
        statistic : "mean" of the differences, by Student's t; "skewed_mean", the same for skewed differences; "median"
                    or a quantile such as 0.9 of them; "ratio" of the arms' means; see statistics/intervals.py
        group     : of customers; None = everybody

        Pairs of which either run failed, is missing or has no value are left out and counted, and so is the replication
        that they are in: the mean of all points is over replications in which each point has a value. A point that has
        none at all is left out.
        Raises Refusal for names that are not in the results, another statistic and a confidence outside (0, 1).
        """
        statistic = intervals.checked(statistic)
        against = self.baseline if against is None else against
        arm = self._other(against) if arm is None else arm
        firm = self.firms[0] if firm is None else firm
        _check(confidence)
        mine, other = self.block(kpi, arm, firm, group), self.block(kpi, against, firm, group)
        if point is not None:
            if not 0 <= point < len(self.sheet.design):
                raise Refusal(f"point = {point} is outside [0, {len(self.sheet.design) - 1}]")
            mine, other = mine[point : point + 1], other[point : point + 1]
        first, second, dropped = by_replication(mine, other)
        mean, _, _, sd = interval(first - second, confidence)
        estimate, low, high = intervals.estimated(statistic, first, second, confidence)
        unit = unit_of(firm, group)
        difference = PairedDifference(kpi, arm, against, unit, mean, low, high, len(first), sd, confidence, dropped)
        return replace(difference, saving=saving(first, second), statistic=statistic, estimate=estimate)

    def before_after(
        self,
        kpi: str,
        arm: str,
        against: str | None = None,
        firm: str | None = None,
        confidence: float = 0.95,
        date: int | None = None,
        group: str | None = None,
    ) -> pd.DataFrame:
        """Return by how much two arms differ before and after their dates, and by how much that changes.

        A row per window between two dates, the first from the burn-in on, with the columns of before_after.py.

        against, firm, confidence, group : as of `paired`
        date : at which the window ends that others are compared with; None = the first after the burn-in that the arms
               do not share

        Raises Refusal for names that are not in the results, arms without a date after the burn-in, another date.
        """
        _check(confidence)
        firm = self.firms[0] if firm is None else firm
        against = self.baseline if against is None else self._known("arm", against, self.arms)
        arm, courses = self._known("arm", arm, self.arms), partial(self.course, kpi, firm=firm, group=group)
        table = before_after(self.sheet, courses, arm, against, confidence, date)
        table.insert(0, "kpi", kpi)
        table.insert(1, "firm", firm)
        return table

    def table(self, firm: str | None = None, confidence: float = 0.95, group: str | None = None) -> pd.DataFrame:
        """A row per arm and KPI: mean over points, and difference from the baseline with its interval and pairs.

        group : of customers; None = everybody
        """
        own = self.firms[0] if firm is None else firm
        rows = []
        for arm in self.arms:
            for kpi in self.kpis:
                found = self.paired(kpi, arm, firm=own, confidence=confidence, group=group)
                mean = mean_of_points(self.block(kpi, arm, own, group))
                behind = (found.mean, found.low, found.high, found.pairs, found.dropped)
                rows.append((arm, kpi, own, mean, *behind))
        names = ["arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs", "dropped"]
        return pd.DataFrame(rows, columns=names)

    def ranking(
        self,
        kpi: str,
        firm: str | None = None,
        confidence: float = 0.95,
        largest: bool | None = None,
        group: str | None = None,
    ) -> pd.DataFrame:
        """A row per arm, best first: mean, and difference from the best arm with its interval and pairs.

        largest : whether more is better; None = as the KPI says        group : of customers; None = everybody

        Raises Refusal for names that are not in the results, and for a KPI of which neither more nor less is better.
        """
        largest = self._more_is_better(kpi) if largest is None else largest
        table = self.table(firm, confidence, group)
        table = table[table["kpi"] == self._known("KPI", kpi, self.kpis)]
        table = table.sort_values("difference", ascending=not largest, kind="stable", na_position="last")
        best = str(table["arm"].iloc[0])
        found = [self.paired(kpi, arm, best, firm, confidence, group=group) for arm in table["arm"]]
        behind = {name: [getattr(f, name) for f in found] for name in ("low", "high", "pairs", "dropped")}
        ranked = table.assign(difference=[f.mean for f in found], **behind)
        return ranked.reset_index(drop=True)

    def winner(
        self,
        kpi: str,
        firm: str | None = None,
        confidence: float = 0.95,
        largest: bool | None = None,
        group: str | None = None,
    ) -> Winner:
        """Return the best arm, if it is shown to be better than every other, and a sentence that says how sure that is.

        The best arm's paired interval against each other must exclude 0, at a confidence that allows for all of these
        comparisons together (Bonferroni).

        largest, group : as of `ranking`, and what is refused
        """
        largest = self._more_is_better(kpi) if largest is None else largest
        best, *others = self.ranking(kpi, firm, confidence, largest, group)["arm"]
        each = 1 - (1 - confidence) / max(1, len(others))
        differences = tuple(self.paired(kpi, best, other, firm, each, group=group) for other in others)
        return decide(kpi, best, differences, confidence, largest)

    def twins(
        self, column: str, arm: str, against: str | None = None, firm: str | None = None, date: int | None = None
    ) -> pd.DataFrame:
        """Return what an arm did to each recorded person: her value of a column in it minus that in another arm.

        column  : recorded; of one with an entry for each firm that of `firm`, None = the focal firm
        against : an arm, None = the baseline        date : after so many periods, None = the last one recorded

        See twins.py for the columns of the table.  Raises Refusal for names that are not there.
        """
        against = self.baseline if against is None else self._known("arm", against, self.arms)
        persons, unit = self.persons, f"{column}.{self.firms[0] if firm is None else firm}"
        dates = sorted(persons["period"].unique().tolist())
        if date is not None and date not in dates:
            raise Refusal(
                f"no persons are recorded after {counted(date, 'period')}; there is {one_of(map(str, dates))}"
            )
        of_date = persons[persons["period"] == (dates[-1] if date is None else date)] if dates else persons
        return twins(of_date, unit if unit in persons else column, self._known("arm", arm, self.arms), against)

    def better(self, kpi: str) -> str:
        """Return whether "more" or "less" of a KPI is better; "" = neither."""
        return BY_NAME[kpi].better if kpi in BY_NAME else self.sheet.own.get(kpi, ("", ""))[1]

    def _more_is_better(self, kpi: str) -> bool:
        return more_is_better(kpi, self.better(self._known("KPI", kpi, self.kpis)))

    def _other(self, against: str) -> str:
        """Return the only arm besides one; refuse if there are several, or none."""
        others = [arm for arm in self.arms if arm != against]
        if len(others) != 1:
            there = f"one of {', '.join(map(shown, others))}" if others else "an arm, of which there is one only"
            raise Refusal(f"which arm is compared with '{against}'? say {there}", place="arm")
        return others[0]

    @staticmethod
    def _known(what: str, name: str, names: Iterable[str]) -> str:
        names = list(names)
        if name not in names:
            raise Refusal(
                f"no {what} {shown(name)} in the results{did_you_mean(name, names) or f'; there is {one_of(names)}'}"
            )
        return name


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise Refusal(f"confidence = {confidence} is outside (0, 1)")
