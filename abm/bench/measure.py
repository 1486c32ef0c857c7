"""Measurements behind `patronage bench`: ratios in one process, best of several rounds, since machines are noisy."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from abm.bench.reference import full, ref1
from abm.core.programs import Program
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.engine.stages import Stage
from abm.kpis.standard import KPIS
from abm.scenario.scenario import Scenario

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MESA_SIZES = (1_000, 10_000)


def customer_periods_per_second(scenario: Scenario, threads: int = 1, rounds: int = 3, seconds: float = 1.0) -> float:
    """Return the best rate of `rounds` stretches of whole runs, at least one each and about `seconds` in all.

    Building a world is left out. A run starts anew each time: a market that goes on for thousands of periods has lost
    its customers to exits.
    """
    n = scenario.population.customers
    Engine(scenario.replace({"population.customers": 100, "periods": 1}), seed=1, threads=threads).run(
        1
    )  # compiled now
    best = 0.0
    for _ in range(rounds):
        done, spent = 0, 0.0
        while not done or spent < seconds / rounds:
            engine = Engine(scenario, seed=1, threads=threads)
            began = time.perf_counter()
            engine.run(scenario.periods)
            spent += time.perf_counter() - began
            done += scenario.periods * n
        best = max(best, done / spent)
    return best


def by_kernel(scenario: Scenario, periods: int = 30) -> dict[str, float]:
    """Return ns per customer and period of every kernel: the least of `periods` periods, tile by tile.

    What calling it from Python costs is taken off.
    """
    engine = Engine(scenario.replace({"periods": 1_000}), seed=1)
    engine.run(20)
    world, calls_of = engine.world, engine.binder().calls
    idle = min(_spent(Program([]), 0, 0, 1, 0) for _ in range(1_000))
    stages = [
        (stage, [(call.kernel.name, Program([(True, [call])])) for call in calls_of(stage, world.named(0, 0))])
        for stage in [*(stage for stage in engine.stages if stage.kind != "plain"), Stage("market")]
    ]
    bound = {id(stage): programs for stage, programs in stages}
    least: dict[str, np.ndarray] = {}
    for t in range(20, 20 + periods):
        spent: dict[str, list[float]] = {}
        for stage in [*engine.stages, stages[-1][0]]:
            if stage.kind == "plain":  # in Python, which is no kernel's time, but kernels work on what it writes
                for step in stage.steps:
                    step.act(world, t)
                continue
            many = world.m if stage.kind == "firm" else world.n
            size = world.tile if stage.kind == "tile" else many
            for lo in range(0, many, size):
                for name, program in bound[id(stage)]:
                    seconds = _spent(program, lo, min(many, lo + size), many, t)
                    spent.setdefault(name, []).append(seconds - idle)
        for name, times in spent.items():
            least[name] = np.minimum(least.get(name, np.inf), times)
    return {name: max(0.0, float(times.sum())) / world.n * 1e9 for name, times in least.items()}


def _spent(program: Program, first: int, last: int, tile: int, t: int) -> float:
    began = time.perf_counter()
    program.run((first, last), tile, t, t + 1)
    return time.perf_counter() - began


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
[scenario.population]
customers = 1000
[arms.none]
[arms.dear]
"firms.north.price" = 1.1
"""


def runs_per_second(replications: int = 3000) -> float:
    """Return runs a second of n = 1,000, T = 100 through `patronage run` itself: processes, KPIs and store included."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study.toml"
        study.write_text(STUDY.format(replications=replications), encoding="utf-8")
        command = [sys.executable, "-m", "abm", "run", str(study), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        document = json.loads(done.stdout)
        return float(document["runs"] / document["seconds"])


def batch_run_ratio(runs: int = 60) -> float:
    """Return how many times more runs a processor-second than `mesa.batch_run` manages (n = 1,000, T = 100).

    Runs are done as in a study: the replications of a market in one engine, all standard KPIs of each.
    """
    mesa = importlib.import_module("mesa")
    market = importlib.import_module("abm.bench.idiomatic").Market
    began = time.process_time()
    settings = {"number_processes": 1, "max_steps": 99, "display_progress": False}
    mesa.batch_run(market, {"customers": [1000]}, iterations=1, **settings)
    theirs = 1.0 / (time.process_time() - began)
    scenario = ref1(1000)
    kept: list[Engine] = []
    record(scenario, seed=1, kept=kept)
    began = time.process_time()
    for replication in range(runs):
        record(scenario, seed=1, replication=replication, kept=kept).summary(KPIS)
    return runs / (time.process_time() - began) / theirs


def bytes_per_customer(customers: int = 1_000_000) -> float:
    """Return resident memory a customer of `ref1` costs, graph included: a fresh process less an empty one."""
    code = (
        "import sys; from abm.bench.measure import peak_memory; from abm.bench.reference import ref1\n"
        "from abm.engine.engine import Engine\n"
        "n = int(sys.argv[1]); Engine(ref1(1000, 3), 1).run(3)\n"
        "before = peak_memory(); Engine(ref1(n, 3), 1).run(3); print(peak_memory() - before)"
    )
    out = subprocess.run([sys.executable, "-c", code, str(customers)], capture_output=True, text=True, check=True)
    return float(out.stdout) / customers


def peak_memory() -> int:
    """Return the most memory that this process has held, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # elsewhere the parent's peak may count as the child's
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024
    resource = importlib.import_module("resource")
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def start_seconds(cold: bool) -> float:
    """Return the seconds of a fresh process to the end of its first period; cold = with an empty kernel cache.

    Cold, the period is that of a study, as that is what compiles in two processes.
    """
    code = "from abm.bench.reference import full\n"
    code += (
        "import abm; abm.run(abm.Experiment(name='first', scenario=full(1000, 1), replications=2))"
        if cold
        else "from abm.engine.engine import Engine; Engine(full(1000, 1), 1).run(1)"
    )
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, **({"NUMBA_CACHE_DIR": empty} if cold else {})}
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        return time.perf_counter() - began


def measurements(largest: int = 1_000_000) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the parts of the document of `patronage bench --json`: key and what measures it.

    largest : most customers that are tried
    """
    sizes = [n for n in SIZES if n <= largest]
    with_mesa = importlib.util.find_spec("mesa") is not None

    def rates(make: Callable[[int, int], Scenario], threads: int = 1) -> dict[str, float]:
        periods = {n: max(10, min(100, 3_000_000 // n)) for n in sizes}
        return {str(n): customer_periods_per_second(make(n, periods[n]), threads) for n in sizes}

    yield "ref1", lambda: rates(ref1)
    yield "full", lambda: rates(full)
    yield "threads2", lambda: rates(ref1, threads=2)
    yield "kernels", lambda: by_kernel(full(min(largest, 10_000)))
    if with_mesa:
        yield "mesa_ratio", lambda: {str(n): mesa_ratio(n) for n in MESA_SIZES if n <= largest}
        yield "batch_run_ratio", batch_run_ratio
    yield "runs_per_second", runs_per_second
    yield "bytes_per_customer", bytes_per_customer
    yield "warm_start_s", lambda: start_seconds(cold=False)
    yield "cold_start_s", lambda: start_seconds(cold=True)
