"""Versions: of everything that has a say in the last bits of a number, and of how results are kept."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

FORMAT = 2  # of a results folder
LIBRARIES = ("patronage", "numpy", "numba", "scipy", "pandas", "pyarrow", "pydantic")


@cache
def versions() -> dict[str, str]:
    """Return name -> version of Python and the libraries that are installed here."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "unknown"
    return found


def changes(before: dict[str, str]) -> tuple[str, ...]:
    """Return what is of another version now: "numpy 2.4.6 (now 2.5.0)"."""
    return tuple(
        f"{name} {old} (now {versions()[name]})" for name, old in before.items() if old != versions().get(name)
    )
