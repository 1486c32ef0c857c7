"""Who is in which group: found in a run of the arm that a grouping names, with the luck of the replication."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from abm.core.streams import stream_key
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import Grouping, cells
from abm.world.partition import Partition
from abm.world.traits import drawn_traits
from abm.world.world import World

MOST_KEPT = 32 << 20  # bytes of partitions that are kept for the other arms of a replication
_NO_GROUP = np.uint8(255)  # more than there may be


class GroupFinder:
    """Finds the groups of an experiment's customers, once for all arms of a point and replication.

    scenario_of : the whole world of an arm at a point        threads : of a run
    """

    def __init__(self, experiment: Experiment, scenario_of: Callable[[str, int], Scenario], threads: int = 1) -> None:
        self._study, self._scenario_of, self._threads = experiment, scenario_of, threads
        self._kept: Engine | None = None
        kept = max(4, MOST_KEPT // max(1, experiment.scenario.population.customers))
        self._found: Callable[[int, int], Partition] = lru_cache(kept)(self._find)

    def partition(self, point: int, replication: int) -> Partition | None:
        """Return the groups at a point of the design in a replication; None if the experiment has none."""
        return self._found(point, replication) if self._study.groups else None

    def _find(self, point: int, replication: int) -> Partition:
        labels = self._study.group_labels
        cell = np.zeros(0, np.uint8)
        of_each: dict[str, np.ndarray] = {}
        for arm in dict.fromkeys(self._arm(one) for one in self._study.groups.values()):
            own = {name: one for name, one in self._study.groups.items() if self._arm(one) == arm}
            of_each |= self._in_arm(arm, own, point, replication)
        for name, names in labels.items():
            cell = of_each[name] if not cell.size else cell * np.uint8(len(names)) + of_each[name]
        count = int(np.prod([len(names) for names in labels.values()]))
        cell[np.any([own == _NO_GROUP for own in of_each.values()], axis=0)] = count
        return Partition(cell, count, tuple(cells(labels)))

    def _arm(self, grouping: Grouping) -> str:
        return grouping.arm or self._study.sheet.baseline

    def _in_arm(self, arm: str, groupings: dict[str, Grouping], point: int, replication: int) -> dict[str, np.ndarray]:
        """Return the group of every customer, by grouping; newcomers are in none."""
        engine = self._engine(self._scenario_of(arm, point), replication)
        found = {}
        for name, one in sorted(groupings.items(), key=lambda item: item[1].at):
            engine.run(one.at - engine.t)
            group = group_of(one, name, engine.world, self._study.seed)
            found[name] = np.minimum(group, len(self._study.group_labels[name]) - 1).astype(np.uint8)
            found[name][engine.world.customers.customer_id >= engine.world.n] = _NO_GROUP
        return found

    def _engine(self, scenario: Scenario, replication: int) -> Engine:
        seed, kept = self._study.seed, self._kept
        if kept is not None and kept.scenario is scenario:
            kept.restart(replication)
            return kept
        self._kept = None  # one world at a time
        self._kept = Engine(scenario, seed, replication, self._threads, self._study.folder)
        return self._kept


def group_of(grouping: Grouping, name: str, world: World, seed: int) -> np.ndarray:
    """Return the number of each customer's group (n,), from the lowest value up.

    A value on an edge is in the lower group of two that are cut at a quantile, in the upper of two that are cut at a
    level; who has no value (a satisfaction of who has never been there) is in the lowest.
    """
    if grouping.share is not None:
        group = np.empty(world.n, np.int64)
        for rows, luck in drawn_traits(
            world.customers.customer_id, stream_key(seed, f"group {name}"), world.replication
        ):
            group[rows] = luck[0] < grouping.share
        return group
    if grouping.ids:
        return np.isin(world.customers.customer_id, np.array(grouping.ids, np.uint32)).astype(np.int64)
    column = world.customers[grouping.by]
    firm = world.firm_names.index(grouping.firm) if grouping.firm else 0
    values = np.asarray(column if column.ndim == 1 else column[firm], np.float64)
    known = np.isfinite(values)
    if grouping.edges:
        edges = np.quantile(values[known], grouping.edges) if known.any() else np.zeros(len(grouping.edges))
        return np.where(known, np.searchsorted(edges, values, side="left"), 0)
    if grouping.levels:
        return np.where(known, np.searchsorted(np.array(grouping.levels), values, side="right"), 0)
    return np.where(known, np.maximum(values, 0), 0).astype(np.int64)
