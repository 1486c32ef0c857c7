"""The network spec, what it builds, and networkx in and out."""

import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.world.network.graphs import MOST_BY_STEPS, from_networkx, positions, to_networkx
from abm.world.network.network import DRAWN, STRENGTHS, USED_BY, Network, Ties

KEY = stream_key(3, "graph")


def refused(function, *arguments, **named):
    with pytest.raises(Refusal) as refusal:
        function(*arguments, **named)
    return str(refusal.value)


def edges(ties):
    return {(i, k) for i, k in zip(ties.sender.tolist(), ties.target.tolist(), strict=True) if i < k}


# ---- the spec -------------------------------------------------------------------------------------------------------


def test_defaults_are_the_small_world_of_the_specification():
    network = Network()
    assert (network.kind, network.mean_degree, network.rewiring) == ("watts_strogatz", 8, 0.1)
    assert (network.strong_weight, network.weak_weight) == (1.0, 0.3)
    assert Network(kind="ring").mean_degree == 2
    assert Network(kind="erdos_renyi", neighbours=2.5).mean_degree == 2.5


def test_every_parameter_is_used_by_all_kinds_or_says_by_which():
    names = set(Network.model_fields)
    assert names == {"kind", *STRENGTHS, *USED_BY}
    kinds = {"file", "ties", *DRAWN}
    assert all(set(users) <= kinds for users in USED_BY.values())
    assert all(row.evidence == "assumed" for row in Network.parameters())


def test_a_study_file_holds_what_was_set_and_gives_it_back():
    network = Network(kind="stochastic_block", neighbours=6, homophily=0.2)
    assert network.to_dict() == {"kind": "stochastic_block", "neighbours": 6, "homophily": 0.2}
    assert Network.parse(network.to_dict()) == network
    assert Network().to_dict() == {}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (
            {"kind": "ring", "rewiring": 0.2},
            'Network.rewiring = 0.2 is not used by kind = "ring"; it belongs to watts_strogatz',
        ),
        (
            {"kind": "complete", "neighbours": 8},
            'Network.neighbours = 8.0 is not used by kind = "complete"; it belongs to '
            "watts_strogatz, barabasi_albert, erdos_renyi, stochastic_block or ring",
        ),
        (
            {"homophily": 0.1},
            'Network.homophily = 0.1 is not used by kind = "watts_strogatz"; it belongs to stochastic_block',
        ),
        ({"file": "a.csv"}, 'Network.file = "a.csv" is not used by kind = "watts_strogatz"; it belongs to file'),
        (
            {"kind": "file", "file": "a.csv", "isolated": 3},
            'Network.isolated = 3 is not used by kind = "file"; it belongs to '
            "watts_strogatz, barabasi_albert, erdos_renyi, stochastic_block, complete or ring",
        ),
        ({"kind": "file"}, 'Network.file: kind = "file" needs the name of a file in the study\'s folder'),
        (
            {"neighbours": 7},
            'Network.neighbours = 7 is not an even whole number, which kind = "watts_strogatz" needs; use 6 or 8',
        ),
        (
            {"kind": "barabasi_albert", "neighbours": 2.5},
            'Network.neighbours = 2.5 is not an even whole number, which kind = "barabasi_albert" needs; use 2 or 4',
        ),
        ({"neighbours": -2}, "Network.neighbours = -2.0 is outside [0, 1e9] (ties per customer)"),
        ({"rewiring": 1.5}, "Network.rewiring = 1.5 is outside [0, 1] (fraction)"),
        ({"rewirng": 0.5}, "no Network parameter 'rewirng'; did you mean 'rewiring'?"),
    ],
)
def test_what_a_kind_cannot_use_is_refused(given, complaint):
    assert refused(Network, **given) == complaint


def test_a_kind_is_changed_together_with_its_fields():
    network = Network(neighbours=6).replace({"kind": "ring", "neighbours": 4})
    assert network.build(9, KEY, 0).degree.tolist() == [4] * 9


# ---- building -------------------------------------------------------------------------------------------------------


@settings(deadline=None)  # the first call compiles
@given(
    st.sampled_from(DRAWN),
    st.integers(0, 40),
    st.integers(0, 30),
    st.integers(0, 45),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
)
def test_whatever_is_built_is_sound(kind, customers, half, isolated, seed, replication):
    own = {} if kind == "complete" else {"neighbours": 2 * half}
    network = Network(kind=kind, isolated=min(isolated, customers), **own)
    ties = network.build(customers, np.uint64(seed), replication)
    ties.check()
    assert ties.customers == customers
    assert ties.dropped == {"self_loops": 0, "duplicates": 0}
    assert np.all(ties.degree[customers - network.isolated :] == 0)
    assert set(ties.weight.tolist()) <= {np.float32(1.0), np.float32(0.3)}


