"""Traits fitted to a purchase log: which file a population names, how it is read, and what is estimated from it.

A log is read and fitted once in a process, until the file changes. `known` and `remember` pass what was found to the
worker processes of a study, which need not read it again.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from abm.core.errors import Refusal, shown
from abm.core.spec import Spec, param
from abm.logs.log_files import find_log, shipped_logs
from abm.world.files import located

if TYPE_CHECKING:
    import pandas as pd

    from abm.logs.log_fit import LogFit

DAYS_PER_YEAR = 365.25
DAYS_PER_WEEK = 7
DOUBTFUL_GAP = 366  # days without a purchase by anybody


def _logs() -> Any:
    """Return what reads purchase logs, by pandas, which is slow to import: few worlds name a log."""
    return importlib.import_module("abm.logs.purchases")


class LogColumns(Spec):
    """Headings of a purchase log's columns; a column left out is found by the headings in common use."""

    customer: str | None = param(None, unit="heading", evidence="assumed", doc="who bought")
    date: str | None = param(None, unit="heading", evidence="assumed", doc="when")
    amount: str | None = param(
        None, unit="heading", evidence="assumed", doc='what was paid; "" = the log has no amounts, only dates'
    )
    quantity: str | None = param(None, unit="heading", evidence="assumed", doc="pieces, which a price goes with")
    price: str | None = param(None, unit="heading", evidence="assumed", doc="price of a piece, instead of an amount")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for name in ("quantity", "price"):
            if self.amount is not None and getattr(self, name) is not None:
                raise Refusal(f"= {shown(getattr(self, name))} is not used beside amount; leave one out", place=name)
        for name in ("customer", "date", "quantity", "price"):
            if getattr(self, name) == "":
                raise Refusal('= "" is no heading; leave it out', place=name)
        return self

    @property
    def said(self) -> dict[str, str]:
        """The headings that are given, by column."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


def headings(columns: Any) -> LogColumns:
    """Return the headings that a call gives, by column; None = they are found.  Raises Refusal."""
    if not isinstance(columns, Mapping | None):
        raise Refusal(f'= {shown(columns)} is not a table such as {{"customer": "CustomerID"}}', place="columns")
    return LogColumns.parse(columns or {}, place="columns")


@dataclass(frozen=True)
class LogFile:
    """A purchase log and how it is to be read.

    until   : last day used, ISO date; None = the whole log
    columns : headings by column, as pairs      dates : how dates are written; None = ISO 8601
    """

    path: Path
    until: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    dates: str | None = None

    def read(self) -> pd.DataFrame:
        """Return the purchases, as `read_log` does.  Raises Refusal for an unusable log."""
        log: pd.DataFrame = _logs().read_log(
            self.path, source=self.path.name, columns=dict(self.columns), dates=self.dates
        )
        return log

    def reading(self) -> Reading:
        """Return what was read and fitted, now or earlier.

        Warns of dates far from the rest.  Raises Refusal for a log that cannot be read or fitted.
        """
        key = self._state()
        return _READINGS[key] if key in _READINGS else self.reading_of(self.read())

    def reading_of(self, log: pd.DataFrame) -> Reading:
        """Return what is fitted to the purchases, which `read` has returned, and remember it for `reading`.

        Warns and raises as that does.
        """
        key = self._state()
        if key not in _READINGS:
            _READINGS[key] = self._reading(log)
        return _READINGS[key]

    def _state(self) -> tuple[Any, ...]:
        """Return what tells this log from others, and from itself before it was edited."""
        state = self.path.stat() if self.path.is_file() else None
        return self, state and (state.st_mtime_ns, state.st_size)

    def _reading(self, log: pd.DataFrame) -> Reading:
        fits = importlib.import_module("abm.logs.log_fit")  # its optimiser is slow to import, and few worlds need it
        logs = _logs()
        nameless = log.attrs[logs.WITHOUT_CUSTOMER]
        try:
            last = log["date"].max() if self.until is None else logs.moment("log_until", self.until)
            begins, log = log["date"].min(), log[log["date"] <= last]
            days = logs.purchase_days(log)
            if days.empty:
                raise Refusal(f"no purchase up to end = {last.date()}; the log begins on {begins.date()}")
            table = logs.summary_of(days, last)
            fit = fits.fit_log(table, days)
        except Refusal as refusal:
            raise Refusal(refusal.message, place=refusal.place, source=self.path.name) from None
        _warn_of_gap(log, last, self.path.name)
        returns = int((log["amount"] < 0).sum())
        first = str(log["date"].min().date())
        return Reading(self.path.name, len(log), len(table), returns, first, last, fit, nameless)


@dataclass(frozen=True)
class Reading:
    """What was read of a log and fitted to it.

    rows      : purchases and returns       customers : who bought       returns : rows of negative amount
    first     : day of the first row        last : end of the observation
    nameless  : rows of the file that name no customer, which are not among the others
    """

    name: str
    rows: int
    customers: int
    returns: int
    first: str
    last: pd.Timestamp
    fit: LogFit
    nameless: int = 0

    def counted(self) -> str:
        """Return what was read, in one line."""
        returned = f", {self.returns:,} of them returns" if self.returns else ""
        count = f"{self.rows:,} rows{returned}, {self.customers:,} customers, {self.first} to {self.last.date()}"
        count += f"; {_logs().left_out(self.nameless)}" if self.nameless else ""
        return f"{self.name}: {count}"

    def describe(self) -> str:
        """Return what was read and which models were taken, in one line."""
        return f"{self.counted()}; {self.fit.describe()}"


_READINGS: dict[Any, Reading] = {}


def known() -> dict[Any, Reading]:
    """Return what this process has found of logs, for `remember` in another."""
    return dict(_READINGS)


def remember(found: Mapping[Any, Reading]) -> None:
    """Take over what another process has found of logs."""
    _READINGS.update(found)


def _warn_of_gap(log: pd.DataFrame, last: pd.Timestamp, name: str) -> None:
    gap, before, after = _logs().longest_gap(log, last)
    if gap > DOUBTFUL_GAP:
        what = "the observation ends" if after == last and after > log["date"].max() else "the next purchase is"
        text = f"{name}: nobody bought after {before.date()}, and {what} on {after.date()}; is that date right?"
        warnings.warn(text, stacklevel=2)


def locate(log: str, folder: Path | None) -> Path:
    """Return the file of a log: shipped under that name, or where a study's files may lie (files.py).

    Raises Refusal for a path that leads elsewhere, and for a plain word that is no log.
    """
    base = (folder or Path.cwd()).resolve()
    try:
        path = find_log(log, base)
    except Refusal as refusal:
        raise Refusal(refusal.message, place="population.log") from None
    if path in shipped_logs().values():
        return path
    try:
        return located(log, base)
    except Refusal as refusal:
        raise Refusal(refusal.message, place="population.log") from None
