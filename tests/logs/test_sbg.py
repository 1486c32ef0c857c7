"""Contract customers whose own chances of leaving never change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers
from scipy.optimize import approx_fprime
from scipy.stats import betabinom

from abm.core.errors import Refusal
from abm.logs.sbg import SBG, expected_renewals, fit_sbg, fit_survivors, retention, survival

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]  # of 1,000 customers, Fader & Hardie 2007, years 0-7
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
shape = floats(0.05, 50.0)


@pytest.mark.parametrize(
    ("survivors", "a", "b", "customer"), [(HIGH_END, 0.668, 3.806, -1.611), (REGULAR, 0.704, 1.182, -1.6803)]
)
def test_fits_are_the_published_ones(survivors, a, b, customer):
    """The log likelihood of a Regular customer is worked out, all else printed."""
    found = fit_survivors(survivors)
    assert (found.a, found.b) == pytest.approx((a, b), abs=6e-4)
    assert found.log_likelihood / 1000 == pytest.approx(customer, abs=6e-4)
    assert found.n == 1000


def test_projection_and_remaining_lifetime_are_the_published_ones():
    found = fit_survivors(HIGH_END)
    assert abs(survival(found, 12) / 0.394 - 1) == pytest.approx(0.04, abs=5e-3)
    assert abs(survival(fit_survivors(REGULAR), 12) / 0.173 - 1) == pytest.approx(0.02, abs=5e-3)
    assert retention(found, [1, 12]) == pytest.approx([0.8506792675653335, 0.95682561025581], rel=1e-6)
    # 7.530 is in a text about their later paper, for n = 7 at a tenth a year: n are the renewals made
    assert expected_renewals(SBG(0.668, 3.806), 7, 0.1) == pytest.approx(7.530, abs=6e-4)


def test_by_hand():
    model = SBG(1.0, 1.0)  # all chances equally likely: S(t) = 1 / (1 + t)
    assert survival(model, [0, 1, 2, 9]) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 10])
    assert retention(model, [1, 2]) == pytest.approx([1 / 2, 2 / 3])
    assert expected_renewals(model, 0) == np.inf
    assert expected_renewals(SBG(3.0, 2.0), 4) == pytest.approx(6 / 2)


@given(shape, shape, integers(1, 60))
def test_retention_rises_and_survival_is_its_product(a, b, t):
    model, upto = SBG(a, b), np.arange(1, t + 1)
    rates = retention(model, upto)
    assert (np.diff(rates) > 0).all()
    assert survival(model, t) == pytest.approx(rates.prod(), rel=1e-9)
    assert survival(model, t) == pytest.approx(betabinom(t, a, b).pmf(0), rel=1e-8)


@given(shape, shape, integers(0, 10), floats(0.05, 1.0))
def test_expected_renewals_are_the_discounted_sum(a, b, t, discount):
    model, ahead = SBG(a, b), np.arange(1, 2000)
    terms = survival(model, t + ahead) / survival(model, t) * np.exp(-(ahead - 1) * np.log1p(discount))
    assert expected_renewals(model, t, discount) == pytest.approx(terms.sum(), rel=1e-9)


def test_gradient_leads_to_the_top_of_the_likelihood():
    def value(point):
        times, left = np.arange(1, 8), -np.diff(HIGH_END)
        model = SBG(*point)
        ends = survival(model, times - 1) - survival(model, times)
        return left @ np.log(ends) + HIGH_END[-1] * np.log(survival(model, 7))

    found = fit_survivors(HIGH_END)
    at = np.array([found.a, found.b])
    assert value(at) == pytest.approx(found.log_likelihood, rel=1e-12)
    assert approx_fprime(at, value, 1e-6) == pytest.approx([0, 0], abs=1e-2)
    bent = approx_fprime(np.log(at), lambda p: approx_fprime(p, lambda q: value(np.exp(q)), 1e-5), 1e-4)
    assert found.covariance == pytest.approx(np.linalg.inv(-bent), rel=0.02)


def simulated(rng, customers, a, b):
    """Return renewals and whether she left, of cohorts watched for 3 to 9 renewals."""
    chance, watched = rng.beta(a, b, customers), rng.integers(3, 10, customers)
    leaves = rng.geometric(np.maximum(chance, 1e-12))
    return np.minimum(leaves, watched), (leaves <= watched).astype(int)


def test_cohorts_of_different_age_give_back_what_made_them():
    rng = np.random.default_rng(2007)
    found = [fit_sbg(*simulated(rng, 4000, 1.2, 4.0)) for _ in range(40)]
    off = np.array([np.log([one.a, one.b]) for one in found]) - np.log([1.2, 4.0])
    errors = np.sqrt(np.mean([np.diagonal(one.covariance) for one in found], axis=0))
    assert np.all(np.abs(off.mean(axis=0)) < 3.5 * errors / np.sqrt(40))
    assert off.std(axis=0) == pytest.approx(errors, rel=0.35)  # the sd of 40 is 11 % off; three times that


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_survivors([10, 10, 10]), "somebody must have left, and somebody renewed"),
        (lambda: fit_survivors([10, 0]), "somebody must have left, and somebody renewed"),
        (lambda: fit_survivors([10, 8, 9]), "survivors[2] = 9: at least 2 numbers are needed, none above the one"),
        (lambda: fit_survivors([10]), "survivors[0] = 10: at least 2 numbers are needed"),
        (lambda: fit_survivors([1000, 500, 250, 125]), "sBG: these purchases do not determine"),
        (lambda: fit_sbg([1, 0], [1, 1]), "renewals[1] = 0 is not 1 or more of who has left"),
        (lambda: fit_sbg([1, 2], [1, 2]), "left[1] = 2 is not 0 or 1"),
        (lambda: fit_sbg([1, 2], [1]), "one number per customer is needed: renewals has 2, left has 1"),
        (lambda: SBG(0.0, 1.0), "SBG.a = 0 is not a positive number"),
        (lambda: retention(SBG(1.0, 1.0), 0), "t = 0 is not a whole number of at least 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(Refusal) as refused:
        call()
    assert message in str(refused.value)


def test_description():
    assert fit_survivors(HIGH_END).describe() == (
        "sBG over 1,000 customers: a = 0.6681, b = 3.806 (0.1493 leave at the first renewal); log likelihood -1,611.16"
    )
