"""Which arm wins where in the space of what nobody can know: a table by point of the design, and its map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from abm.core.errors import Refusal
from abm.study.statistics.paired import interval
from abm.study.storage.results import Results
from abm.view import factors, plots, summary, tables
from abm.view.plots import Colours

_LEAST_PAIRS = 2


def by_point(results: Results, kpi: str) -> pd.DataFrame:
    """Return a row per point of the design: point, the factors, arm (that leads), next, lead, low, decided.

    lead    : over the next best arm, mean over the replications in which all arms have a value, in the KPI's unit
    low     : lower end of its interval, at a confidence that allows for all arms at the point (Bonferroni)
    decided : whether the lead is above 0 for sure: low > 0

    Raises Refusal for results of a single arm, and for a KPI of which neither more nor less is better.
    """
    if len(results.arms) < 2:
        raise Refusal("there is only one arm, so that there is nothing to compare")
    way = results.better(kpi)
    if not way:
        raise Refusal(f"neither more nor less of {kpi} is better, so that no arm is best")
    sign = 1.0 if way == "more" else -1.0
    blocks = sign * np.stack([results.block(kpi, arm, results.firms[0]) for arm in results.arms])
    levels = {path: results.sheet.levels(path) for path in results.factors}
    rows = []
    for point in range(blocks.shape[1]):
        values = blocks[:, point]
        values = values[:, np.isfinite(values).all(axis=0)]
        if not values.shape[1]:
            continue
        first, second = np.argsort(-values.mean(axis=1), kind="stable")[:2]
        each = 1.0 - (1.0 - summary.CONFIDENCE) / (len(results.arms) - 1)
        lead, low, _, _ = interval(values[first] - values[second], each)
        known = values.shape[1] >= _LEAST_PAIRS and low > 0
        at = {path: levels[path][point] for path in results.factors}
        rows.append({"point": point, **at, "arm": results.arms[first], "next": results.arms[second],
                     "lead": lead, "low": low, "decided": bool(known)})  # fmt: skip
    names = ["point", *results.factors, "arm", "next", "lead", "low", "decided"]
    return pd.DataFrame(rows, columns=names)


def two_factors(results: Results, kpi: str) -> tuple[str, str]:
    """Return the two factors on which the arms' differences hang most.

    Raises Refusal if there are fewer than two, or nothing hangs on any.
    """
    varied = [path for path in results.factors if len({*results.sheet.levels(path).tolist()}) > 1]
    if len(varied) < 2:
        raise Refusal(f"a map takes two factors in the design, and there are {len(varied)}")
    ranked = factors.strongest(results, kpi, varied)
    if len(ranked) < 2:
        raise Refusal(f"no difference in {kpi} has a value, so that no arm is ahead anywhere")
    return ranked[0], ranked[1]


def winners(
    table: pd.DataFrame, x: str, y: str, arms: list[str], ax: Axes | None = None, palette: Colours | None = None
) -> Axes:
    """Draw which arm leads at each point of the design: full colour where that is decided, pale where it is not.

    Points on a grid of two factors are fields; other points are dots.

    table : as of `by_point`        x, y : factors        arms : in the order of the legend
    """
    palette = palette or plots.colours(arms, "")
    with plots.style():
        ax = ax or plots.axes(4.2)
        if _is_grid(table, x, y):
            _fields(ax, table, x, y, palette)
        else:
            for row in table.to_dict("records"):
                ax.plot(
                    row[x], row[y], "o", color=palette[row["arm"]], markersize=10,
                    markerfacecolor=palette[row["arm"]] if row["decided"] else "white", markeredgewidth=1.8,
                )  # fmt: skip
            ax.margins(0.06)
        ax.set_xlabel(plots.with_unit(x))
        ax.set_ylabel(plots.with_unit(y).replace(" (", "\n(", 1))
        counts = table["arm"].value_counts()
        shown = [arm for arm in arms if arm in counts]
        said = {arm: f"{tables.broken(arm)}\n{counts[arm]} of {len(table)}" for arm in shown}
        handles = [ax.plot([], [], "s", color=palette[a], markersize=9, label=words)[0] for a, words in said.items()]
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, borderaxespad=0.0)
        sure = "" if table["decided"].all() else " (pale or hollow: not for sure)"
        ax.set_title(f"Which arm leads where{sure}", wrap=True)
    return ax


def _is_grid(table: pd.DataFrame, x: str, y: str) -> bool:
    """Return whether every level of one factor meets every level of the other exactly once."""
    return len(table) == table[x].nunique() * table[y].nunique() == len(table[[x, y]].drop_duplicates())


def _fields(ax: Axes, table: pd.DataFrame, x: str, y: str, palette: Colours) -> None:
    """Draw a field for each point of a grid, of equal size whatever the levels are."""
    levels: list[list[Any]] = [sorted(table[name].unique()) for name in (x, y)]
    for row in table.to_dict("records"):
        at = levels[0].index(row[x]) - 0.5, levels[1].index(row[y]) - 0.5
        ax.add_patch(
            Rectangle(at, 1, 1, facecolor=palette[row["arm"]], alpha=1.0 if row["decided"] else 0.35, edgecolor="white")
        )
    for place, set_ticks, limits in ((0, ax.set_xticks, ax.set_xlim), (1, ax.set_yticks, ax.set_ylim)):
        set_ticks(range(len(levels[place])), [tables.broken(tables.written(level)) for level in levels[place]])
        limits(-0.5, len(levels[place]) - 0.5)
    ax.grid(visible=False)
    ax.tick_params(length=0)
