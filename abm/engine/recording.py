"""What came of a run: counts by tally and period, readings, KPIs, tables."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.core.errors import Refusal, shown
from abm.core.given import whole
from abm.engine.engine import Engine
from abm.engine.kept import Kept
from abm.kpis.kpi import Tallied
from abm.kpis.measure import Measure, measured, readings_in
from abm.kpis.reading import Reading, averaged
from abm.scenario import measures
from abm.scenario.scenario import Scenario
from abm.world.layout import Layout
from abm.world.partition import Partition

if TYPE_CHECKING:
    import pandas as pd

MOST_SEED = (1 << 64) - 1  # which a generator of NumPy may give a model
MOST_REPLICATION = (1 << 32) - 1  # one word of the address of a random number
FRESH_BITS = 32  # of a seed that nobody gave: short enough to be typed


class Counts(Mapping[str, np.ndarray]):
    """Counts by tally in its unit: (..., *axes, m + 1) float64; the last entry is what belongs to no firm.

    A tally of a shipped theory that is not in the market is not listed, and NaN if it is asked for.
    """

    def __init__(self, layout: Layout, block: np.ndarray) -> None:
        self._layout, self._block = layout, block

    def __getitem__(self, name: str) -> np.ndarray:
        return self._layout.scaled(self._block, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.tallies)

    def __len__(self) -> int:
        return len(self._layout.tallies)

    @property
    def accounts(self) -> dict[str, str]:
        """What tallies of money are in a firm's books, by the tally's name."""
        return {name: tally.account for name, tally in self._layout.tallies.items() if tally.account}

    def totals(self, since: int) -> Counts:
        """Return the counts from a period on, added up in whole numbers before they are scaled: (*axes, m + 1)."""
        return Counts(self._layout, self._block[since:].sum(axis=0))


@dataclass(frozen=True)
class Record:
    """What was counted in a run, and what was read off its world.

    tallies  : (periods, *axes, m + 1) each
    readings : (periods, m) each, NaN where no books close
    groups   : the same of each group of customers that was counted apart; what is counted of firms as a whole is in no
               group
    """

    firms: tuple[str, ...]
    periods: int
    burn_in: int
    periods_per_year: int
    tallies: Counts
    readings: Mapping[Reading, np.ndarray] = field(default_factory=dict)
    groups: tuple[Record, ...] = ()

    def by_period(self, kpis: Sequence[Measure]) -> np.ndarray:
        """Return every measure in every period: (periods, m, kpis) float64, NaN where it is not defined."""
        tallied = Tallied(self.tallies, self.periods_per_year, 1, self.tallies.accounts)
        return measured(kpis, tallied, self.readings, (self.periods, len(self.firms)))

    def summary(self, kpis: Sequence[Measure]) -> np.ndarray:
        """Return every measure over the measured periods: (m, kpis) float64.

        Counts are added up before they are divided; of a reading it is the mean over the closings.
        """
        sums, counted = self.tallies.totals(self.burn_in), self.periods - self.burn_in
        means = {reading: averaged(taken[self.burn_in :]) for reading, taken in self.readings.items()}
        return measured(kpis, Tallied(sums, self.periods_per_year, counted, sums.accounts), means, (len(self.firms),))


def record(
    scenario: Scenario,
    seed: int,
    replication: int = 0,
    threads: int = 1,
    folder: Path | None = None,
    kept: Kept | None = None,
    kpis: Sequence[Measure] = (),
    partition: Partition | None = None,
    stops: Sequence[int] = (),
    look: Callable[[Engine], None] = lambda engine: None,
) -> Record:
    """Run a scenario and return what was counted.

    folder : of the study, which its logs and graph files lie in; None = the current one
    kept   : engines of runs before, of which that of the same scenario object is used again; that of this run is one of
             them then, unless the run fails
    kpis   : that will be asked of the record; the readings among them have to be taken while it runs
    partition : groups of customers who are counted apart
    stops     : after how many periods, ascending, to `look` at the engine, which may read and write its state
    Raises Refusal for input that cannot be used.
    """
    readings = readings_in(kpis)
    engine = None if kept is None else kept.take(scenario)
    if engine is not None and engine.does(seed, threads, readings, partition):
        engine.restart(replication, partition)
    else:
        del engine  # the next may be as large as the memory allows
        engine = Engine(scenario, seed, replication, threads, folder, readings, partition)
    for stop in stops:
        engine.run(stop - engine.t)
        look(engine)
    engine.run(scenario.periods - engine.t)
    if kept is not None:
        kept.put(engine)
    return read(engine)


def read(engine: Engine) -> Record:
    """Return what an engine has counted so far."""
    world, scenario = engine.world, engine.scenario
    done = engine.t
    burn_in = min(scenario.burn_in, done)

    def one(block: np.ndarray, group: int, groups: tuple[Record, ...] = ()) -> Record:
        readings = {reading: taken[:done, group].copy() for reading, taken in engine.taken.items()}
        counts = Counts(world.layout, block)
        return Record(world.firm_names, done, burn_in, scenario.periods_per_year, counts, readings, groups)

    cells = world.partition.groups if world.partition else ()
    parts = (world.history_by_part[:done, list(own)].sum(axis=1) for own in cells)
    groups = tuple(one(part, 1 + group) for group, part in enumerate(parts))
    return one(world.history[:done].copy(), 0, groups)


def simulate(
    scenario: Scenario,
    seed: int | None = 0,
    replication: int = 0,
    kpis: Sequence[str | Measure] | str | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Run a scenario and return a tidy table: a row per period and firm, a column per KPI or reading.

    seed : a non-negative whole number; None = drawn anew. The table says which it was: `table.attrs["seed"]`
    kpis : KPIs and readings, or their names; None = those of every market, and those of the scenario's own theories

    Raises Refusal for input that cannot be used.
    """
    if not isinstance(scenario, Scenario):
        raise Refusal(f"= {shown(scenario)} is not a Scenario", place="scenario")
    seed = secrets.randbits(FRESH_BITS) if seed is None else whole("seed", seed, low=0, high=MOST_SEED)
    replication = whole("replication", replication, low=0, high=MOST_REPLICATION)
    threads = whole("threads", threads, low=1)
    kpis = measures.of(scenario) if kpis is None else measures.named(kpis)
    result = record(scenario, seed, replication, threads, kpis=kpis)
    block = result.by_period(kpis)
    table: dict[str, Any] = {
        "period": np.repeat(np.arange(result.periods), len(result.firms)),
        "firm": np.tile(np.array(result.firms, dtype=object), result.periods),
    }
    for k, kpi in enumerate(kpis):
        table[kpi.name] = block[:, :, k].ravel()
    import pandas  # noqa: PLC0415 - slow to import, and most runs make no table

    found = pandas.DataFrame(table)
    found.attrs["seed"] = seed
    return found
