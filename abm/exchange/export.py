"""Purchase logs and choice panels of stored runs, in the columns that other packages read.

A log     a row a purchase: customer_id, date, amount (cu); `firm` too, if it is of all firms. lifetimes and
          pymc-marketing take it as it is: summary_data_from_transaction_data(log, "customer_id", "date", "amount").
A panel   long form, a row per purchase and firm: occasion, customer_id, date, firm, chosen (1 = bought there), price
          (index), last (1 = the firm that she had chosen before), available (1 = she considered it).

A period has no days; a purchase is put on one by its place among those of its customer in the period:

    day = floor((period + (rank + u) / count) length),  length = 365.25 / periods a year,  u uniform, for each customer
          and period

so that purchases of a period fall on different days, as long as the period has as many.
Source: assumed; within a period the market says only in which order a customer comes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.core import given
from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.given import whole
from abm.core.kernels import kernel
from abm.core.streams import stream_key, uniform4
from abm.exchange.again import Again, Chosen, all_stored, chosen
from abm.logs.purchases import moment
from abm.scenario.scenario import Scenario
from abm.study.plan.sheet import Run
from abm.study.provenance.files import check_can_be_made, write_whole
from abm.study.storage.loading import folder_of, own_of
from abm.study.storage.results import Results
from abm.study.storage.spreadsheet import harmless
from abm.world.columns import CENT
from abm.world.fitted import DAYS_PER_YEAR

START = "2024-01-01"  # a Monday
SUFFIXES = (".csv", ".parquet", ".pq")
_DECIMALS = 6  # of a price index, which is held in 32 bits


@kernel
def draw_moments(luck, customer, period, key, replication):
    """Draw when in a period a customer comes (draw 0, block 0, word 0).  luck (k,)  0-1  [written]"""
    for k in range(customer.shape[0]):
        luck[k] = uniform4(key, customer[k], period[k], 0, replication)[0]


@dataclass(frozen=True)
class _Wanted:
    """What is written of a run, as `export` has it.  start : of period 0"""

    panel: bool
    firm: str | None
    all_firms: bool
    since: int | None
    start: pd.Timestamp
    cohort: bool


def export(
    folder: Path | str | Results,
    out: Path | str | None = None,
    *,
    panel: bool = False,
    arm: str | None = None,
    point: int = 0,
    replication: int = 0,
    all_runs: bool = False,
    firm: str | None = None,
    all_firms: bool = False,
    since: int | None = None,
    start: str = START,
    cohort: bool = False,
    own: Any = (),
) -> pd.DataFrame:
    """Return the purchase log of a stored run, or its choice panel, and write it if a file is named.

    folder   : of results, or the results that `abm.run` has stored in it; the run is made again from it, and has to
               come out as it is stored
    out      : FILE.csv or FILE.parquet, which must not be there yet; None = nothing is written
    panel    : a row per purchase and firm instead of a row per purchase
    arm, point, replication : which run; None = the baseline
    all_runs : all that are stored and have not failed, one after the other, with columns arm, point, replication
    firm     : whose log; None = the first firm            all_firms : purchases at all of them, with a column `firm`
    since    : first period that is written; None = the end of the burn-in
    start    : day on which period 0 begins
    cohort   : from period 0 on, and before it, on the day before `start`, a purchase of every customer at her basket: a
               log of new customers, as models of repeat purchase count them
    own      : theories and measures of one's own that the study has, as of `load`

    Raises Refusal for what is not there, and for a file that is.
    """
    return asked(
        folder, out, panel=panel, arm=arm, point=point, replication=replication, all_runs=all_runs, firm=firm,
        all_firms=all_firms, since=since, start=start, cohort=cohort, own=own,
    ).written()  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is to be exported, before any run is made again.

    named : whether columns say which run a row is of        out : file, None = nothing is written
    """

    runs: Sequence[Chosen]
    wanted: _Wanted
    named: bool
    out: Path | None

    def written(self) -> pd.DataFrame:
        """Make the runs again, and return and write what was asked for.

        Raises Refusal for a run that does not come out as it is stored, and then nothing is written.
        """
        tables = [_of_run(run.again(self.wanted.panel), self.wanted) for run in self.runs]
        if self.named:
            tables = [_named(run.run, table) for run, table in zip(self.runs, tables, strict=True)]
        table = pd.concat(tables, ignore_index=True) if self.named else tables[0]
        if self.out is not None:
            write(table, self.out)
        return table


def asked(
    folder: Path | str | Results, out: Path | str | None, *, panel: bool, arm: str | None, point: int, replication: int,
    all_runs: bool, firm: str | None, all_firms: bool, since: int | None, start: str, cohort: bool, own: Any,
) -> Asked:  # fmt: skip
    """Return what is to be exported; arguments as of `export`, which says what is refused: all of it here."""
    file = None if out is None else given.path("out", out)
    if file is not None:
        check_free(file)
    folder, own = folder_of(folder), own_of(folder, own)
    wanted = _Wanted(panel, firm, all_firms, since, _day(start), cohort)
    if all_runs and arm is not None:
        raise Refusal(f"= {shown(arm)} is one arm, and all runs are asked for; leave out one of the two", place="arm")
    runs = all_stored(folder, own) if all_runs else [chosen(folder, arm, point, replication, own)]
    for scenario in {run.run.arm: run.scenario for run in runs}.values():
        _begins(scenario, since, cohort)
        _places(scenario, firm, all_firms or panel)
    return Asked(runs, wanted, all_runs, file)


