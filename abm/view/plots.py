"""Figures: table in, Axes out.

The tables come from summary.py. Every arm has one colour in all figures of a study, the baseline is grey, and an
interval is always the 95 % interval of a paired difference (or, for a level, of a mean) over replications.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from abm.study.storage.results import Results
from abm.view import factors, summary, tables
from abm.view.words import in_words, label

Colours = Mapping[str, Any]

WIDTH, DOTS = 7.4, 160  # inches, and per inch
GREY, INK, _FAINT = "0.45", "0.15", "0.88"
_CLEAR = (0, 1, 2, 3, 4, 9, 5, 6, 8)  # of seaborn's colours: without its grey, and what is pale on white comes last
_OTHERS = "#a9b8c6"  # the colour of arms beyond those that a reader tells apart
PANELS = 3  # side by side
_APART = 0.006  # of the range of a factor, by which arms at one level stand apart, so that no interval hides another
FONT = "DejaVu Sans"
_CHINESE = (
    "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "SimHei",
)  # fmt: skip
_RC = {
    "font.size": 9.5,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": "0.6",
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _FAINT,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "text.parse_math": False,  # a label of an arm may have dollars in it
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def style() -> AbstractContextManager[None]:
    """Return the context that figures are drawn in, the same whatever a matplotlibrc of the user's says."""
    return matplotlib.style.context(["default", sns.axes_style("ticks") | _RC | {"font.family": _families()}])


@cache
def _families() -> list[str]:
    """Return the fonts of figures: the first for all letters that it has, and those of this machine for Chinese."""
    there = set(font_manager.get_font_names())
    return [FONT, *(name for name in _CHINESE if name in there)]


def colours(arms: Sequence[str], baseline: str, ranked: Sequence[str] = ()) -> dict[str, Any]:
    """Return a colour for each arm, in the study's order; the baseline is grey.

    ranked : the arms, the best first: of more arms than the nine whom all readers, also those who are colour-blind,
             tell apart, the first nine have a colour of their own; left out = as in `arms`
    """
    palette = [sns.color_palette("colorblind", 10)[k] for k in _CLEAR]
    own = [arm for arm in arms if arm != baseline]
    if len(own) > len(palette):
        own = [arm for arm in ranked or arms if arm != baseline]
    return dict.fromkeys(arms, _OTHERS) | dict(zip(own, palette, strict=False)) | {baseline: GREY}


def effect_of_arms(
    table: pd.DataFrame,
    kpi: str,
    baseline: str,
    ax: Axes | None = None,
    palette: Colours | None = None,
    numbers: bool = True,
) -> Axes:
    """Draw each arm's difference from the baseline in one KPI, with its interval; the best arm is on top.

    table   : as of summary.effects; an arm without a value has its line all the same
    palette : as of `colours`, made from the table if left out
    numbers : write the difference and its interval beside each line
    """
    rows = table[(table["kpi"] == kpi) & (table["arm"] != baseline)]
    palette = palette or colours(list(table["arm"].unique()), baseline)
    with style():
        ax = ax or axes(effects_height(len(rows)))
        for y, row in enumerate(rows.itertuples()):
            if not np.isfinite(row.difference):
                continue
            ends = [row.low, row.high] if np.isfinite(row.high - row.low) else [row.difference] * 2
            ax.plot(ends, [y, y], color=palette[row.arm], linewidth=2.4, solid_capstyle="round")
            ax.plot(row.difference, y, "o", color=palette[row.arm], markersize=7 if numbers else 5.5)
            if numbers:
                ax.annotate(
                    _said(row), (1.0, y), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
                    va="center", fontsize=8.5,
                )  # fmt: skip
        ax.axvline(0, color=GREY, linewidth=1.2, zorder=0.5)
        arms_on_y(ax, list(rows["arm"]))
        ax.set_xlabel(in_words(summary.unit(kpi)))
        ax.set_title(f"{label(kpi)}{of_firm(table)}: each arm minus {baseline}", wrap=True)
    return ax


def effects_height(arms: int) -> float:
    """Return the height in inches that a figure of so many arms needs."""
    return 1.15 + 0.34 * max(arms, 1)


