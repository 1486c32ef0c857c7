"""Compiling ahead of need, in another process than the one that is in a hurry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from abm.core.kernels import Kernel
from abm.engine.building import allocated
from abm.scenario.scenario import Scenario
from abm.world.network.ties import Ties


def compile_last_first(scenario: Scenario, wanted: Callable[[], bool] = lambda: True) -> None:
    """Compile the kernels of a scenario's periods from the last to the first, as long as that is `wanted`.

    A process that runs the scenario begins with the first; each takes from the disk what the other has compiled, so
    that they meet half way. Nobody is drawn, as that takes kernels which the other process is compiling.
    """
    nobody = Ties(np.zeros(scenario.population.customers + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    world = allocated(scenario, nobody)
    named = world.named()
    for step in reversed(scenario.ever()[1]):
        if not wanted():
            return
        if isinstance(step.act, Kernel):
            step.act.entry(step.bind(world, 0, named).arguments)
