"""Markets in which customers can speak, for the tests of what comes of it."""

from __future__ import annotations

from typing import Any

from abm.engine.recording import Record, record
from abm.scenario.scenario import Scenario

SECTIONS = {"complaint": {}, "recovery": {}, "exit": {}, "aftermath": {}, "failure_causes": {}, "listening": {}}
GOOD = {"compensation": 0.8, "empathy": 0.8, "answer_speed": 0.8, "solution_speed": 0.8}


def market(*firms: dict[str, Any], customers: int = 1500, periods: int = 104, **sections: Any) -> Scenario:
    """Return a market with all theories of voice; firms are north, east, south."""
    named = [{"name": name, **firm} for name, firm in zip(("north", "east", "south"), firms, strict=False)]
    data = {"periods": periods, "burn_in": 26, "population": {"customers": customers}, "firms": named}
    return Scenario.parse({**data, **SECTIONS, **sections})


def measured(scenario: Scenario, *kpis: Any, seed: int = 1) -> Any:
    """Return KPIs of a run: (firms, kpis)."""
    return record(scenario, seed).summary(kpis)


def totals(scenario: Scenario, name: str, seed: int = 1) -> Any:
    """Return what a run counts of a tally over all periods: (*axes, firms + 1)."""
    found: Record = record(scenario, seed)
    return found.tallies[name].sum(axis=0)
