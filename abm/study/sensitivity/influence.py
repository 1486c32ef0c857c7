"""What a sensitivity analysis says, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from abm.core.errors import counted, shown

if TYPE_CHECKING:
    import pandas as pd

MUCH_LUCK = 0.1  # share of the variance from which more replications are advised
LEADING = {"sobol": "total_order", "morris": "mu_star", "tornado": "swing"}  # the column that ranks factors
_MORE = {"sobol": "samples", "morris": "samples", "tornado": "replications"}  # of which more make intervals shorter
_MOST_NAMED = 4


def sentence(method: str, table: pd.DataFrame, output: Mapping[str, Any], unit: str) -> str:
    """Return what the table of one arm says: which factors matter most, how much is luck, what was left out.

    method : "sobol", "morris" or "tornado"      table, output : rows of Sensitivity.table and .outputs for the arm
    """
    moving = table[table[LEADING[method]] > 0]
    if output["sd"] == 0 or moving.empty:
        return f"the same at every point, so no factor moves it.{_left_out(output)}"
    weak = not_above_luck(method, table)
    names = [name for name in dict.fromkeys(moving["factor"]) if name not in weak] or [moving["factor"].iloc[0]]
    first, *second = (f"{name} ({_ABOUT[method](moving[moving['factor'] == name], unit)})" for name in names[:2])
    if names[0] in weak:
        text = f"no factor is shown to matter more than luck; the strongest is {first}."
    else:
        then = f", then {second[0]}" if second else ""
        above = moving["factor"].iloc[0]
        most = "matters most" if above == names[0] else "is shown to matter"
        more = f" {above} may matter more; more {_MORE[method]} would tell." if above != names[0] else ""
        text = f"{first} {most}{then}.{more}{_weak(weak, table)}"
    return f"{text}{_luck(output)}{_left_out(output)}"


def not_above_luck(method: str, table: pd.DataFrame) -> list[str]:
    """Return the factors that are not shown to matter more than luck does, in the order of the table."""
    if method == "tornado":
        shows = set(table[(table["low"] > 0) | (table["high"] < 0)]["factor"])
    else:
        shows = set(table[table[f"{LEADING[method]}_low"] > table["luck"].fillna(0.0)]["factor"])
    return [name for name in dict.fromkeys(table["factor"]) if name not in shows]


def _sobol(rows: pd.DataFrame, unit: str) -> str:
    row = rows.iloc[0]
    ends = f"[{row['total_order_low']:.2f}, {row['total_order_high']:.2f}]"
    return f"total order {row['total_order']:.2f} {ends}, first order {row['first_order']:.2f}"


def _morris(rows: pd.DataFrame, unit: str) -> str:
    row = rows.iloc[0]
    ends = f"[{row['mu_star_low']:.3g}, {row['mu_star_high']:.3g}]"
    return f"mu* {row['mu_star']:.3g} {ends}{unit and ' '}{unit}, mu {row['mu']:+.3g}, sigma {row['sigma']:.3g}"


def _tornado(rows: pd.DataFrame, unit: str) -> str:
    ends = [
        f"{row.difference:+.3g} [{row.low:+.3g}, {row.high:+.3g}] at {_word(row.setting)}" for row in rows.itertuples()
    ]
    return f"{', '.join(ends)}{unit and '; '}{unit}"


_ABOUT: dict[str, Callable[[pd.DataFrame, str], str]] = {"sobol": _sobol, "morris": _morris, "tornado": _tornado}


def _word(setting: Any) -> str:
    return setting if isinstance(setting, str) else shown(setting)


def _weak(weak: Sequence[str], table: pd.DataFrame) -> str:
    if not weak:
        return ""
    named = ", ".join(weak) if len(weak) <= _MOST_NAMED else f"{len(weak)} of {table['factor'].nunique()} factors"
    return f" Not shown to matter more than luck: {named}."


def _luck(output: Mapping[str, Any]) -> str:
    share, count = output["noise_share"], int(output["replications"])
    if math.isnan(share):
        return " With one replication luck cannot be told from influence; take several."
    advice = "; more replications would lower it" if share >= MUCH_LUCK else ""
    return f" Luck is {share:.1%} of the variance of the means of {counted(count, 'replication')}{advice}."


def _left_out(output: Mapping[str, Any]) -> str:
    asked = output["samples"] + output["dropped"]
    text = ""
    if output["dropped"]:
        text += f" {output['dropped']:,} of {asked:,} samples are left out, as a value is missing."
    if output["left_out"]:
        count, one = output["left_out"], output["left_out"] == 1
        words = f"replication{' is' if one else 's are'} left out, as most of {'its' if one else 'their'} values"
        text += f" {count:,} {words} are missing."
    return text
