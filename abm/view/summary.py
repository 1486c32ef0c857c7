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

from abm.core.errors import Refusal, did_you_mean
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from abm.study.plan.groups import everybody
from abm.study.replications.warmup import warm_up
from abm.study.statistics.paired import interval
from abm.study.statistics.winner import Winner
from abm.study.storage.results import Results

REPORT = "report.html"  # in a results folder
CONFIDENCE = 0.95
MOST_ROWS = 5_000_000  # of a table by period that is still read for a figure
_MOST_DECIMALS = 6
_MOST_LEVELS, _PARTS = 12, 8  # of a factor: how many are drawn one by one, and into how many parts more are put


def judged_by(results: Results) -> str:
    """Return the KPI that decides which arm is best."""
    return results.sheet.decides


def better(results: Results, kpi: str) -> str:
    """Return whether "more" or "less" of a KPI is better; "" = neither."""
    return BY_NAME[kpi].better if kpi in BY_NAME else results.sheet.own.get(kpi, ("", ""))[1]


def winner(results: Results) -> Winner:
    """Return which arm is best for the focal firm, and the sentence that says how sure that is."""
    kpi = judged_by(results)
    way = better(results, kpi)
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
    return [statement, *filter(None, [over_points(results)]), *compared]


def over_points(results: Results) -> str:
    """Say what a verdict over several points of a design is a mean of, and how many points each arm leads at."""
    points, kpi, firm = len(results.sheet.design), judged_by(results), results.firms[0]
    if points < 2 or len(results.arms) < 2 or not better(results, kpi):
        return ""
    blocks = np.stack([results.block(kpi, arm, firm) for arm in results.arms])
    sign = 1.0 if better(results, kpi) == "more" else -1.0
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
    steps = path.split(".")
    general = ".".join(["firms", "*", *steps[2:]]) if steps[0] == "firms" else path
    units = {parameter.path: parameter.unit for parameter in Scenario.parameters()}
    return units.get(general, "").removeprefix("name")


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
        "difference", ascending=better(results, kpi) == "less", kind="stable", na_position="last"
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
    Points of a design are averaged within a replication; periods without a value are left out.

    together : how many periods are averaged
    """
    table = everybody(results.periods)
    table = table.loc[table["firm"] == results.firms[0], ["arm", "replication", "point", "period", kpi]].dropna()
    table["period"] = table["period"] // together * together + (together - 1) / 2
    wide = table.pivot_table(index=["period", "replication"], columns="arm", values=kpi, aggfunc="mean", observed=True)
    parts = []
    for arm in results.arms:
        if arm in wide:
            level = _banded(wide[arm].dropna(), ("level", "level_low", "level_high"))
            base = wide[results.baseline] if results.baseline in wide else wide[arm] * np.nan
            behind = _banded((wide[arm] - base).dropna(), ("difference", "low", "high"))
            parts.append(level.join(behind).assign(arm=arm, firm=results.firms[0]).reset_index())
    names = ["arm", "firm", "period", "level", "level_low", "level_high", "difference", "low", "high"]
    return pd.concat(parts)[names] if parts else pd.DataFrame(columns=names)


def by_factor(results: Results, kpi: str, factor: str) -> pd.DataFrame:
    """Return a row per arm (but the baseline) and level of a factor: arm, level, difference, low, high, pairs.

    Points that share the level are averaged within a replication. Of more than 12 numbers neighbours are taken
    together, an eighth of them each, and the level is their mean.

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
        difference = (wide[arm] - wide[results.baseline]).dropna()
        means = difference.groupby(level=[factor, "replication"], sort=False).mean()
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


def _banded(values: pd.Series, names: tuple[str, str, str]) -> pd.DataFrame:
    """Return mean and interval over replications, by period."""
    by_period = values.groupby(level="period")
    mean, sd, count = by_period.mean(), by_period.std(), by_period.count()
    factor = stdtrit(np.maximum(count - 1, 1), 0.5 + CONFIDENCE / 2) / np.sqrt(count)
    half = (sd * factor).fillna(0.0)
    return pd.DataFrame({names[0]: mean, names[1]: mean - half, names[2]: mean + half})


