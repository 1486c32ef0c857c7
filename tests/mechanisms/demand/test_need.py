"""Need: by hand, against scipy, the NBD that Gamma-Poisson occasions make, and chances that are Beta."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

import abm
from abm.core.errors import Refusal
from abm.core.functions import exp64
from abm.core.streams import philox, stream_key, uniform_fine
from abm.engine.engine import Engine
from abm.logs.nbd import NBD, nbd_probability
from abm.mechanisms.demand.need import list_by_chance, list_everybody, list_visits, poisson_quantile, season
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import need as twin


def quantile(u, rate):
    """Return the number of occasions at a uniform."""
    return poisson_quantile(u, rate, exp64(-rate))


def test_quantile_by_hand():
    """Mean 1: P(0) = 0.3679, P(at most 1) = 0.7358, P(at most 2) = 0.91970."""
    assert [quantile(u, 1.0) for u in (0.3678, 0.3679, 0.7357, 0.7358, 0.9196, 0.9197)] == [0, 1, 1, 2, 2, 3]
    assert quantile(1.0 - 2.0**-33, 0.0) == 0
    assert quantile(0.5, 100.0) == 15


@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-4, 14.0))
def test_quantile_is_that_of_scipy(u, rate):
    k = quantile(u, rate)
    assert k == 15 or stats.poisson.cdf(k, rate) >= u - 1e-12
    assert k == 0 or stats.poisson.cdf(k - 1, rate) < u + 1e-12


@given(st.floats(1e-9, 1 - 1e-9), st.floats(0.01, 5.0), st.floats(1.0, 3.0))
def test_more_need_never_means_fewer_occasions(u, rate, factor):
    assert quantile(u, rate * factor) >= quantile(u, rate)


def test_season_by_hand():
    """Amplitude 0.2, peak in period 13 of 52: 1.2 there, 1 a quarter later, 0.8 half a year later."""
    factors = [season(np.int64(t), np.float32(0.2), np.float32(13.0), np.int64(52)) for t in (13, 26, 39, 65)]
    assert factors == pytest.approx([1.2, 1.0, 0.8, 1.2])


def listed(small):
    """Return the visits listed, as (customer, nth) in order."""
    return list(zip(small.at("visit_customer").tolist(), small.at("visit_nth").tolist(), strict=True))


@pytest.mark.parametrize("t", [0, 7])
def test_visits_are_the_quantiles_customer_by_customer(t):
    """The quick screen for those without an occasion never changes the answer, at any rate."""
    small = Small(1000)
    small.c.purchase_rate[:] = np.geomspace(1e-3, 8.0, 1000)
    small.passing.need[:] = 1.0
    small.passing.need[:1000:3] = 1.25
    small.c.exited[5::50] = 0
    small.c.provider[:] = np.arange(1000) % 3 - 1
    small.run("need", list_visits, t)
    key, expected = stream_key(1, "need"), []
    for i in range(1000):
        u = uniform_fine(philox(np.uint64(i), np.uint64(t), np.uint64(0), np.uint64(0), key)[0])
        rate = float(small.c.purchase_rate[i] * small.passing.need[i])
        expected += [(i, nth) for nth in range(0 if i % 50 == 5 else quantile(u, rate))]
    assert listed(small) == expected
    np.testing.assert_array_equal(small.at("visit_provider"), small.c.provider[small.at("visit_customer")])
    assert small.counted("occasions") == [0, 0, len(expected)]


def test_mean_and_variance_are_those_of_poisson():
    small = Small(1000)
    small.c.purchase_rate.fill(0.6)
    counts = []
    for t in range(40):
        small.run("need", list_visits, t)
        counts.append(np.bincount(small.at("visit_customer"), minlength=1000))
    counts = np.concatenate(counts)
    assert abs(counts.mean() - 0.6) < 4 * (0.6 / counts.size) ** 0.5
    assert counts.var() == pytest.approx(0.6, rel=0.03)


def test_everybody_has_one_occasion_who_has_not_left():
    small = Small(6, need={"process": "every_period"})
    small.c.exited[[1, 5]] = 3
    small.run("need", list_everybody)
    assert listed(small) == [(0, 0), (2, 0), (3, 0), (4, 0)]
    assert small.counted("occasions") == [0, 0, 4]
    small.c.exited.fill(0)
    small.run("need", list_everybody)
    assert listed(small) == []


def test_occasions_of_a_market_follow_the_nbd():
    """Twenty thousand customers over ten weeks, against the fitted model's own probabilities."""
    n, periods, rate, shape = 20_000, 10, 0.3, 0.7
    people = {"customers": n, "purchase_rate": rate, "rate_shape": shape}
    scenario = Scenario.parse(
        {
            "periods": periods, "population": people, "choice": {"outside": -80.0}, "firms": [{"name": "only"}],
            "network": {"kind": "ring"},
        }
    )  # fmt: skip
    engine = Engine(scenario, seed=11)
    engine.run(periods)
    counts = engine.world.customers.encounters[0].astype(int)
    most = 14
    expected = nbd_probability(NBD(shape, shape / rate), np.arange(most), periods) * n
    seen = np.bincount(np.minimum(counts, most), minlength=most + 1)
    assert stats.chisquare(seen, [*expected, n - expected.sum()]).pvalue > 1e-3


