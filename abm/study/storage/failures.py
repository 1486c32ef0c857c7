"""Why runs failed, in words for a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from abm.core.errors import counted, one_line

if TYPE_CHECKING:
    from abm.study.storage.results import Results

_SENTENCES = ("Refusal", "WrongMeasure")  # errors whose message says all
_LONGEST = 200  # characters of a message


def reason(failed: pd.DataFrame) -> str:
    """Return what ended the first of the failed runs; "" if there are none.  failed : as Results.failed"""
    if failed.empty:
        return ""
    error, message = failed[["error", "message"]].iloc[0]
    return one_line(message if error in _SENTENCES else f"{error}: {message}")[:_LONGEST]


def because(results: Results) -> str:
    """Return how many runs failed and why the first did, to end a sentence about what has no value; "" if none did."""
    failed = results.failed
    if failed.empty:
        return ""
    return f"; {len(failed):,} of {counted(len(results.sheet), 'run')} failed, the first by: {reason(failed)}"
