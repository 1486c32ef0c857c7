"""What came of a run: counts by tally and period, KPIs, tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.engine.engine import Engine
from abm.kpis.kpi import Kpi, Tallied, measured
from abm.kpis.standard import STANDARD
from abm.scenario.scenario import Scenario
from abm.world.columns import World


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
