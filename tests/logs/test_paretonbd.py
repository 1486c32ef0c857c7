"""Customers who may leave at any moment: against the published fit, the closed form and customers made by the model."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import gammaln, hyp2f1

from abm.core.errors import Refusal
from abm.logs import paretonbd
from abm.logs.paretonbd import (
    ParetoNBD,
    alive_paretonbd,
    conditional_paretonbd,
    expected_paretonbd,
    fit_paretonbd,
    paretonbd_probability,
)
from abm.logs.purchases import purchase_counts
from tests.examples import examples
from tests.logs.recovery import assert_given_back

PUBLISHED = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)  # Fader, Hardie & Lee 2005, CDNOW
shape, weeks = floats(0.05, 8.0), floats(0.2, 60.0)


def as_array(model):
    return np.array([model.r, model.alpha, model.s, model.beta])


def plain(parameters, x, t_x, t):
    """The log likelihood of one customer and her chance of being there, the integral by adaptive quadrature."""
    r, alpha, s, beta = parameters

    def log_density(y):
        return -(r + x) * np.log(alpha + y) - (s + 1) * np.log(beta + y)

    there = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
    top = max(there, log_density(t_x))
    ends = t_x + (t - t_x) * np.array([0, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 1])
    gone = s * sum(
        quad(lambda y: np.exp(log_density(y) - top), *pair, epsabs=0, epsrel=1e-12)[0] for pair in pairwise(ends)
    )
    whole = np.exp(there - top) + gone
    scale = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return scale + top + np.log(whole), np.exp(there - top) / whole


@pytest.fixture(scope="module")
def fitted(cdnow):
    return fit_paretonbd(cdnow["frequency"], cdnow["recency"], cdnow["age"])


def test_fit_of_cdnow_is_the_published_one(fitted):
    assert as_array(fitted) == pytest.approx(as_array(PUBLISHED), abs=6e-4)
    assert fitted.log_likelihood == pytest.approx(-9595.0, abs=0.06)
    assert fitted.n == 2357


def test_fit_of_rounded_weeks_is_that_of_the_public_summary(cdnow):
    """Worked out from the published formulas by code that is no part of this package."""
    fit = fit_paretonbd(cdnow["frequency"], cdnow["recency"].round(2), cdnow["age"].round(2))
    assert as_array(fit) == pytest.approx(
        [0.5532755718567249, 10.577613545646292, 0.6062134903312738, 11.667907707276882], rel=1e-6
    )
    assert fit.log_likelihood == pytest.approx(-9594.973929826863, abs=1e-8)
    purchases = [0.050979843245990884, 0.23357292415372882, 0.3911585847276082, 1.2130028442810157, 1.9093981293136852]
    assert expected_paretonbd(PUBLISHED, [1, 5, 9, 39, 78]) == pytest.approx(purchases, rel=1e-10)


def test_histogram_and_holdout_of_the_zero_class_are_the_published_ones(cdnow, cdnow_log):
    age = cdnow["age"].round(2).to_numpy()
    expected = [paretonbd_probability(PUBLISHED, x, age).sum() for x in range(7)]
    expected = np.append(expected, len(age) - sum(expected))
    actual = np.bincount(cdnow["frequency"].clip(upper=7))
    assert np.sum((actual - expected) ** 2 / expected) == pytest.approx(11.99, abs=0.006)
    ahead = conditional_paretonbd(PUBLISHED, 39.0, cdnow["frequency"], cdnow["recency"], cdnow["age"])
    bought = purchase_counts(cdnow_log, "1997-10-01", "1998-06-30").to_numpy()
    assert ahead[cdnow["frequency"] == 0].mean() == pytest.approx(0.14, abs=0.005)
    assert np.corrcoef(ahead, bought)[0, 1] == pytest.approx(0.630, abs=6e-4)
    by_week_78 = expected_paretonbd(PUBLISHED, cdnow["age"] + 39.0).sum()
    assert by_week_78 / (cdnow["frequency"].sum() + bought.sum()) - 1 == pytest.approx(-0.02, abs=0.005)


def test_a_frequent_buyer_is_as_a_walkthrough_of_an_r_package_has_her(fitted):
    """Of 26 repeat purchases, the last in week 30.86 of 31: seen in an implementation that compares itself with it."""
    assert conditional_paretonbd(fitted, 52.0, 26, 30.86, 31.0) == pytest.approx([25.46], abs=0.01)
    rounded = ParetoNBD(0.5534, 10.5802, 0.6061, 11.6562)
    assert alive_paretonbd(rounded, 26, 30.86, 31.0) == pytest.approx([0.9979], abs=6e-5)


@given(shape, weeks, shape, weeks, integers(0, 60), floats(0, 1), floats(0.01, 200.0))
@settings(max_examples=examples(100))
def test_likelihood_and_alive_are_those_of_the_integral(r, alpha, s, beta, x, last, t):
    t_x = last * t if x else 0.0
    value, alive = plain((r, alpha, s, beta), x, t_x, t)
    data = [np.array([float(one)]) for one in (x, t_x, t)]
    found, _ = paretonbd._log_likelihood(np.array([r, alpha, s, beta]), *data)
    assert found == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert alive_paretonbd(ParetoNBD(r, alpha, s, beta), *data) == pytest.approx([alive], rel=1e-8)


@pytest.mark.parametrize("parameters", [(0.553, 10.578, 0.606, 11.669), (0.8, 12.0, 0.5, 3.0)])
def test_likelihood_is_the_published_form_with_hypergeometric_functions(parameters):
    r, alpha, s, beta = parameters
    big, small = max(alpha, beta), min(alpha, beta)
    for x, t_x, t in ((2, 30.43, 38.86), (0, 0.0, 27.0), (5, 10.0, 39.0)):
        power, other = r + s + x, s + 1 if alpha >= beta else r + x

        def part(at, power=power, other=other):
            return hyp2f1(power, other, power + 1, (big - small) / (big + at)) / (big + at) ** power

        whole = (alpha + t) ** -(r + x) * (beta + t) ** -s + s / power * (part(t_x) - part(t))
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.log(whole)
        data = [np.array([float(one)]) for one in (x, t_x, t)]
        assert paretonbd._log_likelihood(np.array(parameters), *data)[0] == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize("at", [(0.6, 10.0, 0.7, 3.0), (0.6, 3.0, 0.7, 20.0)])
def test_gradient_is_that_of_the_likelihood(cdnow, at):
    data = [cdnow[name].to_numpy(float)[:300] for name in ("frequency", "recency", "age")]
    _, gradient = paretonbd._log_likelihood(np.array(at), *data)
    numeric = approx_fprime(np.array(at), lambda point: paretonbd._log_likelihood(point, *data)[0], 1e-6)
    assert gradient == pytest.approx(numeric, rel=1e-4, abs=1e-3)


@given(shape, weeks, shape, weeks, floats(0.5, 200.0))
@settings(max_examples=examples(50))
def test_probabilities_sum_to_one_and_to_the_expectation(r, alpha, s, beta, t):
    model, most = ParetoNBD(r, alpha, s, beta), int(200 + 60 * (r + 5) * t / alpha)
    x = np.arange(min(most, 60_000))
    probability = paretonbd_probability(model, x, t)
    assert probability.min() >= 0
    assert probability.sum() == pytest.approx(1.0, rel=1e-8)
    assert x @ probability == pytest.approx(expected_paretonbd(model, t), rel=1e-6)


def made(rng, customers, r, alpha, s, beta):
    """Return x, t_x and T of customers of the model, watched for one to two years."""
    rate, leaving, age = (draw(customers) for draw in (
        lambda n: rng.gamma(r, 1 / alpha, n), lambda n: rng.gamma(s, 1 / beta, n), lambda n: rng.uniform(52, 104, n)
    ))  # fmt: skip
    end = np.minimum(age, rng.exponential(1.0, customers) / leaving)
    x = rng.poisson(rate * end)
    # the last of x moments, all as likely, is the largest of x uniforms
    return x, np.where(x > 0, end * rng.random(customers) ** (1 / np.maximum(x, 1)), 0.0), age


@pytest.mark.endurance
def test_customers_give_back_what_made_them():
    """40 samples: their mean is on the truth, and they scatter as the standard errors say."""
    rng, truth = np.random.default_rng(1987), np.array([0.8, 8.0, 1.2, 25.0])
    assert_given_back(lambda: fit_paretonbd(*made(rng, 2000, *truth)), truth, as_array)


def test_limits():
    assert expected_paretonbd(PUBLISHED, 0.0) == 0.0
    log = ParetoNBD(0.5, 5.0, 1.0, 7.0)  # s = 1, where the printed form divides by 0
    assert expected_paretonbd(log, 20.0) == pytest.approx(0.5 * 7 / 5 * np.log1p(20 / 7), rel=1e-13)
    stays = ParetoNBD(0.5, 5.0, 1e-12, 7.0)
    assert expected_paretonbd(stays, 20.0) == pytest.approx(2.0, rel=1e-9)
    assert alive_paretonbd(stays, [0, 3], [0.0, 1.0], [50.0, 50.0]) == pytest.approx([1.0, 1.0])
    assert alive_paretonbd(PUBLISHED, [3], [50.0], [50.0]) == pytest.approx([1.0])  # bought on the last day
    new = conditional_paretonbd(PUBLISHED, 39.0, 0, 0.0, 0.0)
    assert new == pytest.approx([expected_paretonbd(PUBLISHED, 39.0)], rel=1e-13)
    assert paretonbd_probability(PUBLISHED, [0, 1], 0.0) == pytest.approx([1.0, 0.0])


def test_refusals_and_description(fitted):
    with pytest.raises(Refusal, match="Pareto/NBD: no customer bought again"):
        fit_paretonbd([0, 0], [0, 0], [5, 9])
    with pytest.raises(Refusal, match="do not determine"):
        fit_paretonbd(np.tile([1, 2, 4, 8], 50), np.full(200, 40.0), np.full(200, 40.0))
    with pytest.raises(Refusal, match=r"ParetoNBD\.beta = 0 is not a positive number"):
        ParetoNBD(1.0, 1.0, 1.0, 0.0)
    with pytest.raises(Refusal, match=r"recency\[0\] = 9.5 is past age\[0\] = 9"):
        fit_paretonbd([1], [9.5], [9.0])
    assert fitted.describe() == (
        "Pareto/NBD over 2,357 customers: r = 0.5533, alpha = 10.58 weeks (0.05231 purchases per week), "
        "s = 0.6062, beta = 11.67 weeks (leaving at 0.05195 per week); log likelihood -9,594.98"
    )