def effects_on_kpis(
    table: pd.DataFrame,
    kpis: Sequence[str],
    baseline: str,
    palette: Colours | None = None,
    figure: Figure | None = None,
) -> list[Axes]:
    """Draw the arms' effects on several KPIs, a panel each with its own scale."""
    columns = min(PANELS, len(kpis))
    rows = -(-len(kpis) // columns)
    with style():
        figure = sized(figure, rows * effects_height(table["arm"].nunique() - 1) + 0.5)
        grid = figure.subplots(rows, columns, squeeze=False)
        for ax, kpi in zip(grid.flat, kpis, strict=False):
            effect_of_arms(table, kpi, baseline, ax, palette, numbers=False)
            ax.xaxis.set_major_locator(MaxNLocator(3))
            ax.set_xlabel(tables.broken(in_words(summary.unit(kpi)), 24))
            ax.set_title(label(kpi), fontsize=9.5, fontweight="bold", pad=6)
            if ax not in grid[:, 0]:
                ax.set_yticklabels([])
        for ax in grid.flat[len(kpis) :]:
            ax.remove()
        headline(figure, f"Other measures{of_firm(table)}: each arm minus {baseline}")
    return list(grid.flat[: len(kpis)])


def effect_by_factor(
    results: Results,
    kpi: str,
    factor: str,
    ax: Axes | None = None,
    palette: Colours | None = None,
    arms: Sequence[str] | None = None,
) -> Axes:
    """Draw each arm's difference from the baseline in a KPI of the focal firm at the levels of a factor.

    Of a factor with many levels every point of the design is a pale dot behind the means of neighbouring ones.

    arms : that are drawn, in the order of the legend; left out = all, the best first

    Raises Refusal for a KPI or a factor that the results do not have.
    """
    table = factors.by_factor(results, kpi, factor)
    palette = palette or colours(results.arms, results.baseline)
    if arms is None:
        arms = list(table.groupby("arm")["difference"].mean().sort_values(ascending=False).index)
    with style():
        ax = ax or axes(3.4)
        words = not pd.api.types.is_numeric_dtype(table["level"]) or table["level"].dtype == bool
        table["x"] = pd.factorize(table["level"])[0] if words else table["level"]
        apart = _APART * (np.ptp(table["x"].to_numpy(float)) if table["x"].nunique() > 1 else 1.0)
        points = factors.by_point(results, kpi, factor) if factors.is_drawn(results, factor) else None
        for place, arm in enumerate(arms):
            if points is not None:
                own = points[points["arm"] == arm]
                ax.plot(own["level"], own["difference"], ".", color=palette[arm], alpha=0.35, markersize=4, zorder=1)
            rows = table[table["arm"] == arm].sort_values("x")
            half = np.vstack([rows["difference"] - rows["low"], rows["high"] - rows["difference"]])
            ax.errorbar(
                rows["x"] + apart * (place - (len(arms) - 1) / 2), rows["difference"],
                np.where(np.isfinite(half), half, 0.0), color=palette[arm], marker="o", markersize=5, linewidth=1.8,
                elinewidth=1.4,
            )  # fmt: skip
        if words:
            levels = [tables.broken(str(level)) for level in pd.unique(table["level"])]
            ax.set_xticks(range(len(levels)), levels)
        ax.axhline(0, color=GREY, linewidth=1.2, zorder=0.5)
        ax.set_xlabel(with_unit(factor))
        ax.set_ylabel(in_words(summary.unit(kpi)))
        ax.set_title(f"{label(kpi)} of {results.firms[0]}: {each(arms)} minus {results.baseline}", wrap=True)
        if len(arms) > 1:
            legend(ax, arms, palette)
    return ax


def each(arms: Sequence[str]) -> str:
    """Return what a title calls the arms of a figure: a single one, which needs no legend, by its name."""
    return arms[0] if len(arms) == 1 else "each arm"


def footnote(figure: Figure, text: str) -> None:
    """Write a line of explanation below a figure."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8, color=GREY, wrap=True)


def headline(figure: Figure, text: str) -> None:
    """Write the title of a figure with several panels."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=11, fontweight="bold", wrap=True)


def retitle(ax: Axes, words: str) -> None:
    """Give a figure of a single panel another title."""
    with style():
        ax.set_title(words, wrap=True)


def untitle(figure: Figure) -> None:
    """Take off a figure's title, that of all panels or else of the first, for a page that has the words already."""
    first = figure.axes[0] if figure.axes else None
    title = figure.get_suptitle() or (first.get_title(loc="left") if first else "")
    texts = [*figure.texts, *(first.get_children() if first else [])]
    own = (part for part in texts if isinstance(part, Text) and part.get_text() == title)
    if title and (found := next(own, None)):
        found.set_text("")


def blank() -> Figure:
    """Return an empty figure that pyplot does not know, so that it goes when nobody holds it."""
    return Figure(layout=_layout())


def _layout() -> ConstrainedLayoutEngine:
    return ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)


def sized(figure: Figure | None, height: float) -> Figure:
    """Return a figure, a new one if there is none, so many inches high."""
    figure = figure or plt.figure(layout=_layout())
    figure.set_size_inches(WIDTH, height)
    return figure


def of_firm(table: pd.DataFrame) -> str:
    """Return of which firm a table is, for a title."""
    return f" of {table['firm'].iloc[0]}" if "firm" in table and len(table) else ""


def with_unit(path: str) -> str:
    """Return the path of a parameter as an axis is called: with its unit, if it has one."""
    unit = summary.parameter_unit(path)
    return f"{path} ({in_words(unit)})" if unit else path


def axes(height: float) -> Axes:
    """Return the axes of a new figure, so many inches high."""
    return sized(None, height).subplots()


def _said(row: Any) -> str:
    difference = tables.number(row.difference, row.decimals, sign=True)
    if not np.isfinite(row.high - row.low):
        return f"{difference} (one pair)".replace("-", "−")
    low, high = (tables.number(end, row.decimals, sign=True) for end in (row.low, row.high))
    return f"{difference}  [{low}, {high}]".replace("-", "−")  # a true minus sign, as on the axis


def arms_on_y(ax: Axes, arms: Sequence[str]) -> None:
    """Write arms beside the y axis, the first on top."""
    ax.set_yticks(range(len(arms)), [tables.broken(arm) for arm in arms])
    ax.set_ylim(max(len(arms), 1) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.margins(x=0.08)


def legend(ax: Axes, arms: Sequence[str], palette: Colours) -> None:
    """Write beside the axes which colour is which arm's."""
    handles = [ax.plot([], [], color=palette[arm], linewidth=2.4, label=tables.broken(arm))[0] for arm in arms]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, borderaxespad=0.0)
