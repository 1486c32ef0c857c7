"""How a log is read, as options say it: headings of its columns, and how it writes dates."""

from __future__ import annotations

from collections.abc import Sequence

from abm.core.errors import Refusal
from abm.logs import log_dates
from abm.study.plan import checks
from abm.world.fitted import LogColumns


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


def check_dates(how: str | None, place: str) -> None:
    """Refuse, at a place, what says nothing of how dates are written."""
    if how is not None:
        with checks.at(place):
            log_dates.check(how)
