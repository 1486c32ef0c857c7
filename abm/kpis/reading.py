"""What a reading is: a named function of the world, taken when the yearly books close.

A KPI is made of what was counted. What no sum can tell (a median, a share of the best customers) is read off the
columns, once a year, after everything else in the period and before the books are opened again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.kpis.kpi import Better, WrongMeasure, placed, with_unit
from abm.world.world import World

FloatArray = np.ndarray

WHEN = "Taken when the yearly books close; over a run the mean over the closings after the burn-in that have a value."


@dataclass(frozen=True)
class Reading:
    """A measure of a firm that is read off the world.

    function   : World -> (m,) float64; it reads columns and changes nothing
    definition : formula in words      nan : when it has no value      source : of the definition
    better     : "more" or "less"; "" = neither
    """

    name: str
    unit: str
    function: Callable[[World], FloatArray]
    definition: str
    nan: str
    source: str
    better: Better = ""

    def __reduce__(self) -> Any:
        """Pickle as the place where its module defines it."""
        return placed(self)

    def __call__(self, world: World) -> FloatArray:
        """Return the reading now (m,) float64; NaN where it has no value.

        Raises Refusal, with the reading's name, if its function raises or does not return one number a firm.
        """
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.asarray(self.function(world), np.float64)
        except Exception as error:  # whatever it is, the name of the reading is what its author has to know
            raise Refusal(f"reading {self.name!r} raised {type(error).__name__}: {error}") from error
        if values.shape != (world.m,):
            raise WrongMeasure(
                f"reading {self.name!r} returned an array of shape {values.shape}; it has to return one number a firm, "
                f"{(world.m,)}"
            )
        return np.where(np.isfinite(values), values, np.nan)


def reading(
    bare: Any = None,
    /,
    *,
    unit: str | None = None,
    better: Better = "",
    nan: str = "never",
    source: str = "definition",
) -> Callable[[Callable[[World], FloatArray]], Reading]:
    """Make a reading of a function; its docstring is the definition.

    unit : what its numbers are in      bare : nothing; a function that comes here lacks the brackets

    Raises Refusal without a unit.
    """
    unit = with_unit("reading", bare, unit)

    def make(function: Callable[[World], FloatArray]) -> Reading:
        text = " ".join(f"{function.__doc__ or ''} {WHEN}".split())
        return Reading(function.__name__, unit, function, text, nan, source, better)

    return make


def averaged(taken: FloatArray) -> FloatArray:
    """Return the mean (m,) over the periods of what was taken (periods, m), without those that have no value."""
    known = ~np.isnan(taken)
    with np.errstate(invalid="ignore"):
        return np.where(known, taken, 0.0).sum(axis=0) / known.sum(axis=0)
