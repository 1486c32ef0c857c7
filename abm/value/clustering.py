"""Cluster: customers grouped by likeness in several columns at once, by k-means.

Claim: customers of a group are more alike than any two customers. k-means looks for k centres from which the squared
distances of all are smallest together, each column counted in its standard deviations. It finds k groups whether there
are any or not: what they are good for is to be asked of a column that was not used.

The algorithm is scikit-learn's (Lloyd's, the best of ten starts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm.core.errors import Refusal
from abm.value.checks import whole_number
from abm.value.learning import scikit_learn
from abm.value.tables import Names, complete, number_columns, numbers_of

STARTS = 10
MOST_SEEDS = 2**32 - 1


@dataclass(frozen=True)
class Clusters:
    """Rows of a table in groups, 1 the largest.

    labels    : of each row, in the order of the table; <NA> where a number was missing
    centres   : a row per cluster: the mean of each column, in its own unit
    sizes     : a row per cluster: rows, and share of the rows that are in clusters
    explained : share of the variance of the standardised columns that lies between the clusters, 0-1
    """

    labels: pd.Series
    centres: pd.DataFrame
    sizes: pd.DataFrame
    explained: float


def cluster(table: pd.DataFrame, k: int, seed: int, columns: Names | None = None) -> Clusters:
    """Group the rows of a table into k clusters by k-means over standardised columns.

    k       : clusters, at least 2      seed : at least 0; with the same seed the same table has the same clusters
    columns : to be alike in; None = all of numbers but those that say which row it is (arm, customer, period …). One
              that is the same for all does not count

    Clusters are numbered by size, the largest first, those of one size by their centres. A row in which a number is
    missing is in none. Rows are customers only if the table has one for each: take one arm, date and replication.
    Raises Refusal for other columns, fewer different rows than k, and without scikit-learn.
    """
    names = number_columns(table, columns)
    number = whole_number("k", k, 2, unit="clusters")
    state = whole_number("seed", seed, 0, MOST_SEEDS)
    whole = complete(table, names, number)
    values = numbers_of(whole, names)
    spread = values.std(axis=0)
    flat = (values == values[0]).all(axis=0)
    scaled = np.where(flat, 0.0, values - values.mean(axis=0)) / np.where(flat, 1.0, spread)
    different = len(np.unique(scaled, axis=0))
    if different < number:
        raise Refusal(f"k = {number} is more than the {different} different rows of the table")
    found = scikit_learn("cluster").KMeans(number, n_init=STARTS, random_state=state).fit(scaled)
    size = np.bincount(found.labels_, minlength=number)
    order = np.lexsort((*found.cluster_centers_.T[::-1], -size))
    rank = np.empty(number, np.int64)
    rank[order] = np.arange(1, number + 1)
    labels = pd.Series(rank[found.labels_], whole.index, dtype="Int64")
    centres = pd.DataFrame(values, columns=names).groupby(labels.to_numpy(np.int64)).mean().rename_axis("cluster")
    sizes = pd.DataFrame({"rows": size[order], "share": size[order] / len(whole)}, centres.index)
    there = table[names].notna().all(axis=1).to_numpy()
    column = pd.Series(pd.NA, table.index, dtype="Int64", name="cluster")
    column[there] = labels.to_numpy()
    return Clusters(column, centres, sizes, float(1.0 - found.inertia_ / (scaled**2).sum()))
