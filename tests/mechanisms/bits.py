"""The bits of a market do not depend on how it is run: on threads, on tiles, or on groups told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import abm
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from abm.world.world import World


def ran(scenario: Scenario, threads: int = 1, tile: int | None = None, seed: int = 1) -> World:
    """Return the world after all periods of a scenario."""
    engine = Engine(scenario, seed, threads=threads)
    if tile is not None:
        engine.set_tile(tile)
    engine.run(scenario.periods)
    return engine.world


def assert_same(one: World, other: World) -> None:
    """Compare all columns, and the tallies that both have."""
    for name in one.tallies:
        if name in other.tallies:
            np.testing.assert_array_equal(one.tallied(name), other.tallied(name), err_msg=name)
    for name, column in one.customers.items():
        np.testing.assert_array_equal(column, other.customers[name], err_msg=name)


def assert_same_however_run(scenario: Scenario, kpis: Sequence[Any], seed: int = 5) -> None:
    """Run on one thread, on three, and in small tiles; and measure KPIs with groups told apart and without."""
    one = ran(scenario, seed=seed)
    for other in (ran(scenario, threads=3, seed=seed), ran(scenario, tile=64, seed=seed)):
        assert_same(one, other)
    plain, groups = (
        abm.run(abm.Experiment("p", scenario, {"a": {}}, groups=g, replications=2, seed=3, kpis=kpis), workers=1).runs
        for g in ({}, {"half": {"share": 0.5}})
    )
    whole = groups[groups["group"] == "all"].reset_index(drop=True)
    for kpi in kpis:
        np.testing.assert_array_equal(whole[kpi.name], plain[kpi.name])
