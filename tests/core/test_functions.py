"""Elementary functions in single precision, measured against scipy in double precision over wide ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from abm.core.functions import any_set, exp32, exp64, in_steps, log32, logistic32, normal32, unit, whole
from abm.core.kernels import kernel

BOUND = 4e-7  # relative error that abm/core/functions.py promises


@kernel
def evaluate(e, g, s, q, x, y, u):
    """Evaluate all four functions.  e (n,) exp, g (n,) log, s (n,) logistic, q (n,) normal quantile  [written]"""
    for i in range(x.shape[0]):
        e[i] = exp32(x[i])
        s[i] = logistic32(x[i])
        g[i] = log32(y[i])
        q[i] = normal32(u[i])


def evaluated(x, y, u):
    """Return exp(x), log(y), logistic(x), normal quantile of u, all float32."""
    x, y, u = (np.asarray(a, np.float32) for a in (x, y, u))
    out = [np.empty_like(x) for _ in range(4)]
    evaluate(*out, x, y, u)
    return out


@pytest.fixture(scope="module")
def grid():
    """Return arguments x in [-87, 88], y over all normal float32, u over (0, 1) and both tails."""
    n = 60_000
    x = np.linspace(-87.0, 88.0, n, dtype=np.float32)
    y = np.concatenate([np.geomspace(1.2e-38, 3.3e38, n // 2), np.linspace(0.5, 2.0, n // 2)]).astype(np.float32)
    low = np.arange(n // 4)  # cells of a uniform of 23 bits: those at both ends, and some between
    cells = np.concatenate([low, np.linspace(0, 2**23 - 1, n // 2).astype(np.int64), 2**23 - 1 - low])
    u = ((cells + 0.5) * 2.0**-23).astype(np.float32)
    return x, y, u


def test_exp(grid):
    exact = np.exp(np.maximum(grid[0].astype(np.float64), -80.0))
    np.testing.assert_allclose(evaluated(*grid)[0], exact, rtol=BOUND)


def test_log(grid):
    exact = np.log(grid[1].astype(np.float64))
    np.testing.assert_allclose(evaluated(*grid)[1], exact, rtol=BOUND)


def test_logistic(grid):
    exact = special.expit(grid[0].astype(np.float64))
    np.testing.assert_allclose(evaluated(*grid)[2], exact, rtol=BOUND)


def test_normal_quantile(grid):
    exact = special.ndtri(grid[2].astype(np.float64))
    np.testing.assert_allclose(evaluated(*grid)[3], exact, rtol=BOUND)


def test_by_hand():
    e, g, s, q = evaluated([0.0, np.log(2.0), -1.0], [1.0, np.e, 0.5], [0.5, 0.975, 0.025])
    assert e == pytest.approx([1.0, 2.0, 0.36787944], rel=BOUND)
    assert g == pytest.approx([0.0, 1.0, -0.69314718], rel=BOUND, abs=0)
    assert s == pytest.approx([0.5, 2.0 / 3.0, 0.26894142], rel=BOUND)
    assert q == pytest.approx([0.0, 1.9599640, -1.9599640], rel=BOUND, abs=0)


def test_exp_stays_finite_beyond_its_range():
    e = evaluated([-1e30, -81.0, 89.0, 1e30], np.ones(4), np.full(4, 0.5))[0]
    assert e[0] == e[1] == pytest.approx(np.exp(-80.0), rel=BOUND, abs=0)
    assert e[2] == e[3] == pytest.approx(np.exp(88.0), rel=BOUND)


def test_products_of_the_smallest_exponentials_are_normal_numbers():
    """A thousandth of the smallest is still above 1.18e-38, below which arithmetic is slow."""
    smallest = exp32(np.float32(-1000.0))
    for factor in (0.01, 0.001):
        assert np.float32(smallest) * np.float32(factor) >= np.finfo(np.float32).tiny


def test_exp_and_normal_quantile_never_fall(grid):
    """Up to a rounding: probabilities and qualities keep the order of what they come from."""
    x, y, u = grid
    e, _, _, q = evaluated(np.sort(x), y, np.sort(u))
    assert np.all(np.diff(e.astype(np.float64)) >= -BOUND * e[1:])
    assert np.all(np.diff(q.astype(np.float64)) >= -BOUND * np.abs(q[1:]))


def test_the_normal_quantile_is_odd(grid):
    """Good and bad luck weigh the same: u and 1 - u, both of which float32 holds."""
    u = grid[2][grid[2] < 0.5]
    ones = np.ones_like(u)
    np.testing.assert_array_equal(evaluated(ones, ones, u)[3], -evaluated(ones, ones, np.float32(1.0) - u)[3])


@given(st.floats(-(2.0**90), 2.0**90, width=32))
def test_unit_keeps_what_lies_inside_and_moves_the_rest_to_the_nearer_end(x):
    assert unit(np.float32(x)) == min(max(x, 0.0), 1.0)


@kernel
def note_any(out, flags):
    """Note whether any flag is set.  out (1,)  [written]"""
    out[0] = any_set(flags)


@pytest.mark.parametrize("flags", [[], [0], [0, 0, 0], [1], [0, 1, 0], [0, 0, 2]])
def test_any_set_is_any(flags):
    out = np.zeros(1, np.int64)
    note_any(out, np.array(flags, np.int64))
    assert bool(out[0]) is any(flags)


@given(st.integers(-(2**51) + 1, 2**51 - 1))
def test_whole_numbers_in_float64_are_read_without_loss(number):
    assert whole(np.float64(number)) == number


@given(st.floats(0, 1, width=32))
def test_steps_are_cut_off_and_exact(x):
    assert in_steps(np.float32(x)) == int(x * 2**20)


@given(st.floats(-700, 700))
def test_the_finer_exponential_is_right_to_the_last_digits(x):
    assert exp64(np.float64(x)) == pytest.approx(np.exp(x), rel=1e-15, abs=0)


def test_the_finer_exponential_is_clipped():
    assert exp64(np.float64(0.0)) == 1.0
    assert exp64(np.float64(-1e6)) == exp64(np.float64(-700.0)) > 0.0
    assert np.isfinite(exp64(np.float64(1e6)))
