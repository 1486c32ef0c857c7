"""`patronage thresholds`: at which value of a weight that nobody has measured the order of the arms would turn."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from abm.commands import doing, folders, output
from abm.core.errors import Refusal, counted, shown
from abm.study.plan.experiment import load
from abm.study.plan.factors import SPEC
from abm.study.plan.overrides import check_set_once, overrides
from abm.study.provenance.files import write_whole
from abm.study.sensitivity import threshold_files
from abm.study.sensitivity.thresholds import Thresholds, thresholds
from abm.study.storage.manifest import FILE
from abm.view import labels, summary, tables


def main(
    file: Path,
    kpi: str | None,
    firm: str | None,
    weights: Sequence[str],
    confidence: float,
    own: Sequence[Path],
    sets: Sequence[str],
    replications: int | None,
    seed: int | None,
    workers: int | None,
    threads: int | None,
    out: Path | None,
    json: bool,
) -> int:
    """Vary the weights of a study, and put what was found beside its results and into its report; return 0.

    Raises Refusal before anything is written.
    """
    try:
        study = overrides(load(file, own), sets, replications, seed)
        if kpi:
            check_set_once(sets, "judge_by", f"--kpi {kpi}")
        levels, place = _levels(weights), "" if out is None else "out"
        out = doing.results_folder(out, file, study.name)
        folder = out / threshold_files.FOLDER
        folders.check_can_be_written(folder, place)
        folders.check_nothing_is_lost(folder, "thresholds", place)
        with _Watch() as watch:
            found = thresholds(
                study, kpi, firm, weights=levels, confidence=confidence, store=folder, workers=workers,
                threads=threads, watch=watch.next,
            )  # fmt: skip
    except Refusal as refusal:
        raise doing.with_origin(refusal, file, replications=replications, seed=seed, weight=weights) from None
    view = importlib.import_module("abm.view.thresholds")  # slow to import
    read = labels.of_thresholds(found, study)
    drawn = view.draw(read)
    with doing.drawing(folder):
        threshold_files.write(folder, found, study)
        write_whole(folder / drawn.file, drawn.image)
    if json:
        output.document({**view.document(found), "out": str(folder), "figure": str(folder / drawn.file)})
    else:
        _print(read, folder, drawn.file, view)
    _into_report(out, own)
    return 0


def _levels(written: Sequence[str]) -> dict[str, Sequence[float] | None] | None:
    """Return the values to try that were asked for, "PATH=[0.5, 2]" or "PATH"; None if nothing was."""
    found: dict[str, Sequence[float] | None] = {}
    for path, values in (doing.factors(written, "--weight") or {}).items():
        if values != SPEC and not (isinstance(values, list) and values and all(_number(value) for value in values)):
            raise Refusal(f"= {shown(values)} is no list of numbers, such as [0.5, 2]", place=f"--weight {path}")
        found[path] = None if values == SPEC else values
    return found or None


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _print(found: Thresholds, folder: Path, figure: str, view: Any) -> None:
    listed = view.rows(found)
    if listed:
        made = tables.table(view.COLUMNS, right=view.NUMBERS)
        for row in listed:
            made.add_row(*row)
        output.show("", made)
    output.show("", view.explained(found), "", found.statement, "")
    output.lines(f"results  {folder}\nfigure   {folder / figure}")


def _into_report(out: Path, own: Sequence[Path]) -> None:
    """Write the report of the results folder again, if the study was run there."""
    if (out / FILE).is_file():
        importlib.import_module("abm.view.report").write(out, own=own)
        output.note(f"the report has it: {out / summary.REPORT}")
    else:
        output.note("next: patronage run, whose report will have it")


class _Watch:
    """A bar over the markets that are tried."""

    def __init__(self) -> None:
        console = output.standard_error()
        columns = (TextColumn("{task.description}"), BarColumn(40), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("markets", total=None)
        self._said, self._lines = False, doing.Lines()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def next(self, weight: str, done: int, total: int) -> None:
        """Show which market is next."""
        if not self._said:
            self._said = True
            output.note(f"{counted(total, 'market')}: the study's own, and one for each value of a weight")
        self._bar.update(self._task, completed=done, total=total, description=weight or "as it is")
        self._lines.say(f"{done:,} of {counted(total, 'market')}")
