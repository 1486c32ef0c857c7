"""Programs: three ways to run a kernel, one result; periods, stages and tiles."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from abm.core.kernels import COMPILED, kernel
from abm.core.programs import Call, Program
from tests.core import bits
from tests.core.loops import fresh, settle


@kernel(per="market")
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


class TestThreeWays:
    def test_program_call_and_kernel_give_the_same_bits(self):
        first, second, third = fresh(), fresh(), fresh()
        for lo in (0, 4, 8):
            settle(*first, 0.3, 5, lo, min(10, lo + 4), 2)
            Call(settle, [*second, 0.3, 5])(lo, min(10, lo + 4), 2)
        Program([(True, [Call(settle, [*third, 0.3, 5])])]).run((0, 10), 4, 2, 3)
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
        Program([(True, calls[0]), (False, calls[1])]).run((0, 10), 3, 4, 6)
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
        Program([(True, [Call(mark, [tiled])]), (False, [Call(mark, [whole])])]).run((2, 9), 3, 4, 5)
        assert tiled[tiled[:, 0] > 0].tolist() == [[1, 5, 4], [1, 8, 4], [1, 9, 4]]
        assert whole[whole[:, 0] > 0].tolist() == [[1, 9, 4]]
        assert np.flatnonzero(tiled[:, 0]).tolist() == [2, 5, 8]
        assert np.flatnonzero(whole[:, 0]).tolist() == [2]

    def test_an_empty_range_does_nothing(self):
        state, count, seen = fresh()
        Program([(True, [Call(settle, [state, count, seen, 0.5, 0])])]).run((3, 3), 4, 0, 5)
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


def test_kernels_say_how_often_they_run():
    assert [k.per for k in (settle, mark, add_up)] == ["tile", "share", "market"]