@pytest.mark.parametrize("kind", DRAWN)
def test_isolated_customers_leave_everybody_elses_ties_as_they_were(kind):
    before, after = Network(kind=kind).build(70, KEY, 2), Network(kind=kind, isolated=30).build(100, KEY, 2)
    assert np.array_equal(before.start, after.start[:71])
    assert np.array_equal(before.target, after.target)
    assert np.array_equal(before.weight, after.weight)
    groups = np.arange(100) % 4
    if kind == "stochastic_block":
        same = Network(kind=kind).build(70, KEY, 2, groups=groups[:70])
        assert np.array_equal(same.target, Network(kind=kind, isolated=30).build(100, KEY, 2, groups=groups).target)


@pytest.mark.parametrize("kind", DRAWN)
def test_a_graph_is_a_function_of_its_address(kind):
    network = Network(kind=kind)
    assert network.build(60, KEY, 1) == network.build(60, KEY, 1)
    assert network.build(60, KEY, 1) != network.build(60, KEY, 2)
    assert network.build(60, KEY, 1) != network.build(60, stream_key(4, "graph"), 1)


@pytest.mark.parametrize("kind", ["watts_strogatz", "barabasi_albert", "erdos_renyi", "stochastic_block", "ring"])
def test_odd_sizes_are_defined(kind):
    for customers in (0, 1, 2, 5):
        assert Network(kind=kind, neighbours=0).build(customers, KEY, 0).ties == 0
        everybody = Network(kind=kind, neighbours=50, **({"homophily": 0.0} if kind == "stochastic_block" else {}))
        assert everybody.build(customers, KEY, 0).ties == customers * (customers - 1) // 2


def test_all_strong_all_weak_and_the_same_graph():
    networks = [Network(strong_share=share) for share in (0.0, 0.5, 1.0)]
    weak, mixed, strong = (network.build(200, KEY, 0) for network in networks)
    assert np.array_equal(weak.target, mixed.target)
    assert np.array_equal(mixed.target, strong.target)
    assert set(weak.weight.tolist()) == {np.float32(0.3)}
    assert set(strong.weight.tolist()) == {1.0}


def test_homophily_uses_the_groups_it_is_given():
    groups = np.array([30, -7] * 50)
    ties = Network(kind="stochastic_block", homophily=1.0).build(100, KEY, 0, groups=groups)
    assert ties.ties > 300
    assert np.array_equal(groups[ties.sender], groups[ties.target])


def test_homophily_draws_groups_where_there_are_none():
    network = Network(kind="stochastic_block", homophily=1.0, groups=3)
    groups = network.draw_groups(200, KEY, 5)
    assert set(groups.tolist()) == {0, 1, 2}
    assert network.build(200, KEY, 5) == network.build(200, KEY, 5, groups=groups)
    ties = network.build(200, KEY, 5)
    assert np.array_equal(groups[ties.sender], groups[ties.target])


def test_groups_that_do_not_fit_are_refused():
    network = Network(kind="stochastic_block")
    assert refused(network.build, 5, KEY, 0, groups=[1, 2]) == "groups: has shape (2,), not (5,)"
    assert refused(network.build, 2, KEY, 0, groups=[0.5, 1.0]) == "groups: must be whole numbers, not float64"


def test_graphs_too_large_are_refused_with_their_size():
    assert refused(Network(kind="complete").build, 10**6, KEY, 0) == (
        'Network.kind = "complete" with 1000000 customers makes 5e+11 ties (8e+03 GB); at most 5e+08 are drawn'
    )
    assert refused(Network(neighbours=2000).build, 10**6, KEY, 0) == (
        "Network.neighbours = 2000 with 1000000 customers makes 1e+09 ties (16 GB); at most 5e+08 are drawn"
    )
    assert refused(Network(isolated=6).build, 5, KEY, 0) == (
        "Network.isolated = 6 is more than the 5 customers there are"
    )


def test_ties_travel_to_workers():
    ties = Network().build(50, KEY, 0)
    assert pickle.loads(pickle.dumps(ties)) == ties


# ---- files ----------------------------------------------------------------------------------------------------------


def from_file(folder, text, customers=5, **fields):
    (folder / "graph.csv").write_text(text)
    return Network(kind="file", file="graph.csv", **fields).build(customers, KEY, 0, folder=folder)


