"""Customers who may leave after the first purchase already."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats
from scipy.optimize import approx_fprime

from abm.core.errors import Refusal
from abm.logs import mbgnbd
from abm.logs.bgnbd import fit_bgnbd
from abm.logs.mbgnbd import (
    MBGNBD,
    alive_mbgnbd,
    conditional_mbgnbd,
    expected_mbgnbd,
    fit_mbgnbd,
    mbgnbd_probability,
)
from tests.examples import examples
from tests.logs.recovery import assert_given_back

PUBLISHED = MBGNBD(r=0.525, alpha=6.183, a=0.891, b=1.614)  # in two open implementations, CDNOW


def as_array(model):
    return np.array([model.r, model.alpha, model.a, model.b])


@pytest.fixture(scope="module")
def fitted(cdnow):
    return fit_mbgnbd(cdnow["frequency"], cdnow["recency"], cdnow["age"])


def test_fit_of_cdnow_is_the_published_one(fitted):
    assert as_array(fitted) == pytest.approx(as_array(PUBLISHED), abs=1e-3)
    assert fitted.describe().startswith("MBG/NBD over 2,357 customers: r = 0.52")


def test_likelihood_by_hand():
    """One customer without repeat, alpha = r = a = b = 1, T = 3: stays and is silent 1/2 · 1/4, or left at once 1/2."""
    one = np.ones(4)
    value, _ = mbgnbd._log_likelihood(one, np.array([0.0]), np.array([0.0]), np.array([3.0]))
    assert value == pytest.approx(np.log(1 / 2 * 1 / 4 + 1 / 2))
    assert alive_mbgnbd(MBGNBD(1.0, 1.0, 1.0, 1.0), 0, 0.0, 3.0) == pytest.approx([1 / 8 / (1 / 8 + 1 / 2)])


def test_gradient_is_that_of_the_likelihood(cdnow):
    data = [cdnow[name].to_numpy(float)[:300] for name in ("frequency", "recency", "age")]
    at = as_array(PUBLISHED)
    _, gradient = mbgnbd._log_likelihood(at, *data)
    assert gradient == pytest.approx(
        approx_fprime(at, lambda point: mbgnbd._log_likelihood(point, *data)[0], 1e-7), rel=1e-3, abs=1e-3
    )


parameters = {"r": floats(0.05, 5.0), "alpha": floats(0.5, 50.0), "a": floats(0.05, 4.0), "b": floats(0.05, 20.0)}


@given(**parameters, share=floats(0.01, 4.0))
@settings(max_examples=examples(50))
def test_probabilities_sum_to_one_and_to_the_expectation(r, alpha, a, b, share):
    model, x = MBGNBD(r, alpha, a, b), np.arange(400)
    probability = mbgnbd_probability(model, x, share * alpha)
    assert probability.min() >= 0
    assert probability.sum() == pytest.approx(1.0, rel=1e-9)
    assert x @ probability == pytest.approx(expected_mbgnbd(model, share * alpha), rel=1e-7)


def made(rng, customers, r, alpha, a, b):
    """Return x, t_x and T of customers of the model, watched for one to two years, and whether each is still there."""
    age, rate = rng.uniform(52.0, 104.0, customers), rng.gamma(r, 1 / alpha, customers)
    purchases = rng.geometric(rng.beta(a, b, customers))  # the first included
    bought = np.cumsum(rng.exponential(1.0, (customers, 200)) / rate[:, None], axis=1)
    seen = (bought <= age[:, None]) & (np.arange(1, 201) < purchases[:, None])
    x = seen.sum(axis=1)
    return x, np.where(seen, bought, 0.0).max(axis=1), age, purchases > x + 1


@pytest.mark.endurance
def test_customers_give_back_what_made_them():
    """40 samples: their mean is on the truth, and they scatter as the standard errors say."""
    rng, truth = np.random.default_rng(2007), np.array([0.8, 6.0, 0.9, 2.5])
    assert_given_back(lambda: fit_mbgnbd(*made(rng, 2000, *truth)[:3]), truth, as_array)


def test_who_is_still_there_is_told_rightly():
    rng, truth = np.random.default_rng(5), (0.8, 6.0, 0.9, 2.5)
    *history, there = made(rng, 40_000, *truth)
    chance = alive_mbgnbd(MBGNBD(*truth), *history)
    for low in (0.0, 0.25, 0.5, 0.75):
        those = (chance >= low) & (chance < low + 0.25)
        error = np.sqrt(chance[those].mean() * (1 - chance[those].mean()) / those.sum())
        assert there[those].mean() == pytest.approx(chance[those].mean(), abs=4 * error)


def test_leaving_at_once_is_what_it_adds_to_the_bgnbd(cdnow, fitted):
    """Of who bought only once it says that some have left, and expects less of them."""
    other = fit_bgnbd(cdnow["frequency"], cdnow["recency"], cdnow["age"])
    assert alive_mbgnbd(fitted, 0, 0.0, 39.0)[0] < 1
    assert fitted.mean_rate > other.mean_rate
    new = conditional_mbgnbd(fitted, 39.0, 0, 0.0, 0.0)
    assert new == pytest.approx([expected_mbgnbd(fitted, 39.0)], rel=1e-12)


def test_refusals():
    with pytest.raises(Refusal, match="MBG/NBD: no customer bought again"):
        fit_mbgnbd([0, 0], [0, 0], [5, 9])
    with pytest.raises(Refusal, match=r"MBGNBD\.a = -1 is not a positive number"):
        MBGNBD(1.0, 1.0, -1.0, 1.0)
    with pytest.raises(Refusal, match="do not determine"):
        fit_mbgnbd(np.tile([1, 2, 4, 8], 50), np.full(200, 40.0), np.full(200, 40.0))
