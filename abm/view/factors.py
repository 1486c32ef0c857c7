"""How far effects hang on the factors of a design, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, did_you_mean
from abm.study.plan.groups import everybody
from abm.study.statistics.paired import interval
from abm.study.storage.results import Results
from abm.view.summary import CONFIDENCE, mean_over_points

_MOST_LEVELS, _PARTS = 12, 8  # of a factor: how many are drawn one by one, and into how many parts more are put


def by_factor(results: Results, kpi: str, factor: str) -> pd.DataFrame:
    """Return a row per arm (but the baseline) and level of a factor: arm, level, difference, low, high, pairs.

    Points that share the level are averaged within a replication, as of Results.paired. Of more than 12 numbers
    neighbours are taken together, an eighth of them each, and the level is their mean.

    Raises Refusal for names that are not in the results.
    """
    for what, name, names in (("KPI", kpi, results.kpis), ("factor", factor, results.factors)):
        if name not in names:
            raise Refusal(f"no {what} {name!r} in the results{did_you_mean(name, names)}")
    table = everybody(results.runs)
    table = table[table["firm"] == results.firms[0]]
    table = table.assign(**{factor: _levels(table[factor])})
    wide = table.pivot_table(index=[factor, "point", "replication"], columns="arm", values=kpi, observed=True)
    rows = []
    for arm in results.arms:
        if arm == results.baseline or arm not in wide or results.baseline not in wide:
            continue
        means = mean_over_points(wide[arm] - wide[results.baseline], factor)
        for level, values in means.groupby(level=factor, sort=False):
            mean, low, high, _ = interval(values.to_numpy(float), CONFIDENCE)
            rows.append((arm, level, mean, low, high, len(values)))
    table = pd.DataFrame(rows, columns=["arm", "level", "difference", "low", "high", "pairs"])
    return table.astype({"difference": float, "low": float, "high": float})


def by_point(results: Results, kpi: str, factor: str) -> pd.DataFrame:
    """Return a row per arm (but the baseline) and point of a design: arm, level of a factor, difference.

    The difference is the mean over the replications in which both have a value.
    """
    levels, firm = results.sheet.levels(factor), results.firms[0]
    base, parts = results.block(kpi, results.baseline, firm), []
    for arm in (arm for arm in results.arms if arm != results.baseline):
        gap = results.block(kpi, arm, firm) - base
        known = np.isfinite(gap)
        with np.errstate(invalid="ignore"):
            mean = np.where(known, gap, 0.0).sum(axis=-1) / known.sum(axis=-1)
        parts.append(pd.DataFrame({"arm": arm, "level": levels, "difference": mean}))
    return pd.concat(parts).dropna() if parts else pd.DataFrame(columns=["arm", "level", "difference"])


def strongest(results: Results, kpi: str, factors: list[str]) -> list[str]:
    """Return factors by how far the arms' differences spread over their levels, the strongest first.

    Those at whose levels no difference has a value are left out.
    """
    tables = {factor: by_factor(results, kpi, factor) for factor in factors}
    spread = {f: table.groupby("arm")["difference"].agg(np.ptp).max() for f, table in tables.items() if len(table)}
    return sorted(spread, key=lambda factor: -spread[factor])


def is_drawn(results: Results, factor: str) -> bool:
    """Return whether a factor has so many levels that its points are shown one by one, behind means of neighbours."""
    levels = results.sheet.levels(factor)
    return levels.dtype.kind in "if" and len(set(levels.tolist())) > _MOST_LEVELS


def _levels(values: pd.Series) -> pd.Series:
    """Return the level at which each row is drawn."""
    distinct = values.unique()
    if len(distinct) <= _MOST_LEVELS or values.dtype.kind not in "if":
        return values
    place = np.searchsorted(np.sort(distinct), values) * _PARTS // len(distinct)
    return values.groupby(place).transform("mean")
