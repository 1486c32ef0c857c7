"""Tables of text, for terminals and pipes: rows in, rich tables out."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import rich.box
from rich.table import Table
from rich.text import Text

from abm.core.parameters import interval
from abm.study.sensitivity.influence import LEADING

LONGEST_NAME = 28  # characters of an arm or a factor on one line
_ARM = 19  # of an arm in the ranking table, which leaves its units and its numbers room on a line of 100
_LINE = rich.box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
_STYLES = {"assumed": "yellow", "calibrated": "cyan", "measured": "green", "memory": "yellow", "secondary": "yellow"}


def table(columns: Sequence[str], right: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """Return an empty table.

    right : columns of numbers, flush right        whole : columns whose words are never broken
    """
    made = Table(box=_LINE, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=column in whole,
            overflow="fold",
        )
    return made


def listing(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], whole: Sequence[str] = ()) -> Table:
    """Return rows as a table; `columns` says which keys under which headings."""
    made = table(list(columns.values()), whole=[columns[key] for key in whole])
    for row in rows:
        made.add_row(*(Text(written(row[key], key), style=_STYLES.get(str(row[key]), "")) for key in columns))
    return made


def parameters(rows: Sequence[Mapping[str, Any]], width: int = 100) -> Text:
    """Return rows of the catalogue of parameters, two lines each: its values; its meaning and source."""
    heads = [(row["parameter"], _default(row), row["unit"], written(row["bounds"], "bounds")) for row in rows]
    sizes = [max(len(head[k]) for head in heads) + 2 for k in range(3)]
    text = Text()
    for head, row in zip(heads, rows, strict=True):
        values = "".join(word.ljust(size) for word, size in zip(head[1:], sizes[1:], strict=False))
        text.append(head[0].ljust(sizes[0]), style="bold").append(f"{values}{head[3]}\n")
        words = f"{row['meaning']}; {row['source']}" if row["source"] else row["meaning"]
        text.append("".join(f"    {line}\n" for line in textwrap.wrap(words, width - 4)), style="dim")
    return text


def details(row: Mapping[str, Any]) -> Table:
    """Return one row as a table with a line per field; empty fields are left out."""
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for key, value in row.items():
        text = written(value, key)
        if text and text != "-":
            made.add_row(key, Text(text, style=_STYLES.get(str(value), "")))
    return made


def broken(name: str, width: int = LONGEST_NAME) -> str:
    """Return a name over several lines if it is long, broken behind dots, dashes, strokes and blanks if it can be."""
    lines = [""]
    for part in re.split(r"(?<=[-_./ ])", name):
        for piece in textwrap.wrap(part, width, drop_whitespace=False):
            if lines[-1] and len(lines[-1]) + len(piece) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(lines)


def written(value: Any, key: str = "") -> str:
    """Return a value as a table shows it: bounds as an interval, lists with commas, "-" for nothing."""
    if value is None:
        return "-"
    if key == "bounds":
        low, high = value
        return interval((low, high))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {'{}' if item == {} else written(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(written(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _default(row: Mapping[str, Any]) -> str:
    return "required" if row["required"] else written(row["default"])


def number(value: float, decimals: int, sign: bool = False) -> str:
    """Return a number with so many decimals; "-" if it has no value."""
    if math.isnan(value):
        return "-"
    text = f"{value:+.{decimals}f}" if sign else f"{value:.{decimals}f}"
    return text if float(text) else text.lstrip("+-")


def effects(table_of_effects: Any, baseline: str, confidence: float = 0.95) -> Table:
    """Return the ranking table: per KPI and arm the mean, the difference from the baseline, its interval, its pairs.

    table_of_effects : columns arm, kpi, unit, mean, difference, share, low, high, pairs, decimals; in the order to
                       print
    """
    columns = ("KPI", "arm", "mean", f"minus {baseline}", "%", f"{confidence:.0%} interval", "", "pairs")
    made = table(columns, right=("mean", *columns[3:6], "pairs"), whole=("arm", "mean", *columns[4:6], "", "pairs"))
    room = LONGEST_NAME if table_of_effects["arm"].str.len().max() < _ARM else 32 - _ARM
    for kpi, rows in table_of_effects.groupby("kpi", sort=False):
        if made.row_count:
            made.add_row(*[""] * len(columns))
        headings = [str(kpi), str(rows["unit"].iloc[0])] if len(rows) > 1 else [f"{kpi}\n{rows['unit'].iloc[0]}"]
        headings += [""] * (len(rows) - len(headings))
        for heading, row in zip(headings, rows.to_dict("records"), strict=True):
            arm, *cells = effect_cells(row, baseline)
            made.add_row(Text(broken(heading, room)), broken(arm, _ARM), *cells)
    return made


MOST_SHARE = 10.0  # of the baseline: beyond it a percentage says nothing, as the baseline is nearly 0


def explained(
    firm: str, baseline: str, judged_by: str, confidence: float = 0.95, measured: Collection[str] = ()
) -> str:
    """Return what belongs below a ranking table.

    measured : the KPIs of the firm whose intervals are those of `--precision`
    """
    stopped = f" Intervals of {' and '.join(measured)} allow for stopping as soon as they are narrow enough."
    return (
        f"KPIs of {firm}, the best arm in {judged_by} first. Differences from {baseline} are paired within "
        f"replications, in which all arms share their luck, and beside it in percent of {baseline}; * marks a "
        f"{confidence:.0%} interval that excludes 0. cu: units of currency."
        f"{stopped if measured else ''}"
    )


def effect_cells(row: Mapping[str, Any], baseline: str) -> list[str]:
    """Return a row of the ranking table: arm, mean, difference, share, interval, whether it excludes 0, pairs."""
    digits = int(row["decimals"])
    mean = number(row["mean"], digits)
    if row["arm"] == baseline:
        return [row["arm"], mean, "", "", "", "", ""]
    ends = [number(row[end], digits, sign=True) for end in ("low", "high")]
    bounded = all(abs(row[end]) < float("inf") for end in ("low", "high"))
    clear = row["low"] > 0 or row["high"] < 0
    return [
        row["arm"],
        mean,
        number(row["difference"], digits, sign=True),
        f"{100 * row['share']:+.1f}" if abs(row["share"]) < MOST_SHARE else "",
        f"[{ends[0]}, {ends[1]}]" if bounded else "-",
        "*" if bounded and clear else "",
        str(row["pairs"]),
    ]


_INFLUENCE: dict[str, dict[str, tuple[str, ...]]] = {  # heading -> the column, or the two ends of an interval
    "sobol": {
        "total order": ("total_order",),
        "its interval": ("total_order_low", "total_order_high"),
        "first order": ("first_order",),
        "interval": ("first_order_low", "first_order_high"),
        "luck": ("luck",),
    },
    "morris": {
        "mu*": ("mu_star",),
        "interval": ("mu_star_low", "mu_star_high"),
        "mu": ("mu",),
        "sigma": ("sigma",),
        "luck": ("luck",),
    },
    "tornado": {"now": ("base",), "set to": ("setting",), "difference": ("difference",), "interval": ("low", "high")},
}
_SETTINGS = ("base", "setting")  # columns that say what a factor is set to


def influence(rows: Any, method: str) -> Table:
    """Return the table of a sensitivity analysis: a row for each factor, or each setting of it that was tried.

    rows : of Sensitivity.table, for one arm      method : "sobol", "morris" or "tornado"
    """
    columns = _INFLUENCE[method]
    made = table(("factor", *columns), right=tuple(columns), whole=tuple(columns))
    decimals = _decimals(float(rows[LEADING[method]].max()))
    before = None
    for row in rows.to_dict("records"):
        cells = [
            written(row[names[0]]) if names[0] in _SETTINGS else _cell([row[name] for name in names], decimals)
            for names in columns.values()
        ]
        made.add_row("" if row["factor"] == before else Text(broken(row["factor"])), *cells)
        before = row["factor"]
    return made


def _cell(values: Sequence[float], decimals: int) -> str:
    """Return a measured number, or the two ends of an interval."""
    said = [number(value, decimals) for value in values]
    return said[0] if len(said) == 1 else f"[{', '.join(said)}]"


def _decimals(largest: float) -> int:
    """Return the decimals that show three digits of the largest number of a table."""
    return min(max(2 - math.floor(math.log10(largest)), 0), 6) if largest > 0 else 2
