"""Imported by the server that worker processes are forked from: the kernels are loaded once, for all of them."""

import contextlib

from abm.run.engine import record
from abm.run.scenario import Scenario
from abm.world.population import Population

# a worker meets the same error in its first run, and can report it
with contextlib.suppress(Exception):
    record(Scenario(population=Population(customers=2), periods=1), seed=0)
