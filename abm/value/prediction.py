"""Predict: what foretells whether something happens, by logistic regression, judged on customers it has not seen.

Claim: with p the chance that it happens and x the inputs, each in its standard deviations from the mean,

    ln (p / (1 - p)) = b_0 + Σ_j b_j x_j

b is where the log likelihood less λ/2 Σ b_j² is highest; λ keeps coefficients finite where inputs part the two outcomes
wholly. How well it foretells is asked of customers who were held out: the area under the curve, calibration (of those
to whom a chance of 30 % was given, does it happen to 30 %?), and lift (how many more of the events are among those with
the highest chances than among as many taken at random).

The regression is scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, shown
from abm.value.checks import FloatArray, one_number, whole_number, within
from abm.value.clustering import MOST_SEEDS
from abm.value.indices import Index
from abm.value.learning import scikit_learn
from abm.value.tables import Names, complete, number_columns, numbers_of
from abm.value.validity import area_under_curve

PARTS = 10  # of the customers held out, by their chances
_PERSON = ("point", "replication", "customer")  # who is one person, in all arms and at all dates
_MOST_STEPS, _TOLERANCE = 1000, 1e-8


@dataclass(frozen=True)
class Prediction:
    """What foretells an event, and how well.

    coefficients  : a row per input: coefficient, log odds per standard deviation; odds_ratio, its exponential;
                    per_unit, log odds per unit of the input
    intercept     : b_0, log odds where all inputs are at their means
    auc           : area under the curve of those held out, rows counting as independent
    calibration   : tenths of those held out, from the lowest chance: n, predicted (mean chance), happened (share)
    lift          : tenths from the highest chance: n, events, share, lift (times the share of all), captured (share of
                    all events down to here)
    probabilities : of the rows held out      trained, left_out : rows it was fitted to, and rows with a number missing
    """

    coefficients: pd.DataFrame
    intercept: float
    auc: Index
    calibration: pd.DataFrame
    lift: pd.DataFrame
    probabilities: pd.Series
    trained: int
    left_out: int


def predict(
    table: pd.DataFrame,
    target: str,
    inputs: Names | None = None,
    test_share: float = 0.5,
    seed: int = 0,
    penalty: float = 1.0,
) -> Prediction:
    """Fit a logistic regression of a column of 0 and 1 on others, and judge it on the customers held out.

    target     : 1 or True = it happened; it must come after what the inputs tell, or they only describe it
    inputs     : columns of numbers; None = all but those that say which row it is (arm, customer, period …)
    test_share : of the customers who are held out, in (0, 1)      seed : at least 0, of who they are
    penalty    : λ, at least 0

    All rows of one customer (of one point and replication) are on one side, so that nobody is foretold from herself.
    A row in which a number is missing is left out. Raises Refusal for other columns, a target of other numbers, one
    that does not have both outcomes on both sides, and without scikit-learn.
    """
    number_columns(table, [target])
    names = number_columns(table, inputs, but=[target])
    if target in names:
        raise Refusal(f"column {shown(target)} is both target and input")
    share = one_number("test_share", test_share, 0.0, 1.0)
    state, weight = whole_number("seed", seed, 0, MOST_SEEDS), one_number("penalty", penalty, 0.0)
    whole = complete(table, [target, *names], 2)
    happened = within(target, whole[target].to_numpy(np.float64), 0.0, 1.0, "1 = it happened", whole=True)
    values = numbers_of(whole, names)
    seen, held = _sides(whole, share, state)
    for side, rows in (("fitted", seen), ("held out", held)):
        if np.ptp(happened[rows]) == 0.0:
            raise Refusal(f"{target} is {happened[rows][0]:g} in all rows {side}; both outcomes are needed")
    mean, spread = _scale(values[seen])
    inverse = 1.0 / weight if weight else np.inf
    regression = scikit_learn("linear_model").LogisticRegression(C=inverse, max_iter=_MOST_STEPS, tol=_TOLERANCE)
    regression.fit((values[seen] - mean) / spread, happened[seen])
    chance = regression.predict_proba((values[held] - mean) / spread)[:, 1]
    return Prediction(
        coefficients=_coefficients(names, regression.coef_[0], spread),
        intercept=float(regression.intercept_[0]),
        auc=area_under_curve(chance, happened[held]),
        calibration=_calibration(chance, happened[held]),
        lift=_lift(chance, happened[held]),
        probabilities=pd.Series(chance, whole.index[held], name=target),
        trained=int(seen.size),
        left_out=len(table) - len(whole),
    )


def _sides(table: pd.DataFrame, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to fit and those held out, all rows of a customer on one side."""
    own = [name for name in _PERSON if name in table] if "customer" in table else []
    who = table.groupby(own, observed=True, dropna=False).ngroup().to_numpy() if own else np.arange(len(table))
    people = int(who.max()) + 1
    held = round(share * people)
    if not 0 < held < people:
        raise Refusal(f"test_share = {share:g} of {people} customers leaves nobody on one of the sides")
    split = scikit_learn("model_selection").GroupShuffleSplit(1, test_size=held, random_state=seed)
    seen, out = next(split.split(table, groups=who))
    return seen, out


def _scale(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean and standard deviation of each column (n, k), 1 for one that is the same for all."""
    alike = (values == values[0]).all(axis=0)
    return values.mean(axis=0), np.where(alike, 1.0, values.std(axis=0))


def _coefficients(names: Sequence[str], found: FloatArray, spread: FloatArray) -> pd.DataFrame:
    columns = {"coefficient": found, "odds_ratio": np.exp(found), "per_unit": found / spread}
    return pd.DataFrame(columns, index=pd.Index(names, name="input"))


def _calibration(chance: FloatArray, happened: FloatArray) -> pd.DataFrame:
    groups = _tenths(chance)
    table = pd.DataFrame({"predicted": chance, "happened": happened}).groupby(groups).mean()
    table.insert(0, "n", np.bincount(groups)[1:])
    return table.rename_axis("tenth")


def _lift(chance: FloatArray, happened: FloatArray) -> pd.DataFrame:
    groups = _tenths(-chance)
    n, events = np.bincount(groups)[1:], np.bincount(groups, happened)[1:]
    share = events / n
    columns = {"n": n, "events": events.astype(np.int64), "share": share, "lift": share / happened.mean()}
    captured = events.cumsum() / events.sum()
    return pd.DataFrame(columns | {"captured": captured}, index=pd.RangeIndex(1, n.size + 1, name="tenth"))


def _tenths(values: FloatArray) -> np.ndarray:
    """Return which tenth each value (n,) is in, 1 = the lowest; equal ones in the order of the table."""
    rank = np.empty(values.size, np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(values.size)
    parts = min(PARTS, values.size)
    return rank * parts // values.size + 1
