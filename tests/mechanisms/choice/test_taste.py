"""Taste: lasting, as spread as it says, and worth its utility and its fit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.mechanisms.choice.taste import Taste, add_fit, add_taste
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import random_numbers


def kernels(scenario):
    """Return the names of the kernels that a scenario runs."""
    return {step.name for step in scenario.steps()}


def test_tastes_have_their_spread_and_firms_differ():
    """Mean 0 and sd 2 over customers, one firm's independent of the other's, within four standard errors."""
    taste = Small(5000, taste={"taste_spread": 2.0}).c.taste
    assert np.all(np.abs(taste.mean(axis=1)) < 4 * 2.0 / math.sqrt(5000))
    assert taste.std(axis=1) == pytest.approx(2.0, rel=4 / math.sqrt(10_000))
    assert abs(np.corrcoef(taste)[0, 1]) < 4 / math.sqrt(5000)


def test_tastes_are_drawn_where_the_page_says():
    """Stream taste, period 0, draw 0, block j, word 0."""
    engine = Engine(Scenario.parse({"periods": 1, "population": {"customers": 5}}), 3, replication=2)
    key = random_numbers.stream_key(3, "taste")
    for j in range(engine.world.m):
        for i in range(5):
            word = random_numbers.customer_words(key, i, 0, draw=0, block=j, replication=2)[0]
            z = random_numbers.normal(random_numbers.uniform(word))
            assert engine.world.customers.taste[j, i] == pytest.approx(Taste().taste_spread * z, abs=1e-5)


def test_a_taste_is_added_to_utility_as_it_is():
    small = Small(2)
    small.c.taste[:] = [[0.5, -1.0], [0.0, 2.0]]
    small.visits([0, 1], [-1, -1])
    small.passing.utility[:, :2] = 1.0
    small.run("taste", add_taste)
    np.testing.assert_allclose(small.passing.utility[:, :2], [[1.5, 0.0], [1.0, 3.0]])


def test_whom_a_firm_suits_gets_more():
    """0.05 of quality for each unit of taste for the firm visited; the match of another theory stays."""
    small = Small(3, taste={"fit": 0.05})
    small.c.taste[:] = [[1.0, 9.0, -1.0], [9.0, 2.0, 9.0]]
    small.visits([0, 1, 2], [0, 1, 0])
    small.passing.performance_shift[:3] = 0.1
    small.run("taste", add_fit)
    assert small.at("performance_shift") == pytest.approx([0.15, 0.2, 0.05])


def test_tastes_last():
    """What is drawn at the start is there at the end."""
    engine = Engine(Scenario.parse({"periods": 20, "population": {"customers": 50}}), 1)
    before = engine.world.customers.taste.copy()
    engine.run(20)
    np.testing.assert_array_equal(engine.world.customers.taste, before)
    assert before.std() > 0


def test_where_all_are_alike_the_theory_costs_nothing():
    alike = Scenario.parse({"taste": {"taste_spread": 0.0}})
    assert kernels(Scenario()) - kernels(alike) == {"add_taste", "add_fit"}
    assert "taste" not in dict(Small(20, taste={"taste_spread": 0.0}).c.items())


def test_a_fit_of_nothing_adds_nothing():
    small = Small(50, taste={"fit": 0.0}, word_of_mouth={"referral_match": 0.0})
    small.visits(np.arange(50), np.zeros(50, int))
    small.phases(Phase.DELIVERY)
    assert not small.at("performance_shift").any()
