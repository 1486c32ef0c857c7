"""Convenience: ways by hand, places for life, outlets that bring visitors and cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.choice.convenience import Convenience, book_outlets, count_ways, subtract_way, way
from abm.mechanisms.measurement.loyalty_types import LoyaltyTypes
from abm.scenario.scenario import Scenario
from abm.world.columns import FIXED_POINT
from tests.mechanisms.small import Small
from tests.reference import random_numbers

DATA = {"periods": 60, "burn_in": 10, "population": {"customers": 1500, "purchase_rate": 0.5}, "convenience": {}}


def market(**settings):
    return Scenario.parse(DATA).replace(settings)


def far(place, first, outlets=1):
    return float(way(np.float32(place), np.float32(first), outlets))


class TestWay:
    @pytest.mark.parametrize(
        ("place", "first", "outlets", "expected"),
        [(0.25, 0.25, 1, 0.0), (0.75, 0.25, 1, 0.5), (0.0, 0.9, 1, 0.1), (0.9, 0.0, 1, 0.1), (0.75, 0.25, 2, 0.0),
         (0.5, 0.0, 4, 0.0), (0.125, 0.0, 4, 0.125), (0.95, 0.0, 4, 0.05)],
    )  # fmt: skip
    def test_by_hand(self, place, first, outlets, expected):
        assert far(place, first, outlets) == pytest.approx(expected, abs=1e-6)

    @given(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.integers(1, 50))
    def test_it_is_the_way_to_the_nearest_outlet(self, place, first, outlets):
        """Over all outlets, either way round."""
        apart = np.abs(place - first - np.arange(-2 * outlets, 2 * outlets) / outlets)
        assert far(place, first, outlets) == pytest.approx(apart.min(), abs=1e-5)

    @given(st.floats(0, 1, width=32), st.integers(1, 30))
    def test_twice_the_outlets_halve_the_longest_way(self, place, outlets):
        assert far(place, 0.0, outlets) <= 0.5 / outlets + 1e-6
        assert far(place, 0.0, 2 * outlets) <= far(place, 0.0, outlets) + 1e-6


def test_places_are_drawn_where_the_page_says():
    """Stream convenience, period 0, word 0: customers at draw 0, the number of a firm at draw 1."""
    engine = Engine(Scenario.parse({"periods": 1, "population": {"customers": 5}, "convenience": {}}), 3, replication=2)
    key, c = random_numbers.stream_key(3, "convenience"), engine.world.customers
    for draw, places in ((0, c.place), (1, c.first_outlet)):
        for i, place in enumerate(places):
            word = random_numbers.customer_words(key, i, 0, draw=draw, block=0, replication=2)[0]
            assert place == pytest.approx(random_numbers.uniform(word), abs=1e-7)


def test_ways_are_taken_from_utility_counted_and_paid():
    made = Small(2, ({"convenience": {"outlets": 3, "outlet_cost": 20.0}}, {}), convenience={"distance_weight": 4.0})
    made.c.place[:], made.c.first_outlet[:] = [0.0, 0.5], [0.0, 0.25]
    made.visits([0, 1], [1, 0])
    made.passing.utility[:, :2] = 1.0
    made.run("convenience", subtract_way)
    np.testing.assert_allclose(made.passing.utility[:, :2], [[1.0, 1.0 - 4 / 6], [0.0, 0.0]], atol=1e-6)
    made.run("convenience", count_ways)
    assert np.array(made.counted("way_sum")) / FIXED_POINT == pytest.approx([1 / 6, 0.25, 0.0], abs=2e-6)
    made.run("convenience", book_outlets)
    assert made.counted("outlet_spend") == [2 * 4000, 0, 0]  # two more outlets for two of 1,000 customers: 8 cents


def test_more_outlets_are_nearer_and_bring_visitors():
    found = [
        record(market(**{"firms.north.convenience.outlets": k}), 4).summary(Convenience.kpis)[0, 0] for k in (1, 4)
    ]
    assert 0.15 < found[0] < 0.25
    assert 0.04 < found[1] < 0.0625
    visits = [record(market(**{"firms.north.convenience.outlets": k}), 4).tallies["visits"][:, 0].sum() for k in (1, 4)]
    assert visits[1] > 1.05 * visits[0]


def test_where_distance_is_nothing_nothing_changes():
    near, without = Engine(market(**{"convenience.distance_weight": 0.0}), 4), Engine(market(convenience=None), 4)
    for engine in (near, without):
        engine.run(30)
    for name, array in without.world.customers.items():
        np.testing.assert_array_equal(array, near.world.customers[name], err_msg=name)
    assert not [step for step in near.scenario.steps() if step.mechanism.name == "convenience"]


def test_outlets_are_paid_where_distance_is_nothing():
    scenario = market(**{"convenience.distance_weight": 0.0, "firms.north.convenience.outlets": 3})
    assert record(scenario, 1).tallies["outlet_spend"].sum() == pytest.approx(60 * 1.5 * 2 * 30.0)


def test_convenience_alone_is_loyalty_out_of_convenience():
    scenario = market(
        **{
            "choice.attraction": 0.0, "taste.taste_spread": 0.0, "pricing.price_sensitivity": 0.0,
            "switching_cost.switching_weight": 0.0, "off": ("trust", "word_of_mouth"),
            "convenience.distance_weight": 8.0, "loyalty_types": {},
        }
    )  # fmt: skip
    kpis = LoyaltyTypes.kpis
    found = {kpi.name: value for kpi, value in zip(kpis, record(scenario, 1).summary(kpis).T, strict=True)}
    assert (found["convenience_loyal_share"] > 0.3).all()
    for name in ("monopoly", "inertia", "price", "incentivised", "premium"):
        assert not found[f"{name}_loyal_share"].any()


def test_newcomers_live_somewhere_and_firms_stay_where_they_are():
    engine = Engine(market(**{"renewal.leaving_rate": 0.5, "renewal.every": 20}), 4)
    before = [engine.world.customers[name].copy() for name in ("place", "first_outlet")]
    engine.run(30)
    after = [engine.world.customers[name] for name in ("place", "first_outlet")]
    assert 0.05 < (before[0] != after[0]).mean() < 0.6
    np.testing.assert_array_equal(before[1], after[1])


def test_bad_numbers_are_refused():
    with pytest.raises(Refusal, match="outlets = 0"):
        market(**{"firms.north.convenience.outlets": 0})
    with pytest.raises(Refusal, match="whole number"):
        market(**{"firms.north.convenience.outlets": 1.5})


def test_kernels_are_sound():
    check_kernels(market(**{"firms.north.convenience.outlets": 3}))
