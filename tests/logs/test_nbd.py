import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats
from scipy.stats import nbinom

from abm.core.errors import Refusal
from abm.logs.nbd import NBD, conditional_trend, fit_nbd, nbd_from_penetration, nbd_probability, repeat_norms
from abm.logs.purchases import purchase_counts

shapes = floats(0.02, 20.0)
rates = floats(0.05, 50.0)
windows = floats(0.05, 50.0)


def test_norms_by_hand():
    norms = repeat_norms(NBD(r=1.0, alpha=4.0), window=4.0)  # k = 1, a = 1, m = 1
    assert norms.penetration == pytest.approx(1 / 2)
    assert norms.purchase_frequency == pytest.approx(2.0)
    assert norms.repeat_penetration == pytest.approx(1 - 2 / 2 + 1 / 3)
    assert norms.repeat_share == pytest.approx(2 / 3)
    assert norms.repeat_frequency == pytest.approx((1 - 1 / 4) / (1 / 3))
    assert norms.new_penetration == pytest.approx(1 / 6)
    assert norms.new_frequency == pytest.approx((1 / 4) / (1 / 6))


def test_ehrenbergs_promotion():
    """Worked case of Ehrenberg 1988: b = .11, w = 1.9; printed 58 %, 2.3 and 5 % from rounded inputs."""
    norms = repeat_norms(nbd_from_penetration(0.11, 1.9), window=1.0)
    assert norms.repeat_share == pytest.approx(0.58, abs=0.015)
    assert norms.repeat_frequency == pytest.approx(2.3, abs=0.05)
    assert norms.new_penetration == pytest.approx(0.05, abs=0.005)
    assert norms.repeat_share == pytest.approx(0.56772804731857, rel=1e-12)
    assert norms.repeat_frequency == pytest.approx(2.3282990264364347, rel=1e-12)
    assert norms.new_penetration == pytest.approx(0.04754991479495729, rel=1e-12)
    assert norms.new_frequency == pytest.approx(1.3374898291714972, rel=1e-12)


def test_norms_of_other_windows_agree_with_the_reference(reference):
    case = reference("nbd.json")["b0.11_w1.9"]
    model = nbd_from_penetration(case["b"], case["w"])
    assert model.r == pytest.approx(case["k"], rel=1e-13)
    assert 1.0 / model.alpha == pytest.approx(case["a"], rel=1e-13)
    for window, expected in case["by_T"].items():
        norms = repeat_norms(model, float(Fraction(window)))
        ours = {
            "b": norms.penetration,
            "w": norms.purchase_frequency,
            "bR_pct_of_buyers": norms.repeat_share,
            "w_R": norms.repeat_frequency,
            "bN": norms.new_penetration,
            "w_N": norms.new_frequency,
        }
        assert ours == pytest.approx(expected, rel=1e-11)


def test_brand_e_agrees_with_the_reference(reference):
    """Appendix A prints m = .21, k = .0396 and a = 5.34, which rounds m / k = 5.30: m is .21 only to 1 %."""
    brand = NBD(r=0.0396, alpha=1 / 5.34)
    for window, expected in reference("nbd.json")["brandE_m.21_k.0396"].items():
        norms = repeat_norms(brand, float(window))
        assert norms.penetration == pytest.approx(expected["b"], rel=1e-12)
        assert norms.purchase_frequency * 0.21 / brand.mean_rate == pytest.approx(expected["w"], rel=1e-12)


@given(shapes, rates, windows)
def test_repeat_and_new_buyers_make_up_the_market(r, alpha, window):
    norms = repeat_norms(NBD(r, alpha), window)
    mean = r * window / alpha
    assert norms.repeat_penetration + norms.new_penetration == pytest.approx(norms.penetration, rel=1e-12)
    bought = norms.repeat_penetration * norms.repeat_frequency + norms.new_penetration * norms.new_frequency
    assert bought == pytest.approx(mean, rel=1e-9)
    assert norms.penetration * norms.purchase_frequency == pytest.approx(mean, rel=1e-12)
    assert 0 < norms.repeat_share <= 1
    # those who return are the heavier buyers
    assert norms.new_frequency <= norms.purchase_frequency * (1 + 1e-9)
    assert norms.repeat_frequency >= norms.purchase_frequency * (1 - 1e-9)


def test_norms_from_the_joint_distribution_of_two_windows():
    """Sum over the first window's count x: given it, the second is NBD with r + x and alpha + t."""
    model, window = NBD(0.7, 3.0), 2.0
    x = np.arange(400)
    first = nbinom.pmf(x, model.r, model.alpha / (model.alpha + window))
    none = ((model.alpha + window) / (model.alpha + 2 * window)) ** (model.r + x)
    norms = repeat_norms(model, window)
    assert norms.repeat_penetration == pytest.approx(np.sum(first[1:] * (1 - none[1:])), rel=1e-12)
    assert norms.new_penetration == pytest.approx(first[0] * (1 - none[0]), rel=1e-12)
    second = conditional_trend(model, x, window)
    assert norms.new_penetration * norms.new_frequency == pytest.approx(first[0] * second[0], rel=1e-12)


def test_conditional_trend_by_hand_and_in_the_mean():
    model = NBD(r=0.5, alpha=3.0)
    assert conditional_trend(model, [0, 4], window=1.0) == pytest.approx([0.125, 1.125])
    x = np.arange(200)
    mean = np.sum(nbd_probability(model, x, 1.0) * conditional_trend(model, x, 1.0))
    assert mean == pytest.approx(model.mean_rate, rel=1e-12)


@given(shapes, rates, windows)
def test_probability_is_the_negative_binomial(r, alpha, window):
    x = np.arange(60)
    expected = nbinom.pmf(x, r, alpha / (alpha + window))
    assert nbd_probability(NBD(r, alpha), x, window) == pytest.approx(expected, rel=1e-8, abs=1e-280)


