"""What a draw, an exponential and a normal quantile cost in a loop that vectorises: ns each.

python benchmarks/primitives.py
"""

from __future__ import annotations

import time

import numpy as np

from abm.core.functions import exp32, log32, normal32
from abm.core.kernels import Kernel, kernel
from abm.core.programs import Call, Program
from abm.core.streams import uniform4

COUNT, ROUNDS = 1024, 200


@kernel
def draw(out, key, t):
    """Draw four uniforms and keep one.  out (n,)  [written]"""
    for i in range(out.shape[0]):
        out[i] = uniform4(key, i, t, 0, 0)[0]


@kernel
def take_exponentials(out, x):
    """out (n,)  [written]"""
    for i in range(out.shape[0]):
        out[i] = exp32(x[i])


@kernel
def take_logarithms(out, x):
    """out (n,)  [written]"""
    for i in range(out.shape[0]):
        out[i] = log32(x[i])


@kernel
def take_normals(out, x):
    """out (n,)  [written]"""
    for i in range(out.shape[0]):
        out[i] = normal32(x[i])


@kernel
def copy(out, x):
    """out (n,)  [written]"""
    for i in range(out.shape[0]):
        out[i] = x[i]


def cost(made: Kernel, *arguments: object) -> float:
    """Return ns an entry: the least of many rounds."""
    program = Program([(False, [Call(made, arguments)])])
    least = np.inf
    for _ in range(50):
        began = time.perf_counter()
        program.run((0, COUNT), COUNT, 0, ROUNDS)
        least = min(least, time.perf_counter() - began)
    return float(least) / ROUNDS / COUNT * 1e9


def main() -> None:
    """Print the table."""
    x = np.random.default_rng(1).random(COUNT, np.float32)
    out = np.empty_like(x)
    print(f"draw of four uniforms (Philox4x32-10)  {cost(draw, out, np.uint64(1)):5.2f} ns")
    print(f"exponential                            {cost(take_exponentials, out, x):5.2f} ns")
    print(f"logarithm                              {cost(take_logarithms, out, x):5.2f} ns")
    print(f"normal quantile                        {cost(take_normals, out, x):5.2f} ns")
    print(f"copy of a float                        {cost(copy, out, x):5.2f} ns")


if __name__ == "__main__":
    main()
