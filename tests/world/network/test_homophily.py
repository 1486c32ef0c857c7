"""Ties inside segments: as many as asked for, degrees as they were, and stories that stay where they are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.engine.building import build_world
from abm.engine.engine import Engine
from abm.study.provenance.identity import of_market
from abm.world.network.graphs import from_networkx
from abm.world.network.homophily import chance_level, homophily, with_homophily
from abm.world.network.network import USED_BY, Network
from abm.world.partition import Partition
from abm.world.population import Population
from tests.examples import examples

KEY = stream_key(3, "graph")
KINDS = USED_BY["segment_homophily"][:-2]  # all that are drawn
TWO = ({"name": "light", "share": 0.7}, {"name": "heavy", "purchase_rate": 1.0})


def drawn(kind="watts_strogatz", customers=2000, replication=0, **fields):
    return Network(kind=kind, neighbours=8, **fields).build(customers, KEY, replication)


def thirds(customers=2000):
    """Return the segments of customers, with shares of 60, 30 and 10 %."""
    kinds = ({"name": "a", "share": 0.6}, {"name": "b", "share": 0.3}, {"name": "c"})
    return Population(customers=customers, segments=kinds).segment_of(np.arange(customers, dtype=np.uint32), 1, 0)


def market(**network):
    population = Population(customers=1500, segments=TWO, purchase_rate=0.0)
    return abm.Scenario(periods=12, population=population, network=Network(**network))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", [0.1, 0.5, 0.9])
def test_the_index_asked_for_is_reached_and_degrees_stay(kind, index):
    before, segment = drawn(kind), thirds()
    after = with_homophily(before, segment, index, KEY, 0)
    after.check()  # no self-loop, no tie twice, both directions of the same weight
    np.testing.assert_array_equal(after.degree, before.degree)
    assert index <= homophily(after, segment) < index + 0.01
    assert abs(homophily(before, segment)) < 0.05


def test_the_index_by_hand():
    """A ring of four, two by two: half its ties are inside, half is chance.  All inside: (1 - ½) / ½; none: -1."""
    ring, segment = Network(kind="ring").build(4, KEY, 0), np.array([0, 0, 1, 1], np.uint8)
    assert chance_level(ring.degree, segment) == 0.5
    assert homophily(ring, segment) == 0.0
    pairs = from_networkx(_graph([(0, 1), (2, 3)]))
    assert homophily(pairs, segment) == 1.0
    assert homophily(from_networkx(_graph([(0, 2), (1, 3)])), segment) == -1.0


def _graph(edges):
    import networkx as nx  # noqa: PLC0415 - slow to import

    graph = nx.Graph()
    graph.add_nodes_from(range(4))
    graph.add_edges_from(edges)
    return graph


def test_two_ties_across_become_two_inside_and_keep_their_weights():
    graph = _graph([])
    graph.add_edge(0, 2, weight=0.25)
    graph.add_edge(1, 3, weight=0.75)
    after = with_homophily(from_networkx(graph), np.array([0, 0, 1, 1], np.uint8), 0.9, KEY, 0)
    assert after.target.tolist() == [1, 0, 3, 2]
    assert sorted(after.weight.tolist()) == [0.25, 0.25, 0.75, 0.75]
    after.check()


@settings(deadline=None, max_examples=examples(60))
@given(
    st.sampled_from(KINDS),
    st.integers(0, 60),
    st.floats(0.01, 0.99),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
)
def test_whatever_is_asked_for_the_graph_stays_sound(kind, customers, index, segments, replication):
    before = Network(kind=kind, neighbours=4).build(customers, KEY, replication)
    segment = (np.arange(customers) * 7 % segments).astype(np.uint8)
    try:
        after = with_homophily(before, segment, index, KEY, replication)
    except Refusal as refusal:
        assert "cannot be reached: swaps of ties get to" in str(refusal)  # noqa: PT017 - most are not refused
        return
    after.check()
    np.testing.assert_array_equal(after.degree, before.degree)
    reached, ends = homophily(after, segment), max(1, after.target.size)
    room = max(0.01, 6 / ends / (1 - min(chance_level(after.degree, segment), 0.9)))  # a few ties of a small graph
    assert np.isnan(reached) or reached >= index - room


def test_a_graph_that_is_as_homophilous_already_stays_as_it_is():
    segment = thirds()
    much = with_homophily(drawn(), segment, 0.8, KEY, 0)
    assert with_homophily(much, segment, 0.3, KEY, 0) == much


def test_weak_and_strong_ties_are_as_many_as_before():
    before = drawn(strong_share=0.3)
    after = with_homophily(before, thirds(), 0.6, KEY, 0)
    np.testing.assert_array_equal(np.sort(after.weight), np.sort(before.weight))


def test_another_replication_swaps_other_ties():
    one, same, other = (with_homophily(drawn(), thirds(), 0.5, KEY, replication) for replication in (0, 0, 1))
    assert one == same
    assert one != other


def test_none_is_the_graph_as_it_is():
    plain, asked = market(), market(segment_homophily=0.0)
    assert build_world(plain, 1).ties == build_world(asked, 1).ties == Network().build(1500, stream_key(1, "graph"), 0)
    assert of_market(plain) == of_market(asked) != of_market(market(segment_homophily=0.1))


def test_the_same_market_on_any_threads_rows_and_after_a_restart():
    scenario = market(segment_homophily=0.6)
    parted = Partition((np.arange(1500) % 3).astype(np.int64), 3, ((0,), (1, 2)))
    again = Engine(scenario, 1, 0)
    again.run(5)
    again.restart(2)
    plain, threaded, rows = (
        Engine(scenario, 1, 2),
        Engine(scenario, 1, 2, threads=3),
        Engine(scenario, 1, 2, partition=parted),
    )
    for engine in (plain, threaded, rows, again):
        engine.run(12)
        np.testing.assert_array_equal(engine.world.history, plain.world.history)
    assert plain.world.ties == threaded.world.ties == again.world.ties
    assert rows.world.ties == parted.placed(plain.world.ties)
    assert homophily(plain.world.ties, plain.world.customers.segment) == pytest.approx(0.6, abs=0.01)
    assert plain.world.history.any()


def test_a_file_of_ties_is_swapped_too(tmp_path):
    ties = drawn("erdos_renyi", 1500)
    rows = zip(ties.sender.tolist(), ties.target.tolist(), strict=True)
    (tmp_path / "ties.csv").write_text("\n".join(f"{i},{k}" for i, k in rows if i < k))
    world = build_world(market(kind="file", file="ties.csv", segment_homophily=0.5), 1, folder=tmp_path)
    np.testing.assert_array_equal(world.ties.degree, ties.degree)
    assert homophily(world.ties, world.customers.segment) == pytest.approx(0.5, abs=0.01)


def test_stories_stay_in_the_segment_of_their_tellers():
    """Only the heavy buy, so that all stories are theirs: the more homophily, the more of the hearers are heavy."""
    shares = []
    for index in (0.0, 0.4, 0.8):
        engine = Engine(market(segment_homophily=index), 1)
        engine.run(12)
        c = engine.world.customers
        heard = np.abs(c.word_of_mouth).sum(axis=0) > 0
        shares.append(np.mean(c.segment[heard] == 1))
    assert shares[0] < 0.4
    assert shares[0] + 0.15 < shares[1] < shares[2] - 0.15
    assert shares[2] > 0.7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"population.segments": ()},
            "network.segment_homophily = 0.5 needs segments, and the population has no segments; give it two or more, "
            "[[scenario.population.segments]]",
        ),
        ({"population.segments": ({"name": "all"},)}, "the population has 1 segment; give it two or more"),
        (
            {"network.kind": "complete"},
            'network.segment_homophily = 0.5 is not used by kind = "complete"; it belongs to watts_strogatz',
        ),
        ({"network.segment_homophily": 1.0}, "network.segment_homophily = 1.0 is outside [0, 0.99] (fraction)"),
    ],
)
def test_what_cannot_be_is_refused_before_a_run(change, message):
    with pytest.raises(Refusal) as refusal:
        market(segment_homophily=0.5).replace(change)
    assert message in str(refusal.value)


def test_what_swaps_do_not_reach_is_refused_with_what_they_do():
    """Fifty customers tied to half of the others, in ten segments of five: four of her 25 ties can be inside."""
    ties = Network(kind="erdos_renyi", neighbours=25).build(50, KEY, 0)
    with pytest.raises(Refusal) as refusal:
        with_homophily(ties, (np.arange(50) % 10).astype(np.uint8), 0.5, KEY, 0)
    assert str(refusal.value) == (
        "network.segment_homophily = 0.5 cannot be reached: swaps of ties get to 0.06; segments are too small for so "
        "many ties inside"
    )


def test_kernels_of_such_a_market_can_be_checked():
    abm.check_kernels(market(segment_homophily=0.99), periods=1, customers=20)
