"""`patronage run`: do what is missing of a study, rank its arms, draw and report."""

from __future__ import annotations

import contextlib
import importlib
import math
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from abm.commands import output
from abm.core.errors import Refusal, shown
from abm.study.experiment import Experiment, load
from abm.study.manifest import FILE as MANIFEST
from abm.study.overrides import overrides
from abm.study.results import Results
from abm.study.runner import run
from abm.study.staff import Staff, staffing
from abm.view import summary, tables

RESULTS = "results"  # beside the study file
COMPILING = "compiling the model for this machine (once, about half a minute) …"


def main(
    file: Path,
    sets: Sequence[str],
    replications: int | None,
    seed: int | None,
    workers: int | None,
    threads: int | None,
    out: Path | None,
    json: bool,
) -> int:
    """Run a study file; return 1 if some runs failed, else 0.  Raises Refusal before anything is written."""
    try:
        experiment = overrides(load(file), sets, replications, seed)
        staff = staffing(experiment, len(experiment), workers, threads)
        out = out if out is not None else file.parent / RESULTS / _folder(experiment.name)
    except Refusal as refusal:
        raise _placed(refusal, file) from None
    output.note(_intention(experiment, staff))
    began = time.monotonic()
    with _Watch(experiment) as watch:
        results = run(experiment, store=out, workers=workers, threads=threads, progress=watch.tell)
    seconds = time.monotonic() - began
    output.note(watch.outcome(seconds))
    page = out / summary.REPORT
    if watch.done or not _is_newer(page, out / MANIFEST):
        importlib.import_module("abm.view.report").write(out, results)  # slow to import, and mostly there already
    if json:
        output.document(_document(out, results, seconds))
    else:
        _print(file, out, results)
    return _failures(results)


def _placed(refusal: Refusal, file: Path) -> Refusal:
    """Return the refusal with the file in front, unless it says already where it comes from."""
    return Refusal(refusal.message, place=refusal.place, source=refusal.source or file.name)


def _folder(name: str) -> str:
    """Return the name of a study as that of its results folder; Refusal if it would lead elsewhere."""
    if name.startswith(".") or set(name) & set("/\\:\0"):
        raise Refusal(f"= {shown(name)} is no name for a folder; change it, or say --out DIR", place="name")
    return name


def _intention(experiment: Experiment, staff: Staff) -> str:
    world = experiment.scenario
    counts = [tables.counted(len(experiment.arms), "arm"), tables.counted(experiment.replications, "replication")]
    if len(experiment.design) > 1:
        counts.insert(1, tables.counted(len(experiment.design), "point"))
    at_most = "up to " if staff.trial and staff.workers > 1 else ""
    each = f" of {staff.threads} threads" if staff.threads > 1 else ""
    return (
        f"{experiment.name}: {' x '.join(counts)} = {tables.counted(len(experiment), 'run')} of "
        f"{tables.counted(world.population.customers, 'customer')} over {tables.counted(world.periods, 'period')}, "
        f"{at_most}{tables.counted(staff.workers, 'process', 'processes')}{each}"
    )


class _Watch:
    """What is shown while runs are done: a bar on a terminal, nothing elsewhere.

    done : runs done now; those stored before do not count
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._stored: int | None = None
        self.done = self.total = self.failed = 0
        columns = (TextColumn("{task.description}"), BarColumn(40), MofNCompleteColumn(), _Left())
        console = output.standard_error()
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("runs", total=len(experiment), left=float("nan"))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def tell(self, done: int, total: int, failed: int, seconds_left: float) -> None:
        """Take a report of the runner."""
        if self._stored is None:
            self._stored = done
            if done < total and not _is_compiled(self._experiment):
                with contextlib.suppress(OSError):
                    self._bar.console.print(COMPILING)
        self.done, self.total, self.failed = done - self._stored, total, failed
        words = f"runs, {failed:,} failed" if failed else "runs"
        self._bar.update(self._task, completed=done, total=total, left=seconds_left, description=words)

    def outcome(self, seconds: float) -> str:
        """Say what was done and what was there already."""
        if not self.done:
            return f"all {tables.counted(self.total, 'run')} are stored already; nothing to do"
        before = f", {self._stored:,} were stored already" if self._stored else ""
        return f"{tables.counted(self.done, 'run')} done in {_duration(seconds)}{before}"


class _Left(ProgressColumn):
    """The time left, as the runner estimates it."""

    def render(self, task: Task) -> Text:
        """Return the time left of a task, nothing while it is not known."""
        left = task.fields["left"]
        return Text("" if math.isnan(left) else f"{_duration(left)} left")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _is_compiled(experiment: Experiment) -> bool:
    """Return whether every kernel of the study has machine code on the disk."""
    worlds = [experiment.scenario_of(arm) for arm in experiment.arms]
    return all(
        loop.is_cached() for world in worlds for m in world.mechanisms() for loop in (*m.kernels(), *m.deliveries())
    )


def _is_newer(page: Path, manifest: Path) -> bool:
    """Return whether there is a report made after its runs."""
    return page.is_file() and page.stat().st_mtime_ns >= manifest.stat().st_mtime_ns


def _print(file: Path, out: Path, results: Results) -> None:
    best = summary.winner(results)
    table = summary.effects(results)
    shown = summary.kpis_shown(results)[: len(summary.HEADLINE)]
    output.show("", tables.effects(table[table["kpi"].isin(shown)], results.baseline, summary.CONFIDENCE), "")
    output.show(tables.explained(results.firms[0], results.baseline), "", best.statement, "")
    output.lines(f"results  {out}\nreport   {out / summary.REPORT}\nnext     patronage verify {out}")


def _document(out: Path, results: Results, seconds: float) -> dict[str, Any]:
    firms = results.firms
    return {
        "out": str(out),
        "runs": len(results.sheet),
        "failed": len(results.failed),
        "seconds": round(seconds, 3),
        "winner": summary.winner(results).arm,
        "table": [row for firm in firms for row in summary.records(summary.effects(results, firm))],
    }


def _failures(results: Results) -> int:
    failed = results.failed
    if failed.empty:
        return 0
    first = failed.iloc[0]
    output.note(
        f"{len(failed):,} of {tables.counted(len(results.sheet), 'run')} failed, the first (arm '{first['arm']}', "
        f"point {first['point']}, replication {first['replication']}) with {first['error']}: {first['message']}; "
        "the same command tries them again"
    )
    return 1
