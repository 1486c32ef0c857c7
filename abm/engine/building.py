"""Building a world: from a scenario to arrays, with everybody's initial state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from abm.core.streams import stream_key
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.shipped import shipped
from abm.scenario import plan
from abm.scenario.book import BOOK, book_columns, visit_columns
from abm.scenario.firm import levers
from abm.scenario.scenario import Scenario
from abm.scenario.steps import Step
from abm.world.network.homophily import with_homophily
from abm.world.network.ties import Ties
from abm.world.partition import Partition
from abm.world.world import World

LEAST_SHARE = 256  # customers of a worker, below which its kernels' starts take longer than their loops


def build_world(
    scenario: Scenario,
    seed: int,
    replication: int = 0,
    workers: int = 1,
    folder: Path | None = None,
    partition: Partition | None = None,
) -> World:
    """Return the world at period 0: customers, firms, ties, with every mechanism's initial state.

    folder    : of the study, which its logs and graph files lie in; None = the current one
    partition : groups of customers who are counted apart

    Raises Refusal for an unusable log or graph file, and for ties that cannot be as homophilous as they are to be.
    """
    ties = _ties(scenario, seed, replication, folder, partition)
    world = allocated(scenario, ties, replication, workers, partition)
    Lives(scenario, scenario.stretches()[0][1], seed, folder).begin(world)
    return world


def allocated(
    scenario: Scenario, ties: Ties, replication: int = 0, workers: int = 1, partition: Partition | None = None
) -> World:
    """Return a world with all its arrays, in which nobody has been drawn yet."""
    mechanisms, steps = scenario.ever()
    there = {*map(type, mechanisms)}
    absent = [_by_default(kind) for kind in shipped() if kind not in there]  # with lengths of axes by default
    axes = {axis: length for mechanism in (*absent, *mechanisms) for axis, length in mechanism.axes().items()}
    world = World(
        scenario.population.customers, tuple(firm.name for firm in scenario.firms),
        levers(scenario.stretches()[0][1].firms, scenario.policies()), ties, scenario.periods, scenario.burn_in,
        scenario.periods_per_year, replication, workers, _tile(scenario, workers), axes, partition,
        tuple(segment.name for segment in scenario.population.segments),
    )  # fmt: skip
    tallies = [tally for mechanism in mechanisms for tally in mechanism.counts]
    others = [tally for mechanism in absent for tally in mechanism.counts]
    world.allocate(plan.needed(scenario.population, mechanisms, steps), tallies, plan.needed_scratch(steps), others)
    world.keep_levers(plan.levers_before(steps, world.firms))
    kept = book_columns(steps, visit_columns(mechanisms))
    if kept:
        world.open_book({BOOK + name: column for name, column in kept.items()})
    return world


def _tile(scenario: Scenario, workers: int) -> int:
    """Return how many customers are worked on at a time: if they are many, so that all workers have as many tiles."""
    customers = scenario.population.customers
    if customers < workers * LEAST_SHARE:
        return scenario.tile
    tiles = workers * -(-customers // (workers * scenario.tile))
    return -(-customers // tiles) if workers > 1 else scenario.tile


@cache
def _by_default(kind: type[Mechanism]) -> Mechanism:
    return kind()


def extend_world(world: World, scenario: Scenario, steps: Sequence[Step], seed: int) -> None:
    """Add what further mechanisms of a scenario need to a world that runs already, with its initial state.

    steps : what is done in a period from now on
    """
    before = {*world.customers, *world.passing[0]}
    mechanisms = scenario.mechanisms()
    columns = [column for column in plan.needed(scenario.population, mechanisms, steps) if column.name not in before]
    scratch = plan.needed_scratch(steps)
    missing = {owner: [c for c in own if f"{owner}.{c.name}" not in before] for owner, own in scratch.items()}
    world.extend(columns, missing)
    world.keep_levers(plan.levers_before(steps, world.firms))
    added = {column.name for column in columns}
    for mechanism in mechanisms:
        if added & {column.name for column in mechanism.owns}:
            mechanism.begin(world, seed)


def restart_world(world: World, lives: Lives, replication: int, partition: Partition | None = None) -> None:
    """Bring the world of a scenario back to period 0 with the luck of another replication, in the same arrays.

    lives : of the scenario's first stretch
    """
    ties = _ties(lives.scenario, lives.seed, replication, lives.folder, partition)
    world.restart(ties, replication, partition)
    lives.begin(world)


def _ties(scenario: Scenario, seed: int, replication: int, folder: Path | None, partition: Partition | None) -> Ties:
    key, people, index = stream_key(seed, "graph"), scenario.population, scenario.network.segment_homophily
    ties = scenario.network.build(people.customers, key, replication, folder=folder)
    if index:  # segments follow from identity alone, so that they are known before there is a world
        segment = people.segment_of(np.arange(people.customers, dtype=np.uint32), seed, replication)
        ties = with_homophily(ties, segment, index, key, replication)
    return ties if partition is None else partition.placed(ties)


@dataclass(frozen=True)
class Lives:
    """How customers of a scenario begin, and what is settled when they leave.

    now : the scenario as it stands; what theories of other dates own begins as it would then
    """

    scenario: Scenario
    now: Scenario
    seed: int
    folder: Path | None

    @cached_property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """All mechanisms of the scenario, with the parameters of the moment."""
        standing = {one.name: one for one in (*self.scenario.ever()[0], *self.now.mechanisms())}
        return tuple(standing.values())

    @cached_property
    def _fitted(self) -> Mapping[str, float] | None:
        return self.now.population.fitted(self.folder, self.now.periods_per_year)

    def begin(self, world: World) -> None:
        """Draw who the customers are, and let every mechanism set the columns that it owns."""
        chances = self.now.need.process == "bernoulli"
        self.now.population.begin(world, self.seed, self._fitted, chances)
        for mechanism in self.mechanisms:
            if any(column.name in world.customers for column in mechanism.owns):
                mechanism.begin(world, self.seed)

    def settle(self, world: World, rows: np.ndarray) -> None:
        """Let every mechanism settle what customers in rows (k,) hold who leave."""
        for mechanism in self.mechanisms:
            mechanism.settle(world, rows)
