"""Figures of keeping customers: how well a firm's warnings find those who have gone.   Table in, Axes out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.core.errors import Refusal
from abm.view import plots, tables
from abm.view.plots import Colours

FIRST = 0.1  # part of the known customers of whom the lift is told


def gains(persons: pd.DataFrame, firm: str) -> pd.DataFrame:
    """Return which share of those gone is caught by which share of known customers, those warned of most first.

    Gone is who goes to another firm by now, or has left the category. A row for none (0, 0), and one for each warning,
    the highest first; between two rows stand customers with one warning, of whom a firm can contact some by lot alone.

    persons : of one arm, columns provider, known, warning, as of a Snapshot

    Returns columns warning, contacted, caught.
    Raises Refusal if the firm knows nobody, or nobody whom it knows has gone.
    """
    known = persons[persons["known"].astype(bool)]
    if known.empty:
        raise Refusal(
            f"{firm} knows no customer; give the scenario a section [scenario.information] "
            "(in Python information={}), and the firm information.data_coverage above 0"
        )
    gone = (known["provider"] != firm).groupby(known["warning"]).agg(["size", "sum"]).sort_index(ascending=False)
    if not gone["sum"].sum():
        raise Refusal(f"nobody whom {firm} knows has gone, so that no warning can be right; let the run last longer")
    shares = gone.cumsum() / gone.sum()
    none = pd.DataFrame({"warning": [np.nan], "contacted": [0.0], "caught": [0.0]})
    rows = shares.rename(columns={"size": "contacted", "sum": "caught"}).reset_index()
    return pd.concat([none, rows], ignore_index=True)


def gone_share(persons: pd.DataFrame, firm: str) -> float:
    """Return the share of known customers who have gone.    persons : as of `gains`"""
    known = persons[persons["known"].astype(bool)]
    return float((known["provider"] != firm).mean())


def lift(table: pd.DataFrame, contacted: float = FIRST) -> float:
    """Return the share caught / the share contacted: 1 = no better than by lot.    table : as of `gains`"""
    return float(np.interp(contacted, table["contacted"], table["caught"])) / contacted


def warning_lift(
    found: Mapping[str, tuple[pd.DataFrame, float]], firm: str, ax: Axes | None = None, palette: Colours | None = None
) -> Axes:
    """Draw the cumulative gains of warnings, a line an arm; dotted: if the firm knew who has gone.

    found : arm -> (as of `gains`, share of known customers who have gone)
    """
    palette = palette or plots.colours([*found], "")
    alone = len(found) == 1
    lifts = {arm: tables.number(lift(table), 1) for arm, (table, _) in found.items()}
    with plots.style():
        ax = ax or plots.axes(4.4)
        for arm, (table, share) in found.items():
            label = "by warning" if alone else f"{tables.broken(arm, 24)}: {lifts[arm]}"
            ax.plot(table["contacted"], table["caught"], color=palette[arm], linewidth=2.0, label=label)
            ax.plot(
                [0, share, 1], [0, 1, 1], color=palette[arm], linewidth=1.2, linestyle=":",
                label="by the truth" if alone else None,
            )  # fmt: skip
        ax.plot([0, 1], [0, 1], color=plots.GREY, linewidth=1, linestyle=(0, (4, 3)), label="by lot")
        ax.axvline(FIRST, color="0.8", linewidth=0.8, zorder=0.5)
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        ax.set_aspect("equal")
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.set_xlabel(f"share contacted of customers whom {firm} knows")
        ax.set_ylabel("share caught of those gone")
        said = "Lift in the first tenth"
        ax.legend(
            frameon=False, title=None if alone else said, alignment="left", loc="upper left",
            bbox_to_anchor=(1.01, 1.02), borderaxespad=0.0,
        )  # fmt: skip
        under = f" under {next(iter(found))}\n{said} {next(iter(lifts.values()))}" if alone else ""
        ax.set_title(f"Warnings of {firm}{under or ': how many of those gone they find'}", wrap=True)
    return ax
