"""Which of its parameters a loop writes, read off its code: what a theory declares is held against this."""

from __future__ import annotations

import inspect
from functools import lru_cache
from types import FunctionType
from typing import Any

from numba.core import compiler, ir


@lru_cache(maxsize=1024)
def written_by(function: FunctionType) -> frozenset[str]:
    """Return the names of those parameters of a function to whose entries it assigns, itself or through an equation.

    Works on the function's code, so that a loop typed into a notebook or at a prompt is read like one in a file.
    """
    code = compiler.run_frontend(function)
    names = code.arg_names
    found: set[str] = set()
    for block in code.blocks.values():
        for statement in block.body:
            if isinstance(statement, ir.SetItem | ir.StaticSetItem | ir.DelItem):
                found.add(_root(code, statement.target))
            elif isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Expr):
                found |= _written_by_call(code, statement.value)
    return frozenset(found) & frozenset(names)


def _written_by_call(code: Any, expression: Any) -> set[str]:
    """Return what is written by the function that an expression calls, as the names of the caller's arrays."""
    if expression.op != "call":
        return set()
    called = _value(code, expression.func)
    if called == "fill":  # the method of an array that overwrites all of it
        return {_root(code, _definition(code, expression.func).value)}
    function = getattr(called, "py_func", None)
    if not isinstance(function, FunctionType):
        return set()
    bound = inspect.signature(function).bind(*expression.args, **dict(expression.kws))
    inner = written_by(function)
    return {_root(code, argument) for name, argument in bound.arguments.items() if name in inner}


def _value(code: Any, variable: Any) -> Any:
    """Return the object that a variable names, or the name of the method it is."""
    definition = _definition(code, variable)
    if isinstance(definition, ir.Global | ir.FreeVar):
        return definition.value
    return definition.attr if isinstance(definition, ir.Expr) and definition.op == "getattr" else None


def _definition(code: Any, variable: Any) -> Any:
    try:
        return code.get_definition(variable)
    except KeyError:  # defined more than once: no name of an array, and no function
        return None


def _root(code: Any, variable: Any) -> str:
    """Return the parameter that an array is, or is a part of; the variable's own name if it is none."""
    definition = _definition(code, variable)
    if isinstance(definition, ir.Arg):
        return str(definition.name)
    if isinstance(definition, ir.Var):
        return _root(code, definition)
    if isinstance(definition, ir.Expr) and definition.op in ("getitem", "static_getitem", "getattr"):
        return _root(code, definition.value)
    return str(variable.name)
