"""The figures of a study: which there are, what is written below them, and their files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from abm.scenario.measures import BY_NAME
from abm.study.comparison.judgement import MET, NOT_MET, UNDECIDED, judge
from abm.study.plan.groups import Grouping
from abm.study.provenance.files import write_whole
from abm.study.storage.results import Results
from abm.view import criteria, dates, factors, groups, plots, radar, summary, tables

FILES = (
    "effects_on_other_measures.png", "effect_by_group.png", "effect_by_factor.png", "criteria.png", radar.FILE,
)  # fmt: skip
OF_A_KPI = ("effect_on_{}.png", "{}_over_time.png")
MOST_PANELS = 9
MOST_LINES = 8
MOST_FACTORS = 3
MOST_CRITERIA = 12
MOST_DOTS = 48  # of a column of panels by group
_VERDICTS = {MET: "#0173b2", NOT_MET: "#d55e00", UNDECIDED: plots.GREY}  # told apart by the colour-blind too
_BINS = 40  # points of a line over time, about


@dataclass(frozen=True)
class Drawn:
    """A figure: the name of its file, what it shows, the explanation that stands inside it, and the PNG."""

    file: str
    caption: str
    note: str
    image: bytes


def draw(
    results: Results, table: pd.DataFrame, periods: int, burn_in: int, groupings: Mapping[str, Grouping] | None = None
) -> list[Drawn]:
    """Draw the figures of a study that have something to show.

    table     : as of summary.effects, for the focal firm       periods, burn_in : of the runs
    groupings : of the study; None = it tells no groups of customers apart
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it would speak of its fonts and folders
    return [
        *_effects(results, table),
        *(_groups(results, table, groupings) if groupings else []),
        *_criteria(results),
        *_course(results, table, periods, burn_in),
        *_factors(results, table),
        *_attributes(results, table),
    ]


def write(folder: Path, drawn: Sequence[Drawn]) -> None:
    """Write the figures of a study into its folder, as PNG files, in place of those of the study as it was before."""
    replace(folder, drawn, [*FILES, *(name.format(kpi) for name in OF_A_KPI for kpi in BY_NAME)])


def replace(folder: Path, drawn: Sequence[Drawn], files: Iterable[str]) -> None:
    """Write figures into a folder, and remove those of `files` that are not among them: they show something else."""
    for figure in drawn:
        write_whole(folder / figure.file, figure.image)
    for file in set(files) - {figure.file for figure in drawn}:
        (folder / file).unlink(missing_ok=True)


def _effects(results: Results, table: pd.DataFrame) -> Iterator[Drawn]:
    """Draw the effect of each arm on the KPI that decides, then on the others."""
    if len(results.arms) < 2:
        return
    kpi, palette = summary.judged_by(results), _palette(results, table)
    others = table[table["arm"] != results.baseline]
    shown = [
        name for name in table["kpi"].unique() if np.isfinite(others.loc[others["kpi"] == name, "difference"]).any()
    ]
    pairs = int(table.loc[table["kpi"] == kpi, "pairs"].max())
    note = f"Dot: mean over {pairs} replications. Line: its 95 % interval. The arms of a replication share their luck."
    if kpi in shown:

        def first(figure: Figure) -> None:
            ax = figure.subplots()
            figure.set_size_inches(plots.WIDTH, plots.effects_height(len(results.arms) - 1) + 0.25)
            plots.effect_of_arms(table, kpi, results.baseline, ax, palette)
            plots.footnote(figure, note)

        caption = f"{plots.label(kpi)} of {results.firms[0]} under each arm, minus {results.baseline}."
        yield Drawn(f"effect_on_{kpi}.png", caption, note, png(first))
    rest = [name for name in shown if name != kpi]
    if rest:

        def second(figure: Figure) -> None:
            plots.effects_on_kpis(table, rest[:MOST_PANELS], results.baseline, palette, figure)
            plots.footnote(figure, note)

        more = f" {len(rest) - MOST_PANELS} further measures are in the table." if len(rest) > MOST_PANELS else ""
        yield Drawn(
            "effects_on_other_measures.png",
            f"The other measures of {results.firms[0]} under each arm, minus {results.baseline}.{more}",
            note,
            png(second),
        )


