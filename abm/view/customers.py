"""Figures of customers: how they differ in satisfaction, trust, loyalty and worth.   Table in, Axes out.

The tables have a row per customer, as of a Snapshot or of Results.persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from abm.logs.concentration import gini, lorenz
from abm.value.pyramid import SHARES, class_table, customer_classes
from abm.view import plots
from abm.view.over_time import at_ends
from abm.view.plots import Colours

_BINS = 25
_MOST_DOTS = 1_500  # persons drawn one by one; of more every k-th is
_PARTS = 10  # of customers by satisfaction, of about equal size
_FEWEST = 5  # customers of whom a mean is drawn
KINDS = {  # of buyers, by share of buyers: KPI -> what they are called, and where they stand (satisfied, here mostly)
    "loyalist_share": ("loyalists", 1, 1), "mercenary_share": ("mercenaries", 1, 0),
    "hostage_share": ("hostages", 0, 1), "defector_share": ("defectors", 0, 0),
}  # fmt: skip


def distribution(
    persons: pd.DataFrame,
    column: str,
    label: str,
    ax: Axes | None = None,
    palette: Colours | None = None,
    title: str = "",
) -> Axes:
    """Draw how a column of customers on a scale from 0 to 1 is distributed under each arm; a stroke marks the median.

    persons : columns arm and the one that is drawn, NaN where a customer has none        label : of the axis
    """
    known = persons[persons[column].notna()]
    arms = [str(arm) for arm in pd.unique(persons["arm"])]
    palette = palette or plots.colours(arms, arms[0])
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    with plots.style():
        ax = ax or plots.axes(2.8)
        top = 0.0
        for arm in arms:
            values = known.loc[known["arm"] == arm, column].to_numpy(float)
            shares = np.histogram(values, edges)[0] / max(1, values.size)
            top = max(top, shares.max())
            ax.stairs(shares, edges, color=palette[arm], fill=True, alpha=0.18)
            ax.stairs(shares, edges, color=palette[arm], linewidth=1.8, label=arm)
            if values.size:
                ax.axvline(np.median(values), color=palette[arm], linewidth=1.4, linestyle=(0, (4, 3)))
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.15 * top or 1.0)
        ax.set_xlabel(label)
        ax.set_ylabel("share of customers")
        ax.grid(visible=False, axis="x")
        ax.set_title(title or f"{label}, by arm", wrap=True)
    return ax


def loyalty_curve(persons: pd.DataFrame, firm: str, ax: Axes | None = None, palette: Colours | None = None) -> Axes:
    """Draw how loyal customers of a firm are by how satisfied: the chance of choosing it again over satisfaction.

    Pale dots are customers, the line means of tenths of them.

    persons : columns arm, provider, satisfaction, preference
    """
    own = persons[(persons["provider"] == firm) & persons["satisfaction"].notna()]
    arms = [str(arm) for arm in pd.unique(persons["arm"])]
    palette = palette or plots.colours(arms, arms[0])
    with plots.style():
        ax = ax or plots.axes(3.8)
        ends = {}
        for arm in arms:
            rows = own[own["arm"] == arm]
            dots = rows.iloc[:: max(1, len(rows) // _MOST_DOTS)]
            ax.plot(dots["satisfaction"], dots["preference"], ".", color=palette[arm], alpha=0.25, markersize=3)
            means = _tenths(rows)
            ax.plot(means["satisfaction"], means["preference"], "o-", color=palette[arm], linewidth=1.8, markersize=5)
            if len(means):
                ends[arm] = float(means["satisfaction"].iloc[-1]), float(means["preference"].iloc[-1]), arm
        ax.set_ylim(0, 1)
        ax.set_xlim(0, 1)
        at_ends(ax, ends, palette)
        ax.set_xlabel(f"satisfaction with {firm} (scale 0–1)")
        ax.set_ylabel("chance of choosing it again")
        ax.set_title(f"Satisfaction and loyalty of customers of {firm}", wrap=True)
    return ax


def _tenths(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean satisfaction and preference of tenths of the customers, ascending; of groups large enough."""
    edges = np.unique(np.quantile(rows["satisfaction"], np.linspace(0, 1, _PARTS + 1))) if len(rows) else np.zeros(1)
    if len(edges) < 2:
        return rows.iloc[:0]
    groups = rows.groupby(pd.cut(rows["satisfaction"], edges, include_lowest=True, labels=False))
    means = groups[["satisfaction", "preference"]].mean()
    return means[groups.size() >= _FEWEST]


