"""Before and after: how far two arms are apart between their dates, and by how much that has changed.

Arms share their luck, so two that are the same until a date have a difference of exactly 0 before it. Of arms that
differ from the start, or whose market has trends, the change of the difference tells what came of the date.
Claim: of arms a and b with means a0, b0 before a date and a1, b1 in periods after it, (a1 - b1) - (a0 - b0) is what the
date changed, if without it a and b had gone on side by side; over replications it has Student's t interval.
Source: difference in differences of the textbooks on policy evaluation, from memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, counted, one_of, shown
from abm.study.plan.sheet import Sheet
from abm.study.statistics.paired import interval, together

FloatArray = np.ndarray
COLUMNS = (
    "arm", "against", "window", "from", "until", "mean", "mean_against", "difference", "low", "high", "pairs",
    "dropped", "date", "change", "change_low", "change_high", "change_pairs",
)  # fmt: skip


@dataclass(frozen=True)
class Window:
    """The periods between two dates.

    name  : the changes that hold in it; "before" and "after" where none does yet, or any more
    start : the first period        stop : the first one after it
    """

    name: str
    start: int
    stop: int


def windows(sheet: Sheet, arm: str, against: str) -> list[Window]:
    """Return what the dates of two arms part the periods after the burn-in into, in order."""
    changes = [change for name in (arm, against) for change in sheet.dates.get(name, {}).items()]
    dates = {date for _, pair in changes for date in pair if date is not None and sheet.burn_in < date < sheet.periods}
    edges = sorted({sheet.burn_in, sheet.periods} | dates)
    return [Window(_name(changes, start), start, stop) for start, stop in pairwise(edges)]


def _name(changes: list[tuple[str, tuple[int, int | None]]], t: int) -> str:
    holding = dict.fromkeys(name for name, (start, until) in changes if start <= t and (until is None or t < until))
    return ", ".join(holding) or ("before" if all(start > t for _, (start, _) in changes) else "after")


def own_dates(sheet: Sheet, arm: str, against: str) -> list[int]:
    """Return the dates after the burn-in at which an arm changes and the other does not, or the other way round."""
    apart = set(sheet.dates.get(arm, {}).items()) ^ set(sheet.dates.get(against, {}).items())
    dates = {date for _, pair in apart for date in pair}
    return [window.start for window in windows(sheet, arm, against)[1:] if window.start in dates]


def before_after(
    sheet: Sheet,
    course: Callable[[str], FloatArray],
    arm: str,
    against: str,
    confidence: float,
    date: int | None,
) -> pd.DataFrame:
    """Return a row per window, in order, of a KPI of a firm.

    arm, against  : the arms       window : the changes that hold in it; "before" or "after" where none does
    from, until   : its first period and the first one after it
    mean, mean_against : of a run over those periods of the window in which the KPI has a value; a ramp counts from its
                    first step, before as after `until`
    difference, low, high, pairs, dropped : of arm minus against, paired, as of Results.paired
    change, change_low, change_high, change_pairs : of the difference, since the window that ends at `date` (difference
                    in differences); that window itself has none

    course : the KPI by period of an arm (points, replications, periods), NaN where there is no value
    date   : None = the first after the burn-in that the arms do not share
    """
    parts = windows(sheet, arm, against)
    date = _date(sheet, arm, against, [part.start for part in parts[1:]], date)
    courses = [course(name) for name in (arm, against)]
    blocks = [[_mean(values[..., part.start : part.stop]) for values in courses] for part in parts]
    before = next(block for block, part in zip(blocks, parts, strict=True) if part.stop == date)
    rows = []
    for part, block in zip(parts, blocks, strict=True):
        (mine, other), dropped = together(block)
        apart = interval(mine - other, confidence)[:3]
        means = [float(values.mean()) if len(values) else np.nan for values in (mine, other)]
        change = (np.nan,) * 3 + (0,) if block is before else _change(block, before, confidence)
        rows.append((arm, against, part.name, part.start, part.stop, *means, *apart, len(mine), dropped, date, *change))
    return pd.DataFrame(rows, columns=COLUMNS)


def _date(sheet: Sheet, arm: str, against: str, dates: list[int], wanted: int | None) -> int:
    """Return the date that what lies after it is compared across; Refusal if there is none, or not this one."""
    whose = one_of(dict.fromkeys((f"'{arm}'", f"'{against}'")))
    if not dates:
        dated = [name for name in sheet.arms if own_dates(sheet, name, sheet.baseline)]
        others = f"; there is one in {', '.join(dated)}" if dated else ""
        raise Refusal(f"no date of {whose} lies after the burn-in ({counted(sheet.burn_in, 'period')}){others}")
    if wanted is not None and wanted not in dates:
        known = one_of(map(str, dates))
        raise Refusal(f"date = {shown(wanted)} is none of {whose} after the burn-in; there is {known}")
    return wanted if wanted is not None else (own_dates(sheet, arm, against) or dates)[0]


def _change(block: list[FloatArray], before: list[FloatArray], confidence: float) -> tuple[float, float, float, int]:
    """Return by how much a difference has changed, its interval and its pairs."""
    (mine, other, mine_before, other_before), _ = together([*block, *before])
    change = (mine - other) - (mine_before - other_before)
    return *interval(change, confidence)[:3], len(change)


def _mean(course: FloatArray) -> FloatArray:
    """Return the mean over those periods that have a value, NaN if none has."""
    known = np.isfinite(course)
    with np.errstate(invalid="ignore"):
        return np.where(known, course, 0.0).sum(axis=-1) / known.sum(axis=-1)
