"""How many worker processes a study gets, and how many threads each of its runs."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from dataclasses import dataclass

from abm.core.errors import Refusal
from abm.core.machine import processors
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.running.script import GUARD_ADVICE

SMALL_RUN = 2_000_000  # customer-periods of a run, up to which a study is tried in this process before workers start
LARGE_POPULATION = 10_000  # customers from which threads inside a run pay
USABLE_MEMORY = 0.8  # share of the memory that runs may fill together


@dataclass(frozen=True)
class Parallelism:
    """How many processes do runs at the same time, and how many threads each run has.

    by_default     : nobody asked for this number of workers, so that fewer will do if they cannot be had
    try_here_first : begin in this process, and start workers only when runs turn out to take long
    """

    workers: int
    threads: int
    by_default: bool = False
    try_here_first: bool = False


def choose_parallelism(experiment: Experiment, runs: int, workers: int | None, threads: int | None) -> Parallelism:
    """Decide how many processes and threads do `runs` runs; what the caller asks for is granted.

    Raises Refusal if one run needs more memory than there is, and when called while a worker process is starting.
    """
    workers = None if workers is None else checks.whole("workers", workers, low=1)
    threads = None if threads is None else checks.whole("threads", threads, low=1)
    here = multiprocessing.current_process()
    if getattr(here, "_inheriting", False):
        raise Refusal(f"abm.run was called while a worker process was starting; {GUARD_ADVICE}")
    world, cores = experiment.scenario, processors()
    most = _runs_in_memory(max(one.estimated_bytes() for one in worlds(experiment)))
    by_default = workers is None
    if workers is None:
        workers = 1 if here.daemon else max(1, min(cores, runs, most))
    if threads is None:
        large = world.population.customers >= LARGE_POPULATION
        threads = max(1, cores // workers) if large and runs < cores else 1
    small = world.population.customers * world.periods <= SMALL_RUN
    return Parallelism(workers, threads, by_default, try_here_first=by_default and small)


def worlds(experiment: Experiment) -> list[Scenario]:
    """Return worlds that stand for all of an experiment: each arm at the first and the last point."""
    found = []
    for arm in experiment.arms:
        for point in sorted({0, len(experiment.design) - 1}):
            with contextlib.suppress(Refusal):  # runs of a world that cannot be built fail at once, and cost nothing
                found.append(experiment.scenario_of(arm, point))
    return found or [experiment.scenario]


def memory() -> int:
    """Return the bytes of memory of this machine, or 0 where that cannot be found out."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _runs_in_memory(needed: int) -> int:
    """Return how many runs of `needed` bytes fit into memory together; refuse one that does not."""
    there = memory()
    if there and needed > there:
        raise Refusal(
            f"one run needs about {needed / 2**30:.1f} GiB of memory and this machine has {there / 2**30:.1f} GiB; "
            "take fewer customers, or a larger machine"
        )
    return int(USABLE_MEMORY * there / needed) if there and needed else processors()
