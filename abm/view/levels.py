"""The figure of levels: what a KPI is at each firm under each arm.   Table in, Axes out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.study.statistics.paired import interval, over_points
from abm.study.storage.results import Results
from abm.view import plots, summary

_APART = 0.16  # of a line, by which firms stand apart


def table(results: Results, kpi: str) -> pd.DataFrame:
    """Return a row per arm and firm: arm, firm, mean, low, high; means over points, intervals over replications."""
    rows = []
    for arm in results.arms:
        for firm in results.firms:
            means = over_points([results.block(kpi, arm, firm)])[0]
            rows.append((arm, firm, *interval(means[np.isfinite(means)], summary.CONFIDENCE)[:3]))
    return pd.DataFrame(rows, columns=["arm", "firm", "mean", "low", "high"])


def levels(found: pd.DataFrame, kpi: str, unit: str, ax: Axes | None = None) -> Axes:
    """Draw a KPI of each firm under each arm, with its interval; a colour a firm, the first arm on top.

    found : as of `table`        unit : of the KPI
    """
    arms, firms = list(found["arm"].unique()), list(found["firm"].unique())
    palette = plots.colours(firms, "")
    with plots.style():
        ax = ax or plots.axes(0.9 + (0.24 + 0.14 * len(firms)) * len(arms))
        for row in found.itertuples():
            y = arms.index(row.arm) + _APART * (firms.index(row.firm) - (len(firms) - 1) / 2)
            if np.isfinite(row.high - row.low):
                ax.plot([row.low, row.high], [y, y], color=palette[row.firm], linewidth=2.0, solid_capstyle="round")
            ax.plot(row.mean, y, "o", color=palette[row.firm], markersize=5.5)
        plots.arms_on_y(ax, arms)
        plots.legend(ax, firms, palette)
        ax.set_xlabel(plots.in_words(unit))
        ax.set_title(f"{plots.label(kpi)} of each firm, by arm", wrap=True)
    return ax
