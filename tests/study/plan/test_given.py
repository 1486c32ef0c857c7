"""Given points: the combinations of a grid, the rows of a list."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.study.plan.given import METHODS

levels = st.lists(st.integers(-5, 5) | st.sampled_from(["ring", "complete"]), min_size=1, max_size=4, unique=True)
factors = st.dictionaries(st.sampled_from(["a", "b.c", "d"]), levels.map(tuple), min_size=1)


@given(factors)
def test_a_grid_is_the_product_of_its_levels(factors):
    rows = METHODS["grid"](factors)
    assert list(rows) == list(itertools.product(*factors.values()))
    assert len(rows) == len(list(rows))


def test_counting_a_large_grid_makes_no_rows():
    rows = METHODS["grid"]({name: tuple(range(200)) for name in ("a", "b", "c")})
    assert len(rows) == 8_000_000
    assert rows[7_999_999] == (199, 199, 199)
    with pytest.raises(IndexError):
        rows[8_000_000]
    with pytest.raises(IndexError):
        rows[-1]


def test_the_kth_values_of_a_list_are_the_kth_row():
    assert METHODS["list"]({"a": (1, 1, 2), "b": ("x", "y", "x")}) == [(1, "x"), (1, "y"), (2, "x")]


def test_none_is_one_row_of_nothing():
    assert METHODS["none"]({}) == ((),)


@pytest.mark.parametrize(
    ("method", "factors", "message"),
    [
        ("none", {"a": (1,)}, 'method = "none" has no factors; use "grid"'),
        ("grid", {}, 'factors = {} gives method "grid" nothing to combine'),
        ("grid", {"a": ()}, "factors.a = [] has no levels; list at least one"),
        ("grid", {"a": (1, 2, 1)}, "factors.a: lists 1 twice"),
        ("grid", {n: tuple(range(300)) for n in "abc"}, "factors: have 27,000,000 combinations; an experiment has"),
        ("list", {}, 'factors = {} gives method "list" no points'),
        ("list", {"a": ()}, "factors.a = [] has no values; list one for each point"),
        ("list", {"a": (1, 2), "b.c": (1,)}, "factors.b.c: has 1 value and 'a' has 2; the k-th values of all are"),
        ("list", {"a": (1, 2, 1), "b": (3, 4, 3)}, "factors: give points 0 and 2 (from 0) the same values"),
    ],
)
def test_refused(method, factors, message):
    with pytest.raises(Refusal) as refusal:
        METHODS[method](factors)
    assert message in str(refusal.value)
