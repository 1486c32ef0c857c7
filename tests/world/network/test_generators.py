"""Generators of graphs: by hand, by property, against plain Python, against limit cases, against networkx."""

import math
from collections import Counter
from itertools import combinations, permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from abm.core.streams import stream_key, uniform4_fine
from abm.world.network import generators
from abm.world.network.generators import ATTACH, REWIRE, joined, next_tied, picked, preferred, tie_pairs
from abm.world.network.ties import Ties, compressed_rows

KEY = stream_key(11, "graph")
COIN = 4.0  # standard errors a statistic may be off, which happens by chance once in 16,000 tests
UNLIKELY = 1e-4

sizes = st.integers(0, 60)
fractions = st.floats(0, 1)
replications = st.integers(0, 2**32 - 1)


def rows(pairs, customers):
    start, target = compressed_rows(*pairs, customers)
    ties = Ties(start, target, np.ones(target.size, np.float32))
    ties.check()
    return ties


def pair_set(pairs):
    found = [tuple(sorted(pair)) for pair in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)]
    assert len(found) == len(set(found))
    return set(found)


def graph_of(pairs, customers):
    graph = nx.empty_graph(customers)
    graph.add_edges_from(pair_set(pairs))
    return graph


def near(ours, theirs):
    """Two samples have the same mean, as far as their standard errors tell."""
    error = math.sqrt(np.var(ours) / len(ours) + np.var(theirs) / len(theirs))
    return abs(np.mean(ours) - np.mean(theirs)) <= COIN * error + 1e-12


# ---- drawing one of many --------------------------------------------------------------------------------------------


def test_joined_and_picked_by_hand():
    assert joined(0.25, 0.5) == 0.25
    assert joined(0.25, 0.75) == 0.25 + 2.0**-34
    assert [picked(u, 4) for u in (0.0, 0.24, 0.25, 0.99, 1.0)] == [0, 0, 1, 3, 3]


@settings(deadline=None)  # the first call compiles
@given(st.floats(0, 1), st.integers(1, 2**31))
def test_picked_is_always_one_of_them(u, many):
    assert 0 <= picked(u, many) < many


def test_next_tied_by_hand():
    scale = 1 / math.log(0.5)  # a fair coin: first success at once for u > 1/2, after one failure for u > 1/4 …
    assert [next_tied(10, u, scale, 20) for u in (0.9, 0.51, 0.49, 0.26, 0.24)] == [11, 11, 12, 12, 13]
    assert [next_tied(10, u, scale, 12) for u in (0.9, 0.49, 1e-9)] == [11, 12, 12]
    assert next_tied(19, 0.9, scale, 20) == 20
    assert next_tied(20, 0.9, scale, 20) == 20


@settings(deadline=None)  # the first call compiles
@given(st.floats(0.001, 0.9), st.floats(2.0**-33, 1 - 2.0**-33))
def test_next_tied_is_the_geometric_law_inverted(chance, u):
    gap = next_tied(-1, u, 1 / math.log1p(-chance), 10**9)
    assert (1 - chance) ** (gap + 1) <= u * (1 + 1e-9)
    assert u <= (1 - chance) ** gap * (1 + 1e-9)


def test_next_tied_with_certainty_and_impossibility():
    for u in (1e-9, 0.5, 1.0):
        assert next_tied(3, u, -0.0, 10) == 4  # chance 1
        assert next_tied(3, u, -math.inf, 10) == 10  # chance 0


# ---- properties of all ----------------------------------------------------------------------------------------------


@settings(deadline=None)  # the first call compiles
@given(sizes, st.integers(0, 35), fractions, replications)
def test_watts_strogatz_has_all_its_ties(n, half, rewiring, replication):
    ties = rows(generators.watts_strogatz(n, 2 * half, rewiring, KEY, replication), n)
    assert ties.ties == min(n * half, n * (n - 1) // 2)
    assert np.all(ties.degree >= min(half, max(n - 1, 0)))  # her own ties never leave her


@settings(deadline=None)  # the first call compiles
@given(sizes, st.integers(0, 70), replications)
def test_barabasi_albert_ties_every_newcomer(n, ties_each, replication):
    pairs = generators.barabasi_albert(n, ties_each, KEY, replication)
    newcomers = Counter(max(pair) for pair in pair_set(pairs))
    assert all(newcomers[i] == min(i, ties_each) for i in range(n))
    rows(pairs, n)


@settings(deadline=None)  # the first call compiles
@given(sizes, st.floats(0, 80), replications)
def test_erdos_renyi_is_a_graph(n, mean_degree, replication):
    ties = rows(generators.erdos_renyi(n, mean_degree, KEY, replication), n)
    if mean_degree >= n - 1:
        assert ties.ties == n * (n - 1) // 2


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 5), max_size=60), st.floats(0, 80), fractions, replications)
def test_stochastic_block_is_a_graph(groups, mean_degree, homophily, replication):
    group = np.array(groups, np.int32)
    pairs = generators.stochastic_block(group, mean_degree, homophily, KEY, replication)
    rows(pairs, group.size)
    if homophily == 1.0:
        assert np.array_equal(group[pairs[0]], group[pairs[1]])