def test_a_file_with_weights_gives_the_strengths(tmp_path):
    ties = from_file(tmp_path, "0,1,0.5\n2,1,2\n1,0,0.25\n3,3,1\n")
    ties.check()
    assert edges(ties) == {(0, 1), (1, 2)}
    assert ties.weight.tolist() == [0.75, 0.75, 2.0, 2.0]  # those of 0-1 and 1-0 added up
    assert ties.dropped == {"self_loops": 1, "duplicates": 1}
    assert ties.degree.tolist() == [1, 2, 1, 0, 0]
    assert refused(from_file, tmp_path, "0,1,0.5\n", strong_share=0.2) == (
        "Network.strong_share = 0.2 is not used: graph.csv gives the weights of its ties"
    )


def test_a_file_without_weights_has_them_drawn(tmp_path):
    pairs = "\n".join(f"{i} {k}" for i in range(40) for k in range(i))
    ties = from_file(tmp_path, pairs, 40, strong_share=0.25, weak_weight=0.1)
    ties.check()
    drawn = Network(kind="complete", strong_share=0.25, weak_weight=0.1).build(40, KEY, 0)
    assert ties == drawn


def test_names_in_a_file_are_kept(tmp_path):
    ties = from_file(tmp_path, "ann,bob\nbob,cy\n")
    assert ties.labels == ("ann", "bob", "cy")
    assert edges(ties) == {(0, 1), (1, 2)}
    assert set(to_networkx(ties)) == {"ann", "bob", "cy", "customer 3", "customer 4"}


def test_a_file_outside_the_folder_is_refused(tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    (tmp_path / "graph.csv").write_text("0 1\n")
    (study / "link.csv").symlink_to(tmp_path / "graph.csv")
    for file in ("../graph.csv", str(tmp_path / "graph.csv"), "link.csv"):
        network = Network(kind="file", file=file)
        complaint = refused(network.build, 5, KEY, 0, folder=study)
        assert complaint.startswith(f'Network.file = "{file[:50]}')
        assert " lies outside the study's folder; allow its own with --data DIR " in complaint
    inside = Network(kind="file", file="study/../graph.csv").build(5, KEY, 0, folder=tmp_path)
    assert inside.ties == 1


def test_the_current_folder_stands_in_for_a_study_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("graph.csv").write_text("0 1\n")
    assert Network(kind="file", file="graph.csv").build(2, KEY, 0).ties == 1


def test_a_file_of_many_friendships(tmp_path):
    """As large as the public samples of social networks, with hubs; an edge a line, written once."""
    drawn = Network(kind="barabasi_albert", neighbours=40).build(4000, KEY, 0)
    pairs = sorted(edges(drawn))
    (tmp_path / "friends.txt").write_text("".join(f"{i} {k}\n" for i, k in pairs))
    network = Network(kind="file", file="friends.txt")
    ties = network.build(4000, KEY, 0, folder=tmp_path)
    ties.check()
    assert ties.ties == len(pairs) > 75_000
    assert ties.degree.tolist() == drawn.degree.tolist()
    assert ties.dropped == {"self_loops": 0, "duplicates": 0}
    assert network.build(5000, KEY, 0, folder=tmp_path).ties == len(pairs)
    complaint = refused(network.build, 3999, KEY, 0, folder=tmp_path)
    assert complaint.endswith("customer 3999 does not exist; customers are numbered from 0 to 3998")
    line = 1 + next(place for place, pair in enumerate(pairs) if 3999 in pair)
    assert complaint.startswith(f"friends.txt: line {line}: ")


# ---- networkx -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DRAWN)
def test_out_to_networkx_and_back(kind):
    ties = Network(kind=kind, isolated=2).build(40, KEY, 0)
    graph = to_networkx(ties)
    assert graph.number_of_edges() == ties.ties
    assert list(graph) == list(range(40))
    assert [d for _, d in graph.degree] == ties.degree.tolist()
    assert from_networkx(graph) == ties


def test_regular_graphs_are_those_of_networkx():
    assert nx.utils.edges_equal(
        to_networkx(Network(kind="complete").build(7, KEY, 0)).edges, nx.complete_graph(7).edges
    )
    ring = to_networkx(Network(kind="ring").build(7, KEY, 0))
    assert nx.is_isomorphic(ring, nx.cycle_graph(7))


def test_karate_club():
    graph = nx.karate_club_graph()
    ties = from_networkx(graph)
    ties.check()
    assert (ties.customers, ties.ties, ties.labels) == (34, 78, ())
    assert ties.weight[0] == graph[0][1]["weight"]
    assert from_networkx(graph, customers=40).degree.tolist() == [d for _, d in graph.degree] + [0] * 6


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0, 100, width=32)), max_size=40))
@settings(deadline=None)
def test_a_multigraph_is_cleaned_and_what_is_dropped_counted(listed):
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(10))
    graph.add_weighted_edges_from(listed)
    ties = from_networkx(graph)
    ties.check()
    proper = [(min(i, k), max(i, k)) for i, k, _ in listed if i != k]
    assert edges(ties) == set(proper)
    assert ties.dropped == {"self_loops": len(listed) - len(proper), "duplicates": len(proper) - len(set(proper))}
    once = {pair for pair, count in Counter(proper).items() if count == 1}
    weight = dict(zip(zip(ties.sender.tolist(), ties.target.tolist(), strict=True), ties.weight.tolist(), strict=True))
    assert all(weight[min(i, k), max(i, k)] == w for i, k, w in listed if (min(i, k), max(i, k)) in once)


