"""Figures of loyalty programmes: what they cost and bring against a world without.   Table in, Axes out."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.core.errors import Refusal
from abm.mechanisms.shipped import shipped
from abm.study.statistics.intervals import ratio
from abm.study.statistics.paired import interval
from abm.view import money, plots, summary, tables

Estimate = tuple[float, float, float]  # a value and the ends of its interval

CUSTOM = "custom won or lost"
NO_VALUE: Estimate = (np.nan, np.nan, np.nan)
_FOLDER = "abm.mechanisms.loyalty."
_IN_THE_BOOKS = "discounts"  # of members and tiers: they are taken off at the till, so that the books count them
_COSTS = ("lever", "forgone")
_WORDS = {
    "membership_fees": "membership fees", "rewards_cost": "rewards", "provision": "provision for points",
    "membership": "administration", "discounts": "discounts",
}  # fmt: skip


@cache
def items() -> frozenset[str]:
    """Return the names of the items of the books that belong to programmes: the money that loyalty theories count."""
    theories = [kind for kind in shipped() if kind.__module__.startswith(_FOLDER)]
    return frozenset({_IN_THE_BOOKS, *(tally.name for kind in theories for tally in kind.counts if tally.account)})


def economics(accounts: pd.DataFrame, forgone: pd.DataFrame, arm: str, baseline: str) -> pd.DataFrame:
    """Return what an arm's programme costs and brings, against the baseline: item, account, amount, low, high.

    First what is left of the difference in profit when all items of programmes are taken off: what customers buy more
    or less, at the prices before discounts, less all other costs. Then the items of programmes, those that bring first;
    items that are 0 are left out. Discounts are those of members and tiers, and of classes of customers: the books do
    not tell them apart. The sum is the difference in profit; low and high are the 95 % interval over the replications.

    accounts, forgone : as of a Snapshot

    Raises Refusal if no item of a programme differs.
    """
    gaps = _differences(accounts, forgone, arm, baseline)
    own = _of_programmes(gaps)
    if own.empty:
        raise Refusal(
            f"the books of {arm} and {baseline} differ in no item of a programme; name an arm with a programme that "
            "the baseline has not, as one that sets firms.NAME.program"
        )
    left = _profit(gaps) - own.sum()
    rows = [(CUSTOM, "", left), *((name, kind, row) for (kind, name), row in own.iterrows())]
    found = [
        (_WORDS.get(name, money.words(name)), kind, *interval(row.to_numpy(float), summary.CONFIDENCE)[:3])
        for name, kind, row in rows
    ]
    return pd.DataFrame(found, columns=["item", "account", "amount", "low", "high"])


def _differences(accounts: pd.DataFrame, forgone: pd.DataFrame, arm: str, baseline: str) -> pd.DataFrame:
    """Return by how much an arm differs from the baseline in each item of the books: a column a replication."""
    books = pd.concat([accounts, forgone], ignore_index=True)
    keys = {"index": ["account", "item"], "columns": ["arm", "replication"], "values": "amount", "sort": False}
    wide = books.pivot_table(**keys).fillna(0.0)  # an item of a theory that one of the arms has not
    return wide[arm] - wide[baseline]


def _of_programmes(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the differences in items of programmes that are not 0, those that bring first."""
    own = gaps[gaps.index.get_level_values("item").isin(items()) & (gaps != 0).any(axis=1)]
    return own.reindex(["revenue", *_COSTS], level="account")


def _profit(gaps: pd.DataFrame) -> pd.Series:
    """Return the difference in profit of each replication: money forgone is missing in revenue already."""
    return gaps[gaps.index.get_level_values("account") != "forgone"].sum()


def naive_return(values: np.ndarray) -> Estimate:
    """Return the mean over replications of the return that the books suggest, with its 95 % interval.

    values : (R,) of naive_programme_roi, NaN where it has no value
    """
    mean, low, high, _ = interval(values[np.isfinite(values)], summary.CONFIDENCE)
    return mean, low, high


def true_return(accounts: pd.DataFrame, forgone: pd.DataFrame, arm: str, baseline: str) -> Estimate:
    """Return what a programme adds to profit, its cost taken off, per cu of its cost, with its 95 % interval.

    Cost: rewards, provision, administration, discounts and whatever else loyalty theories book as cost. The naive
    return has the first four alone. It is the ratio of the means over replications; NaN if it costs nothing more.

    accounts, forgone : as of a Snapshot
    """
    gaps = _differences(accounts, forgone, arm, baseline)
    own = _of_programmes(gaps)
    cost = -own[own.index.get_level_values("account").isin(_COSTS)].sum().to_numpy(float)
    if not cost.size or cost.mean() <= 0:
        return NO_VALUE
    value, low, high = ratio(_profit(gaps).to_numpy(float), cost, summary.CONFIDENCE)
    return float(value), float(low), float(high)


def programme_economics(
    table: pd.DataFrame, arm: str, baseline: str, returned: str = "", firm: str = "", ax: Axes | None = None
) -> Axes:
    """Draw what a programme costs and brings against the baseline: a bar an item, one behind the other.

    table : as of `economics`        returned : what it returns on its cost, for the title, as of `returns`
    """
    ax = money.waterfall(table, arm, baseline, ax=ax, least_digits=1)
    ax.use_sticky_edges = False  # a number beside a bar that ends at the margin has room
    ax.autoscale_view()
    for number in ax.texts:  # one that stands on the line of 0 is not crossed out by it
        number.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
    of = f" of {firm}" if firm else ""
    lines = [f"Programme{of}: {arm} minus {baseline}", *returned.replace(": ", ":\n", 1).splitlines()]
    plots.retitle(ax, "\n".join(lines))
    return ax


def returns(naive: Estimate, true: Estimate) -> str:
    """Return the naive and the true return on cost in words, each with its interval if it has one."""
    return f"Return on its cost, cu per cu spent: naive {_said(naive)}, true {_said(true)}"


def _said(found: Estimate) -> str:
    value, *ends = (tables.number(one, 2, sign=True).replace("-", "−") for one in found)
    if not np.isfinite(found[0]):
        return "no value"
    return f"{value} [{', '.join(ends)}]" if np.isfinite(found).all() else value
