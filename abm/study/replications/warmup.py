"""Warm-up: how many of the first periods still show how the world began, and do not belong into a measurement.

A world starts with customers who have no history. MSER-5 leaves out the first d batches of five periods for which the
mean of the rest is known best: too few leave the start in, too many throw information away.

Claim: with batch means z_1 … z_n the truncation is the d that minimises Σ_{i > d} (z_i - z̄_d)² / (n - d)², where z̄_d is
the mean of z_{d+1} … z_n; if it is beyond n / 2 the series is too short to say, or does not settle.
Source: White 1997, Simulation 69(6), 323-334 (the rule); Spratt 1998 and White, Cobb & Spratt 2000, Winter Simulation
Conference (batches of five); Hoad, Robinson & Davies 2008 (the rejection beyond half, the last batches left out of the
search, and replications averaged first); all seen in secondary sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, counted, did_you_mean, shown
from abm.core.shown import in_notebook
from abm.study.plan.groups import everybody
from abm.study.storage.results import Results

FloatArray = np.ndarray
BATCH = 5  # periods in a batch
FEWEST = 50  # periods with a value that it takes to judge a KPI
STATES = ("not settled", "settled", "too short")
_LAST = 5  # batches at the end with which the rest cannot begin: a few equal ones would look perfectly settled
_ROUNDING = 1e-12  # of the criterion: what differs by less is equal, and the first of equals is the truncation
_COLUMNS = ("arm", "firm", "kpi", "warm_up", "state", "mean", "bias", "values", "replications")


@dataclass(frozen=True)
class WarmUp:
    """When the measures of a study have settled.

    burn_in   : periods to leave out so that all that are judged have settled; None if one does not settle
    statement : that in a sentence
    table     : a row per arm, firm and KPI, those that settle last first: arm, firm, kpi, warm_up (periods),
                state (one of STATES), mean (after the warm-up), bias (mean of all periods minus that mean),
                values (periods in which the KPI has one), replications
    """

    burn_in: int | None
    statement: str
    table: pd.DataFrame

    _repr_html_ = in_notebook

    def __str__(self) -> str:
        return self.statement


def mser5(series: FloatArray) -> tuple[int, str]:
    """Return (truncation, state) of a series (T,): the rest begins at value `truncation`, a multiple of five.

    state : "settled" if the truncation is at most half of the series, else "not settled"; "too short" below 50 values

    Raises Refusal for values that are not finite.
    """
    series = np.asarray(series, float)
    if series.ndim != 1 or not np.isfinite(series).all():
        raise Refusal("a series is one row of finite numbers")
    if len(series) < FEWEST:
        return 0, "too short"
    batches = series[: len(series) // BATCH * BATCH].reshape(-1, BATCH).mean(axis=1)
    found = criterion(batches)[:-_LAST]
    first = int(np.argmax(found <= found.min() + _ROUNDING * found.max()))
    return first * BATCH, "settled" if first <= len(batches) / 2 else "not settled"


def criterion(batches: FloatArray) -> FloatArray:
    """Return what MSER minimises, (n,), for each number of batches (n,) left out at the start."""
    centred = batches - batches.mean()  # so that the difference of squares below loses no digits
    kept = np.arange(len(batches), 0, -1)
    total, squares = (np.cumsum(values[::-1])[::-1] for values in (centred, centred**2))
    return np.maximum(squares - total**2 / kept, 0.0) / kept**2


def warm_up(results: Results, kpis: Sequence[str] | None = None, firm: str | None = None) -> WarmUp:
    """Return when the KPIs by period have settled, each the mean over all replications and points of an arm.

    kpis : None = all of the study        firm : None = every firm of the study

    A period in which a KPI has no value in any run is passed over; what comes before the first value is warm-up. A KPI
    with a value in fewer than 50 periods, such as one that is counted once a year, is not judged.
    Raises Refusal for names that are not in the results.
    """
    kpis = list(results.kpis if kpis is None else kpis)
    firms = list(results.firms if firm is None else [firm])
    for what, wanted, known in (("KPI", kpis, results.kpis), ("firm", firms, results.firms)):
        for name in wanted:
            if name not in known:
                raise Refusal(f"no {what} {shown(name)} in the results{did_you_mean(name, known)}")
    means = courses(results, kpis, firms)
    groups = means.groupby(["arm", "firm"], observed=True, sort=False)
    table = pd.DataFrame([_row(course, kpi) for _, course in groups for kpi in kpis], columns=_COLUMNS)
    table["state"] = pd.Categorical(table["state"], STATES, ordered=True)
    table = table.sort_values(["state", "warm_up"], ascending=[True, False], kind="stable").reset_index(drop=True)
    return WarmUp(*_verdict(table), table)


def courses(results: Results, kpis: Sequence[str], firms: Sequence[str]) -> pd.DataFrame:
    """Return a row per arm, firm and period: the mean of each KPI over replications and points, and replications."""
    table = everybody(results.periods)
    table = table[table["firm"].isin(firms)]
    grouped = table.groupby(["arm", "firm", "period"], observed=True, sort=False)
    means = grouped[list(kpis)].mean()
    return means.assign(replications=grouped["replication"].nunique()).reset_index()


def _row(course: pd.DataFrame, kpi: str) -> tuple[object, ...]:
    """Return the row of the table for a KPI in a course of one arm and firm."""
    known = course[course[kpi].notna()]
    values, periods = known[kpi].to_numpy(float), known["period"].to_numpy(int)
    first, state = mser5(values)
    warm_up = int(periods[first]) if state != "too short" else 0
    mean = float(values[first:].mean()) if len(values) else np.nan
    bias = float(values.mean()) - mean if len(values) else np.nan
    whose = (course["arm"].iloc[0], course["firm"].iloc[0], kpi)
    return (*whose, warm_up, state, mean, bias, len(values), int(course["replications"].max()))


def _verdict(table: pd.DataFrame) -> tuple[int | None, str]:
    """Return the burn-in and the sentence that explains it."""
    judged = table[table["state"] != "too short"]
    short = list(dict.fromkeys(table.loc[table["state"] == "too short", "kpi"]))
    aside = f"; not judged, as it takes {FEWEST} periods with a value: {', '.join(short)}" if short else ""
    if judged.empty:
        return None, f"nothing is known of the warm-up: MSER-5 takes {FEWEST} periods with a value"
    last, settled = judged.iloc[0], judged[judged["state"] == "settled"]
    what = f"{last['kpi']} of {last['firm']} in arm '{last['arm']}'"
    if len(settled) < len(judged):
        latest = int(settled["warm_up"].max()) if len(settled) else 0
        others = f", the others within {latest}" if latest else ""
        count = f"{len(judged) - len(settled):,} of {len(judged):,} measures"
        reason = f"{count} do not settle within half of the {last['values']} periods{others}, by MSER-5"
        return None, f"{reason}; the last is {what}; run longer, or measure what settles{aside}"
    burn_in = int(last["warm_up"])
    if not burn_in:
        return 0, f"by MSER-5 all {len(judged):,} measures are settled from the first period{aside}"
    reason = (
        f"by MSER-5 the first {counted(burn_in, 'period')} are warm-up: of {len(judged):,} measures {what} settles last"
    )
    return burn_in, f"{reason}; set burn_in = {burn_in} or more{aside}"
