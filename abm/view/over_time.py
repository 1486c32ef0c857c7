"""Figures over time: lines of arms with their bands, named where they end.   Table in, Axes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator

from abm.view import plots, summary, tables
from abm.view.plots import Colours

MOST_TOGETHER = 3  # lines with bands in one panel; more have a panel each
_LINE = 11.5  # points from a line of words to the next
_PALE = "0.85"
_STROKE = {"arrowstyle": "-", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 1, "relpos": (0.0, 0.5)}  # ends before a name


def courses(
    table: pd.DataFrame,
    kpi: str,
    baseline: str,
    palette: Colours,
    burn_in: int = 0,
    figure: Figure | None = None,
    unit: str = "period",
    moving: Mapping[str, str] | None = None,
) -> list[Axes]:
    """Draw a KPI over time by arm: its level above, its difference from the baseline, if there are other arms, below.

    The interval of a level is drawn of the baseline alone: those of several arms would be compared with each other,
    which is what the differences are for. The differences of many arms have a panel each, with the others pale behind.

    table   : as of summary.courses       burn_in : periods before measurement, shaded
    unit    : of time, what a period is called        moving : what is said of arms whose lines still rise or fall
    """
    others, of_base = table[table["arm"] != baseline], table[table["arm"] == baseline]
    arms = [str(arm) for arm in others["arm"].unique()]
    several = len(arms) > MOST_TOGETHER
    rows, columns = (-(-len(arms) // plots.PANELS), plots.PANELS) if several else (min(1, len(arms)), 1)
    with plots.style():
        top, one = (_upper(table), 1.7) if several else (2.4, 2.4)
        figure = plots.sized(figure, top + 0.4 + one * rows)
        first, *below = _places(figure, [top, *[one] * rows], columns)
        panels = [figure.add_subplot(first)]
        _lines(panels[0], table, "level", palette)
        _bands(panels[0], of_base, ("level_low", "level_high"), palette)
        for place, own in enumerate([[arm] for arm in arms] if several else [arms] if arms else []):
            like = panels[1] if place else None
            ax = figure.add_subplot(below[place], sharex=like, sharey=like)
            _differences(ax, others, own, palette)
            panels.append(ax)
        for ax in panels if burn_in else []:
            ax.axvspan(0, burn_in, color="0.94", zorder=0)
        panels[0].set_title(f"{plots.label(kpi)}{plots.of_firm(table)} over time, by arm", wrap=True)
        at_ends(panels[0], _ends(table, short=several), palette)
        _name(panels[1:], others, arms, baseline, palette, moving or {})
        _label(panels, columns, plots.in_words(summary.unit(kpi)), unit)
    return panels


def states(tables: Mapping[str, pd.DataFrame], palette: Colours, burn_in: int = 0, unit: str = "period") -> list[Axes]:
    """Draw several KPIs of a share over time by arm, two panels a row, on the scale from 0 to 1.

    tables  : of each KPI, as of summary.courses      burn_in : periods before measurement, shaded
    """
    rows = -(-len(tables) // 2)
    with plots.style():
        figure = plots.sized(None, 0.6 + 2.3 * rows)
        grid = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
        panels = list(grid.flat[: len(tables)])
        for ax, (kpi, table) in zip(panels, tables.items(), strict=True):
            _lines(ax, table, "level", palette)
            ax.set_title(plots.label(kpi), fontsize=9.5, fontweight="bold", pad=6)
            ax.set_ylim(0, 1)
            if burn_in:
                ax.axvspan(0, burn_in, color="0.94", zorder=0)
        for ax in grid[-1]:
            ax.set_xlabel(unit)
        first = next(iter(tables.values()))
        plots.legend(grid[0, 1], list(first["arm"].unique()), palette)
        plots.headline(figure, f"Staff{plots.of_firm(first)} over time, by arm")
    return panels


def _differences(ax: Axes, others: pd.DataFrame, arms: Sequence[str], palette: Colours) -> None:
    """Draw the differences of some arms, and those of all others pale behind them."""
    for arm, rows in others.groupby("arm", sort=False):
        if arm not in arms:
            ax.plot(rows["period"], rows["difference"], color=_PALE, linewidth=0.9, zorder=1)
    own = others[others["arm"].isin(arms)]
    _lines(ax, own, "difference", palette)
    _bands(ax, own, ("low", "high"), palette)
    ax.axhline(0, color=plots.GREY, linewidth=1.2, zorder=0.5)


def _name(
    panels: Sequence[Axes],
    others: pd.DataFrame,
    arms: Sequence[str],
    baseline: str,
    palette: Colours,
    moving: Mapping[str, str],
) -> None:
    """Say which difference is whose: above its panel if each has one, else where the lines end."""
    if len(panels) > 1:
        for ax, arm in zip(panels, arms, strict=True):
            said = f"{tables.broken(arm, 26)}{f', {moving[arm]}' if arm in moving else ''}"
            ax.set_title(said, fontsize=9, fontweight="bold", pad=4, color=palette[arm], wrap=True)
        return
    for ax in panels:
        ax.set_title(f"The same, minus {baseline}")
        names = {arm: f"{arm} ({moving[arm]})" if arm in moving else arm for arm in arms}
        at_ends(ax, {arm: _end(others[others["arm"] == arm], "difference", names[arm]) for arm in arms}, palette)


def _label(panels: Sequence[Axes], columns: int, measured: str, unit: str) -> None:
    """Write units beside the axes: of panels that are alike once."""
    panels[0].set_ylabel(measured)
    panels[0].set_xlabel(unit if len(panels) == 1 else "")
    panels[0].tick_params(labelbottom=len(panels) != 2)
    for place, ax in enumerate(panels[1:]):
        left, lowest = place % columns == 0, place + columns >= len(panels) - 1
        ax.set_xlim(panels[0].get_xlim())
        ax.xaxis.set_major_locator(MaxNLocator(3 if columns > 1 else "auto", integer=True))
        ax.tick_params(labelleft=left, labelbottom=lowest)
        difference = f"difference\n({tables.broken(measured, 18)})"
        ax.set_ylabel(measured if columns == 1 else difference if left else "")
        ax.set_xlabel(unit if lowest else "")


def _places(figure: Figure, heights: Sequence[float], columns: int) -> list[SubplotSpec]:
    """Return where panels stand: one of the whole width above rows of columns, of heights in inches.

    Several columns take the whole width, beside that of the names of lines in the upper panel, too; a single one stands
    below it with the same axis of time.
    """
    if columns == 1:
        grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        return [grid[row, 0] for row in range(len(heights))]
    outer = figure.add_gridspec(2, 1, height_ratios=[heights[0], sum(heights[1:])])
    lower = outer[1, 0].subgridspec(len(heights) - 1, columns)
    below = [lower[row, column] for row in range(len(heights) - 1) for column in range(columns)]
    return [outer[0, 0].subgridspec(1, 1)[0, 0], *below]


def _upper(table: pd.DataFrame) -> float:
    """Return the height in inches of the panel of levels that leaves each arm's name a line of its own."""
    return max(2.3, 0.5 + table["arm"].nunique() * _LINE / 72)


