"""From a validation error to one plain line that says what came, what is allowed and the next step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from abm.core.annotations import bare, described, is_spec, is_union, item_annotation
from abm.core.errors import CONTINUES, LONGEST_SHOWN, Refusal, below, cut, did_you_mean, joined, shown
from abm.core.parameters import meaning_of

Model = TypeVar("Model", bound=BaseModel)

_MOST_NAMES = 8
_LARGEST_REWRITTEN = 1e15
_WRONG_TYPE = ("_type", "literal_error", "is_instance_of", "too_long", "none_required")
_ABOUT_A_KEY = ("extra_forbidden", "missing")  # the last step of such an error is a key that is not there
_WRONG_KEY = ("[key]",)  # pydantic's last step, after the key itself, when a table's key has the wrong type


def validated(model: type[Model], data: Any, *, place: str | None = None, source: str = "") -> Model:
    """Build `model` from `data`.  Raises Refusal with the path of what is wrong, seen from `place`.

    place : path of `data`; "" = the top of a file, None = nowhere, then the path begins with the model's name
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise first_refusal(error, model, data, place=place, source=source) from None


def first_refusal(
    error: ValidationError, model: type[BaseModel], data: Any, *, place: str | None = None, source: str = ""
) -> Refusal:
    """Return the Refusal for the error a user should see first."""
    first = min(error.errors(include_url=False), key=_rank)
    found = _follow(model, data, first)
    message, inner = _message(found, first)
    if place is None:
        names_the_model = first["type"] == "extra_forbidden" and not found.place
        place = "" if names_the_model else model.__name__
    return Refusal(message + found.named, place=joined(joined(place, found.place), inner), source=source)


def no_such(model: type[BaseModel], key: str, names: Iterable[str], where: str = "") -> str:
    """Return "no WordOfMouth parameter 'contact_rte'; did you mean 'contact_rate'?"."""
    return f"no {model.__name__} parameter {cut(key)!r}{where}{suggestion(key, names)}"


def suggestion(word: str, names: Iterable[str]) -> str:
    """Return the name most like `word` as a question, or else the names there are."""
    names = list(names)
    listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    return did_you_mean(word, names) or (f"; there is {listed}" if names else "; there is none")


@dataclass(frozen=True)
class _Found:
    """Where the steps of an error lead: the type expected there, the value and the path."""

    annotation: Any
    data: Any
    place: str = ""
    named: str = ""  # " (firms[0] is 'north')"


def _rank(error: ErrorDetails) -> int:
    # An unknown key often explains a missing one; where a word or a table may stand, judge a table as one.
    if error["type"] == "extra_forbidden":
        return 0
    return 2 if isinstance(error["input"], Mapping) and error["type"] != "missing" else 1


def _follow(model: type[BaseModel], data: Any, error: ErrorDetails) -> _Found:
    found = _Found(model, data)
    for step in _steps(error):
        annotation = bare(found.annotation)
        if is_union(annotation):  # the step is the name of the member that was tried
            specs = [member for member in get_args(annotation) if is_spec(member)]
            tried = [spec for spec in specs if spec.__name__ == step]
            if not tried or not isinstance(found.data, Mapping):
                break
            found = replace(found, annotation=tried[0])
        elif item_annotation(annotation, step) is None:
            break
        else:
            found = _one_step(found, step)
    return found


def _steps(error: ErrorDetails) -> tuple[int | str, ...]:
    """Return the steps of the error that lead somewhere in the data."""
    steps = error["loc"]
    if error["type"] in _ABOUT_A_KEY:
        return steps[:-1]
    return steps[:-2] if steps[-1:] == _WRONG_KEY else steps


def _one_step(found: _Found, step: int | str) -> _Found:
    place, data = below(found.place, step), _item(found.data, step)
    name = _item(data, "name") if isinstance(step, int) else None
    named = f" ({place.rpartition('.')[2]} is {cut(name)!r})" if isinstance(name, str) else found.named
    return _Found(item_annotation(found.annotation, step), data, place, named)


def _item(data: Any, step: int | str) -> Any:
    try:
        return getattr(data, str(step), None) if isinstance(data, BaseModel) else data[step]
    except (LookupError, TypeError):
        return None


def _message(found: _Found, error: ErrorDetails) -> tuple[str, str]:
    """Return the message and the path of its place below `found`."""
    raised = error.get("ctx", {}).get("error")
    if isinstance(raised, Refusal):
        return (str(raised), "") if raised.source else (raised.message, raised.place)
    if raised is not None:
        return str(raised), ""
    if error["type"] in _ABOUT_A_KEY:
        return _about_a_key(bare(found.annotation), error), ""
    return _about_a_value(bare(found.annotation), error), ""


def _about_a_key(annotation: Any, error: ErrorDetails) -> str:
    key = str(error["loc"][-1])
    if not is_spec(annotation):  # a list of fixed length that is too short
        return f"{CONTINUES}{shown(error['input'])} is not {described(annotation)}"
    if error["type"] == "extra_forbidden":
        return no_such(annotation, key, annotation.model_fields)
    meaning = meaning_of(annotation.model_fields[key])
    unit = f" ({meaning.unit})" if meaning and meaning.unit != "name" else ""
    return f"the required parameter '{key}' is missing{unit}"


def _about_a_value(annotation: Any, error: ErrorDetails) -> str:
    value, problem = error["input"], error["type"]
    if problem == "invalid_key" or error["loc"][-1:] == _WRONG_KEY:
        return f"the key {shown(value)} is not text"
    if problem == "finite_number":
        return f"{CONTINUES}{shown(value)} is not a finite number"
    if problem.endswith(_WRONG_TYPE):
        return f"{CONTINUES}{shown(value)} is not {described(annotation)}{_hint(annotation, value)}"
    return f"{CONTINUES}{shown(value)} is refused: {error['msg']}"


def _hint(annotation: Any, value: Any) -> str:
    if get_origin(annotation) is Literal and isinstance(value, str):
        return did_you_mean(value, map(str, get_args(annotation)))
    if annotation is str and isinstance(value, datetime):
        return f'; of a date the day counts: write "{value.date()}"'
    if annotation is str and type(value) in (int, float):
        return f'; write "{shown(value)}"'
    if annotation is int and type(value) is float and value.is_integer() and abs(value) < _LARGEST_REWRITTEN:
        return f"; write {int(value)}"
    if annotation in (int, float) and isinstance(value, str) and _reads_as(annotation, value):
        return f"; write {value.strip()} without quotes"
    return ""


def _reads_as(number: type, text: str) -> bool:
    try:
        return len(text) < LONGEST_SHOWN and abs(number(text)) < float("inf")
    except ValueError:
        return False
