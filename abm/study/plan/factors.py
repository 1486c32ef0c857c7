"""Factors of a drawn design: how far each may range, and how a number from 0 to 1 becomes a value of it.

What a factor's values are says what it is: two numbers are a range, of which all in between are equally likely; two
whole numbers are a range of whole numbers, both ends included; anything else (words, true and false, programmes, three
numbers or more) is a list of choices to pick from. SPEC in place of values stands for the bounds of the parameter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import numpy as np
from pydantic.fields import FieldInfo

from abm.core.annotations import bare, kind
from abm.core.errors import Refusal, shown
from abm.core.given import plain
from abm.core.parameters import meaning_of
from abm.core.spec import Spec
from abm.study.provenance.digest import canonical

SPEC = "spec"
MOST_LISTED = 12  # levels of a factor that are written out
Values = tuple[Any, ...]


def are_numbers(values: Sequence[Any]) -> bool:
    """Return whether all values are numbers."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def is_range(values: Sequence[Any]) -> bool:
    """Return whether the values are the ends of a range of numbers."""
    return len(values) == 2 and are_numbers(values)


def is_whole(values: Sequence[Any]) -> bool:
    """Return whether the values are the ends of a range of whole numbers."""
    return is_range(values) and all(isinstance(value, int) for value in values)


def checked(path: str, values: Any, is_drawn: bool) -> Any:
    """Return the values of a factor as a tuple, or SPEC; refuse what nothing can be drawn from."""
    if not isinstance(path, str):
        raise Refusal(f"{shown(path)} is not a path of the scenario", place="factors")
    place = f"factors.{path}"
    if isinstance(values, Mapping):
        quoted = f'"{path}.{next(iter(values), "…")}"'
        raise Refusal(f"is a table; write the whole path in quotes, {quoted} = […]", place=place)
    if is_drawn and isinstance(values, str) and values == SPEC:
        return values
    values = plain(values)
    if not isinstance(values, list | tuple | range):
        what = f'[low, high], a list of choices or "{SPEC}"' if is_drawn else "a list of values"
        raise Refusal(f"= {shown(values)} is not {what}", place=place)
    values = tuple(map(plain, values))
    if is_drawn:
        _check_drawn(values, place)
    return values


def _check_drawn(values: Values, place: str) -> None:
    if not values:
        advice = f'write [low, high], or "{SPEC}" for the bounds of the parameter'
        raise Refusal(f"= [] has no values; {advice}", place=place)
    if are_numbers(values) and not all(map(math.isfinite, values)):
        raise Refusal(f"= {shown(values)} has numbers that are not finite", place=place)
    check_distinct(values, place)
    if len(values) < 2:
        raise Refusal(f"= {shown(values)} is a single value, which does not vary; set it in the scenario", place=place)
    if is_range(values) and values[0] > values[1]:
        advice = f"write [{shown(values[1])}, {shown(values[0])}]"
        raise Refusal(f"= {shown(values)} is the wrong way round; {advice}", place=place)


def check_distinct(values: Sequence[Any], place: str) -> None:
    """Refuse values of which two are equal."""
    seen: set[str] = set()
    for value in values:
        if canonical(value) in seen:
            raise Refusal(f"lists {shown(value)} twice", place=place)
        seen.add(canonical(value))


def codes(values: Values, luck: np.ndarray) -> list[Any]:
    """Return what numbers (n,) from 0 to 1 stand for: numbers of the range, or places in the list of choices.

    Whole numbers and choices are equally likely each.
    """
    if is_range(values) and not is_whole(values):
        low, high = map(float, values)
        return np.clip(low * (1 - luck) + high * luck, low, high).tolist()
    low, high = values if is_whole(values) else (0, len(values) - 1)
    count = high - low + 1
    return [min(low + int(number * count), high) for number in luck.tolist()]


def decoded(values: Values, column: Sequence[Any]) -> Sequence[Any]:
    """Return the values that `codes` stand for."""
    return column if is_range(values) else [values[code] for code in column]


def declared(world: Spec, path: str) -> Values:
    """Return the values that the declaration of the parameter at `path` allows: its bounds, or its choices.

    Raises Refusal for a path that leads nowhere and a parameter without two finite bounds.
    """
    field = field_at(world, path)
    if field is None:
        raise Refusal(f'= "{SPEC}", but this is no parameter with bounds of its own; write [low, high]', place=path)
    annotation, meaning = bare(field.annotation), meaning_of(field)
    if annotation is bool:
        return (False, True)
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if annotation not in (int, float):
        raise Refusal(
            f'= "{SPEC}", but a parameter that is {kind(annotation)} has no bounds; list the values', place=path
        )
    low, high = meaning.bounds if meaning and meaning.bounds else (None, None)
    if low is None or high is None:
        end = "bounds" if low is high else "lower bound" if low is None else "upper bound"
        raise Refusal(f'= "{SPEC}", but the parameter has no {end}; write [low, high]', place=path)
    return (annotation(low), annotation(high))


def field_at(world: Spec, path: str) -> FieldInfo | None:
    """Return the declaration of the parameter at `path`, None for a value without one of its own; Refusal as above."""
    world.value_at(path)
    head, _, name = path.rpartition(".")
    owner = world.value_at(head) if head else world
    return type(owner).model_fields.get(name) if isinstance(owner, Spec) else None


def spanned(values: Values) -> Values:
    """Return what could be drawn to cover given levels: the lowest and highest of numbers, or the choices."""
    if are_numbers(values):
        return tuple(sorted({min(values), max(values)}))
    return tuple({canonical(value): value for value in values}.values())


def drawn_from(values: Values | str) -> str:
    """Return what a factor is drawn from in words: "0 to 0.5", "whole numbers 1 to 10", "ring or complete"."""
    if isinstance(values, str):
        return "the bounds of the parameter"
    if is_range(values):
        return f"{'whole numbers ' if is_whole(values) else ''}{_word(values[0])} to {_word(values[1])}"
    return " or ".join(_word(value) for value in values)


def listed(values: Values) -> str:
    """Return the levels of a given factor in words; of many numbers the ends."""
    words = list(dict.fromkeys(_word(value) for value in values))
    if len(words) <= MOST_LISTED:
        return ", ".join(words)
    ends = f" from {_word(min(values))} to {_word(max(values))}" if are_numbers(values) else ""
    return f"{len(words):,} values{ends}"


def _word(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else shown(value)
