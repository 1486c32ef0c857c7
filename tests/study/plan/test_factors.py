"""Factors: what their values mean, what is drawn from them, and the bounds of the spec."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.spec import Spec, param
from abm.scenario.scenario import Scenario
from abm.study.plan import factors
from abm.study.plan.factors import SPEC

unit = st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array)
numbers = st.floats(-1e300, 1e300, allow_nan=False)


@given(unit, numbers, numbers)
def test_numbers_lie_between_the_ends(luck, low, high):
    drawn = factors.codes((min(low, high), max(low, high)), luck)
    assert all(min(low, high) <= value <= max(low, high) for value in drawn)
    assert all(type(value) is float for value in drawn)


def test_both_ends_of_a_range_are_reached():
    assert factors.codes((0.1, 0.7), np.array([0.0, 1.0])) == [0.1, 0.7]
    assert factors.codes((-3.0, 5.0), np.array([0.25])) == [-1.0]


@given(unit, st.integers(-5, 5), st.integers(1, 9))
def test_whole_numbers_are_whole_and_between_the_ends(luck, low, span):
    drawn = factors.codes((low, low + span), luck)
    assert all(type(value) is int and low <= value <= low + span for value in drawn)


@pytest.mark.parametrize("values", [(1, 4), ("a", "b", "c", "d"), (2.5, "x", True, False), (4, 8, 12, 1.5)])
def test_whole_numbers_and_choices_are_equally_likely(values):
    luck = (np.arange(4000) + 0.5) / 4000
    drawn = factors.decoded(values, factors.codes(values, luck))
    assert len(set(map(repr, drawn))) == 4
    assert all(drawn.count(value) == 1000 for value in set(drawn))


def test_a_step_of_a_morris_trajectory_changes_whole_numbers_and_choices():
    for count in range(2, 30):
        low, middle, upper, high = factors.codes((1, count), np.arange(4) / 3)
        assert low != upper
        assert middle != high


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.0, 0.5), "0 to 0.5"), ((1, 10), "whole numbers 1 to 10"), (("ring", "complete"), "ring or complete"),
        ((False, True), "false or true"), ((4, 8, 12), "4 or 8 or 12"), (SPEC, "the bounds of the parameter"),
    ],
)  # fmt: skip
def test_in_words(values, words):
    assert factors.drawn_from(values) == words


def test_levels_in_words():
    assert factors.listed((0.0, 0.5, 0.0)) == "0, 0.5"
    assert factors.listed(("ring", "complete")) == "ring, complete"
    assert factors.listed(tuple(range(50, 0, -1))) == "50 values from 1 to 50"
    assert factors.listed(tuple(map(str, range(50)))) == "50 values"


def test_the_span_of_levels():
    assert factors.spanned((0.5, 0.1, 0.2)) == (0.1, 0.5)
    assert factors.spanned(("ring", "complete", "ring")) == ("ring", "complete")


class Inner(Spec):
    """Parameters of every kind."""

    rate: float = param(0.5, unit="1", bounds=(0, 2), evidence="assumed")
    maybe: float | None = param(None, unit="1", bounds=(0, 2), evidence="assumed")
    count: int = param(3, unit="1", bounds=(1, 8), evidence="assumed")
    kind: Literal["a", "b"] = param("a", unit="name", evidence="assumed")
    on: bool = param(True, unit="truth", evidence="assumed")
    open: float = param(0.5, unit="1", bounds=(0, None), evidence="assumed")
    under: float = param(0.5, unit="1", bounds=(None, 1), evidence="assumed")
    free: float = param(0.5, unit="1", evidence="assumed")
    words: str = param("", unit="text", evidence="assumed")
    several: tuple[float, ...] = param((0.5,), unit="1", bounds=(0, 1), evidence="assumed")


class Outer(Spec):
    """One inside another."""

    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rate", (0.0, 2.0)), ("maybe", (0.0, 2.0)), ("count", (1, 8)), ("kind", ("a", "b")), ("on", (False, True)),
    ],
)  # fmt: skip
def test_what_the_spec_declares(name, values):
    found = factors.declared(Outer(), f"inner.{name}")
    assert found == values
    assert list(map(type, found)) == list(map(type, values))
    assert factors.declared(Inner(), name) == values


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("open", 'inner.open = "spec", but the parameter has no upper bound; write [low, high]'),
        ("under", "has no lower bound"),
        ("free", "has no bounds"),
        ("words", "a parameter that is text has no bounds; list the values"),
        ("several", "a parameter that is list of number has no bounds"),
        ("several.0", "this is no parameter with bounds of its own"),
        ("rte", "did you mean 'rate'?"),
    ],
)
def test_what_the_spec_does_not_declare(name, message):
    with pytest.raises(Refusal) as refusal:
        factors.declared(Outer(), f"inner.{name}")
    assert message in str(refusal.value)
    assert refusal.value.place in ("", f"inner.{name}")


def test_bounds_of_a_firm():
    assert factors.declared(Scenario(), "firms.north.service.quality") == (0.0, 0.99)
    assert factors.declared(Scenario(), "firms[1].price") == (0.0, 1000.0)
    assert factors.declared(Scenario(), "periods") == (0, 100_000)
    with pytest.raises(Refusal, match=r"'firms\.north\.program' is not set"):
        factors.declared(Scenario(), "firms.north.program.hassle")
