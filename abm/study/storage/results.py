"""Results: what the runs of an experiment say.

Two tidy tables, joined by `run_id`: a row per run and firm, and a row per run, period and firm. Differences between
arms are paired within point and replication, where the arms share their luck. The unit of repetition is the
replication: the points of a design are averaged first, as they say nothing about luck.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.study.plan.groups import ALL, unit_of
from abm.study.plan.sheet import Sheet
from abm.study.provenance.digest import DIGEST_BYTES, canonical
from abm.study.statistics import intervals
from abm.study.statistics.paired import PairedDifference, by_replication, interval, saving
from abm.study.statistics.winner import Winner, decide
from abm.study.storage import tidy
from abm.study.storage.before_after import before_after
from abm.study.storage.manifest import read_manifest
from abm.study.storage.rows import Holdings, Rows
from abm.study.storage.store import Segments, Store
from abm.study.storage.twins import twins


class Results:
    """The stored runs of one experiment; read when first asked for.

    arms, kpis, firms, factors : names, in the experiment's order; the first firm is the focal one
    groups   : names of the groups of customers that are told apart; () = there are none
    baseline : the arm that others are compared with
    missing  : runs of the experiment that are not stored; strangers: stored runs of other experiments
    damaged  : segments whose bytes have changed since they were written; their runs count as missing
    """

    def __init__(self, sheet: Sheet, segments: Segments) -> None:
        self.sheet, self._segments = sheet, segments
        self.arms, self.kpis, self.firms, self.baseline = sheet.arms, sheet.kpis, sheet.firms, sheet.baseline
        self.factors, self.groups = tuple(sheet.design.factors), sheet.groups

    def __repr__(self) -> str:
        done = int(self._holdings.done.sum())
        strangers = f"; {self.strangers:,} stored runs are of other experiments" if self.strangers else ""
        runs = f"{done:,} of {len(self.sheet):,} runs, {len(self.failed):,} failed"
        return f"<Results of {self.sheet.name}: {runs}{strangers}>"

    @property
    def missing(self) -> int:
        """How many runs of the experiment are not stored."""
        return int((self._holdings.owner < 0).sum())

    @property
    def strangers(self) -> int:
        """How many stored runs belong to other experiments, such as earlier versions of this one."""
        return self._holdings.strangers

    @property
    def damaged(self) -> tuple[str, ...]:
        """Names of damaged segments."""
        return tuple(sorted(self._segments.damaged))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row per run and firm: run_id, arm, point, replication, seed, firm, factors, status, error, KPIs.

        KPIs are measured over the periods after the burn-in. A failed run is one row without firm and numbers. With
        groups there are rows for each, told apart by a column `group`, which is "all" where everybody counts.
        """
        return tidy.of_runs(self.sheet, self._run_rows)

    @cached_property
    def periods(self) -> pd.DataFrame:
        """A row per run, period and firm, and group if there are groups: as `runs`, with the period.

        All periods are there, those of the burn-in too. Texts are categories, which keeps large tables small.
        """
        return tidy.of_periods(self.sheet, self._segments.rows(self.sheet, by_period=True))

    @cached_property
    def persons(self) -> pd.DataFrame:
        """A row per run, date and person that the study records: run_id, arm, point, replication, factors, period (that
        have passed), customer (her identity, the same in all arms of a replication), and the columns asked for; one
        with an entry for each firm as "trust.north".

        Raises Refusal if the study records none.
        """
        return self._log("persons")

    @cached_property
    def visits(self) -> pd.DataFrame:
        """A row per visit that the study logs: run_id, arm, point, replication, factors, period, customer, nth (which
        of her occasions of the period), firm, and the columns asked for.

        Raises Refusal if the study logs none.
        """
        return self._log("visits")

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
            raise Refusal(f"no persons are recorded after {date} periods; there is {one_of(map(str, dates))}")
        of_date = persons[persons["period"] == (dates[-1] if date is None else date)] if dates else persons
        return twins(of_date, unit if unit in persons else column, self._known("arm", arm, self.arms), against)

    def _log(self, kind: str) -> pd.DataFrame:
        if kind not in self.sheet.records:
            raise Refusal(f"the study records no {kind}; give it [record.{kind}]")
        return tidy.of_log(self.sheet, self._segments.log(self.sheet, kind))

    @cached_property
    def failed(self) -> pd.DataFrame:
        """A row per failed run: run_id, arm, point, replication, error (its class), message."""
        runs = [(self.sheet.run(index), words) for index, words in sorted(self._run_rows.errors.items())]
        rows = [(run.run_id, run.arm, run.point, run.replication, *words) for run, words in runs]
        return pd.DataFrame(rows, columns=["run_id", "arm", "point", "replication", "error", "message"])

    def paired(
        self,
        kpi: str,
        arm: str,
        against: str | None = None,
        firm: str | None = None,
        confidence: float = 0.95,
        point: int | None = None,
        statistic: str | float = "mean",
        group: str | None = None,
    ) -> PairedDifference:
        """Return by how much two arms differ in a KPI, with an interval over replications.

        against   : an arm; None = the baseline      firm : None = the focal firm      point : None = mean of all points
        statistic : "mean" of the differences, by Student's t; "skewed_mean", the same for skewed differences; "median"
                    or a quantile such as 0.9 of them; "ratio" of the arms' means; see statistics/intervals.py
        group     : of customers; None = everybody

        Pairs of which either run failed, is missing or has no value are left out and counted.
        Raises Refusal for names that are not in the results, another statistic and a confidence outside (0, 1).
        """
        statistic = intervals.checked(statistic)
        against = self.baseline if against is None else against
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
        """A row per arm and KPI: mean, and difference from the baseline with its interval and pairs.

        group : of customers; None = everybody
        """
        own = self.firms[0] if firm is None else firm
        rows = []
        for arm in self.arms:
            for kpi in self.kpis:
                found = self.paired(kpi, arm, firm=own, confidence=confidence, group=group)
                values = self.block(kpi, arm, own, group)
                values = values[np.isfinite(values)]
                mean = float(values.mean()) if len(values) else np.nan
                behind = (found.mean, found.low, found.high, found.pairs, found.dropped)
                rows.append((arm, kpi, own, mean, *behind))
        names = ["arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs", "dropped"]
        return pd.DataFrame(rows, columns=names)

    def ranking(
        self,
        kpi: str,
        firm: str | None = None,
        confidence: float = 0.95,
        largest: bool = True,
        group: str | None = None,
    ) -> pd.DataFrame:
        """A row per arm, best first: mean, and difference from the best arm with its interval and pairs.

        largest : whether more is better        group : of customers; None = everybody
        """
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
        largest: bool = True,
        group: str | None = None,
    ) -> Winner:
        """Return the best arm, if it is shown to be better than every other, and a sentence that says how sure that is.

        The best arm's paired interval against each other must exclude 0, at a confidence that allows for all of these
        comparisons together (Bonferroni).
        """
        best, *others = self.ranking(kpi, firm, confidence, largest, group)["arm"]
        each = 1 - (1 - confidence) / max(1, len(others))
        differences = tuple(self.paired(kpi, best, other, firm, each, group=group) for other in others)
        return decide(kpi, best, differences, confidence, largest)

    def canonical(self) -> str:
        """Return a digest (hex) of all numbers to the last bit.

        It is the same however many workers there were, in whatever order and however often interrupted: rows are
        sorted by arm, point, replication, period and firm, and nothing of their storage goes in.
        """
        found = hashlib.blake2b(digest_size=DIGEST_BYTES)
        names = {"arms": sorted(self.arms), "kpis": sorted(self.kpis), "design": self.sheet.design.to_dict()}
        found.update(canonical(names).encode())
        for rows in (self._run_rows, self._segments.rows(self.sheet, by_period=True)):
            for column in rows.canonical(tidy.labels(self.sheet, rows.index) | {"period": rows.period}, self.arms):
                found.update(column.tobytes())
        for kind in self.sheet.records:
            table = tidy.of_log(self.sheet, self._segments.log(self.sheet, kind)).drop(columns="run_id")
            found.update(pd.util.hash_pandas_object(table, index=False).to_numpy().astype("<u8").tobytes())
        failed = self.failed[["arm", "point", "replication", "error"]].sort_values(["arm", "point", "replication"])
        found.update(canonical(failed.to_numpy().tolist()).encode())
        return found.hexdigest()

    def to_csv(self, folder: Path | str) -> None:
        """Write runs.csv and periods.csv into a folder, numbers to the last bit."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.runs.to_csv(Path(folder) / "runs.csv", index=False)
        self.periods.to_csv(Path(folder) / "periods.csv", index=False)

    @cached_property
    def _holdings(self) -> Holdings:
        return self._segments.holdings(self.sheet)

    @cached_property
    def _run_rows(self) -> Rows:
        return self._segments.rows(self.sheet, by_period=False)

    def block(self, kpi: str, arm: str, firm: str, group: str | None = None) -> np.ndarray:
        """Return a KPI of an arm and firm as (points, replications), NaN where there is no value.

        group : of customers; None = everybody
        """
        rows, design = self._run_rows, self.sheet.design
        self._check_names(kpi, arm, firm, group)
        values, position = rows.kpis[kpi], self.arms.index(arm)
        firm = unit_of(firm, group)
        block = np.full((len(design), self.sheet.replications), np.nan)
        if firm in rows.firms:
            at = (rows.index % len(self.arms) == position) & (rows.firm == rows.firms.index(firm))
            replication, point = np.divmod(rows.index[at] // len(self.arms), len(design))
            block[point, replication] = values[at]
        return block

    def course(self, kpi: str, arm: str, firm: str, group: str | None = None) -> np.ndarray:
        """Return a KPI of an arm and firm by period, (points, replications, periods), NaN where there is no value.

        group : of customers; None = everybody
        """
        self._check_names(kpi, arm, firm, group)
        table, sheet = self.periods if self.groups else self.periods.assign(group=ALL), self.sheet
        own = (table["arm"] == arm) & (table["firm"] == firm) & (table["group"] == (group or ALL))
        rows = table[own & (table["period"] < sheet.periods)]
        course = np.full((len(sheet.design), sheet.replications, sheet.periods), np.nan)
        course[rows["point"], rows["replication"], rows["period"]] = rows[kpi]
        return course

    def _check_names(self, kpi: str, arm: str, firm: str, group: str | None) -> None:
        """Refuse names that are not in the results."""
        self._known("group", group or ALL, (ALL, *self.groups))
        self._known("KPI", kpi, self.kpis)
        self._known("arm", arm, self.arms)
        self._known(
            "firm", firm, dict.fromkeys([*self.firms, *filter(None, tidy.units(self.sheet, self._run_rows)["firm"][0])])
        )

    @staticmethod
    def _known(what: str, name: str, names: Iterable[str]) -> str:
        names = list(names)
        if name not in names:
            raise Refusal(
                f"no {what} {shown(name)} in the results{did_you_mean(name, names) or f'; there is {one_of(names)}'}"
            )
        return name


def read(folder: Path | str) -> Results:
    """Return the results in a folder.

    Raises Refusal for a folder that is not one of results; warns of segments that are damaged.
    """
    store = Store(folder)
    results = Results(read_manifest(store.folder).sheet, store)
    if results.missing and results.damaged:
        names = ", ".join(results.damaged)
        warnings.warn(f"{folder}: damaged segments, run the study again to mend them: {names}", stacklevel=2)
    return results


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise Refusal(f"confidence = {confidence} is outside (0, 1)")
