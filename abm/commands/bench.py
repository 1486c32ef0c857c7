"""`patronage bench`: how fast this machine runs the market, and how near that is to what it could do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from abm.bench import limit
from abm.bench.measure import SIZES, measurements
from abm.commands import output
from abm.core.errors import Refusal

RATES = {
    "ref1": "reference market, one core",
    "by_hand": "its definition in loops by hand",
    "limit": "its definition in C++",
    "mesa": "the same in idiomatic Mesa",
    "full": "every mechanism, one core",
    "threads2": "reference market, two threads",
}
SHARES = {
    "share_of_by_hand": "share of the loops by hand",
    "share_of_limit": "share of C++",
    "mesa_ratio": "times idiomatic Mesa",
}
SINGLE = {
    "batch_run_ratio": "times mesa.batch_run, in runs per processor-second",
    "runs_per_second": "runs a second of 1,000 customers over 100 periods, stored",
    "bytes_per_customer": "bytes a customer, graph included",
    "warm_start_s": "seconds to the end of the first period",
    "cold_start_s": "the same on a fresh machine, compiling",
}
GROWS = {
    "customers": "{} customers",
    "firms": "{} firms",
    "neighbours": "{} neighbours",
    "theories": "theories: {}",
}

_LEAST_SHOWN = 0.05  # ns; below it a kernel shows as 0


def main(largest: int, json: bool) -> int:
    """Measure how fast this machine is, and print it.  Raises Refusal for a size at which nothing is measured."""
    if largest < SIZES[0]:
        raise Refusal(f"--largest = {largest} is below the smallest market measured, {SIZES[0]:,} customers")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for words, measure in measurements(largest, _limit(Path(folder))):
            output.note(f"measuring {words} …")
            for name, value in measure().items():
                found[name] = {**found.get(name, {}), **value} if isinstance(value, dict) else value
    found["growth"]["customers"] = {size: 1e9 / rate for size, rate in found["ref1"].items()}
    if json:
        output.document(found)
    else:
        output.show(_rates(found), _shares(found), _growth(found["growth"]))
        if "kernels" in found:
            output.show(_kernels(found["kernels"]))
        output.lines("\n".join(f"{found[name]:12,.1f}  {words}" for name, words in SINGLE.items() if name in found))
    return 0


def _limit(folder: Path) -> Path | None:
    """Return the definition in C++, compiled; None, and a line that says why, where that cannot be done."""
    output.note("compiling the limit …")
    try:
        return limit.build(folder)
    except Refusal as refusal:
        output.note(str(refusal))
        return None


def _rates(found: dict[str, Any]) -> Table:
    return _by_size("customer-periods per second", RATES, found, lambda name, rate: f"{rate:,.0f}")


def _shares(found: dict[str, Any]) -> Table:
    def written(name: str, ratio: float) -> str:
        return f"{ratio:,.0f}" if name == "mesa_ratio" else f"{ratio:.0%}"

    return _by_size("reference market, measured in turn", SHARES, found, written)


def _by_size(title: str, rows: dict[str, str], found: dict[str, Any], written: Callable[[str, float], str]) -> Table:
    table = Table(title, box=None, pad_edge=False)
    sizes = list(found["ref1"])
    for size in sizes:
        table.add_column(f"{int(size):,}", justify="right")
    for name, words in rows.items():
        if name in found:
            here = found[name]
            table.add_row(words, *(written(name, here[size]) if size in here else "" for size in sizes))
    return table


def _growth(ns: dict[str, dict[str, float]]) -> Table:
    table = Table("growth, one core", box=None, pad_edge=False)
    table.add_column("customer-periods per second", justify="right")
    table.add_column("ns per customer and period", justify="right")
    for what, words in GROWS.items():
        for value, cost in ns[what].items():
            named = f"{int(value):,}" if value.isdigit() else value.replace("_", " ")
            table.add_row(words.format(named), f"{1e9 / cost:,.0f}", f"{cost:.1f}")
    return table


def _kernels(least: dict[str, float]) -> Table:
    table = Table("kernel, every mechanism at work", box=None, pad_edge=False)
    table.add_column("ns per customer and period", justify="right")
    for name, ns in sorted(least.items(), key=lambda item: -item[1]):
        if ns >= _LEAST_SHOWN:
            table.add_row(name, f"{ns:.1f}")
    return table
