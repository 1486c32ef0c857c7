"""A small kernel with an equation, in single and in double precision, and what it works on."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation, kernel


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


def fresh(n=10):
    """Return the arrays that `settle` works on."""
    return np.linspace(0.0, 1.0, n, dtype=np.float32), np.zeros(1, np.int64), np.zeros(n, np.int64)
