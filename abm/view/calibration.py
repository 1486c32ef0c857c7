"""Figures of a calibration: table in, Axes out.

The tables are those of `abm.study.calibration.findings`. What the targets do not rule out is orange everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, LogLocator, MaxNLocator, NullFormatter

from abm.core.errors import counted
from abm.study.calibration.findings import Calibration
from abm.study.calibration.implausibility import CUTOFF
from abm.view import plots, tables
from abm.view.drawn import Drawn, figure_of, write_figures

FILES = ("progress.png", "fit.png", "implausibility.png", "region.png")
MOST_FACTORS = 6  # with a panel of their own
MOST_PAIRS = 6  # of factors
_COLUMNS = 2
_OUT, _LEFT, _BEST = "#9ecae1", "#de8f05", "#b2182b"
_MANY = 500  # points of a region, that would hide what lies below
_SMALLEST = 1e-3  # a loss or an implausibility drawn on a logarithmic scale


def progress(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the loss of each trial and the least so far.

    table : columns trial, stage, loss, ruled_out
    """
    rows = table[np.isfinite(table["loss"])]
    loss = np.maximum(rows["loss"].to_numpy(float), _SMALLEST)
    with plots.style():
        ax = ax or plots.axes(3.2)
        for out, colour, name in ((True, _OUT, "ruled out"), (False, _LEFT, "not ruled out")):
            chosen = rows["ruled_out"].to_numpy(bool) == out
            ax.plot(rows["trial"][chosen], loss[chosen], "o", color=colour, markersize=5, label=name)
        ax.plot(rows["trial"], np.minimum.accumulate(loss), color=plots.INK, linewidth=1.3, label="least so far")
        even = table.loc[table["stage"] == "even", "trial"]
        if len(even) < len(table):
            ax.axvline(even.max() + 0.5, color=plots.GREY, linewidth=1, linestyle=(0, (4, 3)), label="search begins")
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(LogFormatter())
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("trial")
        ax.set_ylabel("loss")
        ax.set_title("Loss by trial")
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0.0)
    return ax


def implausibility_by_factor(
    table: pd.DataFrame, identified: pd.DataFrame, factor: str, ax: Axes | None = None
) -> Axes:
    """Draw each trial's implausibility against its value of a factor; shaded is how far what is not ruled out reaches.

    table : columns implausibility, ruled_out and the factor        identified : columns factor, best, low, high
    """
    rows = table[np.isfinite(table["implausibility"])]
    found = identified.set_index("factor").loc[factor]
    with plots.style():
        ax = ax or plots.axes(3.2)
        if np.isfinite(found["low"]):
            ax.axvspan(found["low"], found["high"], color=_LEFT, alpha=0.16, linewidth=0)
        _trials(ax, rows.assign(implausibility=rows["implausibility"].clip(_SMALLEST)), factor, "implausibility")
        ax.axhline(CUTOFF, color=plots.GREY, linewidth=1.2)
        ax.axvline(found["best"], color=_BEST, linewidth=1.2)
        ax.set_xlim(found["lowest"], found["highest"])
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        ax.yaxis.set_major_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(np.inf, np.inf)))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel(plots.with_unit(factor))
        ax.set_ylabel("implausibility (standard deviations)")
    return ax


