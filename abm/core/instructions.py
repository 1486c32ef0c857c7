"""Instructions: what Python's instructions of a function say it looks up and imports."""

from __future__ import annotations

import dis
import importlib.util
from collections.abc import Iterable
from types import CodeType

_NOTHING = ("CACHE", "PRECALL", "PUSH_NULL", "EXTENDED_ARG", "NOP")  # instructions that put nothing on the stack


def names_in(code: CodeType) -> set[str]:
    """Return the names that code and the functions inside it look up."""
    return set(code.co_names).union(*(names_in(part) for part in code.co_consts if isinstance(part, CodeType)))


def looks_up_any(code: CodeType) -> bool:
    """Return whether code, or a function inside it, asks for an attribute whose name is not written in it."""
    if "getattr" in code.co_names:
        steps = [step for step in dis.get_instructions(code) if step.opname not in _NOTHING]
        for at, step in enumerate(steps):
            if step.argval == "getattr" and not _is_written(steps[at + 1 :]):
                return True
    if not {"vars", "__dict__", "attrgetter"}.isdisjoint(code.co_names):
        return True
    return any(looks_up_any(part) for part in code.co_consts if isinstance(part, CodeType))


def _is_written(steps: list[dis.Instruction]) -> bool:
    """Return whether the call that follows `getattr` has a constant for its second argument.

    The first argument is a plain name, as that of a module is, or its attribute; anything else leads to no module here.
    """
    first = next((at for at, step in enumerate(steps) if not step.opname.startswith("LOAD_ATTR")), 0)
    rest = steps[first + 1 :]
    while rest and rest[0].opname.startswith("LOAD_ATTR"):
        rest = rest[1:]
    return bool(rest) and rest[0].opname.startswith("LOAD_CONST")


def imports_in(code: CodeType, package: str) -> Iterable[str]:
    """Yield the full names of the modules that code and the functions inside it import."""
    steps = list(dis.get_instructions(code))
    for level, _, step in zip(steps, steps[1:], steps[2:], strict=False):
        if step.opname == "IMPORT_NAME":
            depth = level.argval if isinstance(level.argval, int) else 0
            if depth and package:
                yield importlib.util.resolve_name("." * depth + step.argval, package)
            elif not depth:
                yield step.argval
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from imports_in(part, package)
