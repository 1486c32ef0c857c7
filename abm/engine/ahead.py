"""Compiling ahead of need, in another process than the one that is in a hurry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from abm.engine.engine import in_order, staged
from abm.scenario.scenario import Scenario, allocated
from abm.world.network.ties import Ties


def compile_last_first(scenario: Scenario, wanted: Callable[[], bool] = lambda: True) -> None:
    """Compile the kernels of a scenario's periods from the last to the first, as long as that is `wanted`.

    A process that runs the scenario begins with the first; each takes from the disk what the other has compiled, so
    that they meet half way. Nobody is drawn, as that takes kernels which the other process is compiling.
    """
    nobody = Ties(np.zeros(scenario.population.customers + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    world = allocated(scenario, nobody)
    named = world.named()
    for _, stage in reversed(staged(in_order(scenario))):
        for mechanism, kernel in reversed(stage):
            if not wanted():
                return
            kernel.entry(mechanism.bind(kernel, world, 0, named).arguments)
