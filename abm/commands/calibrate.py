"""`patronage calibrate`: the parameters with which a market shows what is known of it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from abm.commands import doing, output
from abm.commands.log_options import as_typed, check_dates, headings
from abm.core.errors import Refusal, counted, joined, shown
from abm.study.calibration.calibrate import carried_out
from abm.study.calibration.findings import Calibration
from abm.study.calibration.log_targets import log_targets
from abm.study.calibration.plan import Plan, planned
from abm.study.calibration.targets import Target, read_targets, write_targets
from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.overrides import overrides
from abm.study.provenance import inputs
from abm.study.provenance.files import write_whole
from abm.study.storage.spreadsheet import harmless
from abm.view import analyses, tables
from abm.world.files import kept_as
from abm.world.fitted import LogColumns

CALIBRATED = "calibrated.toml"  # in the results folder


def main(
    file: Path,
    targets: Path | None,
    log: str | None,
    log_columns: Sequence[str],
    dates: str | None,
    until: str | None,
    factors: Sequence[str],
    trials: int,
    forgiven: int,
    own: Sequence[Path],
    sets: Sequence[str],
    replications: int | None,
    seed: int | None,
    workers: int | None,
    threads: int | None,
    cluster: str | None,
    out: Path | None,
    json: bool,
) -> int:
    """Calibrate a study; return 1 if everything is ruled out or a trial gave no numbers, else 0.

    Raises Refusal before anything is written.
    """
    try:
        doing.check_factors(factors, sets)
        study = overrides(load(file, own), sets, replications, seed)
        aims = _aims(targets, log, log_columns, dates, until)
        if not factors and not study.design.factors:
            raise Refusal("there are no factors; give --factor PATH=[LOW,HIGH], or list them under [design.factors]")
        plan = planned(study, doing.factors(factors), aims, trials=trials, forgiven=forgiven)
        resources = doing.resources(plan.study, plan.runs * plan.trials, workers, threads, cluster)
        out = doing.results_folder(out, file, study.name, "_calibration")
    except Refusal as refusal:
        typed = {"replications": replications, "seed": seed, "factors": factors}
        raise refusal if _says_where(refusal, targets) else doing.with_origin(refusal, file, **typed) from None
    output.note(f"{_intention(plan)}, {resources}")
    with doing.Watch(plan.study, cluster) as watch:
        found = carried_out(plan, out, workers, threads, watch.update, cluster, command="patronage calibrate")
    output.note(watch.outcome())
    with doing.drawing(out):
        files = _write(out, study, found)
        analyses.keep(out, "calibration", "Calibration", [found.statement, *found.notes], files, study)
    if json:
        output.document(_document(out, found, files))
    else:
        _print(out, found, files, own)
    return _failures(found)


def _aims(
    targets: Path | None, log: str | None, columns: Sequence[str], dates: str | None, until: str | None
) -> list[Target]:
    """Return what the market is to show: the targets of a file, and those of a log.  Raises Refusal."""
    if targets is None and log is None:
        raise Refusal("there is nothing to calibrate to; give --targets FILE.csv, or --log LOG")
    if log is None and (given := columns or dates or until):
        raise Refusal(f"{shown(given)} says how a log is read, and there is none; give --log LOG")
    of_log = () if log is None else _of_log(log, columns, dates, until)
    return [*(read_targets(targets) if targets else ()), *of_log]


def _of_log(log: str, columns: Sequence[str], dates: str | None, until: str | None) -> tuple[Target, ...]:
    """Return the targets of a purchase log.  Raises Refusal.

    columns : as "customer=Kunde"       dates, until : as `log_targets` has them
    """
    named = headings(columns)
    check_dates(dates, "log_dates")
    try:
        LogColumns(**named)
        return log_targets(log, until=until, columns=named, dates=dates)
    except Refusal as refusal:
        if refusal.source:
            raise as_typed(refusal) from None
        place = "log_until" if refusal.place == "until" else joined("log", refusal.place)
        raise Refusal(refusal.message, place=place, source=refusal.source) from None


def _says_where(refusal: Refusal, targets: Path | None) -> bool:
    """Return whether a refusal is about the targets, and says so."""
    return targets is not None and refusal.place.startswith(f"{targets.name}: ")


def _intention(plan: Plan) -> str:
    held = sum(target.held_out for target in plan.targets)
    targets = counted(len(plan.targets) - held, "target") + (f" and {held} held out" if held else "")
    return (
        f"{plan.study.name}: {counted(len(plan.ranges), 'factor')} to {targets} in "
        f"{counted(plan.trials, 'trial')} x {counted(len(plan.study.arms), 'arm')} x "
        f"{counted(plan.study.replications, 'replication')} = "
        f"{counted(plan.trials * plan.runs, 'run')}"
    )


def _write(out: Path, study: Experiment, found: Calibration) -> list[Path]:
    """Write tables, figures and the calibrated study into the results folder; return the paths."""
    for name, table in (("trials", found.table), ("fit", found.fit), ("identified", found.identified)):
        write_whole(out / f"{name}.csv", harmless(table).to_csv(index=False).encode())
    write_targets(out / "targets.csv", found.targets)
    for name in study.inputs:  # so that the calibrated study finds beside it what it reads
        target = out / kept_as(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, inputs.content(name, study.folder))
    name, scenario = f"{study.name}_calibrated", study.scenario.replace(found.best)
    without = {"design": Design(), "expect": ()} if set(study.design.factors) & set(found.ranges) else {}
    calibrated = study.replace(name=name, scenario=scenario, **without)
    calibrated.save(out / CALIBRATED)
    view = importlib.import_module("abm.view.calibration")  # slow to import
    return view.write(out, view.draw(found))


def _print(out: Path, found: Calibration, files: Sequence[Path], own: Sequence[Path]) -> None:
    output.show("", _settings(found), "", _fit(found), "", found.statement, "")
    if found.notes:
        output.show(*(f"Note: {note}." for note in found.notes), "")
    output.lines("\n".join([f"results  {out}", *(f"figure   {file}" for file in files)]))
    if len(found.plausible):
        output.lines(f"next     {doing.command('run', out / CALIBRATED, own)}")


def _settings(found: Calibration) -> Table:
    table = tables.table(("factor", "best", "not ruled out", "searched", "verdict"), right=("best",), whole=("factor",))
    for row in found.identified.to_dict("records"):
        left = "nothing" if row["verdict"] == "ruled out" else f"{row['low']:.4g} to {row['high']:.4g}"
        searched = f"{row['lowest']:.4g} to {row['highest']:.4g}"
        table.add_row(row["factor"], f"{row['best']:.4g}", left, searched, row["verdict"])
    return table


def _fit(found: Calibration) -> Table:
    columns = ("target", "value", "tolerance", "ours", "95% interval", "z", "met")
    table = tables.table(columns, right=columns[1:6], whole=columns[1:])
    for row in found.fit.to_dict("records"):
        met = ("yes" if row["met"] else "no") + (", held out" if row["held_out"] else "")
        interval = f"[{row['low']:.4g}, {row['high']:.4g}]"
        numbers = [f"{row[name]:.4g}" for name in ("value", "tolerance", "ours")]
        table.add_row(row["target"], *numbers, interval, f"{row['z']:+.1f}", met)
    return table


def _document(out: Path, found: Calibration, files: Sequence[Path]) -> dict[str, Any]:
    return {
        "out": str(out),
        "best": found.best,
        "statement": found.statement,
        "notes": list(found.notes),
        "trials": len(found.trials),
        "plausible": len(found.plausible),
        "share": found.share,
        "factors": found.identified.to_dict("records"),
        "targets": found.fit.to_dict("records"),
        "calibrated": str(out / CALIBRATED),
        "figures": [str(file) for file in files],
    }


def _failures(found: Calibration) -> int:
    problems = [trial for trial in found.trials if trial.problem]
    if problems:
        output.note(
            f"{len(problems)} of {counted(len(found.trials), 'trial')} gave no numbers, the first (trial "
            f"{problems[0].number}): {problems[0].problem}"
        )
    return 1 if problems or found.plausible.empty else 0
