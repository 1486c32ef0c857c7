"""Twins in figures: what an arm did to single persons, and how that goes with a trait of theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.core.errors import Refusal
from abm.study.storage.twins import by_trait
from abm.view import plots

_BINS = 40
_ROOM = 1.3  # of the highest bar, below words in the corners
_GAINS, _LOSES = "#0173b2", "#d55e00"  # told apart by the colour-blind too
_MOST_DOTS = 2_000  # persons drawn; of more every k-th is


def effect_by_trait(found: pd.DataFrame, trait: str, unit: str = "", parts: int = 5, ax: Axes | None = None) -> Axes:
    """Draw each person's effect over a trait, and the mean of each part of the persons with its 95 % interval.

    found : as of results.twins       unit : of the effect, for the axis       parts : of about equal size by the trait

    Raises Refusal for a trait that is not in the table, or of words: `by_trait` has a row for each of them.
    """
    table = by_trait(found, trait, parts)
    if not pd.api.types.is_numeric_dtype(found[trait]):
        raise Refusal(f"{trait} is no number to draw over; by_trait(found, {trait!r}) has a row for each word")
    arm, against = list(found.columns)[found.columns.get_loc("effect") - 2 : found.columns.get_loc("effect")]
    shown = found.iloc[:: max(1, len(found) // _MOST_DOTS)]
    with plots.style():
        ax = ax or plots.axes(3.8)
        ax.plot(shown[trait], shown["effect"], ".", color="0.75", markersize=3, zorder=1)
        half = np.vstack([table["effect"] - table["low"], table["high"] - table["effect"]])
        widths = np.vstack([table[trait] - table["from"], table["to"] - table[trait]])
        ax.errorbar(
            table[trait], table["effect"], np.where(np.isfinite(half), half, 0.0), widths,
            color=plots.colours([arm], "")[arm], marker="o", linestyle="none", linewidth=1.8, zorder=3,
        )  # fmt: skip
        ax.axhline(0, color=plots.GREY, linewidth=1.2, zorder=2)
        ends = np.quantile(found["effect"].dropna(), [0.01, 0.99]) if len(found) else (0.0, 1.0)
        room = 0.1 * max(float(np.ptp(ends)), 1e-9)
        ax.set_ylim(min(ends[0], 0) - room, max(ends[1], 0) + room)
        ax.set_xlim(0, float(found[trait].quantile(0.99)))
        ax.set_xlabel(trait.replace("_", " "))
        ax.set_ylabel(f"effect of {arm}{f' ({unit})' if unit else ''}")
        ax.set_title(f"What {arm} did to each person, against {against}", wrap=True)
    return ax


def effects_on_persons(effects: np.ndarray, arm: str, against: str, unit: str = "", ax: Axes | None = None) -> Axes:
    """Draw how an arm's effects on single persons are distributed: who gains, who loses, and for whom it is nothing.

    Hatched bars outside the scale hold the effects beyond it, the outer fiftieth on either side.

    effects : (n,) of each person
    """
    values = np.asarray(effects, float)
    values = values[np.isfinite(values)]
    moved = values[values != 0]
    low, high = np.quantile(moved, [0.02, 0.98]) if moved.size else (-1.0, 1.0)
    with plots.style():
        ax = ax or plots.axes(3.0)
        width = (high - low) / _BINS or 1.0
        first = np.floor(low / width)
        edges = width * np.arange(first, max(np.ceil(high / width), first + 1) + 1)  # an edge is at 0
        shares = np.histogram(moved, edges)[0] / max(1, values.size)
        colours = [_GAINS if left >= -width / 2 else _LOSES for left in edges[:-1]]
        ax.bar(edges[:-1], shares, width, align="edge", color=colours, edgecolor="white", linewidth=0.4)
        outside = _beyond(ax, moved, edges, values.size)
        ax.set_ylim(0, _ROOM * max(*outside, *shares) or 1.0)
        ax.axvline(0, color=plots.GREY, linewidth=1.2)
        mean = float(values.mean()) if values.size else 0.0
        ax.axvline(mean, color=plots.INK, linewidth=1.4, linestyle=(0, (4, 3)))
        said = [
            (0.02, "left", f"lower for {(values < 0).mean():.0%}", _LOSES),
            (0.98, "right", f"higher for {(values > 0).mean():.0%}", _GAINS),
        ] if values.size else []  # fmt: skip
        for x, side, words, colour in said:
            ax.text(x, 0.95, words, transform=ax.transAxes, ha=side, va="top", color=colour, fontsize=9)
        ax.set_ylabel("share of customers")
        ax.set_xlabel(f"effect of {arm}{f' ({unit})' if unit else ''}; dashed: mean {mean:+.2g}".replace("-", "−"))
        nothing = f"; nothing for {(values == 0).mean():.0%}" if values.size else ""
        ax.set_title(f"What {arm} does to each customer, against {against}{nothing}", wrap=True)
        ax.grid(visible=False, axis="x")
    return ax


def _beyond(ax: Axes, values: np.ndarray, edges: np.ndarray, persons: int) -> list[float]:
    """Draw a marked bar on either side for values beyond the edges, and return their shares of all persons."""
    width, found = edges[1] - edges[0], []
    sides = (values < edges[0], edges[0] - 2.5 * width), (values > edges[-1], edges[-1] + 2.5 * width)
    for (outside, x), colour in zip(sides, (_LOSES, _GAINS), strict=True):
        share = float(outside.sum()) / max(1, persons)
        if share:
            ax.bar(x, share, 2 * width, color="white", edgecolor=colour, hatch="////", linewidth=0.8)
            ax.annotate(
                "beyond", (x, share), xytext=(0, 2), textcoords="offset points", ha="center", va="bottom",
                fontsize=7.5, color=colour,
            )  # fmt: skip
        found.append(share)
    return found