@given(shapes, rates, windows)
def test_penetration_and_frequency_give_the_model_back(r, alpha, window):
    if r * window / alpha > 200 or r * math.log1p(window / alpha) > 20:
        return  # everybody buys: the penetration rounds to 1 and holds no information
    norms = repeat_norms(NBD(r, alpha), window)
    again = repeat_norms(nbd_from_penetration(norms.penetration, norms.purchase_frequency, window), window)
    assert again.penetration == pytest.approx(norms.penetration, rel=1e-9)
    assert again.purchase_frequency == pytest.approx(norms.purchase_frequency, rel=1e-9)


def test_the_window_sets_the_unit_of_alpha():
    weekly, quarterly = (
        nbd_from_penetration(0.3, 2.0, window=1.0),
        nbd_from_penetration(0.3, 2.0, window=13.0),
    )
    assert quarterly.r == pytest.approx(weekly.r)
    assert quarterly.alpha == pytest.approx(13 * weekly.alpha)


@pytest.mark.parametrize(
    ("b", "w", "message"),
    [
        (0.0, 2.0, "penetration = 0 is outside (0, 1) (share of customers)"),
        (1.0, 2.0, "penetration = 1 is outside (0, 1) (share of customers)"),
        (float("nan"), 2.0, "penetration = nan is outside (0, 1) (share of customers)"),
        (
            0.5,
            1.3,
            "purchase_frequency = 1.3 is too low for penetration 0.5: alike customers would give 1.386",
        ),
        (0.5, -1.0, "nbd_from_penetration.purchase_frequency = -1 is not a positive number"),
    ],
)
def test_impossible_markets_are_refused(b, w, message):
    with pytest.raises(Refusal) as refused:
        nbd_from_penetration(b, w)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("window", [39.0, np.tile([10.0, 20.0, 30.0, 80.0], 25)])
def test_fit_is_the_maximum_of_the_negative_binomial(window):
    counts = np.repeat([0, 1, 2, 3, 4, 7], [60, 21, 9, 5, 3, 2])
    fit = fit_nbd(counts, window)

    def log_likelihood(r, alpha):
        return nbinom.logpmf(counts, r, alpha / (alpha + window)).sum()

    assert fit.n == 100
    assert fit.log_likelihood == pytest.approx(log_likelihood(fit.r, fit.alpha), rel=1e-12)
    for r, alpha in [(1.001, 1), (0.999, 1), (1, 1.001), (1, 0.999), (1.001, 1.001), (0.999, 0.999)]:
        assert log_likelihood(fit.r * r, fit.alpha * alpha) < fit.log_likelihood


def test_fitted_mean_is_the_mean_count():
    counts = np.repeat([0, 1, 2, 3, 4, 7], [60, 21, 9, 5, 3, 2])
    assert fit_nbd(counts, 39.0).mean_rate * 39.0 == pytest.approx(counts.mean(), rel=1e-12)


def test_fit_does_not_depend_on_the_unit_of_time_or_the_order():
    counts = np.repeat([0, 1, 2, 5], [50, 20, 10, 5])
    weeks, days = fit_nbd(counts, 4.0), fit_nbd(counts[::-1], 28.0)
    assert days.r == pytest.approx(weeks.r, rel=1e-9)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-9)


def test_fit_recovers_the_population_from_unequal_windows():
    rng = np.random.default_rng(20)
    window = rng.uniform(5.0, 40.0, 20_000)
    counts = rng.poisson(rng.gamma(0.8, 1 / 6.0, window.size) * window)
    fit = fit_nbd(counts, window)
    assert fit.r == pytest.approx(0.8, abs=0.03)  # 3 standard errors
    assert fit.alpha == pytest.approx(6.0, abs=0.3)


def test_nearly_alike_customers_are_still_fitted():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1000.0, 1 / 1000.0, 50_000) * 30.0)
    fit = fit_nbd(counts)
    assert 600 < fit.r < 1500
    assert fit.mean_rate == pytest.approx(counts.mean(), rel=1e-9)


def test_fit_of_cdnow_holdout(cdnow_log):
    counts = purchase_counts(cdnow_log, "1997-10-01", "1998-06-30")
    fit = fit_nbd(counts, window=39.0)
    share_of_buyers = repeat_norms(fit, 39.0).penetration
    assert fit.mean_rate * 39.0 == pytest.approx(1882 / 2357, rel=1e-12)
    assert share_of_buyers == pytest.approx((counts > 0).mean(), abs=0.01)


@pytest.mark.parametrize(
    ("counts", "window", "message"),
    [
        ([0, 0, 0], 1.0, "NBD: no customer bought in the window"),
        ([1, 1, 2, 1], 1.0, "NBD: the counts vary no more than Poisson counts of one rate"),
        ([1, -1], 1.0, "counts[1] = -1 is not a whole number of at least 0"),
        ([1, 2.5], 1.0, "counts[1] = 2.5 is not a whole number of at least 0"),
        ([0, 5], 0.0, "window[0] = 0 is not a positive number of weeks"),
        ([0, 5], [1.0], "one number per customer is needed: counts has 2, window has 1"),
    ],
)
def test_counts_that_cannot_be_fitted_are_refused(counts, window, message):
    with pytest.raises(Refusal) as refused:
        fit_nbd(counts, window)
    assert str(refused.value).startswith(message)


def test_model_is_positive_and_described():
    with pytest.raises(Refusal, match=r"NBD\.alpha = -1 is not a positive number"):
        NBD(r=1.0, alpha=-1.0)
    assert NBD(0.5, 2.0).describe() == "NBD: r = 0.5, alpha = 2 weeks (0.25 purchases per week)"