def _groups(results: Results, table: pd.DataFrame, groupings: Mapping[str, Grouping]) -> Iterator[Drawn]:
    """Draw the effect of each arm on the KPI that decides in each group of customers, an arm a panel, on one scale."""
    kpi, palette = summary.judged_by(results), _palette(results, table)
    found = groups.effects(results, table)
    found = found[(found["kpi"] == kpi) & (found["arm"] != results.baseline)]
    most = 3 * max(1, min(3, MOST_DOTS // len(results.groups)))
    arms = list(found.loc[np.isfinite(found["difference"].to_numpy(float)), "arm"].unique())[:most]
    if not arms:
        return

    def panels(figure: Figure) -> None:
        grid = _grid(figure, len(arms), results.groups)
        for ax, arm in zip(grid, arms, strict=True):
            _arm_by_group(ax, found[found["arm"] == arm], palette[arm])
            ax.tick_params(axis="y", labelleft=ax in grid[::3])
        plots.headline(figure, f"{measured} by group: each arm minus {results.baseline}{unit}")
        plots.footnote(figure, note)

    measured = f"{plots.label(kpi)} of {results.firms[0]}"
    unit = f" ({plots.in_words(summary.unit(kpi))})" if summary.unit(kpi) else ""
    note = f"Dot: mean over replications. Line: its 95 % interval. {groups.fixed(groupings, results.baseline)}"
    caption = f"{measured} in each group of customers, minus {results.baseline}."
    yield Drawn("effect_by_group.png", f"{caption}{_of_arms(results, arms)}", note, png(panels))


def _grid(figure: Figure, panels: int, names: Sequence[str]) -> list[Axes]:
    """Return panels with a line for each name, three side by side, on one scale."""
    rows, columns = -(-panels // 3), min(3, panels)
    tall = 1 + max(tables.broken(name).count("\n") for name in names)
    figure.set_size_inches(plots.WIDTH, rows * (0.85 + (0.08 + 0.16 * tall) * len(names)) + 0.8)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for ax in grid[panels:]:
        ax.remove()
    return list(grid[:panels])


def _arm_by_group(ax: Axes, rows: pd.DataFrame, colour: Any) -> None:
    """Draw the effect of an arm on each group, the first group on top."""
    for y, row in enumerate(rows.itertuples()):
        if np.isfinite(row.high - row.low):
            ax.plot([row.low, row.high], [y, y], color=colour, linewidth=2.4, solid_capstyle="round")
        ax.plot(row.difference, y, "o", color=colour, markersize=5.5)
    ax.axvline(0, color=plots.GREY, linewidth=1.2, zorder=0.5)
    plots.arms_on_y(ax, list(rows["group"]))
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.tick_params(axis="x", labelbottom=True, labelsize=8)
    ax.set_title(tables.broken(str(rows["arm"].iloc[0]), 22), fontsize=9.5, fontweight="semibold", pad=6)


def _criteria(results: Results) -> Iterator[Drawn]:
    """Draw the interval of each criterion beside what it claims, in a panel of its own as units differ."""
    judged = judge(results)
    rows = [
        (row, one.bounds)
        for row, one in zip(judged.to_dict("records"), results.sheet.expect, strict=True)
        if np.isfinite(row["high"] - row["low"])
    ]
    shown = rows[:MOST_CRITERIA]
    if not shown:
        return
    note = "Dot: estimate. Line: its simultaneous 95 % interval: all of them hold together. Grey: what is claimed."

    def panels(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 0.75 * len(shown) + 0.4)
        for ax, (row, bounds) in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
            _criterion(ax, row, bounds)
        plots.footnote(figure, note)

    few = "" if len(shown) == len(judged) else f" {len(shown)} of {len(judged)} are drawn."
    yield Drawn("criteria.png", f"What the study claims, and what came out.{few}", note, png(panels))


def _criterion(ax: Axes, row: Mapping[str, Any], bounds: tuple[float, float]) -> None:
    """Draw one criterion: its interval, and the ends of what is claimed, as far as there are any."""
    colour, ends = _VERDICTS[row["verdict"]], [end for end in bounds if np.isfinite(end)]
    known = [row["low"], row["high"], *ends]
    room = 0.15 * (np.ptp(known) or abs(known[0]) or 1.0)
    low, high = min(known) - room, max(known) + room
    ax.axvspan(max(bounds[0], low), min(bounds[1], high), color="0.9", zorder=0)
    ax.plot([row["low"], row["high"]], [0, 0], color=colour, linewidth=2.4, solid_capstyle="round")
    ax.plot(row["estimate"], 0, "o", color=colour, markersize=6)
    ax.set_xlim(low, high)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="x", labelsize=8)
    ax.set_title(f"{row['verdict']}: {criteria.words(row)}", fontsize=8.5, fontweight="normal", pad=3, wrap=True)


def _course(results: Results, table: pd.DataFrame, periods: int, burn_in: int) -> Iterator[Drawn]:
    """Draw the KPI that decides over time."""
    kpi = summary.judged_by(results)
    if periods < 2 or summary.rows_by_period(results, periods) > summary.MOST_ROWS:
        return
    together = max(1, round(periods / _BINS))
    lines = summary.courses(results, kpi, together)
    if lines["period"].nunique() < 2:
        return
    arms = _best(results, table)
    moments = dates.moments(results, [*arms, results.baseline])
    kept = pd.concat([lines[lines["arm"] == arm] for arm in [*arms, results.baseline]])

    def figure_of(figure: Figure) -> None:
        panels = plots.courses(kept, kpi, results.baseline, _palette(results, table), burn_in, figure)
        dates.mark(panels, moments, plots.GREY)
        plots.footnote(figure, note)

    means = (
        f"Means of {together} periods. " if together > 1 and lines["period"].nunique() > periods / together / 2 else ""
    )
    below = f" of {results.baseline}; below, of the paired differences" if len(arms) else ""
    note = f"{means}Bands: 95 % intervals over replications{below}.{' Grey: the burn-in.' if burn_in else ''}"
    note += dates.marked(moments)
    shaded = " The grey periods are the burn-in, which no table counts." if burn_in else ""
    caption = f"{plots.label(kpi)} of {results.firms[0]} over time.{shaded}{_of_arms(results, arms)}"
    yield Drawn(f"{kpi}_over_time.png", caption, note, png(figure_of))


def _factors(results: Results, table: pd.DataFrame) -> Iterator[Drawn]:
    """Draw how far the effects hang on what nobody can know."""
    paths = [path for path in results.factors if len(set(map(str, results.sheet.design.factors[path]))) > 1]
    if not paths or len(results.arms) < 2:
        return
    kpi, palette, arms = summary.judged_by(results), _palette(results, table), _best(results, table)
    shown = factors.strongest(results, kpi, paths)[:MOST_FACTORS]
    if not shown:
        return

    def panels(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 2.7 * len(shown) + 0.7)
        grid = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for ax, factor in zip(grid, shown, strict=True):
            plots.effect_by_factor(results, kpi, factor, ax, palette, arms)
            ax.set_title("")
            if factor != shown[0]:
                ax.get_legend().remove()
        plots.headline(figure, f"{plots.label(kpi)} of {results.firms[0]} by factor: each arm minus {results.baseline}")
        plots.footnote(figure, note)

    note = "Dot: mean difference over replications and other factors. Line: its 95 % interval."
    if any(factors.is_drawn(results, factor) for factor in shown):
        note += " Small pale dots: the points of the design one by one; the larger ones are means of neighbours."
    few = "" if len(shown) == len(paths) else f" The {len(shown)} strongest of {len(paths)} factors are drawn."
    caption = f"{plots.label(kpi)} of {results.firms[0]} under each arm, minus {results.baseline}, by factor."
    yield Drawn("effect_by_factor.png", f"{caption}{_of_arms(results, arms)}{few}", note, png(panels))


def _attributes(results: Results, table: pd.DataFrame) -> Iterator[Drawn]:
    """Draw what customers answer of each attribute: firms under the baseline, and the focal firm under each arm."""
    best = _best(results, table)[: radar.MOST_LINES - 1]
    shown = radar.panels(results, best, _palette(results, table))
    if not shown:
        return

    def polygons(figure: Figure) -> None:
        radar.draw(figure, shown)
        plots.headline(figure, "Attributes as customers answer (scale 0–100)")
        plots.footnote(figure, note)

    note = f"Means over replications of 100 x (mean answer - 1) / (scale - 1). The centre is {radar.ends(shown)[0]:g}. "
    note += "A firm that asks nobody has no scores."
    own = f", and {results.firms[0]} under each arm.{_of_arms(results, best)}" if best else "."
    caption = f"Attributes as customers answer: firms under {results.baseline}{own}"
    yield Drawn(radar.FILE, caption, note, png(polygons))


def _palette(results: Results, table: pd.DataFrame) -> plots.Colours:
    return plots.colours(results.arms, results.baseline, list(table["arm"].unique()))


def _best(results: Results, table: pd.DataFrame) -> list[str]:
    """Return the arms that are drawn as lines, apart from the baseline, the best first."""
    return [str(arm) for arm in table["arm"].unique() if arm != results.baseline][: MOST_LINES - 1]


def _of_arms(results: Results, drawn: list[str]) -> str:
    """Say how many arms are drawn, if not all are."""
    others = len(results.arms) - 1
    return "" if len(drawn) == others else f" The best {len(drawn)} of {others} arms are drawn."


def png(draw_on: Callable[[Figure], None]) -> bytes:
    """Draw on a new figure and return it as PNG; equal figures are equal bytes."""
    with plots.style():
        figure = plots.blank()
        draw_on(figure)
        file = BytesIO()
        figure.savefig(file, format="png", dpi=plots.DOTS, metadata={"Software": None})
    return file.getvalue()
