"""What a results folder says, as tables: effects of the arms, the best one, courses over time.

All differences are paired with the baseline within replications, where the arms share their luck; intervals are
Student's t over replications, at 95 %.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit  # scipy.stats takes a second to import

from abm.scenario.measures import BY_NAME
from abm.study.plan.groups import everybody
from abm.study.statistics.paired import over_points
from abm.study.statistics.winner import Winner
from abm.study.storage.results import Results
from abm.study.storage.units import of_parameter

REPORT = "report.html"  # in a results folder
CONFIDENCE = 0.95
MOST_ROWS = 5_000_000  # of a table by period that is still read for a figure
_MOST_DECIMALS = 6


def judged_by(results: Results) -> str:
    """Return the KPI that decides which arm is best."""
    return results.sheet.decides


def winner(results: Results) -> Winner:
    """Return which arm is best for the focal firm, and the sentence that says how sure that is."""
    kpi = judged_by(results)
    way = results.better(kpi)
    if not way:
        said = f"neither more nor less of {kpi} is better, so no arm is the best; judge_by may name another KPI"
        return Winner(None, said, ())
    return results.winner(kpi, confidence=CONFIDENCE, largest=way == "more")


def verdict(results: Results, table: pd.DataFrame) -> list[str]:
    """Return what the study says in the KPI that decides, in sentences: the best arm, then each against the baseline.

    table : as of `effects`, for the focal firm
    """
    best, kpi = winner(results), judged_by(results)
    statement = best.statement[:1].upper() + best.statement[1:] + "."
    rows = table[(table["kpi"] == kpi) & (table["arm"] != results.baseline)]
    compared = (_compared(row, results.baseline) for row in rows.to_dict("records"))
    return [statement, *filter(None, [about_points(results)]), *compared]


def about_points(results: Results) -> str:
    """Say what a verdict over several points of a design is a mean of, and how many points each arm leads at."""
    points, kpi, firm = len(results.sheet.design), judged_by(results), results.firms[0]
    if points < 2 or len(results.arms) < 2 or not results.better(kpi):
        return ""
    blocks = np.stack([results.block(kpi, arm, firm) for arm in results.arms])
    sign = 1.0 if results.better(kpi) == "more" else -1.0
    known = np.isfinite(blocks).all(axis=0)  # replications in which every arm has a value
    sums = np.where(known, sign * blocks, 0.0).sum(axis=-1)
    leaders = sums.argmax(axis=0)[known.any(axis=-1)]
    counts = [(int((leaders == k).sum()), arm) for k, arm in enumerate(results.arms)]
    leads = [f"'{arm}' leads at {count}" for count, arm in sorted(counts, key=lambda pair: -pair[0]) if count]
    return (
        f"That is a mean over the {points} points of the design: {', '.join(leads) or 'no arm has a value at any'}. "
        "Intervals cover the luck of replications, not which points were chosen."
    )


def _compared(row: dict[str, Any], baseline: str) -> str:
    if row["pairs"] < 2:
        return f"'{row['arm']}' and '{baseline}' have too few pairs to be compared."
    ends = f"[{row['low']:+.{row['decimals']}f}, {row['high']:+.{row['decimals']}f}]"
    change = f"{row['difference']:+.{row['decimals']}f} {row['unit']} against '{baseline}' {ends}"
    if row["low"] > 0 or row["high"] < 0:
        return f"'{row['arm']}': {'more' if row['low'] > 0 else 'less'} {row['kpi'].replace('_', ' ')}, {change}."
    return f"'{row['arm']}' cannot be told from '{baseline}': {change}."


def unit(kpi: str, results: Results | None = None) -> str:
    """Return the unit of a KPI, "" for one that is not shipped and not of the results."""
    own = results.sheet.own if results else {}
    return BY_NAME[kpi].unit if kpi in BY_NAME else own.get(kpi, ("", ""))[0]


def parameter_unit(path: str) -> str:
    """Return the unit of the scenario parameter at a path, "" for a word and for a mechanism of one's own."""
    return of_parameter(path)


def labelled(results: Results, known: pd.DataFrame | None) -> tuple[Results, pd.DataFrame | None]:
    """Return results, and the table of a Precision if there is one, with arms under their labels."""
    if known is not None and results.sheet.labels:
        known = known.assign(arm=known["arm"].map(results.sheet.called))
    return results.labelled(), known


def readable(results: Results, known: pd.DataFrame | None = None) -> tuple[Results, pd.DataFrame | None]:
    """Return results, and the table of a Precision if there is one, with arms as a page and a figure name them.

    That is by their labels, and of arms without one by their names with blanks for underscores.
    """
    labels = {arm: arm.replace("_", " ") for arm in results.arms} | results.sheet.labels
    if len(set(labels.values())) < len(labels):
        labels = results.sheet.labels
    if known is not None:
        known = known.assign(arm=known["arm"].map(lambda arm: labels.get(arm, arm)))
    return results.labelled(labels), known