def test_ids_are_ids_in_whatever_order_the_nodes_come():
    graph = nx.Graph([(2, 0), (0, 1)])
    ties = from_networkx(graph)
    assert list(graph) == [2, 0, 1]
    assert (edges(ties), ties.labels) == ({(0, 1), (0, 2)}, ())
    assert from_networkx(nx.Graph([(np.int64(1), np.int64(0))])).labels == ()


def test_other_labels_are_numbered_as_they_come_and_kept():
    graph = nx.Graph([("b", "a"), ("a", ("x", 1))])
    ties = from_networkx(graph, customers=4)
    assert ties.labels == ("b", "a", ("x", 1))
    assert edges(ties) == {(0, 1), (1, 2)}
    assert set(to_networkx(ties).edges) == {("b", "a"), ("a", ("x", 1))}
    assert from_networkx(nx.Graph([(1, 2)])).labels == (1, 2)
    assert from_networkx(to_networkx(from_networkx(graph))) == from_networkx(graph)


def test_a_graph_of_ones_own_is_written_down_and_read_back():
    graph = nx.les_miserables_graph()
    network = Network(graph=graph, strong_share=0.5)
    assert network.kind == "ties"
    assert Network.parse(network.to_dict()) == network
    assert network.build(77, KEY, 0) == from_networkx(graph)
    assert to_networkx(network.build(80, KEY, 0)).degree("Valjean", weight="weight") == graph.degree(
        "Valjean", weight="weight"
    )
    assert network.describe(80) == "graph: 77 people with 254 ties and weights; 3 of 80 customers have no tie"
    plain = Network(graph=nx.path_graph(4), weak_weight=1.0)
    assert plain.to_dict() == {"kind": "ties", "ties": [[0, 1], [1, 2], [2, 3]], "weak_weight": 1.0}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"graph": 3}, 'graph = "int" is no networkx graph'),
        ({"graph": nx.empty_graph(20_001)}, "graph: has 20,001 nodes and 0 ties; of more than 20,000, write it with"),
        ({"graph": nx.path_graph(3), "neighbours": 4.0}, 'neighbours = 4.0 is not used by kind = "ties"'),
        ({"ties": [[0, 1]]}, 'ties = [[0, 1]] is not used by kind = "watts_strogatz"; it belongs to ties'),
        ({"kind": "ties", "ties": [[0, -1]]}, "ties[0] = [0, -1]: customers are numbered from 0"),
        ({"kind": "ties", "ties": [[0, 1]], "weights": [1.0, 2.0]}, "weights: has 2 entries, and there are 1 ties"),
        ({"kind": "ties", "ties": [[0, 1]], "weights": [-1.0]}, "weights[0] = -1.0 is not a finite number"),
        ({"kind": "ties", "names": ["a", "a"]}, 'names: has "a" twice'),
    ],
)
def test_graphs_that_cannot_be_written_down(given, complaint):
    with pytest.raises(Refusal) as refused:
        Network(**given)
    assert complaint in str(refused.value)


def test_a_written_graph_needs_as_many_customers():
    with pytest.raises(Refusal, match="the graph has 4 nodes, but there are 3 customers; use at least as many"):
        Network(graph=nx.path_graph(4)).build(3, KEY, 0)


@pytest.mark.parametrize("kind", [nx.MultiGraph, nx.DiGraph, nx.MultiDiGraph])
def test_directions_do_not_count_and_weights_of_parallel_ties_are_added_up(kind):
    graph = kind()
    graph.add_edge("a", "b", weight=1.0)
    graph.add_edge("b", "a" if kind is not nx.MultiGraph else "b", weight=3.0)
    graph.add_edge("b", "c", weight=4.0)
    graph.add_edge("a", "b", weight=1.0)
    ties = from_networkx(graph)
    total = sum(weight for *ends, weight in graph.edges(data="weight") if set(ends) == {"a", "b"})
    assert total == {nx.MultiGraph: 2.0, nx.DiGraph: 4.0, nx.MultiDiGraph: 5.0}[kind]
    assert ties.weight.tolist() == [total, total, 4.0, 4.0]


