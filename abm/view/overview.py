"""The one table of a study, a row for each arm and a column for each measure: in a page, and in a paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from abm.core.errors import Refusal, did_you_mean
from abm.core.errors import shown as shown_word
from abm.study.storage.results import Results
from abm.study.storage.spreadsheet import marked
from abm.view import markup, summary, tables


def arms_by_kpi(results: Results, table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per arm, the best first, and a column per KPI with what is written there: the mean, and on a second
    line the difference from the baseline with * if its interval excludes 0.

    table : as of summary.effects, for the focal firm
    """
    rows = {}
    for arm in summary.ranked_arms(results, table):
        own = table[table["arm"] == arm]
        rows[arm] = {row["kpi"]: _cell(row, results.baseline) for row in own.to_dict("records")}
    return pd.DataFrame.from_dict(rows, orient="index", columns=summary.kpis_shown(results))


def paper_table(
    results: Results, kpis: Sequence[str] | None = None, firm: str | None = None, intervals: bool = True
) -> pd.DataFrame:
    """Return a table as papers print it: a row per arm, the best first, a column per KPI, cells of text.

    A cell is the mean and, of all arms but the baseline, the paired difference from it with its 95 % interval:
    "2.63 (+0.13 [0.06, 0.21])". Numbers have as many decimals as their intervals bear out.

    kpis : in the order of the columns, or one of them, None = all        firm : None = the focal firm
    intervals : write the interval; else * for one that excludes 0

    `found.to_latex(escape=True)` and `found.to_csv()` make a file of it: no cell begins with what a spreadsheet
    calculates.  `escape` is for the _ of KPIs, at which LaTeX would stop.
    Raises Refusal for names that are not in the results.
    """
    results, _ = summary.readable(results)
    shown = [kpis] if isinstance(kpis, str) else list(kpis or summary.kpis_shown(results))
    for kpi in shown:
        if kpi not in results.kpis:
            raise Refusal(f"no KPI {shown_word(kpi)} in the results{did_you_mean(kpi, results.kpis)}")
    table = summary.effects(results, firm)
    rows = {}
    for arm in summary.ranked_arms(results, table):
        own = table[(table["arm"] == arm) & table["kpi"].isin(shown)]
        rows[marked(arm)] = {
            row["kpi"]: _in_a_paper(row, results.baseline, intervals) for row in own.to_dict("records")
        }
    found = pd.DataFrame.from_dict(rows, orient="index", columns=shown)
    return found.rename(columns={kpi: f"{kpi} ({unit})" for kpi in shown if (unit := summary.unit(kpi, results))})


def _in_a_paper(row: dict[str, Any], baseline: str, intervals: bool) -> str:
    """Return a cell of a paper's table; a minus sign is one, which no spreadsheet takes for a formula."""
    digits = int(row["decimals"])
    mean = tables.number(row["mean"], digits)
    if row["arm"] == baseline or math.isnan(row["difference"]):
        return mean.replace("-", "−")
    difference = tables.number(row["difference"], digits, sign=True)
    if intervals and math.isfinite(row["high"] - row["low"]):
        difference += f" [{tables.number(row['low'], digits)}, {tables.number(row['high'], digits)}]"
    clear = "" if intervals or row["low"] <= 0 <= row["high"] else "*"
    return f"{mean} ({difference}{clear})".replace("-", "−")


def html(results: Results, table: pd.DataFrame) -> str:
    """Return that table as HTML, which scrolls sideways by itself on a narrow screen."""
    cells = arms_by_kpi(results, table)
    head = markup.cell("th", "arm") + "".join(
        f'<th class="number">{_heading(kpi, summary.unit(kpi, results))}</th>' for kpi in cells
    )
    lines = []
    for arm, row in cells.iterrows():
        name = f"{markup.text(arm)}{' <small>(baseline)</small>' if arm == results.baseline else ''}"
        values = "".join(markup.element("td", _lines(value), "number") for value in row)
        lines.append(f'<tr><th scope="row">{name}</th>{values}</tr>')
    return markup.wide(f"<table><thead><tr>{head}</tr></thead>\n<tbody>{chr(10).join(lines)}</tbody></table>")


def explained(results: Results) -> str:
    """Return what belongs below the table."""
    return (
        f"Means for {results.firms[0]}, the best arm in {summary.judged_by(results)} first; below each the paired "
        f"difference from {results.baseline}, with * if its {summary.CONFIDENCE:.0%} interval excludes 0."
    )


def _heading(kpi: str, unit: str) -> str:
    words = markup.text(kpi.replace("_", " ")).replace(" ", "<br>")
    return f"{words}<br><small>{markup.text(unit).replace('/', '/<br>')}</small>"


def _cell(row: dict[str, Any], baseline: str) -> str:
    digits = int(row["decimals"])
    mean = tables.number(row["mean"], digits)
    if row["arm"] == baseline or math.isnan(row["difference"]):
        return mean.replace("-", "−") if math.isfinite(row["mean"]) else mean
    clear = "*" if row["low"] > 0 or row["high"] < 0 else ""
    return f"{mean}\n{tables.number(row['difference'], digits, sign=True)}{clear}".replace("-", "−")


def _lines(value: Any) -> str:
    """Return a cell with its second line small."""
    if not isinstance(value, str):
        return ""
    first, *rest = value.split("\n")
    return markup.text(first) + "".join(f"<br><small>{markup.text(line)}</small>" for line in rest)
