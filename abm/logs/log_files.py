"""Files of purchase logs: those that come with the package, and those of the user's by name."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from abm.core import given
from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.logs.parquet_rows import SUFFIXES

_WRITTEN = '; a log is a file, as populations name it: df.to_csv("purchases.csv", index=False) writes one'


def shipped_logs() -> dict[str, Path]:
    """Return the purchase logs that come with the package, by name."""
    folder = Path(str(files("abm") / "library" / "logs"))
    return {path.stem: path for path in sorted(folder.glob("*.csv"))}


def named(log: Any) -> str:
    """Return the path or the name of a log as text; refuse anything else, as a table, with how to write it."""
    given.path("log", log, _WRITTEN)
    return str(log)


def find_log(name: str, folder: Path) -> Path:
    """Return the file of a log: the shipped one of that name, or else the one in a folder.

    Raises Refusal for a plain word that is neither.  A path is not looked up: reading it tells whether it is there.
    """
    if (logs := shipped_logs()).keys() & {name}:
        return logs[name]
    path = folder / name
    if "/" not in name and "." not in name and not path.is_file():
        beside = [one.name for one in sorted(folder.glob("*")) if one.suffix in (".csv", ".txt", "", *SUFFIXES)]
        near = did_you_mean(name, [*beside, *logs]) or f"; there is {one_of(logs)}"
        raise Refusal(f"no shipped log {shown(name)}, and no file of that name{near}")
    return path
