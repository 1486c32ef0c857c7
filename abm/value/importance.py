"""Importance of attributes: what each of them has to do with overall satisfaction.

Claim: attributes go together, so that a regression coefficient says what an attribute adds when all others are held
fast, and little where two tell the same. Its Shapley share of R² is what it adds to the explained variance, averaged
over all orders in which the attributes may be brought in:

    φ_j = Σ_{S without j} |S|! (k - |S| - 1)! / k! (R²(S + j) - R²(S)),    Σ_j φ_j = R² of all

Both are worked out from their definitions.
"""

from __future__ import annotations

import math
from math import factorial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from abm.core.errors import Refusal, shown
from abm.value.checks import FloatArray, column_of, within
from abm.value.tables import Names, complete, number_columns, numbers_of

MOST_ATTRIBUTES = 10  # 1024 regressions


def importance(table: pd.DataFrame, target: str, inputs: Names | None = None) -> pd.DataFrame:
    """Return a row per input of a table, the most important first: shapley, share and coefficient.

    target : column of the overall answer      inputs : columns, at most 10; None = all of numbers but those that say
    which row it is (arm, customer, period …)

    shapley is the share of the variance of the target, the inputs' adding up to R²; share is that of R²; coefficient
    is of standard deviations, NaN where one input follows from the others. Rows with a number missing are left out.
    Raises Refusal for other columns, more inputs, and a target that is the same for all.
    """
    number_columns(table, [target])
    names = number_columns(table, inputs, but=[target])
    if target in names:
        raise Refusal(f"column {shown(target)} is both target and input")
    whole = complete(table, [target, *names], 2)
    values, overall = numbers_of(whole, names), numbers_of(whole, [target])[:, 0]
    shares = shapley_shares(values, overall)
    try:
        coefficients = standardised_coefficients(values, overall)
    except Refusal:
        coefficients = np.full(len(names), math.nan)
    total = float(shares.sum())
    columns = {"shapley": shares, "share": shares / (total or math.nan), "coefficient": coefficients}
    return pd.DataFrame(columns, index=pd.Index(names, name="input")).sort_values(
        "shapley", ascending=False, kind="stable"
    )


def r_squared(attributes: ArrayLike, overall: ArrayLike) -> float:
    """Return the share of the variance of `overall` (n,) that a linear regression on attributes (n, k) explains, 0-1.

    Raises Refusal for other shapes, and an overall answer that is the same for all.
    """
    x, y = _standardised(attributes, overall)
    return _explained(x.T @ x, x.T @ y)


def shapley_shares(attributes: ArrayLike, overall: ArrayLike) -> FloatArray:
    """Return the Shapley share of R² (k,) of each attribute; they add up to the R² of all.

    attributes : (n, k) answers, k at most 10, all subsets of which are gone through; one that is the same for all has 0
    overall    : (n,) answers; not the same for all

    Raises Refusal for other shapes, more attributes, and an overall answer that is the same for all.
    """
    x, y = _standardised(attributes, overall)
    k = x.shape[1]
    if k > MOST_ATTRIBUTES:
        raise Refusal(f"attributes has {k} columns; at most {MOST_ATTRIBUTES} are gone through")
    among, with_overall = x.T @ x, x.T @ y
    members = [[j for j in range(k) if subset >> j & 1] for subset in range(2**k)]
    explained = [_explained(among[np.ix_(chosen, chosen)], with_overall[chosen]) for chosen in members]
    shares = np.zeros(k)
    for subset, chosen in enumerate(members):
        weight = factorial(len(chosen)) * factorial(k - len(chosen) - 1) / factorial(k) if len(chosen) < k else 0.0
        for j in set(range(k)) - set(chosen):
            shares[j] += weight * (explained[subset | 1 << j] - explained[subset])
    return shares


def standardised_coefficients(attributes: ArrayLike, overall: ArrayLike) -> FloatArray:
    """Return the regression coefficients (k,) in standard deviations of `overall` per standard deviation.

    attributes : (n, k) answers      overall : (n,) answers
    Raises Refusal for other shapes, an answer that is the same for all, and attributes of which one follows from the
    others.
    """
    x, y = _standardised(attributes, overall)
    found, _, rank, _ = np.linalg.lstsq(x, y)
    if rank < x.shape[1]:
        raise Refusal("attributes: one follows from the others, or is the same for all; leave it out")
    return np.asarray(found, np.float64)


def _standardised(attributes: ArrayLike, overall: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return attributes and overall answer, each with mean 0 and length 1; what is the same for all is 0."""
    x, y = within("attributes", attributes), column_of("overall", overall)
    if x.ndim != 2 or x.shape[0] != y.size or not x.shape[1]:
        raise Refusal(
            f"attributes has shape {x.shape}; {y.size} rows as of overall, and a column an attribute expected"
        )
    if (y == y[0]).all():
        raise Refusal("overall is the same for all: nothing is to be explained")
    centred = np.where((x == x[0]).all(axis=0), 0.0, x - x.mean(axis=0))
    length = np.linalg.norm(centred, axis=0)
    y = y - y.mean()
    return centred / np.where(length > 0.0, length, 1.0), y / np.linalg.norm(y)


def _explained(among: FloatArray, with_overall: FloatArray) -> float:
    """Return R² from the correlations (k, k) among attributes and theirs with the overall answer (k,)."""
    if not with_overall.size:
        return 0.0
    # least squares, as attributes of which one follows from the others have no inverse but an R² all the same
    return float(np.clip(with_overall @ np.linalg.lstsq(among, with_overall, rcond=1e-12)[0], 0.0, 1.0))
