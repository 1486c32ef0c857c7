"""Results: what the runs of an experiment say.

Two tidy tables, joined by `run_id`: a row per run and firm, and a row per run, period and firm. Differences between
arms are paired within point and replication, where the arms share their luck. The unit of repetition is the
replication: the points of a design are averaged first, as they say nothing about luck.
"""

from __future__ import annotations

import hashlib
import importlib
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, counted
from abm.core.shown import in_notebook
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import ALL, unit_of
from abm.study.plan.sheet import Sheet
from abm.study.provenance.digest import DIGEST_BYTES, canonical
from abm.study.storage import tidy
from abm.study.storage.comparisons import Comparisons
from abm.study.storage.failures import reason
from abm.study.storage.manifest import read_manifest
from abm.study.storage.named import named
from abm.study.storage.rows import Holdings, Rows
from abm.study.storage.spreadsheet import harmless
from abm.study.storage.store import Segments, Store

_COPIED_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3  # by pandas: a shallow copy is a table of its own


class Results(Comparisons):
    """The stored runs of one experiment; read when first asked for.

    Each time a table is asked for it is the caller's own: to go on with one that was changed, give it a name.

    arms, kpis, firms, factors : names, in the experiment's order; the first firm is the focal one
    groups   : names of the groups of customers that are told apart; () = there are none
    baseline : the arm that others are compared with
    missing  : runs of the experiment that are not stored; strangers: stored runs of other experiments
    damaged  : segments whose bytes have changed since they were written; their runs count as missing
    """

    def __init__(self, sheet: Sheet, segments: Segments, experiment: Experiment | None = None) -> None:
        self.sheet, self._segments, self._experiment = sheet, segments, experiment
        self.arms, self.kpis, self.firms, self.baseline = sheet.arms, sheet.kpis, sheet.firms, sheet.baseline
        self.factors, self.groups = tuple(sheet.design.factors), sheet.groups

    def __repr__(self) -> str:
        done = int(self._holdings.done.sum())
        strangers = f"; {self.strangers:,} stored runs are of other experiments" if self.strangers else ""
        why = f" ({reason(self.failed)})" if len(self.failed) else ""
        runs = f"{done:,} of {counted(len(self.sheet), 'run')}, {len(self.failed):,} failed{why}"
        return f"<Results of {self.sheet.name}: {runs}{strangers}>"

    _repr_html_ = in_notebook

    @cached_property
    def plot(self) -> Any:
        """Figures of these results by name: `results.plot.effects()`, `results.plot.over_time("csi")`, ….

        The package of views makes them, which knows all others and none of them knows it; so it is asked for by name.
        """
        return importlib.import_module("abm.view.accessor").Plots(self)

    def labelled(self, labels: Mapping[str, str] | None = None) -> Results:
        """Return the same results with arms under their labels, for people to read; files and ids have the names.

        labels : of arms, by name; None = those that the study gives
        """
        sheet = self.sheet if labels is None else replace(self.sheet, labels=dict(labels))
        return Results(sheet.labelled(), self._segments, self._experiment) if sheet.labels else self

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment that the runs are of; of a folder, as its manifest has it.

        Raises Refusal if that needs theories or measures of the user's own: abm.load(folder, own) takes them.
        """
        if self._experiment is not None:
            return self._experiment
        if not isinstance(self._segments, Store):
            raise Refusal("these results were not made by abm.run, and do not know their experiment")
        return read_manifest(self._segments.folder).study(self._segments.folder)

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

    @property
    def runs(self) -> pd.DataFrame:
        """A row per run and firm: run_id, arm, point, replication, seed, firm, factors, status, error, KPIs.

        KPIs are measured over the periods after the burn-in. A failed run is one row without firm and numbers. With
        groups there are rows for each, told apart by a column `group`, which is "all" where everybody counts.
        Texts are texts here, and categories in the larger tables. `attrs["units"]` has the unit of each column.
        """
        return _own_copy(self._runs)

    @property
    def periods(self) -> pd.DataFrame:
        """A row per run, period and firm, and group if there are groups: as `runs`, with the period.

        All periods are there, those of the burn-in too. Texts are categories, which keeps large tables small. Units as
        in `runs`.
        """
        return _own_copy(self._periods)

    @property
    def persons(self) -> pd.DataFrame:
        """A row per run, date and person that the study records: run_id, arm, point, replication, factors, period (that
        have passed), customer (her identity, the same in all arms of a replication), and the columns asked for; one
        with an entry for each firm as "trust.north". `attrs["units"]` has the unit of each, as money is in cu in one
        and in cents in another; firms and segments have their names (named.py says which), other codes are numbers.

        Raises Refusal if the study records none.
        """
        return _own_copy(self._persons)

    @property
    def visits(self) -> pd.DataFrame:
        """A row per visit that the study logs: run_id, arm, point, replication, factors, period, customer, nth (which
        of her occasions of the period), firm, and the columns asked for. Units and names as in `persons`.

        Raises Refusal if the study logs none.
        """
        return _own_copy(self._visits)

    def _log(self, kind: str) -> pd.DataFrame:
        if kind not in self.sheet.records:
            step = f'give it [record.{kind}] (in Python record={{"{kind}": {{"columns": […]}}}})'
            raise Refusal(f"the study records no {kind}; {step}")
        return named(self, tidy.of_log(self.sheet, self._segments.log(self.sheet, kind)))

    @property
    def failed(self) -> pd.DataFrame:
        """A row per failed run: run_id, arm, point, replication, error (its class), message."""
        return _own_copy(self._failed)

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
        """Write runs.csv and periods.csv into a folder, numbers to the last bit; see spreadsheet.py for text."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        harmless(self.runs).to_csv(Path(folder) / "runs.csv", index=False)
        harmless(self.periods).to_csv(Path(folder) / "periods.csv", index=False)

    @cached_property
    def _runs(self) -> pd.DataFrame:
        return tidy.of_runs(self.sheet, self._run_rows)

    @cached_property
    def _periods(self) -> pd.DataFrame:
        return tidy.of_periods(self.sheet, self._segments.rows(self.sheet, by_period=True))

    @cached_property
    def _persons(self) -> pd.DataFrame:
        return self._log("persons")

    @cached_property
    def _visits(self) -> pd.DataFrame:
        return self._log("visits")

    @cached_property
    def _failed(self) -> pd.DataFrame:
        runs = [(self.sheet.run(index), words) for index, words in sorted(self._run_rows.errors.items())]
        rows = [(run.run_id, run.arm, run.point, run.replication, *words) for run, words in runs]
        return pd.DataFrame(rows, columns=["run_id", "arm", "point", "replication", "error", "message"])

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
        table, sheet = self._periods if self.groups else self._periods.assign(group=ALL), self.sheet
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


def _own_copy(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that can be changed without changing what later answers are made from."""
    return table.copy(deep=not _COPIED_ON_WRITE)


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
