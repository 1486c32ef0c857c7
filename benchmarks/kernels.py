"""Where the time of a period goes: ns per customer and period of every kernel, in six markets.

python benchmarks/kernels.py [customers [market ...]]

The processor's counter of cycles is read between calls within a compiled period, so that nothing has to be taken off
and each kernel finds in the cache what it finds there in a run. Of each period the quickest of some runs counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from abm.bench.reference import full, ref1, relationship, service_day, voice
from abm.core.lowering import invoke
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

PERIODS, ROUNDS = 100, 9


def default(customers: int, periods: int) -> Scenario:
    """Return the market with nothing but defaults: 0.25 occasions a period."""
    return Scenario.parse({"periods": periods, "population": {"customers": customers}})


MARKETS: dict[str, Callable[[int, int], Scenario]] = {
    "reference": ref1, "default": default, "standard": full, "voice": voice, "relationship": relationship,
    "service_day": service_day,
}  # fmt: skip


@intrinsic
def cycles(typing):
    """Return the processor's counter of cycles."""

    def generate(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(builder.module.declare_intrinsic("llvm.readcyclecounter", (), kind), [])

    return types.int64(), generate


@numba.njit
def counter():
    """Return the same, to Python."""
    return cycles()


@numba.njit(nogil=True, error_model="numpy")
def run_and_count(entries, words, stops, tiled, bounds, tile, t, spent):
    """Run a period of a program, and add the cycles of each call.  spent (calls,)  [written]"""
    start = 0
    for stage in range(stops.shape[0]):
        lo, stop = bounds[stage, 0], bounds[stage, 1]
        step = tile if tiled[stage] else stop - lo
        while lo < stop:
            hi = min(stop, lo + step)
            before = cycles()
            for c in range(start, stops[stage]):
                invoke(entries[c], words[c], lo, hi, t)
                after = cycles()
                spent[c] += after - before
                before = after
            lo = hi
        start = stops[stage]


def cycles_a_second() -> float:
    """Return how fast the counter counts."""
    counter()
    began, first = time.perf_counter(), counter()
    time.sleep(0.2)
    return (counter() - first) / (time.perf_counter() - began)


def lived(scenario: Scenario) -> tuple[list[str], np.ndarray]:
    """Return the kernels of a period, and the cycles of each (PERIODS, calls) in a run."""
    engine = Engine(scenario, 1)
    blocks = engine._binding.blocks
    programs = [(block, block.programs[0]) for block in blocks if not block.plain]
    names = [call.kernel.name for _, program in programs for _, calls in program.stages for call in calls]
    spent = np.zeros((scenario.periods, len(names)), np.int64)
    for t in range(scenario.periods):
        first = 0
        for block in blocks:
            if block.plain:
                for step in (step for stage in block.stages for step in stage.steps):
                    step.act(engine.world, t)
                continue
            program, size = block.programs[0], len(block.programs[0]._entries)
            rows, tile, row = block.bounds(engine.world)[-1], engine.world.tile, spent[t, first : first + size]
            run_and_count(
                program._entries, program._addresses, program._stops, program._tiled, rows, tile, np.int64(t), row
            )
            first += size
    return names, spent


def main(customers: int = 10_000, *markets: str) -> None:
    """Print the kernels of each market, the slowest first."""
    rate = cycles_a_second()
    for market in markets or MARKETS:
        rounds = [lived(MARKETS[market](customers, PERIODS)) for _ in range(ROUNDS)]
        ns = np.min([spent for _, spent in rounds], axis=0).mean(axis=0) / rate / customers * 1e9
        print(f"\n{market}, {customers:,} customers: {ns.sum():.1f} ns a customer and period")
        for k in np.argsort(-ns):
            if ns[k] >= 0.1:
                print(f"  {rounds[0][0][k]:26}{ns[k]:6.1f}")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]), *sys.argv[2:])
