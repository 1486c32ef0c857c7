"""Recording persons and visits while a study's runs go on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from abm.engine.engine import Engine
from abm.engine.visit_log import is_chosen, logged_columns, room, taken, visit_log
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.plan.record import Chosen, is_empty, of_visits, with_accounts
from abm.study.plan.sheet import Run
from abm.world.partition import Partition
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
        visits, logged = self.record.visits, self.record.logged(scenario.periods)
        columns = [known[name] for name in visits.columns if name in known]
        whose = {"sample": visits.sample, "ids": visits.ids, "group": self.group(visits)}
        length = self.length(scenario)
        return scenario.adding(visit_log(columns, length, first=logged.start, until=logged.stop, **whose))

    def group(self, chosen: Chosen) -> int:
        """Return the number of the group of which a record is, -1 = of everybody."""
        return self.study.sheet.groups.index(chosen.group) if chosen.group else -1

    def most_logged(self, scenario: Scenario) -> int:
        """Return of how many customers at a time visits are logged at most: of far more than are drawn."""
        customers, visits = scenario.population.customers, self.record.visits
        assert visits is not None
        drawn = min(customers, int(1.5 * visits.sample * customers) + 1000)
        return min(drawn, len(visits.ids)) if visits.ids else drawn

    def length(self, scenario: Scenario) -> int:
        """Return how many entries a list of visits holds: those of a period at least."""
        return max(LONGEST_LOG, room(self.most_logged(scenario), 1))

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
            stride = self.recorder.length(self.scenario) // room(self.recorder.most_logged(self.scenario), 1)
            stops |= {*range(logged.start, logged.stop, stride), logged.stop}
        return sorted(stops)

    def look(self, engine: Engine) -> None:
        """Look at an engine at a stop."""
        record, world, t = self.recorder.record, engine.world, engine.t
        if record.persons is not None and t in record.dates(self.scenario.periods):
            self._parts.setdefault("persons", []).append(self._persons(world, t))
        logged = record.logged(self.scenario.periods)
        if record.visits is not None and logged.start < t <= logged.stop:
            self._parts.setdefault("visits", []).append(taken(world, logged_columns(self.scenario)))

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
        rows = np.flatnonzero(self._recorded(chosen, world))
        rows = rows[np.argsort(world.customers.customer_id[rows])]
        found = {"period": np.full(rows.size, t, np.int32), "customer": world.customers.customer_id[rows]}
        for name in chosen.columns:
            column = world.customers.get(name)
            if column is None:  # of a theory that this arm has not
                continue
            if column.ndim == 1:
                found[name] = column[rows].copy()
            else:
                found |= {f"{name}.{firm}": column[j, rows].copy() for j, firm in enumerate(world.firm_names)}
        return found

    def _recorded(self, chosen: Chosen, world: World) -> np.ndarray:
        """Return which rows (n,) are recorded at the moment: of whoever has them, by her own identity."""
        identity = world.customers.customer_id
        wanted = is_chosen(identity, chosen.sample, chosen.ids, self.run.seed, self.run.replication)
        if chosen.group and world.partition is not None:
            inside = np.zeros(world.n, np.bool_)
            inside[world.partition.rows_of(self.recorder.group(chosen))] = True
            wanted &= inside
        return wanted
