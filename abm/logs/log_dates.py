"""Dates of purchase logs: ISO 8601, or as a user says that they are written.

"day_first" reads 30/9/1997 and 30.09.1997, "month_first" 9/30/1997; a pattern of Python's strptime, any other, such as
"%d %b %Y". A time of day that follows is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from abm.core.errors import CONTINUES, Refusal, did_you_mean, shown

ORDERS = ("day_first", "month_first")
_EXAMPLE = date(2001, 12, 30)
_PARTS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T].*)?")


def date_reader(how: str | None) -> Callable[[str], date]:
    """Return what reads a date; it raises Refusal for text that is none.

    how : "day_first", "month_first", a strptime pattern, None = ISO 8601
    """
    if how is None:
        return iso_date
    if how in ORDERS:
        return lambda cell: _ordered(cell, how)
    return lambda cell: _patterned(cell, how)


def check(how: str) -> None:
    """Refuse what says nothing of how dates are written, and a pattern that does not tell day, month and year."""
    if how not in ORDERS and "%" not in how:
        allowed = f'write "day_first", "month_first" or a pattern such as "%d %b %Y"{did_you_mean(how, ORDERS)}'
        raise Refusal(f"{CONTINUES}{shown(how)} is no way to write dates; {allowed}")
    if how not in ORDERS:
        try:
            told = datetime.strptime(_EXAMPLE.strftime(how), how).date() == _EXAMPLE
        except ValueError:
            told = False
        if not told:
            raise Refusal(f'{CONTINUES}{shown(how)} does not tell day, month and year, as "%d %b %Y" does')


def iso_date(cell: str) -> date:
    """Return the day of text such as 1997-09-30, 19970930 or 1997-09-30 12:00.  Raises Refusal."""
    try:
        return datetime.fromisoformat(cell).date()
    except ValueError:
        said = f"date = {shown(cell)} is not a date such as 1997-09-30 or 19970930"
        step = '; say log_dates = "day_first" or "month_first"' if _PARTS.fullmatch(cell) else ""
        raise Refusal(said + step) from None


def _ordered(cell: str, order: str) -> date:
    found = _PARTS.fullmatch(cell)
    if found is None:
        return iso_date(cell)  # it tells day and month by itself
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    day, month = (first, second) if order == "day_first" else (second, first)
    try:
        return date(year, month, day)
    except ValueError:
        other = ORDERS[1 - ORDERS.index(order)]
        raise Refusal(f'date = {shown(cell)} is no date by log_dates = "{order}"; is it "{other}"?') from None


def _patterned(cell: str, pattern: str) -> date:
    try:
        return datetime.strptime(cell, pattern).date()
    except ValueError:
        raise Refusal(f"date = {shown(cell)} is not written as log_dates = {shown(pattern)}") from None
