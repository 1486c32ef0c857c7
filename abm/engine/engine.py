"""One run: bind the plan to a world, run its periods, read what was counted.

A period has stages: work before the visits; then every mechanism's kernels, tile by tile; then deliveries, which
read other customers and so start when everybody is done. Tiles may be shared out over threads: nothing a tile does
depends on another tile of the same stage, and sums are whole numbers, so the bits do not depend on the number of
threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import Refusal
from abm.core.kernels import Kernel, Per, kernel
from abm.core.programs import Call, Program
from abm.kpis.kpi import Kpi, Tallied, measured
from abm.kpis.standard import STANDARD
from abm.mechanisms.mechanism import Mechanism, Phase, plan
from abm.scenario.scenario import Scenario, build_world, restart_world
from abm.world.columns import World

CHUNK = 2_000_000  # customer-periods between two looks at the outside world (an interrupt, a progress bar)


@kernel(per="period")
def record_period(history, counted, stocks, t):
    """Add up the workers' counts of the period; flows start again at 0.

    history (T, K (m + 1)), counted (W, K (m + 1))  [written]      stocks (K (m + 1),)  1 = stock, 0 = flow
    """
    for k in range(stocks.shape[0]):
        history[t, k] = 0
    for w in range(counted.shape[0]):
        for k in range(stocks.shape[0]):
            history[t, k] += counted[w, k]
            counted[w, k] *= stocks[k]


class Engine:
    """A scenario's plan bound to a world; steps it period by period.

    world   : the state, which may be read and written between periods
    t       : periods done
    threads : that share the rows
    """

    def __init__(
        self, scenario: Scenario, seed: int, replication: int = 0, threads: int = 1, folder: Path | None = None
    ) -> None:
        self.scenario, self.seed, self.t, self._folder = scenario, seed, 0, folder
        self.world: World = build_world(scenario, seed, replication, threads, folder)
        self.plan = in_order(scenario)
        self.threads = threads
        self._before = [m for m in self.plan if m.phase < Phase.CHOICE and m.interrupts]
        self._after = [m for m in self.plan if m.phase >= Phase.CHOICE and m.interrupts]
        self._stages = staged(self.plan)
        self._programs = [self._program(worker) for worker in range(threads)]
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def _program(self, worker: int) -> list[Program]:
        """Bind every stage for one worker; the record closes the last stage."""
        world = self.world
        named = world.named(worker)
        groups = [
            (per == "tile", [m.bind(k, world, self.seed, named) for m, k in stage]) for per, stage in self._stages
        ]
        stocks = np.repeat(np.array([tally.stock for tally in world.tallies.values()], np.int64), world.m + 1)
        flat = world.history.reshape(world.periods, stocks.size), world.counted.reshape(world.workers, stocks.size)
        groups.append((False, [Call(record_period, (*flat, stocks))]))
        if self.threads == 1 and not self._after:
            return [Program(groups)]
        return [Program([group]) for group in groups]

    def restart(self, replication: int) -> None:
        """Go back to period 0 with the luck of another replication: as a new engine, for a fraction of the work."""
        restart_world(self.world, self.scenario, self.seed, replication, self._folder)
        self.t = 0
        changed = self.world.varying()
        for programs in self._programs:
            for program in programs:
                program.rebind(changed)

    def run(self, periods: int) -> None:
        """Go on for a number of periods.  Raises Refusal beyond the scenario's length."""
        if self.t + periods > self.scenario.periods:
            raise Refusal(
                f"period {self.t + periods} lies beyond the run (periods = {self.scenario.periods}); "
                "give the scenario more periods"
            )
        end = self.t + periods
        step = 1 if self._before or self._after or self._pool else max(1, CHUNK // max(1, self.world.n))
        while self.t < end:
            upto = min(end, self.t + step)
            self._advance(upto)
            self.t = upto

    def _advance(self, upto: int) -> None:
        for mechanism in self._before:
            mechanism.step(self.world, self.t)
        n = self.world.n
        stages = len(self._programs[0])
        for s in range(stages):
            if s == stages - 1 and stages > 1:
                for mechanism in self._after:
                    mechanism.step(self.world, self.t)
            programs = [worker[s] for worker in self._programs]
            if self._pool is None or s == stages - 1 or self._stages[s][0] == "period":
                programs[0].run(0, n, self.world.tile, self.t, upto)
            else:
                self._share_out(programs, n)

    def _share_out(self, programs: Sequence[Program], n: int) -> None:
        assert self._pool is not None
        tile = self.world.tile
        tiles = -(-n // tile)
        edges = [min(n, tile * (tiles * w // self.threads)) for w in range(self.threads + 1)]
        edges[-1] = n
        jobs = [
            self._pool.submit(program.run, edges[w], edges[w + 1], tile, self.t, self.t + 1)
            for w, program in enumerate(programs)
        ]
        for job in jobs:
            job.result()


def in_order(scenario: Scenario) -> list[Mechanism]:
    """Return the mechanisms that a scenario has switched on, in the order of a period."""
    return [m for m in plan(scenario.mechanisms()) if m.name not in scenario.off]


def staged(mechanisms: Sequence[Mechanism]) -> list[tuple[Per, list[tuple[Mechanism, Kernel]]]]:
    """Return the stages of a period: kernels in order, deliveries last."""
    kernels = [(m, k) for m in mechanisms for k in m.kernels()]
    return [*_stages(kernels), *_stages([(m, k) for m in mechanisms for k in m.deliveries()])]


def _stages(bound: Sequence[tuple[Mechanism, Kernel]]) -> list[tuple[Per, list[tuple[Mechanism, Kernel]]]]:
    """Group consecutive kernels of the same kind into stages."""
    stages: list[tuple[Per, list[tuple[Mechanism, Kernel]]]] = []
    for mechanism, k in bound:
        if not stages or stages[-1][0] != k.per:
            stages.append((k.per, []))
        stages[-1][1].append((mechanism, k))
    return stages


class Counts(Mapping[str, np.ndarray]):
    """What was counted, by tally: (periods, m + 1) float64 in its unit; the last entry is what belongs to no firm."""

    def __init__(self, world: World, periods: int) -> None:
        self._rows, self._tallies = world.rows, world.tallies
        self._history = world.history[:periods].copy()

    def __getitem__(self, name: str) -> np.ndarray:
        return self._history[:, self._rows[name]] * self._tallies[name].scale

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def totals(self, since: int) -> dict[str, np.ndarray]:
        """Return each count from a period on, added up in whole numbers before it is scaled: (m + 1,) float64."""
        sums = self._history[since:].sum(axis=0) * np.array([[t.scale] for t in self._tallies.values()])
        return dict(zip(self._rows, sums, strict=True))


@dataclass(frozen=True)
class Record:
    """What was counted in a run."""

    firms: tuple[str, ...]
    periods: int
    burn_in: int
    periods_per_year: int
    tallies: Counts

    def by_period(self, kpis: Sequence[Kpi]) -> np.ndarray:
        """Return every KPI in every period: (periods, m, kpis) float64, NaN where it is not defined."""
        return measured(kpis, Tallied(self.tallies, self.periods_per_year, periods=1), (self.periods, len(self.firms)))

    def summary(self, kpis: Sequence[Kpi]) -> np.ndarray:
        """Return every KPI over the measured periods, counts added up before they are divided: (m, kpis) float64."""
        sums, counted = self.tallies.totals(self.burn_in), self.periods - self.burn_in
        return measured(kpis, Tallied(sums, self.periods_per_year, counted), (len(self.firms),))


def record(
    scenario: Scenario,
    seed: int,
    replication: int = 0,
    threads: int = 1,
    folder: Path | None = None,
    kept: list[Engine] | None = None,
) -> Record:
    """Run a scenario and return what was counted.

    folder : of the study, which its logs and graph files lie in; None = the current one
    kept   : the engine of the run before, which is used again if it is of the same scenario object; becomes that of
             this run, or empty if it fails
    Raises Refusal for input that cannot be used.
    """
    engine = kept.pop() if kept else None
    if engine is not None and (engine.scenario is scenario and (engine.seed, engine.threads) == (seed, threads)):
        engine.restart(replication)
    else:
        del engine  # one world at a time: the next may be as large as the memory allows
        engine = Engine(scenario, seed, replication, threads, folder)
    engine.run(scenario.periods)
    if kept is not None:
        kept.append(engine)
    return read(engine)


def read(engine: Engine) -> Record:
    """Return what an engine has counted so far."""
    world, scenario = engine.world, engine.scenario
    done = engine.t
    burn_in = min(scenario.burn_in, done)
    return Record(world.firm_names, done, burn_in, scenario.periods_per_year, Counts(world, done))


def simulate(
    scenario: Scenario, seed: int = 0, replication: int = 0, kpis: Sequence[Kpi] = STANDARD, threads: int = 1
) -> pd.DataFrame:
    """Run a scenario and return a tidy table: a row per period and firm, a column per KPI.

    Raises Refusal for input that cannot be used.
    """
    result = record(scenario, seed, replication, threads)
    block = result.by_period(kpis)
    table: dict[str, Any] = {
        "period": np.repeat(np.arange(result.periods), len(result.firms)),
        "firm": np.tile(np.array(result.firms, dtype=object), result.periods),
    }
    for k, kpi in enumerate(kpis):
        table[kpi.name] = block[:, :, k].ravel()
    return pd.DataFrame(table)
