import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats
from scipy.special import hyp2f1

from abm.core.errors import Refusal
from abm.logs import bgnbd
from abm.logs.bgnbd import (
    BGNBD,
    bgnbd_probability,
    conditional_expected_purchases,
    expected_purchases,
    fit_bgnbd,
    probability_alive,
)
from abm.logs.purchases import purchase_counts
from tests.examples import examples

PUBLISHED = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)  # Fader, Hardie & Lee 2005, CDNOW
TOP = 7  # the fit histogram's last bin is 7 and more


def plain_log_likelihood(parameters, history):
    """One customer, written from the model: x purchases, then either still active or gone at t_x."""
    (r, alpha, a, b), (x, t_x, t) = parameters, history
    beta = math.gamma(a) * math.gamma(b) / math.gamma(a + b)
    stayed = math.gamma(a) * math.gamma(b + x) / math.gamma(a + b + x) / beta
    total = stayed * math.gamma(r + x) / math.gamma(r) * alpha**r / (alpha + t) ** (r + x)
    if x > 0:
        left = math.gamma(a + 1) * math.gamma(b + x - 1) / math.gamma(a + b + x) / beta
        total += left * math.gamma(r + x) / math.gamma(r) * alpha**r / (alpha + t_x) ** (r + x)
    return math.log(total)


def summed_expectation(r, alpha, a, b, t):
    """E[X(t)] term by term: of k purchases without drop-out, the (j+1)-th is made if one stayed after j."""
    share = t / (alpha + t)
    mass, stay, made, total, k = (1 - share) ** r, 1.0, 0.0, 0.0, 0
    while k < 10 or mass * made > 1e-18 * total:
        made += stay
        stay *= (b + k) / (a + b + k)
        mass *= (r + k) / (k + 1) * share
        total += mass * made
        k += 1
    return total


def as_array(model):
    return np.array([model.r, model.alpha, model.a, model.b])


@pytest.fixture(scope="module")
def fitted(cdnow):
    return fit_bgnbd(cdnow["frequency"], cdnow["recency"], cdnow["age"])


def test_fit_of_cdnow_is_the_published_one(fitted):
    assert as_array(fitted) == pytest.approx(as_array(PUBLISHED), abs=6e-4)
    assert fitted.log_likelihood == pytest.approx(-9582.429, abs=6e-4)
    assert fitted.n == 2357


def test_fit_of_rounded_weeks_is_that_of_the_public_summary(cdnow, reference):
    """The customer summary in circulation gives weeks to two decimals, and so do the reference values."""
    expected = reference("clv.json")["bgnbd"]
    fit = fit_bgnbd(cdnow["frequency"], cdnow["recency"].round(2), cdnow["age"].round(2))
    assert as_array(fit) == pytest.approx(expected["params"], rel=1e-6)
    assert fit.log_likelihood == pytest.approx(expected["ll"], abs=1e-9)


def test_fit_is_the_maximum_of_the_plain_likelihood(cdnow, fitted):
    customers = cdnow[["frequency", "recency", "age"]].astype(float).to_numpy()

    def log_likelihood(parameters):
        return sum(plain_log_likelihood(parameters, customer) for customer in customers)

    best = log_likelihood(as_array(fitted))
    assert fitted.log_likelihood == pytest.approx(best, rel=1e-12)
    for i in range(4):
        for factor in (0.98, 1.02):
            assert log_likelihood(as_array(fitted) * np.where(np.arange(4) == i, factor, 1.0)) < best


def test_fit_recovers_the_population():
    rng = np.random.default_rng(7)
    n, weeks = 6000, 78.0
    rate, dropout = rng.gamma(0.8, 1 / 8.0, n), rng.beta(0.9, 2.5, n)
    frequency, recency, active, now = np.zeros(n), np.zeros(n), np.ones(n, bool), np.zeros(n)
    while active.any():
        now[active] += rng.exponential(1.0, active.sum()) / rate[active]
        active &= now <= weeks
        frequency[active] += 1
        recency[active] = now[active]
        active[active] = rng.random(active.sum()) >= dropout[active]
    fit = fit_bgnbd(frequency, recency, np.full(n, weeks))
    off = as_array(fit) - [0.8, 8.0, 0.9, 2.5]
    assert np.all(np.abs(off) < [0.045, 0.65, 0.15, 0.53])  # 3 standard errors, from repeated samples
    assert fit.mean_rate == pytest.approx(0.1, abs=0.0055)
    assert fit.mean_dropout == pytest.approx(0.9 / 3.4, abs=0.015)


def test_expected_purchases_agree_with_the_published_spreadsheet(fitted):
    """Fader & Hardie's spreadsheet, from unrounded parameters."""
    printed = {0.1429: 0.0078, 1.0: 0.0532, 3.0: 0.1506, 31.8571: 1.0405, 32.0: 1.0437, 78.0: 1.8576}
    assert expected_purchases(fitted, list(printed)) == pytest.approx(list(printed.values()), abs=4e-4)


