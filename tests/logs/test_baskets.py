import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers
from scipy.integrate import quad
from scipy.stats import gamma, multivariate_normal

from abm.core.errors import Refusal
from abm.logs.baskets import (
    GammaGamma,
    LognormalBaskets,
    expected_mean_amount,
    fit_gamma_gamma,
    fit_lognormal_baskets,
)
from abm.logs.purchases import purchase_days

PUBLISHED = GammaGamma(p=6.25, q=3.74, v=15.44)  # Fader & Hardie 2013, note 025, CDNOW


@pytest.fixture(scope="module")
def repeaters(cdnow):
    return cdnow[cdnow["frequency"] > 0]


def test_fit_of_cdnow_is_the_published_one(cdnow):
    fit = fit_gamma_gamma(cdnow["frequency"], cdnow["mean_amount"])
    assert (fit.p, fit.q, fit.v) == pytest.approx((6.25, 3.74, 15.44), abs=0.005)
    assert fit.log_likelihood == pytest.approx(-4055.92, abs=0.005)
    assert fit.correlation == pytest.approx(0.1139, abs=5e-5)
    assert fit.n == 946


def test_fit_of_spend_in_cents_is_that_of_the_public_summary(repeaters, reference):
    """The customer summary in circulation, on which the reference rests, rounds to the cent, halves up."""
    expected = reference("clv.json")["gammagamma"]
    cents = np.rint(repeaters["mean_amount"] * repeaters["frequency"] * 100).astype(int)
    twice = 2 * repeaters["frequency"]
    rounded = (2 * cents + repeaters["frequency"]) // twice / 100
    fit = fit_gamma_gamma(repeaters["frequency"], rounded)
    assert (fit.p, fit.q, fit.v) == pytest.approx(expected["params"], rel=1e-6)
    assert fit.log_likelihood == pytest.approx(expected["ll"], abs=1e-9)
    assert fit.correlation == pytest.approx(expected["corr_x_z"], rel=1e-12)
    assert fit.n == expected["n"]


def test_mean_basket_of_the_population():
    assert PUBLISHED.population_mean == pytest.approx(35.21897810218978, rel=1e-15)
    assert GammaGamma(6.0, 1.0, 15.0).population_mean == math.inf
    over_customers = gamma.expect(lambda level: 6.25 * 15.44 / level, args=(3.74,))  # p v / Gamma(q, 1)
    assert PUBLISHED.population_mean == pytest.approx(over_customers, rel=1e-7)


def test_expected_mean_amount_by_hand():
    model = GammaGamma(p=6.0, q=4.0, v=15.0)
    expected = expected_mean_amount(model, [0, 2], [np.nan, 40.0])
    assert expected == pytest.approx([6 * 15 / 3, 6 * (15 + 80) / (12 + 3)])


@given(x=integers(1, 50), z=floats(0.5, 500.0))
def test_expected_mean_amount_lies_between_own_and_all(x, z):
    (expected,) = expected_mean_amount(PUBLISHED, x, z)
    low, high = sorted((z, PUBLISHED.population_mean))
    assert low * (1 - 1e-12) <= expected <= high * (1 + 1e-12)


def simulated_spend(n, seed):
    rng = np.random.default_rng(seed)
    x = 1 + rng.poisson(3.0, n)
    level = rng.gamma(4.0, 1 / 15.0, n)
    return x, rng.gamma(6.0 * x) / (level * x)


def test_gamma_gamma_likelihood_is_the_mixture():
    """Integrate the customer's level out by quadrature."""
    x, z = simulated_spend(25, seed=3)
    fit = fit_gamma_gamma(x, z)

    def density(x, z):
        def joint(level):
            return gamma.pdf(z, fit.p * x, scale=1 / (level * x)) * gamma.pdf(level, fit.q, scale=1 / fit.v)

        return quad(joint, 0.0, 3.0, epsrel=1e-11, limit=200)[0]

    total = sum(math.log(density(*customer)) for customer in zip(x, z, strict=True))
    assert fit.log_likelihood == pytest.approx(total, rel=1e-9)


def test_gamma_gamma_recovers_the_population():
    fit = fit_gamma_gamma(*simulated_spend(20_000, seed=4))  # within 3 standard errors
    assert fit.p == pytest.approx(6.0, abs=0.9)
    assert fit.q == pytest.approx(4.0, abs=0.17)
    assert fit.v == pytest.approx(15.0, abs=3.0)
    assert fit.population_mean == pytest.approx(30.0, abs=0.33)


def test_gamma_gamma_in_another_currency():
    x, z = simulated_spend(500, seed=5)
    ours, theirs = fit_gamma_gamma(x, z), fit_gamma_gamma(x, 7.3 * z)
    assert (theirs.p, theirs.q, theirs.v) == pytest.approx((ours.p, ours.q, 7.3 * ours.v), rel=1e-8)


def test_customers_who_did_not_pay_are_left_out():
    x, z = simulated_spend(200, seed=6)
    fit = fit_gamma_gamma(x, z)
    more = fit_gamma_gamma(np.append(x, [0, 3]), np.append(z, [np.nan, 0.0]))
    assert (more.p, more.q, more.v, more.n) == (fit.p, fit.q, fit.v, 200)


@pytest.mark.parametrize(
    ("frequency", "spend", "message"),
    [
        ([0, 0], [np.nan, np.nan], "Gamma-Gamma: at least two customers"),
        ([1, 2], [5.0, 5.0], "Gamma-Gamma: at least two customers with different mean spend"),
        ([1, 2], [5.0, np.nan], "mean_amount[1] = nan is not a number of at least 0"),
        ([1, 2], [5.0, -1.0], "mean_amount[1] = -1 is not a number of at least 0"),
        ([1, 2], [5.0], "one number per customer is needed: frequency has 2, mean_amount has 1"),
        ([100, 100, 100], [5.0, 5.001, 4.999], "Gamma-Gamma: these purchases do not determine"),
    ],
)
def test_spend_that_cannot_be_fitted_is_refused(frequency, spend, message):
    with pytest.raises(Refusal) as refused:
        fit_gamma_gamma(frequency, spend)
    assert str(refused.value).startswith(message)


