"""Twins in a figure: what an arm did to single persons, and how that goes with a trait of theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.study.storage.twins import by_trait
from abm.view import plots

_MOST_DOTS = 2_000  # persons drawn; of more every k-th is


def effect_by_trait(found: pd.DataFrame, trait: str, unit: str = "", parts: int = 5, ax: Axes | None = None) -> Axes:
    """Draw each person's effect over a trait, and the mean of each part of the persons with its 95 % interval.

    found : as of results.twins       unit : of the effect, for the axis       parts : of about equal size by the trait

    Raises Refusal for a trait that is not in the table.
    """
    table = by_trait(found, trait, parts)
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
