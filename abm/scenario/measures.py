"""Everything that can be measured by name: KPIs and readings of every market, and the KPIs of single theories."""

from __future__ import annotations

from abm.kpis.kpi import Kpi
from abm.kpis.measure import Measure
from abm.kpis.standard import STANDARD
from abm.mechanisms.shipped import shipped
from abm.scenario.scenario import Scenario

OF_THEORIES: tuple[Kpi, ...] = tuple(kpi for kind in shipped() for kpi in kind.kpis)
ALL: tuple[Measure, ...] = (*STANDARD, *OF_THEORIES)
BY_NAME: dict[str, Measure] = {measure.name: measure for measure in ALL}


def of(scenario: Scenario) -> tuple[Measure, ...]:
    """Return what is measured in a market unless something else is asked for: its own theories' KPIs included."""
    own = (kpi for mechanism in scenario.ever()[0] for kpi in mechanism.kpis)
    return (*STANDARD, *own)
