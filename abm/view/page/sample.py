"""The customers who are looked at: a neighbourhood of the word-of-mouth graph, small enough to be drawn."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from abm.world.network.graphs import positions
from abm.world.network.ties import Ties

MOST = 400  # customers who are drawn, unless something else is asked for
_MOST_LINKS = 6_000  # that are drawn; of a denser neighbourhood every so-manieth


@dataclass(frozen=True, eq=False)
class Sample:
    """Customers and the ties among them.

    rows  : (k,) int64, of the customers, the first one's nearest first        customers : of the whole market
    links : (e, 2) int64, places in `rows`, each tie once
    """

    rows: np.ndarray
    links: np.ndarray
    customers: int
    _placed: list[np.ndarray] = field(default_factory=list)

    @property
    def laid_out(self) -> bool:
        """Whether `places` has been worked out."""
        return bool(self._placed)

    def places(self) -> np.ndarray:
        """Return where each customer is drawn, (k, 2) in [-1, 1]; worked out once, which takes a second or so."""
        if not self._placed:
            self._placed.append(positions(self.links, len(self.rows)))
        return self._placed[0]

    def same_as(self, other: Sample) -> bool:
        """Return whether another sample is of the same customers and ties."""
        return np.array_equal(self.rows, other.rows) and np.array_equal(self.links, other.links)


def neighbourhood(ties: Ties, most: int = MOST) -> Sample:
    """Return the first customer, her neighbours, theirs, and so on, and the ties among them.

    most : customers; where ties lead no further, the next customer without a place is taken
    """
    place = np.full(ties.customers, -1, np.int64)
    rows: list[int] = []
    first, waiting = 0, deque[int]()
    while len(rows) < min(most, ties.customers):
        if not waiting:
            while place[first] >= 0:
                first += 1
            waiting.append(first)
            place[first] = 0
        i = waiting.popleft()
        place[i] = len(rows)
        rows.append(i)
        room = most - len(rows) - len(waiting)
        new = [k for k in ties.target[ties.start[i] : ties.start[i + 1]].tolist() if place[k] < 0][: max(room, 0)]
        place[new] = 0  # they wait for their place
        waiting.extend(new)
    chosen = np.array(rows, np.int64)
    place[:] = -1
    place[chosen] = np.arange(chosen.size)
    return Sample(chosen, _links(ties, chosen, place), ties.customers)


def _links(ties: Ties, rows: np.ndarray, place: np.ndarray) -> np.ndarray:
    found = []
    for at, i in enumerate(rows):
        others = place[ties.target[ties.start[i] : ties.start[i + 1]]]
        others = others[others > at]
        found.append(np.stack([np.full(others.size, at), others], axis=1))
    links = np.concatenate(found) if found else np.empty((0, 2), np.int64)
    return links[:: -(-len(links) // _MOST_LINKS) or 1]
