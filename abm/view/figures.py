"""The figures of a study: which there are, what is written beside them, and their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from abm.core.errors import Refusal, counted
from abm.scenario.measures import BY_NAME
from abm.study.comparison.judgement import judge
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import Grouping
from abm.study.storage.results import Results
from abm.view import (
    by_group,
    claims,
    dates,
    factors,
    groups,
    hints,
    inside,
    money,
    over_time,
    plots,
    radar,
    summary,
    winners,
)  # fmt: skip
from abm.view.drawn import Drawn, figure_of, write_figures

FILES = (
    "effects_on_other_measures.png", "effect_by_group.png", "effect_by_factor.png", "criteria.png",
    "spend_and_profit.png", "which_arm_leads_where.png", radar.FILE, *inside.FILES,
)  # fmt: skip
OF_A_KPI = ("effect_on_{}.png", "{}_over_time.png")
EFFECT, CRITERIA, MEASURES, MONEY, TIME, GROUPS, PERSONS, UNKNOWN = (
    "effect", "criteria", "measures", "money", "time", "groups", "persons", "unknown",
)  # fmt: skip
TOPICS = (EFFECT, CRITERIA, MEASURES, MONEY, TIME, GROUPS, PERSONS, UNKNOWN)  # in the order of a report
MOST_PANELS = 9
MOST_LINES = 8
MOST_FACTORS = 3
MOST_CRITERIA = 12
MOST_DOTS = 48  # of a column of panels by group
_BINS = 40  # points of a line over time, about


def draw(
    results: Results,
    table: pd.DataFrame,
    periods: int,
    burn_in: int,
    groupings: Mapping[str, Grouping] | None = None,
    study: Experiment | None = None,
) -> list[Drawn]:
    """Draw the figures of a study that have something to show.

    table     : as of summary.effects, for the focal firm       periods, burn_in : of the runs
    groupings : of the study; None = it tells no groups of customers apart
    study     : that the results are of, for figures of single persons, of which first replications are run again; None
                = it cannot be told
    """
    unit = dates.unit_of_time(study.scenario.periods_per_year) if study else "period"
    return [
        *_effects(results, table),
        *_criteria(results),
        *_spend(results, table),
        *_course(results, table, periods, burn_in, unit),
        *(_groups(results, table, groupings) if groupings else []),
        *_attributes(results, table),
        *(inside.draw(results, table, study, _palette(results, table)) if study else []),
        *_winners(results, table),
        *_factors(results, table),
    ]


def write(folder: Path, drawn: Sequence[Drawn]) -> None:
    """Write the figures of a study into its folder, as PNG files, in place of those of the study as it was before."""
    write_figures(folder, drawn, [*FILES, *(name.format(kpi) for name in OF_A_KPI for kpi in BY_NAME)])


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
    over = f"Dot: mean over {counted(pairs, 'replication')}. Line: its 95 % interval."
    note = f"{over} The arms of a replication share their luck."
    if kpi in shown:

        def first(figure: Figure) -> None:
            ax = figure.subplots()
            figure.set_size_inches(plots.WIDTH, plots.effects_height(len(results.arms) - 1) + 0.25)
            plots.effect_of_arms(table, kpi, results.baseline, ax, palette)

        caption = f"{plots.label(kpi)} of {results.firms[0]} under each arm, minus {results.baseline}."
        yield figure_of(f"effect_on_{kpi}.png", caption, note, first, EFFECT)
    rest = [name for name in shown if name != kpi]
    if rest:

        def second(figure: Figure) -> None:
            plots.effects_on_kpis(table, rest[:MOST_PANELS], results.baseline, palette, figure)

        more = f" {len(rest) - MOST_PANELS} further measures are in the table." if len(rest) > MOST_PANELS else ""
        yield figure_of(
            "effects_on_other_measures.png",
            f"The other measures of {results.firms[0]} under each arm, minus {results.baseline}.{more}",
            note,
            second,
            MEASURES,
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
        by_group.draw(figure, found, arms, palette)
        plots.headline(figure, f"{measured} by group: each arm minus {results.baseline}")

    measured = f"{plots.label(kpi)} of {results.firms[0]}"
    note = f"Dot: mean over replications. Line: its 95 % interval. {groups.fixed(groupings, results.baseline)}"
    caption = f"{measured} in each group of customers, minus {results.baseline}."
    yield figure_of("effect_by_group.png", f"{caption}{_of_arms(results, arms)}", note, panels, GROUPS)


def _criteria(results: Results) -> Iterator[Drawn]:
    """Draw the interval of each criterion beside what it claims."""
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
    few = "" if len(shown) == len(judged) else f" {len(shown)} of {len(judged)} are drawn."
    caption = f"What the study claims, and what came out.{few}"
    yield figure_of("criteria.png", caption, note, lambda figure: claims.draw(figure, shown), CRITERIA)


def _course(results: Results, table: pd.DataFrame, periods: int, burn_in: int, unit: str) -> Iterator[Drawn]:
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
    moving = hints.said(hints.moving(results, periods, burn_in))

    def lines_of(figure: Figure) -> None:
        palette = _palette(results, table)
        panels = over_time.courses(kept, kpi, results.baseline, palette, burn_in, figure, unit, moving)
        dates.mark(panels, moments, plots.GREY)

    means = (
        f"Means of {together} {unit}s. " if together > 1 and lines["period"].nunique() > periods / together / 2 else ""
    )
    of = f" (above of {results.baseline}, below of the paired differences)" if len(arms) else ""
    note = f"{means}Bands: 95 % intervals of the mean over replications{of}, not the spread of single runs."
    note += " Grey: the burn-in." if burn_in else ""
    note += dates.marked(moments)
    shaded = f" The grey {unit}s are the burn-in, which no table counts." if burn_in else ""
    caption = f"{plots.label(kpi)} of {results.firms[0]} over time.{shaded}{_of_arms(results, arms)}"
    yield figure_of(f"{kpi}_over_time.png", caption, note, lines_of, TIME)


def _spend(results: Results, table: pd.DataFrame) -> Iterator[Drawn]:
    """Draw what each arm spends on levers, and what it earns, if both are measured."""
    if not {"lever_cost", "profit"} <= {*results.kpis} or len(results.arms) < 2:
        return
    others = table[(table["arm"] != results.baseline) & table["kpi"].isin(["lever_cost", "profit"])]
    if not np.isfinite(others["difference"].to_numpy(float)).all() or not others["difference"].abs().sum():
        return

    def dots(figure: Figure) -> None:
        ax = figure.subplots()
        figure.set_size_inches(plots.WIDTH, 4.4)
        money.spend_and_profit(table, results.baseline, ax=ax, palette=_palette(results, table))

    note = (
        f"Dot: an arm. Lines: 95 % intervals. On the dashed line the money has moved nobody: what is spent is "
        f"missing in profit. Above the full line an arm earns more than {results.baseline}."
    )
    caption = f"What each arm spends on levers of {results.firms[0]}, and what it earns, minus {results.baseline}."
    yield figure_of("spend_and_profit.png", caption, note, dots, MONEY)


def _winners(results: Results, table: pd.DataFrame) -> Iterator[Drawn]:
    """Draw which arm leads where, over the two factors that matter most."""
    kpi, arms = summary.judged_by(results), list(table["arm"].unique())
    try:
        x, y = winners.two_factors(results, kpi)
        points = winners.by_point(results, kpi)
    except Refusal:
        return
    if points.empty:
        return

    def map_of(figure: Figure) -> None:
        ax = figure.subplots()
        figure.set_size_inches(plots.WIDTH, 4.4)
        winners.winners(points, x, y, arms, ax, _palette(results, table))

    few = "" if len(results.factors) == 2 else f" {len(results.factors) - 2} further factors vary as well."
    note = (
        f"Full colour: the lead over the next best arm is above 0 at 95 % confidence. Pale or hollow: it is not.{few}"
    )
    caption = f"Which arm has the best {plots.label(kpi)} of {results.firms[0]} at each point of the design."
    yield figure_of("which_arm_leads_where.png", caption, note, map_of, UNKNOWN)


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
        grid = figure.subplots(len(shown), 1, sharey=True, squeeze=False)[:, 0]  # a flat effect looks flat
        for ax, factor in zip(grid, shown, strict=True):
            plots.effect_by_factor(results, kpi, factor, ax, palette, arms)
            ax.set_title("")
            if factor != shown[0] and (legend := ax.get_legend()):
                legend.remove()
        measured = f"{plots.label(kpi)} of {results.firms[0]}"
        plots.headline(figure, f"{measured} by factor: {plots.each(arms)} minus {results.baseline}")

    note = "Dot: mean difference over replications and other factors. Line: its 95 % interval."
    if any(factors.is_drawn(results, factor) for factor in shown):
        note += " Small pale dots: the points of the design one by one; the larger ones are means of neighbours."
    few = "" if len(shown) == len(paths) else f" The {len(shown)} strongest of {len(paths)} factors are drawn."
    caption = f"{plots.label(kpi)} of {results.firms[0]} under {plots.each(arms)}, minus {results.baseline}, by factor."
    yield figure_of("effect_by_factor.png", f"{caption}{_of_arms(results, arms)}{few}", note, panels, UNKNOWN)


def _attributes(results: Results, table: pd.DataFrame) -> Iterator[Drawn]:
    """Draw what customers answer of each attribute: firms under the baseline, and the focal firm under each arm."""
    best = _best(results, table)[: radar.MOST_LINES - 1]
    shown = radar.panels(results, best, _palette(results, table))
    if not shown:
        return

    def polygons(figure: Figure) -> None:
        radar.draw(figure, shown)
        plots.headline(figure, "Attributes as customers answer (scale 0–100)")

    note = f"Means over replications of 100 × (mean answer − 1) / (scale − 1). The centre is {radar.ends(shown)[0]:g}. "
    note += "A firm that asks nobody has no scores."
    own = f", and {results.firms[0]} under each arm.{_of_arms(results, best)}" if best else "."
    caption = f"Attributes as customers answer: firms under {results.baseline}{own}"
    yield figure_of(radar.FILE, caption, note, polygons, PERSONS)


def _palette(results: Results, table: pd.DataFrame) -> plots.Colours:
    return plots.colours(results.arms, results.baseline, list(table["arm"].unique()))


def _best(results: Results, table: pd.DataFrame) -> list[str]:
    """Return the arms that are drawn as lines, apart from the baseline, the best first."""
    return [str(arm) for arm in table["arm"].unique() if arm != results.baseline][: MOST_LINES - 1]


def _of_arms(results: Results, drawn: list[str]) -> str:
    """Say how many arms are drawn, if not all are."""
    others = len(results.arms) - 1
    return "" if len(drawn) == others else f" The best {len(drawn)} of {others} arms are drawn."