def test_weights_that_add_up_to_more_than_a_number_holds_are_refused():
    graph = nx.MultiGraph([("a", "b", {"weight": 3e38}), ("a", "b", {"weight": 3e38})])
    with pytest.raises(Refusal, match=r"weights of repeated ties add up to 6e\+38; at most 3\.4e\+38 is allowed"):
        from_networkx(graph)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("u,v\nAnn,Bob\nBob,Cy\n", "3 people with 2 ties; line 1 is taken for a header; 2 of 5 customers have no tie"),
        (
            "0 1 1\n0 1 3\n1 0 5\n2 2 1\n",
            "3 people with 1 tie and weights; 1 tie of somebody to herself left out; 2 repeated ties, "
            "their weights added up; 3 of 5 customers have no tie",
        ),
        (
            "1 2\n2 1\n3 4\n4 5\n",
            "5 people with 3 ties; customers are numbered from 1 in it; 1 repeated tie, counted once",
        ),
    ],
)
def test_what_was_read_is_said(tmp_path, text, said):
    (tmp_path / "graph.csv").write_text(text)
    assert Network(kind="file", file="graph.csv").describe(5, tmp_path) == f"graph.csv: {said}"
    assert Network().describe(5) == ""


def test_a_missing_weight_is_one_and_no_customers_are_no_customers():
    graph = nx.Graph([(0, 1), (1, 2)])
    graph[0][1]["weight"] = 0.5
    assert from_networkx(graph).weight.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert from_networkx(nx.Graph()) == Ties(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        (nx.Graph([(1, "1")]), "the graph has the nodes 1 and '1', which look alike; rename one of them"),
        (
            nx.Graph([("a", "b", {"weight": "much"})]),
            "the tie 'a' – 'b' has weight \"much\", which is not a finite number of at least 0",
        ),
        (nx.Graph([(0, 1, {"weight": -1})]), "the tie 0 – 1 has weight -1, which is not a finite number of at least 0"),
        (
            nx.Graph([(0, 1, {"weight": float("nan")})]),
            "the tie 0 – 1 has weight nan, which is not a finite number of at least 0",
        ),
        (
            nx.Graph([(0, 1, {"weight": 1e39})]),
            "the tie 0 – 1 has weight 1e+39, which is not a finite number of at least 0",
        ),
        (
            nx.Graph([(0, 1, {"weight": True})]),
            "the tie 0 – 1 has weight true, which is not a finite number of at least 0",
        ),
    ],
)
def test_graphs_that_cannot_be_used_are_refused(graph, complaint):
    assert refused(from_networkx, graph) == complaint


def test_a_graph_larger_than_the_population_is_refused():
    assert refused(from_networkx, nx.path_graph(5), customers=4) == (
        "the graph has 5 nodes, but there are 4 customers; use at least as many"
    )


def test_columns_go_along_as_attributes_of_nodes():
    ties = Network(kind="ring").build(3, KEY, 0)
    graph = to_networkx(ties, {"trust": np.array([0.1, 0.2, 0.3]), "provider": np.array([0, -1, 1])})
    assert graph.nodes[1] == {"trust": 0.2, "provider": -1}
    assert type(graph.nodes[1]["provider"]) is int
    assert refused(to_networkx, ties, {"trust": [1.0]}) == "attributes.trust: has shape (1,), not (3,)"


def test_networkx_is_loaded_only_by_those_who_use_it():
    code = "import sys, abm.world.network.network; assert 'networkx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])


def test_few_nodes_are_placed_by_their_steps_and_many_by_springs():
    links = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    at = positions(links, 5)
    assert (np.diff(np.linalg.norm(at - at[0], axis=1)) > 0).all()
    np.testing.assert_array_equal(at, positions(links, 5))
    assert positions(np.empty((0, 2), np.int64), 1).shape == (1, 2)
    ring = np.array([[k, (k + 1) % (MOST_BY_STEPS + 1)] for k in range(MOST_BY_STEPS + 1)])
    many = positions(ring, len(ring))
    assert np.abs(many).max() <= 1 + 1e-9
    tied = np.linalg.norm(many[ring[:, 0]] - many[ring[:, 1]], axis=1)
    assert tied.mean() < 0.5 * np.linalg.norm(many[:, None] - many[None], axis=2).mean()
