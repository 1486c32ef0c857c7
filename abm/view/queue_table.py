"""The summary of a queue as a table that people read: a row a measure, with its standard error, and a column a kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from abm.queues.measures import COUNTS, MEASURES
from abm.queues.served import Served

_CALLED = {
    "no_shows": "no-shows", "p_wait": "share who wait", "mean_wait": "mean wait, minutes",
    "mean_delay": "mean wait of who waits, minutes", "mean_answer": "mean wait of the served, minutes",
    "p_balk": "share who balk", "p_abandon": "share who abandon", "p_deny": "share who are denied",
    "overtaken": "share who are overtaken", "mean_line": "mean line, customers",
}  # fmt: skip
_IF_ANY = ("balked", "abandoned", "denied", "contained", "no_shows", "p_balk", "p_abandon", "p_deny", "overtaken")


def columns(served: Served) -> list[str]:
    """Return the headings: nothing, all, and each kind."""
    return ["", *map(str, served.summary["kind"])]


def rows(served: Served) -> list[list[str]]:
    """Return the name of each count and measure, and its value of each kind; without what nobody has done."""
    table, found = served.summary, [["offered", *map(_whole, served.summary["offered"])]]
    for name in (*COUNTS, *MEASURES):
        values = table[name].to_numpy(float)
        if np.isnan(values).all() or (name in _IF_ANY and not (values > 0).any()):
            continue
        whole = name in COUNTS
        cells = [_whole(row[name]) if whole else _measure(row, name) for row in table.to_dict("records")]
        found.append([called(name, served.within), *cells])
    longest = table["longest_line"].to_numpy(float)
    found.append(["longest line, customers", *(_whole(one) if np.isfinite(one) else "–" for one in longest)])
    return found


def _whole(value: Any) -> str:
    return f"{int(value):,}"


def _measure(row: dict[Any, Any], name: str) -> str:
    value, error = float(row[name]), float(row[f"{name}_se"])
    if not np.isfinite(value):
        return "–"
    return f"{value:.4g} ± {error:.2g}" if np.isfinite(error) and error > 0 else f"{value:.4g}"


def called(name: str, within: float) -> str:
    """Return how a count or measure is called in the table."""
    if name == "service_level":
        return f"service level, {within:g} s"
    return f"{name[5:]} % wait at most, minutes" if name.startswith("wait_") else _CALLED.get(name, name)
