"""How a log is read, as options say it: headings of its columns, and how it writes dates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from abm.core.errors import Refusal
from abm.logs import log_dates
from abm.study.plan import checks
from abm.world.fitted import LogColumns

_TYPED = tuple(
    (re.compile(setting), option)
    for setting, option in (
        (r'log_columns\.(\w+) = "…", or "" for', r"--log-column \1=HEADING, or \1= for"),
        (r'log_columns\.(\w+) = "…"', r"--log-column \1=HEADING"),
        (r'log_columns\.(\w+) = "([^"]*)"', r"--log-column \1=\2"),
        (r"log_columns\.(\w+)", r"--log-column \1=HEADING"),
        (r'log_dates = "day_first" or "month_first"', "--log-dates day_first or month_first"),
        (r'log_dates = "(\w+)"; is it "(\w+)"', r"--log-dates \1; is it \2"),
        (r"log_dates = ", "--log-dates "),
    )
)


def headings(written: Sequence[str]) -> dict[str, str]:
    """Return the headings of columns, "customer=Kunde" each, by column.  Raises Refusal, with the option."""
    found: dict[str, str] = {}
    for one in written:
        column, equals, heading = one.partition("=")
        with checks.at("", f"--log-column {one}"):
            if not equals:
                raise Refusal("is not COLUMN=HEADING, such as customer=CustomerID")
            if column in found:
                raise Refusal(f"'{column}' is given twice")
            found[column] = heading
            LogColumns(**{column: heading})
    return found


def as_typed(refusal: Refusal) -> Refusal:
    """Return a refusal of a log that names the options in place of the settings of a study file."""
    message = refusal.message
    for setting, option in _TYPED:
        message = setting.sub(option, message)
    return Refusal(message, place=refusal.place, source=refusal.source)


def check_dates(how: str | None, place: str) -> None:
    """Refuse, at a place, what says nothing of how dates are written."""
    if how is not None:
        with checks.at(place):
            log_dates.check(how)
