"""Units of the columns of tables: of KPIs, of factors of a design, and of what is recorded of persons and visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.shipped import shipped
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from abm.study.plan.sheet import Sheet
from abm.world import visits
from abm.world.columns import Column
from abm.world.population import COLUMNS as TRAITS
from abm.world.population import DROP_OUT
from abm.world.segments import SEGMENT
from abm.world.units import MONEY

UNITS = "units"  # in the `attrs` of a table: {column: unit}
_LABELS = {"period": "period"}


def of_kpi(sheet: Sheet, kpi: str) -> str:
    """Return the unit of a KPI of a study, "" for one that nobody knows."""
    return sheet.own[kpi][0] if kpi in sheet.own else BY_NAME[kpi].unit if kpi in BY_NAME else ""


def of_parameter(path: str) -> str:
    """Return the unit of the scenario parameter at a path, "" for a word and for a mechanism of one's own."""
    steps = path.split(".")
    general = ".".join(["firms", "*", *steps[2:]]) if steps[0] == "firms" else path
    return _parameters().get(general, "").removeprefix("name")


def of_measures(sheet: Sheet) -> dict[str, str]:
    """Return the units of a table of runs or periods, by column."""
    return _known({**_labels(sheet), **{kpi: of_kpi(sheet, kpi) for kpi in sheet.kpis}})


def of_records(sheet: Sheet, names: Iterable[str], extras: Iterable[Mechanism] = ()) -> dict[str, str]:
    """Return the units of a table of persons or visits, by column.

    names : of its columns, of one with an entry for each firm "trust.north"      extras : mechanisms of one's own
    """
    columns = recorded(extras)
    bases = {name: columns.get(name.partition(".")[0]) for name in names}
    units = {name: column.unit for name, column in bases.items() if column is not None}
    in_cents = {name: "cents" if unit in MONEY else unit for name, unit in units.items()}
    return _known({**in_cents, **_labels(sheet)})


def recorded(extras: Iterable[Mechanism] = ()) -> dict[str, Column]:
    """Return the columns that may be recorded, by name, as they are declared.  extras : mechanisms of one's own"""
    return {**_shipped(), **{column.name: column for mechanism in extras for column in mechanism.owns}}


def _labels(sheet: Sheet) -> dict[str, str]:
    return {**_LABELS, **{path: of_parameter(path) for path in sheet.design.factors}}


def _known(units: dict[str, str]) -> dict[str, str]:
    return {name: unit for name, unit in units.items() if unit}


@cache
def _parameters() -> dict[str, str]:
    return {parameter.path: parameter.unit for parameter in Scenario.parameters()}


@cache
def _shipped() -> dict[str, Column]:
    def declared() -> Iterator[Column]:
        yield from (*TRAITS, SEGMENT, DROP_OUT, *visits.COLUMNS)
        for kind in shipped():
            yield from kind.owns

    return {column.name: column for column in declared()}
