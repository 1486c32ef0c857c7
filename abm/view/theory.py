"""What stands on a theory's pages, read off them: its equations as formulas, its kernels, and when each runs."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from itertools import combinations
from typing import Any, get_args

from abm.core.annotations import bare
from abm.core.errors import Refusal
from abm.core.kernels import Kernel
from abm.core.spec import Spec
from abm.mechanisms.mechanism import Act, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.shipped import shipped
from abm.mechanisms.sums import Sum, sum_meant
from abm.view.tables import written

_KINDS = ("float32", "float64", "int32", "int64", "uint32", "uint64")  # a number is the same number in each of them
_SAID = {"exp32": "exp", "exp64": "exp", "log32": "ln"}


@dataclass(frozen=True)
class Equation:
    """A scalar function: its name with arguments, its docstring, and its formula; "" if it is worked out in steps."""

    name: str
    signature: str
    docstring: str
    formula: str


@dataclass(frozen=True)
class Acting:
    """Something that a theory does in a phase, and what a scenario has to set for it; "" = nothing."""

    theory: str
    phase: Phase
    act: Act
    needs: str

    @property
    def name(self) -> str:
        """Name of the kernel or function."""
        return self.act.name if isinstance(self.act, Kernel) else self.act.__name__

    def takes(self, one: Sum) -> bool:
        """Return whether it takes a sum, whole or a part of it."""
        arguments = self.act.arguments if isinstance(self.act, Kernel) else ()
        return any(sum_meant(name) == one.name for name in arguments)


def ordered() -> list[type[Mechanism]]:
    """Return all shipped theories: the standard ones first."""
    return sorted(shipped(), key=lambda kind: not kind.standard)


def pages(kind: type[Mechanism]) -> list[str]:
    """Return the modules that a theory stands on: its own, and those of its folder that it uses and that have none."""
    folder = kind.__module__.rpartition(".")[0]
    others = {other.__module__ for other in shipped()}
    found, ahead = [], [kind.__module__]
    while ahead:
        page = ahead.pop(0)
        found.append(page)
        used = dict.fromkeys(_home(thing) for thing in vars(sys.modules[page]).values())
        inside = [home for home in used if home.rpartition(".")[0] == folder and home not in others]
        ahead += [home for home in inside if home not in (*found, *ahead)]
    return found


def _home(thing: Any) -> str:
    """Return the module in which a class, a function, a kernel or an equation is written."""
    return str(getattr(getattr(thing, "function", getattr(thing, "py_func", thing)), "__module__", None) or "")


@cache
def equations(page: str) -> tuple[Equation, ...]:
    """Return the equations of a module, in its order."""
    functions = [node for node in ast.parse(inspect.getsource(sys.modules[page])).body if _is_equation(node)]
    return tuple(_equation(node) for node in functions if isinstance(node, ast.FunctionDef))


def _is_equation(node: ast.stmt) -> bool:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    called = [mark.func if isinstance(mark, ast.Call) else mark for mark in marks]
    return any(getattr(mark, "id", getattr(mark, "attr", "")) == "equation" for mark in called)


def _equation(node: ast.FunctionDef) -> Equation:
    signature = f"{node.name}({', '.join(argument.arg for argument in node.args.args)})"
    docstring = ast.get_docstring(node) or ""
    return Equation(node.name, signature, docstring, _formula(node.body[1 if docstring else 0 :]))


def _formula(body: Sequence[ast.stmt]) -> str:
    """Return "expression, where name = expression" of a body of plain assignments and a return; "" of another."""
    *steps, last = body
    if not isinstance(last, ast.Return) or last.value is None:
        return ""
    where = []
    for step in steps:
        if not (isinstance(step, ast.Assign) and isinstance(step.targets[0], ast.Name)):
            return ""
        where.append(f"`{step.targets[0].id} = {_expression(step.value)}`")
    value = f"`= {_expression(last.value)}`"
    return f"{value}, where {', '.join(where)}" if where else value


def _expression(value: ast.expr) -> str:
    return ast.unparse(ast.fix_missing_locations(_Readable().visit(value)))


class _Readable(ast.NodeTransformer):
    """Leaves out of an expression what only the compiler needs."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.args[0] if isinstance(node.func, ast.Name) and node.func.id in _KINDS else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        of_library = isinstance(node.value, ast.Name) and node.value.id in ("np", "math")
        return ast.Name(node.attr) if of_library else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(_SAID.get(node.id, node.id.lstrip("_")))

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        whole = isinstance(node.value, float) and node.value.is_integer()
        return ast.Constant(int(node.value)) if whole else node  # type: ignore[arg-type]


