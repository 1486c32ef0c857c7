"""The figure of effects by group of customers: an arm a panel, all on one scale.   Table in, Axes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from abm.view import plots, tables
from abm.view.plots import Colours


def draw(figure: Figure, found: pd.DataFrame, arms: Sequence[str], palette: Colours) -> list[Axes]:
    """Draw the effect of each arm on each group in one KPI.      found : as of groups.effects"""
    grid = _grid(figure, len(arms), list(found["group"].unique()))
    for ax, arm in zip(grid, arms, strict=True):
        _arm_by_group(ax, found[found["arm"] == arm], palette[arm])
        ax.tick_params(axis="y", labelleft=ax in grid[:: plots.PANELS])
    return grid


def _grid(figure: Figure, panels: int, names: Sequence[str]) -> list[Axes]:
    """Return panels with a line for each name, side by side, on one scale."""
    rows, columns = -(-panels // plots.PANELS), min(plots.PANELS, panels)
    tall = 1 + max(tables.broken(name).count("\n") for name in names)
    figure.set_size_inches(plots.WIDTH, rows * (0.85 + (0.08 + 0.16 * tall) * len(names)) + 0.8)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for ax in grid[panels:]:
        ax.remove()
    return list(grid[:panels])


def _arm_by_group(ax: Axes, rows: pd.DataFrame, colour: Any) -> None:
    """Draw the effect of an arm on each group, the first group on top."""
    for y, row in enumerate(rows.itertuples()):
        if np.isfinite(row.high - row.low):
            ax.plot([row.low, row.high], [y, y], color=colour, linewidth=2.4, solid_capstyle="round")
        ax.plot(row.difference, y, "o", color=colour, markersize=5.5)
    ax.axvline(0, color=plots.GREY, linewidth=1.2, zorder=0.5)
    plots.arms_on_y(ax, list(rows["group"]))
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.tick_params(axis="x", labelbottom=True, labelsize=8)
    ax.set_xlabel(tables.broken(plots.in_words(str(rows["unit"].iloc[0])), 24), fontsize=8.5)
    ax.set_title(tables.broken(str(rows["arm"].iloc[0]), 22), fontsize=9.5, fontweight="bold", pad=6)
