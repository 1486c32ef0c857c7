"""Whether a model makes such a log: measures by hand, verdicts on worlds that are known, refusals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from abm.core.errors import Refusal
from abm.logs.predictive import DIFFERS, FITS, TOO_HIGH, TOO_LOW, Repeats, check, interval, made_by, repeats_of

WEEKS = 30


def cohort(luck: np.random.Generator, customers: int = 800, rate: float = 0.2, spend: float = 20.0) -> Repeats:
    """Purchases of customers whose rates are exponential, for 30 weeks."""
    counts = luck.poisson(luck.exponential(rate, customers) * WEEKS)
    who = np.repeat(np.arange(customers), counts)
    levels = spend * luck.lognormal(0.0, 0.5, customers)
    return Repeats(np.zeros(customers), who, luck.uniform(0.0, WEEKS, who.size), levels[who])


def cohorts(**of: float) -> list[Repeats]:
    luck = np.random.default_rng(5)
    return [cohort(luck, **of) for _ in range(40)]


def test_measures_by_hand():
    log = Repeats(
        np.array([0.0, 1.0, 2.0]), np.array([0, 0, 1]), np.array([2.0, 5.0, 4.0]), np.array([10.0, 30.0, 8.0])
    )
    made = [cohort(np.random.default_rng(seed), customers=50) for seed in range(20)]
    found = check(log, made)["log"]
    assert found["never_again"] == pytest.approx(1 / 3)
    assert found["repeats"] == 1.0
    assert found["heaviest_fifth"] == pytest.approx(0.4 * 2 / 3)  # 0.4 customers, all of the one who bought twice
    assert found["last_purchase"] == pytest.approx((5.0 + 3.0) / 2)
    assert found["mean_spend"] == pytest.approx(16.0)
    assert found["spend_50"] == pytest.approx((20.0 + 8.0) / 2)


def test_a_log_of_the_model_fits_about_as_often_as_the_interval_says():
    verdicts = [check(cohort(np.random.default_rng(100 + k)), cohorts())["verdict"] for k in range(12)]
    share = np.mean([(one == FITS).mean() for one in verdicts])
    assert share > 0.9  # of 120; with 0.95 each, and measures of one log that go together


def test_what_a_model_makes_otherwise_is_named():
    rare = check(cohort(np.random.default_rng(1), rate=0.1), cohorts())
    assert rare.loc["never_again", "verdict"] == TOO_LOW
    assert rare.loc["repeats", "verdict"] == TOO_HIGH
    assert rare.loc["repeat_distribution", "verdict"] == DIFFERS
    dear = check(cohort(np.random.default_rng(1), spend=30.0), cohorts())
    assert {*dear.index[dear["verdict"] == TOO_LOW]} == {"mean_spend", "spend_10", "spend_50", "spend_90"}


def test_weeks_are_compared_one_by_one():
    own = cohort(np.random.default_rng(3))
    bunched = Repeats(own.start, own.customer, np.floor(own.week / 2) * 2, own.amount)  # nothing in odd weeks
    found = check(bunched, cohorts())
    assert found.loc["purchases_by_week", "verdict"] == DIFFERS
    assert found.loc["repeat_distribution", "verdict"] == FITS


def test_chi_square_by_hand():
    made = cohorts()
    own = cohort(np.random.default_rng(9))
    table = np.array([np.bincount(np.minimum(one.counts, 7), minlength=8) for one in [own, *made]], float)
    mean = table[1:].mean(axis=0)
    assert check(own, made).loc["repeat_distribution", "log"] == pytest.approx(((table[0] - mean) ** 2 / mean).sum())


def test_the_interval_is_where_one_more_would_lie():
    made = np.arange(20.0)
    mean, low, high = interval(made, 0.9)
    assert mean == 9.5
    assert high - mean == pytest.approx(stats.t.ppf(0.95, 19) * made.std(ddof=1) * math.sqrt(1 + 1 / 20))
    assert mean - low == pytest.approx(high - mean)


LOG = pd.DataFrame(
    {
        "customer": ["b", "a", "a", "b", "a", "c"],
        "date": pd.to_datetime(["2024-01-08", "2024-01-01", "2024-01-15", "2024-01-22", "2024-01-15", "2024-01-29"]),
        "amount": [5.0, 6.0, 7.0, 8.0, 9.0, 1.0],
    }
)


def test_repeats_of_a_log():
    found = repeats_of(LOG, "2024-01-22")
    assert list(found.labels) == ["a", "b"]  # who first came later is no part of it
    assert found.start.tolist() == [0.0, 1.0]
    assert found.customer.tolist() == [0, 1]
    assert found.week.tolist() == [2.0, 3.0]
    assert found.amount.tolist() == [16.0, 8.0]
    assert found.within(2.0, 3.0).counts.tolist() == [0, 1]
    assert list(repeats_of(LOG, most=2).labels) == ["a", "c"]
    assert repeats_of(LOG.assign(amount=math.nan)).amount is None


def test_order_of_rows_does_not_matter():
    shuffled = LOG.sample(frac=1.0, random_state=3)
    for name in ("start", "customer", "week", "amount"):
        assert np.array_equal(getattr(repeats_of(shuffled), name), getattr(repeats_of(LOG), name))


def test_simulated_customers_begin_as_those_of_the_log():
    found = made_by(np.array([0.0, 1.5]), {"customer": np.array([1, 0]), "age": np.array([2.0, 3.0])})
    assert found.week.tolist() == [4.0, 3.5]
    assert found.amount is None


def test_too_few_cohorts_and_nobody_who_came_again_are_refused():
    own = cohort(np.random.default_rng(1))
    with pytest.raises(Refusal, match="cohorts = 19 is less than 20"):
        check(own, cohorts()[:19])
    with pytest.raises(Refusal, match="nobody bought again"):
        check(own.within(-1.0, -1.0), cohorts())
