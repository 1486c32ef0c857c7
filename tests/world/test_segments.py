"""Segments: shares and traits as they were asked for, and everybody else's luck where it was."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.study.provenance.identity import of_market
from abm.view.odd import odd
from abm.world.correlation import TRAITS
from abm.world.partition import Partition
from abm.world.population import Population
from tests.world.test_population import N, people

LIGHT, HEAVY = {"name": "light", "share": 0.7}, {"name": "heavy", "share": 0.3}
TWO = (LIGHT, HEAVY | {"purchase_rate": 1.5, "rate_shape": 3.0, "basket": 60.0, "price_weight": 2.0})


class TestWhoBelongs:
    def test_segments_have_their_shares(self):
        segment = people(segments=TWO).segment
        assert segment.dtype == np.uint8
        assert np.bincount(segment) / N == pytest.approx([0.7, 0.3], abs=4 * np.sqrt(0.21 / N))

    def test_a_share_that_is_left_out_is_what_the_others_leave(self):
        rest = people(segments=({"name": "light"}, HEAVY))
        np.testing.assert_array_equal(rest.segment, people(segments=TWO).segment)

    def test_a_customer_belongs_whoever_else_there_is(self):
        few, many, again = (people(customers=n, segments=TWO, replication=r) for n, r in ((50, 0), (900, 0), (50, 1)))
        np.testing.assert_array_equal(few.segment, many.segment[:50])
        assert np.any(few.segment != again.segment)

    def test_to_which_is_known_from_identity_alone(self):
        who = np.array([7, 3, 199], np.uint32)
        found = Population(customers=200, segments=TWO).segment_of(who, seed=1, replication=4)
        np.testing.assert_array_equal(found, people(customers=200, segments=TWO, replication=4).segment[who])

    def test_it_goes_with_no_trait(self):
        c = people(price_weight_spread=0.5, segments=(LIGHT, HEAVY))
        for name in TRAITS:
            assert stats.mannwhitneyu(c[name][c.segment == 0], c[name][c.segment == 1]).pvalue > 1e-3, name


class TestTraits:
    def test_segments_that_say_nothing_change_nothing(self):
        plain, named = people(price_weight_spread=0.5), people(price_weight_spread=0.5, segments=(LIGHT, HEAVY))
        assert {*named} - {*plain} == {"segment"}
        for name in plain:
            np.testing.assert_array_equal(plain[name], named[name], err_msg=name)

    def test_what_a_segment_does_not_say_is_as_the_population_has_it(self):
        plain, c = people(), people(segments=TWO)
        light, heavy = c.segment == 0, c.segment == 1
        for name in TRAITS:
            np.testing.assert_array_equal(plain[name][light], c[name][light], err_msg=name)
        np.testing.assert_allclose(c.basket[heavy], 2 * plain.basket[heavy], rtol=1e-6)  # the same luck

    def test_traits_are_distributed_as_the_segment_says(self):
        c = people(segments=({**LIGHT, "price_weight_spread": 0.5}, TWO[1]))
        light, heavy = c.segment == 0, c.segment == 1
        assert stats.kstest(c.purchase_rate[heavy], stats.gamma(3.0, scale=0.5).cdf).pvalue > 1e-3
        assert np.all(c.price_weight[heavy] == 2.0)
        assert np.log(c.price_weight[light]).std() == pytest.approx(0.5, rel=0.03)

    def test_rates_of_a_log_stay_as_fitted(self):
        plain, c = people(log="cdnow"), people(log="cdnow", segments=(LIGHT, HEAVY | {"price_weight": 2.0}))
        np.testing.assert_array_equal(plain.purchase_rate, c.purchase_rate)
        np.testing.assert_array_equal(c.price_weight, np.where(c.segment == 1, 2.0, 1.0))

    def test_traits_go_together_inside_a_segment(self):
        c = people(segments=TWO, correlation={"purchase_rate_basket": -0.6})
        for place in (0, 1):
            own = c.segment == place
            assert stats.spearmanr(c.purchase_rate[own], c.basket[own]).statistic == pytest.approx(-0.58, abs=0.05)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"segments": (LIGHT, HEAVY | {"share": 0.2})}, "Population.segments: the shares add to 0.9, not 1"),
        ({"segments": ({"name": "a", "share": 1.0}, LIGHT, {"name": "b"})}, "segments: the shares add to 1.7, not 1"),
        (
            {"segments": ({"name": "a"}, {"name": "b"})},
            "segments: 2 of them have no share; one may leave it out and gets what the others leave",
        ),
        ({"segments": (LIGHT, HEAVY | {"name": "light"})}, "segments: two of them are called 'light'"),
        ({"segments": (LIGHT, HEAVY | {"bascet": 3.0})}, "no Segment parameter 'bascet'; did you mean 'basket'?"),
        (
            {"segments": tuple({"name": f"s{k}", "share": 0.005} for k in range(200))},
            "segments: there are 200; at most 100 are allowed",
        ),
        (
            {"log": "cdnow", "segments": TWO},
            "segments.heavy.purchase_rate = 1.5 is not used: the log tells rates and baskets, and not of whom; set the "
            "weight of price or no log",
        ),
        (
            {"segments": TWO, "correlation": {"basket_price_weight": 0.2}},
            "correlation.basket_price_weight = 0.2 makes no difference while price_weight_spread = 0",
        ),
    ],
)
def test_what_is_no_population_is_refused_in_one_line(fields, message):
    with pytest.raises(Refusal) as refusal:
        Population(**fields)
    assert message in str(refusal.value)


class TestScenario:
    BASE = abm.Scenario(periods=3, population=Population(customers=300, segments=TWO))

    def test_a_path_goes_by_name(self):
        moved = self.BASE.replace({"population.segments.light.purchase_rate": 0.1})
        assert moved.value_at("population.segments.light.purchase_rate") == 0.1
        assert of_market(moved) != of_market(self.BASE)
        with pytest.raises(Refusal, match=r"no 'lite' in 'population.segments'; did you mean 'light'\?"):
            self.BASE.replace({"population.segments.lite.share": 0.1})

    def test_a_study_file_gives_them_back(self):
        assert abm.Scenario.parse(self.BASE.to_dict()) == self.BASE

    def test_a_world_without_segments_has_no_column_of_them(self):
        assert "segment" not in Engine(abm.Scenario(periods=1), 1).world.customers
        world = Engine(self.BASE, 1).world
        assert (world.segment_names, "segment" in world.customers) == (("light", "heavy"), True)
        plain = self.BASE.replace({"population.segments": ()})
        assert self.BASE.estimated_bytes() - plain.estimated_bytes() >= 300

    def test_the_rows_of_a_partition_and_a_restart_move_nobody(self):
        cell = (np.arange(300) % 3).astype(np.int64)
        parted = Engine(self.BASE, 1, 2, partition=Partition(cell, 3, ((0,), (1, 2))))
        again = Engine(self.BASE, 1, 0)
        again.run(2)
        again.restart(2)
        plain = Engine(self.BASE, 1, 2)
        for engine in (plain, parted, again):
            engine.run(3)
        for name in ("segment", *TRAITS, "satisfaction"):
            expected = plain.world.customers[name]
            np.testing.assert_array_equal(parted.world.customers[name][..., parted.world.partition.row], expected)
            np.testing.assert_array_equal(again.world.customers[name], expected)

    def test_mesas_customers_have_one(self):
        model = abm.CustomerModel(self.BASE, seed=1)
        customer = next(iter(model.agents))
        assert customer.segment in (0, 1)
        customer.segment = 1
        assert model.world.customers.segment[customer.row] == 1
        with pytest.raises(Refusal, match=r"Customer.segment = 2 is outside \[0, 1\] \(segment\)"):
            customer.segment = 2

    def test_the_description_tells_who_they_are(self):
        text = odd(self.BASE)
        assert "shares of the population: light 0.7, heavy 0.3." in text
        assert "| `segment` | customer | segment | drawn | population |" in text
        assert "| `purchase_rate` | - | 1.5 | 1/period |" in text
        without = odd()
        assert not any(words in without for words in ("belongs to a segment", "`segment`", "**Segments**"))


@abm.kernel
def greet(greeted, segment, lo, hi):
    """Count what place each customer's segment has.  greeted (n,)  [written]"""
    for i in range(lo, hi):
        greeted[i] += segment[i]


class Greeting(abm.Mechanism):
    """Greets by segment."""

    name = "greeting"
    owns: ClassVar = (abm.Column("greeted", ("customer",), 0.0, "greetings", "greetings so far"),)

    def schedule(self, policies):
        return ((abm.Phase.LEARNING, greet),)


@pytest.mark.parametrize("segments", [(), TWO])
def test_a_kernel_may_ask_for_the_segment(segments):
    scenario = abm.Scenario(periods=3, population=Population(customers=60, segments=segments)).adding(Greeting())
    abm.check_kernels(scenario)
    engine = Engine(scenario, 1)
    engine.run(3)
    c = engine.world.customers
    np.testing.assert_array_equal(c.greeted, 3.0 * c.segment)
    assert c.greeted.any() == bool(segments)