def test_golden_numbers():
    assert expected_purchases(PUBLISHED, 52.0) == pytest.approx(1.446051, abs=5e-7)
    assert probability_alive(PUBLISHED, 2, 30.43, 38.86) == pytest.approx([0.726578570080673], rel=1e-12)
    ahead = conditional_expected_purchases(PUBLISHED, 39.0, 2, 30.43, 38.86)
    assert ahead == pytest.approx([1.226028174767135], rel=1e-12)


def test_functions_agree_with_the_reference(cdnow, cdnow_log, reference):
    theirs = reference("clv.json")["bgnbd"]
    for t, expected in theirs["EX_at_published"].items():
        assert expected_purchases(PUBLISHED, float(t)) == pytest.approx(expected, rel=1e-11)
    age, frequency = cdnow["age"].to_numpy(), cdnow["frequency"].to_numpy()
    for weeks, key in ((0.0, "expected_cum_repeat_wk39"), (39.0, "expected_cum_repeat_wk78")):
        assert expected_purchases(PUBLISHED, age + weeks).sum() == pytest.approx(theirs[key], rel=1e-11)
    ahead = conditional_expected_purchases(PUBLISHED, 39.0, frequency, cdnow["recency"], age)
    assert ahead.sum() == pytest.approx(theirs["total_pred_holdout"], rel=1e-11)
    bought = purchase_counts(cdnow_log, "1997-10-01", "1998-06-30").to_numpy()
    assert bought.sum() == theirs["total_actual_holdout"]
    for row in theirs["cond_exp_by_x"]:
        those = frequency >= TOP if row["x"] == "7+" else frequency == row["x"]
        assert those.sum() == row["n"]
        assert bought[those].mean() == pytest.approx(row["actual_holdout_mean"], rel=1e-12)
        assert ahead[those].mean() == pytest.approx(row["bgnbd_cond_exp"], rel=1e-11)


def test_fit_histogram_gives_the_published_chi_square(cdnow):
    """4.82 on 8 bins. The published weeks are rounded to two decimals."""
    age = cdnow["age"].round(2).to_numpy()
    expected = [bgnbd_probability(PUBLISHED, x, age).sum() for x in range(TOP)]
    expected = np.append(expected, len(age) - sum(expected))
    actual = np.bincount(cdnow["frequency"].clip(upper=TOP))
    assert list(actual) == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert expected[0] == pytest.approx(1406.5000429395664, rel=1e-12)
    assert expected[TOP] == pytest.approx(71.97204238247696, rel=1e-9)
    assert np.sum((actual - expected) ** 2 / expected) == pytest.approx(4.82, abs=0.006)


def test_probability_alive_by_hand():
    model = BGNBD(r=1.0, alpha=1.0, a=1.0, b=1.0)
    # (4/2)^2 = 4 to 1 that the silence since week 1 means drop-out; without a repeat purchase nobody leaves
    assert probability_alive(model, [1, 0], [1.0, 0.0], [3.0, 3.0]) == pytest.approx([0.2, 1.0])


def test_alive_falls_with_silence_and_is_certain_never_again():
    alive = probability_alive(PUBLISHED, [5, 5, 5], [10.0, 10.0, 10.0], [10.0, 20.0, 40.0])
    assert alive[0] == pytest.approx(1 / (1 + 0.793 / (2.426 + 4)))
    assert alive[0] > alive[1] > alive[2] > 0
    assert probability_alive(PUBLISHED, 2000, 1.0, 1e6) == pytest.approx([0.0], abs=1e-300)  # no overflow


parameters = {
    "r": floats(0.05, 5.0),
    "alpha": floats(0.5, 50.0),
    "a": floats(0.05, 5.0),
    "b": floats(0.05, 20.0),
}


@given(**parameters, t=floats(0.01, 100.0))
def test_expected_purchases_against_the_sum(r, alpha, a, b, t):
    expected = summed_expectation(r, alpha, a, b, t)
    assert expected_purchases(BGNBD(r, alpha, a, b), t) == pytest.approx(expected, rel=1e-10)


@given(**parameters, share=floats(0.01, 4.0))
@settings(max_examples=examples(50))
def test_probabilities_sum_to_one_and_to_the_expectation(r, alpha, a, b, share):
    model, x = BGNBD(r, alpha, a, b), np.arange(400)
    probability = bgnbd_probability(model, x, share * alpha)
    assert probability.min() >= 0
    assert probability.sum() == pytest.approx(1.0, rel=1e-9)
    assert np.sum(x * probability) == pytest.approx(expected_purchases(model, share * alpha), rel=1e-7)


@pytest.mark.parametrize("a", [0.4, 0.793, 1.7, 4.0])
def test_expected_purchases_are_the_published_closed_form(a):
    r, alpha, b, t = 0.243, 4.414, 2.426, 52.0
    series = hyp2f1(r, b, a + b - 1, t / (alpha + t))
    closed = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * series)
    assert expected_purchases(BGNBD(r, alpha, a, b), t) == pytest.approx(closed, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(1.0, 2.0), (0.5, 0.5), (0.25, 0.75), (1.0, 1.0)])
