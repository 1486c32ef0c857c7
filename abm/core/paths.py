"""Paths into a spec: "firms.north.price" leads through specs by parameter and lists by name or index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from abm.core.errors import CONTINUES, Refusal, below, cut, one_of, shown
from abm.core.explain import no_such, suggestion, validated

Node = TypeVar("Node")
Steps = tuple[int | str, ...]

_MOST_DIGITS = 9  # of an index
_PRESET = "preset"  # the parameter that names a design the others start from

# A plain segment, one in quotes for a key that holds a dot, or an index as refusals print it: a."b.c"[0]
_SEGMENT = re.compile(r'(?:^|\.)(?:"([^"]+)"|([^."\[\]]+))|\[([^\[\]]+)\]')


def value_at(node: Any, path: str) -> Any:
    """Return the value at `path`.  Raises Refusal if the path leads nowhere."""
    for step in steps_to(node, path):
        node = _child(node, step)
    return node


def replaced(node: Node, changes: Mapping[str, Any]) -> Node:
    """Return `node` with the value at each path replaced, all at once; specs on the way are validated anew.

    A parameter called `preset` names a design the others start from: what still stands as the old preset has it
    moves to the new one, what was set apart from it stays, and the other changes have the last word.
    Raises Refusal for a path that leads nowhere, two changes of one value or a value that is not allowed.
    """
    steps = {path: steps_to(node, path) for path in changes}
    _check_separate(steps)
    tree: dict[int | str, Any] = {}
    for path, value in changes.items():
        branch = tree
        for step in steps[path][:-1]:
            branch = branch.setdefault(step, _Branch())
        branch[steps[path][-1]] = value
    return _rebuilt(node, tree, "") if tree else node


class _Branch(dict[int | str, Any]):
    """Changes below a node, told apart from a new value that is itself a dict."""


def _rebuilt(node: Any, changes: dict[int | str, Any], place: str, unfolded: bool = False) -> Any:
    """Return `node` with changes below it.  unfolded : whether it is a list whose items paths name directly."""
    values: Any
    if isinstance(node, BaseModel):
        if _PRESET in changes and _PRESET in type(node).model_fields:
            node = _started_from(changes[_PRESET], node, place)
        values = {name: getattr(node, name) for name in type(node).model_fields}
    else:
        values = dict(node) if isinstance(node, dict) else list(node)
    for step, change in changes.items():
        inner = _spelled(place, node, step)
        if isinstance(change, _Branch):
            below_it = step in getattr(type(node), "unfolded", ())
            values[step] = _rebuilt(values[step], change, inner, below_it)
        elif unfolded and isinstance(change, Mapping):  # only what stands there tells of what class the table is
            values[step] = validated(type(values[step]), change, place=inner)
        else:
            _check_list(values[step], change, inner)
            values[step] = change
    if isinstance(node, BaseModel):
        return validated(type(node), values, place=place)
    return tuple(values) if isinstance(node, tuple) else values


def _check_list(now: Any, change: Any, place: str) -> None:
    """Refuse a table where a list of specs stands: what is meant is one of them, which a path names."""
    if isinstance(change, Mapping) and isinstance(now, tuple) and any(isinstance(item, BaseModel) for item in now):
        whole = f"write the whole path as one key, {shown(deepest(place, change))}"
        raise Refusal(f"{CONTINUES}{shown(change)} is not a list; to change one of it, {whole}", place=place)


def deepest(path: str, value: Any) -> str:
    """Return the path to the first value that is no table: "firms" and {"north": {"price": 1}}, "firms.north.price"."""
    while isinstance(value, Mapping) and value:
        key, value = next(iter(value.items()))
        path = below(path, str(key))
    return path


def _started_from(preset: Any, node: BaseModel, place: str) -> BaseModel:
    """Return `node` started from another preset, with what was set apart from the preset it started from."""
    model = type(node)
    required = {name: getattr(node, name) for name, field in model.model_fields.items() if field.is_required()}
    start = validated(model, {**required, _PRESET: getattr(node, _PRESET)}, place=place)
    return validated(model, {**required, **_apart(node, start), _PRESET: preset}, place=place)


def _apart(spec: BaseModel, start: BaseModel) -> dict[str, Any]:
    """Return the values of `spec` that are not those of `start`, specs inside it as tables of such values."""
    found = {}
    for name in type(spec).model_fields:
        value, other = getattr(spec, name), getattr(start, name)
        if value != other:
            inside = isinstance(value, BaseModel) and type(value) is type(other)
            found[name] = _apart(value, other) if inside else value
    return found


def _spelled(place: str, node: Any, step: int | str) -> str:
    if step in getattr(type(node), "unfolded", ()):
        return place
    name = getattr(node[step], "name", None) if isinstance(step, int) else None
    return below(place, name if isinstance(name, str) else step)


def _check_separate(steps: dict[str, Steps]) -> None:
    owners: dict[Steps, str] = {}
    for path, leads in steps.items():
        if leads in owners:
            raise Refusal(f"'{owners[leads]}' and '{path}' are the same value; change it once")
        owners[leads] = path
    for path, leads in steps.items():
        for length in range(1, len(leads)):
            if leads[:length] in owners:
                whole = owners[leads[:length]]
                raise Refusal(f"'{whole}' and '{path}' overlap; say '{path}' inside the value of '{whole}'")


def segments(path: str) -> list[str]:
    """Return the names and indices in a path.  Raises Refusal for what is no path."""
    found, end = [], 0
    for match in _SEGMENT.finditer(path):
        if match.start() != end:
            break
        found.append(next(group for group in match.groups() if group is not None))
        end = match.end()
    if not found or end != len(path):
        raise Refusal(f"{shown(path)} is not a path; write names between dots, such as firms.north.price")
    return found


def steps_to(node: Any, path: str) -> Steps:
    """Return the steps of a path that exists: parameter names, table keys and list indices.

    Two paths with the same steps lead to the same value.  Raises Refusal if the path leads nowhere.
    """
    steps: list[int | str] = []
    walked = ""
    for key in segments(path):
        if node is None:
            raise Refusal(
                f"'{walked}' is not set, so there is no '{path}'; set it as a whole, such as {walked} = {{ {key} = … }}"
            )
        for step in _steps(node, key, walked, path):
            node = _child(node, step)
            steps.append(step)
        walked = below(walked, key)
    return tuple(steps)


def _child(node: Any, step: int | str) -> Any:
    return getattr(node, str(step)) if isinstance(node, BaseModel) else node[step]


def _steps(node: Any, key: str, walked: str, path: str) -> Steps:
    if isinstance(node, BaseModel):
        return _into_spec(node, key, walked, path)
    if isinstance(node, tuple):
        return (_index(node, key, walked, path),)
    if not isinstance(node, dict):
        raise Refusal(f"'{walked}' is a single value, {shown(node)}; '{path}' leads on past it")
    if key not in node:
        raise Refusal(f"no entry '{cut(key)}' in '{walked}'{suggestion(key, map(str, node))}")
    return (key,)


def _into_spec(node: BaseModel, key: str, walked: str, path: str) -> Steps:
    fields = type(node).model_fields
    if key in fields:
        return (key,)
    direct: dict[str, Steps] = {}
    for field in getattr(type(node), "unfolded", ()):
        direct |= {item.name: (field, index) for index, item in enumerate(getattr(node, field))}
    if key in direct:
        return direct[key]
    where = f" in '{path}'" if path != key else ""
    for name in fields:
        if names := [item.name for item in _items(node, name) if key in type(item).model_fields]:
            meant = below(walked, name) + f".NAME.{path.removeprefix(walked).lstrip('.')}"
            message = (
                f"no {type(node).__name__} parameter {cut(key)!r}{where}; write {meant}, NAME being {one_of(names)}"
            )
            raise Refusal(message)
    raise Refusal(no_such(type(node), key, [*fields, *direct], where))


def _items(node: BaseModel, name: str) -> list[Any]:
    """Return the specs with a name in a list of a spec's; [] where there is no such list."""
    value = getattr(node, name)
    items = value if isinstance(value, tuple) else ()
    return [item for item in items if isinstance(item, BaseModel) and hasattr(item, "name")]


def _index(items: tuple[Any, ...], key: str, walked: str, path: str) -> int:
    names = [getattr(item, "name", None) for item in items]
    if names.count(key) > 1:
        raise Refusal(f"{names.count(key)} items of '{walked}' are named '{key}'; write an index: {walked}.0")
    if key in names:
        return names.index(key)
    if key.isascii() and key.isdecimal() and len(key) <= _MOST_DIGITS and int(key) < len(items):
        return int(key)
    known = [name for name in names if isinstance(name, str)] or [str(index) for index in range(len(items))]
    raise Refusal(f"no '{cut(key)}' in '{walked}'{suggestion(key, known)}")
