"""The figures of a study: which there are, what is written below them, and their files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from abm.study.storage.results import Results
from abm.view import plots, summary

MOST_PANELS = 9
MOST_LINES = 8
MOST_FACTORS = 3
_BINS = 40  # points of a line over time, about


@dataclass(frozen=True)
class Drawn:
    """A figure: the name of its file, what it shows, the explanation that stands inside it, and the PNG."""

    file: str
    caption: str
    note: str
    image: bytes


def draw(results: Results, table: pd.DataFrame, periods: int, burn_in: int) -> list[Drawn]:
    """Draw the figures of a study that have something to show.

    table   : as of summary.effects, for the focal firm       periods, burn_in : of the runs
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it would speak of its fonts and folders
    return [*_effects(results, table), *_course(results, table, periods, burn_in), *_factors(results)]


def write(folder: Path, drawn: list[Drawn]) -> None:
    """Write the figures into a folder, as PNG files."""
    for figure in drawn:
        (folder / figure.file).write_bytes(figure.image)


def _effects(results: Results, table: pd.DataFrame) -> Iterator[Drawn]:
    """Draw the effect of each arm on the KPI that decides, then on the others."""
    if len(results.arms) < 2:
        return
    kpi, palette = summary.judged_by(results), plots.colours(results.arms, results.baseline)
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


def _course(results: Results, table: pd.DataFrame, periods: int, burn_in: int) -> Iterator[Drawn]:
    """Draw the KPI that decides over time."""
    kpi = summary.judged_by(results)
    if periods < 2 or summary.rows_by_period(results, periods) > summary.MOST_ROWS:
        return
    together = max(1, round(periods / _BINS))
    lines = summary.courses(results, kpi, together)
    if lines["period"].nunique() < 2:
        return
    arms = [arm for arm in table["arm"].unique() if arm != results.baseline][: MOST_LINES - 1]
    kept = pd.concat([lines[lines["arm"] == arm] for arm in [*arms, results.baseline]])

    def figure_of(figure: Figure) -> None:
        palette = plots.colours(results.arms, results.baseline)
        plots.courses(kept, kpi, results.baseline, palette, burn_in, figure)
        plots.footnote(figure, note)

    means = (
        f"Means of {together} periods. " if together > 1 and lines["period"].nunique() > periods / together / 2 else ""
    )
    note = f"{means}Bands: 95 % intervals over replications; below, of the paired difference."
    few = "" if len(kept) == len(lines) else f" The best {len(arms)} of {len(results.arms)} arms are drawn."
    shaded = " The shaded periods are the burn-in, which no table counts." if burn_in else ""
    caption = f"{plots.label(kpi)} of {results.firms[0]} over time.{shaded}{few}"
    yield Drawn(f"{kpi}_over_time.png", caption, note, png(figure_of))


def _factors(results: Results) -> Iterator[Drawn]:
    """Draw how far the effects hang on what nobody can know."""
    factors = [path for path in results.factors if len(set(map(str, results.sheet.design.factors[path]))) > 1]
    if not factors or len(results.arms) < 2:
        return
    kpi, palette = summary.judged_by(results), plots.colours(results.arms, results.baseline)

    def panels(figure: Figure) -> None:
        shown = factors[:MOST_FACTORS]
        figure.set_size_inches(plots.WIDTH, 3.0 * len(shown) + 0.3)
        for ax, factor in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
            plots.effect_by_factor(results, kpi, factor, ax, palette)
            if factor != shown[0]:
                ax.get_legend().remove()
        plots.footnote(figure, note)

    note = "Dot: mean difference over replications and other factors. Line: its 95 % interval."
    caption = f"{plots.label(kpi)} of {results.firms[0]} under each arm, minus {results.baseline}, by factor."
    yield Drawn("effect_by_factor.png", caption, note, png(panels))


def png(draw_on: Callable[[Figure], None]) -> bytes:
    """Draw on a new figure and return it as PNG; equal figures are equal bytes."""
    with plots.style():
        figure = plots.blank()
        draw_on(figure)
        file = BytesIO()
        figure.savefig(file, format="png", dpi=plots.DOTS, metadata={"Software": None})
    return file.getvalue()