def _ends(table: pd.DataFrame, short: bool) -> dict[str, tuple[float, float, str]]:
    """Return where the line of each arm's level ends, as of `at_ends`.

    short : a name that is longer than a line is cut, as it stands whole above the panel of its difference
    """
    found = {str(arm): _end(rows, "level", str(arm)) for arm, rows in table.dropna(subset=["level"]).groupby("arm")}
    if short:
        found = {arm: (x, y, _first_line(words)) for arm, (x, y, words) in found.items()}
    return found


def _first_line(words: str) -> str:
    first, *rest = words.split("\n")
    return f"{first} …" if rest else first


def _lines(ax: Axes, table: pd.DataFrame, name: str, palette: Colours) -> None:
    marker = "o" if table["period"].nunique() <= 12 else None
    for arm, rows in table.groupby("arm", sort=False):
        ax.plot(rows["period"], rows[name], color=palette[str(arm)], linewidth=1.8, marker=marker, markersize=5)
    ax.grid(visible=False, axis="x")
    ax.margins(x=0.01)


def _bands(ax: Axes, table: pd.DataFrame, names: Sequence[str], palette: Colours) -> None:
    low, high = names
    for arm, rows in table.groupby("arm", sort=False):
        ax.fill_between(rows["period"], rows[low], rows[high], color=palette[str(arm)], alpha=0.18, linewidth=0)


def _end(table: pd.DataFrame, name: str, words: str) -> tuple[float, float, str]:
    """Return where a line ends, and what is written there."""
    last = table.dropna(subset=[name]).iloc[-1]
    return float(last["period"]), float(last[name]), tables.broken(words, 22)


def at_ends(ax: Axes, lines: Mapping[str, tuple[float, float, str]], palette: Colours) -> None:
    """Write a name behind the end of each line, in its colour, moved up or down where names would touch.

    lines : name -> where its line ends, x and y, and what is said
    """
    (low, high), (left, right) = ax.get_ylim(), ax.get_xlim()
    tall = max((words.count("\n") + 1 for *_, words in lines.values()), default=1)
    points = 72 * ax.bbox.height / ax.figure.dpi
    least = (high - low) * tall * _LINE / points
    places = within(apart([y for _, y, _ in lines.values()], least), least, low, high)
    for (name, (x, y, words)), place in zip(lines.items(), places, strict=True):
        ax.annotate(
            words, (x, y), xytext=(right + 0.025 * (right - left), place), textcoords="data", fontsize=8.5,
            va="center", color=palette[name], annotation_clip=False,
            arrowprops=_STROKE | {"color": palette[name]},
        )  # fmt: skip
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)


def apart(values: Sequence[float], least: float) -> list[float]:
    """Return places near values, in the same order, no two of them closer than a least distance.

    Who is too close shares a group, which stands evenly about the mean of its values.
    """
    groups: list[list[int]] = []
    for k in sorted(range(len(values)), key=lambda k: values[k]):
        groups.append([k])
        while len(groups) > 1 and _first(groups[-1], values, least) - _last(groups[-2], values, least) < least:
            groups[-2:] = [groups[-2] + groups[-1]]
    found = [0.0] * len(values)
    for group in groups:
        for place, k in enumerate(group):
            found[k] = _first(group, values, least) + place * least
    return found


def within(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Return places that are at least so far apart, moved between two ends, in the same order and as far apart.

    Where they do not all have room the lowest stands at the lower end.
    """
    found, order = list(places), sorted(range(len(places)), key=lambda k: places[k])
    for count, k in enumerate(reversed(order)):
        found[k] = min(found[k], high - (count + 0.5) * least)
    for count, k in enumerate(order):
        found[k] = max(found[k], low + (count + 0.5) * least)
    return found


def _first(group: Sequence[int], values: Sequence[float], least: float) -> float:
    return sum(values[k] for k in group) / len(group) - (len(group) - 1) / 2 * least


def _last(group: Sequence[int], values: Sequence[float], least: float) -> float:
    return _first(group, values, least) + (len(group) - 1) * least