def loyalty_matrix(shares: pd.DataFrame, firm: str, figure: Figure | None = None) -> list[Axes]:
    """Draw the matrix of satisfaction and loyalty: loyalists, hostages, mercenaries and defectors, a panel an arm.

    Each field has the share of the year's buyers; the rest is neither satisfied nor dissatisfied, as a note says.

    shares : a row per arm with the KPIs of `KINDS`
    """
    rows = shares.to_dict("records")
    with plots.style():
        figure = plots.sized(figure, 3.1)
        panels = list(figure.subplots(1, len(rows), squeeze=False)[0])
        most = max((row[kpi] for row in rows for kpi in KINDS), default=1.0) or 1.0
        for ax, row in zip(panels, rows, strict=True):
            for kpi, (name, satisfied, here) in KINDS.items():
                value = row[kpi]
                part = value / most if np.isfinite(value) else 0.0
                ax.add_patch(
                    Rectangle((here, satisfied), 1, 1, facecolor="#0173b2", alpha=0.06 + 0.84 * part, edgecolor="white")
                )
                said = f"{value:.1%}" if np.isfinite(value) else "-"
                ax.text(
                    here + 0.5, satisfied + 0.5, f"{name}\n{said}", ha="center", va="center", fontsize=9,
                    color="white" if part > 0.55 else plots.INK,
                )  # fmt: skip
            ax.set_xlim(0, 2)
            ax.set_ylim(0, 2)
            ax.set_xticks([0.5, 1.5], [f"less than half\nat {firm}", f"half or more\nat {firm}"])
            ax.set_yticks([0.5, 1.5], ["dissatisfied", "satisfied"], rotation=90, va="center")
            ax.tick_params(length=0)
            ax.grid(visible=False)
            ax.set_title(str(row["arm"]), fontsize=9.5, fontweight="bold", pad=6)
        plots.headline(figure, f"Buyers of {firm} by satisfaction and share of visits")
        plots.footnote(figure, _the_rest(rows))
    return panels


def _the_rest(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how many buyers are in none of the fields, by arm if that differs."""
    rest = [1.0 - sum(row[kpi] for kpi in KINDS) for row in rows]
    shares = list(dict.fromkeys(f"{100 * share:.0f} %" for share in sorted(rest) if np.isfinite(share)))
    how_many = f", {' to '.join(dict.fromkeys([shares[0], shares[-1]]))}," if shares else ""
    return f"Shares of the year's buyers. The others{how_many} are neither satisfied nor dissatisfied."


def lorenz_curves(
    amounts: Mapping[str, Any], what: str, ax: Axes | None = None, palette: Colours | None = None
) -> Axes:
    """Draw the Lorenz curve of amounts of customers, one for each name, with its Gini coefficient.

    amounts : name -> (n,) of at least 0        what : the amounts are, for the axis
    """
    palette = palette or plots.colours([*amounts], next(iter(amounts), ""))
    with plots.style():
        ax = ax or plots.axes(4.2)
        for name, values in amounts.items():
            share, of_total = lorenz(values)
            ax.plot(share, of_total, color=palette[name], linewidth=1.8, label=f"{name} (Gini {gini(values):.2f})")
        ax.plot([0, 1], [0, 1], color=plots.GREY, linewidth=1, linestyle=(0, (4, 3)))
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.set_aspect("equal")
        ax.set_xlabel("share of customers, from the least")
        ax.set_ylabel(f"share of {what}")
        ax.set_title(f"How {what} is spread over customers", wrap=True)
        ax.legend(frameon=False, loc="upper left")
    return ax


def pyramid(amounts: pd.Series, what: str, shares: Sequence[float] = SHARES, ax: Axes | None = None) -> Axes:
    """Draw the customer pyramid: each class by its share of the customers, and by its share of what they bring.

    amounts : of each customer, whom the index names        shares : of customers in each class but the last
    """
    table = class_table(amounts, customer_classes(amounts.to_frame("amount"), "amount", shares))
    with plots.style():
        ax = ax or plots.axes(0.9 + 0.5 * len(table))
        for y, (name, row) in enumerate(table.iterrows()):
            for share, side in ((row["share_of_customers"], -1), (row["share_of_total"], 1)):
                value = share if np.isfinite(share) else 0.0
                ax.barh(y, side * value, height=0.7, color="0.7" if side < 0 else "#0173b2")
                ax.annotate(
                    f"{value:.0%}", (side * value, y), xytext=(5 * side, 0), textcoords="offset points", va="center",
                    ha="left" if side > 0 else "right", fontsize=8.5,
                )  # fmt: skip
            ax.annotate(
                f"{name}", (0, y), ha="center", va="center", fontweight="bold", fontsize=9, color="white",
                bbox={"boxstyle": "circle", "facecolor": plots.INK, "edgecolor": "none", "pad": 0.25},
            )  # fmt: skip
        ax.axvline(0, color="white", linewidth=1.5)
        ax.set_xlim(-1.12, 1.12)
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.set_yticks([])
        ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["100 %", "50 %", "0", "50 %", "100 %"])
        ax.grid(visible=False, axis="y")
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(f"← share of customers        share of {what} →")
        ax.set_title(f"Customer pyramid by {what}", wrap=True)
    return ax
