"""Refusals of a log that is read by a call: they name its arguments `columns` and `dates`, not a study file's settings.

The message stays in the words of a study file, as a command puts the names of its options in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from abm.core.errors import Refusal

_CALLED = (
    (re.compile(r'log_columns\.(\w+) = ("[^"]*")'), r'columns={"\1": \2}'),
    (re.compile(r"log_columns\.(\w+)"), r'columns={"\1": …}'),
    (re.compile(r"log_dates = "), "dates="),
)


@contextmanager
def called() -> Iterator[None]:
    """Let refusals name the arguments of a call: `columns={"customer": "Kunde"}` for `log_columns.customer`."""
    try:
        yield
    except Refusal as refusal:
        words = refusal.message
        for setting, argument in _CALLED:
            words = setting.sub(argument, words)
        raise Refusal(refusal.message, place=refusal.place, source=refusal.source, called=words) from None
