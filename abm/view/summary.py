"""What a results folder says, as tables: effects of the arms, the best one, courses over time.

All differences are paired with the baseline within replications, where the arms share their luck; intervals are Student's t
over replications, at 95 %.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from abm.kpis.standard import BY_NAME
from abm.study.results import Results
from abm.study.winner import Winner

CONFIDENCE = 0.95
JUDGED_BY = "profit"  # if it was measured; else the first KPI of the study
HEADLINE = ("profit", "share_of_wallet", "retention_rate", "market_share", "csi", "programme_cost")
LESS_IS_BETTER = frozenset(
    {"programme_cost", "lever_cost", "churn_rate", "failure_share", "dissatisfied_share", "breakage"}
)
MOST_ROWS = 5_000_000  # of a table by period that is still read for a figure
_MOST_DECIMALS = 6


def judged_by(results: Results) -> str:
    """Return the KPI that decides which arm is best."""
    return JUDGED_BY if JUDGED_BY in results.kpis else results.kpis[0]


def winner(results: Results) -> Winner:
    """Return which arm is best for the focal firm, and the sentence that says how sure that is."""
    kpi = judged_by(results)
    return results.winner(kpi, confidence=CONFIDENCE, largest=kpi not in LESS_IS_BETTER)


def unit(kpi: str) -> str:
    """Return the unit of a shipped KPI, "" for one of the user's own."""
    return BY_NAME[kpi].unit if kpi in BY_NAME else ""


def effects(results: Results, firm: str | None = None) -> pd.DataFrame:
    """Return a row per KPI and arm: arm, kpi, unit, firm, mean, difference, low, high, pairs, dropped, decimals.

    KPIs go in the order of `kpis_shown`, arms by the KPI that decides, the best first. `decimals` is how many digits of the
    KPI its intervals bear out.
    """
    table = results.table(firm, CONFIDENCE)
    kpis, arms = kpis_shown(results), ranked_arms(results, table)
    table["unit"] = [unit(kpi) for kpi in table["kpi"]]
    table["decimals"] = table["kpi"].map({kpi: _decimals(table[table["kpi"] == kpi]) for kpi in kpis})
    table["kpi"] = pd.Categorical(table["kpi"], kpis)
    table["arm"] = pd.Categorical(table["arm"], arms)
    table = table.sort_values(["kpi", "arm"], kind="stable").reset_index(drop=True)
    return table.astype({"kpi": object, "arm": object})


def kpis_shown(results: Results) -> list[str]:
    """Return the KPIs, the one that decides first, then the headline, then the others as listed."""
    first = dict.fromkeys([judged_by(results), *(kpi for kpi in HEADLINE if kpi in results.kpis)])
    return list(first | dict.fromkeys(results.kpis))


def ranked_arms(results: Results, table: pd.DataFrame) -> list[str]:
    """Return the arms, the best in the KPI that decides first."""
    kpi = judged_by(results)
    own = table[table["kpi"] == kpi].sort_values(
        "difference", ascending=kpi in LESS_IS_BETTER, kind="stable", na_position="last"
    )
    return [str(arm) for arm in own["arm"]]


def _decimals(rows: pd.DataFrame) -> int:
    """Return the decimals that show two digits of the narrowest interval, or three of the mean when there is none."""
    widths = (rows["high"] - rows["low"]).to_numpy(float) / 2
    widths = widths[np.isfinite(widths) & (widths > 0)]
    means = np.abs(rows["mean"].to_numpy(float))
    means = means[np.isfinite(means) & (means > 0)]
    if len(widths):
        digits = 1 - math.floor(math.log10(widths.min()))
    else:
        digits = 2 - math.floor(math.log10(means.max())) if len(means) else 2
    return min(max(digits, 0), _MOST_DECIMALS)


def courses(results: Results, kpi: str, together: int = 1) -> pd.DataFrame:
    """Return a KPI of the focal firm over time: arm, period, and mean, low, high of its level and of its difference.

    Columns: arm, period (the middle of those taken together), level, level_low, level_high, difference, low, high.
    Points of a design are averaged within a replication; periods without a value are left out.

    together : how many periods are averaged
    """
    table = results.periods
    table = table.loc[table["firm"] == results.firms[0], ["arm", "replication", "point", "period", kpi]].dropna()
    table["period"] = table["period"] // together * together + (together - 1) / 2
    wide = table.pivot_table(
        index=["period", "replication"], columns="arm", values=kpi, aggfunc="mean", observed=True
    )
    parts = []
    for arm in results.arms:
        if arm in wide:
            level = _banded(wide[arm].dropna(), ("level", "level_low", "level_high"))
            base = wide[results.baseline] if results.baseline in wide else wide[arm] * np.nan
            behind = _banded((wide[arm] - base).dropna(), ("difference", "low", "high"))
            parts.append(level.join(behind).assign(arm=arm).reset_index())
    names = ["arm", "period", "level", "level_low", "level_high", "difference", "low", "high"]
    return pd.concat(parts)[names] if parts else pd.DataFrame(columns=names)


def _banded(values: pd.Series, names: tuple[str, str, str]) -> pd.DataFrame:
    """Return mean and interval over replications, by period."""
    by_period = values.groupby(level="period")
    mean, sd, count = by_period.mean(), by_period.std(), by_period.count()
    factor = student.ppf(0.5 + CONFIDENCE / 2, np.maximum(count - 1, 1)) / np.sqrt(count)
    half = (sd * factor).fillna(0.0)
    return pd.DataFrame({names[0]: mean, names[1]: mean - half, names[2]: mean + half})


def rows_by_period(results: Results, periods: int) -> int:
    """Return how many rows the table by period has."""
    return len(results.sheet) * periods * len(results.firms)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table of effects as the JSON document has them."""
    names = ["arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs"]
    return table[names].to_dict("records")
