"""How much quicker this version is than another one: eight markets and a study, both in turn, processor time.

python benchmarks/against.py OTHER_CHECKOUT [rounds]

Each version runs in a process of its own, and the two are asked in turn, so that both see the same minutes of the
machine. A first round compiles and is not counted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import abm
from abm.bench import reference
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario


def default(customers: int, periods: int = 104) -> Scenario:
    """Return the market with nothing but defaults."""
    return Scenario.parse({"periods": periods, "population": {"customers": customers}})


MARKETS: dict[str, tuple[Callable[..., Scenario], int]] = {
    "reference": (reference.ref1, 10_000),
    "reference, of 1,000": (reference.ref1, 1_000),
    "default": (default, 10_000),
    "default, of 1,000": (default, 1_000),
    "standard theories": (reference.full, 10_000),
    "voice": (reference.voice, 10_000),
    "relationships": (reference.relationship, 10_000),
    "service days": (reference.service_day, 10_000),
}
STUDY = "runs of the main study"  # of 1,000 customers over 100 periods, start and storage included


def runs_of_a_study(replications: int = 40) -> float:
    """Return how many runs of the main study a processor-second does; what its arms match is found before."""
    study = abm.load(Path(__file__).resolve().parents[1] / "experiments" / "loyalty_programs.toml")
    small = {"population.customers": 1_000, "periods": 100, "burn_in": 50}
    study = abm.matched(replace(study, scenario=study.scenario.replace(small), replications=8)).experiment
    study = replace(study, replications=replications)
    before = time.process_time()
    abm.run(study, workers=1)
    return replications * len(study.arms) / (time.process_time() - before)


def answer() -> None:
    """Read names of markets, and say how many customer-periods a processor-second this version does."""
    for line in sys.stdin:
        if line.strip() == STUDY:
            print(runs_of_a_study(), flush=True)
            continue
        make, customers = MARKETS[line.strip()]
        scenario = make(customers)
        runs = max(1, 20_000 // customers)
        engine = Engine(scenario, 1)
        spent = 0.0
        for replication in range(runs):
            engine.restart(replication)
            before = time.process_time()
            engine.run(scenario.periods)
            spent += time.process_time() - before
        print(customers * scenario.periods * runs / spent, flush=True)


def ask(process: subprocess.Popen[str], market: str) -> float:
    """Return what a version says of a market."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(market + "\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def main(other: str, rounds: int = 10) -> None:
    """Print the median rate of each market here, and of the ratios to the other version in the same round."""
    here = Path(__file__).resolve().parents[1]
    code = "import sys; sys.path.insert(0, sys.argv[1]); sys.path.append(sys.argv[2]); import against; against.answer()"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(root), str(here / "benchmarks")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for root in (here, Path(other))
    ]  # fmt: skip
    print(f"{'market':22}{'M customer-periods/s':>22}{'times the other':>18}")
    for market in (*MARKETS, STUDY):
        rates = [[ask(process, market) for process in started] for _ in range(rounds + 1)][1:]
        ratio = statistics.median(mine / theirs for mine, theirs in rates)
        mine = statistics.median(mine for mine, _ in rates)
        print(f"{market:22}{mine / (1 if market == STUDY else 1e6):22.1f}{ratio:18.2f}", flush=True)
    for process in started:
        process.communicate()


if __name__ == "__main__":
    main(sys.argv[1], *(int(a) for a in sys.argv[2:3]))
