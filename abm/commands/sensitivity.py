"""`patronage sensitivity`: which uncertain factors move a KPI, and how much of it is luck."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from abm.commands import doing, matching, output
from abm.core.errors import Refusal
from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.overrides import overrides
from abm.study.provenance.files import write_whole
from abm.study.running.runner import run
from abm.study.sensitivity.analysis import Sensitivity, analysed, asked, planned
from abm.study.storage.spreadsheet import harmless
from abm.view import analyses, labels, tables


def main(
    file: Path,
    kpi: str,
    firm: str | None,
    method: str,
    samples: int | None,
    arm: str | None,
    against: str | None,
    factors: Sequence[str],
    confidence: float,
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
    """Analyse a study; return 1 if some runs failed, else 0.  Raises Refusal before anything is written."""
    try:
        doing.check_factors(factors, sets)
        study = load(file, own)
        study = overrides(
            study.replace(design=Design(), expect=(), groups={}) if factors else study, sets, replications, seed
        )
        varied = doing.factors(factors)
        asked(study, kpi, firm, method, samples, arm, against, varied, confidence)
        plan = partial(
            planned, kpi=kpi, firm=firm, method=method, samples=samples, arm=arm, against=against, factors=varied,
            confidence=confidence,
        )  # fmt: skip
        out = doing.results_folder(out, file, study.name, f"_{method}", lambda: study if study.matches else plan(study))
        study, trials = matching.solved(study, out, workers, threads, cluster)
        study = plan(study)
        resources = doing.resources(study, len(study), workers, threads, cluster)
    except Refusal as refusal:
        raise doing.with_origin(refusal, file, replications=replications, seed=seed, factors=factors) from None
    output.note(doing.intention(study, resources))
    with doing.Watch(study, cluster) as watch:
        watch.trials = trials
        results = run(study, out, workers, threads, watch.update, cluster, command="patronage sensitivity")
    output.note(watch.outcome())
    _report(out, analysed(results, kpi, firm, arm, against, confidence), study, json)
    return doing.failures(results)


def _report(out: Path, found: Sensitivity, study: Experiment, json: bool) -> None:
    """Put what was found into the results folder, and say it."""
    title = f"Sensitivity of {found.kpi} of {found.firm} ({found.method})"
    read = labels.of_sensitivity(found, study)
    said = [f"{read.title(arm)}: {read.finding(arm)}" for arm in read.arms]
    compared = f"_minus_{found.against}" if found.against else ""
    with doing.drawing(out):
        pictures = _write(out, found, study)
        analyses.keep(out, f"{found.method}_{found.kpi}{compared}", title, said, pictures, study)
    if json:
        output.document(_document(out, found, pictures))
    else:
        _print(out, read, pictures)


def _write(out: Path, found: Sensitivity, study: Experiment) -> list[Path]:
    """Put the table and a figure for each arm into the results folder; return the paths of the figures."""
    drawn = importlib.import_module("abm.view.sensitivity").draw(found, study.labels)  # slow to import
    files = {out / figure.file: figure.image for figure in drawn}
    compared = f"_minus_{found.against}" if found.against else ""
    table = {out / f"{found.method}_{found.kpi}{compared}.csv": harmless(found.table).to_csv(index=False).encode()}
    for path, data in (table | files).items():
        if not path.is_file() or path.read_bytes() != data:  # a folder that has it all may be read-only
            write_whole(path, data)
    return list(files)


def _print(out: Path, found: Sensitivity, pictures: Sequence[Path]) -> None:
    for arm in found.arms:
        output.show("", found.title(arm), "", tables.influence(found.of(arm), found.method), "", found.finding(arm))
    output.show("", _EXPLAINED[found.method].format(f"{found.confidence:.4g}"), "")
    output.lines("\n".join([f"results  {out}", *(f"figure   {picture}" for picture in pictures)]))
    output.lines(f"next     {doing.verification(out, ())}")


_EXPLAINED = {
    "sobol": "Shares of the variance over the factors' ranges: all that a factor has a hand in (total order), and what "
    "it does by itself, with {} confidence. Luck: the total order of a factor that changed only who is lucky.",
    "morris": "Effects of a factor's whole range: mean absolute (mu*, with {} confidence), mean (mu), and spread "
    "(sigma), which tells that it depends on other factors or is not straight. Luck: mu* of a factor that changed only "
    "who is lucky.",
    "tornado": "What changes if one factor is set so and the others stay as they are, with {} confidence.",
}


def _document(out: Path, found: Sensitivity, pictures: Sequence[Path]) -> dict[str, Any]:
    return {
        "out": str(out),
        "method": found.method,
        "kpi": found.kpi,
        "unit": found.unit,
        "firm": found.firm,
        "against": found.against or None,
        "confidence": found.confidence,
        "runs": found.runs,
        "failed": found.failed,
        "statement": found.statement,
        "outputs": found.outputs.to_dict("records"),
        "table": found.table.to_dict("records"),
        "figures": [str(picture) for picture in pictures],
    }
