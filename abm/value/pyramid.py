"""The customer pyramid: customers ranked and cut into classes, and what becomes of the classes a year later.

Claim: few customers bring much of the revenue, and those who were best in one year are not so far ahead in the next:
part of their lead was luck, and a firm that rewards it takes regression to the mean for disloyalty.

    1 customer in 100 is in class A, the next 4 in B, the next 15 in C, the rest in D

Source: CURRY_CURRY_2000 and ZEITHAML_RUST_LEMON_2001 (classes by rank; the shares are parameters).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, shown
from abm.value.checks import FloatArray, column_of, has_columns, once_each, within

SHARES = (0.01, 0.04, 0.15)
GONE, NEW = "gone", "new"

_ROUNDING = 9  # decimals of a number of customers: 0.07 of 100 is 7, not 7.000000000000001
_QUINTILES = 5

Classifier = str | Callable[[pd.DataFrame], pd.Series]


def customer_classes(
    table: pd.DataFrame, by: Classifier = "revenue", shares: Sequence[float] = SHARES, names: str = "ABCD"
) -> pd.Series:
    """Return the class of each customer, an ordered category with the best first, in the order of the table.

    table  : a row per customer, whom the index names
    by     : the column to rank by, the largest first, as "revenue", "margin" or "clv"; or a function of the table that
        returns a score for each row, as `rfm_score`
    shares : of the customers in each class but the last, which has the rest; above 0, together below 1
    names  : a letter for each class, the best first

    Of n customers, those of rank up to the whole number nearest to n times the shares so far are in a class, halves
    rounded up. Ties are broken by the customer's label, the smallest first.
    Raises Refusal for a customer who comes twice, a missing column, a score that is no finite number, other shares.
    """
    once_each("the table", table.index)
    bounds = _bounds(shares, names, len(table))
    scores = _scores(table, by)
    by_label = np.argsort(pd.factorize(table.index, sort=True)[0])
    ranked = by_label[np.argsort(-scores[by_label], kind="stable")]
    found = np.empty(len(table), np.int64)
    found[ranked] = np.searchsorted(bounds, np.arange(len(table)), side="right")
    letters = pd.Categorical.from_codes(found, list(names), ordered=True)
    return pd.Series(letters, table.index, name="class")


def rfm_score(table: pd.DataFrame) -> pd.Series:
    """Return the RFM score of each customer: the sum of three quintiles, 3 = worst to 15 = best.

    table : a row per customer, with since_last, time since the last purchase (any unit, the less the better),
        frequency, purchases, and revenue, money

    A quintile is 5 times the rank over n, rounded up, 5 the best; who are alike share the mean of their ranks.
    Raises Refusal for a missing column and a number that is not finite.
    """
    has_columns(table, ("since_last", "frequency", "revenue"))
    columns = {name: within(name, table[name].to_numpy()) for name in ("since_last", "frequency", "revenue")}
    better = pd.DataFrame(columns | {"since_last": -columns["since_last"]}, table.index)
    return np.ceil(_QUINTILES * better.rank() / len(better)).sum(axis=1).astype(np.int64)


def class_table(values: pd.Series, classes: pd.Series) -> pd.DataFrame:
    """Return a row per class: customers, their share, total of values, its share (NaN if all is nothing), and mean.

    values  : money or another amount of each customer; the index names her
    classes : of the same customers, as `customer_classes` has them

    Raises Refusal for other customers, and values that are no finite numbers.
    """
    amounts = _of_the_same(values, classes, "values")
    groups = amounts.groupby(classes, observed=False)
    found = pd.DataFrame({"customers": groups.size(), "total": groups.sum(), "mean": groups.mean()})
    found.insert(1, "share_of_customers", found["customers"] / len(classes))
    whole = found["total"].sum()
    found.insert(3, "share_of_total", found["total"] / (whole if whole else np.nan))
    return found


def class_migration(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """Return how many customers went from a class (row) of one year to one of the next (column).

    before, after : as `customer_classes` has them, each of its year's customers, with the same classes

    The last row, "new", is of those who were not there before, the last column, "gone", of those who are not any more.
    Divide by the row sums for shares: `found.div(found.sum(axis=1), axis=0)`.
    Raises Refusal for other classes, and a customer who comes twice.
    """
    for name, column in (("before", before), ("after", after)):
        once_each(name, column.index)
        if column.isna().any():
            raise Refusal(f"{name}: customer {shown(column.index[column.isna()][0])} has no class")
    letters = list(before.astype("category").cat.categories)
    if letters != list(after.astype("category").cat.categories):
        raise Refusal("before and after do not have the same classes")
    both = pd.concat({"before": before.astype(object), "after": after.astype(object)}, axis=1)
    both = both.fillna({"before": NEW, "after": GONE})
    found = pd.crosstab(both["before"], both["after"])
    return found.reindex(index=[*letters, NEW], columns=[*letters, GONE], fill_value=0)


def regression_to_mean(before: pd.Series, after: pd.Series, classes: pd.Series) -> pd.DataFrame:
    """Return what is left in the next year of the lead of each class, and of "all".

    before, after : what each customer brought in the year of the classes and in the next, 0 = nothing (money)
    classes       : of the same customers, by the first of the years

    A row per class: customers, before and after, means; kept, (after - mean of all after) / (before - mean of all
    before): 1 = the whole lead, 0 = none of it; NaN for "all" and where there was no lead.
    Raises Refusal for other customers, and amounts that are no finite numbers.
    """
    first, then = _of_the_same(before, classes, "before"), _of_the_same(after, classes, "after")
    table = pd.DataFrame({"before": first, "after": then})
    groups = table.groupby(classes.astype(str), observed=True)
    order = [str(name) for name in classes.astype("category").cat.categories]
    found = groups.mean().reindex(order)
    found.insert(0, "customers", groups.size().reindex(order, fill_value=0))
    lead = found["before"] - first.mean()
    found["kept"] = (found["after"] - then.mean()) / lead.where(lead != 0.0)
    found.loc["all"] = [len(table), first.mean(), then.mean(), np.nan]
    return found.astype({"customers": np.int64})


def _bounds(shares: Sequence[float], names: str, n: int) -> FloatArray:
    """Return the rank at which each class but the last ends, from 0."""
    parts = column_of("shares", shares, 0.0, 1.0, "share of customers")
    if (parts == 0.0).any() or round(float(parts.sum()), _ROUNDING) >= 1.0:
        raise Refusal(f"shares = {[float(part) for part in parts]} are not all above 0 and together below 1")
    if len(set(names)) != parts.size + 1 or len(names) != parts.size + 1:
        raise Refusal(f'names = "{names}" are not {parts.size + 1} different letters, one more than there are shares')
    return np.floor(np.round(np.cumsum(parts) * n, _ROUNDING) + 0.5)


def _scores(table: pd.DataFrame, by: Classifier) -> FloatArray:
    if isinstance(by, str):
        has_columns(table, (by,))
        return within(by, table[by].to_numpy())
    found = by(table)
    scores = within("score", found.reindex(table.index).to_numpy() if isinstance(found, pd.Series) else found)
    if scores.shape != (len(table),):
        raise Refusal(f"the classifier returned scores of shape {scores.shape}; {len(table)} are expected")
    return scores


def _of_the_same(values: pd.Series, classes: pd.Series, name: str) -> pd.Series:
    """Return the values of the customers who have a class, in the order of the classes."""
    once_each("classes", classes.index)
    once_each(name, values.index)
    if len(values) != len(classes) or not values.index.isin(classes.index).all():
        raise Refusal(f"{name} and classes are not of the same customers; who brought nothing has 0")
    within(name, values.to_numpy())
    return values.reindex(classes.index).astype(np.float64)
