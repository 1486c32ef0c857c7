"""Draws the picture of the model, model.svg: what firms set, a period of a customer, what is compared.

python docs/pictures/draw_model.py
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

FILE = Path(__file__).with_name("model.svg")
BLUE, ORANGE, GREEN, INK = "#0173b2", "#de8f05", "#029e73", "0.15"
STEPS = (  # of a customer's period, in order: where, title, what it is about
    ((0.0, 1.0), "Need", "rates of a real log,\nseasons, occasions"),
    ((1.0, 1.0), "Choice", "satisfaction, trust, price,\nswitching costs, habit"),
    ((2.0, 1.0), "Visit", "waiting, failure, delight,\nexpected against delivered"),
    ((2.0, 0.0), "Voice", "complaint or silence,\namends, three justices"),
    ((1.0, 0.0), "Relation", "satisfaction, trust, bonds,\npoints and tiers, exit"),
    ((0.0, 0.0), "Word of mouth", "stories carried along\na networkx graph"),
)
SET = "price, promise\nquality and care\nloyalty programme\namends, surveys\nstaff, capacity\nadvertising"
ASKED = "profit\nshare of wallet\nretention\nsatisfaction index\nlifetime value\n… by firm, group, person"
LUCK = "every arm meets the same customers with the same luck: differences are paired"


def main() -> None:
    """Draw and write the picture."""
    salt = {"svg.hashsalt": "patronage", "font.family": "DejaVu Sans"}
    with matplotlib.rc_context(salt):
        figure = Figure(figsize=(11.4, 4.4))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(-1.72, 3.74), ylim=(-0.9, 1.72))
        ax.axis("off")
        _period(ax)
        _side(ax, -1.68, "Firms set levers,\neach at a cost", SET, BLUE)
        _side(ax, 2.72, "Measured\nand compared", ASKED, GREEN)
        _arrow(ax, (-0.69, 0.5), (-0.49, 0.5), BLUE)
        _arrow(ax, (2.49, 0.5), (2.69, 0.5), GREEN)
        ax.text(1.0, -0.76, LUCK, ha="center", va="center", fontsize=10, color=INK, style="italic")
        file = BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    FILE.write_bytes(file.getvalue())


def _period(ax: Axes) -> None:
    """Draw what a customer goes through, in a ring."""
    ax.add_patch(_box(-0.46, -0.5, 2.92, 2.14, "0.97", "0.8"))
    ax.text(1.0, 1.49, "A customer's period, thousands of times over", ha="center", fontsize=11, color=INK)
    for (x, y), title, words in STEPS:
        ax.add_patch(_box(x - 0.4, y - 0.36, 0.8, 0.72, "white", ORANGE))
        ax.text(x, y + 0.19, title, ha="center", va="center", fontsize=11, fontweight="bold", color=INK)
        ax.text(x, y - 0.1, words, ha="center", va="center", fontsize=8, color="0.3", linespacing=1.4)
    places = [place for place, *_ in STEPS]
    for (x0, y0), (x1, y1) in zip(places, [*places[1:], places[0]], strict=True):
        across, up = (0.42 * ((x1 > x0) - (x1 < x0)), 0.38 * ((y1 > y0) - (y1 < y0)))
        _arrow(ax, (x0 + across, y0 + up), (x1 - across, y1 - up), ORANGE)


def _side(ax: Axes, x: float, title: str, words: str, colour: str) -> None:
    """Draw a box beside the ring."""
    ax.add_patch(_box(x, -0.34, 0.96, 1.68, "white", colour))
    ax.text(x + 0.48, 1.13, title, ha="center", va="center", fontsize=11, fontweight="bold", color=INK)
    ax.text(x + 0.48, 0.4, words, ha="center", va="center", fontsize=9, color="0.3", linespacing=1.6)


def _box(x: float, y: float, width: float, height: float, face: str, edge: str) -> FancyBboxPatch:
    style = "round,pad=0.02,rounding_size=0.06"
    return FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=face, edgecolor=edge, linewidth=1.6)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, linewidth=1.8, color=colour))


if __name__ == "__main__":
    main()
