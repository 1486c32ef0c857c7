"""Figures about how much is enough: the warm-up of a KPI, and its interval against the number of replications.

Table in, Axes out; the tables are those of `abm.study.replications.warmup` and `abm.study.replications.precision`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.view import plots, summary, tables
from abm.view.plots import Colours

_TOP = 0.9  # quantile of half-widths that still fits: the first few are too wide to show anything beside them


def warm_up(
    courses: pd.DataFrame,
    table: pd.DataFrame,
    kpi: str,
    firm: str,
    baseline: str,
    ax: Axes | None = None,
    palette: Colours | None = None,
) -> Axes:
    """Draw a KPI by period for each arm, faint as long as it is warm-up; a dot marks where the rest begins.

    courses : as of warmup.courses        table : of a WarmUp        palette : as of plots.colours
    """
    rows = courses[courses["firm"].eq(firm) & courses[kpi].notna()]
    arms = [str(arm) for arm in rows["arm"].unique()]
    palette = palette or plots.colours(arms, baseline)
    with plots.style():
        ax = ax or plots.axes(3.4)
        for arm in arms:
            course = rows[rows["arm"].eq(arm)]
            verdict = table[table["arm"].eq(arm) & table["firm"].eq(firm) & table["kpi"].eq(kpi)].iloc[0]
            rest = course[course["period"] >= verdict["warm_up"]]
            settled = verdict["state"] == "settled"
            ax.plot(course["period"], course[kpi], color=palette[arm], alpha=0.4, linewidth=1)
            ax.plot(
                rest["period"], rest[kpi], color=palette[arm], linewidth=1.8,
                label=tables.broken(arm) if settled else f"{tables.broken(arm)}\n({verdict['state']})",
            )  # fmt: skip
            ax.plot(
                rest["period"].iloc[0], rest[kpi].iloc[0], "o", color=palette[arm], markersize=7,
                markerfacecolor=palette[arm] if settled else "white",
            )  # fmt: skip
        ax.set_xlabel("period")
        ax.set_ylabel(plots.in_words(summary.unit(kpi)))
        ax.set_title(f"{plots.label(kpi)} of {firm}: faint = warm-up by MSER-5", wrap=True)
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0.0)
    return ax


def interval_by_replications(
    table: pd.DataFrame, title: str, unit: str = "", wanted: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how an interval closes in as replications are added.

    table  : columns replications, mean, low, high, half_width, as of precision.by_replications
    wanted : half-width round the last mean, drawn as dashed lines        unit : of the mean
    """
    with plots.style():
        ax = ax or plots.axes(3.4)
        ax.fill_between(table["replications"], table["low"], table["high"], color=plots.GREY, alpha=0.25, linewidth=0)
        ax.plot(table["replications"], table["mean"], color=plots.INK, linewidth=1.8)
        ax.axhline(0, color=plots.GREY, linewidth=1.2, zorder=0.5)
        last = float(table["mean"].iloc[-1])
        if wanted is not None:
            for end in (last - wanted, last + wanted):
                ax.axhline(end, color=plots.INK, linewidth=1, linestyle=(0, (4, 3)))
        room = float(np.quantile(table["half_width"], _TOP)) if len(table) > 1 else 0.0
        if room:
            ax.set_ylim(min(0.0, last - 1.1 * room), max(0.0, last + 1.1 * room))
        ax.set_xlabel("replications")
        ax.set_ylabel(plots.in_words(unit) if unit else "")
        ax.set_title(title, wrap=True)
    return ax
