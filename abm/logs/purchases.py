"""Purchase logs: read from a CSV file, cleared of what cannot be used, and counted per customer.

A log is a table with a row per purchase: customer (text), date (day), amount (currency units). What is
counted is purchase days, as in the literature: several purchases of one customer on one day are one.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.logs.csv_rows import read_rows

COLUMNS = {
    "customer": ("customerid", "custid", "cust", "client", "clientid", "userid", "user", "id"),
    "date": ("timestamp", "datetime", "day", "time", "purchasedate", "orderdate", "invoicedate"),
    "amount": ("spend", "value", "revenue", "sales", "total", "dollars", "price", "monetaryvalue"),
}  # a column's name and the other headings understood, capitals, blanks, "_" and "-" aside
LARGEST_AMOUNT = 1e12


def shipped(name: str) -> Path:
    """Return the path of a purchase log that comes with the package, as "cdnow"; Refusal for another name."""
    folder = Path(str(files("abm") / "library" / "logs"))
    logs = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    if name not in logs:
        raise Refusal(f"no shipped log {shown(name)}{did_you_mean(name, logs) or f'; there is {one_of(logs)}'}")
    return logs[name]


def read_log(path: str | Path, *, source: str = "") -> pd.DataFrame:
    """Read a purchase log from a CSV file.

    path   : UTF-8 text, columns separated by commas; the first line names them; further ones are ignored
    source : what messages call the file; the path as given when empty

    Returns customer (str), date (datetime64, midnight) and amount (float, currency units), in the order of
    the file. A customer's label stays as it is written ("1" and "01" are two customers) but for blanks
    around it. A date is written 1997-09-30 or 19970930, with or without a time of day, which is dropped.
    Raises Refusal, with the line, for a missing column, an unreadable date, an amount outside [0, 1e12], a
    ragged row or another encoding; and for an empty file or one customer only.
    """
    source = source or str(path)
    rows = read_rows(Path(path), source, COLUMNS)
    line, header = next(rows)
    at_customer, at_date, at_amount = _positions(header, place=f"line {line}", source=source)
    customers: list[str] = []
    days: list[date] = []
    amounts: list[float] = []
    for line, cells in rows:
        try:
            customers.append(_customer(cells[at_customer]))
            days.append(_day(cells[at_date]))
            amounts.append(_amount(cells[at_amount]))
        except Refusal as refusal:
            raise Refusal(refusal.message, place=f"line {line}", source=source) from None
    several = len(set(customers))
    if several < 2:
        said = {0: "no purchase below the header", 1: "purchases of one customer only"}[several]
        raise Refusal(f"{said}; at least 2 customers are needed", source=source)
    return pd.DataFrame({"customer": customers, "date": np.array(days, dtype="datetime64[s]"), "amount": amounts})


def purchase_days(log: pd.DataFrame) -> pd.DataFrame:
    """Return the log with one row per customer and day, in that order, amounts added up."""
    return log.groupby(["customer", "date"])["amount"].sum().reset_index()


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
    if not (math.isfinite(unit_days) and unit_days > 0.0):
        raise Refusal(f"unit_days = {unit_days:g} is not a positive number of days")
    if log.empty:
        raise Refusal("the log has no purchase")
    last = _moment("end", log["date"].max() if end is None else end)
    days = purchase_days(log[log["date"] <= last])
    if days.empty:
        raise Refusal(f"no purchase up to end = {last.date()}; the log begins on {log['date'].min().date()}")
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
    opening, closing = _moment("start", start), _moment("end", end)
    if closing < opening:
        raise Refusal(f"end = {closing.date()} is before start = {opening.date()}")
    days = purchase_days(log)
    inside = days["date"].between(opening, closing)
    return inside.groupby(days["customer"]).sum().astype(np.int64).rename("purchases")


def _positions(header: list[str], *, place: str, source: str) -> list[int]:
    """Return where customer, date and amount stand in the header."""
    names = ["".join(cell.lower().replace("_", " ").replace("-", " ").split()) for cell in header]
    found = []
    for column, others in COLUMNS.items():
        places = [at for at, name in enumerate(names) if name == column]
        places = places or [at for at, name in enumerate(names) if name in others]
        if len(places) > 1:
            both = " and ".join(shown(header[at]) for at in places)
            raise Refusal(
                f"{both} could each be the {column} column; rename one to {column}",
                place=place,
                source=source,
            )
        if not places:
            raise Refusal(_missing(column, header, names), place=place, source=source)
        found += places
    return found


def _missing(column: str, header: list[str], names: list[str]) -> str:
    known = {word for name, others in COLUMNS.items() for word in (name, *others)}
    unknown = [cell for cell, name in zip(header, names, strict=True) if name not in known]
    hint = did_you_mean(column, unknown) or f"; the header has {', '.join(map(shown, header))}"
    return f"no {column} column{hint}"


def _customer(cell: str) -> str:
    if not cell:
        raise Refusal("no customer")
    return cell


def _day(cell: str) -> date:
    try:
        return datetime.fromisoformat(cell).date()
    except ValueError:
        raise Refusal(f"date = {shown(cell)} is not a date such as 1997-09-30 or 19970930") from None


def _amount(cell: str) -> float:
    try:
        amount = float(cell if "_" not in cell else "")  # Python reads 1_000 as a number; nobody else does
    except ValueError:
        raise Refusal(f"amount = {shown(cell)} is not a number") from None
    if not 0.0 <= amount <= LARGEST_AMOUNT:
        raise Refusal(f"amount = {amount:g} is outside [0, {LARGEST_AMOUNT:g}] (currency units)")
    return amount


def _moment(name: str, day: str | date) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(_day(day) if isinstance(day, str) else pd.Timestamp(day).date())
    except (ValueError, TypeError):
        moment = pd.NaT
    if pd.isna(moment):
        raise Refusal(f"{name} = {shown(day)} is not a date such as 1997-09-30")
    return moment
