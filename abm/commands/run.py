"""`patronage run`: do what is missing of a study, rank its arms, judge its criteria, draw and report."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from abm.commands import doing, matching, output, precise
from abm.core.errors import Refusal
from abm.study.comparison.judgement import judge
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.overrides import check_set_once, overrides
from abm.study.replications.precision import Precision
from abm.study.running.runner import run
from abm.study.storage.manifest import FILE as MANIFEST
from abm.study.storage.results import Results
from abm.view import criteria, dates, given, groups, hints, summary, tables


def main(
    file: Path,
    own: Sequence[Path],
    sets: Sequence[str],
    replications: int | None,
    seed: int | None,
    workers: int | None,
    threads: int | None,
    cluster: str | None,
    out: Path | None,
    precision: Sequence[str],
    max_runs: int | None,
    kpi: str | None,
    strict: bool,
    json: bool,
) -> int:
    """Run a study; return 1 if runs failed, or a precision or (strict) criterion is not met; refuse before writing."""
    wanted = precise.asked(precision, max_runs)
    try:
        experiment = _judged_by(overrides(load(file, own), sets, replications, seed), kpi, sets)
        experiment = precise.first_look(experiment, wanted, max_runs) if wanted else experiment
        if strict and not experiment.expect:
            raise Refusal("judges criteria, and the study has none; write them as [[expect]]", place="--strict")
        resources = doing.resources(experiment, len(experiment), workers, threads, cluster)
        out = doing.results_folder(out, file, experiment.name, needed=lambda: experiment)
        for line in (doing.intention(experiment, resources), *given.lines(experiment)):
            output.note(line)
        experiment, trials = matching.solved(experiment, out, workers, threads, cluster)
    except Refusal as refusal:
        raise doing.with_origin(refusal, file, replications=replications, seed=seed) from None
    with doing.Watch(experiment, cluster) as watch:
        watch.trials = trials
        options = _where(out, workers, threads, cluster) | {"progress": watch.update}
        options["command"] = _command(file, own, sets, precision, kpi, replications, seed, max_runs)
        found = precise.done(experiment, wanted, max_runs, options) if wanted else None
        results = found.results if found else run(experiment, **options)
    output.note(watch.outcome())
    judged = judge(results)
    _say(out, results, found, judged, experiment, watch.seconds if json else None)
    if watch.done or found or not _is_newer(out / summary.REPORT, out / MANIFEST):
        _report(out, results, found, experiment, own)
    if not json:
        output.lines(f"results  {out}\nreport   {out / summary.REPORT}\nnext     {doing.verification(out, own)}")
    return doing.failures(results) or int(bool(found and not found.reached) or (strict and criteria.unmet(judged)))


def _where(out: Path, workers: int | None, threads: int | None, cluster: str | None) -> dict[str, Any]:
    return {"store": out, "workers": workers, "threads": threads, "cluster": cluster}


def _say(
    out: Path,
    results: Results,
    found: Precision | None,
    judged: pd.DataFrame,
    experiment: Experiment,
    seconds: float | None,
) -> None:
    """Print what came out, as one JSON document if the seconds that it took are given."""
    if seconds is None:
        _print(results, found, judged, experiment)
    else:
        output.document(_document(out, results, found, judged, experiment, seconds))


def _judged_by(experiment: Experiment, kpi: str | None, sets: Sequence[str]) -> Experiment:
    """Return the experiment judged by a KPI, None = as it says.  Raises Refusal for one that is not measured."""
    if kpi is None:
        return experiment
    check_set_once(sets, "judge_by", f"--kpi {kpi}")
    with checks.at("", f"--kpi {kpi}"):
        checks.judged("", kpi, [one.name for one in experiment.kpis])
    return experiment.replace(judge_by=kpi)


def _command(
    file: Path,
    own: Sequence[Path],
    sets: Sequence[str],
    precision: Sequence[str],
    kpi: str | None,
    *numbers: int | None,
) -> str:
    """Return the command that asks for the same runs on any machine."""
    options = [*doing.named(own), *(part for one in sets for part in ("--set", one))]
    options += [part for one in precision for part in ("--precision", one)] + (["--kpi", kpi] if kpi else [])
    for name, value in zip(("--replications", "--seed", "--max-runs"), numbers, strict=True):
        options += [name, str(value)] if value is not None else []
    return shlex.join(["patronage", "run", file.name, *options])


def _report(out: Path, results: Results, found: Precision | None, study: Experiment, own: Sequence[Path]) -> None:
    """Write the report, and say so if more periods than the burn-in look like warm-up."""
    report = importlib.import_module("abm.view.report")  # slow to import, and mostly there already
    with doing.drawing(out, doing.command("report", out, own)):
        report.write(out, results, found.table if found else None, study.own)
    world = study.scenario
    for hint in hints.hints(results, world.periods, world.burn_in, world.periods_per_year):
        output.note(hint)


def _is_newer(page: Path, manifest: Path) -> bool:
    """Return whether there is a report, and one made after the runs that the manifest is of."""
    return page.is_file() and page.stat().st_mtime_ns >= manifest.stat().st_mtime_ns


def _print(results: Results, found: Precision | None, judged: pd.DataFrame, experiment: Experiment) -> None:
    results, known = summary.labelled(results, found.table if found else None)
    best, judged = summary.winner(results), judge(results) if len(judged) else judged
    table = summary.effects(results, known=known)
    output.show("", tables.effects(table, results.baseline, summary.CONFIDENCE), "")
    judged_by, measured = summary.judged_by(results), summary.measured(results, known)
    words = tables.explained(results.firms[0], results.baseline, judged_by, measured=measured)
    output.show(words, "", best.statement, *filter(None, ["", summary.about_points(results)]), "")
    late = dates.before_after(results)
    if len(late):
        output.show(dates.printed(results, late), "", dates.explained(results), "")
    if len(parts := groups.effects(results, table)):
        words = groups.left_out(results, parts) + groups.explained(results, experiment.groups)
        output.show(groups.printed(results, parts), "", words, "")
    if len(judged):
        output.show(criteria.table(judged), "", criteria.statement(judged), "")
    if found:
        output.show(found.statement, "")


def _document(
    out: Path,
    results: Results,
    found: Precision | None,
    judged: pd.DataFrame,
    experiment: Experiment,
    seconds: float,
) -> dict[str, Any]:
    known = found.table if found else None
    whole = {firm: summary.effects(results, firm, known) for firm in results.firms}
    return {
        "out": str(out),
        "runs": len(results.sheet),
        "failed": len(results.failed),
        **({"labels": experiment.labels} if experiment.labels else {}),
        "seconds": round(seconds, 3),
        "winner": summary.winner(results).arm,
        "table": [row for table in whole.values() for row in summary.records(table)],
        "groups": groups.records(groups.effects(results, whole[results.firms[0]])),
        "before_after": dates.before_after(results).to_dict("records"),
        "expect": criteria.records(judged),
        **({"matched": [arm.to_dict() for arm in experiment.matched]} if experiment.matched else {}),
        **precise.document(found),
    }
