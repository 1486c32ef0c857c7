"""Survival: the share of customers who are still there after a time, when some are there to this day.

The Kaplan-Meier estimate with Greenwood's variance, as SciPy has it (`scipy.stats.ecdf`).
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import CensoredData, ecdf

from abm.core.errors import Refusal
from abm.value.checks import column_of
from abm.value.tables import Names, complete, number_columns, parts


def survive(
    table: pd.DataFrame,
    duration: str,
    event: str,
    by: Names | None = None,
    confidence: float = 0.95,
    method: Literal["linear", "log-log"] = "log-log",
) -> pd.DataFrame:
    """Return the survival curves of the rows of a table, as `kaplan_meier` has them, one for each part.

    duration : column of how long each has been there, at least 0      event : column, 1 or True = her end was seen
    by       : columns that tell parts apart, as "arm"; they lead the result      confidence, method : of the intervals

    Raises Refusal for other columns, a duration or event that is missing, and numbers out of range.
    """
    number_columns(table, [duration, event])
    complete(table, [duration, event], len(table))
    curves = []
    for key, part in parts(table, by, ("time", "at_risk", "ended", "survival", "low", "high")):
        curve = kaplan_meier(part[duration], part[event].to_numpy(np.float64), confidence, method)
        for place, (name, value) in enumerate(key.items()):
            curve.insert(place, name, value)
        curves.append(curve)
    return pd.concat(curves, ignore_index=True)


def kaplan_meier(
    duration: ArrayLike,
    observed: ArrayLike,
    confidence: float = 0.95,
    method: Literal["linear", "log-log"] = "log-log",
) -> pd.DataFrame:
    """Return the survival curve: a row for each time, with time, at_risk, ended, survival, low and high.

    duration   : (n,) at least 0, how long each customer has been there, to her end or to the end of the observation
    observed   : (n,) whether her end was seen; False = she was still there
    confidence : of the interval at each time, in (0, 1)
    method     : of the interval; "linear" is survival ± z standard errors, cut at 0 and 1, "log-log" keeps inside

    low and high are NaN where there is no variance to be had: after all have ended, and in "log-log" before any has.
    Raises Refusal for columns of different lengths or other values.
    """
    times = column_of("duration", duration, 0.0, unit="time")
    ends = column_of("observed", observed, 0.0, 1.0, "1 = the end was seen", whole=True).astype(bool)
    if times.size != ends.size:
        raise Refusal(f"duration has {times.size} entries and observed {ends.size}; one of each per customer is needed")
    if not 0.0 < confidence < 1.0:
        raise Refusal(f"confidence = {confidence:g} is outside (0, 1)")
    if method not in ("linear", "log-log"):
        raise Refusal(f'method = "{method}" is neither "linear" nor "log-log"')
    curve = ecdf(CensoredData.right_censored(times, ~ends)).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # of what is NaN, as the docstring says
        interval = curve.confidence_interval(confidence, method=method)
    at = curve.quantiles
    ended = np.bincount(np.searchsorted(at, times[ends]), minlength=at.size)
    at_risk = times.size - np.searchsorted(np.sort(times), at, side="left")
    return pd.DataFrame(
        {
            "time": at,
            "at_risk": at_risk,
            "ended": ended,
            "survival": curve.probabilities,
            "low": interval.low.probabilities,
            "high": interval.high.probabilities,
        }
    )
