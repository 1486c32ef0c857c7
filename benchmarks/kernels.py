"""Where the time of a period goes: ns per customer and period of every kernel, in six markets.

python benchmarks/kernels.py [customers [market ...]]
"""

from __future__ import annotations

import sys

from abm.bench.cycles import by_kernel
from abm.bench.growth import THEORIES


def main(customers: int = 10_000, *markets: str) -> None:
    """Print the kernels of each market, the slowest first."""
    for market in markets or THEORIES:
        found = by_kernel(THEORIES[market](customers, 100), rounds=9)
        print(f"\n{market}, {customers:,} customers: {sum(found.values()):.1f} ns a customer and period")
        for name, ns in sorted(found.items(), key=lambda one: -one[1]):
            if ns >= 0.1:
                print(f"  {name:26}{ns:6.1f}")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]), *sys.argv[2:])
