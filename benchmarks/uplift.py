"""Estimators of treatment effects, graded by the truth.   Needs the extra `learn`.

python benchmarks/uplift.py [DIR …] [--target SHARE] [--trees N] [--seed N]

DIR is a folder of `patronage twins`; without any it is four default markets of 5,000 customers with a points programme,
treated at random and then with those who come often treated more often. The estimators are textbook ones, as plain as
they come:

difference in means    of the treated and the others; the same effect for everybody
inverse probability    the same of means weighted by 1 / P(assigned as she was), P by logistic regression (Hájek)
regression             least squares in the covariates on each side, the difference of the two at each customer
two forests            a random forest on each side, the difference of the two at each customer (T-learner)
uplift forest          a random forest on the outcome made into one whose mean is the effect, y (w - P) / (P (1 - P))

Two rows are no estimators: a forest that has learned from true effects, which no analyst has, and the truth, which
bounds everybody. The first shows what keeps such a forest from the truth even so: covariates do not tell a customer's
luck. Estimates of a customer's effect come from the other folds, so that her own outcome does not decide on her.
Columns, in the unit of the outcome:

bias      estimated mean effect less the true one
rmse      root of the mean squared error of customers' effects; who says the true mean of everybody has their sd
value     what treating the share of customers with the highest estimates brings, per customer of the market
regret    what knowing the truth would bring more; never below 0
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import abm

FloatArray = np.ndarray
FOLDS, LEAF = 5, 20  # customers in a leaf, so that a mean of theirs says something
OVERLAP = 0.01  # estimated probabilities are kept so far from 0 and 1
NOT_KNOWN_BEFORE = ("replication", "customer", "treated", "outcome")


@dataclass(frozen=True)
class Sample:
    """What an estimator sees: covariates x (n, k), treated w (n,) 0 or 1, outcome y (n,); and how it may draw."""

    x: FloatArray
    w: FloatArray
    y: FloatArray
    trees: int = 200
    seed: int = 0

    def folds(self) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield the rows to learn from and those to estimate for."""
        return KFold(FOLDS, shuffle=True, random_state=self.seed).split(self.x)

    def forest(self) -> RandomForestRegressor:
        """Return a forest that has learned nothing yet."""
        return RandomForestRegressor(self.trees, min_samples_leaf=LEAF, random_state=self.seed)


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the customers of a folder, and the truth about them in the same order."""
    return pd.read_csv(folder / "customers.csv"), pd.read_csv(folder / "truth" / "effects.csv")


def sample(customers: pd.DataFrame, trees: int = 200, seed: int = 0) -> Sample:
    """Return what an estimator sees; what is not known becomes the mean, and a column that says so."""
    known = customers.drop(columns=[*NOT_KNOWN_BEFORE]).astype(float)
    empty = known.isna()
    known = known.fillna(known.mean()).join(empty.loc[:, empty.any()].astype(float).add_suffix("_unknown"))
    return Sample(known.to_numpy(), customers["treated"].to_numpy(), customers["outcome"].to_numpy(float), trees, seed)


def propensity(seen: Sample) -> FloatArray:
    """Return the probability of treatment (n,) as logistic regression estimates it, each fold from the others."""
    found = np.empty(len(seen.y))
    for learn, rest in seen.folds():
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(seen.x[learn], seen.w[learn])
        found[rest] = model.predict_proba(seen.x[rest])[:, 1]
    return found.clip(OVERLAP, 1 - OVERLAP)


def difference_in_means(seen: Sample) -> FloatArray:
    """Return the same effect for everybody (n,)."""
    return np.full(len(seen.y), seen.y[seen.w == 1].mean() - seen.y[seen.w == 0].mean())


def inverse_probability(seen: Sample) -> FloatArray:
    """Return the same effect for everybody (n,), of means in which each counts for those who were as likely as she."""
    p = propensity(seen)
    first, second = seen.w / p, (1 - seen.w) / (1 - p)
    return np.full(len(seen.y), (first @ seen.y) / first.sum() - (second @ seen.y) / second.sum())


def regression(seen: Sample) -> FloatArray:
    """Return effects (n,) as the difference of two straight lines."""
    return two_models(seen, LinearRegression)


def two_forests(seen: Sample) -> FloatArray:
    """Return effects (n,) as the difference of two forests."""
    return two_models(seen, seen.forest)


def two_models(seen: Sample, model: Callable[[], LinearRegression | RandomForestRegressor]) -> FloatArray:
    """Return effects (n,) as what a model of the treated foretells less what one of the others does."""
    found = np.empty(len(seen.y))
    for learn, rest in seen.folds():
        on, off = (learn[seen.w[learn] == side] for side in (1, 0))
        said = (model().fit(seen.x[side], seen.y[side]).predict(seen.x[rest]) for side in (on, off))
        found[rest] = next(said) - next(said)
    return found


def uplift_forest(seen: Sample) -> FloatArray:
    """Return effects (n,) of a forest on the transformed outcome."""
    p = propensity(seen)
    return taught(seen, seen.y * (seen.w - p) / (p * (1 - p)))


def taught(seen: Sample, target: FloatArray) -> FloatArray:
    """Return what a forest foretells of a target (n,) from the covariates, each fold from the others."""
    found = np.empty(len(target))
    for learn, rest in seen.folds():
        found[rest] = seen.forest().fit(seen.x[learn], target[learn]).predict(seen.x[rest])
    return found


ESTIMATORS: dict[str, Callable[[Sample], FloatArray]] = {
    "difference in means": difference_in_means,
    "inverse probability": inverse_probability,
    "regression": regression,
    "two forests": two_forests,
    "uplift forest": uplift_forest,
}


def value(estimate: FloatArray, effect: FloatArray, share: float) -> float:
    """Return what treating the share of customers with the highest estimates brings, per customer of the market.

    estimate, effect : (n,); of customers whose estimates are equal each is as likely to be treated
    """
    room, n = share * len(effect), len(effect)
    levels = pd.Series(effect).groupby(estimate).agg(["sum", "count"]).sort_index(ascending=False)
    before = levels["count"].cumsum() - levels["count"]
    taken = ((room - before) / levels["count"]).clip(0, 1)
    return float((taken * levels["sum"]).sum() / n)


def graded(
    customers: pd.DataFrame, effects: pd.DataFrame, share: float, trees: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Return a row per estimator, and for the truth itself: bias, rmse, value and regret."""
    effect, seen = effects["effect"].to_numpy(float), sample(customers, trees, seed)
    found = {name: estimator(seen) for name, estimator in ESTIMATORS.items()}
    found |= {"forest on true effects": taught(seen, effect), "the truth": effect}
    best = value(effect, effect, share)
    rows = []
    for name, estimate in found.items():
        brought = value(estimate, effect, share)
        error = estimate - effect
        rows.append((name, estimate.mean(), error.mean(), np.sqrt((error**2).mean()), brought, best - brought))
    return pd.DataFrame(rows, columns=["estimator", "mean_effect", "bias", "rmse", "value", "regret"])


def default_market(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write data of default markets with a points programme, and yield what they are called and where they are."""
    study = abm.Experiment(
        name="points",
        scenario=abm.Scenario(periods=156, burn_in=52, population={"customers": 5000}),
        arms={"none": {}, "points": {"from": 104, "firms.north.program": {"preset": "points"}}},
    )
    for name, confounding in {"at random": {}, "frequency = 1": {"frequency": 1.0}}.items():
        place = folder / name
        abm.twins_data(study, confounding=confounding, replications=4).write(place)
        yield f"default markets, points, {name}", place


def main() -> None:
    """Print a table for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--target", type=float, default=0.2, help="share of customers who can be treated")
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folders = ((str(folder), folder) for folder in given.folders)
        for name, folder in folders if given.folders else default_market(Path(passing)):
            customers, effects = read(folder)
            table = graded(customers, effects, given.target, given.trees, given.seed)
            sd, mean = effects["effect"].std(), effects["effect"].mean()
            print(f"{name}: {len(customers):,} customers, true effects {mean:.4g} on average, sd {sd:.4g}")
            print(table.to_string(index=False, float_format=lambda number: f"{number:.3f}"), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
