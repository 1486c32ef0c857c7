"""The evidence card as a figure: what is known of markets, and what a market shows of it.   Table in, Axes out."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.view import plots

VERDICTS = {  # of a number: colour and sign, told apart without colours too
    "reproduced": ("#0173b2", "●"), "undecided": ("0.45", "◐"), "contradicted": ("#d55e00", "✕"),
    "not applicable": ("0.7", "–"),
}  # fmt: skip
_WIDTH, _NUMBER = 44, 26  # characters of a claim, and of what a number is, on a line
_LINE = 0.185  # inches
_COLUMNS = {"fact": 0.05, "number": 0.47, "known": 0.72, "here": 0.86}  # where they begin, as shares of the width


def card(
    table: pd.DataFrame, ax: Axes | None = None, title: str = "What is known of markets, and what is found here"
) -> Axes:
    """Draw the card: a line for each number that a fact is about, with its verdict.

    table : as of abm.evidence
    """
    rows = [(row, _lines(row, first)) for row, first in _numbered(table)]
    heights = [max(map(len, lines.values())) for _, lines in rows]
    with plots.style():
        ax = ax or plots.axes(0.9 + _LINE * (sum(heights) + 0.35 * len(heights)))
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
        ax.set_xlim(0, 1)
        ax.set_ylim(sum(heights) + 0.35 * len(heights), -1.4)
        for name, x in _COLUMNS.items():
            ax.text(x, -0.6, name, fontweight="bold", fontsize=8.5, va="center")
        y = 0.0
        for (row, lines), height in zip(rows, heights, strict=True):
            colour, sign = VERDICTS[row["verdict"]]
            if lines["fact"]:
                ax.axhline(y - 0.05, color="0.88", linewidth=0.8)
            ax.text(0.02, y + 0.55, sign, color=colour, fontsize=10, ha="center", va="center", fontweight="bold")
            for name, x in _COLUMNS.items():
                ax.text(x, y + 0.12, "\n".join(lines[name]), fontsize=8, va="top", linespacing=1.25, color=plots.INK)
            y += height + 0.35
        counts = table.drop_duplicates("number")["verdict_of_fact"].value_counts()
        said = ", ".join(f"{VERDICTS[word][1]} {counts[word]} {word}" for word in VERDICTS if word in counts)
        ax.set_title(f"{title}\n{said}", wrap=True, fontsize=10)
    return ax


def _numbered(table: pd.DataFrame) -> list[tuple[dict, bool]]:
    """Return the rows, of which market if there are several, each with whether it is the first of its fact."""
    first = ~table["number"].duplicated()
    if "market" in table and table["market"].nunique() > 1:
        table = table.assign(of=" (" + table["market"] + ")")
    return list(zip(table.to_dict("records"), first, strict=True))


def _lines(row: dict, first: bool) -> dict[str, list[str]]:
    """Return what is written in each column, line by line."""
    known = isinstance(row.get("ours"), float) and np.isfinite(row["ours"])
    here = [f"{row['ours']:.3g}", f"[{row['low']:.3g}, {row['high']:.3g}]"] if known else []
    return {
        "fact": textwrap.wrap(f"{row['number']}  {row['claim']}{row.get('of', '')}", _WIDTH) if first else [],
        "number": textwrap.wrap(str(row["part"]), _NUMBER),
        "known": textwrap.wrap(str(row["target"]), 15) if known else [],
        "here": here,
    }
