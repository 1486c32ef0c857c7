"""What recording persons and visits costs: the same runs with and without, in turn, in processor time of one process.

    python benchmarks/recording.py [runs] [customers]

Prints the median ratio of each kind of record to no record.
"""

from __future__ import annotations

import statistics
import sys
import time

import abm

PERSONS = {"columns": ["trust", "satisfaction", "year_spend", "purchase_rate"], "at": [52, 104, 156], "sample": 0.01}
VISITS = {"columns": ["transaction", "visit_spend"], "sample": 0.01}
RECORDS = {
    "nothing": {},
    "persons, 1 %": {"persons": PERSONS},
    "persons every four weeks, 1 %": {"persons": PERSONS | {"at": list(range(4, 157, 4))}},
    "persons and visits, 1 %": {"persons": PERSONS, "visits": VISITS},
}


def seconds(record: dict, customers: int, seed: int) -> float:
    """Return the processor time of a small study with a record."""
    world = abm.Scenario(periods=156, burn_in=52, population={"customers": customers})
    arms = {"none": {}, "points": {"from": 52, "firms.north.program": {"preset": "points"}}}
    study = abm.Experiment("recording", world, arms, record=record, replications=3, seed=seed)
    began = time.process_time()
    abm.run(study, workers=1)
    return time.process_time() - began


def main(rounds: int = 7, customers: int = 10_000) -> None:
    """Measure and print."""
    for record in RECORDS.values():
        seconds(record, 500, 0)  # compiles
    taken = {name: [] for name in RECORDS}
    for number in range(rounds):
        for name, record in RECORDS.items():
            taken[name].append(seconds(record, customers, number))
    for name, found in taken.items():
        ratios = [one / base for one, base in zip(found, taken["nothing"], strict=True)]
        print(f"{name:32} {statistics.median(found):6.2f} s   {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
