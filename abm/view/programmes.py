"""Figures of loyalty programmes: what they cost and bring against a world without.   Table in, Axes out."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.core.errors import Refusal
from abm.mechanisms.shipped import shipped
from abm.study.statistics.paired import interval
from abm.view import money, plots, summary, tables

CUSTOM = "custom won or lost"
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
    books = pd.concat([accounts, forgone], ignore_index=True)
    keys = {"index": ["account", "item"], "columns": ["arm", "replication"], "values": "amount", "sort": False}
    wide = books.pivot_table(**keys).fillna(0.0)  # an item of a theory that one of the arms has not
    gaps = wide[arm] - wide[baseline]
    account, item = (gaps.index.get_level_values(level) for level in ("account", "item"))
    own = gaps[item.isin(items()) & (gaps != 0).any(axis=1)].reindex(["revenue", *_COSTS], level="account")
    if own.empty:
        raise Refusal(
            f"the books of {arm} and {baseline} differ in no item of a programme; name an arm with a programme that "
            "the baseline has not, as one that sets firms.NAME.program"
        )
    left = gaps[account != "forgone"].sum() - own.sum()
    rows = [(CUSTOM, "", left), *((name, kind, row) for (kind, name), row in own.iterrows())]
    found = [
        (_WORDS.get(name, money.words(name)), kind, *interval(row.to_numpy(float), summary.CONFIDENCE)[:3])
        for name, kind, row in rows
    ]
    return pd.DataFrame(found, columns=["item", "account", "amount", "low", "high"])


def true_return(table: pd.DataFrame) -> float:
    """Return what a programme adds to profit, its cost taken off, per cu of its cost; NaN if it costs nothing more.

    Cost: rewards, provision, administration, discounts and whatever else loyalty theories book as cost. The naive
    return has the first four alone.

    table : as of `economics`
    """
    cost = -float(table.loc[table["account"].isin(_COSTS), "amount"].sum())
    return float(table["amount"].sum()) / cost if cost > 0 else np.nan


def programme_economics(
    table: pd.DataFrame, arm: str, baseline: str, naive: float = np.nan, firm: str = "", ax: Axes | None = None
) -> Axes:
    """Draw what a programme costs and brings against the baseline: a bar an item, one behind the other.

    The title says what it returns on its cost: as the books suggest (naive) and against the baseline (true).

    table : as of `economics`        naive : as of naive_programme_roi, NaN = it has no value
    """
    ax = money.waterfall(table, arm, baseline, ax=ax, least_digits=1)
    ax.use_sticky_edges = False  # a number beside a bar that ends at the margin has room
    ax.autoscale_view()
    for number in ax.texts:  # one that stands on the line of 0 is not crossed out by it
        number.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
    of = f" of {firm}" if firm else ""
    plots.retitle(ax, f"Programme{of}: {arm} minus {baseline}\n{returns(naive, true_return(table))}")
    return ax


def returns(naive: float, true: float) -> str:
    """Return the naive and the true return on cost in words."""
    naive_said, true_said = (
        tables.number(value, 2, sign=True).replace("-", "−") if np.isfinite(value) else "no value"
        for value in (naive, true)
    )
    return f"Return on its cost: naive {naive_said}, true {true_said}"
