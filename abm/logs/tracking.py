"""Observed against simulated: a cohort's repeat purchases as a log has them, and as customers of a model make them.

Every customer is watched from her first purchase, which makes her one and says nothing of her rate. Simulated customer
k is given the first day of the log's customer k, in the order of labels, and from the start again when these are used
up: so both cohorts begin on the same days and are watched for the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from abm.core.errors import Refusal
from abm.core.shown import in_notebook
from abm.logs.purchases import moment, purchase_days, summary

MOST = 7  # repeat purchases that are told apart; so many and more are one row
_WEEK = pd.Timedelta(days=7)


@dataclass(frozen=True)
class Tracking:
    """What a log shows and what a model makes of it.

    counts : by repeat purchases (0 … 6, 7 = 7 and more) until the end of the window that was fitted: customers
             `observed` and `simulated`
    weeks  : by week since the log's first day: cumulative repeat purchases `observed` and `simulated`, and whether the
             week is `fitted`
    fitted_parameters : of the model, taken from the degrees of freedom
    """

    counts: pd.DataFrame
    weeks: pd.DataFrame
    fitted_parameters: int = 4

    _repr_html_ = in_notebook

    @property
    def chi_square(self) -> float:
        """Sum of (observed - simulated)^2 / simulated over the counts."""
        observed, simulated = self.counts["observed"], self.counts["simulated"]
        return float(((observed - simulated) ** 2 / simulated).sum())

    @property
    def p_value(self) -> float:
        """Chance of a chi-square as large, if the log were a draw of the model; BG/NBD has 4 parameters."""
        return float(stats.chi2.sf(self.chi_square, len(self.counts) - 1 - self.fitted_parameters))

    def error(self, week: int, since: int = 0) -> float:
        """Return by how much the repeat purchases from `since` until the end of a week are off: simulated / log - 1."""
        at = self.weeks[["observed", "simulated"]]
        made = at.loc[week] - (at.loc[since] if since else 0.0)
        return float(made["simulated"] / made["observed"] - 1.0)


def tracking(log: pd.DataFrame, repeats: Mapping[str, ArrayLike], customers: int, until: str | None = None) -> Tracking:
    """Return a log's cohort beside a simulated one.

    log       : as `read_log` returns it
    repeats   : of the simulated repeat purchases, "customer" (k,), from 0, and "age" (k,), weeks from her first
                purchase to the beginning of a period of about a week; it is taken to be half a week later
    customers : simulated customers; those without a purchase count too
    until     : last day that was fitted, None = the whole log

    Raises Refusal for a customer who is not one of these.
    """
    fitted = summary(log, end=until)
    end = log["date"].max() if until is None else moment("until", until)
    days = purchase_days(log)
    days = days[days["customer"].isin(fitted.index)]  # who came later is no part of what was fitted
    first = days.groupby("customer")["date"].min()
    fitted = fitted.loc[first.index]  # without those whose first purchase was returned later
    opening = log["date"].min()
    start = ((first - opening) / _WEEK).to_numpy()
    who, age = np.asarray(repeats["customer"], np.int64), np.asarray(repeats["age"], np.float64) + 0.5
    if who.size and not 0 <= who.min() <= who.max() < customers:
        raise Refusal(f"holds {who.min()} to {who.max()}, but there are {customers} customers", place="customer")
    share = len(fitted) / customers
    begun = start[np.arange(customers) % len(fitted)]
    made = begun[who] + age
    window = (end - opening) / _WEEK
    own = np.bincount(who[made <= window], minlength=customers)
    counts = {
        "observed": np.bincount(np.minimum(fitted["frequency"], MOST), minlength=MOST + 1),
        "simulated": np.bincount(np.minimum(own, MOST), minlength=MOST + 1) * share,
    }
    again = days[days["date"] > days["customer"].map(first)]
    weeks = np.arange(1, 1 + int((log["date"].max() - opening) / _WEEK))
    # A day is over at its end
    observed = np.sort(((again["date"] - opening) / _WEEK).to_numpy() + 1 / 7)
    by_week = {
        "observed": np.searchsorted(observed, weeks + 1e-9),
        "simulated": np.searchsorted(np.sort(made), weeks) * share,
        "fitted": weeks <= window + 1 / 7,
    }
    return Tracking(
        pd.DataFrame(counts, index=pd.RangeIndex(MOST + 1, name="repeats")),
        pd.DataFrame(by_week, index=pd.Index(weeks, name="week")),
    )
