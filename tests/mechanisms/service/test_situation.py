"""Situation: time pressure by hand, by address and in the line of the twin; gifts look at other attributes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.attributes import ATTRIBUTES
from abm.mechanisms.service.situation import hurried_abandonment_rate, pressed
from abm.mechanisms.service.waiting_line import abandonment_rate
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

BUSY = {"minutes_open": 300.0, "service_minutes": 9.0, "branch_visits": 400.0, "balking": "none"}


def market(*, periods=20, line=True, **sections):
    """Return a market with a busy line at the first firm and none at the second."""
    firms = [{"name": "north", "waiting_line": {"servers": 3 if line else 0}}, {"name": "east"}]
    population = {"customers": 600, "purchase_rate": 0.6}
    return Scenario.parse(
        {"periods": periods, "population": population, "waiting_line": BUSY, "firms": firms, **sections}
    )


def words(stream, customer, period, nth):
    """Return the uniforms of draw 0, block nth."""
    key = luck.stream_key(1, stream)
    found = luck.customer_words(key, customer, period, draw=0, block=nth, replication=0)
    return [luck.uniform(word) for word in found]


def same(one, other, besides=()):
    for name in one.tallies:
        if name not in besides:
            np.testing.assert_array_equal(one.tallied(name), other.tallied(name), err_msg=name)
    for name, column in one.customers.items():
        np.testing.assert_array_equal(column, other.customers[name], err_msg=name)


class TestTimePressure:
    @given(st.floats(-4, 4, width=32), st.floats(0, 3, width=32))
    def test_who_is_as_usual_is_not_pressed_and_opposites_cancel(self, z, spread):
        there, back = (float(pressed(np.float32(x), np.float32(spread))) for x in (z, -z))
        assert there * back == pytest.approx(1.0, rel=1e-5)
        assert there == pytest.approx(math.exp(spread * z), rel=1e-5)

    def test_it_is_at_its_address(self):
        small = Small(20, [{"waiting_line": {"servers": 1}}], waiting_line={}, situation={"pressure_spread": 0.5})
        small.visits([i for i in range(20) for _ in range(2)], [0] * 40)
        small.phases(Phase.ARRIVAL, t=5)
        wanted = [math.exp(0.5 * luck.normal(words("situation", v // 2, 5, v % 2)[0])) for v in range(40)]
        assert small.at("time_pressure").tolist() == pytest.approx(wanted, rel=1e-5)

    def test_the_hurried_give_up_more_and_the_more_the_more_pressed(self):
        found = []
        for spread in (0.2, 0.6, 1.2):
            scenario = market(periods=60, situation={"pressure_spread": spread})
            rates = record(scenario, 1).summary([hurried_abandonment_rate, abandonment_rate])
            assert rates[0, 0] > rates[0, 1]
            assert np.isnan(rates[1]).all(), "the second firm has no line"
            found.append(rates[0, 0])
        assert found[0] < found[1] < found[2]

    def test_half_of_those_who_come_are_in_more_of_a_hurry_than_usual(self):
        tallies = record(market(periods=60, situation={}), 1).tallies
        assert tallies["hurried"][:, 0].sum() / tallies["came"][:, 0].sum() == pytest.approx(0.5, abs=0.03)
        assert (tallies["hurried_gave_up"] <= tallies["gave_up"]).all()


class TestNeutral:
    def test_without_a_spread_nothing_is_done_for_it(self):
        still = market(situation={"pressure_spread": 0.0})
        assert "situation" not in [step.mechanism.name for step in still.steps()]

    @pytest.mark.parametrize("line", [True, False])
    def test_the_least_pressure_is_none(self, line):
        """A spread that rounds to a factor of 1 leaves the bits of a market without the theory."""
        with_it, without = (
            Engine(market(line=line, situation={"pressure_spread": 1e-9}), 3),
            Engine(market(line=line), 3),
        )
        for engine in (with_it, without):
            engine.run(20)
        same(without.world, with_it.world)
        if line:
            assert without.world.tallied("gave_up").sum() > 50

    def test_threads_and_tiles_do_not_matter(self):
        scenario = market(situation={"gift_part": 0.3, "pressure_spread": 0.8}, attributes={})
        one, two, tiles = Engine(scenario, 1), Engine(scenario, 1, threads=2), Engine(scenario, 1)
        tiles.set_tile(64)
        for engine in (one, two, tiles):
            engine.run(15)
        for engine in (two, tiles):
            same(one.world, engine.world)


class TestGifts:
    def test_they_are_at_their_address(self):
        small = Small(40, [{}], waiting_line={}, attributes={}, situation={"gift_part": 0.3})
        small.visits([*range(40)], [0] * 40)
        small.phases(Phase.SEATING, t=2)
        wanted = [float(words("situation", i, 2, 0)[1] < 0.3) for i in range(40)]
        assert small.at("gift_purchase").tolist() == wanted
        assert 3 < sum(wanted) < 25

    def test_tangibles_earn_more_where_gifts_are_bought(self):
        """.1 of the weight for herself, .35 for a gift; the rest of what customers do is as it was."""
        gains = []
        for part in (0.0, 1.0):
            base = market(periods=60, line=False, attributes={}, situation={"gift_part": part, "pressure_spread": 0.0})
            better = base.replace({"firms.north.attributes.tangibles_level": 0.15})
            gains.append(record(better, 2).summary([csi])[0, 0] - record(base, 2).summary([csi])[0, 0])
        assert gains[1] > 2.0 * gains[0] > 0

    def test_if_gifts_weigh_as_always_they_change_nothing(self):
        weights = {f"gift_{name}": w for name, w in zip(ATTRIBUTES, (0.4, 0.15, 0.2, 0.15, 0.1), strict=True)}
        sections = {"attributes": {**weights, "weight_spread": 0.0}}
        gifts, none = (
            Engine(market(line=False, situation={"gift_part": part, "pressure_spread": 0.0}, **sections), 1)
            for part in (0.5, 0.0)
        )
        for engine in (gifts, none):
            engine.run(20)
        same(none.world, gifts.world)

    def test_without_anything_that_attributes_do_gifts_cost_nothing(self):
        scenario = market(situation={"gift_part": 0.5}, attributes={"attribute_spread": 0.0})
        assert "buy_gifts" not in [step.name for step in scenario.steps()]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"situation": {"gift_part": 0.2}}, r"situation\.gift_part = 0\.2, but nothing follows from gifts; give the"),
        ({"situation": {"pressure_spred": 0.2}}, "did you mean 'pressure_spread'"),
    ],
)
def test_refusals(sections, words):
    with pytest.raises(Refusal, match=words):
        market(**sections)
