"""The same market in periods of another length: everything that is said per period or in periods is converted.

What a number is per is its unit: rates, spends and opening hours are multiplied, chances and parts kept compound,
durations and dates are divided. What is per visit, per story or per year stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from abm.core.errors import Refusal
from abm.core.parameters import Bounds, meaning_of
from abm.core.spec import Spec
from abm.mechanisms.shipped import shipped
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario

_DURATIONS = ("periods", "period", "cu period/unit")
_CHANCES = ("1/period", "1/neighbour/period")
_KEPT = "kept/period"
_OF_A_PERIOD = {"need.process": "bernoulli", "drop_out.process": "each_period"}


def in_periods_of(scenario: Scenario, periods_per_year: int) -> Scenario:
    """Return a scenario whose year has another number of periods, with everything converted that has a time unit.

    Durations in whole periods are rounded, to 1 at least. A customer tells one story a period at most and a period's
    visits are chosen on what was known when it began, so that markets in long periods talk and learn in coarser steps:
    compare results of different lengths with care.

    Raises Refusal if something does not fit its bounds in periods of that length, and for chances that each customer
    has in a period: Beta over customers for one length, they are not for another.
    """
    for path, word in _OF_A_PERIOD.items():
        if scenario.value_at(path) == word:
            raise Refusal(f'= "{word}" goes by chances in a period, which cannot be converted to another', place=path)
    longer = scenario.periods_per_year / periods_per_year
    absent = (kind.policy.name for kind in shipped() if kind.policy and getattr(scenario, kind.name) is None)
    found = _converted(scenario, longer, frozenset(absent)).replace({"periods_per_year": periods_per_year})
    assert isinstance(found, Scenario)
    return found


def _converted(spec: Spec, longer: float, absent: Collection[str]) -> Any:
    """Return a spec in periods that are so many times as long.

    absent : sections of firms for theories that the market does not have, which may only be neutral
    """
    changes: dict[str, Any] = {}
    for name, field in type(spec).model_fields.items():
        value, meaning = getattr(spec, name), meaning_of(field)
        if isinstance(spec, Firm) and name in absent:
            continue
        if isinstance(value, Spec):
            changes[name] = _converted(value, longer, absent)
        elif isinstance(value, tuple) and any(isinstance(one, Spec) for one in value):
            changes[name] = tuple(_converted(one, longer, absent) if isinstance(one, Spec) else one for one in value)
        elif meaning and _is_number(value) and (convert := _how(meaning.unit, meaning.bounds)):
            changes[name] = _fitting(name, convert(value, longer), value, meaning.bounds)
    return spec.replace({name: value for name, value in changes.items() if value != getattr(spec, name)})


def _how(unit: str, bounds: Bounds | None) -> Callable[[float, float], float] | None:
    """Return how a number of a unit follows the length of a period; None if it does not."""
    if unit in _DURATIONS:
        return lambda value, longer: value / longer
    if unit in _CHANCES and bounds and bounds[1] is not None and bounds[1] <= 1:
        return lambda value, longer: 1.0 - (1.0 - value) ** longer
    if unit == _KEPT:
        return lambda value, longer: value**longer
    if unit.endswith("/period"):
        return lambda value, longer: value * longer
    return None


def _fitting(name: str, found: float, before: float, bounds: Bounds | None) -> float | int:
    """Return a converted number as the parameter takes it."""
    if isinstance(before, int):
        found = max(round(found), min(before, 1))
    low, high = bounds or (None, None)
    if (low is not None and found < low) or (high is not None and found > high):
        raise Refusal(
            f"= {before:g} becomes {found:g} in periods of that length, which is outside its bounds", place=name
        )
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
