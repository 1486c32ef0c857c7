"""A part of the network that a figure can show: customers round one of them."""

from __future__ import annotations

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
