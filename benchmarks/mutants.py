"""How many errors in equations the tests of their theories notice: equations are altered one at a time, and tested.

python benchmarks/mutants.py [--sample N] [--seed S] [--only WORD] [--limit SECONDS]

A mutant is a copy of the package in which one equation of a theory is wrong in one place: another operator, the
opposite comparison, another constant, min for max, the two cases of a condition exchanged, or a term or factor left
out. It is killed if a test of its theory fails or comes to no end, and survives if all of them pass.
Each property is tried on three tenths of its examples. Tests run without compiling; where that takes longer than the
limit as the module stands, they run compiled, and a module whose tests take longer than four times the limit is left
out.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = Path("abm") / "mechanisms"
OTHER = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr}
OTHER |= {ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And}
OPPOSITE = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
UNSHRUNK = """
from hypothesis import Phase

settings.register_profile("unshrunk", settings.get_profile(PROFILE), phases=[Phase.explicit, Phase.generate])
settings.load_profile("unshrunk")
"""  # one failure is enough: nobody reads the smallest
EXCHANGED = {"max": "min", "min": "max", "fmax": "fmin", "fmin": "fmax"}


@dataclass(frozen=True)
class Mutant:
    """A piece of an equation and what stands in its place.  begin, end : bytes of the file"""

    path: Path
    equation: str
    line: int
    begin: int
    end: int
    before: str
    after: str

    @property
    def said(self) -> str:
        """One line that says where it is and what it does."""
        return f"{self.path.relative_to(SECTIONS)}:{self.line} {self.equation}: {self.before}  ->  {self.after}"


def altered(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what may stand in the place of a node."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in OTHER:
            yield ast.BinOp(left, OTHER[type(op)](), right)
            yield left
            if isinstance(op, ast.Add | ast.Mult):
                yield right
        case ast.BoolOp(op, values):
            yield ast.BoolOp(OTHER[type(op)](), values)
        case ast.Compare(left, [op], right) if type(op) in OPPOSITE:
            yield ast.Compare(left, [OPPOSITE[type(op)]()], right)
        case ast.Constant(value) if isinstance(value, int | float) and not isinstance(value, bool):
            yield ast.Constant(value + 1)
        case ast.Call(ast.Name(name), given) if name in EXCHANGED:
            yield ast.Call(ast.Name(EXCHANGED[name]), given, [])
        case ast.Call(ast.Attribute(owner, name), given) if name in EXCHANGED:
            yield ast.Call(ast.Attribute(owner, EXCHANGED[name]), given, [])
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)


def equations(source: str) -> Iterator[ast.FunctionDef]:
    """Yield the functions of a module that are equations."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list]
            if any(isinstance(mark, ast.Name) and mark.id == "equation" for mark in marks):
                yield node


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield all mutants of a module.  path : from the root"""
    source = (ROOT / path).read_text()
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for equation in equations(source):
        for node in (node for statement in equation.body for node in ast.walk(statement)):
            for other in altered(node):
                begin = starts[node.lineno - 1] + node.col_offset
                end = starts[node.end_lineno - 1] + node.end_col_offset
                texts = ast.unparse(node), ast.unparse(other)
                yield Mutant(path, equation.name, node.lineno, begin, end, *texts)


def tests_of(path: Path) -> tuple[str, ...]:
    """Return the tests of the theory that a module belongs to: those that name the module, or those of its name."""
    own = ROOT / "tests" / "mechanisms" / path.parent.name
    dotted = ".".join(path.with_suffix("").parts)
    named = [one for one in sorted(own.glob("test_*.py")) if f"{dotted} " in one.read_text()]
    word = path.stem.split("_")[0]
    found = {*named, *own.glob(f"test_{path.stem}.py")} or own.glob(f"test_{word}*.py")
    return tuple(str(one.relative_to(ROOT)) for one in sorted(found))


def outcome(place: Path, tests: tuple[str, ...], compiled: bool, limit: float) -> str:
    """Return how tests end in a copy: survived, killed or endless."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    quick = {"HYPOTHESIS_PROFILE": "quick", "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    machine = {"NUMBA_DISABLE_JIT": "0" if compiled else "1", "NUMBA_CACHE_DIR": str(place / "compiled")}
    environment = os.environ | quick | machine
    try:
        done = subprocess.run(command, cwd=place, env=environment, timeout=limit, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        return "endless"
    return "killed" if done.returncode else "survived"


def usual(place: Path, tests: tuple[str, ...], limit: float) -> tuple[str, bool, float]:
    """Return how tests of unaltered code end, whether compiled, and how many seconds they take."""
    start = time.perf_counter()
    end = outcome(place, tests, False, limit)
    if end == "survived":
        return end, False, time.perf_counter() - start
    outcome(place, tests, True, 4.0 * limit)  # which compiles
    start = time.perf_counter()
    return outcome(place, tests, True, 4.0 * limit), True, time.perf_counter() - start


def measured(found: list[Mutant], place: Path, limit: float) -> Iterator[tuple[Mutant, str]]:
    """Yield mutants with how they end, module by module, or with why they are left out."""
    for path in sorted({one.path for one in found}):
        tests = tests_of(path)
        end, compiled, seconds = usual(place, tests, limit) if tests else ("no tests", False, 0.0)
        whole = (place / path).read_bytes()
        for one in (one for one in found if one.path == path):
            if end != "survived":
                yield one, f"left out ({end})"
                continue
            (place / path).write_bytes(whole[: one.begin] + f"({one.after})".encode() + whole[one.end :])
            yield one, outcome(place, tests, compiled, 60.0 + 5.0 * seconds)
            (place / path).write_bytes(whole)


def copy_into(place: Path) -> None:
    """Copy the package and its tests, in which a property that fails is not tried on smaller examples."""
    for name in ("abm", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    with (place / "tests" / "conftest.py").open("a") as conftest:
        conftest.write(UNSHRUNK)


def main() -> None:
    """Measure, and print a line a mutant and the sums."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sample", type=int, default=60, help="how many mutants; 0 = all")
    options.add_argument("--seed", type=int, default=1, help="of the sample")
    options.add_argument("--only", default="", help="modules with this in their path")
    options.add_argument("--limit", type=float, default=60.0, help="seconds, see above")
    given = options.parse_args()
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / SECTIONS).rglob("*.py")) if given.only in str(path)]
    everything = [one for path in paths for one in mutants_of(path)]
    chosen = random.Random(given.seed).sample(everything, min(given.sample or len(everything), len(everything)))
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        copy_into(place)
        for one, end in measured(chosen, place, given.limit):
            counts[end] += 1
            print(f"{end:10} {one.said}", flush=True)
    noticed, judged = (
        counts["killed"] + counts["endless"],
        sum(counts[end] for end in ("killed", "endless", "survived")),
    )
    print(f"\n{len(everything):,} mutants; of {len(chosen)} chosen: {dict(counts)}")
    print(f"killed {noticed} of {judged}: {noticed / max(1, judged):.0%}")


if __name__ == "__main__":
    main()
