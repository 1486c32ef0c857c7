"""Would a model make such a log?   Measures of a log beside those of logs that the model makes, with a verdict on each.

Cohorts of a model are as many customers as the log has, each of whom begins on the day of one of the log's and is
watched for the same time. Of a measure y of the log and of k cohorts with mean m and standard deviation s

    interval   m ± t s sqrt(1 + 1/k), t the quantile of Student's distribution with k - 1 degrees of freedom: where
               the measure of one more cohort would lie
    verdict    "fits" inside; outside "too high" or "too low", which is what the model makes of it

Counts over classes are compared by D = Σ (y - m)² / m, which is worked out for each cohort too; p is the share of the k
cohorts and the log whose D is at least that of the log, and the verdict is "differs" where p is at most 0.05. The
parameters are those that were fitted to the same log, so that a measure which the fit aims at, such as the mean, fits
more often than in 95 of 100 logs.
Source: posterior predictive checks (Gelman, Meng and Stern 1996, Statistica Sinica; from memory), with parameters at
their estimates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from abm.core.errors import Refusal
from abm.logs.concentration import top_share
from abm.logs.likelihood import FloatArray
from abm.logs.purchases import moment, purchase_days
from abm.logs.tracking import MOST

FITS, TOO_LOW, TOO_HIGH, DIFFERS = "fits", "too low", "too high", "differs"
LEAST_COHORTS = 20  # so that a D among the largest 5 % can be told
_LEAST_EXPECTED = 5.0  # repeat purchases or customers in a class; classes with fewer are put together
_WEEK = pd.Timedelta(days=7)
_QUANTILES = (10, 50, 90)  # per cent, of what customers spend


@dataclass(frozen=True)
class Repeats:
    """Repeat purchases of customers who began on known days; time in weeks from the opening of the log.

    start  : (n,) first purchase of each customer        customer : (k,) who bought again, 0 … n - 1
    week   : (k,) when                                   amount   : (k,) what was paid, cu; None = not known
    labels : of the customers of a log (n,), None = they have none
    """

    start: FloatArray
    customer: np.ndarray
    week: FloatArray
    amount: FloatArray | None
    labels: pd.Index | None = None

    def within(self, since: float, until: float) -> Repeats:
        """Return those of the purchases after `since` until `until`."""
        inside = (self.week > since) & (self.week <= until)
        amount = None if self.amount is None else self.amount[inside]
        return Repeats(self.start, self.customer[inside], self.week[inside], amount, self.labels)

    @property
    def counts(self) -> np.ndarray:
        """Repeat purchases of each customer (n,)."""
        return np.bincount(self.customer, minlength=self.start.size)


def repeats_of(log: pd.DataFrame, until: str | pd.Timestamp | None = None, most: int | None = None) -> Repeats:
    """Return the repeat purchase days of a log's customers who first bought by a day.

    until : that day, None = the last      most : customers at most: of more, every second, third … in order of labels
    """
    last = log["date"].max() if until is None else moment("until", until)
    days = purchase_days(log)
    first = days.groupby("customer")["date"].min()
    first = first[first <= last]
    step = 1 if most is None else math.ceil(len(first) / most)
    first = first.iloc[::step]
    days = days[days["customer"].isin(first.index)]
    began = first.reindex(days["customer"]).to_numpy()
    again = days[days["date"].to_numpy() > began]
    opening = log["date"].min()
    amount = None if log["amount"].isna().all() else again["amount"].to_numpy()
    at = ((again["date"] - opening) / _WEEK).to_numpy()
    start = ((first - opening) / _WEEK).to_numpy()
    return Repeats(start, first.index.get_indexer(again["customer"]), at, amount, first.index)


def made_by(start: FloatArray, purchases: Mapping[str, np.ndarray]) -> Repeats:
    """Return the purchases of a simulated cohort whose customers begin as those of a log.

    purchases : customer (k,); age (k,) weeks to the beginning of a period of about a week, in which it is taken to be
                in the middle; amount (k,) cu, if there is one
    """
    who = purchases["customer"].astype(np.int64)
    return Repeats(start, who, start[who] + purchases["age"] + 0.5, purchases.get("amount"))


def check(log: Repeats, cohorts: Sequence[Repeats], confidence: float = 0.95) -> pd.DataFrame:
    """Return a row for each measure: what, unit, log, simulated, low, high, p, verdict.

    log, cohorts : purchases in the window that was fitted        confidence : of the intervals, in (0, 1)

    `simulated` is the mean of the cohorts, also of D; p is NaN where there is an interval. Without amounts there are no
    measures of spend.  Raises Refusal for fewer than 20 cohorts, and for purchases of the log that are none.
    """
    if len(cohorts) < LEAST_COHORTS:
        raise Refusal(f"= {len(cohorts)} is less than {LEAST_COHORTS}", place="cohorts")
    check_compared(log)
    own, others = _numbers(log), [_numbers(one) for one in cohorts]
    rows = [_row(name, own[name], np.array([one[name] for one in others]), confidence) for name in own]
    last = 1 + max(int(one.week.max(initial=0.0)) for one in (log, *cohorts))
    for name, classes in (("repeat_distribution", _by_repeats), ("purchases_by_week", _by_week)):
        made = np.array([classes(one, last) for one in cohorts], np.float64)
        rows.append(_row_of_classes(name, classes(log, last).astype(np.float64), made, confidence))
    columns = ["measure", "what", "unit", "log", "simulated", "low", "high", "p", "verdict"]
    return pd.DataFrame(rows, columns=columns).set_index("measure")


def check_compared(log: Repeats) -> None:
    """Refuse purchases of a log, in the window that was fitted, that are none."""
    if not log.customer.size:
        raise Refusal("nobody bought again in the window, so that there is nothing to compare")


_WHAT = {  # measure: what it is, unit
    "never_again": ("customers who never came again", "share"),
    "repeats": ("repeat purchases per customer", "purchases"),
    "heaviest_fifth": ("repeat purchases of the heaviest fifth of who came again", "share"),
    "last_purchase": ("from first to last purchase, of who came again, mean", "weeks"),
    "mean_spend": ("spend on a repeat purchase", "cu"),
    **{f"spend_{q}": (f"mean spend of a customer, {q} % quantile", "cu") for q in _QUANTILES},
    "repeat_distribution": (f"customers with 0, 1, … {MOST - 1}, {MOST} and more repeat purchases", "chi-square"),
    "purchases_by_week": ("repeat purchases of the weeks, one by one", "chi-square"),
}


def _numbers(of: Repeats) -> dict[str, float]:
    """Return the measures that are numbers."""
    counts = of.counts
    again = counts > 0
    last = np.full(of.start.size, -np.inf)
    np.maximum.at(last, of.customer, of.week)
    found = {
        "never_again": float(1.0 - again.mean()),
        "repeats": float(counts.mean()),
        "heaviest_fifth": top_share(counts[again]) if again.any() else math.nan,
        "last_purchase": float((last - of.start)[again].mean()) if again.any() else math.nan,
    }
    if of.amount is None or not again.any():
        return found
    means = np.bincount(of.customer, weights=of.amount, minlength=of.start.size)[again] / counts[again]
    quantiles = np.percentile(means, _QUANTILES)
    return (
        found
        | {"mean_spend": float(of.amount.mean())}
        | {f"spend_{q}": float(value) for q, value in zip(_QUANTILES, quantiles, strict=True)}
    )


def _by_repeats(of: Repeats, weeks: int) -> np.ndarray:
    """Return customers by repeat purchases (MOST + 1,)."""
    return np.bincount(np.minimum(of.counts, MOST), minlength=MOST + 1)


def _by_week(of: Repeats, weeks: int) -> np.ndarray:
    """Return repeat purchases by week since the opening (weeks,)."""
    return np.bincount(of.week.astype(np.int64), minlength=weeks)


def _row(name: str, value: float, made: FloatArray, confidence: float) -> tuple[object, ...]:
    mean, low, high = interval(made, confidence)
    verdict = FITS if low <= value <= high else TOO_LOW if value > high else TOO_HIGH
    return name, *_WHAT[name], value, mean, low, high, math.nan, verdict


def interval(made: FloatArray, confidence: float = 0.95) -> tuple[float, float, float]:
    """Return the mean of cohorts (k,), and between what one more would lie."""
    k, mean = made.size, float(made.mean())
    reach = float(stats.t.ppf((1 + confidence) / 2, k - 1) * made.std(ddof=1) * math.sqrt(1 + 1 / k))
    return mean, mean - reach, mean + reach


def _row_of_classes(name: str, value: FloatArray, made: FloatArray, confidence: float) -> tuple[object, ...]:
    """Return the row of a measure by classes (c,), of which cohorts have (k, c)."""
    edges = _joined(made.mean(axis=0))
    value, made = np.add.reduceat(value, edges), np.add.reduceat(made, edges, axis=1)
    k, mean = len(made), made.mean(axis=0)
    others = (k * mean - made) / (k - 1)  # without the cohort itself, as the log is in no mean either
    own = float(((value - mean) ** 2 / mean).sum())
    each = ((made - others) ** 2 / np.maximum(others, 1.0)).sum(axis=1)
    p = float((1 + (each >= own).sum()) / (1 + k))
    verdict = FITS if p > 1 - confidence else DIFFERS
    return name, *_WHAT[name], own, float(each.mean()), math.nan, math.nan, p, verdict


def _joined(expected: FloatArray) -> list[int]:
    """Return where classes begin, once neighbours are put together until each has enough."""
    edges, inside = [0], 0.0
    for at, number in enumerate(expected):
        if inside >= _LEAST_EXPECTED:
            edges.append(at)
            inside = 0.0
        inside += number
    return edges if inside >= _LEAST_EXPECTED or len(edges) == 1 else edges[:-1]
