"""What one pass over a tile would gain: five kernels of a visit against the same five in one, made by hand in two ways.

python benchmarks/one_pass.py [customers]

Judgement, satisfaction, expectation, trust and commitment of customers who have a visit each, at three firms. One loop
has all of a visit in registers from performance to commitment. Two loops work everything out first, which a compiler
can do for several visits at a time as nothing is put back yet, and then put it back; they are right only for customers
with one visit. Counts are made firm by firm after it, as in the kernels. All leave the same bits, which is checked.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from abm.core.functions import one_more, steps_at
from abm.core.kernels import equation, kernel
from abm.core.programs import Call, Program
from abm.mechanisms.attitude.learning import (
    learn_expectation,
    learn_satisfaction,
    updated_expectation,
    updated_satisfaction,
)
from abm.mechanisms.attitude.trust import learn_commitment, learn_trust, updated_trust
from abm.mechanisms.service.encounter import judge, transaction_satisfaction

TILE = 1024
FIRMS = 3
RATES = {
    "gain": 0.3, "loss": 0.6, "settled_rate": 0.3, "newcomer_rate": 0.1, "tenure": 5.0, "expectation_rate": 0.2,
    "promise_rate": 0.1, "drift": 0.0, "growth": 0.1, "fall": 0.2, "tolerance": 0.1, "usual_spreads": 1.5,
    "promise_cost": 0.05, "notice": 0.5, "satisfaction_part": 0.5, "commitment_rate": 0.05,
}  # fmt: skip


@equation
def lived(met, j, satisfaction, expectation, trust, commitment, visits, shift, levers, rates):
    """Return what a visit leaves: its satisfaction, then satisfaction, expectation, trust and commitment."""
    promise, spread, transparency = levers
    felt = transaction_satisfaction(met, expectation, rates[0], rates[1], shift)
    content = updated_satisfaction(satisfaction, felt, visits, rates[2], rates[3], rates[4])
    expected = updated_expectation(expectation, met, promise[j], visits + np.float32(1.0), rates[5], rates[6], rates[7])
    cost = rates[12] * (1.0 - rates[13] * transparency[j])
    broken = cost if met < promise[j] - rates[10] - rates[11] * spread[j] else np.float32(0.0)
    trusting = updated_trust(trust, felt, rates[8], rates[9], broken)
    goal = rates[14] * content + (1.0 - rates[14]) * trusting
    return felt, content, expected, trusting, commitment + rates[15] * (goal - commitment)


@equation
def count(visits, visit_firm, performance, visit_satisfaction, visit_trust, levers, rates, sums):
    """Count what the kernels count."""
    promise, spread, _ = levers
    satisfaction_sum, trust_sum, broken_promises = sums
    for j in range(promise.shape[0]):
        broke, kept_from = np.int32(0), promise[j] - rates[10] - rates[11] * spread[j]
        for v in range(visits):
            broke = one_more(broke, (visit_firm[v] == np.int32(j)) & (performance[v] < kept_from))
        broken_promises[j] += broke
        satisfaction_sum[j] += steps_at(j, visit_satisfaction, visit_firm, visits)
        trust_sum[j] += steps_at(j, visit_trust, visit_firm, visits)


@kernel
def in_one_loop(
    satisfaction_at, expectation_at, trust_at, affective_commitment_at, encounters_at, transaction, visit_satisfaction,
    visit_trust, visit_count, visit_firm, visit_pair, performance, satisfaction_shift, promise, spread, transparency,
    satisfaction_sum, trust_sum, broken_promises, rates,
):  # fmt: skip
    """Judge each visit and learn from it, one visit after the other."""
    levers, sums = (promise, spread, transparency), (satisfaction_sum, trust_sum, broken_promises)
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        felt, content, expected, trusting, committed = lived(
            performance[v], visit_firm[v], satisfaction_at[pair], expectation_at[pair], trust_at[pair],
            affective_commitment_at[pair], encounters_at[pair], satisfaction_shift[v], levers, rates,
        )  # fmt: skip
        satisfaction_at[pair], expectation_at[pair], trust_at[pair] = content, expected, trusting
        affective_commitment_at[pair] = committed
        encounters_at[pair] += 1.0
        transaction[v], visit_satisfaction[v], visit_trust[v] = felt, content, trusting
    count(visit_count[0], visit_firm, performance, visit_satisfaction, visit_trust, levers, rates, sums)


@kernel
def in_two_loops(
    satisfaction_at, expectation_at, trust_at, affective_commitment_at, encounters_at, transaction, visit_satisfaction,
    visit_trust, visit_count, visit_firm, visit_pair, performance, satisfaction_shift, visit_expectation,
    visit_commitment, promise, spread, transparency, satisfaction_sum, trust_sum, broken_promises, rates,
):  # fmt: skip
    """Judge all visits and work out what they leave; then put it back."""
    levers, sums = (promise, spread, transparency), (satisfaction_sum, trust_sum, broken_promises)
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        felt, content, expected, trusting, committed = lived(
            performance[v], visit_firm[v], satisfaction_at[pair], expectation_at[pair], trust_at[pair],
            affective_commitment_at[pair], encounters_at[pair], satisfaction_shift[v], levers, rates,
        )  # fmt: skip
        visit_expectation[v], visit_commitment[v] = expected, committed
        transaction[v], visit_satisfaction[v], visit_trust[v] = felt, content, trusting
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        satisfaction_at[pair], expectation_at[pair] = visit_satisfaction[v], visit_expectation[v]
        trust_at[pair], affective_commitment_at[pair] = visit_trust[v], visit_commitment[v]
        encounters_at[pair] += 1.0
    count(visit_count[0], visit_firm, performance, visit_satisfaction, visit_trust, levers, rates, sums)


def state(customers: int) -> dict[str, np.ndarray]:
    """Return columns, levers and tallies of a market, and lists of visits for each tile."""
    rng = np.random.default_rng(1)
    pairs = ("satisfaction_at", "expectation_at", "trust_at", "affective_commitment_at")
    columns = {name: rng.random(FIRMS * customers, np.float32) for name in pairs}
    columns["encounters_at"] = rng.integers(1, 30, FIRMS * customers).astype(np.float32)
    columns |= {name: rng.random(FIRMS, np.float32) for name in ("promise", "spread", "transparency")}
    return columns | {
        name: np.zeros(FIRMS + 1, np.int64) for name in ("satisfaction_sum", "trust_sum", "broken_promises")
    }


def visits(customers: int, first: int) -> dict[str, np.ndarray]:
    """Return the visits of a tile."""
    rng, many = np.random.default_rng(first), min(TILE, customers - first)
    firm = rng.integers(0, FIRMS, TILE).astype(np.int32)
    who = first + np.minimum(np.arange(TILE), many - 1)
    passing = (
        "transaction", "visit_satisfaction", "visit_trust", "broken", "satisfaction_shift", "visit_expectation",
        "visit_commitment",
    )  # fmt: skip
    return {
        "visit_count": np.array([many], np.int64), "visit_firm": firm, "visit_nth": np.zeros(TILE, np.int32),
        "visit_pair": (firm.astype(np.int64) * customers + who).astype(np.int32),
        "performance": rng.random(TILE, np.float32), **{name: np.zeros(TILE, np.float32) for name in passing},
    }  # fmt: skip


def runner(kernels: tuple, customers: int) -> tuple[Callable[[], None], dict[str, np.ndarray]]:
    """Return what goes through all tiles once, and the state it works on."""
    shared = state(customers) | {name: np.float32(rate) for name, rate in RATES.items()}
    shared["rates"] = np.array(list(RATES.values()), np.float32)
    calls = []
    for first in range(0, customers, TILE):
        named = shared | visits(customers, first)
        calls += [Call(kernel, [named[name] for name in kernel.arguments]) for kernel in kernels]
    program = Program([(False, calls)])
    return lambda: program.run((0, customers), customers, 0, 1), shared


def main(customers: int = 10_000, rounds: int = 400) -> None:
    """Print ns a visit of all three, in turn, and how many times as long the five kernels take."""
    kernels = judge, learn_satisfaction, learn_expectation, learn_trust, learn_commitment
    ways = {"five kernels": kernels, "one loop": (in_one_loop,), "two loops": (in_two_loops,)}
    runs = {name: runner(own, customers) for name, own in ways.items()}
    for _ in range(3):
        for run, _ in runs.values():
            run()
    first = runs["five kernels"][1]
    for _, other in runs.values():
        assert all(np.array_equal(first[name], other[name], equal_nan=True) for name in first), "not the same bits"
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (run, _) in runs.items():
            began = time.perf_counter()
            run()
            spent[name].append(time.perf_counter() - began)
    for name, times in spent.items():
        ratio = statistics.median(a / b for a, b in zip(spent["five kernels"], times, strict=True))
        print(f"{name:14}{min(times) / customers * 1e9:6.2f} ns a visit, five kernels take {ratio:.2f} times as long")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
