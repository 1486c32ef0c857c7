"""Imports point one way, what is dangerous or belongs in one place stays out of all others, and all is short."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from statistics import median

import pytest

import abm
from abm.mechanisms.shipped import shipped

ROOT = Path(abm.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "library" not in path.relative_to(ROOT).parts)
_THEORY = ("core", "logs", "world", "mechanisms", "kpis", "queues", "capacity")
BELOW = {  # a package may import itself and these
    "core": (),
    "logs": ("core",),
    "world": ("core", "logs"),
    "value": ("core", "logs"),
    "queues": ("core",),
    "capacity": ("core",),
    "kpis": ("core", "logs", "world"),
    "mechanisms": ("core", "logs", "world", "kpis", "queues", "capacity"),
    "scenario": _THEORY,
    "engine": (*_THEORY, "scenario"),
    "agents": (*_THEORY, "scenario", "engine"),
    "bench": (*_THEORY, "scenario", "engine"),
    "study": (*_THEORY, "scenario", "engine"),
    "facts": (*_THEORY, "scenario", "engine", "study"),
    "replication": (*_THEORY, "value", "scenario", "engine", "study", "facts"),
    "exchange": (*_THEORY, "value", "scenario", "engine", "study"),
    "view": (*_THEORY, "value", "scenario", "engine", "study", "facts"),
}
_BENEATH = ("provenance", "plan", "statistics", "storage", "running")
BELOW_IN_STUDY = {  # a package of abm/study may import itself and these; questions do not know each other
    "provenance": (),
    "plan": ("provenance",),
    "statistics": (),
    "storage": ("provenance", "plan", "statistics"),
    "running": ("provenance", "plan", "statistics", "storage"),
    "replications": _BENEATH,
    "comparison": _BENEATH,
    "sensitivity": _BENEATH,
    "calibration": _BENEATH,
}
TOP = ("cli", "commands", "__init__", "__main__")  # may import everything
FIGURES = (  # families of figures, and what they are all made with
    "plots", "drawn", "figures", "over_time", "by_group", "claims", "levels", "money", "inside", "customers", "flows",
    "winners", "card", "accessor", "accessor_inside", "radar", "twins", "race", "replications", "sensitivity",
    "thresholds", "game", "calibration", "against_log", "programmes", "retention", "queues",
)  # fmt: skip
ONLY_IN = {  # a library, and the files that may import it
    "numba": (
        "core/kernels.py",
        "core/disk_cache.py",
        "core/lowering.py",
        "core/programs.py",
        "core/inlined.py",
        "core/meeting.py",
        "bench/cycles.py",
        "core/effects.py",
    ),
    "llvmlite": ("core/lowering.py", "core/meeting.py", "bench/cycles.py"),
    "networkx": ("world/network/graphs.py", "world/network/graph_files.py", "bench/idiomatic.py"),
    "mesa": ("agents/model.py", "agents/customer.py", "agents/agent_set.py", "agents/firm.py", "bench/idiomatic.py"),
    "pyarrow": ("study/storage/segment.py", "logs/parquet_rows.py"),
    "SALib": ("study/sensitivity/indices.py",),
    "sklearn": (),  # an extra: value/learning.py fetches it when it is asked for
    "statsmodels": (),  # an extra: capacity/fitting.py fetches it when it is asked for
    "optuna": ("study/calibration/journal.py",),
    "distributed": ("study/running/cluster.py",),
    "dask_jobqueue": ("study/running/jobs.py",),
    "dask": (),
    "nicegui": (
        "view/page/server.py",  # an extra, like the rest of the page
        "view/page/layout.py",
        "view/page/parts.py",
        "view/page/controls.py",
        "view/page/lever_panel.py",
        "view/page/study_bar.py",
        "view/page/run_bar.py",
        "view/page/watch_card.py",
        "view/page/people_card.py",
        "view/page/books_card.py",
        "view/page/trial_card.py",
    ),
    "uvicorn": ("view/page/server.py",),
    "fastapi": ("view/page/server.py",),
    "seaborn": ("view/plots.py",),
    "matplotlib": tuple(f"view/{family}.py" for family in FIGURES),
    "pickle": (
        "study/running/pool.py",  # between a parent and the workers it has started itself, never from a file
        "core/disk_cache.py",  # as numba keeps machine code, of which a digest is checked
    ),
    "random": ("agents/agent_set.py",),  # the type of Mesa's `model.random`, for shuffles that users ask for
    "yaml": (),
    "marshal": (),
    "shelve": (),
    "dill": (),
    "joblib": (),
    "cloudpickle": (),
}
RANDOM_OF_NUMPY = {  # what of np.random may be named where
    "core/streams.py": {"SeedSequence"},
    "study/plan/sampling.py": {"Philox"},  # words of which designs are made
    "agents/model.py": {"Generator", "BitGenerator", "SeedSequence"},  # kinds of seed that Mesa takes
    "bench/idiomatic.py": {"default_rng", "Generator"},  # a peer to be measured against, with its own luck
}
LONGEST_FUNCTION = 48  # lines, its docstring included
MEDIAN_FILE = 150  # lines


@cache
def tree(path: Path) -> ast.Module:
    """Return a file parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def package(path: Path) -> str:
    """Return the package of a file in abm/, or its own name if it lies at the top."""
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else path.stem


