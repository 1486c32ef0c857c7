"""Correlated traits: as correlated as asked for, each distributed as it is alone, and nothing moved at 0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import abm
from abm.core.errors import Refusal
from abm.study.provenance.identity import of_market
from abm.world.correlation import PAIRS, TRAITS
from abm.world.population import Population, heterogeneity
from tests.world.test_population import N, people

SPREAD = {"price_weight_spread": 0.5}
ASKED = {"purchase_rate_basket": -0.5, "purchase_rate_price_weight": 0.3, "basket_price_weight": 0.4}


def ranks(c):
    """Return the rank correlations of all traits, in the order of TRAITS."""
    return np.corrcoef([stats.rankdata(c[name]) for name in TRAITS])


@pytest.mark.parametrize("log", [None, "cdnow"])
def test_ranks_correlate_as_those_of_normal_variables(log):
    """Of a correlation r between normal variables the ranks correlate by (6 / pi) asin(r / 2)."""
    found = ranks(people(**SPREAD, log=log, correlation=ASKED))
    for pair, (one, other) in PAIRS.items():
        expected = 6 / math.pi * math.asin(ASKED[pair] / 2)
        assert found[TRAITS.index(one), TRAITS.index(other)] == pytest.approx(expected, abs=4 / math.sqrt(N))


def test_each_trait_keeps_its_distribution():
    c = people(purchase_rate=0.4, rate_shape=2.0, basket_spread=0.8, **SPREAD, correlation=ASKED)
    for name, alone in (
        ("purchase_rate", stats.gamma(2.0, scale=0.2)),
        ("basket", stats.lognorm(0.8, scale=30.0 * math.exp(-0.32))),
        ("price_weight", stats.lognorm(0.5, scale=math.exp(-0.125))),
    ):
        assert stats.kstest(c[name], alone.cdf).pvalue > 1e-3, name


def test_baskets_of_a_log_keep_theirs():
    fitted, c = heterogeneity("cdnow", None, None), people(log="cdnow", correlation={"purchase_rate_basket": 0.6})
    assert stats.kstest(c.basket, stats.invgamma(fitted["q"], scale=fitted["p"] * fitted["v"]).cdf).pvalue > 1e-3


def test_traits_that_depend_on_none_before_them_keep_their_bits():
    free, tied = people(**SPREAD), people(**SPREAD, correlation={"basket_price_weight": 0.4})
    for name in ("purchase_rate", "basket"):
        np.testing.assert_array_equal(free[name], tied[name])
    assert np.all(free.price_weight != tied.price_weight)


def test_of_one_customer_nothing_depends_on_how_many_there_are():
    few, many = (people(customers=n, **SPREAD, correlation=ASKED) for n in (10, 1000))
    for name in TRAITS:
        np.testing.assert_array_equal(few[name], many[name][:10])


def test_perfectly_correlated_traits_rank_customers_alike():
    c = people(customers=500, correlation={"purchase_rate_basket": 1.0})
    np.testing.assert_array_equal(np.argsort(c.purchase_rate), np.argsort(c.basket))


def test_paths_lead_to_each_pair_and_zero_is_not_told_from_nothing():
    base = abm.Scenario()
    moved = base.replace({"population.correlation.purchase_rate_basket": -0.3})
    assert moved.population.correlation.purchase_rate_basket == -0.3
    assert of_market(moved) != of_market(base)
    assert of_market(base.replace({"population.correlation.purchase_rate_basket": 0.0})) == of_market(base)
    rows = {row.path: row for row in abm.Scenario.parameters()}
    for pair in PAIRS:
        row = rows[f"population.correlation.{pair}"]
        assert (row.unit, row.bounds, row.evidence) == ("correlation", (-1, 1), "assumed")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {**SPREAD, "correlation": {**dict.fromkeys(PAIRS, 0.9), "basket_price_weight": -0.9}},
            "Population.correlation.basket_price_weight = -0.9 does not go with the other correlations: no traits "
            "correlate like this; multiply all by 0.5555 or less",
        ),
        (
            {"correlation": {"basket_price_weight": 0.3}},
            "Population.correlation.basket_price_weight = 0.3 makes no difference while price_weight_spread = 0; give "
            "that a value",
        ),
        (
            {"basket_spread": 0.0, "correlation": {"purchase_rate_basket": 0.3}},
            "Population.correlation.purchase_rate_basket = 0.3 makes no difference while basket_spread = 0; give that "
            "a value",
        ),
        (
            {"correlation": {"purchase_rate_basket": 1.2}},
            "Population.correlation.purchase_rate_basket = 1.2 is outside [-1, 1] (correlation)",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_a_run(fields, message):
    with pytest.raises(Refusal) as refusal:
        Population(**fields)
    assert str(refusal.value) == message
