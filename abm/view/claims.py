"""The figure of criteria: what a study claims of its results, and what came out.   Table in, Axes out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from abm.study.comparison.judgement import MET, NOT_MET, UNDECIDED
from abm.view import plots, summary

_VERDICTS = {MET: "#0173b2", NOT_MET: "#d55e00", UNDECIDED: plots.GREY}  # told apart by the colour-blind too

RATIO = "ratio"
_WIDTH = 44  # characters of whom a claim is of, on a line

Claim = tuple[Mapping[str, Any], tuple[float, float]]  # row of what was judged, ends of what is claimed


def draw(figure: Figure, shown: Sequence[Claim]) -> list[Axes]:
    """Draw the interval of each criterion beside what it claims; claims of one number share a panel and a scale."""
    panels: dict[tuple[str, str], list[Claim]] = {}
    for row, bounds in shown:
        panels.setdefault((row["kpi"], _kind(row["claim"])), []).append((row, bounds))
    lines = [sum(1 + _whose(row).count("\n") for row, _ in claims) for claims in panels.values()]
    heights = [0.65 + 0.14 * len(claims) + 0.19 * count for count, claims in zip(lines, panels.values(), strict=True)]
    figure.set_size_inches(plots.WIDTH, sum(heights) + 0.5)
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, ((kpi, kind), claims) in zip(grid, panels.items(), strict=True):
        _panel(ax, claims)
        unit = "" if kind == RATIO else f" ({plots.in_words(summary.unit(kpi))})"
        ax.set_xlabel(f"{plots.label(kpi)}: {kind}{unit}", fontsize=8.5)
    plots.headline(figure, "What the study claims, and what came out")
    return list(grid)


def _number(claim: str) -> str:
    """Return of what number a claim is: "difference", "level at contact_rate = 0.5"."""
    return re.split(r" (?:above|below|within) ", claim)[0]


def _kind(claim: str) -> str:
    """Return of what kind that number is: claims of one kind in one KPI are on one scale."""
    number = _number(claim)
    if re.search(r" over (?:that|the) ", number):
        return RATIO
    return "change" if re.search(r" minus (?:that|the) ", number) else number.split()[0]


def _panel(ax: Axes, claims: Sequence[Claim]) -> None:
    """Draw claims below each other on one scale."""
    known = [end for row, bounds in claims for end in (row["low"], row["high"], *bounds) if np.isfinite(end)]
    room = 0.12 * (np.ptp(known) or abs(known[0]) or 1.0)
    low, high = min(known) - room, max(known) + room
    plots.arms_on_y(ax, [])
    ax.set_yticks(range(len(claims)), [_whose(row) for row, _ in claims])
    ax.set_ylim(len(claims) - 0.5, -0.5)
    for y, (row, bounds) in enumerate(claims):
        first, last = max(bounds[0], low), min(bounds[1], high)
        ax.add_patch(Rectangle((first, y - 0.36), last - first, 0.72, color="0.9", zorder=0))
        colour = _VERDICTS[row["verdict"]]
        ax.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=2.4, solid_capstyle="round")
        ax.plot(row["estimate"], y, "o", color=colour, markersize=6)
        ax.annotate(
            row["verdict"], (1.0, y), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
            va="center", fontsize=8.5, color=colour,
        )  # fmt: skip
    ax.set_xlim(low, high)
    ax.tick_params(axis="both", labelsize=8)


def _whose(row: Mapping[str, Any]) -> str:
    """Return whom a claim is of, in lines: "north: points minus none, heavy", "level at contact_rate = 0.5"."""
    against = "" if pd.isna(row["against"]) else f" minus {row['against']}"
    among = "" if pd.isna(row["group"]) else f", {row['group']}"
    number = _number(row["claim"])
    where = number if " " in number else ""
    first = textwrap.wrap(f"{row['firm']}: {row['arm']}{against}{among}", _WIDTH)
    return "\n".join([*first, *textwrap.wrap(where, _WIDTH)])
