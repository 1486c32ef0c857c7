"""Measurements behind `patronage bench`, in the order in which they are made."""

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
from functools import partial
from pathlib import Path
from typing import Any

from abm.bench.cycles import COUNTED, by_kernel
from abm.bench.growth import growth
from abm.bench.reference import full, ref1
from abm.bench.turns import compared, periods_at, rate_of
from abm.engine.engine import Engine
from abm.engine.kept import Kept
from abm.engine.recording import record
from abm.kpis.standard import KPIS
from abm.scenario.scenario import Scenario

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def customer_periods_per_second(scenario: Scenario, threads: int = 1, rounds: int = 3, seconds: float = 1.0) -> float:
    """Return the best rate of `rounds` stretches of whole runs, at least one each and about `seconds` in all.

    Seconds are of processor time, of several threads those of a clock. Building a world is left out.
    """
    rate = rate_of(Engine(scenario, seed=1, threads=threads))
    return max(rate(seconds / rounds) for _ in range(rounds))


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


def runs_per_second(replications: int = 1000) -> float:
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
    kept = Kept()
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


def measurements(largest: int, program: Path | None) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield what is measured, in words, and what measures it: parts of the document of `patronage bench --json`.

    largest : most customers that are tried
    program : the definition in C++, compiled; None = there is none
    """
    sizes = [n for n in SIZES if n <= largest]

    def rate(name: str, make: Callable[[int, int], Scenario], n: int, threads: int = 1) -> dict[str, Any]:
        return {name: {str(n): customer_periods_per_second(make(n, periods_at(n)), threads)}}

    for n in sizes:
        yield f"reference market and its limits, {n:,} customers", partial(_at_size, n, program)
    for n in sizes:
        yield f"every mechanism, {n:,} customers", partial(rate, "full", full, n)
    for n in sizes:
        yield f"two threads, {n:,} customers", partial(rate, "threads2", ref1, n, 2)
    yield "firms, neighbours and theories", lambda: {"growth": growth(min(largest, 10_000))}
    if COUNTED:
        yield "kernels", lambda: {"kernels": by_kernel(full(min(largest, 10_000)))}
    if importlib.util.find_spec("mesa") is not None:
        yield "runs of mesa.batch_run", lambda: {"batch_run_ratio": batch_run_ratio()}
    yield "runs of a study", lambda: {"runs_per_second": runs_per_second()}
    yield "memory", lambda: {"bytes_per_customer": bytes_per_customer()}
    yield "the start", lambda: {"warm_start_s": start_seconds(cold=False)}
    yield "the start on a fresh machine, compiling", lambda: {"cold_start_s": start_seconds(cold=True)}


def _at_size(customers: int, program: Path | None) -> dict[str, Any]:
    return {name: {str(customers): value} for name, value in compared(customers, program).items()}
