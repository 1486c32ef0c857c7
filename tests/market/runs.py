"""Small markets run in pairs: the same customers and the same luck, with one thing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.standard import READINGS, STANDARD
from abm.scenario.scenario import Scenario

YEAR = 52
FIRMS = ({"name": "north"}, {"name": "east"}, {"name": "south"})
KPI = {measure.name: k for k, measure in enumerate(STANDARD)}


def market(customers: int = 1500, years: int = 2, firms: Sequence[Mapping[str, Any]] = FIRMS, **more: Any) -> Scenario:
    """Return the default market, small and short; the first year is not measured."""
    return Scenario.parse(
        {
            "periods": years * YEAR,
            "burn_in": YEAR,
            "firms": [dict(firm) for firm in firms],
            **more,
            "population": {"customers": customers} | more.get("population", {}),
        }
    )


@cache
def _measured(scenario: Scenario, replications: int, seed: int) -> np.ndarray:
    found = []
    for replication in range(replications):
        engine = Engine(scenario, seed, replication, readings=READINGS)
        engine.run(scenario.periods)
        found.append(read(engine).summary(STANDARD))
    return np.array(found)


def measured(scenario: Scenario, kpi: str, firm: int = 0, replications: int = 4, seed: int = 20) -> np.ndarray:
    """Return a measure of each replication after the first year: (replications,)."""
    return _measured(scenario, replications, seed)[:, firm, KPI[kpi]]


def visits(scenario: Scenario, firm: int | None = 0, replications: int = 4, seed: int = 20) -> np.ndarray:
    """Return yearly visits to a firm, or to all, per customer: (replications,)."""
    block = np.nan_to_num(_measured(scenario, replications, seed))
    each = block[..., KPI["penetration"]] * block[..., KPI["frequency"]]
    return each.sum(axis=1) if firm is None else each[:, firm]


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return mean less and plus three standard errors."""
    error = 3.0 * values.std(ddof=1) / np.sqrt(values.size)
    return float(values.mean() - error), float(values.mean() + error)
