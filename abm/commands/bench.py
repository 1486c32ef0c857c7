"""`patronage bench`: how fast this machine runs the market."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from abm.bench.measure import SIZES, measurements
from abm.commands import output
from abm.core.errors import Refusal

TITLES = {
    "ref1": "reference market, one core",
    "full": "every mechanism, one core",
    "threads2": "reference market, two threads",
    "mesa_ratio": "times idiomatic Mesa",
}
SINGLE = {
    "batch_run_ratio": "times mesa.batch_run, in runs per processor-second",
    "runs_per_second": "runs a second of 1,000 customers over 100 periods, stored",
    "bytes_per_customer": "bytes a customer, graph included",
    "warm_start_s": "seconds to the end of the first period",
    "cold_start_s": "the same on a fresh machine, compiling",
}


def main(largest: int, json: bool) -> int:
    """Measure how fast this machine is, and print it.  Raises Refusal for a size at which nothing is measured."""
    if largest < SIZES[0]:
        raise Refusal(f"--largest = {largest} is below the smallest market measured, {SIZES[0]:,} customers")
    found: dict[str, Any] = {}
    for name, measure in measurements(largest):
        output.note(f"measuring {TITLES.get(name) or SINGLE.get(name) or name} …")
        found[name] = measure()
    if json:
        output.document(found)
    else:
        output.show(_rates(found), _kernels(found["kernels"]))
        output.lines("\n".join(f"{found[name]:12,.1f}  {words}" for name, words in SINGLE.items() if name in found))
    return 0


def _rates(found: dict[str, Any]) -> Table:
    table = Table("customer-periods per second", title=None, box=None, pad_edge=False)
    sizes = list(found["ref1"])
    for size in sizes:
        table.add_column(f"{int(size):,}", justify="right")
    for name, words in TITLES.items():
        if name in found:
            table.add_row(words, *(f"{found[name][size]:,.0f}" if size in found[name] else "" for size in sizes))
    return table


def _kernels(least: dict[str, float]) -> Table:
    table = Table("kernel, every mechanism at work", box=None, pad_edge=False)
    table.add_column("ns per customer and period", justify="right")
    for name, ns in sorted(least.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{ns:.2f}")
    return table