CHANCES = {"process": "bernoulli"}


@pytest.mark.parametrize("t", [0, 7])
def test_visits_by_chance_are_those_of_the_twin(t):
    """Need that raises a chance above 1 makes it sure; nobody has two occasions."""
    small = Small(1000, need=CHANCES)
    small.c.purchase_rate[:] = np.linspace(0.0, 1.0, 1000)
    small.passing.need[:] = 1.0
    small.passing.need[:1000:3] = 1.25
    small.c.exited[5::50] = 0
    small.c.provider[:] = np.arange(1000) % 3 - 1
    small.run("need", list_by_chance, t)
    key, expected = stream_key(1, "need"), []
    for i in range(1000):
        u = uniform_fine(philox(np.uint64(i), np.uint64(t), np.uint64(0), np.uint64(0), key)[0])
        chance = float(small.c.purchase_rate[i] * small.passing.need[i])
        expected += [(i, 0)] * twin.occasions(u, chance, i % 50 == 5, CHANCES)
    assert listed(small) == expected
    assert 400 < len(expected) < 600
    np.testing.assert_array_equal(small.at("visit_provider"), small.c.provider[small.at("visit_customer")])
    assert small.counted("occasions") == [0, 0, len(expected)]


def givers(customers, periods, **people):
    """Return how often each customer of a market with one firm had an occasion, all of which are visits."""
    scenario = Scenario.parse(
        {
            "preset": "closed_market", "periods": periods, "population": {"customers": customers, **people},
            "need": CHANCES, "off": ["defection"], "firms": [{"name": "only"}], "network": {"kind": "ring"},
        }
    )  # fmt: skip
    engine = Engine(scenario, seed=11)
    engine.run(periods)
    return engine.world.customers.encounters[0].astype(int)


def test_occasions_by_chance_give_back_the_beta_that_made_them():
    """Twenty thousand customers over twelve periods: beta-binomial counts, shapes within 3 standard errors."""
    truth, periods = np.array([0.6, 1.4]), 12
    counts = givers(20_000, periods, purchase_rate=0.3, rate_shape=0.6)
    seen = np.bincount(counts, minlength=periods + 1)

    def minus_likelihood(logs):
        return -float(seen @ stats.betabinom(periods, *np.exp(logs)).logpmf(np.arange(periods + 1)))

    expected = stats.betabinom(periods, *truth).pmf(np.arange(periods + 1)) * counts.size
    assert stats.chisquare(seen, expected).pvalue > 1e-3
    found = optimize.minimize(minus_likelihood, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-6}).x
    step = 1e-3 * np.eye(2)
    curved = [
        [
            minus_likelihood(found + a + b) - minus_likelihood(found + a - b)
            - minus_likelihood(found - a + b) + minus_likelihood(found - a - b)
            for b in step
        ]
        for a in step
    ]  # fmt: skip
    errors = np.sqrt(np.diagonal(np.linalg.inv(np.array(curved) / (4 * 1e-6))))
    assert np.all(errors < 0.03)
    assert np.all(np.abs(found - np.log(truth)) < 3 * errors)


def test_the_chance_1_is_an_occasion_every_period_and_0_none():
    """The same bits as with every_period, as nothing else is drawn; and nobody ever comes."""
    sure = {"periods": 6, "population": {"customers": 500, "purchase_rate": 1.0}, "need": CHANCES}
    same = Scenario.parse(sure), Scenario.parse(sure | {"need": {"process": "every_period"}})
    one, other = (abm.simulate(scenario, seed=3) for scenario in same)
    assert one.equals(other)
    assert not givers(500, 4, purchase_rate=0.0).any()


def test_kernels_keep_to_their_entries_where_occasions_come_by_chance():
    abm.check_kernels(Scenario.parse({"need": {**CHANCES, "season_amplitude": 0.8}, "population": {"customers": 300}}))


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ({"purchase_rate": 1.2}, r"population\.purchase_rate = 1\.2 is no chance, 0 to 1, of an occasion in a period"),
        (
            {"segments": [{"name": "a", "share": 0.5, "purchase_rate": 3.0}, {"name": "b"}]},
            r"population\.segments\.a\.purchase_rate = 3 is no chance",
        ),
        ({"log": "cdnow"}, r'population\.log = "cdnow": a purchase log tells rates of Poisson occasions; take need'),
    ],
)
def test_rates_that_are_no_chances_are_refused(people, said):
    with pytest.raises(Refusal, match=said):
        Scenario.parse({"need": CHANCES, "population": people})
