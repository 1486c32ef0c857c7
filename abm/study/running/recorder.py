"""Recording persons and visits while a study's runs go on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.engine.engine import Engine
from abm.engine.visit_log import logged_columns, room, taken, visit_log
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.plan.record import Chosen, is_empty, of_visits, with_accounts
from abm.study.plan.sheet import Run
from abm.world.partition import Partition
from abm.world.population import drawn_traits
from abm.world.world import World

LONGEST_LOG = 1 << 16  # entries of a list, about, after which it is emptied


class Recorder:
    """Records what an experiment asks for."""

    def __init__(self, experiment: Experiment) -> None:
        self.study, self.record = experiment, experiment.record
        self.idle = is_empty(experiment.record)

    def recorded(self, scenario: Scenario) -> Scenario:
        """Return the scenario with what the record needs; it has the same bits."""
        scenario = with_accounts(scenario, self.record)
        if self.record.visits is None:
            return scenario
        known = of_visits(scenario)
        columns = [known[name] for name in self.record.visits.columns if name in known]
        return scenario.adding(visit_log(columns, self.length(scenario)))

    def length(self, scenario: Scenario) -> int:
        """Return how many entries a list of visits holds: those of a period at least, of far more than are drawn."""
        customers, visits = scenario.population.customers, self.record.visits
        share = 1.0 if visits is None else visits.sample
        return max(LONGEST_LOG, room(min(customers, int(1.5 * share * customers) + 1000), 1))

    def begin(self, run: Run, scenario: Scenario, partition: Partition | None) -> Recording:
        """Return the recording of a run, which is to look at the engine at its stops."""
        return Recording(self, run, scenario, partition)


@dataclass
class Recording:
    """What is recorded of one run.

    logs : "persons" and "visits" -> column -> (rows,)
    """

    recorder: Recorder
    run: Run
    scenario: Scenario
    partition: Partition | None
    _parts: dict[str, list[dict[str, np.ndarray]]] = field(default_factory=dict)

    @property
    def stops(self) -> list[int]:
        """After how many periods it has to look."""
        record, periods = self.recorder.record, self.scenario.periods
        logged = record.logged(periods)
        stops = {*record.dates(periods)}
        if logged:
            assert record.visits is not None
            of_a_period = room(int(self._chosen(record.visits, self.scenario.population.customers).sum()), 1)
            stride = self.recorder.length(self.scenario) // of_a_period
            if not stride:
                raise Refusal(f"of {of_a_period} visits in a period there may be too many to be logged")
            stops |= {*range(logged.start, logged.stop, stride), logged.stop}
        return sorted(stops)

    def look(self, engine: Engine) -> None:
        """Look at an engine at a stop."""
        record, world, t = self.recorder.record, engine.world, engine.t
        if record.persons is not None and t in record.dates(self.scenario.periods):
            self._parts.setdefault("persons", []).append(self._persons(world, t))
        logged = record.logged(self.scenario.periods)
        if record.visits is not None and logged.start <= t <= logged.stop:
            if t > logged.start:
                self._parts.setdefault("visits", []).append(taken(world, logged_columns(self.scenario)))
            if t == logged.start:
                world.customers.is_logged[:] = self._chosen(record.visits, world.n)[world.customers.customer_id]
            elif t == logged.stop:
                world.customers.is_logged[:] = 0

    @property
    def logs(self) -> dict[str, dict[str, np.ndarray]]:
        """The tables recorded so far."""
        return {
            kind: {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            for kind, parts in self._parts.items()
        }

    def _persons(self, world: World, t: int) -> dict[str, np.ndarray]:
        chosen = self.recorder.record.persons
        assert chosen is not None
        who = np.flatnonzero(self._chosen(chosen, world.n))
        rows = who if self.partition is None else self.partition.row[who]
        found = {"period": np.full(who.size, t, np.int32), "customer": who.astype(np.uint32)}
        for name in chosen.columns:
            column = world.customers.get(name)
            if column is None:  # of a theory that this arm has not
                continue
            if column.ndim == 1:
                found[name] = column[rows].copy()
            else:
                found |= {f"{name}.{firm}": column[j, rows].copy() for j, firm in enumerate(world.firm_names)}
        return found

    def _chosen(self, chosen: Chosen, customers: int) -> np.ndarray:
        """Return who is recorded, True or False by identity (n,)."""
        wanted = np.ones(customers, np.bool_)
        if chosen.sample < 1:
            key = stream_key(self.run.seed, "record")
            for rows, luck in drawn_traits(np.arange(customers, dtype=np.uint32), key, self.run.replication):
                wanted[rows] = luck[0] < chosen.sample
        if chosen.ids:
            wanted &= np.isin(np.arange(customers), np.array(chosen.ids))
        if chosen.group and self.partition is not None:
            cells = self.partition.groups[self.recorder.study.sheet.groups.index(chosen.group)]
            wanted &= np.isin(self.partition.cell_of, cells)
        return wanted
