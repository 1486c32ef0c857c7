"""What a study found, in one sentence as people speak."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from abm.core.errors import one_of
from abm.study.plan.experiment import Experiment
from abm.study.statistics.winner import Winner
from abm.study.storage.failures import because
from abm.study.storage.results import Results
from abm.view import summary, tables

_NOTHING = "doing nothing"
_MONEY = "cu"


def headline(results: Results, table: pd.DataFrame, study: Experiment | None = None) -> str:
    """Return what the study found: "Service quality earns north 2.7 per customer and year, 6 % more than points."

    results : with arms under the labels that people read        table : as of summary.effects, for the focal firm
    study   : None = it cannot be told whether the baseline does nothing
    """
    kpi, firm = summary.judged_by(results), results.firms[0]
    found = summary.winner(results)
    rows = table[table["kpi"] == kpi].set_index("arm")
    if rows["mean"].isna().all():
        nowhere = " under any arm, so that no arms can be compared" if len(rows) > 1 else ""
        return _sentence(f"{_words(kpi)} of {firm} has no value{nowhere}{because(results)}")
    if len(results.arms) == 1:
        row = rows.iloc[0]
        return _sentence(f"{_words(kpi)} of {firm} is {_level(row)}{_per(row['unit'])}")
    names = {arm: _spoken(arm) for arm in results.arms}
    if study is not None and _does_nothing(study):
        names[results.baseline] = _NOTHING
    if found.arm is None:
        return _undecided(found, names, kpi, firm, results.better(kpi))
    best, other = rows.loc[found.arm], _other(results, found)
    level = f"{_level(best)}{_per(best['unit'])}"
    verb = "earns" if kpi == "profit" else "gives"
    what = level if kpi == "profit" else f"{_most(results, kpi)}, {level}"
    against = _against(rows, found, names, other, results)
    return _sentence(f"{names[found.arm]} {verb} {firm} {what}{against}")


def _other(results: Results, found: Winner) -> str:
    """Return the arm that the best one is held against: the baseline, or the closest if it is the baseline itself."""
    if found.arm != results.baseline:
        return results.baseline
    return min(found.differences, key=lambda one: abs(one.mean)).against


def _against(rows: pd.DataFrame, found: Winner, names: dict[str, str], other: str, results: Results) -> str:
    """Return how far the best arm is ahead of another: ", 6 % more than doing nothing"."""
    one = next(difference for difference in found.differences if difference.against == other)
    base = float(rows.loc[other, "mean"])
    way = "more" if one.mean > 0 else "less"
    closest = "" if other == results.baseline else ", the closest"
    share = abs(one.mean) / base if base > 0 else math.inf
    if share < tables.MOST_SHARE:
        amount = f"{100 * share:.0f}\u00a0%" if share >= 0.01 else f"{100 * share:.1g}\u00a0%"
    else:
        amount = tables.number(abs(one.mean), int(rows.loc[found.arm, "decimals"]))
    return f", {amount} {way} than {names[other]}{closest}"


def _undecided(found: Winner, names: dict[str, str], kpi: str, firm: str, way: str) -> str:
    if not found.differences or not way:
        return _sentence(found.statement)
    leader = found.differences[0].arm
    close = [one.against for one in found.differences if not (one.low > 0 or one.high < 0)]
    if all(one.mean == one.sd == 0 for one in found.differences if one.against in close):
        equal = one_of([names[arm] for arm in (leader, *close)], "and")
        return _sentence(f"{equal} do exactly the same for {firm} in {_words(kpi)}, and no other arm does better")
    most = {"more": "most", "less": "least"}[way]
    what = f"to earn {firm} {most}" if kpi == "profit" else f"to have the {_EXTREME[way]} {_words(kpi)} of {firm}"
    few = one_of([names[arm] for arm in close[:3]], "and") + (" and others" if len(close) > 3 else "")
    return _sentence(f"no arm is shown {what}: {names[leader]} leads, but {few} cannot be told from it yet")


_EXTREME = {"more": "highest", "less": "lowest"}


def _most(results: Results, kpi: str) -> str:
    return f"the {_EXTREME[results.better(kpi)]} {_words(kpi)}"


def _words(kpi: str) -> str:
    return kpi.replace("_", " ").replace("csi", "satisfaction index")


def _spoken(arm: str) -> str:
    return arm.replace("_", " ")


def _does_nothing(study: Experiment) -> bool:
    """Return whether the baseline sets nothing, and has no label of its own."""
    baseline = study.sheet.baseline
    return not study.arms[baseline] and not study.scenario.changes


def _level(row: Any) -> str:
    mean = float(row["mean"])
    digits = 2 - math.floor(math.log10(abs(mean))) if mean else 0  # three of them, if they are known
    return tables.number(mean, max(0, min(digits, int(row["decimals"])))).replace("-", "−")


def _per(unit: str) -> str:
    """Return what a number is per, as it is said: " per customer and year" of "cu/customer/year"."""
    first, *rest = unit.split("/")
    kept = "" if first in (_MONEY, "share", "ratio") or first[:1].isdigit() else f" {first}"
    return kept + (f" per {' and '.join(rest)}" if rest else "")


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