def hints(results: Results, periods: int, burn_in: int) -> list[str]:
    """Return what is to be said of the length of the runs: whether they begin or end in the middle of something."""
    found = (asks(results, periods, burn_in) for asks in (settling, still_moving))
    return [words for words in found if words]


def settling(results: Results, periods: int, burn_in: int) -> str:
    """Say if more periods than the burn-in look like warm-up by MSER-5 and differ from the rest, "" if they do not.

    Judged is the baseline, in the KPI that decides: in another arm an effect that builds up is a result. Of tables by
    period that are too large for a figure nothing is said.
    """
    if rows_by_period(results, periods) > MOST_ROWS:
        return ""
    kpi, firm, arm = judged_by(results), results.firms[0], results.baseline
    found = warm_up(results, [kpi], firm).table
    found = found[(found["arm"] == arm) & (found["state"] != "too short") & (found["warm_up"] > burn_in)]
    if found.empty:
        return ""
    row, table = found.iloc[0], everybody(results.periods)
    table = table[(table["arm"] == arm) & (table["firm"] == firm) & (table["period"] >= burn_in)]
    is_early = table["period"] < row["warm_up"]
    early, late = (part.groupby("replication")[kpi].mean() for part in (table[is_early], table[~is_early]))
    _, low, high, _ = interval((early - late).dropna().to_numpy(float), CONFIDENCE)
    if low <= 0 <= high:
        return ""
    levels = f"{early.mean():.4g} in periods {burn_in} to {row['warm_up'] - 1} and {late.mean():.4g} after them"
    advice = f"set burn_in = {row['warm_up']} or more" if row["state"] == "settled" else "run longer"
    return (
        f"warm-up: {kpi} of {firm} under '{arm}' is {levels}, so these look like warm-up (MSER-5); {advice}, unless "
        "the start is what you want to measure"
    )


def still_moving(results: Results, periods: int, burn_in: int) -> str:
    """Say which arms' effects in the KPI that decides still rise or fall when the runs end, "" if none does.

    Compared are the last two quarters of the measured periods, paired by replication: an effect moves if the interval
    of the change excludes 0, at a confidence that allows for all arms, and the change is a tenth of the effect or more.
    """
    kpi, firm, quarter = judged_by(results), results.firms[0], (periods - burn_in) // 4
    others = [arm for arm in results.arms if arm != results.baseline]
    if rows_by_period(results, periods) > MOST_ROWS or quarter < 1 or not others:
        return ""
    base, moving = results.course(kpi, results.baseline, firm), []
    for arm in others:
        effect = results.course(kpi, arm, firm) - base
        before, last = (
            _mean(effect[:, :, start : start + quarter]) for start in (periods - 2 * quarter, periods - quarter)
        )
        change = last - before
        known = np.isfinite(change)
        mean, low, high, _ = interval(change[known], 1 - (1 - CONFIDENCE) / len(others))
        now = float(last[known].mean()) if known.any() else math.nan
        if (low > 0 or high < 0) and abs(mean) >= 0.1 * abs(now):
            moving.append(f"'{arm}' {'rises' if mean > 0 else 'falls'} from {now - mean:+.3g} to {now:+.3g}")
    if not moving:
        return ""
    return (
        f"still moving at the end: over the last two times {quarter} periods the effect on {kpi} of {firm} of "
        f"{'; of '.join(moving)}; run longer, or say that this is the horizon that you mean"
    )


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over points and periods (replications,), NaN where nothing has a value."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=(0, 2)) / known.sum(axis=(0, 2))


def rows_by_period(results: Results, periods: int) -> int:
    """Return how many rows the table by period has."""
    return len(results.sheet) * periods * len(results.firms)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table of effects as the JSON document has them."""
    names = ["arm", "kpi", "firm", "mean", "difference", "low", "high", "pairs"]
    return table[names].to_dict("records")
