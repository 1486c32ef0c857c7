"""Digests: when two runs are the same run.

A run is identified by what decides its numbers, written as one canonical JSON text. Shipped code counts through its
revisions (revisions.py), a mechanism or KPI of the user's own through the code that runs and all that it depends on
(`abm.core.dependence`): an edited equation is a new run and never finds old numbers under its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from abm.core.dependence import dependence, is_shipped
from abm.core.errors import Refusal
from abm.core.presets import listed
from abm.core.spec import Spec
from abm.kpis.measure import Measure

DIGEST_BYTES = 16


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


def own_code(*values: Any) -> list[tuple[str, str]]:
    """Return name and digest of each of the user's classes and functions in `values`, with all they depend on, sorted.

    values : specs (searched through their fields), KPIs and readings, functions, and tables or lists of these

    Raises Refusal, with the name, for code that uses what cannot be read (dependence.py).
    """
    found: set[tuple[str, str]] = set()
    for name, thing in _code_in(values):
        try:
            found.add((name, dependence(thing)))
        except Refusal as inner:
            raise Refusal(inner.message, place=name) from None
    return sorted(found)


def _code_in(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and code of what is the user's own in a value."""
    if isinstance(value, Spec):
        if not is_shipped(type(value)):
            yield type(value).__qualname__, type(value)
            yield from ((f"{type(value).__qualname__} {name}", text) for name, text in _presets(type(value)))
        for field in type(value).model_fields:
            yield from _code_in(getattr(value, field))
    elif isinstance(value, Measure):
        if not is_shipped(value.function) or value.function.__name__ != value.name:
            yield value.name, value.function
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _code_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _code_in(item)
    elif isinstance(value, type | FunctionType) and not is_shipped(value):
        yield value.__qualname__, value


def _presets(kind: type[Spec]) -> Iterator[tuple[str, str]]:
    """Yield name and text of a class's own presets: a point of a design may name one."""
    for name, file in listed(kind).items() if "presets" in vars(kind) else ():
        yield name, file.read_text("utf-8")
