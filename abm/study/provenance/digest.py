"""Digests: when two runs are the same run.

A run is identified by what decides its numbers, written as one canonical JSON text. Shipped code counts through its
revisions (revisions.py), a mechanism or KPI of the user's own through its source text: an edited equation is a new run
and never finds old numbers under its name.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from abm.core.presets import listed
from abm.core.spec import Spec
from abm.mechanisms.sums import Sum
from abm.world.columns import Column, Tally

DIGEST_BYTES = 16
_PACKAGE = __name__.partition(".")[0]
_CONSTANT = (bool, int, float, str, type(None), np.generic, np.ndarray, Column, Tally, Sum)


def digest(data: bytes) -> bytes:
    """Return the BLAKE2b digest (16 bytes) of `data`."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def plain(value: Any) -> Any:
    """Return `value` as TOML and JSON can hold it: specs in full as dicts, tuples as lists, paths as text."""
    if isinstance(value, Spec):
        return value.to_dict(full=True)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, Path) else value


def canonical(value: Any) -> str:
    """Return the one JSON text of `value`: sorted keys, no blanks, floats by their shortest exact form."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def is_shipped(thing: Any) -> bool:
    """Return whether a class or function is of this package, not the user's own."""
    return bool(thing.__module__.partition(".")[0] == _PACKAGE)


def own_code(*values: Any) -> list[tuple[str, str]]:
    """Return name and source of the user's classes and functions in `values` and of all they refer to, sorted.

    values : specs (searched through their fields), functions, and tables or lists of these

    Followed are classes, functions, kernels, equations and constants of the module a class or function stands in.
    Code whose source cannot be read (typed at a prompt) counts by its name alone.
    """
    found: dict[tuple[str, str], str] = {}
    for thing in _code_in(values):
        if not is_shipped(thing):
            _gather(thing, found)
    # a module has one name as a script and another when imported: the same code must not be other code for that
    return sorted((name, source) for (_, name), source in found.items())


def _code_in(value: Any) -> Iterator[Any]:
    if isinstance(value, Spec):
        yield type(value)
        for field in type(value).model_fields:
            yield from _code_in(getattr(value, field))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _code_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _code_in(item)
    elif _is_code(value):
        yield value


def _is_code(thing: Any) -> bool:
    return isinstance(thing, type) or isinstance(_function(thing), FunctionType)


def _function(thing: Any) -> Any:
    """Return the Python function inside a kernel or a compiled equation."""
    return getattr(thing, "function", getattr(thing, "py_func", thing))


def _gather(thing: Any, found: dict[tuple[str, str], str]) -> None:
    thing = _function(thing)
    module = thing.__module__
    if (module, thing.__qualname__) in found:
        return
    try:
        found[module, thing.__qualname__] = inspect.getsource(thing)
    except (OSError, TypeError):
        found[module, thing.__qualname__] = ""
    if isinstance(thing, type) and issubclass(thing, Spec):  # a point of a design may name a preset
        files = listed(thing).items() if "presets" in vars(thing) else ()
        found |= {(module, f"{thing.__qualname__} {name}"): file.read_text("utf-8") for name, file in files}
    functions = [part for part in map(_function, _parts(thing)) if isinstance(part, FunctionType)]
    functions = [function for function in functions if function.__module__ == module]
    here = functions[0].__globals__ if functions else vars(sys.modules.get(module, object))
    for name in _names(found[module, thing.__qualname__], functions) & here.keys():
        value = here[name]
        if _is_constant(value):
            found.setdefault((module, name), repr(value.tolist() if isinstance(value, np.ndarray) else value))
        for code in _code_in(value):
            if _function(code).__module__ == module:
                _gather(code, found)


def _is_constant(value: Any) -> bool:
    """Return whether a value is one that its text tells whole: numbers, texts, lists and tables of them, columns."""
    if isinstance(value, Mapping):
        return all(map(_is_constant, (*value, *value.values())))
    if isinstance(value, list | tuple):
        return all(map(_is_constant, value))
    return isinstance(value, _CONSTANT)


def _parts(thing: Any) -> list[Any]:
    return [*vars(thing).values()] if isinstance(thing, type) else [thing]


def _names(source: str, functions: list[FunctionType]) -> set[str]:
    """Return the names that the source of a class or function looks up; without one, those of compiled functions."""
    with contextlib.suppress(SyntaxError):  # a lambda's source is the lines that it stands in
        if source:
            return {node.id for node in ast.walk(ast.parse(dedent(source))) if isinstance(node, ast.Name)}
    return set().union(*(_names_in(function.__code__) for function in functions))


def _names_in(code: CodeType) -> set[str]:
    """Return the names that compiled code and the functions inside it look up."""
    return set(code.co_names).union(*(_names_in(part) for part in code.co_consts if isinstance(part, CodeType)))
