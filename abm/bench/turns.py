"""The reference market and what it is compared with, measured in turn: a machine's speed changes within minutes.

Seconds are of this process's or the child's own processor time, so that other programs take none of them. A figure is
the median of the rounds, a ratio the median of each round's ratio.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from abm.bench import limit
from abm.bench.by_hand import ByHand
from abm.bench.reference import ref1
from abm.engine.engine import Engine

Name = TypeVar("Name")
Rate = Callable[[float], float]  # seconds to be spent -> customer-periods a second

MESA_SIZES = (1_000, 10_000)
RATIOS = {"by_hand": "share_of_by_hand", "limit": "share_of_limit", "mesa": "mesa_ratio"}


def periods_at(customers: int) -> int:
    """Return how many periods a run has that is measured, fewer for a large market."""
    return max(10, min(100, 3_000_000 // customers))


def rate_of(engine: Engine) -> Rate:
    """Return what measures an engine: whole runs, each from its beginning, which is not counted.

    A market that goes on for thousands of periods would have lost its customers to exits.
    """
    clock = time.process_time if engine.threads == 1 else time.perf_counter

    def rate(seconds: float) -> float:
        runs, spent = 0, 0.0
        while not runs or spent < seconds:
            engine.restart(0)
            began = clock()
            engine.run(engine.scenario.periods)
            runs, spent = runs + 1, spent + clock() - began
        return runs * engine.scenario.periods * engine.world.n / spent

    return rate


def rate_in_mesa(customers: int) -> Rate:
    """Return what measures the same market as an idiomatic Mesa model."""
    idiomatic = importlib.import_module("abm.bench.idiomatic")  # mesa is slow to import, and only this needs it
    market = idiomatic.Market(customers, rng=1)
    market.step()

    def rate(seconds: float) -> float:
        began, steps = time.process_time(), 0
        while (spent := time.process_time() - began) < seconds or not steps:
            market.step()
            steps += 1
        return steps * customers / spent

    return rate


def in_turn(rates: Mapping[Name, Rate], seconds: float, rounds: int) -> dict[Name, np.ndarray]:
    """Return customer-periods a second of each in each round, (rounds,)."""
    found = [{name: rate(seconds) for name, rate in rates.items()} for _ in range(rounds)]
    return {name: np.array([of_round[name] for of_round in found]) for name in rates}


def contenders(customers: int, program: Path | None) -> dict[str, Rate]:
    """Return what is measured in turn at a size: the shipped market, then what it is compared with.

    program : the definition in C++, compiled; None = there is none
    """
    periods = periods_at(customers)
    engine = Engine(ref1(customers, periods), seed=1)
    rates = {"ref1": rate_of(engine), "by_hand": ByHand(engine.world).rate}
    if program is not None:
        rates["limit"] = lambda seconds: limit.run(program, customers, periods, seconds).rate
    if customers in MESA_SIZES and importlib.util.find_spec("mesa") is not None:
        rates["mesa"] = rate_in_mesa(customers)
    return rates


def compared(customers: int, program: Path | None, seconds: float = 0.5, rounds: int = 3) -> dict[str, float]:
    """Return the rates at a size by name, and what the shipped market is as a share or a multiple of the others."""
    found = in_turn(contenders(customers, program), seconds, rounds)
    ratios = {name: found["ref1"] / found[other] for other, name in RATIOS.items() if other in found}
    return {name: float(np.median(values)) for name, values in (found | ratios).items()}


def mesa_ratio(customers: int, rounds: int = 3) -> float:
    """Return how many times more customer-periods a second than Mesa, on one core, measured in turn."""
    rates = {"ref1": rate_of(Engine(ref1(customers), seed=1)), "mesa": rate_in_mesa(customers)}
    found = in_turn(rates, 0.6, rounds)
    return float(np.median(found["ref1"] / found["mesa"]))
