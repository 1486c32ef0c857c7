"""A part of the network that a figure can show: customers round one of them, and where they stand."""

from __future__ import annotations

import networkx as nx
import numpy as np

MOST_SHOWN = 120  # customers of a network that can be told apart


def around(ties: np.ndarray, most: int = MOST_SHOWN) -> tuple[np.ndarray, np.ndarray]:
    """Return customers (k,), at most so many, and the ties among them (pairs, 2) as places in the first.

    They are who is nearest in steps to the customer with most ties, the first of them by number.

    ties : (pairs, 2) customers who are tied, each pair once
    """
    if not len(ties):
        return np.empty(0, ties.dtype), np.empty((0, 2), np.int64)
    both = np.concatenate([ties, ties[:, ::-1]])
    both = both[np.lexsort([both[:, 1], both[:, 0]])]
    people, degrees = np.unique(both[:, 0], return_counts=True)
    shown = [int(people[degrees.argmax()])]
    known = set(shown)
    for one in shown:  # grows while it is read
        first, last = np.searchsorted(both[:, 0], [one, one + 1])
        for other in map(int, both[first:last, 1]):
            if other not in known and len(shown) < most:
                known.add(other)
                shown.append(other)
    found = np.array(sorted(shown))
    inside = np.isin(ties, found).all(axis=1)
    return found, np.searchsorted(found, ties[inside])


def places(pairs: np.ndarray, people: int) -> np.ndarray:
    """Return where to draw people in the plane, (people, 2), each within [-1, 1]: near who is near in steps over ties.

    pairs : (k, 2) who are tied        people : at most some hundreds, as it takes their number squared

    Source: Kamada & Kawai 1989, Information Processing Letters 31, 7-15, from memory; as networkx does it.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(people))
    graph.add_edges_from(pairs.tolist())
    found = nx.kamada_kawai_layout(graph) if people > 1 else dict.fromkeys(range(people), (0.0, 0.0))
    return np.array([found[k] for k in range(people)], np.float64).reshape(people, 2)
