"""Purchase logs: read from a file, cleared of what cannot be used, and counted per customer.

A log is a table with a row per purchase: customer (text), date (day), amount (currency units). What is
counted is purchase days, as in the literature: several purchases of one customer on one day are one.
A row that names no customer (anonymous sales) is left out: whose it is, nobody can tell. How many there were is said.
A negative amount is a return: it is taken off what the customer spent on her latest purchase day until then, and a day
of which nothing is left is no purchase day.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.logs.csv_rows import read_rows
from abm.logs.headings import ALWAYS, positions
from abm.logs.log_dates import date_reader, iso_date
from abm.logs.log_files import named, shipped_logs
from abm.logs.parquet_rows import SUFFIXES, parquet_rows

LARGEST_AMOUNT = 1e12
MOST_PURCHASES = 20_000_000  # rows of a log
_NEEDED = (*ALWAYS, "amount")
_WHOLE = re.compile(r"(\d+)\.0+")  # as tables write whole numbers of which some are missing
_DECIMAL_COMMA = re.compile(r"(-?\d+),(\d{1,2})")  # 1,234 could be a thousand as well
NAMELESS = frozenset(("", "na", "n/a", "nan", "null", "none"))  # as tables write what is missing; capitals or not
WITHOUT_CUSTOMER = "without_customer"  # among the attributes of a log
_CENTS = 1e-6  # currency units: less than this is rounding
_EPOCH = date(1970, 1, 1).toordinal()


def shipped(name: str) -> Path:
    """Return the path of a purchase log that comes with the package, as "cdnow"; Refusal for another name."""
    logs = shipped_logs()
    if name not in logs:
        raise Refusal(f"no shipped log {shown(name)}{did_you_mean(name, logs) or f'; there is {one_of(logs)}'}")
    return logs[name]


def read_log(
    path: str | Path, *, source: str = "", columns: Mapping[str, str] | None = None, dates: str | None = None
) -> pd.DataFrame:
    """Read a purchase log from a text file with columns (csv_rows.py), or a Parquet file.

    path    : the first line names the columns (headings.py); those that are not needed are ignored
    source  : what messages call the file; the path as given when empty
    columns : heading of a column, by its name, where that says something else; {"amount": ""} = there are no amounts
    dates   : how dates are written (log_dates.py); None = 1997-09-30 or 19970930

    Returns customer (str), date (datetime64, midnight) and amount (float, currency units; NaN if the log has none), in
    the order of the file. A customer's label stays as it is written ("1" and "01" are two customers) but for blanks
    around it and zeros behind a decimal point ("17.0" is "17"). A time of day is dropped. Rows without a customer
    (NAMELESS) are left out, and counted in `attrs["without_customer"]`.
    Raises Refusal, with the line, for a missing column, an unreadable date, an amount beyond 1e12, a ragged row or
    another encoding; and for an empty file, one customer only, and more than MOST_PURCHASES rows.
    """
    source, path = source or named(path), Path(named(path))
    is_parquet = path.suffix.lower() in SUFFIXES
    rows = parquet_rows(path, source) if is_parquet else read_rows(path, source, _NEEDED)
    line, header = next(rows)
    at = positions(header, columns or {}, f"line {line}" if line else "", source)
    labels, codes, days, amounts, nameless = _columns(rows, at, dates, "row" if is_parquet else "line", source)
    if len(labels) < 2:
        said = "purchases of one customer only" if labels else "no purchase below the header"
        said += f" ({left_out(nameless)})" if nameless else ""
        raise Refusal(f"{said}; at least 2 customers are needed", source=source)
    customer = pd.Series(list(labels), dtype="str").take(np.asarray(codes)).reset_index(drop=True)
    moments = np.asarray(days).astype("datetime64[D]").astype("datetime64[s]")
    log = pd.DataFrame({"customer": customer, "date": moments, "amount": np.asarray(amounts)})
    log.attrs[WITHOUT_CUSTOMER] = nameless
    return log


def left_out(nameless: int) -> str:
    """Return in words that so many rows without a customer were left out."""
    if nameless == 1:
        return "1 row names no customer and was left out"
    return f"{nameless:,} rows name no customer and were left out"


def _columns(
    rows: Iterator[tuple[int, list[str]]], at: Mapping[str, int], dates: str | None, unit: str, source: str
) -> tuple[dict[str, int], array[int], array[int], array[float], int]:
    """Return label -> code of each customer; of each row code, day since 1970 and amount; rows left out."""
    read_date = date_reader(dates)
    labels: dict[str, int] = {}
    known: dict[str, int] = {}  # days that have been read, as most come often
    codes, days, amounts, nameless = array("i"), array("q"), array("d"), 0
    at_customer, at_date = at["customer"], at["date"]
    money = [(name, at[name]) for name in at if name not in ALWAYS]
    for line, cells in rows:
        label = _customer(cells[at_customer])
        if label is None:
            nameless += 1
            continue
        try:
            codes.append(labels.setdefault(label, len(labels)))
            day = known.get(cell := cells[at_date])
            if day is None:
                day = known[cell] = read_date(cell).toordinal() - _EPOCH
            days.append(day)
            amounts.append(_paid(cells, money))
        except Refusal as refusal:
            raise Refusal(refusal.message, place=f"{unit} {line}", source=source) from None
        if len(days) > MOST_PURCHASES:
            raise Refusal(f"has more than {MOST_PURCHASES:,} purchases; use a sample of its customers", source=source)
    return labels, codes, days, amounts, nameless


def purchase_days(log: pd.DataFrame) -> pd.DataFrame:
    """Return the log with one row per customer and purchase day, in that order, amounts added up and returns netted.

    A return before any purchase is left out: what it belongs to is not in the log.
    """
    rows = log.assign(bought=~(log["amount"] < 0.0)).groupby(["customer", "date"])
    days = rows["amount"].sum(min_count=1).to_frame().assign(bought=rows["bought"].all(), any=rows["bought"].any())
    days = days.reset_index().assign(nth=lambda table: table.groupby("customer")["any"].cumsum())
    own = days[days["nth"] > 0].groupby(["customer", "nth"])
    netted = pd.DataFrame(
        {"date": own["date"].first(), "amount": own["amount"].sum(min_count=1), "whole": own["bought"].all()}
    )
    left = netted["whole"] | (netted["amount"] > _CENTS)
    return netted[left].reset_index()[["customer", "date", "amount"]]


def summary(log: pd.DataFrame, end: str | date | None = None, unit_days: float = 7.0) -> pd.DataFrame:
    """Return what the purchases up to `end` (included; the last day of the log if None) say of each customer.

    A row per customer who bought by then, ordered by label:
    frequency   : x, repeat purchase days, those after the first
    recency     : t_x, time from first to last purchase day, weeks (or units of `unit_days`); 0 when x = 0
    age         : T, time from the first purchase day to `end`, weeks likewise
    mean_amount : mean spend of a repeat purchase day, currency units; NaN when x = 0

    The first purchase makes a customer and says nothing of the rate, so neither count nor mean includes it.
    Nothing is rounded. Source: FADER_HARDIE_LEE_2005 (CDNOW, calibration to 1997-09-30).
    """
    if log.empty:
        raise Refusal("the log has no purchase")
    last = moment("end", log["date"].max() if end is None else end)
    days = purchase_days(log[log["date"] <= last])
    if days.empty:
        raise Refusal(f"no purchase up to end = {last.date()}; the log begins on {log['date'].min().date()}")
    return summary_of(days, last, unit_days)


def summary_of(days: pd.DataFrame, last: pd.Timestamp, unit_days: float = 7.0) -> pd.DataFrame:
    """Return the same of purchase days, none of which is later than the last day of the observation."""
    if not (math.isfinite(unit_days) and unit_days > 0.0):
        raise Refusal(f"unit_days = {unit_days:g} is not a positive number of days")
    dates = days.groupby("customer")["date"]
    first, unit = dates.min(), pd.Timedelta(days=unit_days)
    repeat = days[days["date"] > days["customer"].map(first)]
    return pd.DataFrame(
        {
            "frequency": dates.size() - 1,
            "recency": (dates.max() - first) / unit,
            "age": (last - first) / unit,
            "mean_amount": repeat.groupby("customer")["amount"].mean().reindex(first.index),
        }
    )


def purchase_counts(log: pd.DataFrame, start: str | date, end: str | date) -> pd.Series:
    """Return how many purchase days each customer has from `start` to `end`, both included, ordered by label.

    Customers of the log without a purchase in the window count 0; who never bought is not in a log.
    """
    opening, closing = moment("start", start), moment("end", end)
    if closing < opening:
        raise Refusal(f"end = {closing.date()} is before start = {opening.date()}")
    days = purchase_days(log)
    inside = days["date"].between(opening, closing)
    return inside.groupby(days["customer"]).sum().astype(np.int64).rename("purchases")


def _customer(cell: str) -> str | None:
    """Return the label of a customer, None where there is none."""
    if len(cell) < 5 and cell.lower() in NAMELESS:
        return None
    whole = _WHOLE.fullmatch(cell)
    return whole[1] if whole else cell


def _paid(cells: Sequence[str], money: Sequence[tuple[str, int]]) -> float:
    """Return the amount, or price times quantity; NaN where the log has neither."""
    paid = math.prod(_number(name, cells[at]) for name, at in money) if money else math.nan
    if abs(paid) > LARGEST_AMOUNT:
        raise Refusal(f"amount = {paid:g} is beyond {LARGEST_AMOUNT:g} (currency units)")
    return paid


def _number(name: str, cell: str) -> float:
    try:
        value = float(cell if "_" not in cell else "")  # Python reads 1_000 as a number; nobody else does
    except ValueError:
        decimal = _DECIMAL_COMMA.fullmatch(cell)
        value = float(f"{decimal[1]}.{decimal[2]}") if decimal else math.nan
    if math.isnan(value):
        raise Refusal(f"{name} = {shown(cell)} is not a number")
    return value


def longest_gap(log: pd.DataFrame, end: pd.Timestamp) -> tuple[float, pd.Timestamp, pd.Timestamp]:
    """Return the longest time in which nobody bought, until `end`: its days, the day before it, and the one after."""
    days = np.sort(np.unique(np.append(log["date"].to_numpy(), end.to_datetime64().astype(log["date"].dtype))))
    if days.size < 2:
        return 0.0, end, end
    at = int(np.argmax(np.diff(days)))
    before, after = pd.Timestamp(days[at]), pd.Timestamp(days[at + 1])
    return (after - before) / pd.Timedelta(days=1), before, after


def moment(name: str, day: str | date) -> pd.Timestamp:
    """Return a day as pandas has it, whatever time of day it is given with.  Raises Refusal for what is no day."""
    try:
        found = pd.Timestamp(iso_date(day) if isinstance(day, str) else pd.Timestamp(day).date())
    except (ValueError, TypeError):
        found = pd.NaT
    if pd.isna(found):
        raise Refusal(f"{name} = {shown(day)} is not a date such as 1997-09-30")
    return found
