"""The summary of a queue as a table that people read: a row a measure, with its standard error, and a column a kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from abm.queues.measures import COUNTS, MEASURES
from abm.queues.served import Served

_IN_MINUTES = ("mean_wait", "mean_delay", "mean_answer")
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
        found.append([_called(name, served.within), *cells])
    return found


def _whole(value: Any) -> str:
    return f"{int(value):,}"


def _measure(row: dict[Any, Any], name: str) -> str:
    value, error = float(row[name]), float(row[f"{name}_se"])
    if not np.isfinite(value):
        return "–"
    return f"{value:.4g} ± {error:.2g}" if np.isfinite(error) and error > 0 else f"{value:.4g}"


def _called(name: str, within: float) -> str:
    """Return how a measure is called: with its unit, or what it is a share of."""
    if name == "service_level":
        return f"served within {within:g} s"
    words = name.replace("no_shows", "no-shows").replace("p_", "share: ").replace("_", " ")
    if name.startswith("wait_"):
        return f"{words.replace('wait ', 'wait, ')} % at most, minutes"
    return f"{words}, minutes" if name in _IN_MINUTES else words
