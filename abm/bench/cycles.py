"""What each kernel of a market takes, by the processor's counter of cycles.

The counter is read between calls within a compiled period, so that nothing has to be taken off, and each kernel finds
in the cache what it finds there in a run.
"""

from __future__ import annotations

import platform
import time
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from abm.core.kernels import COMPILED
from abm.core.lowering import invoke
from abm.core.programs import Program
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

COUNTED = COMPILED and platform.machine() in ("x86_64", "AMD64")  # elsewhere programs may not read the counter


@intrinsic
def _cycles(typing: Any) -> Any:
    """Return the processor's counter of cycles."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(builder.module.declare_intrinsic("llvm.readcyclecounter", (), kind), [])

    return types.int64(), generate


@numba.njit(nogil=True, error_model="numpy")
def _run_and_count(entries, words, stops, tiled, bounds, tile, t, spent):
    """Run a period of a program, and add the cycles of each call; return the counter.  spent (calls,)  [written]"""
    start = 0
    for stage in range(stops.shape[0]):
        lo, stop = bounds[stage, 0], bounds[stage, 1]
        step = tile if tiled[stage] else stop - lo
        while lo < stop:
            hi = min(stop, lo + step)
            before: Any = _cycles()  # type: ignore[call-arg]
            for c in range(start, stops[stage]):
                invoke(entries[c], words[c], lo, hi, t)
                after = _cycles()
                spent[c] += after - before
                before = after
            lo = hi
        start = stops[stage]
    return _cycles()  # type: ignore[call-arg]


def by_kernel(scenario: Scenario, rounds: int = 5) -> dict[str, float]:
    """Return ns per customer and period of every kernel, a mean over the periods of a run: of each the least of rounds.

    Kernels that stand twice in a period are added up. Where the counter cannot be read (COUNTED) there are none.
    """
    if not COUNTED:
        return {}
    lived = [_lived(scenario) for _ in range(rounds)]
    names, cycles = lived[0][0], np.min([spent for _, spent, _ in lived], axis=0).mean(axis=0)
    rate = float(np.median([a_second for _, _, a_second in lived]))
    found = dict.fromkeys(names, 0.0)
    for name, spent in zip(names, cycles, strict=True):
        found[name] += float(spent) / rate / scenario.population.customers * 1e9
    return found


def _lived(scenario: Scenario) -> tuple[list[str], np.ndarray, float]:
    """Return the kernels of a period, the cycles of each (periods, calls) in a run, and cycles a second."""
    engine = Engine(scenario, seed=1)
    blocks = engine._binding.blocks
    programs = engine.programs
    names = [call.kernel.name for program in programs for _, calls in program.stages for call in calls]
    spent = np.zeros((scenario.periods, len(names)), np.int64)
    began, first_count = time.perf_counter(), _count(Program([]), np.zeros((0, 2), np.int64), 1, 0, spent[0])
    for t in range(scenario.periods):
        first = 0
        for block in blocks:
            if block.plain:  # in Python, which is no kernel's time, but kernels work on what it writes
                for step in (step for stage in block.stages for step in stage.steps):
                    step.act(engine.world, t)
                continue
            program = block.programs[0]
            behind = first + sum(len(calls) for _, calls in program.stages)
            last = _count(program, block.bounds(engine.world)[-1], engine.world.tile, t, spent[t, first:behind])
            first = behind
    return names, spent, (last - first_count) / (time.perf_counter() - began)


def _count(program: Program, bounds: np.ndarray, tile: int, t: int, spent: np.ndarray) -> int:
    entries, words = program._entries, program._addresses
    return int(_run_and_count(entries, words, program._stops, program._tiled, bounds, tile, np.int64(t), spent))
