"""How long a study will take, and how much memory, before anything is run.

Time is counted on paper, with what a run was measured to cost; it is right within a factor of two or three on an
ordinary machine, which is enough to tell seconds from days. While a study runs, the time left is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from abm.core.errors import Refusal
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.running.staff import Staff, memory, worlds

LONGEST = 365 * 86400.0  # seconds; a study estimated above this is refused
# Measured with 1 to 8 firms and 2,000 to 100,000 customers on two shared virtual cores.
STARTING = 2e-3  # seconds that a run costs whatever its size
BUILDING = 1.5e-6  # seconds a customer, to draw her and her ties
PASSING = 35e-9  # seconds a customer and period, and
VISITING = 120e-9  # seconds a visit, while the customers fit into the cache;
CACHED = 10_000  # customers; above that
MISSING = 2.0  # times as much
PROCESS = 250 * 2**20  # bytes of a process with its libraries and compiled kernels
_UNITS = ((365 * 86400, "years", 1), (86400, "days", 2), (3600, "h", 1.5), (60, "min", 1.5), (1, "s", 0))


@dataclass(frozen=True)
class Estimate:
    """What `runs` runs take: seconds by the clock, and bytes of memory of all processes together."""

    runs: int
    seconds: float
    memory: float

    def __str__(self) -> str:
        return f"about {lasting(self.seconds)} and {self.memory / 2**30:.1f} GiB of memory"


def estimate(experiment: Experiment, runs: int, staff: Staff) -> Estimate:
    """Return about how much time and memory some runs of an experiment take.

    Raises Refusal for a study that would take years, or more memory than this machine has.
    """
    found = worlds(experiment)
    table = 8.0 * runs * len(experiment.scenario.firms) * (len(experiment.kpis) + 4)
    processes = staff.workers + (staff.workers > 1)
    needed = processes * PROCESS + staff.workers * max(world.estimated_bytes() for world in found) + table
    expected = Estimate(runs, work(experiment, runs) / min(staff.workers, max(runs, 1)), needed)
    if expected.seconds > LONGEST:
        advice = "take fewer replications, points, arms, customers or periods"
        raise Refusal(f"{runs:,} runs would take {expected}; a study may take a year at most, so {advice}")
    if memory() and needed > memory():
        there = memory() / 2**30
        raise Refusal(
            f"{staff.workers} processes would take {expected}, and this machine has {there:.1f} GiB; take fewer"
        )
    return expected


def work(experiment: Experiment, runs: int) -> float:
    """Return about how many seconds some runs of an experiment take one process."""
    found = worlds(experiment)
    return runs * sum(map(_seconds, found)) / len(found)


def lasting(seconds: float) -> str:
    """Return a time in the unit that suits it: "1 s", "40 s", "12 min", "5 h", "9 days", "40 years"."""
    size, unit, _ = next(one for one in _UNITS if seconds >= one[0] * one[2])
    number = max(1.0, seconds / size)
    return f"{number:,.0f} {unit}"


def _seconds(world: Scenario) -> float:
    """Return about how long a run takes."""
    customers = world.population.customers
    period = (PASSING + VISITING * world.population.purchase_rate) * (MISSING if customers > CACHED else 1.0)
    return STARTING + customers * (BUILDING + period * world.periods)
