"""Following a whole market: what its columns hold in the midst of a period, and the same market in small tiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.world import World
from tests.reference.by_hand import visited


class Snapshots(Mechanism):
    """Keeps columns of customers as everybody has arrived, and as everybody has heard what neighbours say."""

    name = "snapshots"
    at: ClassVar[dict[Phase, dict[str, np.ndarray]]] = {}

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the two moments: after this period's newcomers have come, and before anybody learns of firms."""
        return (Phase.OPERATIONS, keep_early), (Phase.HEARING, keep_late)


def keep_early(world: World, t: int) -> None:
    """Keep what holds before visits."""
    Snapshots.at[Phase.OPERATIONS] = {name: column.copy() for name, column in world.customers.items()}


def keep_late(world: World, t: int) -> None:
    """Keep what holds when market theories have heard."""
    Snapshots.at[Phase.HEARING] = {name: column.copy() for name, column in world.customers.items()}


def in_tiles(scenario: Scenario, world: World, seed: int, names: Sequence[str], columns: Sequence[str]) -> None:
    """Run a market again in small tiles with several threads, and hold counts and columns equal to the bit."""
    engine = Engine(scenario, seed=seed, replication=world.replication, threads=3)
    engine.set_tile(64)
    engine.run(scenario.periods)
    for name in names:
        np.testing.assert_array_equal(engine.world.tallied(name), world.tallied(name), err_msg=name)
    for name in columns:
        np.testing.assert_array_equal(engine.world.customers[name], world.customers[name], err_msg=name)


__all__ = ["Snapshots", "in_tiles", "visited"]
