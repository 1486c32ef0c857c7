"""Loads the kernels into the server that worker processes are forked from: once, for all of them.

The server imports this. What is not compiled yet is compiled from the last kernel on, while the process that started
the server begins with the first: together they take little more than half the time.
"""

import contextlib

from abm.engine.ahead import compile_last_first
from abm.engine.recording import record
from abm.scenario.scenario import Scenario
from abm.study.running import parent
from abm.world.population import Population

# A worker meets the same error in its first run, and can report it.
with contextlib.suppress(Exception):
    smallest = Scenario(population=Population(customers=2), periods=1)
    compile_last_first(smallest, parent.is_there)
    if parent.is_there():
        record(smallest, seed=0)
