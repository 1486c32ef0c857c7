"""A log is fitted, a market is made of it, its purchases are exported and fitted again: the parameters come back.

Of the three numbers of Gamma-Gamma q and the mean come back. How a customer's own baskets vary (p, and v with it) does
not, as in a market they do not vary: p runs off, and the refit takes it for very large, or takes lognormal levels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import abm
from abm.logs.purchases import read_log
from abm.world.fitted import LogFile

WEEKS = 78
RATES = ["r", "alpha", "a", "b", "mean_rate", "drop_out"]
CDNOW = {"log": "cdnow", "log_until": "1997-09-30"}
NEVER = {"purchase_rate": 0.25, "rate_shape": 1.5, "basket": 30.0, "basket_spread": 0.8}  # nobody leaves


def of_cdnow() -> pd.Series:
    """Return what is fitted to the calibration period of the literature, which is what the market is made of."""
    return abm.Population(**CDNOW).log_file(None).reading().fit.estimates()["estimate"]


def results(folder: Path, population: dict[str, object], customers: int, replications: int = 1) -> Path:
    """Run a closed market of one firm and return the folder of its results."""
    scenario = abm.Scenario.parse(
        {
            "preset": "closed_market",
            "periods": WEEKS,
            "population": {"customers": customers, **population},
            "firms": [{"name": "shop"}],
        }
    )
    study = abm.Experiment(name="trip", scenario=scenario, replications=replications, seed=11)
    abm.run(study, folder / "results", workers=1)
    return folder / "results"


def estimated(results: Path, replication: int = 0) -> pd.DataFrame:
    """Export a run as a log of new customers, read it and return what is fitted to it."""
    path = results.parent / f"log_{replication}.parquet"
    abm.export(results, path, replication=replication, cohort=True)
    file = LogFile(path)
    return file.reading_of(read_log(path)).fit.estimates()


def off(found: pd.DataFrame, known: pd.Series) -> pd.Series:
    """Return how far estimates are from what is known, in their standard errors."""
    names = found.index.intersection(known.index)
    return (found["estimate"] - known)[names] / found["standard_error"][names]


def test_drop_out_and_rates_of_a_log_come_back(tmp_path):
    known = of_cdnow()
    found = estimated(results(tmp_path, CDNOW, 2500))
    z = off(found, known)[[*RATES, "mean"]]
    assert (z.abs() < 3.0).all(), pd.concat([found, known.rename("known"), z.rename("z")], axis=1).to_string()


def test_a_population_in_numbers_comes_back(tmp_path):
    """Rates per week: a year has 365.25 days and 52 periods."""
    a_week = 7 * 52 / 365.25
    known = pd.Series({"r": 1.5, "mean_rate": 0.25 * a_week})
    found = estimated(results(tmp_path, NEVER, 1500))
    assert (off(found, known)[["r", "mean_rate"]].abs() < 3.0).all(), found.to_string()
    assert found.loc["drop_out", "estimate"] < 0.002
    levels = np.log(pd.read_parquet(tmp_path / "log_0.parquet").groupby("customer_id")["amount"].mean())
    assert abs(levels.std() - 0.8) < 3.0 * 0.8 / np.sqrt(2 * 1500)
    assert abs(levels.mean() - (np.log(30.0) - 0.8**2 / 2)) < 3.0 * 0.8 / np.sqrt(1500)


@pytest.mark.endurance
def test_standard_errors_are_those_of_the_round_trip(tmp_path):
    """Over 40 draws of luck estimates scatter about what is known as their standard errors say."""
    known = of_cdnow()
    folder = results(tmp_path, CDNOW, 4000, replications=40)
    z = np.array([off(estimated(folder, k), known)[RATES] for k in range(40)])
    assert (np.abs(z.mean(axis=0)) < 3.0 * z.std(axis=0, ddof=1) / np.sqrt(40)).all(), z.mean(axis=0)
    assert ((z.std(axis=0, ddof=1) > 0.7) & (z.std(axis=0, ddof=1) < 1.35)).all(), z.std(axis=0, ddof=1)
    assert (np.abs(z) < 1.96).mean() > 0.88