@settings(deadline=None)  # the first call compiles
@given(sizes)
def test_complete_has_every_pair(n):
    assert pair_set(generators.complete(n)) == set(combinations(range(n), 2))


@settings(deadline=None)  # the first call compiles
@given(sizes, st.integers(0, 20))
def test_ring_is_the_circulant_graph(n, half):
    ours = graph_of(generators.ring(n, 2 * half), n)
    if n > 2 * half:
        assert nx.utils.graphs_equal(ours, nx.circulant_graph(n, range(1, half + 1)) if half else nx.empty_graph(n))
    else:
        assert nx.utils.graphs_equal(ours, nx.complete_graph(n))


def test_ring_of_two_neighbours_by_hand():
    assert pair_set(generators.ring(4)) == {(0, 1), (1, 2), (2, 3), (0, 3)}


DRAWN = {
    "watts_strogatz": lambda n, replication: generators.watts_strogatz(n, 6, 0.3, KEY, replication),
    "barabasi_albert": lambda n, replication: generators.barabasi_albert(n, 3, KEY, replication),
    "erdos_renyi": lambda n, replication: generators.erdos_renyi(n, 6.0, KEY, replication),
    "stochastic_block": lambda n, replication: generators.stochastic_block(
        (np.arange(n) % 3).astype(np.int32), 6.0, 0.5, KEY, replication
    ),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_the_same_address_gives_the_same_graph_and_another_replication_another(draw):
    assert pair_set(draw(50, 3)) == pair_set(draw(50, 3))
    assert pair_set(draw(50, 3)) != pair_set(draw(50, 4))


def test_newcomers_leave_earlier_ties_as_they_were():
    before, after = (pair_set(generators.barabasi_albert(n, 3, KEY, 0)) for n in (40, 90))
    assert before == {pair for pair in after if max(pair) < 40}


# ---- against plain Python -------------------------------------------------------------------------------------------


def plain_watts_strogatz(n, k, rewiring, replication):
    ties = {frozenset((i, (i + d) % n)) for i in range(n) for d in range(1, k // 2 + 1)}
    for i in range(n):
        for d in range(k // 2):
            u, high, low, _ = uniform4_fine(KEY, i, d, REWIRE, replication)
            other = (*range(i + 1, n), *range(i))[int(joined(high, low) * (n - 1))]
            if u < rewiring and frozenset((i, other)) not in ties:
                ties -= {frozenset((i, (i + d + 1) % n))}
                ties |= {frozenset((i, other))}
    return {tuple(sorted(tie)) for tie in ties}


@settings(deadline=None)  # the first call compiles
@given(st.integers(4, 14), st.integers(1, 3), st.sampled_from([0.0, 0.25, 0.5, 1.0]), replications)
def test_watts_strogatz_against_plain_python(n, half, rewiring, replication):
    if 2 * half < n - 1:
        ours = pair_set(generators.watts_strogatz(n, 2 * half, rewiring, KEY, replication))
        assert ours == plain_watts_strogatz(n, 2 * half, rewiring, replication)


def plain_barabasi_albert(n, ties_each, replication):
    """The same draws; what the block cannot decide goes through a list of what is left."""
    ends, ties = [], set()
    for i in range(1, n):
        chosen, before = [], list(ends)
        for slot in range(min(i, ties_each)):
            if i <= ties_each:
                k = slot
            else:
                u0, u1, u2, u3 = uniform4_fine(KEY, i, slot, ATTACH, replication)
                tries = [before[int(joined(a, b) * len(before))] for a, b in ((u0, u1), (u2, u3))]
                fresh = [k for k in tries if k not in chosen]
                if not fresh:
                    u0, u1, _, _ = uniform4_fine(KEY, i, slot, generators.ATTACH_LEFT, replication)
                    left = [k for k in before if k not in chosen]
                    fresh = [left[int(joined(u0, u1) * len(left))]]
                k = fresh[0]
            chosen.append(k)
            ends += [i, k]
            ties.add((k, i))
    return ties


@settings(deadline=None)  # the first call compiles
@given(st.integers(1, 16), st.integers(1, 5), replications)
def test_barabasi_albert_against_plain_python(n, ties_each, replication):
    ours = pair_set(generators.barabasi_albert(n, ties_each, KEY, replication))
    assert ours == plain_barabasi_albert(n, ties_each, replication)


def test_pairs_that_find_no_room_are_counted_and_drawn_again_alike():
    member, bounds, scale = np.arange(40, dtype=np.int32), np.array([0, 40]), np.array([1 / math.log(0.8)])
    no_rule, found = np.empty(0, np.int32), np.zeros(1, np.int64)
    lists = []
    for room in (0, 10, 780):
        pairs = np.full((2, room), -1, np.int32)
        tie_pairs(member, bounds, scale, no_rule, generators.PAIR, KEY, 0, pairs[0], pairs[1], found)
        lists.append((pairs[:, : found[0]], int(found[0])))
    (_, counted), (some, again), (everything, total) = lists
    assert counted == again == total > 10
    assert np.array_equal(some, everything[:, :10])


@pytest.mark.parametrize("name", ["erdos_renyi", "stochastic_block"])
def test_a_list_that_runs_over_is_drawn_again_with_room(name, monkeypatch):
    usual = DRAWN[name](50, 0)
    monkeypatch.setattr(generators, "room_for", lambda ties: 3)
    again = DRAWN[name](50, 0)
    assert all(np.array_equal(a, b) for a, b in zip(usual, again, strict=True))


# ---- laws -----------------------------------------------------------------------------------------------------------


def test_every_pair_of_erdos_renyi_is_equally_likely():
    n, runs, chance = 7, 2000, 0.4
    seen = Counter(pair for r in range(runs) for pair in pair_set(generators.erdos_renyi(n, chance * (n - 1), KEY, r)))
    z = [(seen[pair] - runs * chance) / math.sqrt(runs * chance * (1 - chance)) for pair in combinations(range(n), 2)]
    assert stats.chi2.sf(sum(x * x for x in z), len(z)) > UNLIKELY


def test_a_newcomer_chooses_in_proportion_to_ties_without_replacement():
    """Degrees 3, 2, 2, 1: pairs of distinct customers, ordered, have probability d_a/8 · d_b/(8 - d_a)."""
    degree = {0: 3, 1: 2, 2: 2, 3: 1}
    ends = np.array([0, 1, 0, 2, 1, 2, 0, 3], np.int32)
    runs, seen = 20_000, Counter()
    for r in range(runs):
        newcomer_of = np.zeros(5, np.int32)
        chosen = []
        for slot in range(3):
            chosen.append(int(preferred(ends, 8, newcomer_of, 4, slot, KEY, r)))
            newcomer_of[chosen[-1]] = 4
        seen[tuple(chosen)] += 1
    chi2 = 0.0
    for a, b, c in permutations(degree, 3):
        p = degree[a] / 8 * degree[b] / (8 - degree[a]) * degree[c] / (8 - degree[a] - degree[b])
        chi2 += (seen[a, b, c] - runs * p) ** 2 / (runs * p)
    assert sum(seen.values()) == runs
    assert stats.chi2.sf(chi2, 23) > UNLIKELY


def test_rewired_ends_go_everywhere_alike():
    n, runs = 9, 1500
    far = Counter()
    for r in range(runs):
        sender, receiver = generators.watts_strogatz(n, 2, 1.0, KEY, r)
        far.update(((receiver - sender) % n).tolist())
    # A tie may keep distance 1 because its new end was taken, and distance 8 is the one most often taken.
    middle = [far[d] for d in range(2, 8)]
    assert np.ptp(middle) <= 2 * COIN * math.sqrt(np.mean(middle))


@pytest.mark.parametrize("rewiring", [0.05, 0.3, 1.0])
def test_small_worlds_look_like_those_of_networkx(rewiring):
    n, k, runs = 600, 6, 25
    ours = [graph_of(generators.watts_strogatz(n, k, rewiring, KEY, r), n) for r in range(runs)]
    theirs = [nx.watts_strogatz_graph(n, k, rewiring, seed=r) for r in range(runs)]
    for statistic in (nx.average_clustering, nx.transitivity, lambda g: np.var([d for _, d in g.degree])):
        assert near([statistic(g) for g in ours], [statistic(g) for g in theirs])


@pytest.mark.parametrize("rewiring", [0.1, 0.5])
def test_as_many_ties_of_a_small_world_move_as_asked_but_for_taken_ends(rewiring):
    n, k, runs = 300, 8, 40
    lattice = np.tile(np.arange(1, k // 2 + 1), n)
    moved = 0.0
    for r in range(runs):
        sender, receiver = generators.watts_strogatz(n, k, rewiring, KEY, r)
        moved += np.mean((receiver - sender) % n != lattice) / runs
    error = COIN * math.sqrt(rewiring * (1 - rewiring) / (n * k / 2 * runs))
    assert moved == pytest.approx(rewiring * (1 - k / n), abs=error + 0.1 * rewiring * k / n)


def test_preferential_attachment_looks_like_that_of_networkx():
    n, m, runs = 200, 4, 40
    founders = nx.complete_graph(m + 1)
    ours = [graph_of(generators.barabasi_albert(n, m, KEY, r), n) for r in range(runs)]
    theirs = [nx.barabasi_albert_graph(n, m, seed=r, initial_graph=founders) for r in range(runs)]
    assert {g.number_of_edges() for g in ours} == {g.number_of_edges() for g in theirs} == {(n - m - 1) * m + 10}
    for statistic in (
        lambda g: max(d for _, d in g.degree),
        lambda g: np.var([d for _, d in g.degree]),
        lambda g: np.mean([d == m for _, d in g.degree]),
        nx.average_clustering,
    ):
        assert near([statistic(g) for g in ours], [statistic(g) for g in theirs])


def test_random_graphs_look_like_those_of_networkx():
    n, degree, runs = 150, 8.0, 40
    ours = [graph_of(generators.erdos_renyi(n, degree, KEY, r), n) for r in range(runs)]
    theirs = [nx.gnp_random_graph(n, degree / (n - 1), seed=r) for r in range(runs)]
    for statistic in (
        lambda g: g.number_of_edges(),
        lambda g: np.var([d for _, d in g.degree]),
        nx.average_clustering,
        lambda g: len(max(nx.connected_components(g), key=len)),
    ):
        assert near([statistic(g) for g in ours], [statistic(g) for g in theirs])


@pytest.mark.parametrize("homophily", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("sizes", [(60, 60, 60), (100, 60, 20)])
def test_colemans_index_is_the_homophily_asked_for_in_every_group(homophily, sizes):
    group = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    np.random.default_rng(1).shuffle(group)
    n, degree, runs = group.size, 10.0, 40
    inside, total = np.zeros((2, runs, len(sizes)))
    for r in range(runs):
        sender, receiver = generators.stochastic_block(group, degree, homophily, KEY, r)
        for i, k in ((sender, receiver), (receiver, sender)):
            total[r] += np.bincount(group[i], minlength=len(sizes))
            inside[r] += np.bincount(group[i][group[i] == group[k]], minlength=len(sizes))
    chance = (np.array(sizes) - 1) / (n - 1)
    index = (inside.sum(0) / total.sum(0) - chance) / (1 - chance)
    error = COIN / np.sqrt(total.sum(0) / 2) / (1 - chance)
    assert np.all(np.abs(index - homophily) <= error)
    assert total.mean(0) / sizes == pytest.approx(degree, abs=COIN * math.sqrt(2 * degree / min(sizes) / runs))


def test_small_groups_get_their_share_too():
    """Groups of 4, two ties each, half kept for the group: a tie with one of three others, 1/3 + chance, a pair."""
    group, runs = np.repeat(np.arange(200, dtype=np.int32), 4), 20
    pairs = [generators.stochastic_block(group, 2.0, 0.5, KEY, r) for r in range(runs)]
    inside = sum(int(np.sum(group[sender] == group[receiver])) for sender, receiver in pairs)
    chance, possible = 1 / 3 + 1 / 799, 200 * 6 * runs
    assert inside == pytest.approx(chance * possible, abs=COIN * math.sqrt(possible * chance * (1 - chance)))


def test_a_group_too_small_for_its_share_is_complete_inside():
    group = np.array([0] * 3 + [1] * 97, np.int32)
    pairs = pair_set(generators.stochastic_block(group, 10.0, 0.9, KEY, 0))
    assert {(0, 1), (0, 2), (1, 2)} <= pairs


def test_drawn_groups_are_equally_likely_and_do_not_depend_on_how_many_follow():
    few, many = np.empty(500, np.int32), np.empty(3000, np.int32)
    for group in (few, many):
        generators.draw_groups(KEY, 2, 4, group)
    assert np.array_equal(few, many[:500])
    assert np.bincount(many, minlength=4) == pytest.approx(750, abs=COIN * math.sqrt(3000 * 3 / 16))
