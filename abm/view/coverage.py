"""Coverage: what the field teaches, row by row, and where the toolkit has it.

Which rows there are stands in library/coverage.toml; which are live say the theories that serve them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from abm.core.toml import read_toml
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.shipped import shipped

Row = dict[str, Any]
LIVE, TEXT, PLANNED = "live", "text", "planned"


def coverage() -> list[Row]:
    """Return a row for each thing that the field teaches.

    row    : its id      term : as it is called where it was found      what : in English
    status : "live" (a study can switch it on, sees a KPI move, and a test holds it), "text" (no behaviour), "planned"
    by     : theories, or what of a study or population has it      levers, kpis : paths and names
    study  : a shipped one that uses it      tests : files      why : of a row that is text
    """
    return [_row(said) for said in _said()]


def unknown() -> list[str]:
    """Return what theories serve that is no row, as "theory: row"."""
    known = {said["id"] for said in _said()}
    return [f"{kind.name}: {row}" for kind in shipped() for row in kind.serves if row not in known]


def _row(said: Row) -> Row:
    kinds = [kind for kind in shipped() if said["id"] in kind.serves]
    by = [*(kind.name for kind in kinds), *([said["by"]] if "by" in said else [])]
    return {
        "row": said["id"],
        "term": said["term"],
        "what": said["what"],
        "status": LIVE if by else TEXT if "text" in said else PLANNED,
        "by": by,
        "levers": [lever for kind in kinds for lever in _levers(kind)],
        "kpis": [*dict.fromkeys([*(kpi.name for kind in kinds for kpi in kind.kpis), *said.get("kpis", ())])],
        "study": said.get("study", ""),
        "tests": [*map(_test, kinds), *([said["test"]] if "test" in said else [])],
        "why": said.get("text", ""),
    }


def _levers(kind: type[Mechanism]) -> list[str]:
    """Return the paths of what firms choose of a theory."""
    if kind.policy is None:
        return []
    inside = f"firms.*.{kind.policy.name}." if kind.policy.name else "firms.*."
    return [inside + name for name in kind.policy.model_fields if name not in kind.policy.given]


def _test(kind: type[Mechanism]) -> str:
    """Return the file of tests that mirrors a theory's own."""
    *packages, module = kind.__module__.split(".")[1:]
    return "/".join(("tests", *packages, f"test_{module}.py"))


@cache
def _said() -> list[Row]:
    return list(read_toml(Path(str(files("abm") / "library" / "coverage.toml")))["row"])
