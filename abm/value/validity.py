"""Predictive validity: how well what customers state tells what they do next.

Claim: satisfaction looks back and intention forward; which of the two foretells repurchase is asked of the answers and
the purchases that came after them. The measure is the area under the curve, the chance that of two customers, of whom
one came again and one did not, the one who came again had given the higher answer, an equal one counting half:

    A = (R - n_1 (n_1 + 1) / 2) / (n_1 n_0)

R is the sum of the ranks of the n_1 who came again among all n_1 + n_0, equal answers sharing their mean rank.
Source: definition (Mann-Whitney statistic); the standard error is that of a two-sample U-statistic.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from abm.core.errors import Refusal
from abm.value.checks import FloatArray, column_of, has_columns, one_number, whole_number
from abm.value.indices import Index

ANSWER = "answer_"  # begins the name of a column of answers


def area_under_curve(scores: ArrayLike, outcomes: ArrayLike) -> Index:
    """Return the area under the curve of scores (n,) for outcomes (n,), 1 = it happened, 0 = it did not.

    0.5 = the scores say nothing, 1 = they part the two. NaN where one of the outcomes does not occur.
    Raises Refusal for scores that are no numbers, outcomes other than 0 and 1, and columns of unequal length.
    """
    given, happened = column_of("scores", scores), column_of("outcomes", outcomes, 0.0, 1.0, whole=True) > 0
    if given.size != happened.size:
        raise Refusal(f"scores has {given.size} entries and outcomes {happened.size}; one of each a customer expected")
    yes, no = given[happened], given[~happened]
    if not yes.size or not no.size:
        return Index(math.nan, math.nan, given.size)
    beaten_by_yes, beaten_by_no = _beaten(yes, no), _beaten(no, yes)
    return Index(float(beaten_by_yes.mean()), math.sqrt(_error(beaten_by_yes) + _error(beaten_by_no)), given.size)


def predictive_validity(visits: pd.DataFrame, cut: int, horizon: int, least: float = 0.0) -> pd.DataFrame:
    """Return how well each answer given before a date tells who came again after it: a row for each item.

    visits  : log of visits of a study (`results.visits`) or of one run: `period`, `customer`, `firm`, `answered` and
              columns of answers, `answer_…`; all visits of each customer, up to the end of the horizon
    cut     : period before which answers count: of each customer and firm the latest one
    horizon : periods from `cut` on in which she may come again; a year for next year's repurchase
    least   : share of her visits in these that the firm must have more of; 0 = one visit to it is enough

    Columns: `auc`, `standard_error`, `n` (answers), `repurchased` (share who came again). In the error the answers of a
    customer about several firms count as if they were several customers'. Raises Refusal for a table without the
    columns, without an answer before the date, or without a visit after it.
    """
    has_columns(visits, ("period", "customer", "firm", "answered"))
    items = [str(name) for name in visits.columns if str(name).startswith(ANSWER)]
    if not items:
        step = 'record some with [record.visits] (in Python record={"visits": …})'
        raise Refusal(f"the table has no column of answers, {ANSWER}…; {step}")
    date, length = whole_number("cut", cut, 1), whole_number("horizon", horizon, 1)
    share = one_number("least", least, 0.0, 1.0)
    who = [*(["run_id"] if "run_id" in visits else []), "customer"]
    pair = [*who, "firm"]
    table = visits.assign(firm=visits["firm"].astype(object))
    order = ["period", "nth"] if "nth" in table else ["period"]
    before = table[(table["period"] < date) & (table["answered"] > 0)].sort_values(order, kind="stable")
    after = table[(table["period"] >= date) & (table["period"] < date + length)]
    if before.empty:
        raise Refusal(f"nobody answered before period {date}")
    if after.empty:
        raise Refusal(f"there is no visit from period {date} to {date + length - 1}; log them, or take an earlier cut")
    latest = before.drop_duplicates(pair, keep="last")
    here = _counted(after, pair, latest)
    again = here > share * np.maximum(_counted(after, who, latest), 1.0)
    found = {item: area_under_curve(latest[item], again.astype(float)) for item in items}
    rows = [(one.value, one.standard_error, one.n, float(again.mean())) for one in found.values()]
    names = ["auc", "standard_error", "n", "repurchased"]
    return pd.DataFrame(rows, columns=names, index=pd.Index([*found], name="item"))


def _counted(visits: pd.DataFrame, by: list[str], wanted: pd.DataFrame) -> FloatArray:
    """Return how many visits there are for each row that is wanted, by what the two have in common."""
    counts = visits.groupby(by).size().rename("visits")
    return wanted[by].join(counts, on=by)["visits"].fillna(0.0).to_numpy(np.float64)


def _beaten(own: FloatArray, others: FloatArray) -> FloatArray:
    """Return the share of `others` below each of `own`, equal ones counting half."""
    line = np.sort(others)
    return (np.searchsorted(line, own, "left") + np.searchsorted(line, own, "right")) / (2.0 * line.size)


def _error(shares: FloatArray) -> float:
    """Return the variance of the mean of shares; none where one tells nothing of it."""
    return float(shares.var(ddof=1)) / shares.size if shares.size > 1 else math.nan
