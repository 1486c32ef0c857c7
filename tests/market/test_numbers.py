"""A number that says how strong something is stands in a parameter, not in an equation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import abm

THEORIES = Path(abm.__file__).parent / "mechanisms"
HALVES = {0.5, 0.25}  # means of two and of four
UNITS = {0.01, 50, 100, 10_000}  # cents, hundredths of a point
ROUNDING = {0.999999, 1.001, 1e-6, 1e-3}  # margins of float32
LN_2 = {0.6931472}
INDEX = 16  # whole numbers up to here are places, counts and shifts
ALLOWED = HALVES | UNITS | ROUNDING | LN_2


def decorated(function: ast.FunctionDef) -> bool:
    names = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(isinstance(name, ast.Name) and name.id in ("kernel", "equation") for name in names)


def numbers() -> Iterator[tuple[str, float]]:
    """Yield every number in a kernel or equation of a theory, with where it stands."""
    for page in sorted(THEORIES.rglob("*.py")):
        for function in ast.walk(ast.parse(page.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef) and decorated(function):
                for node in ast.walk(function):
                    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                        yield f"{page.relative_to(THEORIES)}: {function.name}", node.value


def test_equations_have_no_sizes_of_their_own():
    """Some twenty stood bare: .70 and .50 of telling, .1, .7 and .5 of headroom, .3 and .05 of status, ...."""
    found = list(numbers())
    assert len(found) > 100
    bare = [(where, value) for where, value in found if not _is_index(value) and value not in ALLOWED]
    assert not bare


def _is_index(value: float) -> bool:
    return float(value).is_integer() and 0 <= value <= INDEX
