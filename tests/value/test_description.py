"""Columns described, and which go together, beside the definitions and SciPy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from abm.core.errors import Refusal
from abm.value.description import correlate, describe


def sample(n=200, rho=0.6, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "y": rho * x + math.sqrt(1 - rho**2) * rng.normal(size=n)})


def test_described_by_hand():
    table = pd.DataFrame({"arm": list("aaab"), "customer": range(4), "spend": [1.0, 2.0, 6.0, np.nan]})
    found = describe(table, by="arm")
    assert list(found.columns) == ["arm", "column", "n", "missing", "mean", "sd", "min", "q25", "median", "q75", "max"]
    assert found.iloc[0].tolist() == ["a", "spend", 3, 0, 3.0, math.sqrt(7.0), 1.0, 1.5, 2.0, 4.0, 6.0]
    assert found.iloc[1][["n", "missing"]].tolist() == [0, 1]
    assert found.iloc[1][["mean", "sd", "min", "max"]].isna().all()
    assert math.isnan(describe(table.iloc[:1])["sd"].iloc[0])


def test_whole_and_own_quantiles():
    found = describe(sample(), columns=["y"], quantiles=[0.05, 0.975])
    assert list(found.columns) == ["column", "n", "missing", "mean", "sd", "q5", "q97.5"]
    assert found["q97.5"].iloc[0] == pytest.approx(sample()["y"].quantile(0.975))


@pytest.mark.parametrize(("method", "reference"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_correlations_are_those_of_scipy(method, reference):
    table = sample().round(1)  # with equal numbers, whose ranks are shared
    table.loc[3, "x"] = np.nan
    (row,) = correlate(table, method).to_dict("records")
    whole = table.dropna()
    assert row["correlation"] == pytest.approx(reference(whole["x"], whole["y"]).statistic)
    assert (row["first"], row["second"], row["n"]) == ("x", "y", 199)
    if method == "pearson":
        interval = stats.pearsonr(whole["x"], whole["y"]).confidence_interval(0.95)
        assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(("method", "true"), [("pearson", 0.6), ("spearman", 6 / math.pi * math.asin(0.3))])
def test_intervals_hold_the_correlation_as_often_as_they_say(method, true):
    rows = [correlate(sample(60, seed=seed), method).iloc[0] for seed in range(300)]
    held = np.mean([row["low"] <= true <= row["high"] for row in rows])
    assert held == pytest.approx(0.95, abs=0.04)


def test_each_pair_in_each_part():
    table = pd.concat([sample().assign(arm="a", z=1.0), sample(seed=2).assign(arm="b", z=sample()["x"])])
    found = correlate(table, by="arm")
    assert list(zip(found["arm"], found["first"], found["second"], strict=True)) == [
        (arm, *pair) for arm in "ab" for pair in (("x", "y"), ("x", "z"), ("y", "z"))
    ]
    alike = found.query("arm == 'a' and second == 'z'")
    assert alike[["correlation", "low", "high"]].isna().all(axis=None)


def test_the_ends():
    line = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 6.0, 8.0]})
    (row,) = correlate(line, "spearman").to_dict("records")
    assert (row["correlation"], row["low"], row["high"]) == (1.0, 1.0, 1.0)
    (row,) = correlate(line[:3].assign(y=[3.0, 1.0, 2.0])).to_dict("records")
    assert row["correlation"] == pytest.approx(-0.5)
    assert math.isnan(row["low"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "kendall"}, 'method = "kendall" is neither "pearson" nor "spearman"'),
        ({"confidence": 95}, r"confidence = 95 is outside \(0, 1\)"),
        ({"columns": ["x"]}, "x is the only column of numbers; at least two are needed"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(Refusal, match=message):
        correlate(sample(), **options)
