"""Several papers at once, each in a process of its own, and the page of all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from abm.core.errors import Refusal, counted, one_line
from abm.replication.claims import Verdict
from abm.replication.paper import COLUMNS

_INTRODUCTION = """# Published findings, run again

A finding has its number as printed, the place where it is printed, our number, and a verdict.

- *reproduced*: ours differs from theirs by no more than a tolerance that was fixed before anything was run.
- *direction only*: not so, or only a direction is known; ours lies wholly on the side that is claimed.
- *not reproduced*: neither. It stays, and the page of the paper says why.

What was worked out from a formula is marked *analytic*; what was seen only in a text about the source, *secondary*.

`patronage replicate --all` runs all and writes this page; `patronage replicate NAME --set PATH=VALUE` runs one with
other values.

"""


_HEADING = "| finding | where printed | theirs | tolerance | ours | verdict |", "|---|---|---|---|---|---|"


def documents(
    names: Sequence[str], folder: Path, sets: Sequence[str], workers: int, done: Callable[[str], None]
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each paper, in the order of the names.

    done : is told the name of each paper when it has been run

    Raises Refusal in the words of the first paper that cannot be run.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(_run, name, folder, sets): name for name in names}
        found = {}
        for future in as_completed(waiting):
            try:
                found[waiting[future]] = future.result()
            except Refusal:
                pool.shutdown(cancel_futures=True)
                raise
            done(waiting[future])
    return {name: found[name] for name in names}


def _run(name: str, folder: Path, sets: Sequence[str]) -> list[dict[str, Any]]:
    changes = [word for one in sets for word in ("--set", one)]
    command = [sys.executable, "-m", "abm", "replicate", name, "--papers", str(folder), *changes, "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stderr.strip().splitlines()[-1:] or [f"ended with {run.returncode}"]
        raise Refusal(one_line(said[0].removeprefix("patronage: ")), place=name)
    return list(json.loads(run.stdout))


def as_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of documents as a table with the columns of `replicate`."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    numbers = ["published", "ours", "low", "high"]
    return table.astype(dict.fromkeys(numbers, float))


def page(table: pd.DataFrame, below: str = "") -> str:
    """Return the page of a table of all papers, in Markdown.

    below : paragraphs below the table
    """
    papers = counted(table.paper.nunique(), "paper")
    parts = [_INTRODUCTION.rstrip(), f"{papers}, {counted(len(table), 'finding')}: {_counts(table)}."]
    for name, rows in table.groupby("paper", sort=False):
        lines = [f"## [{name}]({name}/README.md)", "", f"{_counts(rows)}.", "", *_HEADING]
        for row in rows.to_dict("records"):
            cells = (row["claim"], row["where"], theirs(row), row["tolerance"], ours(row), row["verdict"])
            lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, *([f"## Besides\n\n{below.rstrip()}"] if below else [])]) + "\n"


def _counts(table: pd.DataFrame) -> str:
    """Return how many findings have which verdict, in words."""
    found = table.verdict.value_counts()
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in get_args(Verdict) if verdict in found)


def theirs(row: dict[str, Any]) -> str:
    """Return what is published, in words."""
    if pd.isna(row["published"]):
        return str(row["direction"])
    return _number(row["published"]) + ("" if row["seen"] == "verified" else f" ({row['seen']})")


def ours(row: dict[str, Any]) -> str:
    """Return our number and its interval, in words."""
    if row["low"] == row["high"]:
        return _number(row["ours"])
    return f"{_number(row['ours'])} [{_number(row['low'])}, {_number(row['high'])}]"


def _number(value: float) -> str:
    return f"{value:.5g}"


__all__ = ["as_frame", "documents", "ours", "page", "theirs"]
