"""Everything that can be measured by name: KPIs and readings of every market, and the KPIs of single theories."""

from __future__ import annotations

from collections.abc import Iterable

from abm.core.errors import Refusal, did_you_mean
from abm.core.given import plain
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


def named(wanted: str | Iterable[str | Measure]) -> list[Measure]:
    """Return measures for their names, or for themselves.  Raises Refusal for a name that none has."""
    asked = plain(wanted)
    return [_named(one) for one in ([asked] if isinstance(asked, str | Measure) else asked)]


def _named(one: str | Measure) -> Measure:
    if isinstance(one, Measure):
        return one
    if one not in BY_NAME:
        raise Refusal(f"no KPI {str(one)!r}{did_you_mean(str(one), BY_NAME)}")
    return BY_NAME[one]
