"""Speed of the whole market and of the reference market, and the ratio to idiomatic Mesa, in one process.

python benchmarks/speed.py [customers]
"""

from __future__ import annotations

import sys
import time

from abm.bench.measure import customer_periods_per_second
from abm.bench.reference import full, ref1, relationship, service_day, voice
from abm.bench.turns import mesa_ratio, rate_in_mesa
from abm.engine.engine import Engine


def main(customers: int = 10_000) -> None:
    """Print the figures."""
    print(f"{customers:,} customers, one core, customer-periods per second")
    print(f"  standard theories {customer_periods_per_second(full(customers)):14,.0f}")
    print(f"  voice and surveys {customer_periods_per_second(voice(customers)):14,.0f}")
    print(f"  relationships     {customer_periods_per_second(relationship(customers)):14,.0f}")
    print(f"  service days      {customer_periods_per_second(service_day(customers)):14,.0f}")
    print(f"  reference market  {customer_periods_per_second(ref1(customers)):14,.0f}")
    print(f"  the same in Mesa  {rate_in_mesa(customers)(1.0):14,.0f}")
    print(f"  ratio (median of pairs) {mesa_ratio(customers):8.0f}")
    built, again = starting(1_000)
    print(f"  an engine of 1,000 customers, built anew {built:.1f} ms, started again {again:.1f} ms")


def starting(customers: int, rounds: int = 50) -> tuple[float, float]:
    """Return ms that building an engine takes, and that starting it again for another replication takes."""
    market = ref1(customers)
    built, again = [], []
    for replication in range(rounds):
        began = time.perf_counter()
        engine = Engine(market, 1, replication)
        built.append(time.perf_counter() - began)
        began = time.perf_counter()
        engine.restart(replication + 1)
        again.append(time.perf_counter() - began)
    return 1e3 * min(built), 1e3 * min(again)


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