def test_infinite_mean_is_refused():
    with pytest.raises(Refusal, match=r"q = 0\.9 is not above 1: the mean basket is infinite"):
        expected_mean_amount(GammaGamma(6.0, 0.9, 15.0), 1, 30.0)


def test_lognormal_baskets_by_hand():
    """Balanced analysis of variance: three customers about ln 1, 2, 3, two baskets each, d off the middle."""
    d = 0.3
    logs = np.array([1 - d, 1 + d, 2 - d, 2 + d, 3 - d, 3 + d])
    fit = fit_lognormal_baskets(["p", "p", "q", "q", "r", "r"], np.exp(logs))
    within = 6 * d**2 / 3  # squares about customers' means over 3 degrees of freedom
    between = 2 / 3 - within / 2  # mean square of customers' means, less what chance puts there
    assert fit.mu == pytest.approx(2.0)
    assert fit.sigma_within == pytest.approx(math.sqrt(within), rel=1e-10)
    assert fit.sigma == pytest.approx(math.sqrt(between), rel=1e-10)
    assert (fit.n, fit.baskets) == (3, 6)
    assert fit.median == pytest.approx(math.exp(2.0 + within / 2))
    assert fit.population_mean == pytest.approx(math.exp(2.0 + within / 2 + between / 2))


def test_lognormal_likelihood_is_the_multivariate_normal():
    rng = np.random.default_rng(8)
    customer = np.repeat(np.arange(40), rng.integers(1, 6, 40))
    logs = 3.0 + 0.6 * rng.normal(size=40)[customer] + 0.4 * rng.normal(size=customer.size)
    fit = fit_lognormal_baskets(customer, np.exp(logs))

    def log_likelihood(mu, sigma, within):
        total = -logs.sum()  # density of the amounts, not of their logarithms
        for label in range(40):
            own = logs[customer == label]
            spread = sigma**2 * np.ones((own.size, own.size)) + within**2 * np.eye(own.size)
            total += multivariate_normal.logpdf(own, np.full(own.size, mu), spread)
        return total

    best = log_likelihood(fit.mu, fit.sigma, fit.sigma_within)
    assert fit.log_likelihood == pytest.approx(best, rel=1e-12)
    for mu, sigma, within in [
        (1.001, 1, 1),
        (0.999, 1, 1),
        (1, 1.01, 1),
        (1, 0.99, 1),
        (1, 1, 1.01),
        (1, 1, 0.99),
    ]:
        assert log_likelihood(fit.mu * mu, fit.sigma * sigma, fit.sigma_within * within) < best


def test_chance_is_not_taken_for_customers():
    rng = np.random.default_rng(9)
    customer = np.repeat(np.arange(3000), 3)
    logs = 3.0 + 0.3 * rng.normal(size=3000)[customer] + 0.9 * rng.normal(size=customer.size)
    fit = fit_lognormal_baskets(customer, np.exp(logs))
    assert fit.sigma == pytest.approx(0.3, abs=0.04)
    assert fit.sigma_within == pytest.approx(0.9, abs=0.02)
    assert np.std(logs.reshape(3000, 3).mean(axis=1)) > 0.55  # the spread of customers' means, twice too large


def test_alike_customers_have_no_spread():
    fit = fit_lognormal_baskets([1, 1, 2, 2], [1.0, 4.0, 1.0, 4.0])
    assert fit.sigma == 0.0
    assert fit.median == pytest.approx(fit.population_mean)


def test_cdnow_baskets(cdnow_log):
    days = purchase_days(cdnow_log)
    fit = fit_lognormal_baskets(days["customer"], days["amount"])
    assert fit.baskets == (days["amount"] > 0).sum()
    means = days[days["amount"] > 0].groupby("customer")["amount"].mean()
    assert fit.sigma < np.log(means).std()
    assert fit.population_mean == pytest.approx(means.mean(), rel=0.03)
    assert "from 6,688 baskets" in fit.describe()


@pytest.mark.parametrize(
    ("customer", "amount", "message"),
    [
        (["p", "q"], [3.0, 4.0], "lognormal baskets: no customer has two different baskets"),
        (
            ["p", "p", "q", "q"],
            [3.0, 3.0, 4.0, 4.0],
            "lognormal baskets: no customer has two different baskets",
        ),
        (
            ["p", "p", "q"],
            [3.0, 4.0, 0.0],
            "lognormal baskets: at least two customers with a positive amount",
        ),
        (["p"], [3.0, 4.0], "one amount per basket is needed: customer has 1, amount has 2"),
        (["p", "q"], [3.0, -4.0], "amount[1] = -4 is not a number of at least 0"),
    ],
)
def test_baskets_that_cannot_be_fitted_are_refused(customer, amount, message):
    with pytest.raises(Refusal) as refused:
        fit_lognormal_baskets(customer, amount)
    assert str(refused.value).startswith(message)


def test_models_are_checked():
    with pytest.raises(Refusal, match=r"GammaGamma\.v = -1 is not a positive number"):
        GammaGamma(1.0, 2.0, -1.0)
    with pytest.raises(Refusal, match=r"LognormalBaskets\.sigma = -1 is not a number of at least 0"):
        LognormalBaskets(3.0, -1.0, 0.5)
    assert LognormalBaskets(-1.0, 0.0, 0.0).median == pytest.approx(math.exp(-1.0))
