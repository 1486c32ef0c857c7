"""Designs: the points of a grid, and what is refused."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.study.design import Design, grid

levels = st.lists(st.integers(-5, 5) | st.sampled_from(["ring", "complete"]), min_size=1, max_size=4, unique=True)
factors = st.dictionaries(st.sampled_from(["a", "b.c", "d"]), levels, min_size=1)


@given(factors)
def test_a_grid_is_the_product_of_its_levels(factors):
    design = grid(factors)
    assert [tuple(point.values()) for point in design.points] == list(itertools.product(*factors.values()))
    assert len(design) == len(design.points)
    assert all(tuple(point) == tuple(factors) for point in design.points)


@given(factors)
def test_a_design_is_read_back_equal_from_its_table(factors):
    design = grid(factors)
    assert Design.from_dict(design.to_dict()) == design


def test_no_design_is_one_point_without_settings():
    assert Design().points == ({},)
    assert Design.from_dict({}) == Design()


def test_factors_alone_are_a_grid():
    assert Design.from_dict({"factors": {"a": [1, 2]}}) == grid({"a": [1, 2]})


def test_a_point_beyond_the_last_is_an_error():
    with pytest.raises(IndexError):
        grid({"a": [1, 2]}).point(2)


def test_counting_a_large_grid_makes_no_points():
    design = grid({name: list(range(200)) for name in ("a", "b", "c")})
    assert len(design) == 8_000_000
    assert design.point(7_999_999) == {"a": 199, "b": 199, "c": 199}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"method": "gird"}, "method = \"gird\" is not none or grid; did you mean 'grid'?"),
        ({"method": "grid"}, 'factors = {} gives method "grid" nothing to combine'),
        ({"metod": "grid"}, "no design key 'metod'; did you mean 'method'?"),
        ({"factors": 3}, "factors = 3 is not a table of factors"),
        ({"factors": {"a": 3}}, "factors.a = 3 is not a list of values"),
        ({"factors": {"a": []}}, "factors.a = [] has no levels"),
        ({"factors": {"a": [1, 2, 1]}}, "factors.a: lists 1 twice"),
        ({"factors": {"a": {"b": [1, 2]}}}, 'factors.a: is a table; write the whole path in quotes, "a.b" = […]'),
        ({"factors": {"a": [1]}, "points": 5}, 'points = 5, but method "grid" takes every combination'),
        ({"factors": {"a": [1]}, "points": True}, "points = true is not a whole number"),
        ({"method": "none", "factors": {"a": [1]}}, 'method = "none" has no factors'),
        ({"factors": {n: list(range(1000)) for n in "abc"}}, "1,000,000,000 combinations; an experiment has at most"),
        ({"factors": {n: list(range(100)) for n in "abcdefghijk"}}, "combinations; an experiment has at most"),
    ],
)
def test_refused(table, message):
    with pytest.raises(Refusal) as refusal:
        Design.from_dict(table)
    assert message in str(refusal.value)