def test_poles_of_the_closed_form_are_no_gap(a, b):
    expected = summed_expectation(0.5, 10.0, a, b, 50.0)
    assert expected_purchases(BGNBD(0.5, 10.0, a, b), 50.0) == pytest.approx(expected, rel=1e-12)


def test_limits_of_expected_purchases():
    assert expected_purchases(PUBLISHED, 0.0) == 0.0
    short = expected_purchases(PUBLISHED, 1e-9) / 1e-9
    assert short == pytest.approx(PUBLISHED.mean_rate, rel=1e-8)
    loyal = BGNBD(r=0.5, alpha=5.0, a=1e-12, b=1.0)  # without drop-out: a Poisson process
    assert expected_purchases(loyal, 20.0) == pytest.approx(loyal.mean_rate * 20.0, rel=1e-9)
    once = BGNBD(r=2.0, alpha=5.0, a=1.0, b=1e-12)  # all leave after the first repeat purchase
    assert expected_purchases(once, 20.0) == pytest.approx(1 - (5 / 25) ** 2, rel=1e-9)
    assert expected_purchases(PUBLISHED, [[1.0, 2.0, 3.0]]).shape == (1, 3)


def test_a_customer_without_history_is_a_new_one():
    ahead = conditional_expected_purchases(PUBLISHED, 39.0, 0, 0.0, 0.0)
    assert ahead == pytest.approx([expected_purchases(PUBLISHED, 39.0)], rel=1e-13)


def test_frequent_buyers_do_not_overflow():
    heavy = BGNBD(r=300.2, alpha=10.0, a=0.793, b=302.4)
    assert expected_purchases(heavy, 200.0) == pytest.approx(1278.2114631170234, rel=1e-12)  # by long-double sum


def test_probability_before_any_time_has_passed():
    assert bgnbd_probability(PUBLISHED, [0, 1, 2], 0.0) == pytest.approx([1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("frequency", "recency", "age", "message"),
    [
        ([0, 0], [0, 0], [5, 9], "BG/NBD: no customer bought again; use a longer log"),
        ([1, 0], [2, 0], [9, 9], "BG/NBD: these purchases do not determine"),
        ([1], [9.5], [9.0], "recency[0] = 9.5 is past age[0] = 9 (weeks)"),
        ([1, 2], [1], [3, 3], "one number per customer is needed: frequency has 2, recency has 1, age has 2"),
        ([1.5], [1], [3], "frequency[0] = 1.5 is not a whole number of at least 0"),
        ([1], [float("nan")], [3], "recency[0] = nan is not a number of at least 0"),
    ],
)
def test_histories_that_cannot_be_fitted_are_refused(frequency, recency, age, message):
    with pytest.raises(Refusal) as refused:
        fit_bgnbd(frequency, recency, age)
    assert str(refused.value).startswith(message)


def test_without_a_sign_of_drop_out_the_fit_is_refused():
    age = np.full(200, 40.0)
    frequency = np.tile([1, 2, 4, 8], 50)
    with pytest.raises(Refusal, match="do not determine"):
        fit_bgnbd(frequency, age, age)  # everybody bought on the last day: nobody can have left


def test_model_is_positive_and_described(fitted):
    with pytest.raises(Refusal, match=r"BGNBD\.b = 0 is not a positive number"):
        BGNBD(1.0, 1.0, 1.0, 0.0)
    with pytest.raises(Refusal, match="t = -1 is not a number of at least 0"):
        expected_purchases(PUBLISHED, -1.0)
    assert fitted.describe() == (
        "BG/NBD over 2,357 customers: r = 0.2426, alpha = 4.414 weeks (0.05497 purchases per week), "
        "a = 0.7929, b = 2.426 (drop-out 0.2463 per purchase); log likelihood -9,582.43"
    )


@pytest.mark.parametrize("size", [1e2, 1e3, 1e5, 1e9])
@pytest.mark.parametrize("weeks", [1.0, 39.0, 5000.0])
def test_drop_out_that_is_nearly_alike_is_the_limit(size, weeks):
    """Of a = 200, b = 800 no purchases could be expected over 500 weeks: NaN."""
    r, alpha, p = 0.25, 4.4, 0.2
    found = expected_purchases(BGNBD(r, alpha, p * size, (1 - p) * size), weeks)
    spread = p * (1 - p) / (size + 1)  # variance of the drop-out probability, which the error goes with
    assert found == pytest.approx((1 - (alpha / (alpha + p * weeks)) ** r) / p, rel=1e-12 + 50 * spread)


@pytest.mark.parametrize(("a", "b"), [(5.0, 20.0), (5.0, 1.0), (1.0, 1000.0), (20.0, 80.0)])
@pytest.mark.parametrize("weeks", [1.0, 39.0])
def test_both_ways_to_expect_purchases_agree(monkeypatch, a, b, weeks):
    model = BGNBD(0.25, 4.4, a, b)
    averaged = expected_purchases(model, weeks)
    monkeypatch.setattr(bgnbd, "_LARGE_A", math.inf)
    monkeypatch.setattr(bgnbd, "_LARGE_B", math.inf)
    assert expected_purchases(model, weeks) == pytest.approx(averaged, rel=1e-11)
