"""A course: one arm's market on its way, period by period, and what has been seen of it so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from abm.core.kernels import Kernel
from abm.engine.engine import Engine
from abm.engine.recording import Record, read
from abm.kpis.measure import readings_in
from abm.scenario import measures
from abm.scenario.scenario import Scenario
from abm.view.page.sample import MOST, Sample, neighbourhood

# Of the customers who are looked at, as far as the market has them.
KEPT = (
    "provider", "satisfaction", "trust", "expectation", "affective_commitment", "encounters", "word_of_mouth", "story",
    "member", "points", "switching_cost",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sight:
    """What there is to see of an arm after some periods.

    scenario : of the arm        periods : done
    people   : of each column that is kept, (periods + 1, k) or (periods + 1, m, k), the beginning first
    """

    scenario: Scenario
    periods: int
    record: Record
    sample: Sample
    people: Mapping[str, np.ndarray]

    def measured(self, kpi: str, firm: str, together: int = 1) -> np.ndarray:
        """Return a KPI of a firm by period, (periods // together,) float64, NaN where it has no value.

        together : periods over which a mean is taken; those that do not fill one at the end are left out
        """
        if self.record.periods == 0:
            return np.empty(0)
        own = self.record.by_period(measures.named(kpi))[:, self.record.firms.index(firm), 0]
        whole = own[: len(own) // together * together].reshape(-1, together)
        known = np.isfinite(whole)
        with np.errstate(invalid="ignore"):
            return np.where(known, whole, 0.0).sum(axis=1) / known.sum(axis=1)

    def history(self, place: int) -> pd.DataFrame:
        """Return what was kept of the customer at a place of the sample: a row per period, the beginning first.

        A column with an entry per firm is "satisfaction.north"; "visits.north" are those of the period.
        """
        table = {"period": np.arange(self.periods + 1)}
        for name, column in self.people.items():
            if column.ndim == 2:
                table[name] = column[: self.periods + 1, place]
                continue
            for j, firm in enumerate(self.record.firms):
                own = column[: self.periods + 1, j, place]
                if name == "encounters":
                    table[f"visits.{firm}"] = np.maximum(np.diff(own, prepend=own[:1]), 0)
                else:
                    table[f"{name}.{firm}"] = own
        return pd.DataFrame(table)


class Course:
    """An engine, and the columns of the customers who are looked at, period by period.

    most    : customers who are looked at
    known   : samples of other courses; one of the same customers and ties is taken over, as it may be laid out already
    attempt : number that whoever owns it gives it, to tell a course that is to begin again
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        replication: int = 0,
        folder: Path | None = None,
        most: int = MOST,
        known: Iterable[Sample] = (),
    ) -> None:
        self._engine = Engine(
            scenario, seed, replication, folder=folder, readings=readings_in(measures.of(scenario))
        )  # fmt: skip
        self.scenario, self.seed, self.replication, self.attempt = scenario, seed, replication, 0
        self._most = most
        self.sample = self._looked_at(known)
        self._people: dict[str, np.ndarray] = {}
        self._begin()

    @property
    def t(self) -> int:
        """Periods done."""
        return self._engine.t

    def restart(self, replication: int, known: Iterable[Sample] = ()) -> None:
        """Go back to the beginning, with the luck of a replication."""
        self._engine.restart(replication)
        self.replication = replication
        self.sample = self._looked_at([self.sample, *known])
        self._begin()

    def advance(self, periods: int) -> None:
        """Go on for some periods."""
        for _ in range(periods):
            self._engine.run(1)
            self._keep()

    def sight(self) -> Sight:
        """Return what there is to see now; later periods do not change it."""
        return Sight(self.scenario, self.t, read(self._engine), self.sample, dict(self._people))

    def _looked_at(self, known: Iterable[Sample]) -> Sample:
        found = neighbourhood(self._engine.world.ties, self._most)
        return next((one for one in known if one.same_as(found)), found)

    def _begin(self) -> None:
        columns = self._engine.world.customers
        self._people = {}
        for name in (name for name in KEPT if name in columns):
            shape = (self.scenario.periods + 1, *columns[name][..., self.sample.rows].shape)
            self._people[name] = np.zeros(shape, columns[name].dtype)
        self._keep()

    def _keep(self) -> None:
        for name, kept in self._people.items():
            kept[self.t] = self._engine.world.customers[name][..., self.sample.rows]


def is_compiled(scenario: Scenario) -> bool:
    """Return whether every kernel of a scenario has machine code on the disk."""
    return all(step.act.is_cached() for step in scenario.ever()[1] if isinstance(step.act, Kernel))


def is_loaded(scenario: Scenario, sight: Sight | None) -> bool:
    """Return whether all that a scenario does was done already by what is seen."""
    if sight is None:
        return False
    wanted, there = ({step.name for step in one.ever()[1]} for one in (scenario, sight.scenario))
    return wanted <= there
