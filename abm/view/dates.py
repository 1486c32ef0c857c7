"""Dates of arms, as people look at them: in words, as a table of before and after, as lines in a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from abm.scenario.changes import Change, steps_by_stretch
from abm.scenario.scenario import Scenario
from abm.study.plan.arms import CHANGES, DATES, MATCH, paths_of
from abm.study.plan.matches import rise
from abm.study.storage.before_after import own_dates
from abm.study.storage.results import Results
from abm.view import summary, tables

MOST_NAMED = 6  # dates of a figure that are written out
_SIZE, _LETTER = 8, 4.7  # points: of the names of dates, and of the width of a letter
_AXES = 0.6  # of a figure's width, at least, are axes: the rest is for a legend
COLUMNS = ("arm", "changes", "periods", "minus {} before", "then", "change", "{:.0%} interval", "", "pairs")


_UNITS = {1: "year", 4: "quarter", 12: "month", 52: "week", 365: "day", 366: "day"}


def unit_of_time(periods_per_year: int) -> str:
    """Return what a period of such a year is called: "week" of 52, "month" of 12; else "period"."""
    return _UNITS.get(periods_per_year, "period")


def in_words(settings: Mapping[str, Any], said: Callable[[Mapping[str, Any]], str]) -> str:
    """Return what an arm sets, and when: "firms.north.price = 0.9, from period 52 until 60".

    said : puts paths and values into words
    """
    parts = [said(paths_of(settings))]
    parts[0] += _when(settings) if "from" in settings else ""
    for step in settings.get(CHANGES, ()):
        parts.append(f"{step['name']}: {said(step['set'])}{_when(step)}")
    if MATCH in settings:
        parts.append(f"{settings[MATCH]['by']} is solved for, so that the arm {_aim(settings[MATCH])}")
    return "; ".join(part for part in parts if part)


def _aim(match: Mapping[str, Any]) -> str:
    """Return what a match is to achieve, without a word on the arm it is compared with."""
    return rise(match["kpi"], match.get("of", ""), match["plus"])


def change_in_words(change: Change) -> str:
    """Return what a change sets, and when."""
    return in_words({CHANGES: [change.to_dict()]}, tables.written)


def _when(dates: Mapping[str, Any]) -> str:
    start, until, ramp = (dates.get(key) for key in DATES)
    words = f", from period {start}{'' if until is None else f' until {until}'}"
    return words + (f", in {ramp} equal steps" if ramp and ramp > 1 else "")


def turns(world: Scenario) -> Iterator[str]:
    """Yield which kernels come and go at a date of a scenario: "from period 52 with `reward_visits`"."""
    (_, _, before), *later = steps_by_stretch(world)
    for t, _, after in later:
        had, has = ([f"`{step.name}`" for step in steps] for steps in (before, after))
        parts = [("with", [name for name in has if name not in had]), ("without", [n for n in had if n not in has])]
        words = " and ".join(f"{word} {', '.join(names)}" for word, names in parts if names)
        if words:
            yield f"from period {t} {words}"
        before = after


def before_after(results: Results) -> pd.DataFrame:
    """Return Results.before_after, in the KPI that decides, of each arm with a date that the baseline does not share.

    Of tables by period that are too large for a figure there is none.
    """
    sheet, kpi = results.sheet, summary.judged_by(results)
    late = [arm for arm in results.arms if own_dates(sheet, arm, results.baseline)]
    if not late or summary.rows_by_period(results, sheet.periods) > summary.MOST_ROWS:
        return pd.DataFrame()
    return pd.concat([results.before_after(kpi, arm, confidence=summary.CONFIDENCE) for arm in late])


def columns(results: Results) -> tuple[str, ...]:
    """Return the headings of a table of before and after."""
    return tuple(column.format(results.baseline if "{}" in column else summary.CONFIDENCE) for column in COLUMNS)


def rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a row of text per arm and window after its date: what `columns` says."""
    digits = summary.decimals(table.assign(low=table["change_low"], high=table["change_high"]))
    before = table[table["until"] == table["date"]].set_index("arm")["difference"]
    after = table[table["from"] >= table["date"]]
    return [_cells(row, float(before[row["arm"]]), digits) for row in after.to_dict("records")]


