"""Figures of who goes where: from firm to firm, from date to date, over the network.   Table in, Axes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap

from abm.core.errors import Refusal
from abm.view import plots
from abm.view.plots import Colours
from abm.view.snapshot import GONE, NOWHERE

_BLUES = LinearSegmentedColormap.from_list("blues", ["#ffffff", "#9ecae1", "#0173b2"])
_DARK = 0.6  # of the colours: words on what is darker are white
_LEAST_SHARE = 0.01  # of a cell, that is written in it
_DOT: dict[str, Any] = {"marker": "o", "markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.4}
_OF_NO_FIRM: dict[str, dict[str, Any]] = {  # by shape, as two greys cannot be told apart in so small a dot
    NOWHERE: {"marker": "o", "markersize": 4.5, "markerfacecolor": "white", "markeredgewidth": 0.9},
    GONE: {"marker": "x", "markersize": 5.5, "markeredgewidth": 1.4},
}


def switching(
    table: pd.DataFrame, ax: Axes | None = None, title: str = "From firm to firm", what: str = "customers"
) -> Axes:
    """Draw a heat map of who went from where (rows) to where (columns): shares of each row, with its size beside it.

    table : columns from, to, customers; rows and columns of nobody are left out
    what  : is counted, for the axis
    """
    counts = _crossed(table)
    shares = counts.div(counts.sum(axis=1), axis=0)
    with plots.style():
        ax = ax or plots.axes(1.4 + 0.42 * len(counts))
        _cells(ax, shares, "{:.0%}")
        ax.set_yticks(range(len(counts)), [f"{name} ({size:,})" for name, size in counts.sum(axis=1).items()])
        ax.set_xticks(range(counts.shape[1]), list(counts), rotation=30, ha="right", rotation_mode="anchor")
        ax.set_xlabel("to (share of the row)")
        ax.set_ylabel(f"from ({what})")
        ax.set_title(title, wrap=True)
    return ax


def _crossed(table: pd.DataFrame) -> pd.DataFrame:
    """Return customers by from (rows) and to (columns), without those of nobody."""
    order = list(dict.fromkeys(table["from"])), list(dict.fromkeys(table["to"]))
    counts = table.pivot_table(index="from", columns="to", values="customers", aggfunc="sum", observed=True)
    counts = counts.reindex(index=order[0], columns=order[1]).fillna(0).astype(int)
    counts = counts.loc[counts.sum(axis=1) > 0, counts.sum() > 0]
    if counts.empty:
        raise Refusal("nobody goes anywhere: the table has no customers")
    return counts


def _cells(ax: Axes, shares: pd.DataFrame, form: str) -> None:
    """Draw shares as a grid of coloured cells, with their numbers."""
    values = shares.to_numpy(float)
    ax.imshow(np.nan_to_num(values), cmap=_BLUES, vmin=0.0, vmax=max(1e-9, float(np.nanmax(values))), aspect="auto")
    for (y, x), value in np.ndenumerate(values):
        if np.isfinite(value) and value >= _LEAST_SHARE:
            dark = value > _DARK * np.nanmax(values)
            colour = "white" if dark else plots.INK
            said = ax.text(x, y, form.format(value), ha="center", va="center", fontsize=8, color=colour)
            said.set_in_layout(False)  # it is inside its cell, and to lay out hundreds takes seconds
    ax.set_xticks(np.arange(-0.5, values.shape[1]), minor=True)
    ax.set_yticks(np.arange(-0.5, values.shape[0]), minor=True)
    ax.grid(visible=False)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)


def of_visits(visits: pd.DataFrame) -> pd.DataFrame:
    """Return from which firm to which customers went between two purchases that follow each other: from, to, customers.

    visits : columns arm, point, replication, customer, period, nth, firm, as Results.visits; a pair counts each time
    """
    who = ["arm", "point", "replication", "customer"]
    rows = visits.sort_values([*who, "period", "nth"])
    following = rows.groupby(who, observed=True)["firm"].shift(-1)
    pairs = pd.DataFrame({"from": rows["firm"], "to": following}).dropna()
    found = pairs.groupby(["from", "to"], observed=False).size()
    return found.rename("customers").reset_index()


def cohorts(visits: pd.DataFrame, firm: str, length: int) -> pd.DataFrame:
    """Return what share of each cohort buys at a firm again: cohort, customers, age, share.

    A cohort is who bought there first within a stretch of `length` periods, by the stretch; age counts stretches since.
    Stretches that the log does not cover whole are left out.

    visits : columns arm, point, replication, customer, period, firm, as Results.visits, of one arm
    """
    own = visits[visits["firm"] == firm].assign(part=visits["period"] // length)
    who = ["point", "replication", "customer"]
    first = own.groupby(who, observed=True)["part"].transform("min")
    last = (int(visits["period"].max()) + 1) // length - 1 if len(visits) else -1
    table = own.assign(cohort=first, age=own["part"] - first).drop_duplicates([*who, "part"])
    table = table[table["part"] <= last]
    counts = table.groupby(["cohort", "age"]).size().unstack(fill_value=0)
    sizes = counts.get(0, pd.Series(dtype=float))
    rows = [
        (cohort, int(sizes[cohort]), age, counts.loc[cohort].get(age, 0) / sizes[cohort])
        for cohort in counts.index
        for age in range(last - int(cohort) + 1)
    ]
    return pd.DataFrame(rows, columns=["cohort", "customers", "age", "share"])


def cohort_retention(table: pd.DataFrame, firm: str, length: int, unit: str = "period", ax: Axes | None = None) -> Axes:
    """Draw which share of each cohort buys again as it grows older: a row a cohort, a column an age.

    table : as of `cohorts`        length : of a stretch, in periods        unit : of time, what a period is called
    """
    shares = table.pivot_table(index="cohort", columns="age", values="share")
    sizes = table.groupby("cohort")["customers"].first()
    with plots.style():
        ax = ax or plots.axes(1.4 + 0.3 * len(shares))
        _cells(ax, shares, "{:.0%}")
        starts = [f"{int(cohort) * length}–{(int(cohort) + 1) * length - 1}" for cohort in shares.index]
        ax.set_yticks(range(len(shares)), [f"{s} ({n:,})" for s, n in zip(starts, sizes, strict=True)])
        ax.set_xticks(range(shares.shape[1]), [f"{int(age) * length}" for age in shares])
        ax.set_xlabel(f"{unit}s later, {length} at a time")
        ax.set_ylabel(f"first purchase in {unit}s\n(customers of all runs)")
        ax.set_title(f"Share of each cohort that buys at {firm} again", wrap=True)
    return ax


def colours(firms: Sequence[str]) -> Colours:
    """Return a colour for each firm, and for customers who go to none."""
    return plots.colours(firms, "") | {NOWHERE: "0.55", GONE: "black"}


def network(
    places: np.ndarray,
    pairs: np.ndarray,
    firms: Sequence[str],
    palette: Colours,
    ax: Axes | None = None,
    title: str = "",
) -> Axes:
    """Draw customers where they stand, in the colour of the firm that each goes to, with the ties between them.

    A customer who went to no firm is a hollow dot, one who has left the category or the market is a cross.

    places : (k, 2)        pairs : (ties, 2) rows of places        firms : (k,) names, in the palette
    """
    with plots.style():
        ax = ax or plots.axes(4.4)
        ax.add_collection(LineCollection(places[pairs], colors="0.8", linewidths=0.6, zorder=1))
        for name in palette:
            own = np.array([firm == name for firm in firms])
            if not own.any():
                continue
            ax.plot(
                *places[own].T, color=palette[name], linestyle="none", label=f"{name} ({own.sum():,})", zorder=2,
                **_OF_NO_FIRM.get(name, _DOT),
            )  # fmt: skip
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
        ax.margins(0.04)
        ax.legend(
            frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, fontsize=8.5, handletextpad=0.1
        )
        ax.set_title(title, wrap=True)
    return ax
