"""The jit door: literals, clocks, and what is refused."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba.core.caching import NullCache

from abm.core import kernels
from abm.core.errors import Refusal
from abm.core.functions import exp32
from abm.core.kernels import COMPILED, kernel, versions
from abm.core.programs import Call
from abm.core.streams import stream_key, uniform
from abm.engine.building import build_world
from abm.mechanisms.books.accounts import close_year
from abm.mechanisms.mechanism import Mechanism
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from tests.core.loops import fresh, settle, shrunk, shrunk_finely


@kernel
def write_literal(out, x):
    """Add a literal to a float32.  out (1,) float64  [written]"""
    out[0] = x[0] + 0.1


@kernel(double=True)
def write_literal_finely(out, x):
    """Add a literal to a float64.  out (1,) float64  [written]"""
    out[0] = np.float64(x[0]) + 0.1


class TestLiterals:
    def test_a_literal_is_float32_in_kernels_and_equations(self):
        out, x = np.zeros(1), np.float32([0.25])
        write_literal(out, x)
        assert out[0] == float(np.float32(0.25) + np.float32(0.1))
        assert float(shrunk(np.float32(1.0))) == float(np.float32(0.1) + np.float32(1.0) / np.float32(3.0))

    def test_and_float64_where_asked_for(self):
        out, x = np.zeros(1), np.float32([0.25])
        write_literal_finely(out, x)
        assert out[0] == 0.25 + 0.1
        assert shrunk_finely(np.float64(1.0)) == 0.1 + 1.0 / 3.0

    def test_numbers_given_from_python_are_narrowed(self):
        """A rate of 0.3 is the float32 nearest to it, whichever way the kernel runs."""
        call = Call(settle, [*fresh(), 0.3, True])
        assert call.arguments[3].dtype == np.float32
        assert call.arguments[4].dtype == np.int64


class TestWhatIsRefused:
    def test_the_clock_comes_last(self):
        with pytest.raises(TypeError, match="lo, hi, t come last"):

            @kernel
            def late(lo, hi, t, state):
                """Take the clock too early."""

    def test_too_few_arguments(self):
        with pytest.raises(ValueError, match="zip"):
            settle(*fresh(), 0.3, 5, 0, 10)

    def test_an_array_with_gaps(self):
        state, count, seen = fresh(20)
        with pytest.raises(TypeError, match="array state is not contiguous"):
            Call(settle, [state[::2], count, seen, 0.3, 5])

    def test_an_unknown_parameter_is_refused_with_a_suggestion(self):
        world = build_world(Scenario.parse({"periods": 1, "population": {"customers": 10}}), 1)
        with pytest.raises(
            Refusal, match=r"kernel misread of mood takes 'satisfactoin', .*did you mean 'satisfaction'\?"
        ):
            Mood().bind(misread, world, 1)

    def test_a_known_one_is_bound_by_name(self):
        """Own fields, columns, tallies, levers, ties, the stream's key and the replication."""
        world = build_world(Scenario.parse({"periods": 1, "population": {"customers": 10}}), 1, replication=4)
        satisfaction, quality, visits, tie_start, key, replication, growth = Mood().bind(well_read, world, 1).arguments
        assert satisfaction is world.customers.satisfaction
        assert quality is world.firms.quality
        assert np.shares_memory(visits, world.counted)
        assert tie_start is world.ties.start
        assert key == stream_key(1, "mood")
        assert (replication, growth) == (4, np.float32(0.25))


@kernel
def misread(satisfactoin):
    """Take a column that does not exist."""


@kernel
def well_read(satisfaction, quality, visits, tie_start, key, replication, growth, lo, hi, t):
    """Take one of each kind."""


class Mood(Mechanism):
    """A mechanism for binding."""

    name = "mood"
    owns: ClassVar = (Column("mood", ("customer",), 0, "0-1", "a mood"),)
    growth: float = 0.25


@pytest.mark.skipif(not COMPILED, reason="there is no machine code to look at")
def test_loops_over_customers_vectorise():
    """Packed single-precision arithmetic, or its counterpart on other machines, in a plain loop."""

    @kernel
    def scale(state, factor, lo, hi):
        """Multiply states.  state (n,)  [written]"""
        for i in range(lo, hi):
            state[i] *= factor

    scale._compiled._cache = NullCache()  # code that comes from the disk cannot be inspected
    scale(np.zeros(4096, np.float32), 0.5, 0, 4096)
    assert any(word in scale.assembly() for word in ("mulps", "fmul\tv", "fmul v"))


@pytest.mark.skipif(not COMPILED, reason="there is no machine code to look at")
@pytest.mark.skipif(not get_host_cpu_features().get("avx512f"), reason="the processor has no wider vectors")
def test_vectors_are_as_wide_as_the_processor_has_them():
    @kernel
    def shift(state, by, lo, hi):
        """Add to states.  state (n,)  [written]"""
        for i in range(lo, hi):
            state[i] += by

    shift._compiled._cache = NullCache()
    shift(np.zeros(4096, np.float32), 0.5, 0, 4096)
    assert "zmm" in shift.assembly()


def test_a_kernel_says_what_it_takes():
    assert settle.arguments == ("state", "count", "seen", "rate", "start")
    assert settle.clock == ("lo", "hi", "t")
    assert repr(settle) == "<kernel settle(state, count, seen, rate, start, lo, hi, t)>"
    assert settle.per == "tile"
    assert "Move states" in settle.__doc__


def test_results_can_name_the_versions_that_decide_their_bits():
    assert set(versions()) == {"numba", "numpy"}


def test_equations_are_functions_of_their_arguments_alone():
    assert uniform(np.uint64(0)) == uniform(np.uint64(0)) == np.float32(2.0**-24)


def test_machine_code_is_renewed_when_a_page_changes_whose_equations_it_holds(monkeypatch):
    """The books' kernels hold the calendar's equation; an edit of it must not leave them as they were."""
    page = inspect.getfile(close_year.function)
    before = kernels._page_digest.__wrapped__(page)
    read = Path.read_bytes
    edited = lambda path: read(path) + (b"#" if path.name == "calendar.py" else b"")  # noqa: E731 - a stand-in
    monkeypatch.setattr(Path, "read_bytes", edited)
    assert kernels._page_digest.__wrapped__(page) != before
    assert kernels._page_digest.__wrapped__(inspect.getfile(exp32.py_func)) == kernels._page_digest(
        inspect.getfile(exp32.py_func)
    )
