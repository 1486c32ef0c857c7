"""What code depends on: everything that decides what it computes, read off the code itself, as one digest.

Read are the instructions of a function, its defaults and what it encloses, and whatever its names lead to: constants,
lists and arrays, functions, classes with their bases, modules and what of them is named. A text on the disk may be
edited while the code of before still runs, so no source counts; and as other versions of Python have other
instructions, a digest holds for one of them.

What is installed counts by its name and the version of its distribution, so that another version of a helper is another
thing; Python itself, and the libraries that this package requires, count by name alone, as versions of those are
recorded beside results. Shipped code has its own accounts (`abm.study.provenance.revisions`, `abm.core.kernels`).

A name that is made up while the code runs, `getattr(module, name)`, may be any of the module: all of it counts.
"""

from __future__ import annotations

import copyreg
import hashlib
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    EllipsisType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.core.installed import PACKAGE, is_installed, named_with_version, package_of, version_of
from abm.core.instructions import imports_in, looks_up_any, names_in

_ANY = "*"  # among names: the code may look up any
_PLAIN = (bool, int, float, complex, str, bytes, type(None), EllipsisType)
_IMMUTABLE = (tuple, frozenset, CodeType)
_PASSING = ("_abc_impl",)  # of classes: what Python remembers of checks
_METHODS = (FunctionType, staticmethod, classmethod, property)
_INSIDE = {
    property: ("fget", "fset", "fdel"),
    cached_property: ("func",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    MethodType: ("__func__", "__self__"),
    BuiltinFunctionType: ("__qualname__", "__self__"),
    GetSetDescriptorType: ("__qualname__",),
    MemberDescriptorType: ("__qualname__",),
}


def dependence(thing: Any) -> str:
    """Return the digest (hexadecimal) of a function, class or value and of all of the user's own that it depends on.

    Raises Refusal if it uses something whose content cannot be read, such as an open file.
    """
    return _Reader(package_of(_module(thing))).digest(thing)


def compiled_within(thing: Any) -> list[Any]:
    """Return the compiled functions of the user's own that a function calls, directly or through others."""
    reader = _Reader(package_of(_module(thing)))
    reader.digest(thing)
    return reader.compiled


def is_shipped(thing: Any) -> bool:
    """Return whether a class or function is of this package, not the user's own."""
    return package_of(_module(thing)) == PACKAGE


def _module(thing: Any) -> str:
    return str(getattr(thing, "__module__", None) or "")


class _Reader:
    """Reads what one thing depends on.

    package  : that counts as the user's own even if it is installed, as the thing is of it
    compiled : the compiled functions of the user's own that were met, in order
    """

    def __init__(self, package: str, met: Mapping[Any, int] | None = None) -> None:
        self._package, self._met = package, dict(met or {})
        self._kept: list[Any] = []  # so that no other thing gets the id of one that was met
        self.compiled: list[Any] = []

    def digest(self, value: Any, names: frozenset[str] = frozenset()) -> str:
        """Return the digest of a value.

        names : that the code which leads to the value looks up, for what of a module counts
        """
        if type(value) in _PLAIN:
            return f"{type(value).__name__} {value!r}"
        module = isinstance(value, ModuleType)
        if module and not self._is_own(value.__name__):
            return f"module {value.__name__}{version_of(value.__name__)}"
        if type(value) not in _IMMUTABLE:  # Python may or may not keep equal ones of these once
            key = (id(value), names) if module else id(value)
            if key in self._met:
                return f"met {self._met[key]}"
            self._met[key] = len(self._met)
            self._kept.append(value)
        return _joined(self._parts(value, names))

    def _all(self, values: Iterable[Any], names: frozenset[str] = frozenset()) -> list[str]:
        return [self.digest(value, names) for value in values]

    def _is_own(self, module: str) -> bool:
        package = package_of(module)
        return package != PACKAGE and (package == self._package or not is_installed(module))

    def _parts(self, value: Any, names: frozenset[str]) -> list[str]:
        """Return the digests of what a value is made of, what kind of thing it is first."""
        if type(value) in (list, tuple):
            return [type(value).__name__, *self._all(value, names)]
        if type(value) is dict:
            return ["dict", *self._all([part for item in value.items() for part in item], names)]
        if type(value) in (set, frozenset):  # in no order: each item is read as if it were the first
            return [type(value).__name__, *sorted(_Reader(self._package, self._met).digest(one) for one in value)]
        if isinstance(value, ModuleType):
            return self._of_module(value, names)
        if isinstance(value, CellType):
            return ["cell", *self._all(_content(value), names)]
        kinds: dict[Any, Callable[[Any], list[str]]] = {
            (np.ndarray, np.generic): self._of_array,
            CodeType: self._of_code,
            FunctionType: self._of_function,
            type: self._of_class,
            object: self._of_object,
        }
        return next(read for kind, read in kinds.items() if isinstance(value, kind))(value)

    def _of_array(self, value: np.ndarray | np.generic) -> list[str]:
        array = np.asarray(value)
        if array.dtype.hasobject:
            return ["array", repr(array.dtype), *self._all(array.ravel().tolist())]
        return ["array", repr(array.dtype), repr(array.shape), hashlib.blake2b(array.tobytes()).hexdigest()]

    def _of_module(self, module: ModuleType, names: frozenset[str]) -> list[str]:
        known = sorted(_ordinary(vars(module)) if _ANY in names else names & vars(module).keys())
        return ["module", *known, *self._all([vars(module)[name] for name in known], names)]

    def _of_code(self, code: CodeType) -> list[str]:
        looked_up = [*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars]
        form = [code.co_flags, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount]
        table = getattr(code, "co_exceptiontable", b"")
        return ["code", code.co_code.hex(), table.hex(), repr(form), *looked_up, *self._all(code.co_consts)]

    def _of_function(self, function: FunctionType) -> list[str]:
        space = function.__globals__
        cells = function.__closure__ or ()
        if not self._is_own(_module(function)) and not self._is_own(str(space.get("__name__"))):
            handed = [one for cell in cells for one in _content(cell) if isinstance(one, (FunctionType, *_PLAIN))]
            return ["function", *named_with_version(_module(function)), function.__qualname__, *self._all(handed)]
        names = frozenset(names_in(function.__code__))
        if looks_up_any(function.__code__):
            names |= {_ANY}
        used = sorted(_ordinary(space) if "globals" in names else names & space.keys())
        own = {name: one for name, one in vars(function).items() if not name.startswith("__")}
        return [
            "function",
            *self._all([function.__code__, function.__defaults__, function.__kwdefaults__, own]),
            *used,
            *self._all([*cells, *(space[name] for name in used), *_imported(function)], names),
        ]

    def _of_class(self, kind: type) -> list[str]:
        if not self._is_own(kind.__module__):
            return ["class", *named_with_version(kind.__module__), kind.__qualname__]
        members = {
            name: one
            for name, one in sorted(vars(kind).items())
            if name not in _PASSING and (not name.startswith("__") or isinstance(one, _METHODS))
        }
        return ["class", kind.__qualname__, *self._all(kind.__bases__), *members, *self._all(members.values())]

    def _of_object(self, value: Any) -> list[str]:
        """Return the digests of an object's class and of its state, as Python takes it for a copy."""
        inside = getattr(value, "py_func", None)
        if isinstance(inside, FunctionType):
            if self._is_own(_module(inside)):
                self.compiled.append(value)
            return ["compiled", self.digest(inside)]
        wrapped = _wrapped(value)
        if wrapped is not None:
            return [type(value).__qualname__, *self._all(wrapped)]
        kind = self.digest(type(value))
        if is_dataclass(value):
            return [kind, *self._all(getattr(value, item.name) for item in fields(value))]
        if is_shipped(type(value)):
            public = {name: one for name, one in vars(value).items() if not name.startswith("_")}
            return [kind, *public, *self._all(public.values())]
        return [kind, *self._all(_state(value))]


def _joined(parts: list[str]) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _wrapped(value: Any) -> list[Any] | None:
    """Return what is inside what Python itself makes for classes, calls and caches; None for anything else."""
    for kind, names in _INSIDE.items():
        if isinstance(value, kind):
            return [getattr(value, name) for name in names]
    inside = getattr(value, "__wrapped__", None)
    return [inside] if callable(inside) else None


def _state(value: Any) -> list[Any]:
    """Return what an object would be made anew of.  Raises Refusal if it cannot be told."""
    try:
        reduced = copyreg.dispatch_table.get(type(value))
        state: Any = reduced(value) if reduced else value.__reduce_ex__(2)
    except Exception:  # a file, a lock, a generator, and whatever a class raises that cannot be copied
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        advice = "its numbers could not be told from others; let the code make it when it is called"
        raise Refusal(f"uses a {kind}, whose content cannot be read, so that {advice}") from None
    if isinstance(state, str):
        return [state]
    made, arguments, content, items, pairs = [*state, None, None, None][:5]
    return [made, arguments, content, list(items or ()), list(pairs or ())]


def _content(cell: CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # nothing is in it yet
        return []


def _ordinary(space: Mapping[str, Any]) -> set[str]:
    """Return the names of a module's contents, without what Python itself keeps there."""
    return {name for name in space if not name.startswith("__")}


def _imported(function: FunctionType) -> list[ModuleType]:
    """Return the modules that a function imports when it is called; those that are not there are left out."""
    package, found = str(function.__globals__.get("__package__") or ""), []
    for name in dict.fromkeys(imports_in(function.__code__, package)):
        try:
            found.append(importlib.import_module(name))
        except Exception:  # the call itself meets it
            continue
    return found