def _cells(row: Mapping[str, Any], before: float, digits: int) -> tuple[str, ...]:
    low, high = row["change_low"], row["change_high"]
    bounded = bool(np.isfinite(high - low))
    numbers = [tables.number(value, digits, sign=True) for value in (before, row["difference"], row["change"])]
    ends = f"[{tables.number(low, digits, sign=True)}, {tables.number(high, digits, sign=True)}]" if bounded else "-"
    clear = "*" if bounded and (low > 0 or high < 0) else ""
    periods = f"{row['from']}-{row['until'] - 1}"
    return (row["arm"], row["window"], periods, *numbers, ends, clear, str(row["change_pairs"]))


def printed(results: Results, table: pd.DataFrame) -> Table:
    """Return the table of before and after as a terminal shows it."""
    heads = columns(results)
    made = tables.table(heads, right=(*heads[3:7], heads[8]), whole=(heads[2], *heads[6:]))
    for arm, *cells in rows(table):
        made.add_row(tables.broken(arm), *cells)
    return made


def explained(results: Results) -> str:
    """Return what belongs below a table of before and after."""
    kpi, firm = summary.judged_by(results), results.firms[0]
    return (
        f"{kpi} of {firm}, each arm minus {results.baseline}, in the periods before its date (from the burn-in on) and "
        "from it on; the change is the difference in differences, paired within replications. * marks an interval that "
        "excludes 0."
    )


def moments(results: Results, arms: Iterable[str]) -> dict[int, str]:
    """Return the dates of arms, in order, each with the names of the changes that begin or end then."""
    changes = {change for arm in arms for change in results.sheet.dates.get(arm, {}).items()}
    found: dict[int, list[str]] = {}
    for name, (start, until) in sorted(changes, key=lambda change: change[0]):
        found.setdefault(start, []).append(name)
        if until is not None and until < results.sheet.periods:
            found.setdefault(until, []).append(f"{name} ends")
    return {t: ", ".join(names) for t, names in sorted(found.items())}


def marked(moments: Mapping[int, str]) -> str:
    """Return what a figure's note says of its lines at dates."""
    if not moments:
        return ""
    few = len(moments) <= MOST_NAMED
    return (
        " Dashed lines: dates of changes."
        if few
        else f" Dashed lines: {len(moments)} dates of changes, too many to name."
    )


def mark(panels: Iterable[Any], moments: Mapping[int, str], colour: str) -> None:
    """Draw a thin line at each date, and above the first of the panels what begins or ends then, if these are few.

    panels : Axes over time, the topmost first
    """
    first, *_ = panels = list(panels)
    for ax in panels:
        for t in moments:
            ax.axvline(t, color=colour, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.6)
    if 0 < len(moments) <= MOST_NAMED:
        places = _places(moments, first)
        for t, words, row, side in places:
            first.annotate(
                words, (t, 1.0), xycoords=("data", "axes fraction"), xytext=(2 if side == "left" else -2, 3 + row * 10),
                textcoords="offset points", ha=side, fontsize=_SIZE, color=colour, annotation_clip=False,
            ).set_in_layout(False)  # fmt: skip
        rows = 1 + max(row for *_, row, _ in places)
        first.set_title(first.get_title(loc="left"), pad=10 + 10 * rows, wrap=True)
        first.figure.set_figheight(first.figure.get_figheight() + 10 * rows / 72)  # the panels keep their height


def _places(moments: Mapping[int, str], ax: Any) -> list[tuple[int, str, int, str]]:
    """Return date, words, row above the axes and side of each name, so that no two names overlap."""
    low, high = ax.get_xlim()
    width = _AXES * ax.figure.get_figwidth() * 72  # points
    ends: list[list[tuple[float, float]]] = []
    found = []
    for t, name in moments.items():
        words = name if len(name) <= tables.LONGEST_NAME else f"{name[: tables.LONGEST_NAME - 1]}…"
        at, long = (t - low) / (high - low) * width, len(words) * _LETTER
        side = "left" if at + long < width else "right"
        span = (at, at + long) if side == "left" else (at - long, at)
        row = next((k for k, row in enumerate(ends) if all(span[0] > b or span[1] < a for a, b in row)), len(ends))
        ends += [[]] if row == len(ends) else []
        ends[row].append(span)
        found.append((t, words, row, side))
    return found
