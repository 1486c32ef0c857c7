"""Parameters: a number never stands alone, it has a unit, bounds, evidence and a source."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from abm.core.citations import Citation
from abm.core.errors import CONTINUES, Refusal, below, one_of, shown
from abm.core.shown import in_notebook
from abm.core.sources import PROTOTYPE

Bounds = tuple[float | None, float | None]
Evidence = Literal["measured", "calibrated", "assumed"]

# The key under which a field carries its Meaning through pydantic.
_MEANING = "meaning"
_ROUND = re.compile(r"^(-?\d{1,2}?)(0{5,})$")  # a long round number, whose zeros nobody counts
_SEEN_ON_THE_PAGE = ("text", "abstract")


@dataclass(frozen=True)
class Meaning:
    """What a parameter's number means: unit, inclusive bounds, evidence, source and one line of words."""

    unit: str
    bounds: Bounds | None
    evidence: Evidence
    source: Citation | None
    doc: str


@dataclass(frozen=True)
class Parameter:
    """A row of the catalogue of parameters.

    path     : where a scenario sets it ("firms.*.price"; "*" is any item of a list or table)
    type     : "number", "whole number", "true or false", "text", "'a' | 'b'", "list of number" …
    default  : the default value; None when there is none, then `required` is True
    unit, bounds, evidence, source, doc : as declared; evidence is None for a field declared without `param`
    """

    path: str
    type: str
    default: Any
    unit: str
    bounds: Bounds | None
    evidence: Evidence | None
    source: Citation | None
    doc: str
    required: bool = False


class Parameters(list[Parameter]):
    """Rows of the catalogue of parameters, which a notebook shows as a table."""

    _repr_html_ = in_notebook


def param(
    default: Any = PydanticUndefined,
    *,
    unit: str,
    bounds: Bounds | None = None,
    evidence: Evidence,
    source: Citation | None = None,
    doc: str = "",
) -> Any:
    """Declare a field of a Spec together with what its value means.

    default  : the value when nothing is said; left out = the parameter is required
    unit     : "1/period", "fraction", "utility", "customers" …; "name" for a choice among words
    bounds   : inclusive (low, high), None = open; hold for every number inside a tuple or dict
    evidence : "measured" (read off the source), "calibrated" (tuned to a target) or "assumed"
    source   : where it comes from; "measured" needs one whose text or abstract was read
    doc      : one line of meaning

    Raises Refusal, when the class is defined, if any of this is missing or contradicts the rest.
    """
    if not unit:
        raise Refusal('param needs a unit; write unit="ratio" for a pure number')
    if evidence not in get_args(Evidence):
        raise Refusal(f"{CONTINUES}{shown(evidence)} is not {one_of(get_args(Evidence))}", place="evidence")
    _check_bounds(bounds)
    if evidence == "measured":
        _check_measured(source)
    meaning = Meaning(unit, bounds, evidence, source, doc)
    return Field(default, description=doc or None, json_schema_extra=cast(Any, {_MEANING: meaning}))


def meaning_of(field: FieldInfo) -> Meaning | None:
    """Return what a field's `param` declared, or None for a field declared without one."""
    extra = field.json_schema_extra
    return cast(Meaning, extra[_MEANING]) if isinstance(extra, dict) and _MEANING in extra else None


def check_within(meaning: Meaning, value: Any, place: str = "") -> None:
    """Raise Refusal, with the place of the number inside `value`, if any number in it is out of bounds."""
    if isinstance(value, tuple | list):
        for index, item in enumerate(value):
            check_within(meaning, item, below(place, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            check_within(meaning, item, below(place, str(key)))
    elif meaning.bounds and isinstance(value, int | float) and not isinstance(value, bool):
        low, high = meaning.bounds
        if (low is not None and value < low) or (high is not None and value > high):
            allowed = f"{interval(meaning.bounds)} ({meaning.unit})"
            raise Refusal(f"{CONTINUES}{shown(value)} is outside {allowed}", place=place)


def interval(bounds: Bounds) -> str:
    """Return inclusive bounds in the usual notation: "[0, 1]", "[0, inf)", "[0, 1e9]"."""
    low, high = bounds
    left = "(-inf" if low is None else f"[{_number(low)}"
    right = "inf)" if high is None else f"{_number(high)}]"
    return f"{left}, {right}"


def _number(value: float) -> str:
    text = f"{value:.15g}".replace("e+", "e")
    return _ROUND.sub(lambda found: f"{found[1]}e{len(found[2])}", text)


def _check_bounds(bounds: Bounds | None) -> None:
    if bounds is None:
        return
    low, high = bounds
    numbers = [bound for bound in bounds if bound is not None]
    if not all(math.isfinite(bound) for bound in numbers):
        raise Refusal(f"bounds = {bounds} must be finite; write None for an open end")
    if low is not None and high is not None and low > high:
        raise Refusal(f"bounds = {bounds} are the wrong way round")


def _check_measured(source: Citation | None) -> None:
    next_step = 'read it and cite the place, or say evidence="calibrated" or "assumed"'
    if source is None:
        raise Refusal(f'evidence="measured" needs a source; {next_step}')
    if source.source == PROTOTYPE:
        raise Refusal('evidence="measured", but a prototype measures nothing; say evidence="calibrated"')
    if source.source.seen not in _SEEN_ON_THE_PAGE:
        raise Refusal(f'evidence="measured" needs a source that was read, not {source}; {next_step}')
