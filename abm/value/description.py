"""Describe and associate: what the columns of a table are like, and which of them go together.

Of the correlation r of n rows, atanh r is nearly normal with variance 1 / (n - 3) (Fisher), that of ranks with
(1 + r² / 2) / (n - 3); the interval is taken there and brought back by tanh.

Rows count as independent. Dates, arms and replications of one customer are not: take one of each, or give `by`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from abm.core.errors import Refusal
from abm.value.checks import FloatArray, column_of
from abm.value.tables import Names, names_of, number_columns, numbers_of, parts

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
_FISHER = 3  # rows that the variance of atanh r has less than there are


def describe(
    table: pd.DataFrame,
    by: Names | None = None,
    columns: Names | None = None,
    quantiles: Sequence[float] = QUANTILES,
) -> pd.DataFrame:
    """Return a row for each column of numbers, and each part that `by` tells apart: n, missing, mean, sd, quantiles.

    by        : names of columns whose values tell parts apart, as "arm"; they lead the result
    columns   : to be described; None = all of numbers but those that say which row it is (arm, customer, period …)
    quantiles : in [0, 1]; their columns are "min", "median", "max", and "q25" of 0.25

    n counts what is there, missing what is not; sd has n - 1 below, and is NaN for n = 1.
    Raises Refusal for other columns, and numbers that are infinite.
    """
    wanted = column_of("quantiles", quantiles, 0.0, 1.0)
    names = number_columns(table, columns, but=names_of(by))
    rows = []
    for key, part in parts(table, by, ("column", "n", "missing", "mean", "sd", *map(_called, wanted))):
        for name, values in zip(names, numbers_of(part, names).T, strict=True):
            there = values[~np.isnan(values)]
            sd = float(there.std(ddof=1)) if there.size > 1 else math.nan
            mean = float(there.mean()) if there.size else math.nan
            at = np.quantile(there, wanted) if there.size else np.full(wanted.size, math.nan)
            measured = {"n": there.size, "missing": values.size - there.size, "mean": mean, "sd": sd}
            rows.append(key | {"column": name} | measured | dict(zip(map(_called, wanted), at, strict=True)))
    return pd.DataFrame(rows)


def correlate(
    table: pd.DataFrame,
    method: Literal["pearson", "spearman"] = "pearson",
    columns: Names | None = None,
    by: Names | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return a row for each pair of columns of numbers: first, second, n, correlation, low, high.

    method : "pearson" of the numbers, or "spearman" of their ranks, equal ones sharing their mean rank
    columns, by : as of `describe`      confidence : of the intervals, in (0, 1)

    n counts the rows in which both are there. The correlation is NaN where one of the two is the same for all, the
    interval for n < 4.  Raises Refusal as `describe`, for one column alone, another method or confidence.
    """
    if method not in ("pearson", "spearman"):
        raise Refusal(f'method = "{method}" is neither "pearson" nor "spearman"')
    if not 0.0 < confidence < 1.0:
        raise Refusal(f"confidence = {confidence:g} is outside (0, 1)")
    names = number_columns(table, columns, but=names_of(by))
    if len(names) == 1:
        raise Refusal(f"{names[0]} is the only column of numbers; at least two are needed")
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    rows = []
    for key, part in parts(table, by, ("first", "second", "n", "correlation", "low", "high")):
        values = dict(zip(names, numbers_of(part, names).T, strict=True))
        for first, second in combinations(names, 2):
            both = ~(np.isnan(values[first]) | np.isnan(values[second]))
            found = _correlation(values[first][both], values[second][both], method == "spearman", z)
            rows.append(key | {"first": first, "second": second, "n": int(both.sum())} | found)
    return pd.DataFrame(rows)


def _correlation(x: FloatArray, y: FloatArray, ranks: bool, z: float) -> dict[str, float]:
    """Return the correlation of two columns (n,) with its interval, z standard errors to both sides."""
    if x.size < 2 or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return dict.fromkeys(("correlation", "low", "high"), math.nan)
    a, b = (rankdata(x), rankdata(y)) if ranks else (x, y)
    r = float(np.clip(np.corrcoef(a, b)[0, 1], -1.0, 1.0))
    if x.size <= _FISHER:
        return {"correlation": r, "low": math.nan, "high": math.nan}
    half = z * math.sqrt((1.0 + r * r / 2.0 if ranks else 1.0) / (x.size - _FISHER))
    middle = math.atanh(r) if abs(r) < 1.0 else math.copysign(math.inf, r)
    return {"correlation": r, "low": math.tanh(middle - half), "high": math.tanh(middle + half)}


def _called(quantile: float) -> str:
    """Return the name of a quantile's column."""
    return {0.0: "min", 0.5: "median", 1.0: "max"}.get(float(quantile), f"q{100 * quantile:g}")
