"""Kaplan-Meier survival with Greenwood's variance."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.strategies import booleans, integers, lists, tuples

from abm.core.errors import Refusal
from abm.value.lifetime import lifetime_value
from abm.value.survival import kaplan_meier, survive

customers = lists(tuples(integers(0, 12), booleans()), min_size=1, max_size=40)


def by_hand(durations, observed):
    """The product of 1 - d / r, and Greenwood's standard error."""
    survival, variance, rows = 1.0, 0.0, []
    for time in sorted(set(durations)):
        at_risk = sum(duration >= time for duration in durations)
        ended = sum(duration == time and seen for duration, seen in zip(durations, observed, strict=True))
        survival *= 1 - ended / at_risk
        variance += ended / (at_risk * (at_risk - ended)) if at_risk > ended else np.nan
        rows.append((time, at_risk, ended, survival, survival * np.sqrt(variance)))
    return np.array(rows)


@given(sample=customers)
def test_the_curve_is_the_product(sample):
    durations, observed = zip(*sample, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = kaplan_meier(durations, observed)
    expected = by_hand(durations, observed)
    assert found[["time", "at_risk", "ended"]].to_numpy() == pytest.approx(expected[:, :3])
    assert found["survival"].to_numpy() == pytest.approx(expected[:, 3])
    assert (found["survival"].diff().dropna() <= 1e-12).all()
    known = found.dropna()
    assert ((known["low"] <= known["survival"] + 1e-12) & (known["survival"] <= known["high"] + 1e-12)).all()


def test_greenwood():
    durations, observed = [2, 3, 3, 5, 8, 8, 9, 12], [1, 1, 0, 1, 1, 0, 1, 0]
    found = kaplan_meier(durations, observed, method="linear")
    _, _, _, survival, error = by_hand(durations, observed).T
    assert found["low"].to_numpy() == pytest.approx(np.clip(survival - 1.959964 * error, 0, 1), abs=1e-6)
    assert found["high"].to_numpy() == pytest.approx(np.clip(survival + 1.959964 * error, 0, 1), abs=1e-6)


def test_without_censoring_it_is_the_share_that_is_left():
    assert kaplan_meier([1, 2, 3, 4], [True] * 4)["survival"].tolist() == pytest.approx([0.75, 0.5, 0.25, 0])
    assert kaplan_meier([5], [False])["survival"].tolist() == [1]


def test_the_curve_of_constant_churn_is_geometric_and_gives_the_closed_form():
    luck = np.random.default_rng(9)
    ends, watched = luck.geometric(0.2, 20_000), luck.integers(10, 40, 20_000)
    found = kaplan_meier(np.minimum(ends, watched), ends <= watched)
    until = found[found["time"] <= 10]
    assert until["survival"].to_numpy() == pytest.approx(0.8 ** until["time"], abs=0.015)
    worth = float((100 * found["survival"] / 1.1 ** found["time"]).sum())
    assert worth == pytest.approx(lifetime_value(100, 0.8, 0.1), rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 2], [True]), "duration has 2 entries and observed 1"),
        (([1, -2], [1, 1]), r"duration\[1\] = -2 is not a finite number of at least 0"),
        (([1, 2], [1, 2]), r"observed\[1\] = 2 is not a whole number in \[0, 1\]"),
        (([1], [1], 95), r"confidence = 95 is outside \(0, 1\)"),
        (([1], [1], 0.9, "plain"), 'method = "plain" is neither'),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(Refusal, match=words):
        kaplan_meier(*arguments)


def test_a_table_gives_a_curve_for_each_part():
    table = pd.DataFrame({"arm": list("abab"), "weeks": [3, 5, 8, 5], "gone": [True, False, True, True]})
    found = survive(table, "weeks", "gone", by="arm")
    assert list(found.columns) == ["arm", "time", "at_risk", "ended", "survival", "low", "high"]
    assert found[["arm", "time", "survival"]].values.tolist() == [["a", 3.0, 0.5], ["a", 8.0, 0.0], ["b", 5.0, 0.5]]
    whole = survive(table, "weeks", "gone", confidence=0.9)
    pd.testing.assert_frame_equal(whole, kaplan_meier(table["weeks"], table["gone"], 0.9))


def test_a_table_that_does_not_say_who_ended_is_refused():
    table = pd.DataFrame({"weeks": [3.0, np.nan], "gone": [1, 0]})
    with pytest.raises(Refusal, match="1 of 2 rows have all of weeks, gone; 2 are needed"):
        survive(table, "weeks", "gone")
    with pytest.raises(Refusal, match="no column \"go\"; did you mean 'gone'"):
        survive(table, "weeks", "go")
