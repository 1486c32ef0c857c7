"""`patronage replicate`: published findings, run again and judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.progress import Progress, SpinnerColumn, TextColumn

from abm.commands import output
from abm.core.errors import Refusal, counted, one_of
from abm.core.machine import processors
from abm.replication.paper import folder_of_papers, papers_in, read_paper, replicate
from abm.replication.together import as_frame, documents, ours, page, theirs
from abm.study.provenance.files import check_can_be_written, write_whole
from abm.view import tables

PAGE, BELOW = "README.md", "NOTES.md"  # the second: paragraphs of the user's own below the table


def main(
    names: Sequence[str], whole: bool, papers: Path | None, sets: Sequence[str], workers: int | None, json: bool
) -> int:
    """Run papers and print what is theirs and ours; write the page of all if all are run as they are.

    Raises Refusal for a paper that is not there or cannot be used.
    """
    folder = folder_of_papers(papers)
    chosen = _chosen(names, whole, folder)
    if whole and not sets:
        check_can_be_written(folder, "--papers" if papers else "")
    if len(chosen) == 1:
        output.note(f"{chosen[0]}: reproducing")
        table = replicate(chosen[0], sets, folder)
    else:
        table = _several(chosen, folder, sets, workers or processors())
    if json:
        output.document(table.to_dict("records"))
    else:
        _print(table)
    if sets:
        output.note("with other values than the paper's, whose numbers need not apply")
    elif whole:
        below = (folder / BELOW).read_text("utf-8") if (folder / BELOW).exists() else ""
        write_whole(folder / PAGE, page(table, below).encode())
        output.note(f"written: {folder / PAGE}")
    return 0


def _chosen(names: Sequence[str], whole: bool, folder: Path) -> list[str]:
    known = papers_in(folder)
    if whole == bool(names):
        said = "name papers, or give --all, not both" if names else "name a paper, or give --all"
        raise Refusal(f"{said}; there is {one_of(known) or 'none'}")
    for name in names:
        if name not in known:
            read_paper(folder, name)  # which says what there is
    return list(dict.fromkeys(names)) or known


def _several(names: Sequence[str], folder: Path, sets: Sequence[str], workers: int) -> pd.DataFrame:
    """Run papers side by side, and say how far it is."""
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=output.standard_error()) as progress:
        ended: list[str] = []
        task = progress.add_task(f"{counted(len(names), 'paper')}, the first few of which are under way")

        def done(name: str) -> None:
            ended.append(name)
            progress.update(task, description=f"{len(ended)} of {counted(len(names), 'paper')}; the last was {name}")

        found = documents(names, folder, sets, workers, done)
    return as_frame([row for rows in found.values() for row in rows])


def _print(table: pd.DataFrame) -> None:
    shown = tables.table(("paper", "finding", "theirs", "ours", "tolerance", "verdict"), right=("theirs",))
    before = ""
    for row in table.to_dict("records"):
        named = row["paper"] if row["paper"] != before else ""
        before = row["paper"]
        known = theirs({**row, "seen": "verified"})  # how it was seen is on the page
        shown.add_row(named, row["claim"], known, ours(row), row["tolerance"], row["verdict"])
    output.show(shown)
    counts = table.verdict.value_counts()
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    output.lines(f"{said} of {counted(len(table), 'finding')}; where they are printed: --json")
