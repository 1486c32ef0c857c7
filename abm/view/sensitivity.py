"""Figures of a sensitivity analysis: table in, Axes out.

The tables are those of `abm.study.sensitivity.analysis`, the rows of one arm. The most influential factor is on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.errors import shown
from abm.study.sensitivity.analysis import Sensitivity
from abm.view import plots, tables
from abm.view.drawn import Drawn, figure_of

MOST_FACTORS = 20  # of a figure; the table has all
_DISTINCT = 8  # factors with a colour of their own
_ROW = 0.42  # inches
_BEYOND = 0.3  # of an axis of shares, below 0 and above 1: the ends of longer intervals are in the table alone
_PALE, _STRONG, _LOW, _HIGH = "#9ecae1", "#2171b5", "#56b4e9", "#de8f05"


def sobol_bars(table: pd.DataFrame, ax: Axes | None = None, title: str = "Shares of the variance") -> Axes:
    """Draw first- and total-order indices with their intervals; a tick marks what luck alone would give.

    table : columns factor, first_order, total_order, their _low and _high, luck
    """
    rows = table.head(MOST_FACTORS)
    with plots.style():
        ax = ax or plots.axes(_height(len(rows)))
        places = np.arange(len(rows))
        for name, offset, colour in (("total_order", -0.18, _STRONG), ("first_order", 0.18, _PALE)):
            values, low, high = (rows[column].to_numpy(float) for column in (name, f"{name}_low", f"{name}_high"))
            ax.barh(places + offset, values, height=0.34, color=colour, label=name.replace("_", " "))
            ax.hlines(places + offset, low, high, color=plots.INK, linewidth=1.1)
        ax.plot(rows["luck"], places - 0.18, "|", color=plots.INK, markersize=11, label="luck alone", linestyle="none")
        _factors_on_y(ax, list(rows["factor"]))
        left, right = ax.get_xlim()
        ax.set_xlim(max(min(0.0, left), -_BEYOND), min(right, 1.0 + _BEYOND))
        ax.set_xlabel("share of the variance of the mean over replications")
        ax.set_title(title, wrap=True)
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0.0)
    return ax


def morris_plane(
    table: pd.DataFrame, ax: Axes | None = None, title: str = "Elementary effects", unit: str = ""
) -> Axes:
    """Draw mu* with its interval against sigma; the factors to the right matter, those high up are not simply additive.

    table : columns factor, mu_star, mu_star_low, mu_star_high, sigma
    """
    with plots.style():
        ax = ax or plots.axes(4.4)
        colours = plots.colours(list(table["factor"][:_DISTINCT]), "")
        for place, row in enumerate(table.to_dict("records")):
            known = place < _DISTINCT
            name = tables.broken(row["factor"]) if known else f"{len(table) - _DISTINCT} others"
            colour = colours[row["factor"]] if known else plots.GREY
            ax.plot([row["mu_star_low"], row["mu_star_high"]], [row["sigma"]] * 2, color=colour, linewidth=1.4)
            ax.plot(
                row["mu_star"], row["sigma"], "o", color=colour, markersize=7 if known else 4,
                label=name if place <= _DISTINCT else None,
            )  # fmt: skip
        end = max(table["mu_star"].max(), 1e-300)
        ax.plot(
            [0, end], [0, end], color=plots.GREY, linewidth=1, linestyle=(0, (4, 3)), label="sigma = mu*", zorder=0.5
        )
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        words = f" ({plots.in_words(unit)})" if unit else ""
        ax.set_xlabel(f"mu*: mean absolute effect of the whole range{words}")
        ax.set_ylabel(f"sigma: spread{words}")
        ax.set_title(title, wrap=True)
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0.0)
    return ax


def tornado(table: pd.DataFrame, ax: Axes | None = None, title: str = "One factor at a time", unit: str = "") -> Axes:
    """Draw the difference that each setting of each factor makes, with its interval; the widest swing is on top.

    table : columns factor, setting, difference, low, high
    """
    factors = list(dict.fromkeys(table["factor"]))[:MOST_FACTORS]
    with plots.style():
        ax = ax or plots.axes(_height(len(factors)))
        for place, factor in enumerate(factors):
            rows = table[table["factor"] == factor]
            thick = 0.8 / len(rows)
            for number, row in enumerate(rows.to_dict("records")):
                _bar(ax, place - 0.4 + thick * (number + 0.5), thick, row, _LOW if number % 2 == 0 else _HIGH)
        ax.axvline(0, color=plots.GREY, linewidth=1.2)
        _factors_on_y(ax, factors)
        ax.margins(x=0.16)
        ax.set_xlabel(f"difference from the scenario as it is{f' ({plots.in_words(unit)})' if unit else ''}")
        ax.set_title(title, wrap=True)
    return ax


def _bar(ax: Axes, place: float, thick: float, row: dict[str, Any], colour: str) -> None:
    difference, low, high = row["difference"], row["low"], row["high"]
    if not np.isfinite(difference):
        return
    ends = [low, high] if np.isfinite(high - low) else [difference] * 2
    ax.barh(place, difference, height=0.9 * thick, color=colour)
    ax.hlines(place, *ends, color=plots.INK, linewidth=1.1)
    right = difference >= 0
    setting = row["setting"] if isinstance(row["setting"], str) else shown(row["setting"])
    ax.annotate(
        setting, (max(ends[1], difference) if right else min(ends[0], difference), place), va="center", fontsize=8,
        xytext=(4 if right else -4, 0), textcoords="offset points", ha="left" if right else "right",
    )  # fmt: skip


def draw(found: Sensitivity, labels: Mapping[str, str] | None = None) -> list[Drawn]:
    """Draw the figure of each arm; titles have the labels of arms that are given, files their names."""
    return [_drawn(found, arm, labels or {}) for arm in found.arms]


def _drawn(found: Sensitivity, arm: str, labels: Mapping[str, str]) -> Drawn:
    table, title = found.of(arm), _title(found, labels.get(arm, arm), labels.get(found.against, found.against))
    count = int(found.outputs.loc[found.outputs["arm"] == arm, "replications"].iloc[0])

    def one(figure: Figure) -> None:
        ax, factors = figure.subplots(), min(table["factor"].nunique(), MOST_FACTORS)
        figure.set_size_inches(plots.WIDTH, 4.6 if found.method == "morris" else _height(factors) + 0.35)
        if found.method == "sobol":
            sobol_bars(table, ax, title)
        elif found.method == "morris":
            morris_plane(table, ax, title, found.unit)
        else:
            tornado(table, ax, title, found.unit)

    about = f"Means of {count} replications, which all points share. Lines: {100 * found.confidence:.4g} % intervals."
    note, compared = f"{_NOTES[found.method]} {about}", f"_minus_{found.against}" if found.against else ""
    return figure_of(f"{found.method}_{found.kpi}_{arm}{compared}.png", f"{title}.", note, one)


_NOTES = {
    "sobol": "Total order: share of the variance that a factor has a hand in. First order: its share by itself.",
    "morris": "Dot: mean absolute effect of a whole range. Near the dashed line or above, it is not simply additive.",
    "tornado": "Bar: difference when one factor is set to the value beside it and the others stay as they are.",
}


_SHOWN = {"sobol": "shares of the variance", "morris": "effects of the factors", "tornado": "one factor at a time"}


def _title(found: Sensitivity, arm: str, against: str) -> str:
    what = f"{plots.label(found.kpi)} of {found.firm}"
    compared = f"{arm} minus {against}" if against else f"arm {arm}"
    return f"{what}, {compared}: {_SHOWN[found.method]}"


def _height(factors: int) -> float:
    return 1.3 + _ROW * max(factors, 2)


def _factors_on_y(ax: Axes, factors: list[str]) -> None:
    ax.set_yticks(range(len(factors)), [tables.broken(factor) for factor in factors])
    ax.set_ylim(max(len(factors), 1) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
