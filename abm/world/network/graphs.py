"""Graphs of networkx: taken as ties, written down in a scenario as plain numbers, and given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Refusal, shown
from abm.world.network.graph_files import list_ties
from abm.world.network.listed import tied
from abm.world.network.tie_list import HEAVIEST, HIGHEST_ID, NOT_A_WEIGHT, TieList
from abm.world.network.ties import Ties

if TYPE_CHECKING:
    import networkx as nx

MOST_BY_STEPS = 150  # nodes that are placed by how many steps they are apart
MOST_WRITTEN = 20_000  # ties and names that a scenario holds itself
AS_A_FILE = 'write it with networkx.write_graphml and set kind = "file"'


def from_networkx(graph: nx.Graph, customers: int | None = None) -> Ties:
    """Return the ties of a graph of any kind; the edge attribute `weight` is the strength, 1 where missing.

    Nodes 0..n - 1 are customer ids; other labels get ids in the order of the nodes and are kept in `labels`.
    Directions do not count; self-loops are left out, weights of parallel edges added up, and both are counted.

    customers : how many there are; those beyond the graph's nodes are isolated; None = the graph's nodes
    Raises Refusal for a weight that is not finite and >= 0, more nodes than customers, and
    labels that look alike (1 and "1").
    """
    listed = by_ids(graph)
    n = listed.people if customers is None else customers
    _check_size(listed.people, n)
    return tied(replace(listed, people=n), n)


def by_ids(graph: nx.Graph) -> TieList:
    """Return a graph's ties by customer ids: nodes 0..n - 1 are these, others are numbered in the order of the nodes.

    Raises Refusal as `from_networkx`.
    """
    listed = list_ties(graph)
    if set(listed.labels) == set(range(listed.people)) and not any(isinstance(node, bool) for node in graph):
        ids = np.array(listed.labels, np.int32)
        return TieList(ids[listed.sender], ids[listed.receiver], listed.weight, listed.people)
    spelled: dict[str, Hashable] = {}
    for label in listed.labels:
        if (other := spelled.setdefault(str(label), label)) is not label:
            raise Refusal(f"the graph has the nodes {other!r} and {label!r}, which look alike; rename one of them")
    return listed


def _check_size(nodes: int, customers: int) -> None:
    if nodes > customers:
        raise Refusal(f"the graph has {nodes} nodes, but there are {customers} customers; use at least as many")


def written_down(graph: Any) -> dict[str, Any]:
    """Return a graph as the parameters of a `Network`: kind, ties, weights and names, all of them plain.

    Raises Refusal for what is no networkx graph, for more than MOST_WRITTEN ties or nodes, and as `from_networkx`.
    """
    if not all(hasattr(graph, name) for name in ("edges", "nodes", "is_directed")):
        raise Refusal(f"= {shown(str(type(graph).__name__))} is no networkx graph", place="graph")
    if max(graph.number_of_edges(), graph.number_of_nodes()) > MOST_WRITTEN:
        size = f"{graph.number_of_nodes():,} nodes and {graph.number_of_edges():,} ties"
        raise Refusal(f"has {size}; of more than {MOST_WRITTEN:,}, {AS_A_FILE}", place="graph")
    listed = by_ids(graph)
    return {
        "kind": "ties",
        "ties": tuple(zip(listed.sender.tolist(), listed.receiver.tolist(), strict=True)),
        "weights": () if listed.weight is None else tuple(listed.weight.tolist()),
        "names": tuple(map(str, listed.labels)),
    }


def check_written(ties: Sequence[tuple[int, int]], weights: Sequence[float], names: Sequence[str]) -> None:
    """Refuse ties, weights and names that are no graph."""
    if max(len(ties), len(names)) > MOST_WRITTEN:
        raise Refusal(f"has {len(ties):,} entries; of more than {MOST_WRITTEN:,}, {AS_A_FILE}", place="ties")
    for at, ends in enumerate(ties):
        if not 0 <= min(ends) <= max(ends) <= HIGHEST_ID:
            raise Refusal(f"= {shown(ends)}: customers are numbered from 0", place=f"ties[{at}]")
    if len(weights) not in (0, len(ties)):
        raise Refusal(f"has {len(weights)} entries, and there are {len(ties)} ties", place="weights")
    for at, weight in enumerate(weights):
        if not 0 <= weight <= HEAVIEST:
            raise Refusal(f"= {shown(weight)} {NOT_A_WEIGHT}", place=f"weights[{at}]")
    for name, often in Counter(names).items():
        if often > 1:
            raise Refusal(f"has {shown(name)} twice", place="names")


def listed_ties(
    ties: Sequence[tuple[int, int]], weights: Sequence[float], names: Sequence[str], customers: int
) -> TieList:
    """Return ties that were written down.  Raises Refusal for more people than customers."""
    sender, receiver = np.array(ties, np.int32).reshape(-1, 2).T.copy()
    _check_size(max(len(names), int(max(sender.max(initial=-1), receiver.max(initial=-1))) + 1), customers)
    return TieList(sender, receiver, np.array(weights, np.float32) if weights else None, customers, tuple(names))


def to_networkx(ties: Ties, attributes: Mapping[str, ArrayLike] | None = None) -> nx.Graph:
    """Return an undirected networkx graph with edge attribute `weight`.

    Its nodes are the labels, or else the ids; customers beyond the labels are called "customer 7".

    attributes : {name: (n,) values} to put on the nodes, e.g. columns of the customers
    Raises Refusal for values of another shape.
    """
    import networkx as nx  # noqa: PLC0415 - slow to import, and few studies take a graph out

    names: list[Hashable] = list(ties.labels or range(ties.customers))
    names += [f"customer {i}" for i in range(len(names), ties.customers)]
    graph = nx.Graph()
    graph.add_nodes_from(names)
    sender = ties.sender
    once = sender < ties.target
    rows: list[list[Any]] = [part[once].tolist() for part in (sender, ties.target, ties.weight)]
    graph.add_weighted_edges_from((names[i], names[k], weight) for i, k, weight in zip(*rows, strict=True))
    for name, values in (attributes or {}).items():
        column = np.asarray(values)
        if column.shape != (ties.customers,):
            raise Refusal(f"has shape {column.shape}, not ({ties.customers},)", place=f"attributes.{name}")
        nx.set_node_attributes(graph, dict(zip(names, column.tolist(), strict=True)), name)
    return graph


def positions(links: np.ndarray, size: int) -> np.ndarray:
    """Return a place in the plane for each of `size` nodes, (size, 2) in [-1, 1], so that tied ones lie close.

    links : (e, 2) pairs of nodes; the same links have the same places

    Few are placed by how many steps they are apart, which shows more and takes their number squared (Kamada & Kawai
    1989, Information Processing Letters 31, 7-15, from memory), many by springs between the tied; both of networkx.
    """
    import networkx as nx  # noqa: PLC0415 - slow to import

    graph = nx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(links.tolist())
    if size < 2:
        return np.zeros((size, 2))
    placed = nx.kamada_kawai_layout(graph) if size <= MOST_BY_STEPS else nx.spring_layout(graph, seed=0)
    return np.array([placed[k] for k in range(size)], np.float64)
