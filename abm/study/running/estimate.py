"""How long a study will take, and how much memory, before anything is run.

Time is counted on paper, with what a run was measured to cost; it is right within a factor of two or three on an
ordinary machine, which is enough to tell seconds from days. While a study runs, the time left is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from abm.core.errors import Refusal
from abm.engine.kept import ROOM
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.running.parallelism import Parallelism, memory, worlds

LONGEST = 365 * 86400.0  # seconds; a study estimated above this is refused
# Measured with 1 to 8 firms and 2,000 to 100,000 customers on two shared virtual cores.
RUN_SECONDS = 2e-3  # that a run costs whatever its size
CUSTOMER_SECONDS = 1.5e-6  # that it takes to draw a customer and her ties
PERIOD_SECONDS = 35e-9  # that a customer takes in a period, visits aside
VISIT_SECONDS = 120e-9  # that a visit takes
CACHED_CUSTOMERS = 10_000  # so many fit into the processor's cache
UNCACHED = 2.0  # times as long take periods and visits where customers do not fit into the cache
MOST_RECORDED = 256 * 2**30  # bytes of persons and visits; a study that is estimated above this is refused
_ENTRY_BYTES = 8.0  # of a number
PROCESS_BYTES = 250 * 2**20  # of a process with its libraries and compiled kernels
_UNITS = ((365 * 86400, "years", 1), (86400, "days", 2), (3600, "h", 1.5), (60, "min", 1.5), (1, "s", 0))


@dataclass(frozen=True)
class Estimate:
    """What some runs take: seconds by the clock, bytes of memory of all processes together, and bytes of the tables of
    single persons, which are read at once if they are asked for."""

    runs: int
    seconds: float
    memory: float
    recorded: float = 0.0

    def __str__(self) -> str:
        taken = f"about {duration_in_words(self.seconds)} and {self.memory / 2**30:.1f} GiB of memory"
        return f"{taken}; {self.recorded / 2**20:,.0f} MiB of persons and visits" if self.recorded else taken


def estimate(experiment: Experiment, runs: int, parallelism: Parallelism) -> Estimate:
    """Return about how much time and memory some runs of an experiment take.

    Raises Refusal for a study that would take years, or more memory than this machine has.
    """
    found = worlds(experiment)
    table = 8.0 * runs * len(experiment.scenario.firms) * (len(experiment.kpis) + 4)
    workers = parallelism.workers
    processes = workers + (workers > 1)  # this one waits for the workers, if there are several
    sizes = [world.estimated_bytes() for world in found]
    kept = min(ROOM, sum(sizes) - max(sizes))  # of other arms' worlds, beside the one that is run
    needed = processes * PROCESS_BYTES + workers * (max(sizes) + kept) + table
    seconds = seconds_in_one_process(experiment, runs) / min(workers, max(runs, 1))
    expected = Estimate(runs, seconds, needed, runs * recorded_bytes(experiment))
    if expected.seconds > LONGEST:
        advice = "take fewer replications, points, arms, customers or periods"
        raise Refusal(f"{runs:,} runs would take {expected}; a study may take a year at most, so {advice}")
    if memory() and needed > memory():
        there = memory() / 2**30
        raise Refusal(f"{workers} processes would take {expected}, and this machine has {there:.1f} GiB; take fewer")
    if expected.recorded > MOST_RECORDED:
        advice = "record a smaller sample, fewer dates or columns"
        raise Refusal(
            f"{runs:,} runs would record {expected.recorded / 2**30:,.0f} GiB of persons and visits; {advice}"
        )
    return expected


def recorded_bytes(experiment: Experiment) -> float:
    """Return about how many bytes of persons and visits a run records, as they are in memory."""
    record, world = experiment.record, experiment.scenario
    customers, found = world.population.customers, 0.0
    if record.persons is not None:
        entries = len(record.dates(world.periods)) * record.persons.sample * customers
        found += entries * _ENTRY_BYTES * (4 + len(world.firms) * len(record.persons.columns))
    if record.visits is not None:
        visits = len(record.logged(world.periods)) * world.population.mean_rate
        found += visits * record.visits.sample * customers * _ENTRY_BYTES * (8 + len(record.visits.columns))
    return found


def seconds_in_one_process(experiment: Experiment, runs: int) -> float:
    """Return about how many seconds some runs of an experiment take one process."""
    found = worlds(experiment)
    return runs * sum(map(_run_seconds, found)) / len(found)


def duration_in_words(seconds: float) -> str:
    """Return a time in the unit that suits it: "1 s", "40 s", "12 min", "5 h", "9 days", "40 years"."""
    size, unit, _ = next(one for one in _UNITS if seconds >= one[0] * one[2])
    number = max(1.0, seconds / size)
    return f"{number:,.0f} {unit}"


def _run_seconds(world: Scenario) -> float:
    """Return about how many seconds a run takes."""
    customers = world.population.customers
    period = PERIOD_SECONDS + VISIT_SECONDS * world.population.mean_rate
    if customers > CACHED_CUSTOMERS:
        period *= UNCACHED
    return RUN_SECONDS + customers * (CUSTOMER_SECONDS + period * world.periods)
