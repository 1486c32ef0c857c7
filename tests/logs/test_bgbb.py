"""Customers who may buy once in each period: against a published fit, sums over all histories, and the model's own."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers
from scipy.optimize import approx_fprime
from scipy.special import betaincinv

from abm.core.errors import Refusal
from abm.logs import bgbb
from abm.logs.bgbb import (
    BGBB,
    alive_bgbb,
    bgbb_history_probability,
    bgbb_probability,
    conditional_bgbb,
    expected_bgbb,
    fit_bgbb,
)
from abm.replication.paper import folder_of_papers
from tests.examples import examples
from tests.logs.recovery import assert_given_back

shape = floats(0.1, 10.0)


def as_array(model):
    return np.array([model.alpha, model.beta, model.gamma, model.delta])


@pytest.fixture(scope="module")
def donations():
    """Whether 11,104 supporters gave in each of six years: a row for each history."""
    return pd.read_csv(folder_of_papers() / "fader_hardie_shang_2010" / "donations.csv")


@pytest.fixture(scope="module")
def fitted(donations):
    return fit_bgbb(*(donations[name] for name in ("frequency", "recency", "periods", "weights")))


def test_donations_are_fitted_as_published(donations, fitted):
    """Fader, Hardie & Shang 2010 and their spreadsheet, as an open implementation compares itself with them."""
    assert as_array(fitted) == pytest.approx([1.204, 0.750, 0.657, 2.783], abs=2e-3)
    assert fitted.n == 11_104
    there = alive_bgbb(fitted, [0, 2, 6], [0, 4, 6], [6, 6, 6])  # in the year after the last
    assert there == pytest.approx([0.11, 0.59, 0.93], abs=0.005)
    ahead = conditional_bgbb(fitted, 5, donations["frequency"], donations["recency"], donations["periods"])
    assert ahead @ donations["weights"] == pytest.approx(12884.2, abs=1.0)
    assert fitted.n * bgbb_probability(fitted, [0, 6], 6) == pytest.approx([3454.9, 1253.1], abs=0.5)


def plain_likelihood(bought, alpha, beta, gamma, delta):
    """The chance of a history (True = bought), written from the model on a fine grid of quantiles."""
    grid = (np.arange(20_000) + 0.5) / 20_000
    p, theta = betaincinv(alpha, beta, grid), betaincinv(gamma, delta, grid)
    n = len(bought)
    last = max((k + 1 for k in range(n) if bought[k]), default=0)
    total = np.mean(p ** sum(bought) * (1 - p) ** (n - sum(bought))) * np.mean((1 - theta) ** n)
    for lived in range(last, n):
        total += np.mean(p ** sum(bought) * (1 - p) ** (lived - sum(bought))) * np.mean(theta * (1 - theta) ** lived)
    return total


@pytest.mark.parametrize("bought", list(product([False, True], repeat=3)))
def test_likelihood_is_that_of_the_model(bought):
    parameters = (1.2, 0.9, 1.5, 2.8)
    x, last = sum(bought), max((k + 1 for k in range(3) if bought[k]), default=0)
    data = [np.array([float(one)]) for one in (x, last, 3, 1)]
    value, _ = bgbb._log_likelihood(np.array(parameters), *data)
    assert np.exp(value) == pytest.approx(plain_likelihood(bought, *parameters), rel=1e-3)


@given(shape, shape, shape, shape, integers(1, 8))
@settings(max_examples=examples(40))
def test_all_histories_sum_to_one_and_to_the_probabilities(alpha, beta, gamma, delta, n):
    histories = np.array(list(product([0, 1], repeat=n)))
    x, last = histories.sum(axis=1), (histories * np.arange(1, n + 1)).max(axis=1)
    model = BGBB(alpha, beta, gamma, delta)
    parts = bgbb._parts(as_array(model), *(one.astype(float) for one in (x, last, np.full(len(x), n))))[2]
    chance = np.exp(parts).sum(axis=0)
    assert chance.sum() == pytest.approx(1.0, rel=1e-9)
    by_count = np.bincount(x, chance)
    assert bgbb_probability(model, np.arange(n + 1), n) == pytest.approx(by_count, rel=1e-9)
    kinds, which = np.unique(np.column_stack([x, last]), axis=0, return_inverse=True)
    by_kind = bgbb_history_probability(model, *kinds.T, np.full(len(kinds), n))
    assert by_kind == pytest.approx(np.bincount(which.ravel(), chance), rel=1e-9)
    assert x @ chance == pytest.approx(expected_bgbb(model, n), rel=1e-9)
    # what is expected of one more occasion, over all histories, is what a longer time adds
    more = conditional_bgbb(model, 1, x, last, np.full(len(x), n)) @ chance
    assert more == pytest.approx(expected_bgbb(model, n + 1) - expected_bgbb(model, n), rel=1e-8)
    there = alive_bgbb(model, x, last, np.full(len(x), n)) @ chance
    assert there == pytest.approx((expected_bgbb(model, n + 1) - expected_bgbb(model, n)) / model.mean_rate, rel=1e-8)


def test_gradient_is_that_of_the_likelihood(donations):
    data = [donations[name].to_numpy(float) for name in ("frequency", "recency", "periods", "weights")]
    at = np.array([1.0, 0.9, 0.7, 3.0])
    _, gradient = bgbb._log_likelihood(at, *data)
    numeric = approx_fprime(at, lambda point: bgbb._log_likelihood(point, *data)[0], 1e-7)
    assert gradient == pytest.approx(numeric, rel=1e-4, abs=0.05)


def made(rng, customers, alpha, beta, gamma, delta):
    """Return x, t_x and n of customers of the model, watched on 6 to 12 occasions."""
    n = rng.integers(6, 13, customers)
    lived = rng.geometric(np.maximum(rng.beta(gamma, delta, customers), 1e-12)) - 1
    occasion = np.arange(1, 13)
    seen = rng.random((customers, 12)) < rng.beta(alpha, beta, customers)[:, None]
    seen &= occasion <= np.minimum(n, lived)[:, None]
    return seen.sum(axis=1), (seen * occasion).max(axis=1), n


@pytest.mark.endurance
def test_customers_give_back_what_made_them():
    """40 samples: their mean is on the truth, and they scatter as the standard errors say."""
    rng, truth = np.random.default_rng(2010), np.array([1.2, 0.8, 0.9, 4.0])
    assert_given_back(lambda: fit_bgbb(*made(rng, 3000, *truth)), truth, as_array)


def test_entries_may_stand_for_many(donations, fitted):
    one_by_one = donations.loc[donations.index.repeat(donations["weights"])]
    again = fit_bgbb(one_by_one["frequency"], one_by_one["recency"], one_by_one["periods"])
    assert as_array(again) == pytest.approx(as_array(fitted), rel=1e-7)
    assert again.log_likelihood == pytest.approx(fitted.log_likelihood, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_bgbb([0, 0], [0, 0], [6, 6]), "BG/BB: no customer bought"),
        (lambda: fit_bgbb([1], [7], [6]), "BG/BB: customer 0 cannot be (frequency = 1, recency = 7, occasions = 6)"),
        (lambda: fit_bgbb([1, 3], [1, 2], [6, 6]), "customer 1 cannot be"),
        (lambda: fit_bgbb([0], [2], [6]), "its recency is that of no purchase"),
        (lambda: fit_bgbb([1], [1], [1001]), "occasions = 1001 is above 1,000; count longer periods"),
        (lambda: fit_bgbb([1], [1.5], [6]), "recency[0] = 1.5 is not a whole number"),
        (lambda: fit_bgbb([3, 3, 3], [6, 6, 6], [6, 6, 6]), "BG/BB: these purchases do not determine"),
        (lambda: BGBB(1.0, 1.0, 0.0, 1.0), "BGBB.gamma = 0 is not a positive number"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(Refusal) as refused:
        call()
    assert message in str(refused.value)


def test_description(fitted):
    assert fitted.describe().startswith("BG/BB over 11,104 customers: alpha = 1.20")