def region(
    table: pd.DataFrame, left: pd.DataFrame, identified: pd.DataFrame, pair: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw what is not ruled out in two factors: the points of the region, the trials, and the best settings.

    table, identified : as of implausibility_by_factor        left : a point of the region in each row
    """
    across, up = pair
    with plots.style():
        ax = ax or plots.axes(4.2)
        faint = 0.25 if len(left) > _MANY else 0.6
        ax.plot(left[across], left[up], ".", color=_LEFT, alpha=faint, markersize=4, markeredgewidth=0)
        _trials(ax, table, across, up)
        found = identified.set_index("factor")
        ax.plot(
            found.loc[across, "best"], found.loc[up, "best"], "P", color=_BEST, markersize=9, markeredgecolor="white"
        )
        ax.set_xlim(found.loc[across, "lowest"], found.loc[across, "highest"])
        ax.set_ylim(found.loc[up, "lowest"], found.loc[up, "highest"])
        ax.set_xlabel(plots.with_unit(across))
        ax.set_ylabel(plots.with_unit(up).replace(" (", "\n("))
    return ax


def _trials(ax: Axes, table: pd.DataFrame, across: str, up: str) -> None:
    """Draw trials as dots, those at the end of a range too; what is not ruled out lies on top."""
    for out, colour in ((True, _OUT), (False, _LEFT)):
        chosen = table[table["ruled_out"] == out]
        if len(chosen):  # nothing that is not clipped would have no size, and the layout would collapse
            ax.plot(chosen[across], chosen[up], "o", color=colour, markersize=4.5, clip_on=False)


def fit(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how far the best settings miss each target, in tolerances, with 95 % intervals; held-out targets are hollow.

    table : columns target, value, tolerance, ours, low, high, held_out
    """
    with plots.style():
        ax = ax or plots.axes(fit_height(len(table)))
        ax.axvspan(-1, 1, color=plots.GREY, alpha=0.14, linewidth=0)
        ax.axvline(0, color=plots.GREY, linewidth=1.2)
        for y, row in enumerate(table.to_dict("records")):
            ours, low, high = ((row[name] - row["value"]) / row["tolerance"] for name in ("ours", "low", "high"))
            colour = plots.INK if abs(ours) <= 1 else _BEST
            ax.plot([low, high], [y, y], color=colour, linewidth=2.2, solid_capstyle="round")
            ax.plot(ours, y, "o", color=colour, markersize=7, markerfacecolor="white" if row["held_out"] else colour)
            said = f"{row['ours']:.4g} for {row['value']:.4g} ± {row['tolerance']:.2g}".replace("-", "−")
            ax.annotate(
                said, (1.0, y), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
                va="center", fontsize=8.5,
            )  # fmt: skip
        ax.set_yticks(range(len(table)), [tables.broken(name) for name in table["target"]])
        ax.set_ylim(max(len(table), 1) - 0.5, -0.5)
        ax.grid(visible=False, axis="y")
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("miss, in tolerances")
        ax.set_title("The best settings against the targets")
    return ax


def fit_height(targets: int) -> float:
    """Return the height in inches that a figure of so many targets needs."""
    return 1.25 + 0.42 * max(targets, 2)


def draw(found: Calibration) -> list[Drawn]:
    """Draw the figures of a calibration: loss, fit, implausibility by factor and what is left in pairs of them."""
    paths = list(found.ranges)
    pairs = list(combinations(paths[:MOST_FACTORS], 2))[:MOST_PAIRS]
    drawn = [_progress(found), _fit(found), _factors(found, paths[:MOST_FACTORS])]
    return [*drawn, _region(found, pairs)] if pairs else drawn


def write(folder: Path, drawn: Sequence[Drawn]) -> list[Path]:
    """Write figures into the folder of a calibration, in place of those of the one before; return their paths."""
    write_figures(folder, drawn, FILES)
    return [folder / figure.file for figure in drawn]


def _progress(found: Calibration) -> Drawn:
    note = "Loss: sum over targets of weight times squared miss in standard deviations. All trials share their luck."

    def one(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 3.5)
        progress(found.table, figure.subplots())

    return figure_of("progress.png", "Loss of each trial, and the least so far.", note, one)


def _fit(found: Calibration) -> Drawn:
    note = (
        f"Means of {counted(found.fresh.count, 'replication')} with luck that the settings were not chosen by, and "
        "95 % intervals. Shaded: within the tolerance. Red: outside. Hollow: held out, not calibrated to."
    )

    def one(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, fit_height(len(found.fit)) + 0.4)
        fit(found.fit, figure.subplots())

    return figure_of("fit.png", "What the best settings show, against each target.", note, one)


def _factors(found: Calibration, paths: Sequence[str]) -> Drawn:
    note = (
        f"Each dot is a trial. Above the line, at {CUTOFF:g}, it is ruled out. Shaded: how far what is not ruled out "
        "reaches. Red: the best."
    )

    def panels(figure: Figure) -> None:
        for ax, path in zip(_grid(figure, len(paths), 2.6), paths, strict=True):
            implausibility_by_factor(found.table, found.identified, path, ax)
        plots.headline(figure, "Implausibility of the trials, by factor")

    return figure_of("implausibility.png", "Implausibility of each trial, by factor.", note, panels)


def _region(found: Calibration, pairs: Sequence[tuple[str, str]]) -> Drawn:
    note = (
        "Orange: not ruled out, small dots by the emulators and large ones by their own runs. Blue: trials that are "
        "ruled out. Red: the best."
    )

    def panels(figure: Figure) -> None:
        for ax, pair in zip(_grid(figure, len(pairs), 3.4), pairs, strict=True):
            region(found.table, found.region, found.identified, pair, ax)
        share = f"{100 * found.share:.2g} % of the space searched"
        plots.headline(figure, f"What the targets do not rule out: {share}")

    return figure_of("region.png", "What the targets do not rule out, by pairs of factors.", note, panels)


def _grid(figure: Figure, count: int, height: float) -> list[Axes]:
    """Return the panels of a figure, side by side, then below."""
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    figure.set_size_inches(plots.WIDTH, rows * height + 0.8)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in grid[count:]:
        ax.remove()
    return grid[:count]
