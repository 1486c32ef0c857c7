"""What was fitted to the purchase logs of a study, and how sure it is: a table in the report."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment
from abm.view import markup

TITLE = "Rates and baskets of the log"
AT_ITS_EDGE, NOT_TOLD = "at its edge", "not told"
COLUMNS = ("parameter", "what it is", "unit", "estimate", "standard error", "95 % interval")

_NOTE = (
    "Standard errors are from the bending of the log likelihood; intervals are taken on the scale of logarithms, and "
    "of log odds for shares. They say what a sample of customers leaves open if the model that was taken is right. At "
    "its edge: the likelihood is highest at the end of what the number can be, where it has no standard error."
)


def sections(study: Experiment | None) -> Iterator[str]:
    """Yield the section of a report with what was fitted: a table for each log that an arm takes.

    Yields nothing without a log, and nothing of a log that is no longer there.
    """
    tables: dict[object, tuple[str, str]] = {}
    for world in study.worlds if study else ():
        if world.population.log is None:
            continue
        try:
            file = world.population.log_file(study.folder if study else None)
            reading = file.reading()
        except Refusal:
            continue
        tables[file] = f"{reading.name}, until {reading.last.date()}", _table(reading.fit.estimates())
    if tables:
        shown = [part for name, table in tables.values() for part in (markup.element("p", markup.text(name)), table)]
        yield markup.section(TITLE, *shown, markup.element("p", markup.text(_NOTE), "caption"))


def rows(estimates: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the cells of the table, a row for each number of `LogFit.estimates`."""
    return [
        (name, row["what"], row["unit"], _number(row["estimate"]), *_sureness(row))
        for name, row in estimates.to_dict("index").items()
    ]


def _table(estimates: pd.DataFrame) -> str:
    return markup.table(COLUMNS, rows(estimates), COLUMNS[3:])


def _sureness(row: dict[str, Any]) -> tuple[str, str]:
    """Return standard error and interval in words."""
    if row["edge"]:
        return AT_ITS_EDGE, ""
    if math.isnan(row["standard_error"]):
        return NOT_TOLD, ""
    return _number(row["standard_error"], 2), f"{_number(row['low'], 3)} to {_number(row['high'], 3)}"


def _number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if value < 10**digits else f"{value:,.0f}"
