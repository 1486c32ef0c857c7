"""Where the time of a period goes: ns per customer and period of every kernel, in five markets.

python benchmarks/kernels.py [customers]
"""

from __future__ import annotations

import sys

from abm.bench.measure import by_kernel
from abm.bench.reference import full, ref1, relationship, service_day, voice
from abm.scenario.scenario import Scenario


def default(customers: int) -> Scenario:
    """Return the market with nothing but defaults: 0.25 occasions a period."""
    return Scenario.parse({"periods": 100, "population": {"customers": customers}})


def main(customers: int = 10_000, rounds: int = 3) -> None:
    """Print the kernels of each market, the slowest first; the least of several rounds."""
    markets = (
        ("reference market", ref1), ("default market", default), ("standard theories", full), ("voice", voice),
        ("relationships", relationship), ("service days", service_day),
    )  # fmt: skip
    for name, market in markets:
        scenario = market(customers)
        found = [by_kernel(scenario) for _ in range(rounds)]
        least = {kernel: min(round_[kernel] for round_ in found) for kernel in found[0]}
        print(f"\n{name}, {customers:,} customers: {sum(least.values()):.1f} ns a customer and period")
        for kernel, ns in sorted(least.items(), key=lambda item: -item[1]):
            if ns >= 0.1:
                print(f"  {kernel:22}{ns:6.1f}")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
