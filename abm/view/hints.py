"""Hints on the length of runs: whether they begin or end in the middle of something, a warm-up, an effect or a year."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from abm.core.errors import counted, one_of
from abm.study.plan.groups import everybody
from abm.study.replications.warmup import warm_up
from abm.study.statistics.paired import interval
from abm.study.storage.results import Results
from abm.view.summary import CONFIDENCE, MOST_ROWS, judged_by, rows_by_period


def hints(results: Results, periods: int, burn_in: int, year: int) -> list[str]:
    """Return what is to be said of the length of the runs: whether they begin or end in the middle of something.

    year : periods of it
    """
    found = settling(results, periods, burn_in), still_moving(results, periods, burn_in)
    return [words for words in (*found, part_of_a_year(results, periods, burn_in, year)) if words]


def part_of_a_year(results: Results, periods: int, burn_in: int, year: int) -> str:
    """Say what measures by the year are of, if the measured periods are not whole years; "" if they are.

    Measures by the year are those without a value but where the books close. Of tables by period that are too large for
    a figure nothing is said.
    """
    whole, left = divmod(periods - burn_in, year)
    if not left or rows_by_period(results, periods) > MOST_ROWS:
        return ""
    table = everybody(results.periods)
    open_books = table[(table["period"] >= burn_in) & ((table["period"] + 1 - burn_in) % year != 0)]
    open_books = open_books[open_books["period"] < periods - (whole == 0)]
    by_year = [kpi for kpi in results.kpis if table[kpi].notna().any() and not open_books[kpi].notna().any()]
    if not by_year or (not whole and left == 1):
        return ""
    measures = one_of(by_year, "and")
    if not whole:
        return f"less than a year: {measures} are of the {left} periods that are measured, and a year has {year}"
    what = f"the last {counted(left, 'period')} of {periods - burn_in} measured are in no whole year"
    return f"part of a year: {what}, and {measures} leave them out; set periods = {burn_in + (whole + 1) * year}"


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
    if not (low > 0 or high < 0):  # nor where there is no interval
        return ""
    levels = f"{early.mean():.4g} in periods {burn_in} to {row['warm_up'] - 1} and {late.mean():.4g} after them"
    begins = f"warm-up: {kpi} of {firm} under '{arm}' is {levels}, so"
    if row["state"] == "settled":
        advice = f"set burn_in = {row['warm_up']} or more, unless the start is what you want to measure"
        return f"{begins} these look like warm-up (MSER-5); {advice}"
    advice = "run longer, unless the start or such a market is what you want to measure"
    return f"{begins} these look like warm-up (MSER-5), or the market changes all the time; {advice}"


def moving(results: Results, periods: int, burn_in: int) -> dict[str, tuple[float, float]]:
    """Return the arms whose effects in the KPI that decides still rise or fall when the runs end: from where to where.

    Compared are the last two quarters of the measured periods, paired by replication: an effect moves if the interval
    of the change excludes 0, at a confidence that allows for all arms, and the change is a tenth of the effect or more.
    Of tables by period that are too large for a figure nothing is said.
    """
    kpi, firm, quarter = judged_by(results), results.firms[0], (periods - burn_in) // 4
    others = [arm for arm in results.arms if arm != results.baseline]
    if rows_by_period(results, periods) > MOST_ROWS or quarter < 1 or not others:
        return {}
    base, found = results.course(kpi, results.baseline, firm), {}
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
            found[arm] = (now - mean, now)
    return found


def said(moving: Mapping[str, tuple[float, float]]) -> dict[str, str]:
    """Return what is written beside the lines of arms that are `moving`."""
    return {arm: f"still {'rising' if last > first else 'falling'}" for arm, (first, last) in moving.items()}


def still_moving(results: Results, periods: int, burn_in: int) -> str:
    """Say which arms' effects are `moving`, "" if none is."""
    found = moving(results, periods, burn_in)
    if not found:
        return ""
    said = [
        f"'{arm}' {'rises' if last > first else 'falls'} from {first:+.3g} to {last:+.3g}"
        for arm, (first, last) in found.items()
    ]
    return (
        f"still moving at the end: over the last two times {(periods - burn_in) // 4} periods the effect on "
        f"{judged_by(results)} of {results.firms[0]} of {'; of '.join(said)}; run longer, or say that this is the "
        "horizon that you mean"
    )


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over points and periods (replications,), NaN where nothing has a value."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=(0, 2)) / known.sum(axis=(0, 2))