@cache
def acts(kind: type[Mechanism], off: bool = False) -> tuple[Acting, ...]:
    """Return all that a theory does under some setting, in order; the first setting that is found is said.

    off : what it still does when it is switched off
    """
    found: dict[tuple[Phase, str], Acting] = {}
    behind: dict[tuple[Phase, str], set[tuple[Phase, str]]] = {}  # what each is behind, under some setting
    for needs, schedule in _schedules(kind, off):
        before: set[tuple[Phase, str]] = set()
        for phase, act, *_ in schedule:
            acting = Acting(kind.name, phase, act, needs)
            key = (phase, acting.name)
            found.setdefault(key, acting)
            behind.setdefault(key, set()).update(one for one in before if one != key)
            before.add(key)
    ordered_keys = TopologicalSorter(behind).static_order()
    return tuple(sorted((found[key] for key in ordered_keys), key=lambda acting: acting.phase.place))


def _schedules(kind: type[Mechanism], off: bool) -> Iterator[tuple[str, Schedule]]:
    """Yield what a theory does, each time with what was set for it.

    Tried are the defaults, then each parameter at its other words and at the ends of its bounds, then two at a time:
    one of the mechanism and one of what firms set, or two of the mechanism that change what is done.
    """
    policies = list(_policies(kind))
    alone, changing = list(_settings(kind, "")), dict[str, dict[str, Any]]()
    asking = dict[str, tuple[Any, ...]]()  # what firms may have set for something that is then done otherwise
    default = {asked: _done(_scheduled(kind(), firms, off)) for asked, firms in policies}
    pairs = [(one, firms) for one in alone for firms in policies]
    for (said, values), (asked, firms) in sorted(pairs, key=lambda pair: bool(pair[0][0]) + bool(pair[1][0])):
        schedule = _scheduled(kind(**values), firms, off)
        yield " and ".join(filter(None, (said, asked))), schedule
        if said and _done(schedule) != default[asked]:
            changing[said], asking[asked] = values, firms
    for (said, values), (also, others) in combinations(changing.items(), 2):
        with suppress(Refusal):
            both = kind(**{**values, **others})
            for asked, firms in asking.items():
                yield " and ".join(filter(None, (said, also, asked))), _scheduled(both, firms, off)


def _scheduled(mechanism: Mechanism, firms: tuple[Any, ...], off: bool) -> Schedule:
    return mechanism.schedule_when_off(firms) if off else mechanism.schedule(firms)


def _done(schedule: Schedule) -> list[tuple[Any, ...]]:
    """Return a schedule with methods as the functions that they are, which are the same for all settings."""
    return [(phase, getattr(act, "__func__", act), *rest) for phase, act, *rest in schedule]


def _policies(kind: type[Mechanism]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield what firms may have set for a theory, each with its words."""
    policy = kind.policy
    if policy is None:
        yield "", ()
        return
    path = f"firms.NAME.{policy.name}".rstrip(".")
    if policy.optional:
        yield "", (None,)
    for said, values in _settings(policy, f"{path}."):
        yield said or (f"`{path}`" if policy.optional else ""), (policy(**values),)


def _settings(kind: type[Spec], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield nothing, and each parameter set away from its default, each with its words."""
    yield "", {}
    for parameter in kind.parameters():
        field = kind.model_fields.get(parameter.path)
        words = get_args(bare(field.annotation)) if field else ()
        for value in (*(word for word in words if isinstance(word, str)), *(parameter.bounds or ())):
            if field and value is not None and value != parameter.default:
                with suppress(Refusal):  # a value that does not go with the other parameters' defaults
                    kind(**{parameter.path: value})
                    yield f"`{path}{parameter.path}` {_moved(parameter.default, value)}", {parameter.path: value}


def _moved(default: Any, value: Any) -> str:
    if isinstance(value, str) or not isinstance(default, int | float):
        return f"= {written(value)}"
    return f"{'above' if value > default else 'below'} {written(default)}"


def terms(one: Sum) -> list[Acting]:
    """Return what adds to a sum, of all theories."""
    return [acting for kind in shipped() for acting in acts(kind) if acting.phase == one.phase and acting.takes(one)]


def readers(one: Sum) -> list[Acting]:
    """Return what takes a sum after it has been added up, of all theories."""
    return [acting for kind in shipped() for acting in acts(kind) if acting.phase != one.phase and acting.takes(one)]


def at_the_start(kind: type[Mechanism]) -> list[Kernel]:
    """Return the kernels that a theory's `begin` runs."""
    named = {one.name: one for one in kernels(kind)}
    return [named[name] for name in kind.begin.__code__.co_names if name in named]


def kernels(kind: type[Mechanism]) -> list[Kernel]:
    """Return the kernels that are written on a theory's pages."""
    things = [(page, thing) for page in pages(kind) for thing in vars(sys.modules[page]).values()]
    return [thing for page, thing in things if isinstance(thing, Kernel) and _home(thing) == page]


def unplaced(kind: type[Mechanism]) -> list[Kernel]:
    """Return the kernels of its pages that it runs neither at the start nor under any setting that is tried."""
    placed = {one.name for one in acts(kind)} | {one.name for one in at_the_start(kind)}
    return [one for one in kernels(kind) if one.name not in placed]
