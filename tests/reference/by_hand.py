"""Visits listed by hand in a small world, and the values that Hypothesis draws for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.mechanisms.small import Small

SEED = 1  # of every world of `Small`
share = st.floats(0.0, 1.0, width=32)
effort = st.floats(0.0, 0.984375, width=32)
whose = st.tuples(st.integers(0, 2), st.integers(0, 1))  # a visitor and the firm that she visits


def visits_with(of_visit: st.SearchStrategy[tuple[Any, ...]], most: int = 12) -> st.SearchStrategy[list[Any]]:
    """Draw visits (customer, firm, *of_visit), in the order in which lists of visits are kept."""
    visit = st.tuples(whose, of_visit).map(lambda parts: (*parts[0], *parts[1]))
    return st.lists(visit, min_size=most // 3, max_size=most).map(lambda visits: sorted(visits, key=lambda one: one[0]))


def per_pair(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    """Draw a value for each of two firms and three customers."""
    return st.lists(st.lists(values, min_size=3, max_size=3), min_size=2, max_size=2)


def per_firm(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, Any]]:
    """Draw a value for each of two firms."""
    return st.tuples(values, values)


def listed(small: Small, visits: Sequence[tuple[Any, ...]]) -> list[tuple[int, int, int, int]]:
    """List visits; return of each the customer, the firm, the customer's identity and the visit's nth."""
    small.visits([one[0] for one in visits], [one[1] for one in visits])
    identities, nth = small.c.customer_id.tolist(), small.at("visit_nth").tolist()
    return [(i, j, identities[i], k) for (i, j, *_), k in zip(visits, nth, strict=True)]


def put(small: Small, **columns: Any) -> None:
    """Set columns of the visits that are listed."""
    for name, values in columns.items():
        small.at(name)[:] = values


def visited(engine: Any, *names: str) -> list[tuple[Any, ...]]:
    """Return what the visits of the latest period hold in columns, of who keep all customers in one tile.

    names : of columns, also of those that one mechanism alone sees
    """
    passed = engine.world.passing[0]
    found = {name.rsplit(".")[-1]: column for name, column in passed.items()}
    return list(zip(*(found[name][: passed.visit_count[0]].tolist() for name in names), strict=True))


def counts(small: Small, name: str) -> np.ndarray:
    """Return a tally without what is nobody's: (axis, firms), or (1, firms) of one without an axis."""
    return np.atleast_2d(small.world.lookup(name, 0))[:, :-1]


def assert_counted(small: Small, expected: dict[str, Any]) -> None:
    """Compare tallies by name with whole numbers."""
    for name, of_twin in expected.items():
        np.testing.assert_array_equal(counts(small, name), np.atleast_2d(of_twin), err_msg=name)
