"""How many errors in equations the tests of their theories notice: equations are altered one at a time, and tested.

python benchmarks/mutants.py [--sample N | --each N] [--seed S] [--only WORD …] [--limit SECONDS] [--rows FILE]

A mutant is a copy of the package in which one equation of a theory is wrong in one place: another operator, the
opposite comparison, another constant, min for max, the two cases of a condition exchanged, or a term or factor left
out. It is killed if a test of its theory fails that passes as the module stands, and survives if all of them pass. It
is neither, and counts as not killed, if its tests have not ended within the limit (unfinished) or cannot be collected
(broken). Tests run without compiling, those that name the equation first, each property on three tenths of its
examples.
With --rows what is found is also added to a file, and what the file has judged is not tried again: the same command
goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is imported

import hypothesis  # noqa: F401  what all tests import takes longer than many of them, so their processes share it
import numba  # noqa: F401
import pandas  # noqa: F401
import pydantic  # noqa: F401
import pytest
import scipy.special  # noqa: F401

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
JUDGED = ("killed", "survived", "unfinished", "broken")


@dataclass(frozen=True)
class Mutant:
    """A piece of an equation and what stands in its place.  column, begin, end : bytes of the line, of the file"""

    path: Path
    equation: str
    line: int
    column: int
    begin: int
    end: int
    before: str
    after: str

    @property
    def said(self) -> str:
        """One line that says where it is and what it does."""
        place = f"{self.path.relative_to(SECTIONS)}:{self.line}:{self.column}"
        return f"{place} {self.equation}: {self.before}  ->  {self.after}"

    @property
    def part(self) -> str:
        """The folder of its theory."""
        return self.path.relative_to(SECTIONS).parts[0]


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
                yield Mutant(path, equation.name, node.lineno, node.col_offset, begin, end, *texts)


@cache
def imported(test: Path) -> set[str]:
    """Return what a file of tests imports, modules and names within them."""
    found = [node for node in ast.walk(ast.parse(test.read_text())) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in found} | {f"{node.module}.{name.name}" for node in found for name in node.names}


def tests_of(path: Path) -> tuple[str, ...]:
    """Return the tests of the theory that a module belongs to: those that import the module or have its name.

    Those against plain Python come first: their markets are small.
    """
    own, twins = ROOT / "tests" / "mechanisms" / path.parent.name, ROOT / "tests" / "reference"
    module = ".".join(path.with_suffix("").parts)
    named = {one for folder in (own, twins) for one in folder.glob("test_*.py") if module in imported(one)}
    found = {*named, *own.glob(f"test_{path.stem}.py")} or {*own.glob(f"test_{path.stem.split('_')[0]}*.py")}
    against = {twins / f"{one.stem}_twins.py" for one in found if one.parent == own}
    found |= {one for one in against if one.exists()}
    return tuple(str(one.relative_to(ROOT)) for one in sorted(found, key=lambda one: (one.parent == own, one)))


def source_of(item: pytest.Function) -> str:
    """Return the source of a test, of a property too."""
    return inspect.getsource(getattr(getattr(item.function, "hypothesis", None), "inner_test", item.function))


class Failure:
    """The test that failed, which pytest's exit code does not tell from tests that cannot be collected."""

    test = ""

    def __init__(self, equation: str, killers: Collection[str]) -> None:
        self.equation, self.killers = equation, killers

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        """Begin with tests that name the equation, and with those that have killed other mutants of the module."""
        items.sort(key=lambda item: (self.equation not in source_of(item), item.nodeid not in self.killers))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the report of one test."""
        self.test = report.nodeid if report.failed else self.test


def run_tests(
    place: Path, tests: tuple[str, ...], limit: int, first: tuple[str, Collection[str]], writing: bool, pipe: Connection
) -> None:
    """Run tests in a process of their own, and send how they end: survived, killed or broken, and what failed."""
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    os.chdir(place)
    os.environ |= {"HYPOTHESIS_PROFILE": "quick", "PYTHONPATH": str(place)}
    sys.path[0], sys.dont_write_bytecode = str(place), not writing
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    failure = Failure(*first)
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests], [failure])
    pipe.send(("killed" if failure.test else "broken" if code else "survived", failure.test))


def outcome(
    place: Path,
    tests: tuple[str, ...],
    limit: int,
    first: tuple[str, Collection[str]] = ("", ()),
    writing: bool = False,
) -> tuple[str, str]:
    """Return how tests end in a copy (survived, killed, unfinished or broken), and which one failed.

    limit : s of processor time        first : see Failure
    writing : keep the bytecode of all modules for later processes
    """
    receiver, sender = Pipe(duplex=False)
    process = get_context("fork").Process(target=run_tests, args=(place, tests, limit, first, writing, sender))
    process.start()
    sender.close()
    process.join(20 * limit)
    process.kill()  # if it waits for something
    process.join()
    try:
        return receiver.recv()
    except EOFError:
        return "unfinished" if -process.exitcode in (signal.SIGXCPU, signal.SIGKILL) else "broken", ""


def measured(found: list[Mutant], place: Path, limit: int) -> Iterator[tuple[Mutant, str]]:
    """Yield mutants with how they end, module by module, or with why they are left out."""
    for path in sorted({one.path for one in found}):
        tests, whole, times = tests_of(path), (place / path).read_bytes(), (place / path).stat()
        killers: set[str] = set()
        usual = cache(lambda test, place=place: outcome(place, (test,), 5 * limit, writing=True)[0])
        for one in (one for one in found if one.path == path):
            (place / path).write_bytes(whole[: one.begin] + f"({one.after})".encode() + whole[one.end :])
            os.utime(place / path, (0, 0))  # so that it is not taken for the module whose bytecode is kept
            end, failed = outcome(place, tests, limit, (one.equation, killers)) if tests else ("left out: no tests", "")
            (place / path).write_bytes(whole)
            os.utime(place / path, ns=(times.st_atime_ns, times.st_mtime_ns))
            if end == "killed" and usual(failed) != "survived":
                end = "left out: a test fails anyway"
            killers |= {failed} if end == "killed" else set()
            yield one, end


def copy_into(place: Path) -> None:
    """Copy the package and its tests, in which a property that fails is not tried on smaller examples."""
    for name in ("abm", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    with (place / "tests" / "conftest.py").open("a") as conftest:
        conftest.write(UNSHRUNK)


def chosen(everything: list[Mutant], sample: int, each: int, seed: int) -> list[Mutant]:
    """Return a random sample of mutants: of all together, or so many of each part."""
    if not each:
        return random.Random(seed).sample(everything, min(sample or len(everything), len(everything)))
    parts: dict[str, list[Mutant]] = {}
    for one in everything:
        parts.setdefault(one.part, []).append(one)
    lucks = {part: random.Random(f"{seed} {part}") for part in parts}  # so that the other parts do not matter
    return [one for part, those in parts.items() for one in lucks[part].sample(those, len(those))[:each]]


def say_sums(everything: list[Mutant], found: dict[Mutant, str]) -> None:
    """Print a row a part, and the share that is killed."""
    there = Counter(one.part for one in everything)
    ends = Counter((one.part, end if end in JUDGED else "left out") for one, end in found.items())
    columns = (*JUDGED, "left out")
    print(f"\n{'part':14}{'mutants':>9}{'tried':>7}" + "".join(f"{end:>12}" for end in columns))
    for part in sorted({one.part for one in found}):
        counts = [ends[part, end] for end in columns]
        print(f"{part:14}{there[part]:9,}{sum(counts):7,}" + "".join(f"{count:12,}" for count in counts))
    killed, judged = (sum(count for (_, end), count in ends.items() if end in those) for those in (JUDGED[:1], JUDGED))
    print(f"killed {killed} of {judged}: {killed / max(1, judged):.0%}")


def main() -> None:
    """Measure, and print a line a mutant and the sums."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sample", type=int, default=60, help="how many mutants; 0 = all")
    options.add_argument("--each", type=int, default=0, help="how many of each part instead")
    options.add_argument("--seed", type=int, default=1, help="of the sample")
    options.add_argument("--only", nargs="*", default=[""], help="modules with one of these in their path")
    options.add_argument("--limit", type=int, default=300, help="s of processor time a mutant")
    options.add_argument("--rows", type=Path, default=Path(os.devnull), help="file of what is found, see above")
    given = options.parse_args()
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / SECTIONS).rglob("*.py"))]
    asked = [path for path in paths if any(word in str(path) for word in given.only)]
    everything = [one for path in asked for one in mutants_of(path)]
    sample = chosen(everything, given.sample, given.each, given.seed)
    with tempfile.TemporaryDirectory() as folder, given.rows.open("a+", buffering=1) as rows:
        rows.seek(0)
        known = {said: end for end, said in (row.rstrip("\n").split("\t") for row in rows) if end in JUDGED}
        found = {one: known[one.said] for one in sample if one.said in known}
        copy_into(Path(folder))
        for one, end in measured([one for one in sample if one not in found], Path(folder), given.limit):
            found[one] = end
            rows.write(f"{end}\t{one.said}\n")
            print(f"{end:11} {one.said}", flush=True)
    say_sums(everything, found)


if __name__ == "__main__":
    main()
