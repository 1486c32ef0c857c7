"""Whom the page draws: a neighbourhood, its ties, and places that do not change."""

import numpy as np
import pytest

import abm
from abm.engine.engine import Engine
from abm.view.page.sample import neighbourhood


def ties(**network):
    """Return the ties of a small market."""
    population = abm.Population(customers=120)
    return Engine(abm.Scenario(population=population, network=abm.Network(**network), periods=1), 1).world.ties


def test_the_nearest_come_first_and_all_ties_among_them_are_there():
    graph = ties(kind="watts_strogatz", neighbours=6, rewiring=0.1)
    found = neighbourhood(graph, 40)
    assert found.rows[0] == 0
    assert len(set(found.rows.tolist())) == 40
    own = set(graph.target[graph.start[0] : graph.start[1]].tolist())
    assert set(found.rows[1 : 1 + len(own)].tolist()) == own
    drawn = {frozenset(found.rows[pair].tolist()) for pair in found.links}
    chosen = set(found.rows.tolist())
    there = {
        frozenset((i, k))
        for i in chosen
        for k in graph.target[graph.start[i] : graph.start[i + 1]].tolist()
        if k in chosen
    }
    assert drawn == there


def test_everybody_if_there_are_few_and_customers_without_ties_too():
    found = neighbourhood(ties(kind="watts_strogatz", neighbours=4, isolated=20), 500)
    assert sorted(found.rows.tolist()) == list(range(120))


def test_a_dense_graph_is_drawn_with_a_part_of_its_ties():
    found = neighbourhood(ties(kind="complete"), 120)
    assert 0 < len(found.links) <= 6_000


def test_places_are_the_same_each_time():
    graph = ties(kind="watts_strogatz", neighbours=4)
    first, second = neighbourhood(graph, 60), neighbourhood(graph, 60)
    assert not first.laid_out
    np.testing.assert_array_equal(first.places(), second.places())
    assert first.laid_out
    assert first.same_as(second)
    assert not first.same_as(neighbourhood(graph, 59))
    assert not first.same_as(neighbourhood(ties(kind="watts_strogatz", neighbours=6), 60))
    assert first.places().shape == (60, 2)
    assert np.abs(first.places()).max() <= 1 + 1e-9


@pytest.mark.parametrize("most", [1, 2])
def test_very_few(most):
    found = neighbourhood(ties(kind="watts_strogatz", neighbours=4), most)
    assert len(found.rows) == most
    assert found.places().shape == (most, 2)