def _named(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Return what is written of one of several runs, with the columns that say which it is."""
    names = {"arm": run.arm, "point": run.point, "replication": run.replication}
    return pd.DataFrame(names, index=table.index).join(table)


def _of_run(made: Again, wanted: _Wanted) -> pd.DataFrame:
    """Return what is written of a run."""
    begins = _begins(made.scenario, wanted.since, wanted.cohort)
    places = _places(made.scenario, wanted.firm, wanted.all_firms or wanted.panel)
    visits = pd.DataFrame({name: column for name, column in made.entries.items() if name != "considered"})
    dates = wanted.start + pd.to_timedelta(_days(visits, made), unit="D")
    if wanted.panel:
        return _panel(visits, dates, made, begins)
    table = _log(visits, dates, made, begins, places)
    if wanted.cohort:
        table = pd.concat([_first(made, wanted.start), table], ignore_index=True)
    return table if wanted.all_firms else table.drop(columns="firm")


def check_free(path: Path) -> None:
    """Refuse a file that is there already, one of another kind, and a folder that is not there."""
    if path.suffix.lower() not in SUFFIXES:
        near = did_you_mean(path.suffix, SUFFIXES) if path.suffix else ""
        raise Refusal(f"= {path} is neither FILE.csv nor FILE.parquet{near}", place="out")
    if path.exists():
        raise Refusal("is there already; choose another name, or remove it first", source=str(path))
    if not path.parent.is_dir():
        raise Refusal("there is no such folder", source=str(path.parent))
    check_can_be_made(path)


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table to a CSV or Parquet file, whole or not at all."""
    if path.suffix.lower() == ".csv":
        write_whole(path, harmless(table).to_csv(index=False, date_format="%Y-%m-%d").encode())
        return
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_whole(path, buffer.getvalue())


def _day(start: str) -> pd.Timestamp:
    try:
        return moment("start", start)
    except Refusal:
        raise Refusal(f"= {shown(start)} is not a day such as {START}", place="start") from None


def _begins(scenario: Scenario, since: int | None, cohort: bool) -> int:
    """Return the first period that is written."""
    if cohort:
        if since:
            raise Refusal(f"= {since} leaves out how a cohort begins; leave out one of the two", place="since")
        return 0
    if since is None:
        return scenario.burn_in if scenario.burn_in < scenario.periods else 0
    return whole("since", since, low=0, high=scenario.periods - 1)


def _places(scenario: Scenario, firm: str | None, everybody: bool) -> list[int]:
    """Return the places of the firms whose purchases are written."""
    names = [one.name for one in scenario.firms]
    if everybody:
        if firm is not None:
            raise Refusal(f"= {shown(firm)} is one firm, and all are asked for; leave out one of the two", place="firm")
        return [*range(len(names))]
    if firm is not None and firm not in names:
        near = did_you_mean(firm, names) or f"; there is {one_of(names)}"
        raise Refusal(f"= {shown(firm)} is no firm{near}", place="firm")
    return [0 if firm is None else names.index(firm)]


def _days(visits: pd.DataFrame, made: Again) -> np.ndarray:
    """Return the days (k,) since period 0 begins, on which purchases fall."""
    mine = visits.groupby(["customer", "period"], sort=False)["nth"]
    rank, count = mine.cumcount().to_numpy(), mine.transform("size").to_numpy()
    who, when = visits["customer"].to_numpy(np.uint32), visits["period"].to_numpy(np.int32)
    luck = np.empty(who.size, np.float32)
    draw_moments(luck, who, when, stream_key(made.run.seed, "export"), made.run.replication)
    length = DAYS_PER_YEAR / made.scenario.periods_per_year
    return np.floor((when + (rank + luck.astype(np.float64)) / count) * length)


def _log(visits: pd.DataFrame, dates: pd.Series, made: Again, begins: int, places: list[int]) -> pd.DataFrame:
    names = np.array([one.name for one in made.scenario.firms], object)
    wanted = (visits["period"] >= begins) & visits["firm"].isin(places)
    table = {
        "customer_id": visits["customer"],
        "date": dates,
        "amount": (visits["visit_spend"] * CENT).round(2),
        "firm": names[visits["firm"]],
    }
    return pd.DataFrame(table)[wanted].sort_values(["date", "customer_id"], kind="stable", ignore_index=True)


def _first(made: Again, start: pd.Timestamp) -> pd.DataFrame:
    """Return the purchases with which the customers of a cohort begin."""
    order = np.argsort(made.born)
    amount = made.basket[order].astype(np.float64).round(2)
    day = start - pd.Timedelta(days=1)
    return pd.DataFrame({"customer_id": made.born[order], "date": day, "amount": amount, "firm": ""})


def _panel(visits: pd.DataFrame, dates: pd.Series, made: Again, begins: int) -> pd.DataFrame:
    """Return a row per purchase and firm."""
    wanted = (visits["period"] >= begins).to_numpy()
    visits, considered = visits[wanted], made.entries["considered"][wanted]
    names, k = [one.name for one in made.scenario.firms], len(visits)
    each = np.arange(len(names))
    by_firm = {
        "chosen": visits["firm"].to_numpy()[:, None] == each,
        "price": made.price[visits["period"]].astype(np.float64).round(_DECIMALS),
        "last": visits["visit_provider"].to_numpy()[:, None] == each,
        "available": considered,
    }
    whose = {"occasion": np.arange(k), "customer_id": visits["customer"].to_numpy(), "date": dates[wanted].to_numpy()}
    table: dict[str, Any] = {name: np.repeat(column, len(names)) for name, column in whose.items()}
    table["firm"] = np.tile(np.array(names, object), k)
    for name, block in by_firm.items():
        table[name] = block.ravel() if name == "price" else block.ravel().astype(np.int8)
    return pd.DataFrame(table)
