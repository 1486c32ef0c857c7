"""How many customers of a queue are served in a second, here and by other simulators of queues.

python benchmarks/queues.py [customers]

An M/M/1 of load 0.8, from drawing the customers to the summary, on one core, after compiling; SimPy and Ciw serve fewer
customers, and their time is scaled to as many; Cimba (pip install cimba), if it is there, serves as many. All are
measured in turn, round by round, and the median of the rounds is told. What each counts differs: here there is a row
for each customer and a summary with standard errors, by Ciw a row for each customer, by SimPy a list of waits, by
Cimba the mean length of the line. Other lines follow: Erlang A with 50 servers; ranks with skills and call backs.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import random
import sys
import time
from collections.abc import Callable
from statistics import median

from abm.queues.serve import queue

RATE, ROUNDS, ROWS = 0.8, 10, "here, without the summary"
FEWER = {"SimPy": 40_000, "Ciw": 10_000}  # customers that they serve
KINDS = [{"name": "members", "share": 0.3}, {"name": "others", "share": 0.7, "rank": 1}]
POOLS = [
    {"name": "general", "servers": 8, "skills": ["others"]},
    {"name": "specialists", "servers": 4, "kinds": ["members"]},
]
LINES = {
    "Erlang A, 50 servers": {"rate": 48.0, "minutes": 1.0, "servers": 50, "patience": 2.0},
    "ranks, skills, call backs": {
        "rate": 10.0, "minutes": 1.0, "kinds": KINDS, "pools": POOLS, "discipline": "priority", "patience": 3.0,
        "call_back": {"after": 0.5},
    },
}  # fmt: skip


def ours(customers: int) -> None:
    """Serve an M/M/1 and sum it up."""
    _ = queue(rate=RATE, minutes=1.0, customers=customers).summary


def rows_alone(customers: int) -> None:
    """Serve it, with a row for each customer and nothing summed up, as Ciw does."""
    queue(rate=RATE, minutes=1.0, customers=customers)


def by_simpy(customers: int) -> None:
    """Serve an M/M/1 by processes of SimPy."""
    import simpy  # noqa: PLC0415 - an extra

    world, luck, waits = simpy.Environment(), random.Random(1), []
    server = simpy.Resource(world, 1)

    def customer():
        came = world.now
        with server.request() as turn:
            yield turn
            waits.append(world.now - came)
            yield world.timeout(luck.expovariate(1.0))

    def arrivals():
        for _ in range(customers):
            yield world.timeout(luck.expovariate(RATE))
            world.process(customer())

    world.process(arrivals())
    world.run()


def by_ciw(customers: int) -> None:
    """Serve an M/M/1 by Ciw."""
    import ciw  # noqa: PLC0415 - an extra

    ciw.seed(1)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=RATE)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        number_of_servers=[1],
    )
    world = ciw.Simulation(network)
    world.simulate_until_max_customers(customers)
    _ = [row.waiting_time for row in world.get_all_records()]


def cimba() -> Callable[[int], None]:
    """Return a function that serves an M/M/1 by Cimba, for as long as so many customers take to come."""
    import cimba as cb  # noqa: PLC0415 - not in an extra

    model = importlib.import_module("queues_cimba").MM1()

    def run(customers: int) -> None:
        window = cb.Window(warmup=0, duration=customers / RATE)
        cb.Experiment(model, replications=1, window=window, seed=1).run()

    return run


def seconds(run: Callable[[int], None], customers: int) -> float:
    """Return how long a run takes."""
    began = time.perf_counter()
    run(customers)
    return time.perf_counter() - began


def main() -> None:
    """Measure, and print a line for each."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    runs: dict[str, tuple[Callable[[int], None], int]] = {
        "here": (ours, customers),
        ROWS: (rows_alone, customers),
    }
    for name, run in (("SimPy", by_simpy), ("Ciw", by_ciw)):
        if importlib.util.find_spec(name.lower()):
            runs[name] = (run, min(customers, FEWER[name]))
    if importlib.util.find_spec("cimba"):
        runs["Cimba"] = (cimba(), customers)
    for name, setting in LINES.items():
        runs[name] = ((lambda n, own=setting: queue(customers=n, **own).summary), customers)  # type: ignore[misc]
    compiling = {name: seconds(run, 1_000) for name, (run, _) in runs.items()}
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, (run, n) in runs.items():
            found[name].append(seconds(run, n) / n)
    print(f"{customers:,} customers, median of {ROUNDS} rounds in turn; load of the machine {os.getloadavg()[0]:.1f}")
    here, rows = median(found["here"]), median(found[ROWS])
    for name, (_, n) in runs.items():
        each = median(found[name])
        scaled = "" if n == customers else f" (served {n:,}, scaled)"
        times = f", {each / here:,.1f} times as long as here, {each / rows:,.1f} without the summary"
        ratio = times if name in ("SimPy", "Ciw", "Cimba") else ""
        print(
            f"{name:28s} {each * customers:9.3f} s  {1 / each:13,.0f} customers/s{ratio}{scaled}; "
            f"first run of 1,000: {compiling[name]:.2f} s"
        )
    for name in {"SimPy", "Ciw", "Cimba"} - set(runs):
        print(f"{name} is not installed")


if __name__ == "__main__":
    main()
