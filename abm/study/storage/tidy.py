"""Tidy tables of stored rows: labels first, then numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from abm.study.plan.groups import parted
from abm.study.plan.sheet import Sheet
from abm.study.storage.rows import Rows
from abm.study.storage.units import UNITS, of_measures


def labels(sheet: Sheet, index: np.ndarray) -> dict[str, Any]:
    """Return arm (position), point, replication and factors of runs by their index (rows,)."""
    rest, arm = np.divmod(index, len(sheet.arms))
    replication, point = np.divmod(rest, len(sheet.design))
    factors = {path: sheet.levels(path)[point] for path in sheet.design.factors}
    return {"arm": arm, "point": point, "replication": replication, **factors}


def units(sheet: Sheet, rows: Rows) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return the words and codes of the column of firms, and of that of groups if there are any."""
    pairs = [parted(unit, sheet.groups) for unit in rows.firms]
    found = {}
    for name, words in (("firm", [firm for firm, _ in pairs]), ("group", [group for _, group in pairs])):
        distinct = list(dict.fromkeys(words))
        found[name] = distinct, np.array([distinct.index(word) for word in words], np.int64)[rows.firm]
    return found if sheet.groups else {"firm": found["firm"]}


def of_runs(sheet: Sheet, rows: Rows) -> pd.DataFrame:
    """Return a row per run and firm, see Results.runs."""
    said = [rows.errors.get(int(index), ("", "")) for index in rows.index] if rows.errors else []
    error = np.array([words[0] for words in said] if said else [""] * len(rows.index), object)
    columns = labels(sheet, rows.index) | {"status": np.where(error == "", "done", "failed"), "error": error}
    ids = np.array([run_id.decode() for run_id in sheet.ids_of(rows.index)], object)
    names = np.array(sheet.arms, object)
    columns |= {"run_id": ids, "arm": names[columns["arm"]], "seed": np.full(len(ids), sheet.seed)}
    whose = units(sheet, rows)
    columns |= {name: np.array([*words], object)[codes] for name, (words, codes) in whose.items()}
    order = ["run_id", "arm", "point", "replication", "seed", *whose, *sheet.design.factors, "status", "error"]
    return _with_units(pd.DataFrame({name: columns[name] for name in order} | rows.kpis), sheet)


def of_periods(sheet: Sheet, rows: Rows) -> pd.DataFrame:
    """Return a row per run, period and firm, see Results.periods."""
    columns = _categories(sheet, rows.index) | {"period": rows.period}
    whose = units(sheet, rows)
    columns |= {name: pd.Categorical.from_codes(codes, words) for name, (words, codes) in whose.items()}
    order = ["run_id", "arm", "point", "replication", "period", *whose, *sheet.design.factors]
    return _with_units(pd.DataFrame({name: columns[name] for name in order} | rows.kpis), sheet)


def _with_units(table: pd.DataFrame, sheet: Sheet) -> pd.DataFrame:
    table.attrs[UNITS] = {name: unit for name, unit in of_measures(sheet).items() if name in table}
    return table


def of_log(sheet: Sheet, log: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return a row per entry of a table of single persons, with codes as they are stored, from which digests are made.

    See Results.persons and Results.visits, which have names for some (named.py).
    """
    index = log.get("index", np.empty(0, np.int64))
    columns = _categories(sheet, index)
    own = {name: column for name, column in log.items() if name != "index"}
    if "firm" in own:
        own["firm"] = pd.Categorical.from_codes(own["firm"].astype(np.int64), list(sheet.firms))
    order = ["run_id", "arm", "point", "replication", *sheet.design.factors]
    return pd.DataFrame({name: columns[name] for name in order} | own)


def _categories(sheet: Sheet, index: np.ndarray) -> dict[str, Any]:
    """Return the labels of runs, texts as categories, which keeps large tables small."""
    columns = labels(sheet, index)
    present, codes = np.unique(index, return_inverse=True)
    ids = [run_id.decode() for run_id in sheet.ids_of(present)]
    columns["run_id"] = pd.Categorical.from_codes(codes, pd.Index(ids, dtype=object))
    columns["arm"] = pd.Categorical.from_codes(columns["arm"], list(sheet.arms))
    return columns
