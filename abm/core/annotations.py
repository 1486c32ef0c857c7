"""Types in plain words, for refusals ("a whole number") and for the catalogue ("list of number")."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel

from abm.core.errors import one_of

_KINDS = {float: "number", int: "whole number", bool: "true or false", str: "text", Any: "anything"}
_WITHOUT_ARTICLE = (bool, str, Any)


def bare(annotation: Any) -> Any:
    """Return the annotation without Annotated and without the None of an optional."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if not is_union(annotation):
        return annotation
    rest = tuple(member for member in get_args(annotation) if member is not type(None))
    return bare(rest[0]) if len(rest) == 1 else Union[rest]  # noqa: UP007 - the members are known at run time


def is_union(annotation: Any) -> bool:
    """Return whether the annotation is a union, written either way."""
    return get_origin(annotation) in (Union, types.UnionType)


def is_optional(annotation: Any) -> bool:
    """Return whether None is allowed."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation is None or (is_union(annotation) and type(None) in get_args(annotation))


def is_spec(annotation: Any) -> TypeGuard[type[BaseModel]]:
    """Return whether the annotation is a class of parameters."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def item_annotation(annotation: Any, step: int | str) -> Any:
    """Return the type of the field, item or entry that `step` leads to; None if it leads nowhere."""
    annotation = bare(annotation)
    arguments = get_args(annotation)
    if is_spec(annotation):
        field = annotation.model_fields.get(str(step))
        return field.annotation if field else None
    if get_origin(annotation) is tuple and isinstance(step, int):
        if arguments[-1] is Ellipsis:
            return arguments[0]
        return arguments[step] if step < len(arguments) else None
    return arguments[1] if get_origin(annotation) is dict else None


def section(model: type[BaseModel], key: str, *values: Any) -> type[BaseModel] | None:
    """Return the class of parameters that the parameter `key` is; None if it is none or a value is no table for it."""
    inside = bare(model.model_fields[key].annotation) if key in model.model_fields else None
    return inside if is_spec(inside) and all(isinstance(value, Mapping) for value in values) else None


def specs_in(annotation: Any) -> list[tuple[str, type[BaseModel]]]:
    """Return the classes of parameters inside the annotation, each with its steps: "", ".*", ".*.*"."""
    annotation = bare(annotation)
    if is_spec(annotation):
        return [("", annotation)]
    arguments = dict.fromkeys(argument for argument in get_args(annotation) if argument is not Ellipsis)
    step = "" if is_union(annotation) else ".*"
    return [(step + steps, spec) for argument in arguments for steps, spec in specs_in(argument)]


def kind(annotation: Any) -> str:
    """Return the type as the catalogue prints it: "number", "'a' | 'b'", "list of number"."""
    annotation = bare(annotation)
    arguments = get_args(annotation)
    if annotation in _KINDS:
        return _KINDS[annotation]
    if get_origin(annotation) is Literal:
        return " | ".join(repr(argument) for argument in arguments)
    if is_union(annotation):
        return " or ".join(kind(member) for member in arguments)
    if get_origin(annotation) is tuple:
        items = dict.fromkeys(kind(item) for item in arguments if item is not Ellipsis)
        return f"list of {' or '.join(items)}"
    if get_origin(annotation) is dict:
        return f"table of {kind(arguments[1])}"
    return getattr(annotation, "__name__", str(annotation))


def described(annotation: Any) -> str:
    """Return the type as it ends "x is not …": "a whole number", "one of a, b or c", "a list of 2"."""
    annotation = bare(annotation)
    arguments = get_args(annotation)
    if get_origin(annotation) is Literal:
        return f"one of {one_of(map(str, arguments))}"
    if is_union(annotation):
        return one_of(described(member) for member in arguments)
    if get_origin(annotation) is tuple:
        return "a list" if Ellipsis in arguments else f"a list of {len(arguments)}"
    if get_origin(annotation) is dict:
        return "a table"
    if annotation in _WITHOUT_ARTICLE:
        return _KINDS[annotation]
    word = kind(annotation) + (" table" if is_spec(annotation) else "")
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
