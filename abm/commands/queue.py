"""`patronage queue`: a queue by itself, without a market around it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from abm.commands import output
from abm.core.errors import Refusal, one_of
from abm.queues.measures import COLUMNS
from abm.queues.serve import queue
from abm.queues.served import Served
from abm.study.provenance.files import check_can_be_written, write_whole
from abm.study.storage.manifest import refuse_losses
from abm.study.storage.spreadsheet import harmless
from abm.view import queue_table, tables
from abm.view.drawn import write_figures
from abm.view.queues import FILES, pictures

_NUMBERS = ("expected", "simulated", "z")
FORMATS = ("parquet", "csv")  # of the trace
SUMMARY, ROWS = "summary.csv", "customers.{}"  # in the folder


def main(
    file: Path,
    customers: int | None,
    duration: float | None,
    seed: int,
    replications: int,
    within: float,
    out: Path | None,
    trace: str,
    json: bool,
) -> int:
    """Serve the customers of a queue and print its summary; write the trace and figures if a folder is given.

    Raises Refusal for a queue that cannot be used, and for a folder that cannot be written or has others' files.
    """
    if trace not in FORMATS:
        raise Refusal(f"= {trace} is no format of a trace; take {one_of(FORMATS)}", place="--trace")
    if out is not None:
        out = out.expanduser()
        _check_free(out, trace)
    typed: dict[str, Any] = {"seed": seed, "replications": replications, "within": within}
    found = queue(file, customers=customers, duration=duration, **typed)
    if json:
        output.document(_document(found))
    else:
        _print(found)
    if out is not None:
        _write(found, out, trace)
        output.note(f"trace, summary and figures are in {out}")
    return 0


def _check_free(out: Path, trace: str) -> None:
    """Refuse a folder that cannot be written, and one in which files that are not of a queue would be written over."""
    check_can_be_written(out, "--out")
    if out.is_dir() and not _is_ours(out / SUMMARY):
        refuse_losses(out, "--out", "folder of a queue", (SUMMARY, ROWS.format(trace), *FILES))


def _is_ours(summary: Path) -> bool:
    """Return whether a file is the summary of a queue, which is the first that is written into its folder."""
    try:
        with summary.open(encoding="utf-8") as file:
            return file.readline().rstrip("\n") == ",".join(COLUMNS)
    except (OSError, UnicodeDecodeError):
        return False


def _document(found: Served) -> dict[str, Any]:
    return {
        "queue": found.queue.to_dict(),
        "seed": found.seed,
        "replications": len(found.traces),
        "left_out": sum(found.left_out),
        "within_seconds": found.within,
        "notes": list(found.notes),
        "summary": found.summary.to_dict("records"),
        "formula": [] if (known := _formula(found)) is None else known.to_dict("records"),
    }


def _formula(found: Served) -> pd.DataFrame | None:
    """Return what a formula says beside what was simulated; None if no formula is known, or it has no answer."""
    try:
        return found.against_formula()
    except Refusal:
        return None


def _print(found: Served) -> None:
    columns = queue_table.columns(found)
    table = tables.table(columns, right=columns[1:])
    for row in queue_table.rows(found):
        table.add_row(*row)
    output.show(table)
    output.lines(repr(found))
    known = _formula(found)
    if known is None:
        return
    beside = tables.table((str(known["formula"].iloc[0]), "expected", "simulated", "z"), right=_NUMBERS)
    for row in known.itertuples():
        name = queue_table.called(str(row.measure), found.within) + ("" if row.kind == "all" else f", {row.kind}")
        values = (float(number) for number in (row.expected, row.simulated, row.z))
        beside.add_row(name, *(f"{value:.4g}" for value in values))
    output.lines("")
    output.show(beside)


def _write(found: Served, out: Path, trace: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / SUMMARY, harmless(found.summary).to_csv(index=False).encode())
    if trace == "csv":
        rows = harmless(found.customers).to_csv(index=False).encode()
    else:
        held = BytesIO()
        found.customers.to_parquet(held, index=False)
        rows = held.getvalue()
    write_whole(out / ROWS.format(trace), rows)
    write_figures(out, pictures(found), FILES)