@cache
def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, anywhere in it; `from a import b` gives a and a.b."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ids(path: Path) -> str:
    """Return how a file is called in messages."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_imports_point_one_way(path):
    own = package(path)
    if own in TOP:
        return
    assert own in BELOW, f"{own} has no place among the layers"
    packages = {name.split(".")[1] for name in imported(path) if name.startswith("abm.")}
    assert packages <= {own, *BELOW[own]}


@pytest.mark.parametrize("path", sorted((ROOT / "study").rglob("*.py")), ids=ids)
def test_imports_point_one_way_in_studies_too(path):
    if path.name == "__init__.py":
        assert not imported(path), "what a package imports, every worker process loads"
        return
    own = path.relative_to(ROOT).parts[1]
    assert own in BELOW_IN_STUDY, f"{own} has no place among the packages of studies"
    packages = {name.split(".")[2] for name in imported(path) if name.startswith("abm.study.")}
    assert packages <= {own, *BELOW_IN_STUDY[own]}


def test_mechanisms_know_nothing_of_each_other():
    """Only what all theories are made of is shared: they speak through columns and sums."""
    for path in FILES:
        if package(path) == "mechanisms":
            own = f"abm.mechanisms.{path.parent.name}."  # a theory may stand on several pages of its folder
            others = {name for name in imported(path) if name.startswith("abm.mechanisms.")}
            theories = {kind.__module__ for kind in shipped()}
            assert not {name for name in others if name.startswith(own)} & theories, ids(path)
            shared = {name.split(".")[2] for name in others if not name.startswith(own)}
            assert shared <= {"mechanism", "phases", "policy", "sums"}, ids(path)


def test_theories_of_the_reference_import_no_kernel():
    """A second pair of hands: the twins are compared with the package, never built from it."""
    folder = Path(__file__).parent / "reference"
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith("test_") and not path.name.endswith("mirror.py"):
            assert not [name for name in imported(path) if name.split(".")[0] == "abm"], path.name


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_enters_by_its_door_alone(library):
    users = {ids(path) for path in FILES if library in {name.split(".")[0] for name in imported(path)}}
    assert users <= set(ONLY_IN[library])


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_luck_comes_from_addresses_only(path):
    """No generator of NumPy draws anything: keys are made by SeedSequence, and Mesa's seeds are recognised."""
    used = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np.random", "numpy.random"):
            used.add(node.attr)
    assert not [name for name in imported(path) if name.startswith("numpy.random")]
    assert used <= RANDOM_OF_NUMPY.get(ids(path), set())


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_nothing_runs_text_and_nothing_relaxes_arithmetic(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec", "compile", "__import__")
        if isinstance(node, ast.keyword):
            assert node.arg not in ("fastmath", "parallel", "shell"), node.arg


def functions(path: Path) -> dict[str, int]:
    """Return how many lines each function of a file has."""
    found = (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {f"{node.name}, line {node.lineno}": (node.end_lineno or 0) - node.lineno + 1 for node in found}


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_function_is_short_enough_to_be_read_at_once(path):
    assert not {name: lines for name, lines in functions(path).items() if lines > LONGEST_FUNCTION}


def test_half_of_the_files_are_short():
    assert median(len(path.read_text(encoding="utf-8").splitlines()) for path in FILES) <= MEDIAN_FILE


def test_the_check_itself_finds_something():
    """Guards against a tree that is read wrongly and so looks clean."""
    assert "abm.core.kernels" in imported(ROOT / "mechanisms" / "choice" / "rules.py")
    assert "numba" in imported(ROOT / "core" / "kernels.py")
    assert {package(path) for path in FILES} >= {*BELOW} - {"bench"}
    assert {path.parent.name for path in (ROOT / "study").glob("*/*.py")} >= {*BELOW_IN_STUDY}
    assert "abm.study.plan.experiment" in imported(ROOT / "study" / "storage" / "manifest.py")
    assert max(functions(ROOT / "study" / "running" / "runner.py").values()) > 30
