"""Groups of customers, as people look at them: in words, and as a table of what each arm does to each group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.table import Table

from abm.core.errors import counted
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import Grouping
from abm.study.storage.results import Results
from abm.view import summary, tables

MOST_LINES = 24  # of the table on a terminal
_WIDTH = 24  # characters of a group's name on one line
COLUMNS = ("arm", "group", "mean", "minus {}", "%", "{:.0%} interval", "", "pairs")
_RECORD = ["group", "arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs"]


def in_words(name: str, grouping: Grouping, baseline: str) -> str:
    """Return who is in which group of a grouping: "rate by purchase_rate in 3 equal parts, before the first period".

    baseline : of the study
    """
    called = f"{name} ({', '.join(grouping.names)})" if grouping.names else name
    if grouping.share is not None:
        return f"{called} by lot, {grouping.share:g} of the customers"
    if grouping.ids:
        return f"{called} by a list of {counted(len(grouping.ids), 'customer')}"
    where = f" at {grouping.firm}" if grouping.firm else ""
    return f"{called} by {grouping.by}{where}{_cut(grouping)}, {_when(grouping, baseline)}"


def _cut(grouping: Grouping) -> str:
    if grouping.parts:
        return f" in {grouping.parts} equal parts"
    if grouping.quantiles:
        plural = "s" if len(grouping.quantiles) > 1 else ""
        return f" cut at quantile{plural} {tables.written(grouping.quantiles)}"
    return f" cut at {tables.written(grouping.levels)}" if grouping.levels else ""


def _when(grouping: Grouping, baseline: str) -> str:
    """Return when the groups are fixed, and in whose run, unless that is left open and nothing has happened yet."""
    if grouping.at:
        return f"after {counted(grouping.at, 'period')} under {grouping.arm or baseline}"
    return f"before the first period{f' under {grouping.arm}' if grouping.arm else ''}"


def fixed(groupings: Mapping[str, Grouping], baseline: str) -> str:
    """Return in a sentence how the customers of a study are told apart."""
    said = "; ".join(in_words(name, one, baseline) for name, one in groupings.items())
    return f"The groups are the same persons in every arm: {said}."


def told_apart(experiment: Experiment | None) -> str:
    """Return in sentences which groups a study tells apart, "" if it tells none."""
    if experiment is None or not experiment.groups:
        return ""
    return (
        f"The study counts groups apart, which decides nothing. {fixed(experiment.groups, experiment.sheet.baseline)}"
    )


def effects(results: Results, whole: pd.DataFrame) -> pd.DataFrame:
    """Return a row per KPI, arm and group, with the columns of summary.effects and `group`; none without groups.

    whole : as of summary.effects for the focal firm; KPIs and arms go in its order
    """
    if not results.groups:
        return pd.DataFrame()
    parts = [results.table(confidence=summary.CONFIDENCE, group=group).assign(group=group) for group in results.groups]
    table = whole[["kpi", "arm", "unit"]].merge(pd.concat(parts), "left", ["kpi", "arm"])
    digits = {kpi: summary.decimals(rows) for kpi, rows in table.groupby("kpi")}
    return table.assign(decimals=table["kpi"].map(digits), share=summary.shares(table))


def columns(results: Results) -> tuple[str, ...]:
    """Return the headings of a table of groups."""
    return tuple(column.format(results.baseline if "{}" in column else summary.CONFIDENCE) for column in COLUMNS)


def rows(table: pd.DataFrame, kpi: str, baseline: str) -> list[tuple[str, ...]]:
    """Return a row of text per arm and group in a KPI: what `columns` says.

    table : as of `effects`; the baseline has rows only if there is no other arm
    """
    own = table[table["kpi"] == kpi]
    others = own[own["arm"] != baseline]
    found = []
    for row in (others if len(others) else own).to_dict("records"):
        arm, *cells = tables.effect_cells(row, baseline)
        found.append((arm, row["group"], *cells))
    return found


def printed(results: Results, table: pd.DataFrame) -> Table:
    """Return the first lines of the table of groups, in the KPI that decides, as a terminal shows it."""
    heads = columns(results)
    made = tables.table(heads, right=(*heads[2:6], heads[7]), whole=(heads[2], *heads[4:]))
    lines = rows(table, summary.judged_by(results), results.baseline)
    for arm, group, *cells in lines[: _shown(results)]:
        made.add_row(tables.broken(arm), tables.broken(group, _WIDTH), *cells)
    return made


def left_out(results: Results, table: pd.DataFrame) -> str:
    """Return where the lines are that a terminal does not show, "" if it shows all."""
    more = len(rows(table, summary.judged_by(results), results.baseline)) - _shown(results)
    if more <= 0:
        return ""
    return f"{counted(more, 'further line')} {'is' if more == 1 else 'are'} in the report. "


def _shown(results: Results) -> int:
    """Return how many lines a terminal shows: those of as many arms as there is room for."""
    of_an_arm = len(results.groups)
    return MOST_LINES // of_an_arm * of_an_arm or MOST_LINES


def explained(results: Results, groupings: Mapping[str, Grouping]) -> str:
    """Return what belongs below a table of groups.

    groupings : of the study
    """
    return (
        f"{summary.judged_by(results)} of {results.firms[0]} among the customers of each group; what is per customer "
        f"is per customer of the group. {fixed(groupings, results.baseline)} Costs of a firm as a whole (fixed cost, "
        "administration of members, staff) are in no group. * marks an interval that excludes 0."
    )


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table of groups as the JSON document has them."""
    return table[_RECORD].to_dict("records") if len(table) else []