def effects(results: Results, firm: str | None = None, known: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return a row per KPI and arm: arm, kpi, unit, firm, mean, difference, share, low, high, pairs, dropped, decimals.

    `share` is the difference as a part of the baseline's mean, NaN where that is not above 0.

    KPIs go in the order of `kpis_shown`, arms by the KPI that decides, the best first. `decimals` is how many digits
    of the KPI its intervals bear out.

    known : the table of a Precision, whose half-widths make the intervals of what was run until it was known
    """
    table = results.table(firm, CONFIDENCE)
    if known is not None:
        table = _known(table, known)
    kpis, arms = kpis_shown(results), ranked_arms(results, table)
    table["unit"] = [unit(kpi, results) for kpi in table["kpi"]]
    table["decimals"] = table["kpi"].map({kpi: decimals(table[table["kpi"] == kpi]) for kpi in kpis})
    table["kpi"] = pd.Categorical(table["kpi"], kpis)
    table["arm"] = pd.Categorical(table["arm"], arms)
    table = table.sort_values(["kpi", "arm"], kind="stable").reset_index(drop=True)
    table["share"] = shares(table)
    return table.astype({"kpi": object, "arm": object})


def shares(table: pd.DataFrame) -> pd.Series:
    """Return the differences of a table of effects as parts of the baseline's mean, NaN where that is not above 0."""
    base = table["mean"] - table["difference"]
    return (table["difference"] / base).where(base > 0)


def _known(table: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return a table of effects with difference ± half-width for intervals, where there is a half-width."""
    subject = ["kpi", "firm", "arm"]
    width = table[subject].merge(known[[*subject, "half_width"]], "left", subject)["half_width"].to_numpy(float)
    ends = {"low": table["difference"] - width, "high": table["difference"] + width}
    return table.assign(**{name: end.where(np.isfinite(width), table[name]) for name, end in ends.items()})


def kpis_shown(results: Results) -> list[str]:
    """Return the KPIs, the one that decides first, then the others as the study lists them."""
    return list(dict.fromkeys([judged_by(results), *results.kpis]))


def measured(results: Results, known: pd.DataFrame | None) -> list[str]:
    """Return the KPIs of the focal firm whose differences were run until they were known, of a Precision's table."""
    if known is None:
        return []
    of_differences = known[(known["firm"] == results.firms[0]) & (known["arm"] != results.baseline)]
    return list(dict.fromkeys(of_differences["kpi"]))


def ranked_arms(results: Results, table: pd.DataFrame) -> list[str]:
    """Return the arms, the best in the KPI that decides first."""
    kpi = judged_by(results)
    own = table[table["kpi"] == kpi].sort_values(
        "difference", ascending=results.better(kpi) == "less", kind="stable", na_position="last"
    )
    return [str(arm) for arm in own["arm"]]


def decimals(rows: pd.DataFrame) -> int:
    """Return the decimals that show two digits of a usual interval, or three of the mean when there is none."""
    widths = (rows["high"] - rows["low"]).to_numpy(float) / 2
    widths = widths[np.isfinite(widths) & (widths > 0)]
    means = np.abs(rows["mean"].to_numpy(float))
    means = means[np.isfinite(means) & (means > 0)]
    if len(widths):
        digits = 1 - math.floor(math.log10(np.median(widths)))
    else:
        digits = 2 - math.floor(math.log10(means.max())) if len(means) else 2
    return min(max(digits, 0), _MOST_DECIMALS)


def courses(results: Results, kpi: str, together: int = 1) -> pd.DataFrame:
    """Return a KPI of the focal firm over time, by arm: its level and its difference from the baseline.

    Columns: arm, firm, period (the middle of those taken together); level, difference and the ends of their intervals.
    Points of a design are averaged within a replication, as of Results.paired; periods without a value are left out.

    together : how many periods are averaged
    """
    table = everybody(results.periods)
    table = table.loc[table["firm"] == results.firms[0], ["arm", "replication", "point", "period", kpi]].dropna()
    table["period"] = table["period"] // together * together + (together - 1) / 2
    index = ["period", "point", "replication"]
    wide = table.pivot_table(index=index, columns="arm", values=kpi, aggfunc="mean", observed=True)
    parts = []
    for arm in results.arms:
        if arm in wide:
            level = _banded(mean_over_points(wide[arm], "period"), ("level", "level_low", "level_high"))
            base = wide[results.baseline] if results.baseline in wide else wide[arm] * np.nan
            behind = _banded(mean_over_points(wide[arm] - base, "period"), ("difference", "low", "high"))
            parts.append(level.join(behind).assign(arm=arm, firm=results.firms[0]).reset_index())
    names = ["arm", "firm", "period", "level", "level_low", "level_high", "difference", "low", "high"]
    return pd.concat(parts)[names] if parts else pd.DataFrame(columns=names)


def mean_over_points(values: pd.Series, name: str) -> pd.Series:
    """Return means over points by a level and replication, of values by these and point, as paired.over_points does."""
    means = {}
    for level, part in values.groupby(level=name, sort=False):
        block = part.droplevel(name).unstack("replication")
        means[level] = pd.Series(over_points([block.to_numpy(float)])[0], block.columns)
    return pd.concat(means, names=[name]).dropna() if means else values.droplevel("point")


def _banded(values: pd.Series, names: tuple[str, str, str]) -> pd.DataFrame:
    """Return mean and interval over replications, by period."""
    by_period = values.groupby(level="period")
    mean, sd, count = by_period.mean(), by_period.std(), by_period.count()
    factor = stdtrit(np.maximum(count - 1, 1), 0.5 + CONFIDENCE / 2) / np.sqrt(count)
    half = (sd * factor).fillna(0.0)
    return pd.DataFrame({names[0]: mean, names[1]: mean - half, names[2]: mean + half})


def rows_by_period(results: Results, periods: int) -> int:
    """Return how many rows the table by period has."""
    return len(results.sheet) * periods * len(results.firms)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table of effects as the JSON document has them."""
    names = ["arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs"]
    return table[names].to_dict("records")
