"""What a KPI is: a named function of what was counted, with a definition, a unit, a source and a meaning of NaN."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from abm.core.errors import Refusal

FloatArray = np.ndarray
Better = Literal["more", "less", ""]


class WrongMeasure(Refusal):
    """A KPI or reading that does not return a number for each firm: it is of no use in any run."""


class Tallied:
    """Counts of one period or of several added up, as attributes: (..., m) float64 for firms.

    A tally with further axes is (..., *axes, m). One of a shipped theory that is not in the market is NaN.

    year     : periods in a year
    periods  : how many were added up
    accounts : of tallies of money, by name: what they are in a firm's books
    """

    def __init__(
        self, counts: Mapping[str, np.ndarray], year: int, periods: int, accounts: Mapping[str, str] | None = None
    ) -> None:
        self._counts, self.year, self.periods, self._accounts = counts, year, periods, accounts or {}

    def __getattr__(self, name: str) -> FloatArray:
        try:
            found = self._counts[name][..., :-1]
        except KeyError:
            raise AttributeError(f"nothing is counted under the name {name!r}") from None
        self.__dict__[name] = found  # most are asked for by several KPIs
        return found

    def account(self, *accounts: str) -> FloatArray:
        """Return the sum of all tallies that are in some accounts, whichever theories count them."""
        names = [name for name, account in self._accounts.items() if account in accounts]
        return np.sum([getattr(self, name) for name in names], axis=0)

    def market(self, name: str) -> FloatArray:
        """Return a count over the whole market, what belongs to no firm included: (..., 1)."""
        return self._counts[name].sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Kpi:
    """A measure of a firm.

    function   : Tallied -> (..., m); ratios of counts, so that it holds for one period and for many
    accounts   : whose tallies it adds up or takes off, if it is made of accounts
    definition : formula in words      nan : when it has no value      source : of the definition
    better     : "more" or "less"; "" = neither, so that no arm is the best in it
    """

    name: str
    unit: str
    function: Callable[[Tallied], FloatArray]
    definition: str
    nan: str
    source: str
    accounts: tuple[str, ...] = ()
    better: Better = ""

    def __reduce__(self) -> Any:
        """Pickle as the place where its module defines it."""
        return placed(self)

    def __call__(self, tallied: Tallied) -> FloatArray:
        """Return the measure (..., m); NaN where there is nothing to divide by."""
        with np.errstate(divide="ignore", invalid="ignore"):
            values = self.function(tallied)
        return np.where(np.isfinite(values), values, np.nan)


def with_unit(decorator: str, bare: Any, unit: Any) -> str:
    """Return the unit of a measure; refuse a decorator without one, or without its brackets."""
    if bare is not None or not isinstance(unit, str):
        raise Refusal(f'@abm.{decorator} needs brackets and a unit: write @abm.{decorator}(unit="share")')
    return unit


def placed(measure: Any) -> Any:
    """Return how a KPI or reading is pickled: by the name of its module and its own there, else by its fields.

    A decorated function is not to be found by its name, under which the measure stands.
    """
    place = str(measure.function.__module__), getattr(measure.function, "__qualname__", "")
    if getattr(sys.modules.get(place[0]), place[1], None) == measure:
        return _at, place
    return type(measure), tuple(getattr(measure, item.name) for item in fields(measure))


def _at(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def kpi(
    bare: Any = None,
    /,
    *,
    unit: str | None = None,
    better: Better = "",
    nan: str = "never",
    source: str = "definition",
    accounts: tuple[str, ...] = (),
) -> Callable[[Callable[[Tallied], FloatArray]], Kpi]:
    """Make a KPI of a function; its docstring is the definition.

    unit : what its numbers are in, "1" if in nothing      bare : nothing; a function that comes here lacks the brackets

    Raises Refusal without a unit.
    """
    unit = with_unit("kpi", bare, unit)

    def make(function: Callable[[Tallied], FloatArray]) -> Kpi:
        text = " ".join((function.__doc__ or "").split())
        return Kpi(function.__name__, unit, function, text, nan, source, accounts, better)

    return make
