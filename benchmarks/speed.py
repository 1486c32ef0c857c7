"""Speed of the whole market and of the reference market, and the ratio to idiomatic Mesa, in one process.

python benchmarks/speed.py [customers]
"""

from __future__ import annotations

import sys

from abm.bench.measure import by_kernel, customer_periods_per_second, mesa_rate, mesa_ratio
from abm.bench.reference import full, ref1


def main(customers: int = 10_000) -> None:
    """Print the figures."""
    print(f"{customers:,} customers, one core, customer-periods per second")
    print(f"  every mechanism   {customer_periods_per_second(full(customers)):14,.0f}")
    print(f"  reference market  {customer_periods_per_second(ref1(customers)):14,.0f}")
    print(f"  the same in Mesa  {mesa_rate(customers):14,.0f}")
    print(f"  ratio (median of pairs) {mesa_ratio(customers):8.0f}")
    print("ns per customer and period, every mechanism at work:")
    for name, ns in sorted(by_kernel(full(customers)).items(), key=lambda item: -item[1]):
        print(f"  {name:24}{ns:7.2f}")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
