"""Which columns of a table an analysis takes, and the parts that it is told apart into.

Tables have a row per customer, per person and date, or per visit, as `Results.persons` and `Results.visits` do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from abm.core.errors import Refusal, shown
from abm.value.checks import FloatArray, has_columns

WHICH = ("run_id", "arm", "point", "replication", "seed", "period", "customer", "nth", "firm")  # which row it is

Names = str | Sequence[str]


def names_of(names: Names | None) -> list[str]:
    """Return one name or several as a list, none as []."""
    return [names] if isinstance(names, str) else [*(names or ())]


def number_columns(table: pd.DataFrame, columns: Names | None, but: Sequence[str] = ()) -> list[str]:
    """Return the names of the columns of numbers that are asked for.

    columns : None = all of numbers but those that say which row it is (arm, customer, period …) and those of `but`
    Raises Refusal for a table without rows, a column that is not there, not of numbers or named twice, and for none.
    """
    if not len(table):
        raise Refusal("the table has no rows")
    if columns is None:
        found = [name for name in table if name not in (*WHICH, *but) and is_numeric_dtype(table[name])]
    else:
        found = names_of(columns)
        has_columns(table, found)
        for name in found:
            if not is_numeric_dtype(table[name]):
                raise Refusal(f"column {shown(name)} is not made of numbers")
    if not found:
        raise Refusal("the table has no column of numbers to be analysed")
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise Refusal(f"column {shown(twice)} is named twice")
    return found


def numbers_of(table: pd.DataFrame, columns: Sequence[str]) -> FloatArray:
    """Return columns of numbers as (n, k), what is missing as NaN.  Raises Refusal for a number that is infinite."""
    values = table[[*columns]].to_numpy(np.float64, na_value=np.nan)
    endless = np.isinf(values)
    if endless.any():
        row, column = np.argwhere(endless)[0]
        raise Refusal(f"column {shown(columns[column])} is infinite in row {row} of the table")
    return values


def complete(table: pd.DataFrame, columns: Sequence[str], least: int) -> pd.DataFrame:
    """Return the rows in which nothing of these columns is missing.  Raises Refusal if they are fewer than `least`."""
    whole = table[table[[*columns]].notna().all(axis=1)]
    if len(whole) < least:
        raise Refusal(f"{len(whole)} of {len(table)} rows have all of {', '.join(columns)}; {least} are needed")
    return whole


def parts(
    table: pd.DataFrame, by: Names | None, beside: Sequence[str] = ()
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield the parts of a table that `by` tells apart, in order, each with its values of these columns.

    by     : names of columns; None = one part, the whole.  What is missing in one of them is a value of its own.
    beside : names of the columns that the values will stand beside

    Raises Refusal for a column that is not there, and one of those names.
    """
    names = names_of(by)
    has_columns(table, names)
    for name in names:
        if name in beside:
            raise Refusal(f"by = {shown(name)} is also the name of a column of the result; rename yours")
    if not names:
        yield {}, table
        return
    for key, part in table.groupby(names, observed=True, dropna=False):
        yield dict(zip(names, key, strict=True)), part
