"""Verdicts as tables of text, and as documents for programs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from rich.table import Table

from abm.core.errors import counted
from abm.study.comparison.question import Question
from abm.study.comparison.robust import Robustness
from abm.study.comparison.verdict import Verdict
from abm.view import tables

MOST_POINTS = 40  # that are listed one by one
MOST_FACTORS = 3  # beside them
_MOST_DECIMALS = 6
_COLUMN = 20  # characters of a factor above a column


def race(verdict: Verdict) -> Table:
    """Return a row per arm: mean, difference from the leader, interval against the best of the others, runs."""
    digits, leader = _decimals(verdict.question), verdict.contenders[0]
    called = verdict.experiment.sheet.called
    minus = f"minus {tables.broken(called(leader))}"
    columns = ("arm", "mean", minus, "minus best of others", "runs", "out after replication")
    made = tables.table(columns, right=columns[1:], whole=(*columns[:4], "runs"))
    for row in verdict.table.to_dict("records"):
        # a bare 0 says that the interval ends there, not that its end is too small to be seen
        low, high = (tables.number(row[end], digits if row[end] else 0, sign=True) for end in ("low", "high"))
        made.add_row(
            tables.broken(called(row["arm"])),
            tables.number(row["mean"], digits),
            "" if row["arm"] == leader else tables.number(row["difference"], digits, sign=True),
            "-" if math.isnan(row["low"]) else f"[{low}, {high}]",
            f"{row['runs']:,}",
            "" if pd.isna(row["eliminated_at"]) else f"{row['eliminated_at']:,}",
        )
    return made


def explained(question: Question) -> str:
    """Return what belongs below the table of a race."""
    q, (worse, better) = question, ("ends", "begins") if question.largest else ("begins", "ends")
    return (
        f"Mean {_measured(q)} over the arm's own runs; differences are paired within replications, in which all arms "
        "share their luck. "
        f"Intervals hold for all arms together at {q.confidence:.6g} confidence: an arm whose interval {worse} at 0 is "
        f"not the best, one whose interval {better} at 0 is."
    )


def effort(found: Verdict | Robustness) -> str:
    """Return what the answer took, and what it would have taken otherwise."""
    text = counted(found.runs, "run")
    if isinstance(found, Verdict) and math.isfinite(found.correlation):
        text += f"; mean correlation of the arms {found.correlation:.2f}"
    arms = found.table["arm"].nunique()
    if arms > 1 and math.isfinite(found.saving):
        times = f"{found.saving:,.0f}" if found.saving >= 10 else f"{found.saving:.2g}"
        text += f". Separate luck and no elimination would take {found.runs_independent:,.0f}, {times} times as many"
    return f"{text}."


def points(found: Robustness) -> Table:
    """Return a row per point of a design: its first factors, the best arm, and how far the next one is behind."""
    factors = _factors(found)[:MOST_FACTORS]
    numbers = ("ahead of the next by", "runs")
    columns = ("point", *(tables.broken(path, _COLUMN) for path in factors), "best", *numbers)
    made = tables.table(columns, right=("point", *numbers), whole=(*columns[:-3], *numbers))
    digits, called = _decimals(found.question), found.verdicts[0].experiment.sheet.called
    for one in found.verdicts:
        rows = found.table[found.table["point"] == one.points[0]]
        others = rows.loc[rows["arm"] != one.contenders[0], "regret"]
        made.add_row(
            str(one.points[0]),
            *(tables.written(rows[path].iloc[0]) for path in factors),
            called(one.best) if one.best else f"not decided: {', '.join(map(called, one.contenders))}",
            tables.number(float(others.min()), digits) if len(others) else "",
            f"{one.runs:,}",
        )
    return made


def explained_points(found: Robustness) -> str:
    """Return what belongs below the table of points: which factors it leaves out, "" if none."""
    more = _factors(found)[MOST_FACTORS:]
    return f"Not shown: {', '.join(more)}; with --json all factors are there." if more else ""


def _factors(found: Robustness) -> list[str]:
    names = [str(name) for name in found.table.columns]
    return names[1 : names.index("weight")]


def regrets(found: Robustness) -> Table:
    """Return a row per arm: how much of the space it wins, and what it costs to choose it everywhere."""
    columns = ("arm", "points won", "share of the space", "mean regret", "largest regret", "at point")
    made = tables.table(columns, right=columns[1:], whole=("arm",))
    digits, called = _decimals(found.question), found.verdicts[0].experiment.sheet.called
    for row in found.arms.to_dict("records"):
        costs = (tables.number(row[name], digits) for name in ("mean_regret", "largest_regret"))
        worst = str(row["worst_point"]) if row["largest_regret"] else ""
        made.add_row(tables.broken(called(row["arm"])), str(row["points"]), f"{row['share']:.0%}", *costs, worst)
    return made


def explained_regrets(question: Question) -> str:
    """Return what belongs below the table of regrets."""
    return (
        f"Regret: {_measured(question)} that is lost by choosing the arm instead of the one that leads at the point, "
        "over the replications that both have; the mean is over the space."
    )


def document(found: Verdict | Robustness) -> dict[str, Any]:
    """Return a verdict as one JSON document."""
    q = found.question
    asked = {
        "kpi": q.kpi.name,
        "unit": q.kpi.unit,
        "firm": q.firm,
        "group": q.group or None,
        "zone": q.zone,
        "confidence": q.confidence,
        "largest": q.largest,
    }
    took = {
        "runs": found.runs,
        "runs_independent": found.runs_independent,
        "saving": found.saving,
        "decided": found.decided,
        "failed": found.failed,
        "warnings": list(found.warnings),
    }
    return {**_said(found), **took, **asked}


def _said(found: Verdict | Robustness) -> dict[str, Any]:
    if isinstance(found, Verdict):
        return {
            "best": found.best,
            "statement": found.statement,
            "table": _records(found.table),
            "contenders": list(found.contenders),
            "correlation": found.correlation,
            "left_out": found.left_out,
            "points": list(found.points),
        }
    keys = ("best", "contenders", "runs", "statement")
    return {
        "statement": found.statement,
        "arms": _records(found.arms),
        "points": [{"point": one.points[0]} | {key: getattr(one, key) for key in keys} for one in found.verdicts],
        "table": _records(found.table),
        "together": found.together,
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _measured(question: Question) -> str:
    unit = f" [{question.kpi.unit}]" if question.kpi.unit else ""
    return f"{question.kpi.name} of {question.whose}{unit}"


def _decimals(question: Question) -> int:
    """Return the decimals that show two digits of the indifference zone."""
    return min(max(0, 1 - math.floor(math.log10(question.zone))), _MOST_DECIMALS)
