"""Digests of whole runs and of the elementary functions, to be compared between compiled and interpreted code.

`python tests/core/bits.py` prints them as JSON; under NUMBA_DISABLE_JIT=1 they come from plain Python.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from abm.core.functions import exp32, log32, logistic32, normal32
from abm.core.kernels import COMPILED
from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

TIERS = {
    "enrolment": "by_benefit", "hassle": 5.0, "earn_per_visit": 0.3, "earn_rate": 0.07, "goal": 3.1, "reward": 2.0,
    "endowment": 0.5, "tier_threshold": [30.0, 60.0], "tier_discount": [0.03, 0.07], "tier_bonus": [0.1, 0.3],
    "tier_window": 3, "expiry": 2,
}  # fmt: skip
BASE: dict[str, Any] = {
    "periods": 6,
    "periods_per_year": 3,
    "population": {"customers": 16, "purchase_rate": 0.9, "basket": 20.0, "price_weight_spread": 0.3},
    "network": {"kind": "watts_strogatz", "neighbours": 4.0},
    "firms": [
        {"name": "north", "program": TIERS},
        {"name": "south", "price": 0.9, "initial_awareness": 0.4, "service": {"failure_rate": 0.3}},
    ],
    "need": {"season_amplitude": 0.3},
    "word_of_mouth": {"base": 0.4, "contact_rate": 0.9, "discovery": 0.1, "devotion": 0.1},
    "defection": {"exit_rate": 0.03},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "threshold": {"choice": {"rule": "threshold"}},
    "contracts": {"choice": {"rule": "habit", "market": "lost_for_good", "term": 2}},
}


def digest(array: np.ndarray) -> str:
    """Return a digest of an array's bits."""
    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=8).hexdigest()


def functions() -> dict[str, str]:
    """Return digests of the elementary functions at some points."""
    x = np.linspace(-30.0, 30.0, 101, dtype=np.float32)
    u = np.linspace(0.0005, 0.9995, 101, dtype=np.float32)
    return {
        "exp32": digest(np.array([exp32(v) for v in x], np.float32)),
        "logistic32": digest(np.array([logistic32(v) for v in x], np.float32)),
        "log32": digest(np.array([log32(v) for v in u], np.float32)),
        "normal32": digest(np.array([normal32(v) for v in u], np.float32)),
    }


def everything() -> dict[str, Any]:
    """Return digests of every column and of all counts of short runs, and of the elementary functions."""
    found: dict[str, Any] = {"compiled": COMPILED, **functions()}
    for name, changes in VARIANTS.items():
        engine = Engine(Scenario.parse({**BASE, **changes}), 1)
        engine.run(BASE["periods"])
        assert engine.world.tallied("visits").sum() > 0
        found |= {f"{name}.{column}": digest(values) for column, values in engine.world.customers.items()}
        found[f"{name}.history"] = digest(engine.world.history)
    return found


if __name__ == "__main__":
    print(json.dumps(everything()))
