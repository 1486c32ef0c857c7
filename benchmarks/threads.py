"""How many times as fast a run is with two threads as with one, both in turn: median, least and most of the ratios."""

import statistics
import time

from abm.bench.reference import full, ref1
from abm.engine.engine import Engine

SIZES = 300, 1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000
ROUNDS = 7


def seconds(engine: Engine) -> float:
    """Return how long a whole run takes."""
    engine.restart(0)
    began = time.perf_counter()
    engine.run(engine.scenario.periods)
    return time.perf_counter() - began


for make in (ref1, full):
    for n in SIZES:
        scenario = make(n, max(10, min(2000, 20_000_000 // n)))
        one, two = (Engine(scenario, 1, 0, threads) for threads in (1, 2))
        seconds(one), seconds(two)
        ratios = [seconds(one) / seconds(two) for _ in range(ROUNDS)]
        print(make.__name__, n, *(f"{of(ratios):.2f}" for of in (statistics.median, min, max)), flush=True)
