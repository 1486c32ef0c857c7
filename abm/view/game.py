"""Games on screen and on paper: what firms are paid, where none would change by itself, best responses."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from abm.core.errors import counted
from abm.study.comparison.game import Game
from abm.study.comparison.payoffs import RESAMPLES
from abm.view import labels, plots, tables
from abm.view.drawn import Drawn, figure_of

MOST_LISTED = 16  # profiles and best responses on screen; files and --json have all
_MOST_APART = 2  # firms whose strategies have a column each
_MOST_NUMBERS = 8  # columns of a matrix in whose cells the numbers are readable
_ROW, _COLUMN = 0.42, 14  # inches; characters of a name below a column
_PAPER, _ALPHA = "PuOr_r", 0.85  # from low to high, told apart without red and green
_BRIGHTNESS = (0.299, 0.587, 0.114)  # of red, green and blue
_DARK = 0.6  # luminance of a cell below which white letters are read better


def profiles(found: Game) -> Table:
    """Return a row per profile: what each firm does and is paid, the largest gain by itself, whether that is 0."""
    digits = _decimals(found)
    paid = [f"to {firm}" for firm in found.firms]
    doing = found.firms if len(found.firms) <= _MOST_APART else (", ".join(found.firms),)
    columns = (*doing, *paid, "would change", "gains", "equilibrium", "stability")
    numbers = (*paid, "gains", "stability")
    made = tables.table(columns, right=numbers, whole=(*numbers, "equilibrium"))
    means = found.table.set_index(["profile", "firm"])["mean"]
    called = found.labels
    for row in _first(found.profiles.sort_values("stability", ascending=False, kind="stable")):
        values = [tables.number(means[row["profile"], firm], digits) for firm in found.firms]
        played = [called.get(arm, arm) for arm in row["strategies"]]
        played = [tables.broken(one) for one in (played if len(doing) == len(played) else [", ".join(played)])]
        change = f"{row['firm']} to {called.get(row['to'], row['to'])}" if row["gain"] > 0 else ""
        gain = tables.number(row["gain"], digits, sign=True) if change else ""
        share = "-" if math.isnan(row["stability"]) else f"{row['stability']:.3f}"
        made.add_row(*played, *values, tables.broken(change), gain, _said(row), share)
    return made


def responses(found: Game) -> Table:
    """Return a row per firm and what its rivals do: its best response, by how much, and whether that is decided."""
    digits, called = _decimals(found), found.labels
    columns = ("firm", "rivals do", "best response", "pays more than", "by", "interval", "decided")
    made = tables.table(columns, right=("by", "interval"), whole=("by", "interval"))
    for row in _first(found.responses):
        names = [", ".join(called.get(arm, arm) for arm in row["rivals"].split(", "))]
        names += [called.get(row[key], row[key]) for key in ("best", "against")]
        lead = tables.number(row["lead"], digits, sign=True)
        made.add_row(row["firm"], *map(tables.broken, names), lead, _ends(row, digits), _yes(row["decided"]))
    return made


def explained(found: Game) -> str:
    """Return what belongs below the tables."""
    shown = min(len(found.profiles), MOST_LISTED)
    all_of = "" if shown == len(found.profiles) else f"The {shown} most stable of {len(found.profiles)} profiles. "
    unit = f" ({found.kpi.unit})" if found.kpi.unit else ""
    return (
        f"{all_of}What goes to a firm is its mean {found.kpi.name}{unit} over "
        f"{counted(found.replications, 'replication')}, in which all profiles share their luck. Who would change gains "
        "most by it; where nobody would, it is an equilibrium by the means. Intervals of paired differences hold for "
        f"the whole game together at {found.confidence:.6g} confidence, and open is what they leave so. Stability: in "
        f"which share of {RESAMPLES:,} bootstrap samples of the replications nobody would change."
    )


def payoff(found: Game, firm: str, ax: Axes | None = None) -> Axes:
    """Draw what a firm is paid by its own strategy (rows) and what its rivals do (columns); best responses are marked.

    A filled dot is a best response that is decided, a ring one that may be; a frame is an equilibrium by the means.
    """
    rivals = list(dict.fromkeys(found.table["rivals"]))
    rows = found.table[found.table["firm"] == firm]
    cells = {(row["strategy"], row["rivals"]): row for row in rows.to_dict("records")}
    means = np.array([[cells[own, one]["mean"] for one in rivals] for own in found.strategies])
    called = found.labels
    with plots.style():
        ax = ax or plots.axes(height(found, firms=1))
        ax.grid(visible=False)
        image = ax.imshow(means, cmap=_PAPER, aspect="auto", alpha=_ALPHA)
        paper = image.to_rgba(means)
        for (y, x), value in np.ndenumerate(means):
            row = cells[found.strategies[y], rivals[x]]
            ink = "white" if _luminance(paper[y, x]) < _DARK else plots.INK
            _mark(ax, x, y, row["response"], ink)
            if row["profile"] in found.equilibria:
                ax.plot(*_frame(x, y), color=plots.INK, linewidth=2.2, solid_joinstyle="miter")
            if len(rivals) <= _MOST_NUMBERS:
                ax.annotate(tables.number(value, _decimals(found)), (x, y), ha="center", va="center", color=ink)
        ax.set_yticks(range(len(found.strategies)), [tables.broken(called.get(s, s)) for s in found.strategies])
        words = [", ".join(called.get(arm, arm) for arm in one.split(", ")) for one in rivals]
        legible = len(rivals) <= 2 * _MOST_NUMBERS
        ax.set_xticks(
            range(len(rivals)) if legible else [], [tables.broken(w, _COLUMN) for w in words] if legible else []
        )
        ax.set_xlim(-0.5, len(rivals) - 0.5)
        ax.set_ylim(len(found.strategies) - 0.5, -0.5)
        ax.tick_params(length=0)
        others = [one for one in found.firms if one != firm]
        ax.set_xlabel(f"what {' and '.join(others)} {'does' if len(others) == 1 else 'do'}")
        ax.set_ylabel(f"what {firm} does")
        unit = f" ({plots.in_words(found.kpi.unit)})" if found.kpi.unit else ""
        ax.set_title(f"{plots.label(found.kpi.name)} of {firm}{unit}", wrap=True)
    return ax


def height(found: Game, firms: int = 0) -> float:
    """Return the height of the figure for so many firms, inches; 0 = all."""
    return (1.15 + _ROW * max(len(found.strategies), 2)) * (firms or len(found.firms)) + 0.5


def draw(found: Game) -> Drawn:
    """Draw the payoffs of all firms, a matrix each."""
    note = (
        "A filled dot: best response, decided at "
        f"{found.confidence:.6g} confidence for all together. A ring: may be the best response. A frame: equilibrium "
        "by the means."
    )

    def one(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, height(found))
        for ax, firm in zip(figure.subplots(len(found.firms), squeeze=False).flat, found.firms, strict=True):
            payoff(found, firm, ax)

    # A firm may be called anything, and not all of it may stand in the name of a file.
    file = re.sub(r"[^\w-]", "_", f"game_{found.kpi.name}_{'_'.join(found.firms)}") + ".png"
    return figure_of(file, f"{labels.said(found.statement, found.labels)}.", note, one)


def document(found: Game) -> dict[str, Any]:
    """Return a game as plain values."""
    parts = ("table", "responses", "profiles", "dominated", "mixed")
    return {
        "kpi": found.kpi.name,
        "unit": found.kpi.unit,
        "better": found.kpi.better,
        "firms": list(found.firms),
        "strategies": list(found.strategies),
        "confidence": found.confidence,
        "replications": found.replications,
        "left_out": found.left_out,
        "failed": found.failed,
        "decided": found.decided,
        "equilibria": list(found.equilibria),
        "statement": found.statement,
        **{part: getattr(found, part).to_dict("records") for part in parts},
    }


def _luminance(colour: np.ndarray) -> float:
    """Return how bright a colour (red, green, blue, alpha) is on white [0-1]; weights of ITU-R BT.601, from memory."""
    return float(1 - _ALPHA * (1 - np.dot(_BRIGHTNESS, colour[:3])))


def _mark(ax: Axes, x: int, y: int, response: str, ink: str) -> None:
    if response != "no":
        face = ink if response == "best" else "none"
        ax.plot(x + 0.38, y - 0.28, "o", markersize=6, color=ink, markerfacecolor=face)


def _frame(x: int, y: int) -> tuple[list[float], list[float]]:
    near = 0.46
    return [x - near, x + near, x + near, x - near, x - near], [y - near, y - near, y + near, y + near, y - near]


def _first(table: Any) -> list[dict[str, Any]]:
    return list(table.head(MOST_LISTED).to_dict("records"))


def _said(row: Mapping[Any, Any]) -> str:
    return {"shown": "yes", "refuted": "no"}.get(row["standing"], "open")


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _ends(row: Mapping[Any, Any], digits: int) -> str:
    if not math.isfinite(row["low"]):
        return "-"
    return f"[{tables.number(row['low'], digits, sign=True)}, {tables.number(row['high'], digits, sign=True)}]"


def _decimals(found: Game) -> int:
    """Return the decimals that show three digits of the smallest lead, as far as the means have them."""
    leads = found.responses["lead"].abs()
    least = float(leads[leads > 0].min()) if (leads > 0).any() else 0.0
    return min(max(1 - math.floor(math.log10(least)), 1), 4) if least > 0 else 2
