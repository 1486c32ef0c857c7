"""Measurements behind `patronage bench`: ratios in one process, best of several rounds, since machines are noisy."""

from __future__ import annotations

import importlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from abm.bench.reference import full, ref1
from abm.core.kernels import Program
from abm.run.engine import Engine
from abm.run.scenario import Scenario
from abm.world.columns import TILE

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MESA_SIZES = (1_000, 10_000)


def customer_periods_per_second(scenario: Scenario, threads: int = 1, rounds: int = 3, seconds: float = 1.0) -> float:
    """Return the best rate of `rounds` stretches of about `seconds`, building of the world left out."""
    n = scenario.population.customers
    engine = Engine(scenario.replace({"periods": 100_000 if n < 100_000 else 2_000}), seed=1, threads=threads)
    engine.run(5)
    best, stretch = 0.0, max(1, round(1e7 / n / 4))
    for _ in range(rounds):
        began = time.perf_counter()
        done = 0
        while time.perf_counter() - began < seconds / rounds and engine.t + stretch < engine.scenario.periods:
            engine.run(stretch)
            done += stretch
        best = max(best, done * n / (time.perf_counter() - began))
    return best


def by_kernel(scenario: Scenario, periods: int = 30) -> dict[str, float]:
    """Return ns per customer and period of every kernel: the least of `periods` periods, tile by tile."""
    engine = Engine(scenario.replace({"periods": 1_000}), seed=1)
    engine.run(20)
    n = engine.world.n
    stages = [
        [(call.kernel.name, Program([(True, [call])])) for call in calls]
        for program in engine._programs[0]
        for _, calls in program.stages
    ]
    tiled = [tiled for program in engine._programs[0] for tiled, _ in program.stages]
    least: dict[str, np.ndarray] = {}
    for t in range(20, 20 + periods):
        spent: dict[str, list[float]] = {}
        for whole, stage in zip(tiled, stages, strict=True):
            for lo in range(0, n, TILE if whole else n):
                for name, program in stage:
                    began = time.perf_counter()
                    program.run(lo, min(n, lo + (TILE if whole else n)), n, t, t + 1)
                    spent.setdefault(name, []).append(time.perf_counter() - began)
        for name, times in spent.items():
            least[name] = np.minimum(least.get(name, np.inf), times)
    return {name: float(times.sum()) / n * 1e9 for name, times in least.items()}


def mesa_rate(customers: int, seconds: float = 1.0) -> float:
    """Return customer-periods per second of the same market as an idiomatic Mesa model."""
    idiomatic = importlib.import_module("abm.bench.idiomatic")  # mesa is slow to import, and only this needs it
    market = idiomatic.Market(customers, rng=1)
    market.step()
    began, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - began < seconds:
        market.step()
        done += 1
    return done * customers / (time.perf_counter() - began)


def _alternate(first: Callable[[], float], second: Callable[[], float], rounds: int) -> float:
    """Return the median ratio of two rates measured in turn."""
    return float(np.median([first() / second() for _ in range(rounds)]))


def mesa_ratio(customers: int, rounds: int = 3) -> float:
    """Return how many times more customer-periods a second than Mesa, on one core, measured in turn."""
    scenario = ref1(customers)
    return _alternate(
        lambda: customer_periods_per_second(scenario, seconds=0.6), lambda: mesa_rate(customers, 0.6), rounds
    )


STUDY = """
seed = 1
replications = {replications}
kpis = ["market_share", "csi"]
[scenario]
periods = 100
burn_in = 20
[scenario.population]
customers = 1000
[arms.none]
[arms.dear]
"firms.north.price" = 1.1
"""


def bytes_per_customer(customers: int = 1_000_000) -> float:
    """Return resident memory a customer of `ref1` costs, graph included: a fresh process less an empty one."""
    code = (
        "import resource, sys; from abm.bench.reference import ref1; from abm.run.engine import Engine\n"
        "n = int(sys.argv[1]); Engine(ref1(1000, 3), 1).run(3)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "Engine(ref1(n, 3), 1).run(3)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    out = subprocess.run([sys.executable, "-c", code, str(customers)], capture_output=True, text=True, check=True)
    return float(out.stdout) * 1024 / customers


def start_seconds(cold: bool) -> float:
    """Return the seconds of a fresh process to the end of its first period; cold = with an empty kernel cache."""
    code = "from abm.bench.reference import full; from abm.run.engine import Engine; Engine(full(1000, 1), 1).run(1)"
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, **({"NUMBA_CACHE_DIR": empty} if cold else {})}
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        return time.perf_counter() - began


def measure(largest: int = 1_000_000) -> dict[str, Any]:
    """Return the document of `patronage bench --json`, without the runs per second of batches."""
    sizes = [n for n in SIZES if n <= largest]
    return {
        "ref1": {str(n): customer_periods_per_second(ref1(n)) for n in sizes},
        "full": {str(n): customer_periods_per_second(full(n)) for n in sizes},
        "threads2": {str(n): customer_periods_per_second(ref1(n), threads=2) for n in sizes},
        "kernels": by_kernel(full(10_000)),
        "mesa_ratio": {str(n): mesa_ratio(n) for n in MESA_SIZES if n <= largest},
        "bytes_per_customer": bytes_per_customer(min(largest, 1_000_000)),
        "warm_start_s": start_seconds(cold=False),
        "cold_start_s": start_seconds(cold=True),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
