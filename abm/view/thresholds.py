"""Thresholds on screen, on paper and in the report: which weights turn the order of the arms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.errors import counted
from abm.study.plan.experiment import Experiment
from abm.study.sensitivity.threshold_files import FOLDER, read
from abm.study.sensitivity.thresholds import Thresholds
from abm.view import labels, markup, plots, tables
from abm.view.drawn import Drawn, figure_of

COLUMNS = ("weight", "evidence", "now", "turns", "ahead now", "ahead beyond")
NUMBERS = ("now", "turns")
MOST_WEIGHTS = 16  # of the figure; the table has all
_LOW, _HIGH = "#56b4e9", "#de8f05"
_ROW = 0.46  # inches
_APART = 0.12  # of a row: lines of lower values above, of higher ones below


def rows(found: Thresholds) -> list[tuple[str, ...]]:
    """Return a row for each pair of arms that a weight turns, in the words of COLUMNS."""
    return [
        (
            turn["weight"], turn["evidence"], f"{turn['now']:.4g}", f"{turn['beyond']} {turn['at']:.3g}",
            turn["ahead"], turn["overtaken_by"],
        )
        for turn in found.turns.to_dict("records")
    ]  # fmt: skip


def explained(found: Thresholds) -> str:
    """Say what the table is of."""
    return (
        f"Each of {counted(len(found.tried), 'weight')} by itself at half and twice its value, of a share half "
        f"and twice its odds, if nothing else was asked for: {counted(found.customers, 'customer')}, "
        f"{counted(found.replications, 'replication')}. Two arms change places where the {found.confidence:.0%} "
        "intervals of their difference exclude 0 on both sides; the place between is on a straight line."
    )


def leads(found: Thresholds) -> pd.DataFrame:
    """Return how far the first arm is ahead of the best of the others: weight, now, value, lead, low, high.

    The weight "" is the study's own market; the widest spans come first.
    """
    first = found.order[0]
    table = found.table[(found.table["arm"] == first) | (found.table["against"] == first)].copy()
    turned = (table["against"] == first) == (found.better == "more")
    low, high = table["low"].copy(), table["high"].copy()
    table.loc[turned, "low"], table.loc[turned, "high"] = -high[turned], -low[turned]
    table.loc[turned, "difference"] *= -1
    nearest = table.loc[table.groupby(["weight", "value"], dropna=False)["difference"].idxmin()]
    return nearest.rename(columns={"difference": "lead"})[["weight", "now", "value", "lead", "low", "high"]]


def lead(found: Thresholds, ax: Axes | None = None) -> Axes:
    """Draw how far the first arm is ahead of the best of the others, at each value that was tried."""
    table = leads(found)
    here = float(table.loc[table["weight"] == "", "lead"].iloc[0])
    others = table[table["weight"] != ""]
    spans = others.groupby("weight")["lead"].agg(lambda lead: max(np.max(lead), here) - min(np.min(lead), here))
    names = list(spans.sort_values(ascending=False).index[:MOST_WEIGHTS])
    with plots.style():
        ax = ax or plots.axes(height(len(names)))
        ax.axvline(here, color=plots.INK, linewidth=1)
        ax.axvline(0, color=plots.GREY, linewidth=1.2, linestyle=(0, (4, 3)))
        for place, name in enumerate(names):
            for row in others[others["weight"] == name].to_dict("records"):
                is_low = row["value"] < row["now"]
                colour, y = (_LOW, place - _APART) if is_low else (_HIGH, place + _APART)
                ax.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=1.6)
                ax.plot(row["lead"], y, "o", color=colour, markersize=5)
                ax.annotate(
                    f"{row['value']:.3g}", (row["lead"], y), xytext=(0, 4 if is_low else -4),
                    textcoords="offset points", ha="center", va="bottom" if is_low else "top", fontsize=7,
                )  # fmt: skip
        ax.set_yticks(range(len(names)), [tables.broken(name) for name in names])
        ax.set_ylim(len(names) - 0.4, -0.6)
        words = f" ({plots.in_words(found.unit)})" if found.unit else ""
        ax.set_xlabel(f"{found.order[0]} minus the best other arm{words}")
        ax.set_title(f"{plots.label(found.kpi)} of {found.firm}, one weight at a time", wrap=True)
    return ax


def height(count: int) -> float:
    """Return the height of the figure for so many weights, inches."""
    return 1.4 + _ROW * max(count, 2)


def draw(found: Thresholds) -> Drawn:
    """Draw the figure of an analysis."""
    note = (
        "Values of the weight are written at the dots (blue: lower than the present one, orange: higher), lines are "
        f"{found.confidence:.0%} intervals. Black: the study's own market. Left of the dashed line another arm is best."
    )

    def one(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, height(min(len(found.tried), MOST_WEIGHTS)) + 0.35)
        lead(found, figure.subplots())

    return figure_of("thresholds.png", "How far the best arm is ahead, one weight at a time.", note, one)


def section(folder: Path, study: Experiment | None) -> Iterator[str]:
    """Yield the section of the report of a results folder, if thresholds were asked for."""
    found = read(folder / FOLDER, study)
    if found is not None:
        found = labels.of_thresholds(found, study)
        listed = rows(found)
        yield markup.section(
            "How far the verdict hangs on weights",
            markup.paragraphs([found.statement]),
            markup.table(COLUMNS, listed, NUMBERS) if listed else "",
            markup.element("p", markup.text(explained(found)), "caption"),
            markup.figure(draw(found)),
        )


def document(found: Thresholds) -> dict[str, Any]:
    """Return what was found as plain values."""
    return {
        "kpi": found.kpi,
        "better": found.better,
        "firm": found.firm,
        "unit": found.unit,
        "confidence": found.confidence,
        "replications": found.replications,
        "customers": found.customers,
        "order": list(found.order),
        "tried": list(found.tried),
        "left_out": list(found.left_out),
        "statement": found.statement,
        "turns": found.turns.to_dict("records"),
        "table": found.table.to_dict("records"),
    }
