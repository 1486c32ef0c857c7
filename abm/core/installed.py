"""Installed: which modules are libraries, not the user's own, and the versions of those that results do not record."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = __name__.partition(".")[0]
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def package_of(module: str) -> str:
    """Return the package that a module, by its full name, is of."""
    return module.partition(".")[0]


@cache
def _libraries() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({Path(sysconfig.get_path(name)).resolve() for name in names})


def is_installed(module: str) -> bool:
    """Return whether a module is Python's own or an installed library's, not a file or a cell of the user's."""
    there = sys.modules.get(module)
    if there is None or module == "__main__":
        return False
    place = getattr(there, "__file__", None) or next(iter(getattr(there, "__path__", ())), None)
    if place is None:
        return module in sys.builtin_module_names or getattr(there, "__spec__", None) is not None
    path = Path(place).resolve()
    return any(path.is_relative_to(folder) for folder in _libraries()) or "dist-packages" in path.parts


@cache
def _required() -> frozenset[str]:
    """Return the distributions that this package requires, whose versions stand beside results."""
    try:
        wanted = metadata.requires("patronage") or []
    except metadata.PackageNotFoundError:
        wanted = []
    return frozenset(_NAME.match(one)[0].lower() for one in wanted if "extra ==" not in one)  # type: ignore[index]


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


@cache
def version_of(module: str) -> str:
    """Return " NAME VERSION" of what a module was installed with; "" if it is Python's or this package requires it."""
    package = package_of(module)
    if package == PACKAGE or package in sys.stdlib_module_names or package.lower() in _required():
        return ""
    held = sorted({one.lower() for one in _distributions().get(package, ())} - _required() - {"patronage"})
    return "".join(f" {one} {metadata.version(one)}" for one in held)


def named_with_version(module: str) -> list[str]:
    """Return a module's name, and below it the version of what it is of, if that counts."""
    return [module, *filter(None, [version_of(module)])]
