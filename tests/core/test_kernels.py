"""The jit door: three ways to run a kernel, one result; literals, clocks, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
from numba.core.caching import NullCache

from abm.core.errors import Refusal
from abm.core.kernels import COMPILED, equation, kernel, versions
from abm.core.programs import Call, Program
from abm.core.streams import stream_key, uniform
from abm.mechanisms.mechanism import Mechanism, Phase
from abm.run.scenario import Scenario, build_world
from abm.world.columns import Column
from tests.core import bits


@equation
def shrunk(x):
    """Return a tenth more than a third of x."""
    return 0.1 + x / 3.0


@equation(double=True)
def shrunk_finely(x):
    """Return the same in double precision."""
    return 0.1 + x / 3.0


@kernel
def settle(state, count, seen, rate, start, lo, hi, t):
    """Move states towards a third of themselves and note the period.

    state (n,)  [written]      count (1,)  [written]      seen (n,) int64  [written]
    """
    for i in range(lo, hi):
        state[i] += rate * (shrunk(state[i]) - state[i]) + 1e-3
        seen[i] = t + start
    count[0] += hi - lo


@kernel
def write_literal(out, x):
    """Add a literal to a float32.  out (1,) float64  [written]"""
    out[0] = x[0] + 0.1


@kernel(double=True)
def write_literal_finely(out, x):
    """Add a literal to a float64.  out (1,) float64  [written]"""
    out[0] = np.float64(x[0]) + 0.1


@kernel(per="period")
def add_up(total, state):
    """Add up all states.  total (1,) float64  [written]"""
    for i in range(state.shape[0]):
        total[0] += np.float64(state[i])


@kernel(per="share")
def mark(passes, lo, hi, t):
    """Note which rows it is run for.  passes (n, 3) int64  runs that begin here, end, period  [written]"""
    passes[lo, 0] += 1
    passes[lo, 1] = hi
    passes[lo, 2] = t


def fresh(n=10):
    """Return the arrays that `settle` works on."""
    return np.linspace(0.0, 1.0, n, dtype=np.float32), np.zeros(1, np.int64), np.zeros(n, np.int64)


class TestThreeWays:
    def test_program_call_and_kernel_give_the_same_bits(self):
        first, second, third = fresh(), fresh(), fresh()
        for lo in (0, 4, 8):
            settle(*first, 0.3, 5, lo, min(10, lo + 4), 2)
            Call(settle, [*second, 0.3, 5])(lo, min(10, lo + 4), 2)
        Program([(True, [Call(settle, [*third, 0.3, 5])])]).run(0, 10, 4, 2, 3)
        for a, b, c in zip(first, second, third, strict=True):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)
        assert first[1][0] == 10
        assert np.all(first[2] == 7)

    def test_a_program_runs_period_by_period_and_stage_by_stage(self):
        """Two periods: the sum over everybody is taken after all tiles of a period, and before the next."""
        state, count, seen = fresh()
        total = np.zeros(1)
        calls = [Call(settle, [state, count, seen, 0.5, 0])], [Call(add_up, [total, state])]
        Program([(True, calls[0]), (False, calls[1])]).run(0, 10, 3, 4, 6)
        again, by_hand = fresh()[0], 0.0
        for t in (4, 5):
            settle(again, np.zeros(1, np.int64), np.zeros(10, np.int64), 0.5, 0, 0, 10, t)
            by_hand += float(np.sum(again.astype(np.float64)))
        np.testing.assert_array_equal(state, again)
        assert total[0] == pytest.approx(by_hand, rel=1e-12)
        assert count[0] == 20
        assert np.all(seen == 5)

    def test_what_is_not_tiled_runs_once_for_all_rows_it_is_given(self):
        """Rows 2..9 in tiles of 3: three passes; once for the share as a whole."""
        tiled, whole = np.zeros((10, 3), np.int64), np.zeros((10, 3), np.int64)
        Program([(True, [Call(mark, [tiled])]), (False, [Call(mark, [whole])])]).run(2, 9, 3, 4, 5)
        assert tiled[tiled[:, 0] > 0].tolist() == [[1, 5, 4], [1, 8, 4], [1, 9, 4]]
        assert whole[whole[:, 0] > 0].tolist() == [[1, 9, 4]]
        assert np.flatnonzero(tiled[:, 0]).tolist() == [2, 5, 8]
        assert np.flatnonzero(whole[:, 0]).tolist() == [2]

    def test_an_empty_range_does_nothing(self):
        state, count, seen = fresh()
        Program([(True, [Call(settle, [state, count, seen, 0.5, 0])])]).run(3, 3, 4, 0, 5)
        assert count[0] == 0

    @pytest.mark.skipif(not COMPILED, reason="compares compiled code with plain Python")
    def test_plain_python_gives_the_same_bits(self):
        """Every mechanism, every column and every count: compiled here, interpreted in a process of its own."""
        environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, bits.__file__], env=environment, check=True, capture_output=True, text=True, timeout=300
        )
        interpreted = json.loads(done.stdout)
        assert interpreted.pop("compiled") is False
        compiled = bits.everything()
        assert compiled.pop("compiled") is True
        assert compiled == interpreted


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
    phase = Phase.CHOICE
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


def test_a_kernel_says_what_it_takes():
    assert settle.arguments == ("state", "count", "seen", "rate", "start")
    assert settle.clock == ("lo", "hi", "t")
    assert repr(settle) == "<kernel settle(state, count, seen, rate, start, lo, hi, t)>"
    assert settle.per == "tile"
    assert add_up.per == "period"
    assert mark.per == "share"
    assert "Move states" in settle.__doc__


def test_results_can_name_the_versions_that_decide_their_bits():
    assert set(versions()) == {"numba", "numpy"}


def test_equations_are_functions_of_their_arguments_alone():
    assert uniform(np.uint64(0)) == uniform(np.uint64(0)) == np.float32(2.0**-24)
