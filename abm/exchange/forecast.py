"""A forecast held against what came: the last part of a log is not fitted, and foretold in two ways.

By formula: E[X(T)] of a new customer, added up over the customers with the time T that each was watched, or E[Y(t)] of
a customer with her history (abm/value/alive.py). By simulation: cohorts of the market (abm/logs/predictive.py).
Source: FADER_HARDIE_LEE_2005, whose BG/NBD is 4 % below the repeat purchases of CDNOW in week 78.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm.core.shown import in_notebook
from abm.logs.likelihood import FloatArray
from abm.logs.predictive import Repeats, interval
from abm.logs.standard_errors import Lives
from abm.logs.tracking import MOST
from abm.value.alive import purchases_ahead

_ROUNDING = 1e-9  # weeks: so that the last day is in


@dataclass(frozen=True)
class Forecast:
    """What was foretold of a log's last part, and what came.

    totals     : repeat purchases of the customers who had bought by then, by part of the log, "fitted", "held out" and
                 "both": came, by_formula, by_formula_off (share), simulated, low, high (one cohort), simulated_off
    by_repeats : customers with 0, 1, … 6, 7 and more repeat purchases in the fitted part: how many there are, and
                 their mean purchases held out: came, by_formula (from each one's history), simulated
    weeks      : length of the part that is held out
    correlation : over customers, between what came and what is foretold by formula from each history;
                  NaN where these do not differ
    """

    totals: pd.DataFrame
    by_repeats: pd.DataFrame
    weeks: float
    correlation: float

    _repr_html_ = in_notebook

    def __str__(self) -> str:
        held, same = self.totals.loc["held out"], math.isnan(self.correlation)
        return (
            f"{held['came']:,.0f} repeat purchases came in the {self.weeks:.4g} weeks held out; by formula "
            f"{held['by_formula']:,.0f} ({off(held['by_formula_off'])}), simulated {held['simulated']:,.0f} "
            f"({off(held['simulated_off'])}; one cohort lies between {held['low']:,.0f} and {held['high']:,.0f}); "
            + ("the same of everybody" if same else f"correlation over customers {self.correlation:.3f}")
        )


def off(share: float) -> str:
    """Return in words by how much a forecast is off, "-" where nothing came."""
    return "-" if math.isnan(share) else f"{share:+.1%}"


def forecast(
    lives: Lives, table: pd.DataFrame, log: Repeats, cohorts: Sequence[Repeats], window: float, ahead: float
) -> Forecast:
    """Return what is foretold of the time after a window, beside what came.

    lives   : fitted to the window        table : of the log's customers as `purchases.summary` returns it, by then
    log     : their repeat purchases, in the order of the table        cohorts : simulated ones, of as many customers
    window  : end of what was fitted, weeks from the opening of the log        ahead : from there to its end, weeks
    """
    history = tuple(table[name].to_numpy(np.float64) for name in ("frequency", "recency", "age"))
    last = window + ahead + _ROUNDING
    born = [_from_birth(lives, age) for age in (history[2], history[2] + ahead)]
    totals = [
        _total(name, log.within(since, until), [one.within(since, until) for one in cohorts], formula)
        for name, since, until, formula in (
            ("fitted", -1.0, window, born[0]),
            ("held out", window, last, born[1] - born[0]),
            ("both", -1.0, last, born[1]),
        )
    ]
    came, foretold = log.within(window, last).counts, purchases_ahead(lives, ahead, *history)
    repeats = np.minimum(history[0], MOST).astype(np.int64)
    rows = pd.DataFrame({"repeats": repeats, "came": came, "by_formula": foretold})
    classes = rows.groupby("repeats")
    by_repeats = classes.size().to_frame("customers").join(classes.mean())
    simulated = _by_repeats(cohorts, window, last)
    return Forecast(
        pd.DataFrame(totals).set_index("part"),
        by_repeats.assign(simulated=simulated.reindex(by_repeats.index)),
        ahead,
        float(np.corrcoef(came, foretold)[0, 1]) if np.ptp(came) and np.ptp(foretold) else np.nan,
    )


def _from_birth(lives: Lives, age: FloatArray) -> float:
    """Return the repeat purchases that new customers make in the times (n,) that each is watched, added up."""
    times, customers = np.unique(age, return_counts=True)
    nobody = np.zeros(1)
    each = np.array([purchases_ahead(lives, time, nobody, nobody, nobody)[0] for time in times])
    return float(each @ customers)


def _total(part: str, log: Repeats, cohorts: Sequence[Repeats], formula: float) -> dict[str, object]:
    came = log.customer.size
    mean, low, high = interval(np.array([one.customer.size for one in cohorts], np.float64))
    off = {"by_formula_off": formula / came - 1.0, "simulated_off": mean / came - 1.0} if came else {}
    numbers = {"came": came, "by_formula": formula, "simulated": mean, "low": low, "high": high}
    return {"part": part, **numbers, **(off or {"by_formula_off": np.nan, "simulated_off": np.nan})}


def _by_repeats(cohorts: Sequence[Repeats], window: float, last: float) -> pd.Series:
    """Return mean purchases held out by repeat purchases before, over the customers of all cohorts."""
    before = np.concatenate([np.minimum(one.within(-1.0, window).counts, MOST) for one in cohorts])
    then = np.concatenate([one.within(window, last).counts for one in cohorts])
    return pd.Series(then).groupby(before).mean()
